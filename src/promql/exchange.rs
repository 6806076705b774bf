//! One request and its answer, whosever API it is of: how it goes out, where redirects lead, and what a status means.

use std::time::Duration;

use super::access::Access;
use super::envelope::{Envelope, Refusal};
use crate::causes;
use crate::error::{Kind, Result};
use crate::http::client::{Scheme, to_server};
use crate::http::patience::Patient;
use crate::http::said::wants_tls;
use crate::http::secrets::Secrets;
use crate::http::settings::Http;
use crate::http::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, Url, header, trust,
};
use crate::printable::message;

/// No server sends anybody further than so often.
const MOST_REDIRECTS: usize = 10;

/// What is shown of a body that is no answer, in characters.
const SHOWN: usize = 200;

/// Sends requests to one server, as its [`Access`] says.
#[derive(Debug)]
pub(crate) struct Exchange {
    http: HttpClient,
    access: Access,
    timeout: Duration,
}

/// An answer whose body is still to be read.
pub(crate) struct Begun {
    pub(crate) answer: HttpResponse,
    /// What the request proved itself with.
    pub(crate) secrets: Secrets,
}

/// What came.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) secrets: Secrets,
}

/// Why nothing came that could be judged.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) why: String,
}

impl Failure {
    pub(crate) fn new(kind: Kind, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { kind, why }
    }
}

impl Exchange {
    pub(crate) fn new(access: &Access, timeout: Duration) -> Result<Self> {
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

    /// The address that the server was given with.
    pub(crate) fn base(&self) -> &Url {
        &self.access.base
    }

    /// The same, to be shown.
    pub(crate) fn place(&self) -> &str {
        &self.access.place
    }

    /// How long an answer may take to begin.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Sends a request there, with what it proves itself with; `make` makes it as often as the server redirects.
    pub(crate) async fn send(
        &self,
        mut url: Url,
        make: impl Fn() -> HttpRequest,
    ) -> Result<Begun, Failure> {
        for _ in 0..=MOST_REDIRECTS {
            let mut request = make();
            let wrong = |why: String| Failure::new(Kind::Other, why);
            let uri = url.as_str().parse();
            *request.uri_mut() = uri.map_err(|_| wrong("it has no address".to_owned()))?;
            let headers = request.headers_mut();
            // Caches of frontends may tell what was there before.
            headers.insert(
                header::CACHE_CONTROL,
                header::HeaderValue::from_static("no-store"),
            );
            let secrets = self.access.show(headers).await.map_err(wrong)?;
            let secrets = Secrets::of_texts(&secrets);
            let answer = self
                .http
                .execute(request)
                .await
                .map_err(|err| failed(&err))?;
            let Some(next) = self.redirected(&url, &answer, &secrets)? else {
                return Ok(Begun { answer, secrets });
            };
            url = next;
        }
        Err(Failure::new(
            Kind::Elsewhere,
            format!("the server redirects more than {MOST_REDIRECTS} times"),
        ))
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
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What the server says, without secrets.
    pub(crate) fn hidden(&self, words: &str) -> String {
        self.secrets.hidden_in(words)
    }

    /// What a refusal means, and what is told of it, in the server's own words where it has any.
    pub(crate) fn refusal(&self) -> (Kind, String) {
        let said = Envelope::open(&self.body)
            .ok()
            .and_then(|said| said.data.err());
        let said = said.or_else(|| self.long_words().filter(|_| self.status != 404));
        self.by_status(said.as_ref())
    }

    /// Words that are more than what is shown of a body: what they begin with, and their end, where servers that nest errors give the reason.
    fn long_words(&self) -> Option<Refusal> {
        let text = String::from_utf8_lossy(&self.body);
        let words: Vec<char> = text.trim().chars().collect();
        let (begin, end) = (words.get(..150)?, words.len().checked_sub(200)?);
        let end = words.get(end.max(150)..)?;
        let gap = if words.len() > 350 { " … " } else { "" };
        let message = format!(
            "{}{gap}{}",
            begin.iter().collect::<String>(),
            end.iter().collect::<String>()
        );
        Some(Refusal {
            kind: String::new(),
            message,
        })
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
    pub(crate) fn about(&self, why: &str) -> String {
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

/// Why an exchange broke.
pub(crate) fn failed(err: &HttpError) -> Failure {
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
