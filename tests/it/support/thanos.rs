//! Real Thanos, looking at a bucket.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::http;
use super::servers::{Server, free_port, program};

/// What `thanos tools bucket …` prints on stdout; it must succeed.
#[track_caller]
pub fn tools(config: &Path, arguments: &[&str]) -> String {
    let ran = run_tools(config, arguments);
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(
        ran.status.success(),
        "thanos tools bucket {arguments:?}: {said}"
    );
    String::from_utf8(ran.stdout).unwrap()
}

fn run_tools(config: &Path, arguments: &[&str]) -> Output {
    Command::new(program("thanos"))
        .args(["tools", "bucket"])
        .args(arguments)
        .arg(format!("--objstore.config-file={}", config.display()))
        .output()
        .unwrap()
}

/// What Thanos' own command of that name copies from one bucket to the other.
#[track_caller]
pub fn replicate(source: &Path, target: &Path, arguments: &[&str]) {
    let target = format!("--objstore-to.config-file={}", target.display());
    let address = format!("--http-address=127.0.0.1:{}", free_port());
    let own = ["replicate", "--single-run", &target, &address];
    tools(source, &[own.as_slice(), arguments].concat());
}

/// Whether Thanos can put a mark (against compaction) on a block.
pub fn can_mark(config: &Path, id: &str) -> bool {
    let id = format!("--id={id}");
    let arguments = ["mark", "--marker=no-compact-mark.json", "--details=a", &id];
    run_tools(config, &arguments).status.success()
}

/// The ids that Thanos lists in a bucket, sorted.
#[track_caller]
pub fn list(config: &Path) -> Vec<String> {
    let mut ids: Vec<_> = tools(config, &["ls"]).lines().map(str::to_owned).collect();
    ids.sort();
    ids
}

/// Removes what is marked, at once, as a compactor does after its delay.
#[track_caller]
pub fn cleanup(config: &Path) {
    tools(
        config,
        &["cleanup", "--delete-delay=0s", "--consistency-delay=0s"],
    );
}

/// A store gateway on each of several buckets, and one querier that asks them all.
pub struct Querier {
    /// The stores, and the querier last.
    servers: Vec<Server>,
    port: u16,
    _folder: TempDir,
}

impl Querier {
    /// Starts all of them, and waits until the querier knows every store.
    pub fn start(configs: &[&Path]) -> Self {
        Self::start_with(configs, "--endpoint", &[])
    }

    /// The same, with further arguments for the querier, which is told of stores by `endpoint`.
    pub fn start_with(configs: &[&Path], endpoint: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut servers = Vec::new();
        let mut endpoints = Vec::new();
        for (number, config) in configs.iter().enumerate() {
            let data = folder.path().join(format!("store-{number}"));
            let store = component(
                "store",
                &[
                    format!("--objstore.config-file={}", config.display()),
                    format!("--data-dir={}", data.display()),
                    // The default reserves two gigabytes.
                    "--chunk-pool-size=64MB".to_owned(),
                ],
                &data.with_extension("log"),
            );
            endpoints.push(format!("{endpoint}=127.0.0.1:{}", store.grpc_port));
            servers.push(store.server);
        }
        endpoints.extend(arguments.iter().map(|&argument| argument.to_owned()));
        let querier = component("query", &endpoints, &folder.path().join("query.log"));
        servers.push(querier.server);
        let this = Self {
            servers,
            port: querier.http_port,
            _folder: folder,
        };
        let began = Instant::now();
        while this.stores() < configs.len() {
            assert!(
                began.elapsed() < Duration::from_mins(1),
                "the querier does not find its stores"
            );
            thread::sleep(Duration::from_millis(50));
        }
        this
    }

    /// One of what a `thanos receive` holds, which nobody has written to yet, and the address of its remote write.
    pub fn of_receive() -> (Self, String) {
        let folder = tempfile::tempdir().unwrap();
        let write_port = free_port();
        let receive = component(
            "receive",
            &[
                format!("--tsdb.path={}", folder.path().join("data").display()),
                format!("--remote-write.address=127.0.0.1:{write_port}"),
                format!("--receive.capnproto-address=127.0.0.1:{}", free_port()),
                "--label=receive=\"a\"".to_owned(),
                "--tsdb.retention=0d".to_owned(),
            ],
            &folder.path().join("receive.log"),
        );
        let endpoint = format!("--endpoint=127.0.0.1:{}", receive.grpc_port);
        let querier = component("query", &[endpoint], &folder.path().join("query.log"));
        let this = Self {
            servers: vec![receive.server, querier.server],
            port: querier.http_port,
            _folder: folder,
        };
        let url = format!("http://127.0.0.1:{write_port}/api/v1/receive");
        (this, url)
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Stops the store of the first bucket, for good.
    pub fn lose_a_store(&mut self) {
        drop(self.servers.remove(0));
    }

    fn stores(&self) -> usize {
        self.ask("/api/v1/stores")["store"]
            .as_array()
            .map_or(0, Vec::len)
    }

    /// The result of a query of raw samples over a range of time in seconds since the epoch, its series in order.
    pub fn query_range(&self, query: &str, start: i64, end: i64) -> Vec<Value> {
        self.query_resolution(query, start, end, "0s")
    }

    /// The same, of samples that are downsampled to a resolution such as `5m`.
    pub fn query_resolution(
        &self,
        query: &str,
        start: i64,
        end: i64,
        resolution: &str,
    ) -> Vec<Value> {
        let query = http::query_escape(query);
        let step = if resolution == "0s" { 60 } else { 600 };
        let path = format!(
            "/api/v1/query_range?query={query}&start={start}&end={end}&step={step}&max_source_resolution={resolution}&partial_response=false"
        );
        let mut series = self.ask(&path)["result"].as_array().cloned().unwrap();
        series.sort_by_key(|series| series["metric"].to_string());
        series
    }

    fn ask(&self, path: &str) -> Value {
        let (status, body) = http::get(self.port, path).unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str::<Value>(&body).unwrap()["data"].take()
    }
}

struct Component {
    server: Server,
    http_port: u16,
    grpc_port: u16,
}

/// Starts a component on free loopback ports and waits until it is ready.
fn component(name: &str, arguments: &[String], log: &Path) -> Component {
    // Somebody else may take a port between its choice and its use.
    for _ in 0..5 {
        let (http_port, grpc_port) = (free_port(), free_port());
        let mut command = Command::new(program("thanos"));
        command
            .arg(name)
            .arg(format!("--http-address=127.0.0.1:{http_port}"))
            .arg(format!("--grpc-address=127.0.0.1:{grpc_port}"))
            .args(arguments);
        let mut server = Server::start(&command, log);
        if server.wait_until(|| matches!(http::get(http_port, "/-/ready"), Some((200, _)))) {
            return Component {
                server,
                http_port,
                grpc_port,
            };
        }
    }
    panic!(
        "thanos {name} does not start: {}",
        std::fs::read_to_string(log).unwrap()
    );
}

/// A compactor at work on a bucket, without the patience that production wants.
pub struct Compactor {
    _server: Server,
    folder: TempDir,
}

impl Compactor {
    /// Starts it; blocks that it marks, or finds marked, are deleted some seconds later.
    pub fn start(config: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..5 {
            let port = free_port();
            let mut command = Command::new(program("thanos"));
            command
                .args(["compact", "--wait", "--wait-interval=1s"])
                .args(["--consistency-delay=0s", "--delete-delay=6s"])
                .args(["--compact.cleanup-interval=1s", "--log.level=debug"])
                .arg(format!("--http-address=127.0.0.1:{port}"))
                .arg(format!(
                    "--data-dir={}",
                    folder.path().join("data").display()
                ))
                .arg(format!("--objstore.config-file={}", config.display()));
            let mut server = Server::start(&command, &folder.path().join("log"));
            if server.wait_until(|| matches!(http::get(port, "/-/ready"), Some((200, _)))) {
                return Self {
                    _server: server,
                    folder,
                };
            }
        }
        panic!("thanos compact does not start");
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

/// Blocks of so many hours each, as Thanos uploads them: made by promtool, one sample a minute of each of three series.
pub fn sidecar_blocks(folder: &Path, cluster: &str, start: i64, (blocks, hours): (i64, i64)) {
    let work = tempfile::tempdir().unwrap();
    let metrics = work.path().join("metrics");
    let mut text = String::from("# TYPE made_up gauge\n");
    for series in 0..3 {
        for minute in 0..blocks * hours * 60 {
            let (value, second) = ((minute * 7 + series) % 101, start + minute * 60);
            // Writing to a string never fails.
            let _ = writeln!(text, "made_up{{series=\"{series}\"}} {value} {second}");
        }
    }
    std::fs::write(&metrics, text + "# EOF\n").unwrap();
    let made = work.path().join("made");
    let ran = Command::new(program("promtool"))
        .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"])
        .arg(format!("--max-block-duration={hours}h"))
        .args([&metrics, &made])
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    for block in std::fs::read_dir(made).unwrap() {
        let block = block.unwrap();
        let path = block.path().join("meta.json");
        let mut meta: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        meta["thanos"] = serde_json::json!({
            "labels": {"cluster": cluster},
            "downsample": {"resolution": 0},
            "source": "sidecar",
        });
        std::fs::write(&path, serde_json::to_vec(&meta).unwrap()).unwrap();
        let _ = std::fs::remove_file(block.path().join("tombstones"));
        super::folders::copy_tree(&block.path(), &folder.join(block.file_name()));
    }
}
