//! A real `VictoriaMetrics`, empty at first.

use std::process::Command;

use tempfile::TempDir;

use super::http;
use super::servers::{Server, free_port, program};

/// A running `VictoriaMetrics`, stopped when dropped.
pub struct Victoria {
    // Fields are dropped in this order: the server before its folder.
    _server: Server,
    port: u16,
    _folder: TempDir,
}

impl Victoria {
    /// Starts it, and waits until it answers.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Somebody else may take a port between its choice and its use.
        for _ in 0..5 {
            let port = free_port();
            let mut command = Command::new(program("victoria-metrics"));
            command
                .arg(format!(
                    "-storageDataPath={}",
                    folder.path().join("data").display()
                ))
                .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
                .args(["-retentionPeriod=100y", "-memory.allowedBytes=64MB"]);
            let mut server = Server::start(&command, &folder.path().join("log"));
            if server.wait_until(|| matches!(http::get(port, "/health"), Some((200, _)))) {
                return Self {
                    _server: server,
                    port,
                    _folder: folder,
                };
            }
        }
        panic!(
            "VictoriaMetrics does not start: {}",
            std::fs::read_to_string(folder.path().join("log")).unwrap()
        );
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it took is to be seen from now on.
    pub fn flush(&self) {
        let answer = http::get(self.port, "/internal/force_flush");
        assert!(matches!(answer, Some((200, _))), "{answer:?}");
    }
}
