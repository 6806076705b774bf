//! What S3 is asked that `object_store` does not ask, or asks in a way that loses something: pages of listings with escaped names, in either
//! version.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use object_store::aws::{AwsAuthorizer, AwsCredentialProvider};
use object_store::client::{HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody};
use reqwest::{Method, Url};
use tracing::debug;

use super::asked::Asked;
use super::config::ListVersion;
use super::page::{self, Next, Page};
use crate::retry::{Backoff, Jitter, Policy};

/// Asks one bucket.
#[derive(Debug, Clone)]
pub(super) struct Asker {
    pub(super) http: HttpClient,
    /// The bucket's own address, without a slash at its end.
    pub(super) bucket: String,
    pub(super) region: String,
    /// `None` where requests are anonymous.
    pub(super) credentials: Option<AwsCredentialProvider>,
    pub(super) list: ListVersion,
    /// How often a request is repeated whose failure may pass.
    pub(super) retries: u32,
}

/// Which page of which listing.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// What names begin with.
    pub(super) prefix: String,
    pub(super) delimiter: Option<&'static str>,
    /// The name after which the listing begins.
    pub(super) after: Option<String>,
    /// Where it goes on, once it has begun.
    pub(super) next: Option<Next>,
}

/// A request that failed.
#[derive(Debug)]
struct Failed {
    method: Method,
    url: String,
    cause: HttpError,
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

impl Asker {
    /// One page of a listing, whole or not at all.
    pub(super) async fn page(&self, place: &Place) -> object_store::Result<Page> {
        let mut query = vec![("prefix", place.prefix.as_str()), ("encoding-type", "url")];
        query.extend(place.delimiter.map(|delimiter| ("delimiter", delimiter)));
        let (after, token) = match &place.next {
            Some(Next::Token(token)) => (place.after.as_deref(), Some(token.as_str())),
            Some(Next::After(name)) => (Some(name.as_str()), None),
            Some(Next::End) | None => (place.after.as_deref(), None),
        };
        match self.list {
            ListVersion::One => query.extend(after.map(|name| ("marker", name))),
            ListVersion::Two => {
                query.push(("list-type", "2"));
                // Not every token says where the listing began.
                query.extend(after.map(|name| ("start-after", name)));
                query.extend(token.map(|token| ("continuation-token", token)));
            }
        }
        let token = token.or(after);
        self.ask(&query, |body| {
            page::read(body, self.list, token)
                .map_err(|fault| HttpError::new(HttpErrorKind::Unknown, fault))
        })
        .await
    }

    /// Asks until the answer can be read, or no further try is of any use.
    async fn ask<T>(
        &self,
        query: &[(&str, &str)],
        read: impl Fn(&[u8]) -> Result<T, HttpError>,
    ) -> object_store::Result<T> {
        let url = Url::parse_with_params(&self.bucket, query).map_err(generic)?;
        let mut backoff = Backoff::new(&Policy {
            max_retries: self.retries,
            initial_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            jitter: Jitter::Half,
        });
        loop {
            let request = self.signed(&url).await?;
            let method = request.method().clone();
            let answered = async {
                let answer = self.http.execute(request).await?;
                answer.into_body().bytes().await
            };
            let cause = match answered.await.and_then(|body| read(&body)) {
                Ok(read) => return Ok(read),
                Err(cause) => cause,
            };
            let may_pass = !matches!(cause.kind(), HttpErrorKind::Unknown | HttpErrorKind::Decode);
            let Some(delay) = backoff.next_delay().filter(|_| may_pass) else {
                let url = url.to_string();
                return Err(generic(Failed { method, url, cause }));
            };
            debug!(%url, ?delay, err = %cause, "request is repeated");
            tokio::time::sleep(delay).await;
        }
    }

    async fn signed(&self, url: &Url) -> object_store::Result<HttpRequest> {
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.uri_mut() = url.as_str().parse().map_err(generic)?;
        request.extensions_mut().insert(Asked::List);
        if let Some(credentials) = &self.credentials {
            let credential = credentials.get_credential().await?;
            AwsAuthorizer::new(&credential, "s3", &self.region)
                .try_authorize(&mut request, None)?;
        }
        Ok(request)
    }
}

fn generic(err: impl StdError + Send + Sync + 'static) -> object_store::Error {
    object_store::Error::Generic {
        store: "S3",
        source: Box::new(err),
    }
}
