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
                .arg(format!(
                    "--enable-feature=otlp-deltatocumulative,native-histograms{features}"
                ))
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
        let answer = self.post("/api/v1/otlp/v1/metrics", body, content_type);
        match answer {
            (200, _) => Ok(()),
            (status, body) => Err(format!("{status}: {body}")),
        }
    }

    fn post(&self, path: &str, body: Vec<u8>, content_type: &str) -> (u16, String) {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let request = reqwest::blocking::Client::new().post(url);
        let request = request.header("content-type", content_type.to_owned());
        let answer = request.body(body).send().unwrap();
        (answer.status().as_u16(), answer.text().unwrap())
    }

    /// All that it holds, by series and time.
    pub fn stored(&self) -> BTreeMap<Labels, BTreeMap<i64, Sample>> {
        let (status, body) = self.post("/api/v1/admin/tsdb/snapshot", Vec::new(), "text/plain");
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

/// All series of a block, by the format of its index, version 2.
fn of_block(folder: &Path) -> Vec<(Labels, Vec<Sample>)> {
    let index = std::fs::read(folder.join("index")).unwrap();
    let contents = index.len() - 52;
    let place = |number: usize| {
        let at = contents + 8 * number;
        usize::try_from(u64::from_be_bytes(index[at..at + 8].try_into().unwrap())).unwrap()
    };
    let (symbols_at, series_at, series_end) = (place(0), place(1), place(4));
    let mut rest = &index[symbols_at + 4..];
    let count = u32::from_be_bytes(rest[..4].try_into().unwrap());
    rest = &rest[4..];
    let symbols: Vec<&str> = (0..count)
        .map(|_| {
            let length = usize::try_from(unsigned(&mut rest)).unwrap();
            let (text, after) = rest.split_at(length);
            rest = after;
            std::str::from_utf8(text).unwrap()
        })
        .collect();
    let symbol = |number: u64| symbols[usize::try_from(number).unwrap()].to_owned();
    let mut all = Vec::new();
    let mut at = series_at.next_multiple_of(16);
    while at < series_end {
        let mut rest = &index[at..];
        let length = usize::try_from(unsigned(&mut rest)).unwrap();
        if length == 0 {
            break;
        }
        let end = index.len() - rest.len() + length + 4;
        let labels = (0..unsigned(&mut rest))
            .map(|_| (symbol(unsigned(&mut rest)), symbol(unsigned(&mut rest))))
            .collect();
        let mut samples = Vec::new();
        let mut reference = 0;
        for number in 0..unsigned(&mut rest) {
            let _first = unsigned(&mut rest);
            let _last = unsigned(&mut rest);
            reference = if number == 0 {
                unsigned(&mut rest).cast_signed()
            } else {
                reference + signed(&mut rest)
            };
            samples.extend(of_chunk(folder, reference.cast_unsigned()));
        }
        all.push((labels, samples));
        at = end.next_multiple_of(16);
    }
    all
}

fn of_chunk(folder: &Path, reference: u64) -> Vec<Sample> {
    let segment = folder.join(format!("chunks/{:06}", (reference >> 32) + 1));
    let segment = std::fs::read(segment).unwrap();
    let at = usize::try_from(reference & 0xffff_ffff).unwrap();
    let mut rest = &segment[at..];
    let length = usize::try_from(unsigned(&mut rest)).unwrap();
    let samples = tsdb::decode::samples(rest[0], &rest[1..=length]);
    samples.map(Result::unwrap).collect()
}

fn unsigned(rest: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let (byte, after) = rest.split_first().unwrap();
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}

fn signed(rest: &mut &[u8]) -> i64 {
    let number = unsigned(rest);
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}
impl Endpoint {
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}
