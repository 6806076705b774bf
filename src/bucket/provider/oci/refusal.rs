//! An answer that gives nothing: what was refused and why, or that the answer was not the service's at all.
//!
//! The service says what is wrong in a document, `{"code": …, "message": …}`, but where only the head of an answer was asked for, and every answer
//! of its bears an id. Anything else comes from what stands between: a proxy, a page to log in. Whatever its status is, it says nothing of an object.
//!
//! What somebody has no right to is said not to be there: a 404 alone is no proof of an absence. And now and then a bucket that is there is denied in
//! passing, so that this is asked once more.

use std::error::Error as StdError;
use std::fmt;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;

use super::asked::Asked;
use super::config::Signs;
use crate::error::Kind;
use crate::http::said::{
    self, Said, is_code, is_from_something_else, tells_of_the_server, wants_tls,
};
use crate::http::secrets::Secrets;

/// The header that every answer of the service bears.
const ID: &str = "opc-request-id";

/// An answer that gives nothing.
#[derive(Debug)]
pub(super) struct Refusal {
    kind: Kind,
    status: StatusCode,
    said: Option<Said>,
    is_services: bool,
    hint: Option<&'static str>,
}

#[derive(Deserialize)]
struct Document {
    code: String,
    #[serde(default)]
    message: String,
}

impl Refusal {
    /// Reads an answer, with as much of its body as was read. Secrets are removed.
    pub(super) fn of(
        asked: Asked,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        secrets: &Secrets,
    ) -> Self {
        let said = in_json(body);
        let is_services = headers.contains_key(ID) || said.is_some();
        let said = said.and_then(|said| said.fit_to_print(secrets));
        if !is_services && wants_tls(body) {
            return Self {
                kind: Kind::Other,
                status,
                said,
                is_services,
                hint: Some(
                    "the server speaks TLS: OCI_OBJECT_STORAGE_ENDPOINT is to begin with https://",
                ),
            };
        }
        let kind = kind(asked, status, said.as_ref(), is_services);
        Self {
            kind,
            status,
            hint: hint(asked, status, kind, is_services),
            said,
            is_services,
        }
    }

    /// What it means to whoever asked.
    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether the very same request may fare better. An upload that is gone stays gone, and a part that is another than was put remains so.
    pub(super) fn may_pass(&self) -> bool {
        let is_absent = self.status == StatusCode::NOT_FOUND;
        self.kind == Kind::Transient && !is_absent && !self.says(OTHER_PART)
    }

    /// Whether a bucket, or a namespace, is said not to be there. Some are denied in passing.
    pub(super) fn is_denial(&self) -> bool {
        let is_absent = self.status == StatusCode::NOT_FOUND;
        match self.kind {
            Kind::BucketGone => true,
            Kind::Credentials => is_absent,
            _ => false,
        }
    }

    /// The same, of a request that was signed with that.
    pub(super) fn signed_with(mut self, signs: Signs) -> Self {
        if self.kind == Kind::Credentials && self.status == StatusCode::UNAUTHORIZED {
            self.hint = Some(match signs {
                Signs::Key => KEY,
                Signs::Session => SESSION,
                Signs::Machine => MACHINE,
            });
        }
        self
    }

    /// Whether it says that a bucket has no lifecycle policy.
    pub(super) fn lacks_policy(&self) -> bool {
        self.says("LifecyclePolicyNotFound")
    }

    fn says(&self, code: &str) -> bool {
        self.said.as_ref().is_some_and(|said| said.code == code)
    }

    /// Whether it says that an object is not there, and may say so of one that must not be seen.
    pub(super) fn is_doubtful_absence(&self) -> bool {
        let is_plain = self.said.as_ref().is_some_and(|said| {
            said.code == "ObjectNotFound" && !said.message.contains("authorized")
        });
        self.kind == Kind::NotFound && !is_plain
    }

    /// Whether it says so of the bucket.
    pub(super) fn is_doubtful_end(&self) -> bool {
        self.kind == Kind::BucketGone
    }

    /// Whether it says that there is no such upload, or none any more.
    pub(super) fn lacks_upload(&self) -> bool {
        self.status == StatusCode::NOT_FOUND && self.kind == Kind::Transient && self.is_services
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
                "the answer is {}, and it is none of Oracle's Object Storage",
                self.status
            ),
        }
    }
}

impl StdError for Refusal {}

fn in_json(body: &[u8]) -> Option<Said> {
    let Document { code, message } = serde_json::from_slice(body).ok()?;
    is_code(&code).then_some(Said { code, message })
}

fn kind(asked: Asked, status: StatusCode, said: Option<&Said>, is_services: bool) -> Kind {
    let code = said.map_or("", |said| said.code.as_str());
    let kind = match code {
        "TooManyRequests"
        | "InternalServerError"
        | "ServiceUnavailable"
        | "RequestTimeout"
        | "ConcurrentObjectUpdate"
        | "ConcurrentBucketUpdate"
        | "IncorrectState"
        | "ExternalServerIncorrectState"
        | "UnmatchedContentMD5"
        | "UnmatchedContentMd5"
        | "UnmatchedContentCRC32C"
        | "UnmatchedContentCrc32c" => Kind::Transient,
        // A part that was put more than once may be there as another try left it. Another upload heals that.
        OTHER_PART if asked == Asked::Commit => Kind::Transient,
        "NotAuthenticated" | "SignUpRequired" => Kind::Credentials,
        "NotAuthorized" | "Forbidden" => Kind::Refused,
        "BucketNotFound" | "NamespaceNotFound" => Kind::BucketGone,
        "ObjectNotFound" | "NotAuthorizedOrNotFound" | "LifecyclePolicyNotFound" => Kind::NotFound,
        "NotRestored" => Kind::Unreadable,
        "IfMatchFailed" | "IfNoneMatchFailed" | "NoEtagMatch" => Kind::Changed,
        "QuotaExceeded" | "LimitExceeded" | "StorageLimitExceeded" => Kind::NoSpace,
        code if code.contains("ReadOnly") => Kind::ReadOnly,
        code if code.contains("Retention") => Kind::Refused,
        _ => said::of_status(status, is_services),
    };
    match (asked, kind) {
        // Whatever is asked for next is refused as well.
        (Asked::Namespace, Kind::NotFound | Kind::BucketGone | Kind::Refused)
        // Without the right to list, a run cannot go on.
        | (Asked::List, Kind::Refused) => Kind::Credentials,
        // An upload is lost, and another one can be begun.
        (Asked::Part | Asked::Commit | Asked::Parts | Asked::Abort, Kind::NotFound) => {
            Kind::Transient
        }
        (Asked::List | Asked::Put { .. } | Asked::Begin, Kind::NotFound) => Kind::BucketGone,
        (Asked::Put { create: true }, Kind::Changed) => Kind::AlreadyExists,
        // Something of it is not what it was when it was put.
        (Asked::Commit, Kind::Changed) => Kind::Transient,
        (_, kind) => kind,
    }
}

/// What to look at where a signature is refused, by what was signed with.
const KEY: &str = "the key, its fingerprint, the user or the tenancy is not known there, or this machine's clock is off by more than 5 minutes";
const SESSION: &str = "the session has ended, which oci session refresh renews, so that the file that security_token_file names holds another token; or this machine's clock is off by more than 5 minutes";
const MACHINE: &str = "the session that this machine was given is not taken there, or its clock is off by more than 5 minutes";

/// What the service says of a part that is not the one that is to be committed.
const OTHER_PART: &str = "InvalidUploadPart";

/// What to look at where the answer is none of the service's.
pub(super) const SOMETHING_ELSE: &str = "something on the way to Oracle's Object Storage answers, or config.region names no region of it";

fn hint(asked: Asked, status: StatusCode, kind: Kind, is_services: bool) -> Option<&'static str> {
    match kind {
        Kind::Elsewhere => Some(
            "the service is elsewhere: config.region is to name the region where the bucket is",
        ),
        // A page for people, as a login asks for, has a good status.
        Kind::Transient
            if is_from_something_else(status, is_services)
                || status.is_success() && !is_services =>
        {
            Some(SOMETHING_ELSE)
        }
        Kind::Credentials if status == StatusCode::UNAUTHORIZED => Some(KEY),
        Kind::Credentials if asked == Asked::Namespace => {
            Some("whoever may use the tenancy may ask for its namespace")
        }
        Kind::BucketGone => Some(
            "the service says so too of a bucket that one may not list, for which it takes OBJECT_INSPECT; and config.region is to name the region where the bucket is",
        ),
        _ if status == StatusCode::PAYLOAD_TOO_LARGE => Some(
            "something on the way takes no request of that size: config.part_size is the size of the largest",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
