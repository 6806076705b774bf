//! Values that a person spells: what is accepted is accepted again as it is printed.

use std::ffi::OsString;

use chrono::{DateTime, Utc};
use thanos_bucket::bucket::Environment;
use thanos_bucket::go::time;
use thanos_bucket::select::Cutoff;
use thanos_bucket::{cli, duration};

use super::corpus::{golden, texts};
use super::promise::{Promise, READ, assert_plain, text_of};

pub const PROMISES: [Promise; 2] = [
    Promise {
        name: "time",
        seeds: times,
        tokens: TIME,
        slowest: READ,
        check: time_or_duration,
    },
    Promise {
        name: "flag",
        seeds: || texts(&FLAGS),
        tokens: TIME,
        slowest: READ,
        check: flag,
    },
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

fn now() -> DateTime<Utc> {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

fn times() -> Vec<Vec<u8>> {
    let more = [
        "30d",
        "1h30m",
        "2025-06-01",
        "2025-06-01T02:00:00.5+02:00",
        "-30d",
        "0",
    ];
    [
        golden("duration", "input"),
        golden("time", "input"),
        texts(&more),
    ]
    .concat()
}

fn time_or_duration(input: &[u8]) {
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
            if !printed.starts_with(['-', '+']) {
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
}

/// Flags of all kinds of values: ages, durations, numbers, ids, words, documents.
const FLAGS: [&str; 16] = [
    "id=01J9ZK3M7Q8T5V6W7X8Y9Z0A1B",
    "older-than=2025-06-01T02:00:00+02:00",
    "older-than=1h30m",
    "resolution=5m",
    "compaction-max=4",
    "max-failures=1000",
    "max-duration=2days 6h",
    "max-bytes=1.5 GiB",
    "publish-order=none",
    "retry.initial-backoff=500ms",
    "retry.max-backoff=1m 30s",
    "shutdown-grace=30s",
    "shard=0/3",
    "log.level=debug",
    "tracing.config={type: OTLP, config: {client_type: grpc}}",
    "selector.relabel-config=[{action: keep, source_labels: [a], regex: b}]",
];

fn parse_with(flag: &str) -> thanos_bucket::Result<cli::Invocation> {
    let flag = format!("--{flag}");
    let arguments = [
        "thanos-bucket",
        "migrate",
        "--objstore.config={type: FILESYSTEM, config: {directory: /hot}}",
        "--objstore-to.config={type: FILESYSTEM, config: {directory: /cold}}",
        "--older-than=30d",
        &flag,
    ];
    let given_twice = flag.starts_with("--older-than");
    let arguments = arguments
        .iter()
        .filter(|argument| !given_twice || **argument != "--older-than=30d")
        .map(OsString::from);
    cli::parse(arguments, &Environment::default(), now())
}

fn flag(input: &[u8]) {
    if let Err(err) = parse_with(&text_of(input)) {
        assert_plain(&err);
    }
}

#[test]
fn real_flags_are_accepted() {
    for flag in FLAGS {
        parse_with(flag).unwrap();
    }
}
