//! One request over the wire. What is decided here is when a server counts as gone: while bytes move, in whichever direction, a request may
//! take its time; once they stop, it ends.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use http_body::{Body, Frame, SizeHint};
use object_store::client::{
    HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse, HttpResponseBody,
    HttpService,
};
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tracing::info;

use super::late_body::Streamed;
use super::named::Clients;
use super::proxy::{Proxies, Proxy};
use super::quiet::Quiet;
use crate::http::request::Request;
use crate::progress::Piece;

/// The pieces in which a body goes out, in bytes: each one that the connection takes is a sign of life.
const PIECE: usize = 64 << 10;

/// How long nothing may happen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Silence {
    /// From the last piece of the request to the end of the answer's head.
    pub(crate) before_answer: Duration,
    /// Between two pieces of the answer.
    pub(crate) within_answer: Duration,
}

/// An HTTP client that gives up on silence alone.
#[derive(Debug)]
pub(crate) struct Wire {
    clients: Clients,
    silence: Silence,
    /// What is named where a connection fails.
    proxies: Proxies,
    quiet: Quiet,
}

impl Wire {
    pub(crate) fn new(clients: Clients, silence: Silence, proxies: Proxies) -> Self {
        Self {
            clients,
            silence,
            proxies,
            quiet: Quiet::new(QUIET),
        }
    }

    /// Never ends; tells once that no answer comes.
    async fn tell_of_silence(&self, pulse: &Pulse, method: &str, server: &str) {
        pulse.silent_for(WORTH_A_LINE).await;
        if self.quiet.may_tell() {
            let limit_seconds = self.silence.before_answer.as_secs();
            info!(
                server,
                method, limit_seconds, "no answer comes yet; it is waited for"
            );
        }
        std::future::pending::<()>().await;
    }
}

/// Few answers take so long; some copies within a server do.
const WORTH_A_LINE: Duration = Duration::from_secs(15);

/// Many requests wait together.
const QUIET: Duration = Duration::from_mins(1);

#[async_trait]
impl HttpService for Wire {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let body = match parts.extensions.get::<Streamed>() {
            Some(Streamed(body)) => Content::Streamed {
                pieces: Mutex::new(body.pieces()),
                rest_bytes: body.size_bytes(),
                nap: None,
            },
            None => Content::Whole(body),
        };
        let url = reqwest::Url::parse(&parts.uri.to_string())
            .map_err(|err| HttpError::new(HttpErrorKind::Unknown, err))?;
        let proxy = self.proxies.of_url(&url).map(Proxy::told);
        let pulse = Pulse::new();
        let body = Outgoing {
            body,
            piece: Bytes::new(),
            pulse: pulse.clone(),
            way: Piece::current(),
            sent_bytes: 0,
        };
        let traced = Request::current();
        if let Some(traced) = &traced {
            let host = url.host_str().unwrap_or_default();
            traced.goes_out(parts.method.as_str(), host, url.port_or_known_default());
        }
        // Who is asked, and nothing of what: queries may hold signatures.
        let server = url.authority().to_owned();
        let method = parts.method.to_string();
        let mut request = reqwest::Request::new(parts.method, url);
        *request.headers_mut() = parts.headers;
        *request.body_mut() = Some(reqwest::Body::wrap(body));
        let client = self.clients.of(&mut request).map_err(|why| unsent(&why))?;
        if let Some(proxy) = proxy.as_ref().filter(|_| self.clients.are_named()) {
            return Err(unsent(&format!(
                "config.http_config.tls_config.server_name cannot be used through the proxy {proxy}"
            )));
        }
        let answer = tokio::select! {
            answer = client.execute(request) => answer.map_err(|err| failed(err, proxy))?,
            () = self.tell_of_silence(&pulse, &method, &server) => return Err(silent(WORTH_A_LINE)),
            () = pulse.silent_for(self.silence.before_answer) => return Err(silent(self.silence.before_answer)),
        };
        let (status, headers) = (answer.status(), answer.headers().clone());
        if let Some(traced) = &traced {
            traced.answered(status.as_u16());
        }
        let mut response = HttpResponse::new(HttpResponseBody::new(Incoming {
            body: answer.into(),
            limit: self.silence.within_answer,
            waiting: None,
        }));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// A request that cannot go out.
fn unsent(why: &str) -> HttpError {
    HttpError::new(HttpErrorKind::Unknown, std::io::Error::other(why))
}

/// When the connection last took a piece of the request.
#[derive(Debug, Clone)]
struct Pulse {
    begun: Instant,
    last_ms: Arc<AtomicU64>,
}

impl Pulse {
    fn new() -> Self {
        Self {
            begun: Instant::now(),
            last_ms: Arc::default(),
        }
    }

    fn beat(&self) {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(now, Ordering::Relaxed);
    }

    /// Ends once there was no beat for so long.
    async fn silent_for(&self, limit: Duration) {
        loop {
            let last = Duration::from_millis(self.last_ms.load(Ordering::Relaxed));
            let end = self.begun + last + limit;
            if Instant::now() >= end {
                return;
            }
            sleep_until(end).await;
        }
    }
}

/// The body of a request, piece by piece.
struct Outgoing {
    body: Content,
    piece: Bytes,
    pulse: Pulse,
    /// Told how much of the body was sent: the connection polls the body in another task than the one that made the request.
    way: Option<Piece>,
    sent_bytes: u64,
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        self.pulse.beat();
        if self.piece.is_empty() {
            let next = match ready!(self.body.poll_next(context)) {
                Some(Ok(frame)) => frame.into_data(),
                end => return Poll::Ready(end),
            };
            match next {
                Ok(piece) => self.piece = piece,
                Err(frame) => return Poll::Ready(Some(Ok(frame))),
            }
        }
        let length = self.piece.len().min(PIECE);
        let piece = self.piece.split_to(length);
        self.sent_bytes += length as u64;
        if let Some(way) = &self.way {
            way.went(self.sent_bytes);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.piece.is_empty() && self.body.rest_bytes() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.piece.len() as u64 + self.body.rest_bytes())
    }
}

/// Where the pieces come from.
enum Content {
    Whole(HttpRequestBody),
    Streamed {
        // A stream may go from thread to thread, and nobody looks at it from two.
        pieces: Mutex<BoxStream<'static, Result<Bytes, HttpError>>>,
        rest_bytes: u64,
        nap: Option<Pin<Box<Sleep>>>,
    },
}

impl Content {
    fn rest_bytes(&self) -> u64 {
        match self {
            Self::Whole(body) => body.size_hint().lower(),
            Self::Streamed { rest_bytes, .. } => *rest_bytes,
        }
    }

    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        match self {
            Self::Whole(body) => Pin::new(body).poll_frame(context),
            Self::Streamed {
                pieces,
                rest_bytes,
                nap,
            } => {
                let pieces = pieces.get_mut().unwrap_or_else(PoisonError::into_inner);
                if let Poll::Ready(piece) = pieces.as_mut().poll_next(context) {
                    *nap = None;
                    return Poll::Ready(piece.map(|piece| {
                        let piece = piece?;
                        *rest_bytes = rest_bytes.saturating_sub(piece.len() as u64);
                        Ok(Frame::data(piece))
                    }));
                }
                // While the source pauses, the server is not to blame: the pause must not count as its silence. The source has timeouts of its own.
                let asleep = nap.get_or_insert_with(|| Box::pin(sleep(NAP)));
                if asleep.as_mut().poll(context).is_ready() {
                    *nap = None;
                    context.waker().wake_by_ref();
                }
                Poll::Pending
            }
        }
    }
}

/// How often a body that waits for its source gives a sign of life.
const NAP: Duration = Duration::from_secs(5);

/// The body of an answer, which ends in an error once nothing of it comes for a while.
struct Incoming {
    body: reqwest::Body,
    limit: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.waiting = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(|err| failed(err, None))));
        }
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(waiting.as_mut().poll(context));
        Poll::Ready(Some(Err(silent(limit))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Nothing came for so long.
#[derive(Debug)]
struct Silent(Duration);

impl fmt::Display for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing came for {:?}", self.0)
    }
}

impl StdError for Silent {}

fn silent(limit: Duration) -> HttpError {
    HttpError::new(HttpErrorKind::Timeout, Silent(limit))
}

/// A connection that failed on its way through a proxy: which of the two it was is not always told.
#[derive(Debug)]
struct Through {
    proxy: String,
    cause: reqwest::Error,
}

impl fmt::Display for Through {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "through the proxy {}", self.proxy)
    }
}

impl StdError for Through {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.cause)
    }
}

/// A request that did not reach the server may always be repeated; others only where doing them twice does no harm.
fn failed(err: reqwest::Error, proxy: Option<String>) -> HttpError {
    let kind = if err.is_connect() {
        HttpErrorKind::Connect
    } else if err.is_timeout() {
        HttpErrorKind::Timeout
    } else {
        HttpErrorKind::Interrupted
    };
    // The address is told by whoever made the request.
    let cause = err.without_url();
    match proxy {
        Some(proxy) if kind == HttpErrorKind::Connect => {
            HttpError::new(kind, Through { proxy, cause })
        }
        _ => HttpError::new(kind, cause),
    }
}
