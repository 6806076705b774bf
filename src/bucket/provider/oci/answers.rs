//! Every answer of the service on its way up: what gives nothing becomes an error with a meaning. How much is read of what should be short is
//! bounded here; objects are bounded by who asked for them.

use std::time::Duration;

use async_trait::async_trait;
use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use reqwest::header::HeaderMap;

use super::asked::{Asked, CARRIERS};
use super::config::Signs;
use super::object::Facts;
use super::refusal::Refusal;
use crate::bucket::store::Once;
use crate::causes;
use crate::http::body::{beginning, whole};
use crate::http::secrets::Secrets;

/// A page of a listing: 1,000 names of 1,024 bytes, each of which JSON may make six, and what stands beside them.
const LONGEST_PAGE: usize = 16 << 20;

/// What is said of one object, or of a bucket with all its rules.
const LONGEST_DOCUMENT: usize = 1 << 20;

/// A bucket that is denied is asked for again so much later: some are denied in passing. How often other failures are repeated is configured.
const DENIED_IN_PASSING: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(1)];

/// A client whose answers are what was asked for, or errors.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) inner: HttpClient,
    /// What requests are signed with.
    pub(super) signs: Signs,
}

#[async_trait]
impl HttpService for Answers {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let is_tried_once = request.extensions().get::<Once>().is_some();
        // What a bucket says of itself takes rights that not everybody has.
        let is_about = request.extensions().get::<Asked>() == Some(&Asked::About);
        let mut pauses = DENIED_IN_PASSING.into_iter();
        loop {
            let err = match self.answer(request.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(err) => err,
            };
            if is_tried_once {
                // What it was based on may be another by the next try.
                return Err(HttpError::new(HttpErrorKind::Unknown, err));
            }
            let is_denied = causes::first::<Refusal>(&err).is_some_and(Refusal::is_denial);
            match pauses.next().filter(|_| is_denied && !is_about) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(err),
            }
        }
    }
}

impl Answers {
    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let asked = request.extensions().get::<Asked>().copied();
        let asked = asked.unwrap_or(Asked::About);
        let secrets = Secrets::of(&request, &[], &CARRIERS);
        let (head, body) = self.inner.execute(request).await?.into_parts();
        let secrets = secrets.and(head.extensions.get());
        if !gives(asked, head.status.as_u16(), &head.headers) {
            let body = beginning(body).await;
            let refusal = Refusal::of(asked, head.status, &head.headers, &body, &secrets);
            return Err(failed(refusal.signed_with(self.signs)));
        }
        let longest = match asked {
            Asked::Read => return Ok(HttpResponse::from_parts(head, body)),
            Asked::List | Asked::Parts => LONGEST_PAGE,
            _ => LONGEST_DOCUMENT,
        };
        let body = whole(body, longest).await?;
        if !is_of_the_service(asked, &body) {
            return Err(failed(Refusal::of(
                asked,
                head.status,
                &head.headers,
                &body,
                &secrets,
            )));
        }
        Ok(HttpResponse::from_parts(head, body.into()))
    }
}

/// Whether an answer with this head gives what was asked for, as far as the head tells.
fn gives(asked: Asked, status: u16, headers: &HeaderMap) -> bool {
    let tells_an_object = || Facts::of(headers).etag.is_some();
    match asked {
        Asked::Facts if Facts::of(headers).size_bytes.is_none() => false,
        // Whatever else answers does not know which version it gives.
        Asked::Read => matches!(status, 200 | 206) && tells_an_object(),
        Asked::Facts | Asked::Put { .. } | Asked::Part | Asked::Commit => {
            matches!(status, 200 | 201) && tells_an_object()
        }
        Asked::Delete | Asked::Abort => matches!(status, 200 | 204),
        _ => matches!(status, 200 | 201),
    }
}

/// Whether a body is one that the service sends: nothing, or a document. A page for people comes from something else.
fn is_of_the_service(asked: Asked, body: &[u8]) -> bool {
    let is_empty = body.trim_ascii().is_empty();
    let is_document = || serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
    match asked {
        Asked::Namespace | Asked::List | Asked::About | Asked::Parts | Asked::Begin => {
            is_document()
        }
        _ => is_empty || is_document(),
    }
}

/// The error that a refusal is, which says whether the client is to repeat the request as it is.
fn failed(refusal: Refusal) -> HttpError {
    let kind = if refusal.may_pass() {
        HttpErrorKind::Request
    } else {
        HttpErrorKind::Unknown
    };
    HttpError::new(kind, refusal)
}
