//! A server that answers what a test says, byte by byte.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::super::Limits;
use crate::environment::Environment;
use crate::promql::Access;
use crate::retry::{Jitter, Policy};

/// A request's body, and its head.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

/// Answers each request with raw bytes, and closes its connection. It ends when it is dropped.
pub(super) struct Liar {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    _task: JoinSet<()>,
}

impl Liar {
    /// `answer` is told the number of the request, from 0, and what is asked.
    pub(super) async fn start(
        answer: impl Fn(usize, &Asked) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/api/v1/of", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let noted = Arc::clone(&asked);
        let mut task = JoinSet::new();
        task.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut read = Vec::new();
                let (mut head_end, mut length) = (None, 0);
                while head_end.is_none_or(|end| read.len() < end + length) {
                    if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                        break;
                    }
                    let found = read.windows(4).position(|four| four == b"\r\n\r\n");
                    if let Some(end) = found.filter(|_| head_end.is_none()) {
                        head_end = Some(end + 4);
                        let lines =
                            String::from_utf8_lossy(read.get(..end).unwrap()).to_lowercase();
                        let told = lines.split("content-length: ").nth(1);
                        let told = told.and_then(|told| told.lines().next()?.trim().parse().ok());
                        length = told.unwrap_or(0);
                    }
                }
                let Some(end) = head_end else { continue };
                let (head, body) = read.split_at(end);
                let one = Asked {
                    head: String::from_utf8_lossy(head).into_owned(),
                    body: body.to_vec(),
                };
                let number = {
                    let mut all = noted.lock().unwrap();
                    all.push(one.clone());
                    all.len() - 1
                };
                // A client that has heard enough may be gone.
                let _ = stream.write_all(&answer(number, &one)).await;
                let _ = stream.shutdown().await;
            }
        });
        Self {
            url,
            asked,
            _task: task,
        }
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(super) fn access(&self) -> Access {
        let environment = Environment::default();
        Access::parse(
            &self.url,
            Access::QUERIER,
            None,
            &environment,
            &mut Vec::new(),
        )
        .unwrap()
    }
}

/// A whole answer with a length.
pub(super) fn answer(status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// An answer in pieces whose end is missing.
pub(super) fn without_end(kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n"
    );
    [head.as_bytes(), body, b"\r\n"].concat()
}

/// An answer that goes on until the connection is closed.
pub(super) fn until_closed(kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.0 200 OK\r\ncontent-type: {kind}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

pub(super) fn limits() -> Limits {
    Limits {
        timeout: Duration::from_secs(20),
        retry: Policy {
            max_retries: 3,
            initial_backoff: Duration::from_millis(1),
            max_backoff: Duration::from_millis(2),
            jitter: Jitter::None,
        },
        max_held_bytes: 1 << 20,
    }
}
