//! Every answer of the service on its way up: what gives nothing becomes an error with a meaning. How much is read of what should be short is
//! bounded here; objects are bounded by who asked for them.

use async_trait::async_trait;
use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use reqwest::header::{HeaderMap, LOCATION, RANGE};

use super::asked::{Asked, CARRIERS};
use super::read::GENERATION;
use super::refusal::Refusal;
use crate::bucket::store::Once;
use crate::http::body::{beginning, whole};
use crate::http::secrets::Secrets;

/// A page of a listing: 1,000 names of 1,024 bytes, each of which JSON may make six, and what stands beside them.
const LONGEST_PAGE: usize = 16 << 20;

/// What is said of one object, or of a bucket with all its rules.
const LONGEST_DOCUMENT: usize = 1 << 20;

/// A client whose answers are what was asked for, or errors.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) inner: HttpClient,
}

#[async_trait]
impl HttpService for Answers {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let asked = request.extensions().get::<Asked>().cloned();
        let asked = asked.unwrap_or(Asked::About);
        let is_tried_once = request.extensions().get::<Once>().is_some();
        let secrets = Secrets::of(&request, &[], &CARRIERS);
        let lost = |err| {
            if is_tried_once {
                HttpError::new(HttpErrorKind::Unknown, err)
            } else {
                err
            }
        };
        let answer = self.inner.execute(request).await.map_err(lost);
        let (head, body) = answer?.into_parts();
        let secrets = secrets.and(head.extensions.get());
        if !gives(&asked, head.status.as_u16(), &head.headers) {
            let body = beginning(body).await;
            let refusal = Refusal::of(&asked, head.status, &head.headers, &body, &secrets);
            return Err(failed(refusal, is_tried_once));
        }
        let longest = match &asked {
            Asked::Read { .. } => return Ok(HttpResponse::from_parts(head, body)),
            Asked::List => LONGEST_PAGE,
            _ => LONGEST_DOCUMENT,
        };
        let body = whole(body, longest).await.map_err(lost)?;
        if !is_of_the_service(&asked, &body) {
            let refusal = Refusal::of(&asked, head.status, &head.headers, &body, &secrets);
            return Err(failed(refusal, is_tried_once));
        }
        Ok(HttpResponse::from_parts(head, body.into()))
    }
}

/// Whether an answer with this head gives what was asked for, as far as the head tells.
fn gives(asked: &Asked, status: u16, headers: &HeaderMap) -> bool {
    match asked {
        // Whatever else answers does not know which version it gives.
        Asked::Read { .. } => matches!(status, 200 | 206) && headers.contains_key(GENERATION),
        // The service's word for an upload that goes on, and everybody else's for one that is to go elsewhere.
        Asked::Piece if status == 308 => {
            headers.contains_key(RANGE) || !headers.contains_key(LOCATION)
        }
        Asked::Piece => matches!(status, 200 | 201),
        Asked::Begin => matches!(status, 200 | 201) && headers.contains_key(LOCATION),
        Asked::Delete => matches!(status, 200 | 204),
        // What was uploaded so far is gone.
        Asked::Cancel => matches!(status, 200 | 204 | 499),
        _ => matches!(status, 200 | 201),
    }
}

/// Whether a body is one that the service sends: nothing, or a document. A page for people comes from something else.
fn is_of_the_service(asked: &Asked, body: &[u8]) -> bool {
    let is_empty = body.trim_ascii().is_empty();
    let is_document = || serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
    match asked {
        Asked::Delete | Asked::Cancel | Asked::Begin | Asked::Piece => is_empty || is_document(),
        _ => is_document(),
    }
}

/// The error that a refusal is, which says whether the client is to repeat the request as it is.
fn failed(refusal: Refusal, is_tried_once: bool) -> HttpError {
    let kind = if refusal.may_pass() && !is_tried_once {
        HttpErrorKind::Request
    } else {
        HttpErrorKind::Unknown
    };
    HttpError::new(kind, refusal)
}
