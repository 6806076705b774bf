//! What a hostile hand would write: each input is a promise of its own.

use std::fs;
use std::time::Duration;

use thanos_bucket::block::{BlockId, BlockMeta, DeletionMark};
use thanos_bucket::bucket::{BucketConfig, Environment};
use thanos_bucket::go::{pattern, time};
use thanos_bucket::select::Selector;
use thanos_bucket::telemetry::TracingConfig;
use thanos_bucket::{duration, yaml};

use super::promise::{assert_plain, processor_time};

/// What the whole process, which runs several tests at once, may take.
const MOST_BYTES: usize = 1 << 30;

const ID: &str = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";

fn id() -> BlockId {
    ID.parse().unwrap()
}

/// The most memory that this process had at once, as Linux counts it, with all that runs beside this test.
fn assert_memory_is_bounded() {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let mut lines = status.lines();
    let line = lines.find(|line| line.starts_with("VmHWM:")).unwrap();
    let kib = line.split_whitespace().nth(1).unwrap();
    let peak = kib.parse::<usize>().unwrap() << 10;
    assert!(peak < MOST_BYTES, "the process took {peak} bytes");
}

/// Every parser of text is given it; each says no in one short line, or takes it.
fn feed(text: &str) {
    let environment = Environment::default();
    let errors = [
        BucketConfig::parse(text, &environment).err(),
        Selector::parse(text).err(),
        TracingConfig::parse(text).err(),
        pattern::matches(text, "a").err(),
        duration::parse(text).err(),
        time::parse(text).err(),
        text.parse::<BlockId>().err(),
    ];
    for err in errors.into_iter().flatten() {
        assert_plain(&err);
    }
    feed_json(text.as_bytes());
}

fn feed_json(bytes: &[u8]) {
    if let Err(err) = BlockMeta::parse(id(), bytes) {
        assert_plain(&err);
    }
    if let Err(err) = DeletionMark::parse(id(), bytes) {
        assert_plain(&err);
    }
}

#[test]
fn aliases_cannot_make_a_little_text_stand_for_a_lot() {
    let laughs: Vec<String> = ('b'..='z')
        .zip('a'..)
        .map(|(name, base)| {
            let aliases = vec![format!("*{base}"); 9].join(", ");
            format!("{name}: &{name} [{aliases}]\n")
        })
        .collect();
    let laughs =
        "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned() + &laughs.concat();
    let long = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(1 << 20),
        "*a, ".repeat(90_000)
    );
    let nested = format!("{}{}", "&a [".repeat(60), "x".repeat(1 << 20)) + &"]".repeat(60);
    let merges = format!("a: &a {{b: c}}\nd:\n{}", "  <<: *a\n".repeat(90_000));
    for (bomb, why) in [
        (laughs, "more than 100000 values"),
        (long, "repeat more than"),
        (nested, "repeat more than"),
        (merges, "more than 100000 values"),
    ] {
        let err = yaml::parse(&bomb).err().unwrap();
        assert_plain(&err);
        assert!(err.to_string().contains(why), "{err}");
    }
    let itself = yaml::parse("&a [*a]").err().unwrap();
    assert_plain(&itself);
    assert_memory_is_bounded();
}

#[test]
fn nesting_ends_in_an_error_and_not_in_a_stack_overflow() {
    for (open, close) in [
        ("[", "]"),
        ("{a: ", "}"),
        ("{\"a\":", "}"),
        ("- ", ""),
        ("? ", ""),
        ("&a [", "]"),
        ("!!seq [", "]"),
        ("(", "){0,1}"),
        ("(?:", ")"),
        ("(?i:", "){1}"),
        ("[[:", ":]]"),
    ] {
        for depth in [1000, 1001, 100_000] {
            feed(&(open.repeat(depth) + "a" + &close.repeat(depth)));
            feed(&open.repeat(depth));
        }
    }
    let stairs: Vec<String> = (0..1400)
        .map(|depth| {
            format!(
                "{}a:
",
                " ".repeat(depth)
            )
        })
        .collect();
    feed(&stairs.concat());
}

#[test]
fn sixty_four_mib_of_a_letter_are_refused_at_once() {
    for letter in ["a", "1", "{", "[", " ", "\n", "\"", "&", "\u{1b}", "é"] {
        let text = letter.repeat((64 << 20) / letter.len());
        let environment = Environment::default();
        let taken = processor_time(|| {
            assert_plain(&BucketConfig::parse(&text, &environment).err().unwrap());
            assert_plain(&Selector::parse(&text).err().unwrap());
            assert_plain(&TracingConfig::parse(&text).err().unwrap());
            feed_json(text.as_bytes());
        });
        assert!(taken < Duration::from_secs(20), "{letter:?}: {taken:?}");
    }
}

/// Four times the input takes at most eight times as long: linear time would be four times, quadratic sixteen.
#[track_caller]
fn assert_no_quadratic_time(what: &str, input: impl Fn(usize) -> String, eat: impl Fn(&str)) {
    let time = |text: &str| processor_time(|| eat(text));
    let best = |size: usize| {
        let text = input(size);
        (0..3).map(|_| time(&text)).min().unwrap()
    };
    // Large enough to be seen, and small enough for a build without optimisation.
    let mut size = 1 << 12;
    while size < 1 << 15 && time(&input(size)) < Duration::from_millis(20) {
        size *= 2;
    }
    let four = time(&input(size * 4));
    // The clock ticks in milliseconds: what is over at once needs no comparison.
    if four < Duration::from_millis(100) {
        return;
    }
    let (one, four) = (best(size), four.min(best(size * 4)));
    assert!(
        four <= one * 8,
        "{what:?}: {size} takes {one:?}, four times as much {four:?}"
    );
}

#[test]
fn no_parser_takes_quadratic_time() {
    let repeated = |piece: &'static str| move |size: usize| piece.repeat(size / piece.len());
    for piece in [
        "[",
        "a, ",
        "{",
        "{a: ",
        "- ",
        "a: b\n",
        "a\n",
        "&a b\n",
        "\"",
        "'",
        "#\n",
        "? ",
        "\t",
        " ",
        "| \n",
        "%",
        "é, ",
        "- - - -\n",
        "!!str ",
        "*a ",
    ] {
        assert_no_quadratic_time(piece, repeated(piece), |text| drop(yaml::parse(text)));
        let flow = |size: usize| format!("[{}]", piece.repeat(size / piece.len()));
        assert_no_quadratic_time(piece, flow, |text| drop(yaml::parse(text)));
    }
    let merges = |size: usize| {
        let keys = |prefix: &str| {
            let keys = (0..size / 32).map(|key| format!("  {prefix}{key}: x\n"));
            keys.collect::<Vec<_>>().concat()
        };
        format!("a: &a\n{}b:\n  <<: *a\n{}", keys("a"), keys("b"))
    };
    assert_no_quadratic_time("merges", merges, |text| drop(yaml::parse(text)));
    for piece in ["$(", "$(a", "$(é)"] {
        let nobody = |_: &str| None;
        assert_no_quadratic_time(piece, repeated(piece), |text| {
            drop(yaml::expand(text, &nobody));
        });
    }
    for piece in [
        "{", "{1", "[[:", "[[:]", "(", "(a){1}", "\\Q", "(?i)", "\\x{", "{,", "a|", "[^a]",
    ] {
        assert_no_quadratic_time(piece, repeated(piece), |text| {
            drop(pattern::matches(text, "a"));
        });
    }
    for piece in ["1", "1h", "1.", "0"] {
        assert_no_quadratic_time(piece, repeated(piece), |text| {
            drop(duration::parse(text));
            drop(time::parse(text));
        });
    }
    for piece in ["[", "{\"a\":", "\"a\",", "{},", "\\u0000", "null,", "1,"] {
        assert_no_quadratic_time(piece, repeated(piece), |text| {
            feed_json(text.as_bytes());
            feed_json(
                format!(r#"{{"version":1,"ulid":"{ID}","thanos":{{"files":[{text}{{}}]}}}}"#)
                    .as_bytes(),
            );
        });
    }
}

#[test]
fn numbers_beyond_all_bounds_are_errors() {
    for number in [
        "1e400",
        "-1e400",
        "99999999999999999999",
        "-9223372036854775809",
        "1e-400",
        "0.5",
        "1e1",
        "\"1\"",
        "[]",
    ] {
        for member in [
            format!(r#""minTime":{number}"#),
            format!(r#""stats":{{"numSeries":{number}}}"#),
            format!(r#""compaction":{{"level":{number}}}"#),
            format!(r#""thanos":{{"files":[{{"rel_path":"index","size_bytes":{number}}}]}}"#),
            format!(r#""thanos":{{"downsample":{{"resolution":{number}}}}}"#),
        ] {
            let json = format!(r#"{{"ulid":"{ID}","version":1,{member}}}"#);
            assert_plain(&BlockMeta::parse(id(), json.as_bytes()).unwrap_err());
        }
        let mark = format!(r#"{{"id":"{ID}","version":1,"deletion_time":{number}}}"#);
        assert_plain(&DeletionMark::parse(id(), mark.as_bytes()).unwrap_err());
        let s3 = format!("{{type: S3, config: {{bucket: hot, endpoint: h, part_size: {number}}}}}");
        assert_plain(
            &BucketConfig::parse(&s3, &Environment::default())
                .err()
                .unwrap(),
        );
    }
    for extreme in [i64::MIN, i64::MAX] {
        let json =
            format!(r#"{{"ulid":"{ID}","version":1,"minTime":{extreme},"maxTime":{extreme}}}"#);
        assert_eq!(
            BlockMeta::parse(id(), json.as_bytes()).unwrap().min_time_ms,
            extreme
        );
    }
}

#[test]
fn control_characters_marks_of_order_and_broken_text_are_told_in_one_plain_line() {
    for strange in [
        "\0",
        "\n",
        "\r\n",
        "\u{1b}[2J",
        "\u{7f}",
        "\u{9b}31m",
        "\u{202e}",
        "\u{feff}",
        "\u{2028}",
        "\u{fffd}",
    ] {
        for text in [
            strange.to_owned(),
            format!("type: {strange}"),
            format!("type: \"{strange}\""),
            format!("? |\n  {strange}\n: x"),
            format!(
                "{{type: S3, config: {{put_user_metadata: {{\"X-{}\": a}}}}}}",
                strange.escape_default()
            ),
            format!("- action: \"a{strange}b\""),
            format!("- regex: \"({strange}\""),
            format!("30d{strange}"),
        ] {
            feed(&text);
        }
        let strange = serde_json::to_string(strange).unwrap();
        for json in [
            format!(r#"{{"version":1,"ulid":{strange}}}"#),
            format!(r#"{{"version":1,"id":{strange}}}"#),
            format!(r#"{{"version":1,"ulid":"{ID}","thanos":{{"labels":{{{strange}:1}}}}}}"#),
            format!(
                r#"{{"version":1,"ulid":"{ID}","thanos":{{"files":[{{"rel_path":{strange}}}]}}}}"#
            ),
        ] {
            feed_json(json.as_bytes());
        }
    }
    feed_json(b"\xef\xbb\xbf{}");
    feed_json(b"\xff\xfe{\0}\0");
    feed_json(
        format!("{{\"version\":1,\"ulid\":\"{ID}\",\"thanos\":{{\"labels\":{{\"\u{1b}").as_bytes(),
    );
}

#[test]
fn million_entries_are_read_in_bounded_memory() {
    let sources: Vec<String> = (0..1_000_000_u32)
        .map(|number| format!("\"01J9ZK3M7Q8T5V6W7X{number:08}\""))
        .collect();
    let json = format!(
        r#"{{"version":1,"ulid":"{ID}","compaction":{{"sources":[{}]}}}}"#,
        sources.join(",")
    );
    let meta = BlockMeta::parse(id(), json.as_bytes()).unwrap();
    assert_eq!(meta.sources.len(), 1_000_000);
    assert_memory_is_bounded();
}
