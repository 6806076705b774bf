//! Answers of Thanos' own libraries (Prometheus' relabelling and durations, Go's times and regular expressions, yaml.v2), one JSON case a line.
//!
//! `THANOS_BUCKET_GOLDEN` names another file to be read instead.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use std::collections::BTreeMap;

use serde::Deserialize;
use thanos_bucket::duration;
use thanos_bucket::go::{pattern, time};
use thanos_bucket::select::Selector;

#[derive(Debug, Deserialize)]
struct Case {
    kind: String,
    #[serde(default)]
    config: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    block_id: String,
    #[serde(default)]
    input: String,
    #[serde(default)]
    text: String,
    expect: String,
}

fn answer(case: &Case) -> String {
    let error = || "error".to_owned();
    match case.kind.as_str() {
        "relabel" => Selector::parse(&case.config).map_or_else(
            |_| error(),
            |selector| {
                let labels = case.labels.clone().into_iter().collect();
                let kept = selector.keeps(&labels, case.block_id.parse().unwrap());
                if kept { "keep" } else { "drop" }.to_owned()
            },
        ),
        "duration" => duration::parse(&case.input)
            .map_or_else(|_| error(), |duration| duration.as_millis().to_string()),
        "time" => time::parse(&case.input)
            .map_or_else(|_| error(), |time| time.timestamp_millis().to_string()),
        "regex" => pattern::matches(&case.input, &case.text).map_or_else(
            |_| error(),
            |matches| if matches { "match" } else { "no" }.to_owned(),
        ),
        other => panic!("unknown kind {other}"),
    }
}

/// S-4.3, S-9.1: every answer is Thanos' own, or a refusal that the specification lists.
#[test]
fn every_answer_is_thanos_own() {
    let path = std::env::var("THANOS_BUCKET_GOLDEN").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/cases.jsonl").to_owned()
    });
    let cases = std::fs::read_to_string(&path).unwrap();
    let mut wrong = Vec::new();
    for line in cases.lines().filter(|line| !line.trim().is_empty()) {
        let case: Case = serde_json::from_str(line).unwrap();
        let answer = answer(&case);
        if answer != case.expect {
            wrong.push(format!("{answer} instead of {}: {line}", case.expect));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} answers differ in {path}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
