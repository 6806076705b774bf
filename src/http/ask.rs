//! What a server is asked beside what `object_store` asks: a request whose answer is read whole, and which is repeated while its failure may pass.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
};
use object_store::{Extensions, PutPayload};
use reqwest::header::HeaderMap;
use reqwest::{Method, Url};
use tracing::debug;

use crate::retry::{Backoff, Jitter, Policy};

/// Asks one server.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    pub(crate) http: HttpClient,
    /// The provider, as errors name it.
    pub(crate) store: &'static str,
}

/// A request to be made.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    /// They tell the layers of the client what is asked for, where that does not show.
    pub(crate) extensions: Extensions,
    pub(crate) body: PutPayload,
    /// How often it is repeated when its failure may pass.
    pub(crate) retries: u32,
    /// The least that lies between two tries.
    pub(crate) interval: Duration,
}

/// A request that failed.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) cause: HttpError,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)
    }
}

impl StdError for Failed {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.cause)
    }
}

impl Request {
    /// Without headers of its own and without a body.
    pub(crate) fn new(method: Method, url: Url, retries: u32) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            extensions: Extensions::new(),
            body: PutPayload::new(),
            retries,
            interval: Duration::ZERO,
        }
    }
}

impl Asker {
    /// Asks until the whole answer can be read, or no further try is of any use.
    pub(crate) async fn ask<T>(
        &self,
        request: &Request,
        read: impl Fn(&HeaderMap, &[u8]) -> Result<T, HttpError>,
    ) -> object_store::Result<T> {
        let read = &read;
        let whole = |answer: HttpResponse| async move {
            let (head, body) = answer.into_parts();
            read(&head.headers, &body.bytes().await?)
        };
        self.answer(request, whole).await
    }

    /// The same, of an answer that is taken as it comes.
    pub(crate) async fn answer<T, F>(
        &self,
        request: &Request,
        take: impl Fn(HttpResponse) -> F,
    ) -> object_store::Result<T>
    where
        F: Future<Output = Result<T, HttpError>>,
    {
        let mut backoff = Backoff::new(&Policy {
            max_retries: request.retries,
            initial_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            jitter: Jitter::Half,
        });
        let Request { method, url, .. } = request;
        loop {
            let made = self.made(request)?;
            let answered = async { take(self.http.execute(made).await?).await };
            let cause = match answered.await {
                Ok(read) => return Ok(read),
                Err(cause) => cause,
            };
            let may_pass = !matches!(cause.kind(), HttpErrorKind::Unknown | HttpErrorKind::Decode);
            let Some(delay) = backoff.next_delay().filter(|_| may_pass) else {
                return Err(self.error(Failed {
                    method: method.clone(),
                    url: url.to_string(),
                    cause,
                }));
            };
            let delay = delay.max(request.interval);
            debug!(%url, ?delay, err = %cause, "request is repeated");
            tokio::time::sleep(delay).await;
        }
    }

    /// An error of this provider.
    pub(crate) fn error(&self, err: impl StdError + Send + Sync + 'static) -> object_store::Error {
        object_store::Error::Generic {
            store: self.store,
            source: Box::new(err),
        }
    }

    fn made(&self, of: &Request) -> object_store::Result<HttpRequest> {
        let body = if of.body.content_length() == 0 {
            HttpRequestBody::empty()
        } else {
            of.body.clone().into()
        };
        let mut request = HttpRequest::new(body);
        *request.method_mut() = of.method.clone();
        *request.headers_mut() = of.headers.clone();
        *request.extensions_mut() = of.extensions.clone();
        *request.uri_mut() = of.url.as_str().parse().map_err(|err| self.error(err))?;
        Ok(request)
    }
}
