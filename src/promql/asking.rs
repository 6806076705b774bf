//! One request and its answer, as bytes: how it goes out, where redirects lead, and what a status means.

use std::time::Duration;

use tokio::time::timeout;

use super::access::Access;
use super::body::{self, Unread};
use super::envelope::Refusal;
use crate::causes;
use crate::error::{Kind, Result};
use crate::http::client::{Scheme, to_server};
use crate::http::patience::Patient;
use crate::http::said::wants_tls;
use crate::http::secrets::Secrets;
use crate::http::settings::Http;
use crate::http::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse, Url, form,
    header, trust,
};
use crate::printable::message;

/// No server sends anybody further than so often.
const MOST_REDIRECTS: usize = 10;

/// What is shown of a body that is no answer, in characters.
const SHOWN: usize = 200;

/// Asks a server, and judges nothing but what concerns each answer.
#[derive(Debug)]
pub(super) struct Asking {
    http: HttpClient,
    access: Access,
    timeout: Duration,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    /// Below `api/v1/`.
    pub(super) path: &'a str,
    pub(super) pairs: &'a [(&'static str, String)],
    /// Whether the pairs go out as a form, or else in the address.
    pub(super) is_form: bool,
}

/// What came.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    secrets: Secrets,
}

/// Why nothing came that could be judged.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    pub(super) why: String,
}

impl Failure {
    fn new(kind: Kind, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { kind, why }
    }
}

impl Asking {
    pub(super) fn new(access: &Access, timeout: Duration) -> Result<Self> {
        let settings = Http::usual()?.with(access.tls.clone(), timeout);
        let scheme = match access.base.scheme() {
            "https" => Scheme::Https,
            _ => Scheme::Any,
        };
        let wire = to_server(&settings, &access.proxies, scheme)?;
        Ok(Self {
            http: HttpClient::new(Patient::new(wire)),
            access: access.clone(),
            timeout,
        })
    }

    pub(super) fn host(&self) -> &str {
        self.access.base.host_str().unwrap_or_default()
    }

    pub(super) fn place(&self) -> &str {
        &self.access.place
    }

    /// Asks once. Of the answer at most so many bytes are read.
    pub(super) async fn ask(&self, call: &Call<'_>, longest: usize) -> Result<Answer, Failure> {
        let mut url = self.url(call)?;
        for _ in 0..=MOST_REDIRECTS {
            let (request, secrets) = self.request(call, &url).await?;
            let answer = self
                .http
                .execute(request)
                .await
                .map_err(|err| failed(&err))?;
            if let Some(next) = self.redirected(&url, &answer, &secrets)? {
                url = next;
                continue;
            }
            let status = answer.status().as_u16();
            // Silence ends a body; a trickle would not.
            let read = timeout(self.timeout, body::read(answer, longest)).await;
            let read = read.unwrap_or_else(|_| {
                Err(Unread::Packed(format!(
                    "it did not come whole within {:?}",
                    self.timeout
                )))
            });
            return match read {
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
                        "the answer has more than the {longest} bytes that are left for it: ask for less, such as a longer step or fewer series, or allow more with --query.max-response-bytes"
                    ),
                )),
            };
        }
        Err(Failure::new(
            Kind::Elsewhere,
            format!("the server redirects more than {MOST_REDIRECTS} times"),
        ))
    }

    fn url(&self, call: &Call<'_>) -> Result<Url, Failure> {
        let base = &self.access.base;
        let text = format!(
            "{}/api/v1/{}",
            base.as_str().trim_end_matches('/'),
            call.path
        );
        let mut url =
            Url::parse(&text).map_err(|err| Failure::new(Kind::Other, err.to_string()))?;
        if !call.is_form && !call.pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(call.pairs);
        }
        Ok(url)
    }

    async fn request(&self, call: &Call<'_>, url: &Url) -> Result<(HttpRequest, Secrets), Failure> {
        let wrong = |why: String| Failure::new(Kind::Other, why);
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        if call.is_form {
            let pairs: Vec<(&str, &str)> = call
                .pairs
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            form::post(&mut request, &pairs);
        }
        let uri = url.as_str().parse();
        *request.uri_mut() = uri.map_err(|_| wrong("it has no address".to_owned()))?;
        let headers = request.headers_mut();
        headers.insert(
            header::ACCEPT,
            header::HeaderValue::from_static("application/json"),
        );
        headers.insert(
            header::ACCEPT_ENCODING,
            header::HeaderValue::from_static("gzip"),
        );
        // Caches of frontends may tell what was there before.
        headers.insert(
            header::CACHE_CONTROL,
            header::HeaderValue::from_static("no-store"),
        );
        let secrets = self.access.show(headers).await.map_err(wrong)?;
        Ok((request, Secrets::of_texts(&secrets)))
    }

    /// Where an answer sends; `None` where it sends nowhere.
    fn redirected(
        &self,
        from: &Url,
        answer: &HttpResponse,
        secrets: &Secrets,
    ) -> Result<Option<Url>, Failure> {
        if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let elsewhere = |why: String| {
            let why = format!("the server answers {}{why}", answer.status());
            Err(Failure::new(Kind::Elsewhere, why))
        };
        let location = answer.headers().get(header::LOCATION);
        let location = location.and_then(|location| location.to_str().ok());
        let Some(next) = location.and_then(|location| from.join(location).ok()) else {
            return elsewhere(String::new());
        };
        let shown = secrets.hidden_in(&shown(&next));
        // Credentials are for whom they were given, and a login page is no API.
        let is_same = next.host_str() == from.host_str()
            && (next.scheme() == from.scheme()
                && next.port_or_known_default() == from.port_or_known_default()
                || from.scheme() == "http"
                    && next.scheme() == "https"
                    && from.port().is_none()
                    && next.port().is_none());
        if !self.access.follow_redirects {
            return elsewhere(format!(
                " and sends to {shown}, and follow_redirects is false"
            ));
        }
        if !is_same {
            return elsewhere(format!(
                " and sends to {shown}, which is not followed: give the URL of the API itself"
            ));
        }
        Ok(Some(next))
    }
}

impl Answer {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What the server says, without secrets.
    pub(super) fn hidden(&self, words: &str) -> String {
        self.secrets.hidden_in(words)
    }

    /// What an answer means that is none, and what is told of it.
    pub(super) fn by_status(&self, said: Option<&Refusal>) -> (Kind, String) {
        let kind = match (self.status, said.map(|said| said.kind.as_str())) {
            (401 | 407, _) => Kind::Credentials,
            (403, _) => Kind::Refused,
            (404 | 405 | 410 | 501, _) => Kind::Unsupported,
            (408 | 425 | 429 | 500.., _) => Kind::Transient,
            (300..=399, _) => Kind::Elsewhere,
            (200..=299, Some("timeout" | "canceled" | "internal" | "unavailable")) => {
                Kind::Transient
            }
            _ => Kind::Other,
        };
        if let Some(said) = said {
            let words: Vec<&str> = said.message.split_whitespace().collect();
            let said = Refusal {
                message: words.join(" "),
                ..said.clone()
            };
            let said = self.fit(&said.told());
            return (kind, format!("the server answers {}: {said}", self.status));
        }
        let body = self.beginning();
        let hint = match self.status {
            404 => ": is there an API at that URL, or is a prefix of its path missing?",
            400 if wants_tls(&self.body) => ": it wants https",
            _ => "",
        };
        let body = if body.is_empty() {
            body
        } else {
            format!(": {body}")
        };
        let why = format!("the server answers {}{body}{hint}", self.status);
        (kind, why)
    }

    /// What is told of an answer that cannot be read, and why.
    pub(super) fn about(&self, why: &str) -> String {
        let body = self.beginning();
        let why = self.fit(why);
        if body.is_empty() {
            return format!("the answer with status {} is empty", self.status);
        }
        format!(
            "the answer with status {} cannot be read: {why}; it begins {body}",
            self.status
        )
    }

    /// The beginning of the body, on one line and without secrets.
    fn beginning(&self) -> String {
        let some = self.body.get(..SHOWN * 4).unwrap_or(&self.body);
        let text = String::from_utf8_lossy(some);
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = self.fit(&words.join(" "));
        let shown: String = text.chars().take(SHOWN).collect();
        if shown.is_empty() {
            shown
        } else {
            format!("{shown:?}")
        }
    }

    fn fit(&self, text: &str) -> String {
        message(&self.secrets.hidden_in(text)).into_owned()
    }
}

/// An address without what may be secret.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Only addresses without a host have no room for them.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

fn failed(err: &HttpError) -> Failure {
    let distrust = causes::chain(err).find_map(trust::distrust);
    if let Some((what, _)) = distrust {
        return Failure::new(
            Kind::Other,
            format!("{what}: tls_config of the HTTP configuration says whom to trust"),
        );
    }
    let kind = match err.kind() {
        HttpErrorKind::Unknown | HttpErrorKind::Decode | HttpErrorKind::Request => Kind::Other,
        _ => Kind::Transient,
    };
    Failure::new(kind, causes::told(err))
}

/// A time or a span of milliseconds in seconds, as the API spells it.
pub(super) fn seconds(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    match (ms / 1000, ms % 1000) {
        (seconds, 0) => format!("{sign}{seconds}"),
        (seconds, rest) => format!("{sign}{seconds}.{rest:03}"),
    }
}
