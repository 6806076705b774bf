//! A query API that answers as a test says, also what no document says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::answering::{Answer, Answering, Asked};

type Script = BTreeMap<String, Vec<Answer>>;

/// A query API. What a test does not say is answered as Prometheus does that has no sample.
pub struct Querier {
    server: Answering,
    script: Arc<Mutex<Script>>,
}

impl Querier {
    /// Listens on a free loopback port from now on.
    pub fn start() -> Self {
        Self::guarded(|_| None)
    }

    /// The same behind a guard, which may answer in its place.
    pub fn guarded(guard: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let script = Arc::<Mutex<Script>>::default();
        let known = Arc::clone(&script);
        let server = Answering::start(move |asked| {
            guard(asked).unwrap_or_else(|| answered(asked, &mut known.lock().unwrap()))
        });
        Self { server, script }
    }

    pub fn url(&self) -> String {
        self.server.url("")
    }

    /// What it was asked so far.
    pub fn seen(&self) -> Vec<Asked> {
        self.server.seen()
    }

    /// What it was asked below that path.
    pub fn asked(&self, path: &str) -> Vec<Asked> {
        let seen = self.seen().into_iter();
        let path = format!("/api/v1/{path}");
        seen.filter(|asked| asked.path.split('?').next() == Some(&path))
            .collect()
    }

    /// Answers the query, or what a path is asked, with these: each once, and the last one ever after.
    pub fn says(self, what: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers: Vec<Answer> = answers.into_iter().collect();
        self.script.lock().unwrap().insert(what.to_owned(), answers);
        self
    }

    /// Answers the query with a matrix of these series.
    pub fn series(self, query: &str, series: &[Value]) -> Self {
        self.says(query, [matrix(series)])
    }
}

fn answered(asked: &Asked, script: &mut Script) -> Answer {
    let path = asked.path.split('?').next().unwrap_or_default();
    let path = path.split_once("/api/v1/").map_or("", |(_, path)| path);
    let query = asked.member("query").unwrap_or_default();
    let key = [query.as_str(), path]
        .into_iter()
        .find(|key| script.contains_key(*key));
    if let Some(answers) = key.and_then(|key| script.get_mut(key)) {
        return if answers.len() > 1 {
            answers.remove(0)
        } else {
            answers[0].clone()
        };
    }
    match path {
        "query" => success(&json!({"resultType": "scalar", "result": [1, "2"]})),
        "query_range" => matrix(&[]),
        "status/buildinfo" => success(&json!({"version": "9.9.9", "revision": "abc"})),
        "labels" | "series" | "query_exemplars" => success(&json!([])),
        "metadata" => success(&json!({})),
        path if path.starts_with("label/") => success(&json!([])),
        _ => text(404, "404 page not found\n"),
    }
}

/// A success with this data.
pub fn success(data: &Value) -> Answer {
    Answer::json(200, &json!({"status": "success", "data": data}))
}

/// A matrix of these series.
pub fn matrix(series: &[Value]) -> Answer {
    success(&json!({"resultType": "matrix", "result": series}))
}

/// An error as the API tells it.
pub fn error(status: u16, kind: &str, words: &str) -> Answer {
    Answer::json(
        status,
        &json!({"status": "error", "errorType": kind, "error": words}),
    )
}

/// What is no answer of the API.
pub fn text(status: u16, text: &str) -> Answer {
    Answer {
        status,
        headers: vec![("content-type", "text/plain".to_owned())],
        body: text.as_bytes().to_vec(),
    }
}

/// A series of numbers, a time in seconds and a value each.
pub fn numbers(labels: &Value, samples: &[(i64, &str)]) -> Value {
    let values: Vec<Value> = samples
        .iter()
        .map(|(time, value)| json!([time, value]))
        .collect();
    json!({"metric": labels, "values": values})
}

/// A series of one native histogram.
pub fn histogram(labels: &Value, time: i64, buckets: &[(i64, &str)]) -> Value {
    let buckets: Vec<Value> = buckets
        .iter()
        .map(|(lower, count)| json!([0, lower.to_string(), (lower + 1).to_string(), count]))
        .collect();
    let histogram = json!({"count": "3", "sum": "4.5", "buckets": buckets});
    json!({"metric": labels, "histograms": [[time, histogram]]})
}
