//! An answer that gives nothing: what was refused and why, or that the answer was not the bucket's at all.
//!
//! S3 says what is wrong in a document of its own. Anything else comes from what stands between: an ingress without a backend, a proxy, a page to log
//! in. Whatever its status is, it says nothing of an object.

use std::error::Error as StdError;
use std::fmt;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::asked::Asked;
use super::code::{Meaning, is_of_path_style, meaning};
use super::dialect::Hints;
use super::region::element;
use crate::error::Kind;
use crate::http::said::{
    Said, is_code, is_from_something_else, of_status, tells_of_the_server, wants_tls,
};
use crate::http::secrets::Secrets;
use crate::http::xml;

/// An answer that gives nothing.
#[derive(Debug)]
pub(super) struct Refusal {
    kind: Kind,
    status: StatusCode,
    said: Option<Said>,
    hint: Option<&'static str>,
}

impl Refusal {
    /// Reads an answer, with as much of its body as was read. Secrets are removed.
    pub(super) fn of(
        asked: &Asked,
        (status, headers, body): (StatusCode, &HeaderMap, &[u8]),
        secrets: &Secrets,
        hints: &Hints,
    ) -> Self {
        let said = in_body(body)
            .or_else(|| in_headers(headers))
            .and_then(|said| said.fit_to_print(secrets));
        let by_s3 = said.is_some() || (body.is_empty() && has_request_id(headers));
        let code = said.as_ref().map(|said| said.code.as_str());
        if !by_s3 && wants_tls(body) {
            return Self {
                kind: Kind::Other,
                status,
                said,
                hint: Some(hints.plain),
            };
        }
        let kind = match &said {
            Some(said) if is_of_another_place(said, body) => Kind::Elsewhere,
            _ => kind(asked, status, code, by_s3),
        };
        Self {
            kind,
            status,
            hint: hint(asked, (status, code, kind), by_s3, hints),
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

    /// Whether it says that there is no such upload.
    pub(super) fn lacks_upload(&self) -> bool {
        self.said
            .as_ref()
            .is_some_and(|said| said.code == "NoSuchUpload")
    }

    /// Whether it says that something that was asked with it is wrong.
    pub(super) fn is_of_an_argument(&self) -> bool {
        self.said
            .as_ref()
            .is_some_and(|said| said.code == "InvalidArgument")
    }

    /// Whether nobody said what is wrong, as nobody can in answer to `HEAD`.
    pub(super) fn is_unsaid(&self) -> bool {
        self.said.is_none()
    }

    /// Whether nothing is said but that one does not ask for this in that way.
    pub(super) fn is_of_the_method(&self) -> bool {
        self.status == StatusCode::METHOD_NOT_ALLOWED
    }

    /// What S3 said, on one line; `None` where it said nothing.
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
            None if tells_of_the_server(self.status) => {
                write!(f, "the answer is {}", self.status)
            }
            None => write!(f, "the answer is {}, and it is none of S3's", self.status),
        }
    }
}

impl StdError for Refusal {}

/// Whether the headers include the number that S3 gives each request; vendors have names of their own for it.
pub(super) fn has_request_id(headers: &HeaderMap) -> bool {
    const NAMES: [&str; 5] = [
        "x-amz-request-id",
        "x-cos-request-id",
        "x-oss-request-id",
        "x-obs-request-id",
        "x-bce-request-id",
    ];
    NAMES.iter().any(|name| headers.contains_key(*name))
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

/// OSS says with a code of every day that the bucket is in another region, in the words that Amazon has beside a code of its own, and names the endpoint.
fn is_of_another_place(said: &Said, body: &[u8]) -> bool {
    let words = "must be addressed using the specified endpoint";
    let names_another = || element(body, "Endpoint").is_some_and(|other| !other.trim().is_empty());
    said.code == "AccessDenied" && (said.message.contains(words) || names_another())
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

fn kind(asked: &Asked, status: StatusCode, code: Option<&str>, by_s3: bool) -> Kind {
    let creates = matches!(asked, Asked::Put { create: true });
    let kind = match code.and_then(meaning) {
        Some(Meaning::Kind(kind)) => kind,
        Some(Meaning::UploadIsLost) => Kind::Transient,
        Some(Meaning::Precondition) if creates => Kind::AlreadyExists,
        Some(Meaning::Precondition) => Kind::Changed,
        None if by_s3 && creates && matches!(status.as_u16(), 409 | 412) => Kind::AlreadyExists,
        // An unknown code may mean that something other than the object is missing.
        None if status == StatusCode::NOT_FOUND && code.is_some() => Kind::Transient,
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

/// What to look at where the answer is none of S3's.
pub(super) const SOMETHING_ELSE: &str =
    "something on the way to S3 answers, or config.endpoint is that of something else";

fn hint(
    asked: &Asked,
    (status, code, kind): (StatusCode, Option<&str>, Kind),
    by_s3: bool,
    hints: &Hints,
) -> Option<&'static str> {
    let lists = *asked == Asked::List;
    match kind {
        _ if code.is_some_and(is_of_path_style) => Some(hints.in_path),
        // To whom a copy's source is unknown, it is so by its name alone.
        Kind::BucketGone if code == Some("NoSuchBucket") && *asked != Asked::Copy => {
            hints.no_bucket
        }
        Kind::Elsewhere => Some(hints.elsewhere),
        _ if code == Some("RequestTimeTooSkewed") => Some("the clock of this machine is wrong"),
        Kind::Unsupported if lists => hints.listing,
        Kind::Transient if is_from_something_else(status, by_s3) => Some(SOMETHING_ELSE),
        _ if status == StatusCode::PAYLOAD_TOO_LARGE => Some(hints.too_large),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
