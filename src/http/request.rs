//! One request as traces show it: what was asked of which bucket, and what came of it. A request that is answered in pieces lasts until the
//! last piece.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};

use futures::Stream;
use futures::stream::BoxStream;
use object_store::{Error, Result};
use tokio::task_local;
use tracing::Span;
use tracing::field::Empty;

task_local! {
    static CURRENT: Arc<Request>;
}

/// A request on its way. Its span ends with the last of those who hold it.
#[derive(Debug)]
pub(crate) struct Request {
    span: Span,
    tries: AtomicU32,
    status: AtomicU16,
    bytes: AtomicU64,
}

impl Request {
    /// A request of that kind for one name, or for all names below it; `None` where nobody traces.
    pub(crate) fn new(method: &'static str, bucket: &str, key: &str) -> Option<Arc<Self>> {
        let span = tracing::debug_span!(
            "request",
            otel.kind = "client",
            method,
            bucket,
            key,
            bytes = Empty,
            retries = Empty,
            http.request.method = Empty,
            http.request.resend_count = Empty,
            http.response.status_code = Empty,
            server.address = Empty,
            server.port = Empty,
            error.type = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        );
        (!span.is_disabled()).then(|| {
            Arc::new(Self {
                span,
                tries: AtomicU32::new(0),
                status: AtomicU16::new(0),
                bytes: AtomicU64::new(0),
            })
        })
    }

    /// The request that is being worked on here; `None` where nobody traces.
    pub(crate) fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    /// Notes that it is sent to a server, perhaps once more.
    pub(crate) fn goes_out(&self, method: &str, host: &str, port: Option<u16>) {
        self.tries.fetch_add(1, Ordering::Relaxed);
        self.span.record("http.request.method", method);
        self.span.record("server.address", host);
        if let Some(port) = port {
            self.span.record("server.port", port);
        }
    }

    /// The server answers.
    pub(crate) fn answered(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    /// Counts bytes that were read or written.
    pub(crate) fn moved(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn ended<T>(&self, done: &Result<T>) {
        let Err(err) = done else {
            return;
        };
        let status = self.status.load(Ordering::Relaxed);
        let kind = match err {
            _ if status >= 400 => status.to_string(),
            Error::NotFound { .. } => "not-found".to_owned(),
            Error::AlreadyExists { .. } => "already-exists".to_owned(),
            Error::Precondition { .. } => "changed".to_owned(),
            Error::PermissionDenied { .. } => "refused".to_owned(),
            Error::Unauthenticated { .. } => "credentials".to_owned(),
            Error::NotImplemented { .. } | Error::NotSupported { .. } => "unsupported".to_owned(),
            _ => "_OTHER".to_owned(),
        };
        self.span.record("error.type", kind);
        self.span.record("otel.status_code", "ERROR");
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let retries = self.tries.load(Ordering::Relaxed).saturating_sub(1);
        self.span.record("retries", retries);
        if retries > 0 {
            self.span.record("http.request.resend_count", retries);
        }
        let status = self.status.load(Ordering::Relaxed);
        if status > 0 {
            self.span.record("http.response.status_code", status);
        }
        let bytes = self.bytes.load(Ordering::Relaxed);
        if bytes > 0 {
            self.span.record("bytes", bytes);
        }
    }
}

/// Does the work of a request, if it is traced: what it brings tells how it ended.
pub(crate) async fn traced<T>(
    request: Option<Arc<Request>>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let Some(request) = request else {
        return work.await;
    };
    let span = request.span.clone();
    let work = CURRENT.scope(Arc::clone(&request), work);
    let done = tracing::Instrument::instrument(work, span).await;
    request.ended(&done);
    done
}

/// The same of an answer in pieces, each of which counts so many bytes.
pub(crate) fn traced_pieces<T: 'static>(
    request: Option<Arc<Request>>,
    pieces: BoxStream<'static, Result<T>>,
    bytes: fn(&T) -> u64,
) -> BoxStream<'static, Result<T>> {
    match request {
        Some(request) => Box::pin(Pieces {
            inner: pieces,
            request: Some(request),
            bytes,
        }),
        None => pieces,
    }
}

struct Pieces<T> {
    inner: BoxStream<'static, Result<T>>,
    /// Until the last piece.
    request: Option<Arc<Request>>,
    bytes: fn(&T) -> u64,
}

impl<T> Stream for Pieces<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(request) = self.request.clone() else {
            return self.inner.as_mut().poll_next(context);
        };
        let polled = request.span.in_scope(|| {
            CURRENT.sync_scope(Arc::clone(&request), || {
                self.inner.as_mut().poll_next(context)
            })
        });
        match &polled {
            Poll::Ready(Some(Ok(piece))) => request.moved((self.bytes)(piece)),
            Poll::Ready(Some(err)) => request.ended(err),
            Poll::Ready(None) => self.request = None,
            Poll::Pending => {}
        }
        polled
    }
}
