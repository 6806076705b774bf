//! A real Prometheus that takes OTLP, and what it has stored.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use thanos_bucket::samples::{Labels, Sample};
use thanos_bucket::tsdb;

use crate::support::http;
use crate::support::servers::{Server, free_port, program};

/// A running Prometheus, stopped when dropped.
pub struct Endpoint {
    // Fields are dropped in this order: the server before its folder.
    _server: Server,
    port: u16,
    folder: TempDir,
}

impl Endpoint {
    /// Starts it with a section `otlp`, in YAML, and more features than deltas that become sums.
    pub fn start(otlp: &str, features: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (config, data) = (folder.path().join("config"), folder.path().join("data"));
        let told = format!(
            "global: {{metric_name_validation_scheme: utf8}}\notlp: {otlp}\nstorage: {{tsdb: {{out_of_order_time_window: 10y}}}}\n"
        );
        std::fs::write(&config, told).unwrap();
        // Somebody else may take a port between its choice and its use.
        for _ in 0..5 {
            let port = free_port();
            let mut command = Command::new(program("prometheus"));
            command
                .arg(format!("--config.file={}", config.display()))
                .arg(format!("--storage.tsdb.path={}", data.display()))
                .arg(format!("--web.listen-address=127.0.0.1:{port}"))
                .arg(format!("--enable-feature=otlp-deltatocumulative{features}"))
                .args(["--web.enable-otlp-receiver", "--web.enable-admin-api"])
                .args(["--storage.tsdb.retention.time=100y", "--log.level=warn"]);
            let mut server = Server::start(&command, &folder.path().join("log"));
            if server.wait_until(|| matches!(http::get(port, "/-/ready"), Some((200, _)))) {
                return Self {
                    _server: server,
                    port,
                    folder,
                };
            }
        }
        panic!(
            "Prometheus does not start: {}",
            std::fs::read_to_string(folder.path().join("log")).unwrap()
        );
    }

    /// Sends it a request; the answer's body where it refuses.
    pub fn send(&self, body: Vec<u8>, content_type: &str) -> Result<(), String> {
        self.send_as(body, content_type, false)
    }

    /// The same of a body that may be compressed with gzip.
    pub fn send_as(
        &self,
        body: Vec<u8>,
        content_type: &str,
        is_compressed: bool,
    ) -> Result<(), String> {
        let encoding = if is_compressed { "gzip" } else { "" };
        match self.post("/api/v1/otlp/v1/metrics", body, content_type, encoding) {
            (200, _) => Ok(()),
            (status, body) => Err(format!("{status}: {body}")),
        }
    }

    fn post(&self, path: &str, body: Vec<u8>, content_type: &str, encoding: &str) -> (u16, String) {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let request = reqwest::blocking::Client::new().post(url);
        let mut request = request.header("content-type", content_type.to_owned());
        if !encoding.is_empty() {
            request = request.header("content-encoding", encoding.to_owned());
        }
        let answer = request.body(body).send().unwrap_or_else(|err| {
            let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
            panic!("Prometheus does not answer: {err:?}: {log}")
        });
        (answer.status().as_u16(), answer.text().unwrap())
    }

    /// All that it holds, by series and time.
    pub fn stored(&self) -> BTreeMap<Labels, BTreeMap<i64, Sample>> {
        let (status, body) = self.post("/api/v1/admin/tsdb/snapshot", Vec::new(), "text/plain", "");
        assert_eq!(status, 200, "{body}");
        let told: serde_json::Value = serde_json::from_str(&body).unwrap();
        let name = told["data"]["name"].as_str().unwrap();
        let snapshot = self.folder.path().join("data/snapshots").join(name);
        let mut stored: BTreeMap<Labels, BTreeMap<i64, Sample>> = BTreeMap::new();
        for block in std::fs::read_dir(snapshot).unwrap() {
            for (labels, samples) in of_block(&block.unwrap().path()) {
                let held = stored.entry(labels).or_default();
                held.extend(samples.into_iter().map(|sample| (sample.time_ms, sample)));
            }
        }
        stored
    }
}

fn of_block(folder: &Path) -> Vec<(Labels, Vec<Sample>)> {
    let block = tsdb::read::Block::open(folder).unwrap();
    let series = block.series().map(|series| {
        let (labels, chunks) = series.unwrap();
        let samples = chunks.iter().flat_map(|chunk| {
            let samples = tsdb::decode::samples(chunk.encoding.number(), &chunk.data);
            samples.map(Result::unwrap).collect::<Vec<_>>()
        });
        (labels, samples.collect())
    });
    series.collect()
}
