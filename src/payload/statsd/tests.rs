#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use std::time::Duration;

use super::{ObserverType, Options};
use crate::payload::testing::{finish, read_with};
use crate::payload::{self, Reader};

fn reader(options: Options) -> Reader {
    Reader::new(payload::Options::Statsd(options))
}

/// Reads payloads, each with its time; metadata is not shown.
fn read(payloads: &[(i64, &str)]) -> Result<Vec<String>, String> {
    let mut reader = reader(Options {
        buckets: vec![0.1, 1.0],
        ..Options::default()
    });
    let mut lines = Vec::new();
    for (time, text) in payloads {
        lines.extend(read_with(&mut reader, text.as_bytes(), Some(*time))?);
    }
    lines.extend(finish(reader));
    let is_metadata = |line: &String| line.ends_with(", : ");
    Ok(lines
        .into_iter()
        .filter(|line| !is_metadata(line))
        .collect())
}

/// S-24.33
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn lines_are_read_as_statsd_exporter_reads_them() {
    for (text, expected) in [
        ("", &[][..]),
        ("foo:2|c", &["foo 2@5"]),
        ("\u{feff}foo:2|c|@0\nfoo:2|c|@2", &["foo 3@5"]),
        (
            "foo:1|ms\nfoo:1|ms|@2",
            &[
                "left out: 1 rate-above-one, such as test: line 2: foo",
                r#"foo_bucket{le="0.1"} 1@5"#,
                r#"foo_bucket{le="1.0"} 1@5"#,
                r#"foo_bucket{le="+Inf"} 1@5"#,
                "foo_sum 0.001@5",
                "foo_count 1@5",
            ],
        ),
        ("foo:2|c\nfoo:3|c\r\n\n", &["foo 5@5"]),
        ("foo:3|g", &["foo 3@5"]),
        ("foo:3|g|@0.2", &["foo 3@5"]),
        ("foo:-10|g", &["foo -10@5"]),
        (
            "foo:3|g\nfoo:+4|g\nfoo:-10|g\nbar:1|g\nbar:0|g\nbar:-1.5|g",
            &["foo -3@5", "bar -1.5@5"],
        ),
        ("foo:NaN|g", &["foo NaN@5"]),
        (
            "foo:200|ms",
            &[
                r#"foo_bucket{le="0.1"} 0@5"#,
                r#"foo_bucket{le="1.0"} 1@5"#,
                r#"foo_bucket{le="+Inf"} 1@5"#,
                "foo_sum 0.2@5",
                "foo_count 1@5",
            ],
        ),
        (
            "foo:0.1|h\nfoo:200|d|@0.4",
            &[
                r#"foo_bucket{le="0.1"} 1@5"#,
                r#"foo_bucket{le="1.0"} 1@5"#,
                r#"foo_bucket{le="+Inf"} 3@5"#,
                "foo_sum 400.1@5",
                "foo_count 3@5",
            ],
        ),
        (
            "foo_timing:0.5:120:3000|ms|@0.5|#tag1:bar,tag2:baz",
            &[
                r#"foo_timing_bucket{le="0.1", tag1="bar", tag2="baz"} 2@5"#,
                r#"foo_timing_bucket{le="1.0", tag1="bar", tag2="baz"} 4@5"#,
                r#"foo_timing_bucket{le="+Inf", tag1="bar", tag2="baz"} 6@5"#,
                r#"foo_timing_sum{tag1="bar", tag2="baz"} 6.241@5"#,
                r#"foo_timing_count{tag1="bar", tag2="baz"} 6@5"#,
            ],
        ),
        (
            "uniques:765|s\nuniques:765|s\nuniques:a:b|s",
            &["uniques 2@5"],
        ),
        ("foo:1:2:3|c\nbar:1:+2|g", &["foo 6@5", "bar 3@5"]),
        ("foo:1|c:2|c|@0.5:3|c", &["foo 8@5"]),
        (
            "foo:100|c|@0.1|#tag1:bar,#tag2:baz",
            &[r#"foo{tag1="bar", tag2="baz"} 1000@5"#],
        ),
        (
            "foo:100|c|#tag2:baz,tag1:foo:bar\nfoo:1|c|#tag1:foo:bar,tag2:baz",
            &[r#"foo{tag1="foo:bar", tag2="baz"} 101@5"#],
        ),
        (
            "foo#tag1=bar,tag2=baz:100|c",
            &[r#"foo{tag1="bar", tag2="baz"} 100@5"#],
        ),
        (
            "foo,tag1=bar,tag2=baz:100|c",
            &[r#"foo{tag1="bar", tag2="baz"} 100@5"#],
        ),
        (
            "foo#09digits=0,tag.with.dots=1:100|c",
            &[r#"foo{_09digits="0", tag_with_dots="1"} 100@5"#],
        ),
        (
            "foo.[tag1=bar,tag2=baz]test:100|c",
            &[r#"foo_test{tag1="bar", tag2="baz"} 100@5"#],
        ),
        (
            "foo.test[tag1=bar]:100|c\n[tag1=baz]foo.test:1|c\nfoo.[]test:1|c",
            &[
                r#"foo_test{tag1="bar"} 100@5"#,
                r#"foo_test{tag1="baz"} 1@5"#,
                "foo_test 1@5",
            ],
        ),
        (
            "[tag1=bar,tag2=bazfoo.test:100|c",
            &["_tag1_bar_tag2_bazfoo_test 100@5"],
        ),
        (
            "foo:1|c|c:ci-83c0a99c",
            &[r#"foo{container_id="ci-83c0a99c"} 1@5"#],
        ),
        (
            "foo:1|c|#a:b|c:83c0|T80000\nfoo:2|c",
            &[r#"foo{a="b", container_id="83c0"} 1@80000000"#, "foo 2@5"],
        ),
        (
            "foo:1|c|#prod,a:b,,|e:it-false,cn-x|card:low",
            &[
                "left out: 1 origin, such as test: line 1: card:low",
                "left out: 1 tag-without-value, such as test: line 1: prod",
                r#"foo{a="b"} 1@5"#,
            ],
        ),
        (
            "foo:1|c|#a:1,a:2",
            &[
                "left out: 1 repeated-tag, such as test: line 1: a",
                r#"foo{a="2"} 1@5"#,
            ],
        ),
        (
            "_e{5,4}:title|text|t:info\n_sc|Redis connection|2|#env:dev|m:timed out\nfoo:1|c\n_sc|b|0",
            &[
                "left out: 1 event, such as test: line 1: _e",
                "left out: 2 service-check, such as test: line 2: _sc",
                "foo 1@5",
            ],
        ),
        (
            "foo:1|c\nfoo:-1|c",
            &[
                "left out: 1 negative-count, such as test: line 2: foo",
                "foo 1@5",
            ],
        ),
        (
            "foo:1|c\nfoo:2|g\nbar:1|ms\nbar_count:1|c\nbaz_sum:1|g\nbaz:1|h",
            &[
                "left out: 3 conflicting-type, such as test: line 2: foo",
                "foo 1@5",
                r#"bar_bucket{le="0.1"} 1@5"#,
                r#"bar_bucket{le="1.0"} 1@5"#,
                r#"bar_bucket{le="+Inf"} 1@5"#,
                "bar_sum 0.001@5",
                "bar_count 1@5",
                "baz_sum 1@5",
            ],
        ),
    ] {
        assert_eq!(read(&[(5, text)]).unwrap(), expected, "{text}");
    }
}

/// S-24.33
#[test]
fn what_is_counted_adds_up_from_payload_to_payload_and_each_makes_one_sample() {
    assert_eq!(
        read(&[
            (1000, "a:1|c\na:1|c\ng:5|g\ns:x|s\nt:50|ms"),
            (2000, "b:1|c"),
            (3000, "a:2|c\ng:-1|g\ns:x|s\ns:y|s\nt:500|ms"),
            (3000, "a:3|c\ns:y|s\ns:z|s"),
            (4000, "a:0|c"),
        ])
        .unwrap(),
        [
            "a 2@1000 7@3000 7@4000",
            "g 5@1000 4@3000",
            "s 1@1000 3@3000",
            r#"t_bucket{le="0.1"} 1@1000 1@3000"#,
            r#"t_bucket{le="1.0"} 1@1000 2@3000"#,
            r#"t_bucket{le="+Inf"} 1@1000 2@3000"#,
            "t_sum 0.05@1000 0.55@3000",
            "t_count 1@1000 2@3000",
            "b 1@2000",
        ]
    );
    // A counter that is told of an earlier time does not go back; a gauge says what it was.
    assert_eq!(
        read(&[(9000, "a:1|c|T8\na:1|c|T7\ng:1|g|T8\ng:2|g|T7\na:1|c")]).unwrap(),
        ["g 1@8000 2@7000", "a 2@8000 3@9000"]
    );
    assert_eq!(
        read(&[(2000, "a:1|c"), (1000, "a:1|c")]).unwrap_err(),
        "read test: received_at_ms 1000 is before 2000, at which an earlier entry was received: what is counted adds up in the order of entries"
    );
}

/// S-24.33
#[test]
fn timers_become_what_the_plan_says() {
    let mut of_summary = reader(Options {
        observer_type: ObserverType::Summary,
        ..Options::default()
    });
    let values: Vec<String> = (1..=100).map(|value| format!("a:{value}|h")).collect();
    let mut lines = read_with(&mut of_summary, values.join("\n").as_bytes(), Some(1)).unwrap();
    lines.extend(read_with(&mut of_summary, b"a:7|h", Some(2)).unwrap());
    lines.extend(finish(of_summary));
    assert_eq!(
        lines,
        [
            "a: summary, : ",
            r#"a{quantile="0.5"} 50@1 7@2"#,
            r#"a{quantile="0.9"} 90@1 7@2"#,
            r#"a{quantile="0.99"} 99@1 7@2"#,
            "a_sum 5050@1 5057@2",
            "a_count 100@1 101@2",
        ]
    );
    let mut usual = reader(Options::default());
    let told = read_with(&mut usual, b"a:1|d\nb:1|c\nc:1|g\nd:1|s", Some(1)).unwrap();
    assert_eq!(
        told,
        [
            "a: histogram, : ",
            "b: counter, : ",
            "c: gauge, : ",
            "d: gauge, : "
        ]
    );
    // 11 buckets of client libraries, that of infinity, sum and count; and the others.
    assert_eq!(finish(usual).len(), 14 + 3);
}

/// S-24.30, S-24.33
#[test]
fn what_statsd_exporter_cannot_read_is_refused_by_line_and_with_the_reason() {
    for (text, expected) in [
        ("foo", "line 1: it has no colon behind a name"),
        (":1|c", "line 1: it has no name"),
        ("foo:1", "line 1: a value has no type"),
        (
            "foo:1|",
            "line 1: type \"\" is none of c, g, ms, h, d and s",
        ),
        (
            "foo:1|q",
            "line 1: type \"q\" is none of c, g, ms, h, d and s",
        ),
        ("foo:|c", "line 1: a value is empty"),
        ("foo:1:|c", "line 1: a value is empty"),
        ("a:1|c\nfoo:x|c", "line 2: \"x\" is no number"),
        ("foo:NaN|c", "line 1: \"NaN\" is no number"),
        ("foo:Inf|ms", "line 1: \"Inf\" is no number"),
        ("foo:1|c|@-1", "line 1: rate \"-1\" is no number from 0 on"),
        ("foo:1|c|@x", "line 1: rate \"x\" is no number from 0 on"),
        (
            "foo:1|c|",
            "line 1: \"\" is no rate, tags, container or time",
        ),
        (
            "foo:1|c|x",
            "line 1: \"x\" is no rate, tags, container or time",
        ),
        (
            "foo:1|c|c:",
            "line 1: \"c:\" is no rate, tags, container or time",
        ),
        ("foo:1|c|Tx", "line 1: \"x\" is no time in seconds"),
        (
            "foo#a=b:1|c|#a:b",
            "line 1: it has tags in its name and behind its value",
        ),
        (
            "foo,a=b:1|c|@0.1|#a:b",
            "line 1: it has tags in its name and behind its value",
        ),
        (
            &format!("foo:1|c|#{}", "a:b,".repeat(101)),
            "line 1: it has more than 100 tags",
        ),
        ("foo:1|c:2", "line 1: a value has no type"),
    ] {
        let why = read(&[(1, text)]).unwrap_err();
        assert!(
            why.starts_with(&format!("read test: {expected}")),
            "{text}: {why}"
        );
    }
    let mut reader = reader(Options::default());
    for (body, expected) in [
        (
            &b"foo:1|c"[..],
            "line 1: it has no time, nor was received_at_ms told",
        ),
        (b"a:1|c|T1\nfoo:1|c|#a:\xff", "line 2: it is not UTF-8"),
        (
            b"foo:1|c|T1e300",
            "line 1: it has no time, nor was received_at_ms told",
        ),
    ] {
        let why = read_with(&mut reader, body, None).unwrap_err();
        assert_eq!(why, format!("read test: {expected}"));
    }
}

/// S-24.33
#[test]
fn a_time_that_lies_far_behind_the_receipt_is_none_and_swallows_nothing_that_follows() {
    let day = 24 * 60 * 60 * 1000;
    let now = 1_700_000_000_000;
    // Milliseconds, nanoseconds, and a clock that is more than a day ahead; one that is less is believed.
    for (time, expected) in [
        ("1700000001000", now + 1000),
        ("1700000001000000000", now + 1000),
        ("1700086402", now + 1000),
        ("1700086401", now + 1000 + day),
        ("1700000000.5", now + 500),
    ] {
        let told = format!("a:1|c|T{time}\nb:7|g|T{time}");
        let lines = read(&[
            (now, "a:1|c"),
            (now + 1000, &told),
            (now + 2 * day, "a:1|c"),
        ]);
        let expected = [
            format!(
                "{{__name__=\"a\"}} 1@{now} 2@{expected} 3@{}",
                now + 2 * day
            ),
            format!("{{__name__=\"b\"}} 7@{expected}"),
        ];
        let lines = lines.unwrap();
        let plain = |line: &String| {
            line.replace("{__name__=\"a\"}", "a")
                .replace("{__name__=\"b\"}", "b")
        };
        let lines: Vec<String> = lines.iter().map(plain).collect();
        let expected: Vec<String> = expected.iter().map(plain).collect();
        assert_eq!(lines, expected, "{time}");
    }
}

/// S-24.33
#[test]
fn tags_with_names_of_labels_that_are_made_are_passed_over() {
    for (text, expected) in [
        ("foo:1|c|#__name__:x,a:b", "foo{a=\"b\"} 1@1"),
        (
            "foo:1|g|#le:1,quantile:2",
            "foo{le=\"1\", quantile=\"2\"} 1@1",
        ),
        (
            "foo:1|ms|#le:1,quantile:2",
            "foo_sum{quantile=\"2\"} 0.001@1",
        ),
    ] {
        let lines = read(&[(1, text)]).unwrap();
        assert!(
            lines.iter().any(|line| line == expected),
            "{text}: {lines:?}"
        );
        let passed = lines.iter().filter(|line| line.contains("1 repeated-tag"));
        assert_eq!(passed.count(), usize::from(!text.contains("|g|")), "{text}");
    }
}

/// S-24.91
#[test]
fn sets_and_summaries_take_no_more_room_than_they_may() {
    let long = "x".repeat(1 << 20);
    let members = |from: u32, to: u32| -> String {
        let lines = (from..to).map(|number| format!("s:{long}{number}|s\n"));
        lines.collect()
    };
    let limit = "members of sets and values of summaries of one time take more than 67108864 bytes: divide the payload into entries";
    let mut one_time = reader(Options::default());
    assert!(read_with(&mut one_time, members(0, 60).as_bytes(), Some(1)).is_ok());
    // The same ones take no more, and those of another time begin anew.
    assert!(read_with(&mut one_time, members(0, 60).as_bytes(), Some(1)).is_ok());
    assert!(read_with(&mut one_time, members(60, 110).as_bytes(), Some(2)).is_ok());
    let why = read_with(&mut one_time, members(110, 130).as_bytes(), Some(2)).unwrap_err();
    assert!(
        why.starts_with(&format!("read test: line 14: {limit}")),
        "{why}"
    );
    let mut of_summary = reader(Options {
        observer_type: ObserverType::Summary,
        ..Options::default()
    });
    let values = format!("t:1{}|ms\n", ":1".repeat(99_999)).repeat(42);
    let why = read_with(&mut of_summary, values.as_bytes(), Some(1)).unwrap_err();
    assert!(
        why.starts_with(&format!("read test: line 42: {limit}")),
        "{why}"
    );
}

/// S-24.33
#[test]
fn packets_of_one_interval_make_one_sample_at_its_end() {
    let mut flushing = reader(Options {
        flush_interval: Duration::from_secs(10),
        ..Options::default()
    });
    let mut lines = Vec::new();
    for (received, text) in [
        (10_000, "s:a|s\nc:1|c"),
        (10_001, "s:b|s"),
        (19_999, "s:a|s\nc:2|c\nt:1|c|T12"),
        (20_000, "s:a|s"),
        (39_999, "c:4|c"),
    ] {
        lines.extend(read_with(&mut flushing, text.as_bytes(), Some(received)).unwrap());
    }
    lines.extend(finish(flushing));
    lines.retain(|line| !line.ends_with(", : "));
    assert_eq!(
        lines,
        ["s 2@20000 1@30000", "c 3@20000 7@40000", "t 1@12000"]
    );
}

/// S-24.91
#[test]
fn samples_of_many_series_are_given_before_all_are_taken() {
    let mut taken = reader(Options::default());
    let lines: Vec<String> = (0..20_000)
        .map(|number| format!("t{number}:1|ms"))
        .collect();
    let lines = lines.join("\n");
    read_with(&mut taken, lines.as_bytes(), Some(1)).unwrap();
    // What the second payload gives before its own lines is what the first one told.
    let given = read_with(&mut taken, b"", Some(2)).unwrap();
    assert!(given.len() > 100_000, "{}", given.len());
}
