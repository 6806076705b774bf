//! A real Prometheus that serves blocks or takes remote write, and scrapes nothing.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::folders::copy_tree;
use super::http;
use super::servers::{Server, free_port, program};

/// A running Prometheus, stopped when dropped.
pub struct Prometheus {
    // Fields are dropped in this order: the server before its folder.
    _server: Server,
    port: u16,
    _folder: TempDir,
}

impl Prometheus {
    /// Starts it on a copy of the blocks in a folder, and waits until it answers.
    pub fn start(blocks: &Path) -> Self {
        Self::start_with(Some(blocks), "", &[])
    }

    /// One without blocks that takes remote write, with exemplars and native histograms.
    pub fn receiver() -> Self {
        Self::start_with(
            None,
            "",
            &[
                "--web.enable-remote-write-receiver",
                "--enable-feature=exemplar-storage,native-histograms",
            ],
        )
    }

    /// The same with the text of a configuration and further arguments.
    pub fn start_with(blocks: Option<&Path>, config_text: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (config, data) = (folder.path().join("config"), folder.path().join("data"));
        std::fs::write(&config, config_text).unwrap();
        if let Some(blocks) = blocks {
            copy_tree(blocks, &data);
        }
        // Somebody else may take a port between its choice and its use.
        for _ in 0..5 {
            let port = free_port();
            let mut command = Command::new(program("prometheus"));
            command
                .arg(format!("--config.file={}", config.display()))
                .arg(format!("--storage.tsdb.path={}", data.display()))
                .arg(format!("--web.listen-address=127.0.0.1:{port}"))
                .args(["--storage.tsdb.retention.time=100y", "--log.level=warn"])
                .args(arguments);
            let mut server = Server::start(&command, &folder.path().join("log"));
            if server.wait_until(|| matches!(http::get(port, "/-/ready"), Some((200, _)))) {
                return Self {
                    _server: server,
                    port,
                    _folder: folder,
                };
            }
        }
        panic!(
            "Prometheus does not start: {}",
            std::fs::read_to_string(folder.path().join("log")).unwrap()
        );
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}
