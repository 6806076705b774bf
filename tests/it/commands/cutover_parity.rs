//! Parity checks of `cutover-check` on servers that answer what real ones seldom do.

use std::fs;

use regex::Regex;
use serde_json::{Value, json};

use crate::support::answering::{Answer, Answering, Asked};
use crate::support::run::{Ran, binary};

const MIN_TIME: &str = "2025-01-06T00:00:00Z";
const MAX_TIME: &str = "2025-01-08T12:00:00Z";

/// What a server says to a question, in place of what all say.
type Own = fn(&Asked) -> Option<Answer>;

fn nothing_else(_: &Asked) -> Option<Answer> {
    None
}

fn success(data: Value) -> Answer {
    Answer::json(200, &json!({"status": "success", "data": data}))
}

fn refusal(status: u16, kind: &str) -> Answer {
    let document = json!({"status": "error", "errorType": kind, "error": "said no"});
    Answer::json(status, &document)
}

fn path(asked: &Asked) -> &str {
    let path = asked.path.split('?').next().unwrap();
    path.strip_prefix("/api/v1/").unwrap()
}

fn query(asked: &Asked) -> String {
    asked.member("query").unwrap_or_default()
}

fn vector(series: &[(Value, u64)]) -> Answer {
    let series: Vec<Value> = series
        .iter()
        .map(|(labels, value)| json!({"metric": labels, "value": [1, value.to_string()]}))
        .collect();
    success(json!({"resultType": "vector", "result": series}))
}

/// How a server of two metrics answers, each of which has one series and ten samples a day.
fn usual(asked: &Asked) -> Answer {
    match path(asked) {
        "query" => {
            let query = query(asked);
            if query == "1+1" {
                return success(json!({"resultType": "scalar", "result": [1, "2"]}));
            }
            if query.contains("vector(1)") {
                return vector(&[(json!({}), 2)]);
            }
            let place = Regex::new(r#""parity","([sn])(\d+)""#).unwrap();
            let figures: Vec<(Value, u64)> = place
                .captures_iter(&query)
                .map(|found| {
                    let many = if &found[1] == "s" { 10 } else { 1 };
                    (json!({"parity": format!("{}{}", &found[1], &found[2])}), many)
                })
                .collect();
            match figures.as_slice() {
                [] => vector(&[(json!({"job": "a"}), 10)]),
                figures => vector(figures),
            }
        }
        "query_range" => success(json!({"resultType": "matrix", "result": [
            {"metric": {"__name__": "up", "job": "a"}, "values": [[1_736_121_600, "1"]]},
        ]})),
        "label/__name__/values" => success(json!(["down", "up"])),
        "label/job/values" => success(json!(["a"])),
        "labels" => success(json!(["__name__", "job"])),
        "series" => success(json!([
            {"__name__": "up", "job": "a"},
            {"__name__": "down", "job": "a"},
        ])),
        "metadata" => success(json!({"up": [{"type": "gauge", "help": "Is it up?", "unit": ""}]})),
        "query_exemplars" => success(json!([{
            "seriesLabels": {"__name__": "up", "job": "a"},
            "exemplars": [{"labels": {"trace_id": "1"}, "value": "1", "timestamp": 1_736_121_601.5}],
        }])),
        "status/buildinfo" => success(json!({"version": "3.9.1"})),
        _ => refusal(404, "not_found"),
    }
}

/// Compares a server that says what is usual with one that has something of its own to say.
fn check(own: Own, arguments: &[&str]) -> (Ran, [Answering; 2]) {
    let source = Answering::start(usual);
    let target = Answering::start(move |asked| own(asked).unwrap_or_else(|| usual(asked)));
    let folder = tempfile::tempdir().unwrap();
    let queries = folder.path().join("queries.yaml");
    fs::write(&queries, "- expr: up\n").unwrap();
    let mut command = binary();
    command
        .args(["cutover-check", "--output=json"])
        .arg(format!("--query.source={}", source.url("")))
        .arg(format!("--query.target={}", target.url("")))
        .arg(format!("--queries={}", queries.display()))
        .args([format!("--min-time={MIN_TIME}"), format!("--max-time={MAX_TIME}")])
        .args(["--retry.max-retries=1", "--retry.initial-backoff=1ms"])
        .args(arguments);
    (Ran::of(command), [source, target])
}
