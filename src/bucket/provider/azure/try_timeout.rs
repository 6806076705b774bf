//! How long one try may take until its answer begins: `pipeline_config.try_timeout`. Whoever waits for a turn, or for a token, does so outside of it.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use tokio::time::timeout;

/// A client that waits so long for an answer to begin.
#[derive(Debug)]
pub(super) struct Timed {
    pub(super) inner: HttpClient,
    pub(super) limit: Duration,
}

#[async_trait]
impl HttpService for Timed {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        timeout(self.limit, self.inner.execute(request))
            .await
            .unwrap_or_else(|_| Err(HttpError::new(HttpErrorKind::Timeout, TooLong)))
    }
}

/// A try took longer than is configured.
#[derive(Debug)]
struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no answer came within config.pipeline_config.try_timeout")
    }
}

impl StdError for TooLong {}
