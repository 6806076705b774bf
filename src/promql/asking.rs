//! One request and its answer, as bytes.

use std::time::Duration;

use tokio::time::timeout;

use super::access::Access;
use super::body::{self, Unread};
use super::exchange::{Answer, Begun, Exchange, Failure, failed};
use crate::error::{Kind, Result};
use crate::http::{HttpRequest, HttpRequestBody, Url, form, header};

/// Asks a server, and judges nothing but what concerns each answer.
#[derive(Debug)]
pub(super) struct Asking(Exchange);

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    /// Below `api/v1/`.
    pub(super) path: &'a str,
    pub(super) pairs: &'a [(&'static str, String)],
    /// Whether the pairs go out as a form, or else in the address.
    pub(super) is_form: bool,
}

impl Asking {
    pub(super) fn new(access: &Access, timeout: Duration) -> Result<Self> {
        Exchange::new(access, timeout).map(Self)
    }

    pub(super) fn host(&self) -> &str {
        self.0.base().host_str().unwrap_or_default()
    }

    pub(super) fn place(&self) -> &str {
        self.0.place()
    }

    /// Asks once. Of the answer at most so many bytes are read.
    pub(super) async fn ask(&self, call: &Call<'_>, longest: usize) -> Result<Answer, Failure> {
        let url = self.url(call)?;
        let Begun { answer, secrets } = self.0.send(url, || request(call)).await?;
        let status = answer.status().as_u16();
        // Silence ends a body; a trickle would not.
        let read = timeout(self.0.timeout(), body::read(answer, longest)).await;
        let read = read.unwrap_or_else(|_| {
            Err(Unread::Packed(format!(
                "it did not come whole within {:?}",
                self.0.timeout()
            )))
        });
        match read {
            Ok(body) => Ok(Answer {
                status,
                body,
                secrets,
            }),
            Err(Unread::Broken(err)) => Err(failed(&err)),
            Err(Unread::Packed(why)) => Err(Failure::new(
                Kind::Transient,
                format!("the answer with status {status}: {why}"),
            )),
            Err(Unread::TooLong) => Err(Failure::new(
                Kind::Other,
                format!(
                    "the answer has more than the {longest} bytes that are left for it: ask for less, such as a longer step or fewer series, or allow more with --query.max-response-bytes, or with --memory-limit where a plan is given"
                ),
            )),
        }
    }

    fn url(&self, call: &Call<'_>) -> Result<Url, Failure> {
        let text = format!(
            "{}/api/v1/{}",
            self.0.base().as_str().trim_end_matches('/'),
            call.path
        );
        let mut url =
            Url::parse(&text).map_err(|err| Failure::new(Kind::Other, err.to_string()))?;
        if !call.is_form && !call.pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(call.pairs);
        }
        Ok(url)
    }
}

fn request(call: &Call<'_>) -> HttpRequest {
    let mut request = HttpRequest::new(HttpRequestBody::empty());
    if call.is_form {
        let pairs: Vec<(&str, &str)> = call
            .pairs
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        form::post(&mut request, &pairs);
    }
    let headers = request.headers_mut();
    headers.insert(
        header::ACCEPT,
        header::HeaderValue::from_static("application/json"),
    );
    headers.insert(
        header::ACCEPT_ENCODING,
        header::HeaderValue::from_static("gzip"),
    );
    request
}

/// A time or a span of milliseconds in seconds, as the API spells it.
pub(crate) fn seconds(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    match (ms / 1000, ms % 1000) {
        (seconds, 0) => format!("{sign}{seconds}"),
        (seconds, rest) => format!("{sign}{seconds}.{rest:03}"),
    }
}
