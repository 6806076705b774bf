//! An answer that gives nothing: what was refused and why, or that the answer was not the service's at all.
//!
//! The service says what is wrong in a document of its own, or in a line of text where an object was asked for, and signs every answer with an id.
//! Anything else comes from what stands between: an ingress without a backend, a proxy, a page to log in. Whatever its status is, it says nothing of
//! an object.

use std::error::Error as StdError;
use std::fmt;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;

use super::asked::Asked;
use crate::error::Kind;
use crate::http::said::{
    self, Said, is_code, is_from_something_else, tells_of_the_server, wants_tls,
};
use crate::http::secrets::Secrets;
use crate::http::xml;

/// The header that every answer of the service bears.
const SIGNATURE: &str = "x-guploader-uploadid";

/// An answer that gives nothing.
#[derive(Debug)]
pub(super) struct Refusal {
    kind: Kind,
    status: StatusCode,
    said: Option<Said>,
    is_signed: bool,
    is_services: bool,
    hint: Option<&'static str>,
}

#[derive(Deserialize)]
struct Document {
    error: Details,
}

#[derive(Deserialize)]
struct Details {
    #[serde(default)]
    message: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    errors: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    #[serde(default)]
    reason: String,
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
        let is_signed = headers.contains_key(SIGNATURE);
        let said = in_json(body)
            .or_else(|| in_xml(body))
            .or_else(|| in_text(body).filter(|_| is_signed));
        let is_services = is_signed || said.is_some();
        let said = said.and_then(|said| said.fit_to_print(secrets));
        if !is_services && wants_tls(body) {
            return Self {
                kind: Kind::Other,
                status,
                said,
                is_signed,
                is_services,
                hint: Some(
                    "the server speaks TLS: STORAGE_EMULATOR_HOST is to begin with https://",
                ),
            };
        }
        let kind = kind(asked, status, said.as_ref(), is_services);
        Self {
            kind,
            status,
            hint: hint(asked, status, kind, is_services),
            said,
            is_signed,
            is_services,
        }
    }

    /// What it means to whoever asked.
    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether the very same request may fare better.
    pub(super) fn may_pass(&self) -> bool {
        self.kind == Kind::Transient && !matches!(self.status.as_u16(), 404 | 410)
    }

    /// Whether the answer is the service's own.
    pub(super) fn is_services(&self) -> bool {
        self.is_services
    }

    /// Whether somebody says that nothing is there, and nothing shows that it is the service.
    pub(super) fn is_nobodys_absence(&self) -> bool {
        self.status == StatusCode::NOT_FOUND && !self.is_services
    }

    /// Whether it says in the service's words that nothing is there, and does not bear the service's signature: others speak as the service does, and
    /// know other objects.
    pub(super) fn is_unsigned_absence(&self) -> bool {
        self.kind == Kind::NotFound && !self.is_signed
    }

    /// Whether it says so of the bucket.
    pub(super) fn is_unsigned_end(&self) -> bool {
        self.kind == Kind::BucketGone && !self.is_signed
    }

    /// What the service said, on one line; `None` where it said nothing.
    pub(super) fn told(&self) -> Option<String> {
        self.said.as_ref().map(Said::told)
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
            None if self.is_services || tells_of_the_server(self.status) => {
                write!(f, "the answer is {}", self.status)
            }
            None => write!(
                f,
                "the answer is {}, and it is none of Google Cloud Storage's",
                self.status
            ),
        }
    }
}

impl StdError for Refusal {}

fn in_json(body: &[u8]) -> Option<Said> {
    let Document { error } = serde_json::from_slice(body).ok()?;
    let reasons = error.errors.into_iter().map(|reason| reason.reason);
    let code = reasons.chain([error.status]).find(|code| is_code(code));
    Some(Said {
        code: code.unwrap_or_default(),
        message: error.message,
    })
}

fn in_xml(body: &[u8]) -> Option<Said> {
    let (mut code, mut message) = (None, String::new());
    let _ = xml::walk(body, |element| match element.path {
        ["Error", "Code"] if code.is_none() => code = Some(element.text.trim().to_owned()),
        ["Error", "Message"] => element.text.clone_into(&mut message),
        _ => {}
    });
    let code = code.filter(|code| is_code(code))?;
    Some(Said { code, message })
}

/// A line without markup, in answer to who asked for an object.
fn in_text(body: &[u8]) -> Option<Said> {
    let text = std::str::from_utf8(body).ok()?.trim();
    let is_line = !text.is_empty() && text.len() <= 4096 && !text.contains(['<', '{', '\n']);
    is_line.then(|| Said {
        code: String::new(),
        message: text.to_owned(),
    })
}

fn kind(asked: &Asked, status: StatusCode, said: Option<&Said>, is_services: bool) -> Kind {
    let code = said.map_or("", |said| said.code.as_str());
    let kind = match code {
        "rateLimitExceeded"
        | "userRateLimitExceeded"
        | "backendError"
        | "internalError"
        | "SlowDown" => Kind::Transient,
        "authError" | "accountDisabled" | "UNAUTHENTICATED" => Kind::Credentials,
        _ => of_status(asked, status, said, is_services),
    };
    match (asked, kind) {
        // Without the right to list, a run cannot go on.
        (Asked::List, Kind::Refused) => Kind::Credentials,
        (Asked::List | Asked::About | Asked::Put { .. } | Asked::Begin, Kind::NotFound) => {
            Kind::BucketGone
        }
        // The upload is lost, and another one can be begun.
        (Asked::Piece, Kind::NotFound) => Kind::Transient,
        (_, Kind::NotFound) if said.is_some_and(is_of_the_bucket) => Kind::BucketGone,
        (Asked::Put { create: true }, Kind::Changed) => Kind::AlreadyExists,
        (_, kind) => kind,
    }
}

fn of_status(asked: &Asked, status: StatusCode, said: Option<&Said>, is_services: bool) -> Kind {
    match status.as_u16() {
        // The service knows conditions; whoever says that it does not is somebody else, and no reason to put without one.
        501 if *asked == (Asked::Put { create: true }) => Kind::Transient,
        410 if is_services => Kind::NotFound,
        // Other bytes came than were sent.
        400 if said.is_some_and(is_of_a_checksum) => Kind::Transient,
        // Somebody else was at it at the same moment.
        409 if matches!(
            asked,
            Asked::Put { .. } | Asked::Piece | Asked::Rewrite | Asked::Delete
        ) =>
        {
            Kind::Transient
        }
        _ => said::of_status(status, is_services),
    }
}

fn is_of_the_bucket(said: &Said) -> bool {
    let message = said.message.to_ascii_lowercase();
    message.contains("bucket does not exist") || message.contains("bucket not found")
}

fn is_of_a_checksum(said: &Said) -> bool {
    let message = said.message.to_ascii_lowercase();
    let names_one = ["crc32c", "md5", "checksum", "hash"]
        .iter()
        .any(|name| message.contains(name));
    names_one && message.contains("match")
}

/// What to look at where the answer is none of the service's.
pub(super) const SOMETHING_ELSE: &str = "something on the way to Google Cloud Storage answers, or STORAGE_EMULATOR_HOST names something else";

fn hint(asked: &Asked, status: StatusCode, kind: Kind, is_services: bool) -> Option<&'static str> {
    match kind {
        Kind::Elsewhere => Some(
            "the service is elsewhere: STORAGE_EMULATOR_HOST, where it is set, is to name the place where it is",
        ),
        Kind::Transient if is_from_something_else(status, is_services) => Some(SOMETHING_ELSE),
        Kind::Credentials if status == StatusCode::FORBIDDEN && *asked == Asked::List => {
            Some("storage.objects.list is what it takes to list a bucket")
        }
        _ if status == StatusCode::PAYLOAD_TOO_LARGE => Some(
            "something on the way takes no request of that size: config.chunk_size_bytes is the size of the largest",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
