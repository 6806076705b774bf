//! Connections: how many there are, how long one may take, and how they end.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::address::Address;
use super::refusals::Refusals;
use super::route::Served;
use super::token::Token;
use crate::board::Board;
use crate::error::{Error, Kind, Result};

/// So many connections there are at most: one more takes the place of the oldest, so that none keeps others out by being slow.
const MOST: usize = 128;

/// How long the head of a request may take to come, and how long a connection may wait for its next.
const HEAD: Duration = Duration::from_secs(10);

/// How long a connection lives, however busy; whoever wants more makes another.
const LIFE: Duration = Duration::from_mins(1);

/// How long a request in hand may take when its connection has to end.
const LAST: Duration = Duration::from_secs(5);

/// The most bytes that the head of a request may have.
const HEAD_BYTES: usize = 16 << 10;

/// Where to listen, and for whom.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where.
    pub address: Address,
    /// The API is for whoever shows it; without one there is no API.
    pub token: Option<Token>,
}

/// Somebody who listens, and answers nobody yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    token: Option<Token>,
}

impl Server {
    /// Listens.
    ///
    /// Errors: nobody can listen there.
    pub async fn bind(settings: Settings) -> Result<Self> {
        let Settings { address, token } = settings;
        let wrong = |err| {
            let attempt = format!("listen for HTTP at {address}");
            Error::new(Kind::Other, attempt).because(err)
        };
        let listener = listen(&address).await.map_err(wrong)?;
        let address = listener.local_addr().map_err(wrong)?;
        info!(address = %address, api = token.is_some(), "listening for HTTP");
        if token.as_ref().is_some_and(Token::is_public) {
            warn!("everybody on this machine may read the token of the API");
        }
        Ok(Self {
            listener,
            address,
            token,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers what is asked of the board, until `end`; then requests in hand are answered, for some seconds.
    pub async fn run(self, board: Board, end: impl Future<Output = ()>) {
        let served = Served {
            board,
            token: self.token,
            refusals: Refusals::default(),
            is_loopback: self.address.ip().is_loopback(),
        };
        let mut connections = JoinSet::new();
        let mut oldest: VecDeque<AbortHandle> = VecDeque::new();
        let ending = CancellationToken::new();
        let mut end = pin!(end);
        loop {
            let stream = tokio::select! {
                () = &mut end => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(err) => {
                        // Too many open files, for instance: that passes, and must not be asked for in a tight loop.
                        debug!(err = %err, "a connection could not be accepted");
                        sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
                Some(_) = connections.join_next() => continue,
            };
            oldest.retain(|connection| !connection.is_finished());
            if oldest.len() >= MOST
                && let Some(connection) = oldest.pop_front()
            {
                connection.abort();
            }
            let connection = serve(stream, served.clone(), ending.child_token());
            oldest.push_back(connections.spawn(connection));
        }
        drop(self.listener);
        ending.cancel();
        while connections.join_next().await.is_some() {}
    }
}

async fn listen(address: &Address) -> io::Result<TcpListener> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for place in address.hosts_and_ports() {
        match TcpListener::bind(place).await {
            Ok(listener) => return Ok(listener),
            Err(err) if err.kind() == io::ErrorKind::AddrInUse => return Err(err),
            Err(err) => last = err,
        }
    }
    Err(last)
}

async fn serve(stream: TcpStream, served: Served, ending: CancellationToken) {
    let answering = service_fn(|request| {
        let served = &served;
        async move { Ok::<_, Infallible>(served.answer(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), answering);
    let mut connection = pin!(connection);
    tokio::select! {
        ended = &mut connection => {
            if let Err(err) = ended {
                debug!(err = %err, "a connection broke");
            }
            return;
        }
        () = sleep(LIFE) => {}
        () = ending.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(LAST, connection).await; // whoever is slower than that is not waited for
}
