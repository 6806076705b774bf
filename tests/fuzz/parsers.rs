//! Each parser of foreign bytes, with what holds for whatever it is given: it ends soon, does not panic, what it took it would take again,
//! and what it says against its input is one short line without a secret.

use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use thanos_bucket::block::{
    BlockId, BlockMeta, DeletionMark, Labels, Provenance, is_loose_block_id,
};
use thanos_bucket::bucket::{BucketConfig, Environment};
use thanos_bucket::select::{Cutoff, Selector, pattern_matches, time};
use thanos_bucket::telemetry::TracingConfig;
use thanos_bucket::yaml::{self, Unknown};
use thanos_bucket::{cli, duration};

use super::corpus::{examples, files, golden, texts};
use super::runner::Parser;

/// For what is only read.
const READ: Duration = Duration::from_secs(1);
/// For what goes to the regular expression engine, which may build an automaton of 64 MiB out of a few letters.
const COMPILED: Duration = Duration::from_secs(10);

const JSON: &[&str] = &[
    "null",
    "true",
    "{}",
    "[]",
    "\"\"",
    "\"id\":",
    "\"version\":1",
    "\"ulid\":",
    "\"files\":[",
    "\"rel_path\":\"../index\"",
    "\"sources\":[",
    "\"labels\":{",
    "\\u0000",
    "\\ud800",
    "\\u001b[2J",
    ",",
];
const YAML: &[&str] = &[
    "&a ",
    "*a",
    "<<: *a\n",
    "<<: [*a, *a]",
    "!!str ",
    "!!binary ",
    "? ",
    "- ",
    "|\n ",
    ">-\n ",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "# ",
    "~",
    "null",
    "{}",
    "[]",
    ": ",
    "type: S3\n",
    "config:\n",
    "secret_key: ",
    "session_token: ",
    "prefix: ",
    "$(HOME)",
    "$(NOBODY)",
    "regex: ",
    "source_labels: [",
    "action: keep\n",
    "headers: {",
    "timeout: 1h\n",
    "endpoint: ",
];
const PATTERN: &[&str] = &[
    "(?i)",
    "(?P<n>",
    "(?:",
    "\\pL",
    "\\p{Greek}",
    "\\P{^Lu}",
    "[[:alpha:]]",
    "[[:",
    ":]",
    "[^",
    "\\Q",
    "\\E",
    "\\x{10FFFF}",
    "\\x{",
    "{1000}",
    "{0,1}",
    "{2,}",
    "{",
    "}",
    "(",
    ")",
    "|",
    "*?",
    "\\b",
    "\\C",
    "\\uFFFF",
    "(?-s)",
    "(?U)",
    "\\p{",
    "(a|b)*",
];
const TIME: &[&str] = &[
    "y",
    "w",
    "d",
    "h",
    "m",
    "s",
    "ms",
    "us",
    "µs",
    "ns",
    "1",
    "0",
    "9",
    ".",
    "-",
    "+",
    "T",
    "Z",
    ":",
    "+24:60",
    "2025-06-01T00:00:00Z",
    "/",
    " ",
    "fortnight",
    "0000-01-01T00:00:00+24:00",
    "9999-12-31T23:59:59.999999999-24:00",
];

/// S-2.3: one short line, and nothing in it that drives a terminal.
#[track_caller]
pub fn assert_plain(message: &impl fmt::Display) {
    let message = format!("{message:#}");
    assert!(
        message.len() < 1024,
        "{} bytes: {message:.1200}",
        message.len()
    );
    assert!(!message.contains(char::is_control), "{message:?}");
}

fn text_of(input: &[u8]) -> String {
    String::from_utf8_lossy(input).into_owned()
}

/// The first block id in a file, so that a real `meta.json` is read as that block's.
fn block_of(input: &[u8]) -> BlockId {
    let letters = |window: &&[u8]| window.iter().all(u8::is_ascii_alphanumeric);
    input
        .windows(26)
        .filter(letters)
        .take(100)
        .find_map(|window| std::str::from_utf8(window).ok()?.parse().ok())
        .unwrap_or_else(|| "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B".parse().unwrap())
}

fn now() -> DateTime<Utc> {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

#[test]
fn meta_json() {
    let corpus = [files("meta"), examples("meta.json")].concat();
    for input in &corpus {
        BlockMeta::parse(block_of(input), input).unwrap();
    }
    let check = |input: &[u8]| match BlockMeta::parse(block_of(input), input) {
        Ok(meta) => {
            assert!(!meta.sources.is_empty() && meta.sources.is_sorted());
            assert!(meta.has_all_sources_of(&meta));
            for file in &meta.files {
                let mut segments = file.path.split('/');
                let inside = segments.all(|segment| !matches!(segment, "" | "." | ".."));
                assert!(inside && !file.path.contains(['\0', '\\']), "{file:?}");
            }
        }
        Err(err) => assert_plain(&err),
    };
    Parser {
        name: "meta",
        corpus,
        tokens: JSON,
        slowest: READ,
        check,
    }
    .run();
}

#[test]
fn marks() {
    let corpus = files("mark");
    for input in &corpus {
        DeletionMark::parse(block_of(input), input).unwrap();
    }
    let check = |input: &[u8]| {
        let block = block_of(input);
        match DeletionMark::parse(block, input) {
            Ok(mark) => {
                assert_eq!(DeletionMark::parse(block, &mark.encode()), Ok(mark.clone()));
                if let Some(ours) = mark.provenance() {
                    assert_eq!(Provenance::parse(&ours.to_string()), Some(ours));
                }
            }
            Err(err) => assert_plain(&err),
        }
    };
    Parser {
        name: "mark",
        corpus,
        tokens: JSON,
        slowest: READ,
        check,
    }
    .run();
}

#[test]
fn provenance() {
    let corpus = texts(&[
        "migrated to s3://cold/eu by thanos-bucket 0.1.0 run 01JGWNE9800000000000000001",
        "migrated to file:///a by thanos-bucket  by thanos-bucket 1 run 2, covered by 01J9ZK3M7Q8T5V6W7X8Y9Z0A1C",
        "source of compacted block",
    ]);
    let check = |input: &[u8]| {
        if let Some(ours) = Provenance::parse(&text_of(input)) {
            assert_eq!(Provenance::parse(&ours.to_string()), Some(ours));
        }
    };
    let tokens = &["migrated to ", " by thanos-bucket ", " run ", " ", ","];
    Parser {
        name: "provenance",
        corpus,
        tokens,
        slowest: READ,
        check,
    }
    .run();
}

/// Values under keys that hold secrets, of documents that can be read.
fn secrets(text: &str) -> Vec<String> {
    let mut secrets = Vec::new();
    let Ok(Some(document)) = yaml::parse(text) else {
        return secrets;
    };
    let top = document.fields("", Unknown::Ignore);
    let config = top.ok().and_then(|mut top| top.take("config"));
    let Some(Ok(config)) = config.map(|config| config.fields("config", Unknown::Ignore)) else {
        return secrets;
    };
    for key in ["secret_key", "session_token"] {
        secrets.extend(config.peek(key).and_then(|node| node.string().ok()));
    }
    let headers = config
        .peek("headers")
        .and_then(|node| node.string_map().ok());
    secrets.extend(
        headers
            .into_iter()
            .flat_map(std::collections::BTreeMap::into_values),
    );
    // What is short, or stands elsewhere too, may be in a message for another reason.
    secrets.retain(|secret| secret.len() > 12 && text.matches(secret.as_str()).count() == 1);
    secrets
}

/// S-2.6
#[track_caller]
fn assert_discreet(message: &impl fmt::Display, text: &str) {
    assert_plain(message);
    let message = format!("{message:#}");
    for secret in secrets(text) {
        assert!(!message.contains(&secret), "{message}");
    }
}

#[test]
fn bucket_configurations() {
    let corpus = [files("bucket"), examples("s3-"), examples("filesystem")].concat();
    let check = |input: &[u8]| {
        let text = text_of(input);
        let environment = [
            ("HOME", "/nowhere"),
            ("COLD_ACCESS_KEY", "a"),
            ("COLD_SECRET_KEY", "b"),
        ];
        let environment: Environment = environment
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        match BucketConfig::parse(&text, &environment) {
            Ok(config) => {
                let told = format!("{config:?} {}", config.location());
                for secret in secrets(&text) {
                    assert!(!told.contains(&secret), "{told}");
                }
            }
            Err(err) => assert_discreet(&err, &text),
        }
    };
    Parser {
        name: "bucket",
        corpus,
        tokens: YAML,
        slowest: READ,
        check,
    }
    .run();
}

#[test]
fn tracing_configurations() {
    let corpus = files("tracing");
    for input in &corpus {
        TracingConfig::parse(&text_of(input)).unwrap();
    }
    let check = |input: &[u8]| {
        let text = text_of(input);
        if let Err(err) = TracingConfig::parse(&text) {
            assert_discreet(&err, &text);
        }
    };
    Parser {
        name: "tracing",
        corpus,
        tokens: YAML,
        slowest: READ,
        check,
    }
    .run();
}

#[test]
fn selectors() {
    let corpus = [
        files("selector"),
        examples("selector-"),
        golden("relabel", "config"),
    ]
    .concat();
    let check = |input: &[u8]| match Selector::parse(&text_of(input)) {
        Ok(selector) => {
            let labels = [("cluster", "eu-1"), ("replica", "a\n\0\u{10ffff}")];
            let labels: Labels = labels
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            let id = block_of(b"");
            assert_eq!(selector.keeps(&labels, id), selector.keeps(&labels, id));
        }
        Err(err) => assert_plain(&err),
    };
    Parser {
        name: "selector",
        corpus,
        tokens: YAML,
        slowest: COMPILED,
        check,
    }
    .run();
}

#[test]
fn patterns() {
    let corpus = golden("regex", "input");
    let check = |input: &[u8]| {
        if let Err(err) = pattern_matches(&text_of(input), "eu-1\n\u{10ffff}") {
            assert_plain(&err);
        }
    };
    Parser {
        name: "pattern",
        corpus,
        tokens: PATTERN,
        slowest: COMPILED,
        check,
    }
    .run();
}

#[test]
fn durations_and_times() {
    let more = [
        "30d",
        "1h30m",
        "2025-06-01",
        "2025-06-01T02:00:00.5+02:00",
        "-30d",
        "0",
    ];
    let corpus = [
        golden("duration", "input"),
        golden("time", "input"),
        texts(&more),
    ]
    .concat();
    let check = |input: &[u8]| {
        let text = text_of(input);
        match duration::parse(&text) {
            Ok(read) => {
                let printed = format!("{}ms", read.as_millis());
                assert_eq!(duration::parse(&printed).unwrap(), read);
            }
            Err(err) => assert_plain(&err),
        }
        match time::parse(&text) {
            Ok(read) => {
                let printed = read.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
                // An offset may lead out of the years that have four digits, and none.
                if printed.len() <= "2025-06-01T00:00:00.000000000Z".len()
                    && !printed.starts_with('-')
                {
                    assert_eq!(time::parse(&printed).unwrap(), read, "{text}");
                }
            }
            Err(err) => assert_plain(&err),
        }
        match Cutoff::parse(&text, now()) {
            Ok(cutoff) => {
                let printed = cutoff.to_string();
                if !printed.starts_with(['-', '+']) {
                    assert_eq!(Cutoff::parse(&printed, now()).unwrap(), cutoff, "{text}");
                }
            }
            Err(err) => assert_plain(&err),
        }
    };
    Parser {
        name: "time",
        corpus,
        tokens: TIME,
        slowest: READ,
        check,
    }
    .run();
}

#[test]
fn block_ids() {
    let corpus = texts(&[
        "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B",
        "7ZZZZZZZZZZZZZZZZZZZZZZZZZ",
        "01j9zk3m7q8t5v6w7x8y9z0a1é",
    ]);
    let check = |input: &[u8]| {
        let text = text_of(input);
        match text.parse::<BlockId>() {
            Ok(id) => assert_eq!(id.to_string(), text),
            Err(err) => {
                assert_plain(&err);
                let _ = is_loose_block_id(&text);
            }
        }
    };
    Parser {
        name: "id",
        corpus,
        tokens: &["0", "7", "8", "Z", "I", "é"],
        slowest: READ,
        check,
    }
    .run();
}

/// Flags whose values are spelled by a person: numbers, durations, ids, words.
const FLAGS: [&str; 10] = [
    "id",
    "older-than",
    "resolution",
    "compaction-max",
    "retry.initial-backoff",
    "shutdown-grace",
    "shard",
    "log.level",
    "block-concurrency",
    "tracing.config",
];

#[test]
fn values_of_flags() {
    let corpus = texts(&[
        "30s",
        "1h 30m",
        "1000",
        "0/3",
        "5m",
        "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B",
        "debug",
        "type: OTLP",
        "",
    ]);
    let check = |input: &[u8]| {
        let text = text_of(input).replace('\0', "");
        let folders = ["--objstore.config=hot", "--objstore-to.config=cold"]
            .map(|flag| flag.replacen('=', "={type: FILESYSTEM, config: {directory: /", 1) + "}}");
        for flag in FLAGS {
            let given = format!("--{flag}={text}");
            let arguments = ["thanos-bucket", "migrate", &folders[0], &folders[1], &given];
            let parsed = cli::parse(
                arguments.map(OsString::from),
                &Environment::default(),
                now(),
            );
            if let Err(err) = parsed {
                assert_plain(&err);
            }
        }
    };
    Parser {
        name: "flag",
        corpus,
        tokens: TIME,
        slowest: READ,
        check,
    }
    .run();
}
