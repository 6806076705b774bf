//! One request to Azure, from its making to an answer that gives what was asked for, repeated while its failure may pass.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponseBody,
};
use object_store::path::Path;
use object_store::{Extensions, PutPayload};
use reqwest::Method;
use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use tracing::debug;

use super::asked::{Asked, CARRIERS};
use super::config::Retries;
use super::refusal::{Odd, Refusal, is_azures, is_copied, is_pending};
use crate::bucket::store::Once;
use crate::environment::Secret;
use crate::http::ask::Failed;
use crate::http::body::beginning;
use crate::http::percent::escaped;
use crate::http::secrets::Secrets;
use crate::retry::Backoff;

/// What errors of this provider call it.
pub(super) const STORE: &str = "Azure";

/// Asks one container.
#[derive(Debug, Clone)]
pub(super) struct Asker {
    pub(super) http: HttpClient,
    /// The container's own address, without a slash at its end.
    pub(super) container: Arc<str>,
    pub(super) retries: Retries,
    /// Secrets beside those that requests carry.
    pub(super) configured: Arc<[Secret]>,
    /// Whether a shared access signature is what authorises requests, and no role.
    pub(super) is_signature: bool,
}

/// A request to be made.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) asked: Asked,
    method: Method,
    url: String,
    pub(super) headers: HeaderMap,
    pub(super) body: PutPayload,
    /// Whether it is made once, and not repeated.
    pub(super) once: bool,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) is_partial: bool,
    pub(super) headers: HeaderMap,
    pub(super) body: HttpResponseBody,
}

/// Azure takes a backslash in a name for a slash: another object would be written.
#[derive(Debug)]
pub(super) struct Backslash;

impl fmt::Display for Backslash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Azure takes a backslash in a name for a slash")
    }
}

impl StdError for Backslash {}

impl Question {
    /// Adds a header; one that cannot be a header is an error.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> object_store::Result<Self> {
        let value = HeaderValue::from_str(value).map_err(generic)?;
        self.headers.insert(HeaderName::from_static(name), value);
        Ok(self)
    }

    /// The same, of one that nobody may see.
    pub(super) fn with_secret(self, name: &'static str, value: &str) -> object_store::Result<Self> {
        let mut question = self.with(name, value)?;
        if let Some(value) = question.headers.get_mut(name) {
            value.set_sensitive(true);
        }
        Ok(question)
    }

    /// As the caller of the store wants it.
    pub(super) fn told_by(mut self, extensions: &Extensions) -> Self {
        self.once |= extensions.get::<Once>().is_some();
        self
    }
}

impl Asker {
    /// A request for the container, with a query that begins with a question mark.
    pub(super) fn about_container(&self, asked: Asked, method: Method, query: &str) -> Question {
        Question {
            asked,
            method,
            url: format!("{}{query}", self.container),
            headers: HeaderMap::new(),
            body: PutPayload::new(),
            once: false,
        }
    }

    /// A request for an object.
    pub(super) fn about(
        &self,
        asked: Asked,
        method: Method,
        key: &Path,
        query: &str,
    ) -> object_store::Result<Question> {
        if key.as_ref().contains('\\') {
            return Err(generic(Backslash));
        }
        let rest = format!("/{}{query}", escaped(key.as_ref(), b"/"));
        Ok(self.about_container(asked, method, &rest))
    }

    /// Asks until the answer gives what was asked for, or no further try is of any use.
    pub(super) async fn ask(&self, question: &Question) -> object_store::Result<Answer> {
        let most = if question.once { 0 } else { self.retries.most };
        let mut backoff = Backoff::new(&self.retries.policy(most));
        loop {
            let cause = match self.ask_once(question).await {
                Ok(answer) => return Ok(answer),
                Err(cause) => cause,
            };
            let may_pass = !matches!(cause.kind(), HttpErrorKind::Unknown | HttpErrorKind::Decode);
            let Some(delay) = backoff.next_delay().filter(|_| may_pass) else {
                return Err(generic(Failed {
                    method: question.method.clone(),
                    url: question.url.clone(),
                    cause,
                }));
            };
            debug!(url = question.url, ?delay, err = %cause, "request is repeated");
            tokio::time::sleep(delay).await;
        }
    }

    async fn ask_once(&self, question: &Question) -> Result<Answer, HttpError> {
        let Question {
            asked,
            method,
            url,
            headers,
            body,
            ..
        } = question;
        let length = body.content_length();
        let mut request = HttpRequest::new(if length == 0 {
            HttpRequestBody::empty()
        } else {
            body.clone().into()
        });
        *request.method_mut() = method.clone();
        *request.uri_mut() = url.parse().map_err(unknown)?;
        *request.headers_mut() = headers.clone();
        if method == Method::PUT {
            request
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        request.extensions_mut().insert(*asked);
        let secrets = Secrets::of(&request, &self.configured, &CARRIERS);
        let answer = self.http.execute(request).await;
        let (head, body) = answer?.into_parts();
        let secrets = secrets.and(head.extensions.get());
        let (status, headers) = (head.status, head.headers);
        if !asked.is_given_by(status) {
            let body = beginning(body).await;
            let refusal = Refusal::of(*asked, status, &headers, &body, &secrets);
            return Err(failed(if self.is_signature {
                refusal.of_a_signature(*asked)
            } else {
                refusal
            }));
        }
        let odd = if !is_azures(&headers) {
            Some(Odd::Foreign)
        } else if asked.tells_a_tag() && !headers.contains_key("etag") {
            Some(Odd::Untagged)
        } else if *asked == Asked::Copy && is_pending(&headers) {
            Some(Odd::Pending)
        } else if *asked == Asked::Copy && !is_copied(&headers) {
            Some(Odd::NotCopied)
        } else {
            None
        };
        if let Some(odd) = odd {
            return Err(failed(Refusal::odd(status, odd)));
        }
        Ok(Answer {
            is_partial: status == 206,
            headers,
            body,
        })
    }
}

/// The error that a refusal is, which says whether the request is to be repeated as it is.
fn failed(refusal: Refusal) -> HttpError {
    let kind = if refusal.may_pass() {
        HttpErrorKind::Request
    } else {
        HttpErrorKind::Unknown
    };
    HttpError::new(kind, refusal)
}

pub(super) fn unknown(err: impl StdError + Send + Sync + 'static) -> HttpError {
    HttpError::new(HttpErrorKind::Unknown, err)
}

pub(super) fn generic(err: impl StdError + Send + Sync + 'static) -> object_store::Error {
    object_store::Error::Generic {
        store: STORE,
        source: Box::new(err),
    }
}
