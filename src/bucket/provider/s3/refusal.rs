//! An answer that gives nothing: what was refused and why, or that the answer was not the bucket's at all.
//!
//! S3 says what is wrong in a document of its own. Anything else comes from what stands between: an ingress without a backend, a proxy, a page to log
//! in. Whatever its status is, it says nothing of an object.

use std::error::Error as StdError;
use std::fmt;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::asked::Asked;
use super::code::{Meaning, meaning};
use crate::bucket::http::secrets::Secrets;
use crate::bucket::http::xml;
use crate::error::Kind;

/// Codes are single words.
const LONGEST_CODE: usize = 100;

/// What servers of TLS say to a request without it; the first is nginx's, the second Go's.
const WANTS_TLS: [&[u8]; 2] = [
    b"plain HTTP request was sent to HTTPS port",
    b"Client sent an HTTP request to an HTTPS server",
];

/// An answer that gives nothing.
#[derive(Debug)]
pub(super) struct Refusal {
    kind: Kind,
    status: StatusCode,
    said: Option<Said>,
    hint: Option<&'static str>,
}

/// What S3 says is wrong.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    code: String,
    message: String,
}

impl Refusal {
    /// Reads an answer, with as much of its body as was read. Secrets are removed.
    pub(super) fn of(
        asked: &Asked,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        secrets: &Secrets,
    ) -> Self {
        let said = in_body(body)
            .or_else(|| in_headers(headers))
            .and_then(|said| said.fit_to_print(secrets));
        let by_s3 = said.is_some() || (body.is_empty() && headers.contains_key("x-amz-request-id"));
        let wants_tls = || {
            let says = |words: &&[u8]| body.windows(words.len()).any(|part| part == *words);
            WANTS_TLS.iter().any(says)
        };
        let code = said.as_ref().map(|said| said.code.as_str());
        if !by_s3 && wants_tls() {
            return Self {
                kind: Kind::Other,
                status,
                said,
                hint: Some("the server speaks TLS, which config.insecure: true keeps from it"),
            };
        }
        let kind = kind(asked, status.as_u16(), code, by_s3);
        Self {
            kind,
            status,
            hint: hint(asked, status.as_u16(), code, kind, by_s3),
            said,
        }
    }

    /// What it means to whoever asked.
    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether the very same request may fare better.
    pub(super) fn may_pass(&self) -> bool {
        let ends_upload = |said: &Said| meaning(&said.code) == Some(Meaning::UploadIsLost);
        self.kind == Kind::Transient && !self.said.as_ref().is_some_and(ends_upload)
    }

    /// Whether nobody said what is wrong, as nobody can in answer to `HEAD`.
    pub(super) fn is_unsaid(&self) -> bool {
        self.said.is_none()
    }

    /// What S3 said, on one line; `None` where it said nothing.
    pub(super) fn told(&self) -> Option<String> {
        let Said { code, message } = self.said.as_ref()?;
        Some(if message.is_empty() {
            code.clone()
        } else {
            format!("{code}: {message}")
        })
    }

    /// What to look at where the answer alone does not say it.
    pub(super) fn hint(&self) -> Option<&'static str> {
        self.hint
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.told() {
            Some(told) => f.write_str(&told),
            None if tells_of_the_server(self.status.as_u16()) => {
                write!(f, "the answer is {}", self.status)
            }
            None => write!(f, "the answer is {}, and it is none of S3's", self.status),
        }
    }
}

impl StdError for Refusal {}

impl Said {
    /// `None` where a secret stands in the code.
    fn fit_to_print(self, secrets: &Secrets) -> Option<Self> {
        let words: Vec<&str> = self.message.split_whitespace().collect();
        let message = secrets.hidden_in(&words.join(" "));
        // More may be said after it.
        let message = message.trim_end_matches('.').to_owned();
        (secrets.hidden_in(&self.code) == self.code).then_some(Self { message, ..self })
    }
}

/// Whether a body is S3's document for what is wrong.
pub(super) fn is_error(body: &[u8]) -> bool {
    xml::root(body).as_deref() == Some("Error") && in_body(body).is_some()
}

/// What the document says, of which the end may be missing.
fn in_body(body: &[u8]) -> Option<Said> {
    let (mut code, mut message) = (None, String::new());
    // What came before the end counts.
    let _ = xml::walk(body, |element| match element.path {
        ["Error", "Code"] | ["ErrorResponse", "Error", "Code"] if code.is_none() => {
            code = Some(element.text.trim().to_owned());
        }
        ["Error", "Message"] | ["ErrorResponse", "Error", "Message"] => {
            element.text.clone_into(&mut message);
        }
        _ => {}
    });
    let code = code.filter(|code| is_code(code))?;
    Some(Said { code, message })
}

/// `MinIO` says it here too, also in answer to `HEAD`.
fn in_headers(headers: &HeaderMap) -> Option<Said> {
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let code = header("x-minio-error-code").filter(|code| is_code(code))?;
    let message = header("x-minio-error-desc").unwrap_or_default();
    Some(Said {
        code: code.to_owned(),
        message: message.trim_matches('"').to_owned(),
    })
}

fn is_code(text: &str) -> bool {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !text.is_empty() && text.len() <= LONGEST_CODE && text.chars().all(is_fit)
}

/// Statuses that whoever stands on the way may use as well as S3, for both mean the same by them.
fn tells_of_the_server(status: u16) -> bool {
    matches!(status, 300..=303 | 305..=399 | 408 | 425 | 429 | 499 | 500..)
}

fn kind(asked: &Asked, status: u16, code: Option<&str>, by_s3: bool) -> Kind {
    let creates = matches!(asked, Asked::Put { create: true });
    let kind = match code.and_then(meaning) {
        Some(Meaning::Kind(kind)) => kind,
        Some(Meaning::UploadIsLost) => Kind::Transient,
        Some(Meaning::Precondition) if creates => Kind::AlreadyExists,
        Some(Meaning::Precondition) => Kind::Changed,
        None if by_s3 && creates && matches!(status, 409 | 412) => Kind::AlreadyExists,
        // An unknown code may mean that something other than the object is missing.
        None if status == 404 && code.is_some() => Kind::Transient,
        None => of_status(status, by_s3),
    };
    match (asked, kind) {
        // Without the right to list, or without credentials, a run cannot go on.
        (Asked::List, Kind::Refused)
        | (Asked::Credentials, Kind::Refused | Kind::Other | Kind::NotFound) => Kind::Credentials,
        (Asked::List, Kind::NotFound) => Kind::BucketGone,
        (_, kind) => kind,
    }
}

/// What a status means where nothing more is said.
fn of_status(status: u16, by_s3: bool) -> Kind {
    match status {
        // A redirect concerns every request, whoever gives it.
        300..=303 | 305..=399 => Kind::Elsewhere,
        501 => Kind::Unsupported,
        507 => Kind::NoSpace,
        // Too much for whoever stands on the way, whatever is asked for next.
        413 | 414 | 431 => Kind::Other,
        _ if !by_s3 => Kind::Transient,
        401 => Kind::Credentials,
        403 => Kind::Refused,
        404 => Kind::NotFound,
        304 | 412 | 416 => Kind::Changed,
        ..=299 | 408 | 425 | 429 | 499.. => Kind::Transient,
        _ => Kind::Other,
    }
}

fn hint(
    asked: &Asked,
    status: u16,
    code: Option<&str>,
    kind: Kind,
    by_s3: bool,
) -> Option<&'static str> {
    let lists = *asked == Asked::List;
    match kind {
        Kind::Elsewhere => Some(
            "the bucket is elsewhere: config.endpoint and config.region are to name the place where it is",
        ),
        _ if code == Some("RequestTimeTooSkewed") => Some("the clock of this machine is wrong"),
        Kind::Unsupported if lists => Some(
            "a server that knows version 1 of ListObjects only is asked for it with config.list_objects_version: v1",
        ),
        Kind::Transient
            if !by_s3 && (400..500).contains(&status) && !tells_of_the_server(status) =>
        {
            Some("something on the way to S3 answers, or config.endpoint is that of something else")
        }
        _ if status == 413 => Some(
            "something on the way takes no request of that size: config.part_size is the size of the largest",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
