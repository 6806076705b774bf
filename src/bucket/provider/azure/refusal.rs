//! An answer that gives nothing: what was refused and why, or that the answer was not Azure's at all.
//!
//! Each answer of Azure's bears its version or the request's id. Anything else comes from what stands between: an ingress without a backend, a proxy,
//! a page to log in. Whatever its status is, it says nothing of an object. That something is absent is believed of Azure alone, and where it says what:
//! with nothing there, other things are done than with an object that is not seen.

use std::error::Error as StdError;
use std::fmt;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::asked::Asked;
use super::code::{ends_upload, meaning};
use crate::error::Kind;
use crate::http::said::{
    Said, contains, is_code, is_from_something_else, of_status, tells_of_the_server,
};
use crate::http::secrets::Secrets;
use crate::http::xml;

/// What a client does not like about an answer that gives what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Odd {
    /// A good answer without what each of Azure's has.
    Foreign,
    /// Nothing says which version of the object was put or read.
    Untagged,
    /// The copy has failed, or the answer tells of none.
    NotCopied,
    /// The copy goes on behind the answer.
    Pending,
}

impl Odd {
    fn kind(self) -> Kind {
        match self {
            Self::Foreign | Self::Untagged | Self::NotCopied => Kind::Transient,
            // It is not waited for.
            Self::Pending => Kind::Unsupported,
        }
    }
}

/// An answer that gives nothing.
#[derive(Debug)]
pub(super) struct Refusal {
    kind: Kind,
    status: StatusCode,
    said: Option<Said>,
    by_azure: bool,
    hint: Option<&'static str>,
    odd: Option<Odd>,
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
        let is_skew = contains(body, b"Request date header too old");
        let said = said(headers, body).and_then(|said| said.fit_to_print(secrets));
        // Emulators give the same code to who is not known at all.
        let is_kept_out = contains(body, b"not authorized");
        let is_signed = is_azures(headers);
        let by_azure = said.is_some() || is_signed;
        let code = said.as_ref().map(|said| said.code.as_str());
        let kind = match kind(asked, status, code, by_azure) {
            Kind::NotFound | Kind::BucketGone if !is_signed => Kind::Transient,
            kind => kind,
        };
        Self {
            kind,
            status,
            by_azure,
            hint: if is_skew {
                Some("the clock of this machine is wrong")
            } else if is_kept_out && code == Some("AuthorizationFailure") {
                Some("the account's network rules may keep this machine out")
            } else {
                hint(asked, status, code, kind, by_azure)
            },
            said,
            odd: None,
        }
    }

    /// The same where no role authorises the request, but a shared access signature: which of its letters is missing, where one is.
    pub(super) fn of_a_signature(self, asked: Asked) -> Self {
        let hint = match self.said.as_ref().map(|said| said.code.as_str()) {
            Some("AuthorizationPermissionMismatch") => missing_right(asked),
            Some("AuthorizationResourceTypeMismatch") => {
                "the shared access signature is to be for containers and objects: c and o are to be in its srt"
            }
            Some("AuthorizationServiceMismatch") => {
                "the shared access signature is to be for blobs: b is to be in its ss"
            }
            _ => return self,
        };
        Self {
            hint: Some(hint),
            ..self
        }
    }

    /// A good answer that cannot be one.
    pub(super) fn odd(status: StatusCode, odd: Odd) -> Self {
        Self {
            kind: odd.kind(),
            status,
            said: None,
            by_azure: odd != Odd::Foreign,
            hint: (odd == Odd::Foreign).then_some(SOMETHING_ELSE),
            odd: Some(odd),
        }
    }

    /// What it means to whoever asked.
    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether the very same request may fare better.
    pub(super) fn may_pass(&self) -> bool {
        let ends_upload = |said: &Said| ends_upload(&said.code);
        self.kind == Kind::Transient && !self.said.as_ref().is_some_and(ends_upload)
    }

    /// Whether Azure says that the container is missing.
    pub(super) fn lacks_container(&self) -> bool {
        let is_missing = |said: &Said| said.code == "ContainerNotFound";
        self.kind == Kind::BucketGone && self.said.as_ref().is_some_and(is_missing)
    }

    /// What Azure said, on one line; `None` where it said nothing.
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
        match (self.odd, self.told()) {
            (Some(Odd::Untagged), _) => f.write_str("the answer bears no entity tag"),
            (Some(Odd::NotCopied), _) => {
                f.write_str("the answer does not say that anything was copied")
            }
            (Some(Odd::Pending), _) => {
                f.write_str("the copy was to be there with the answer, and goes on behind it")
            }
            (_, Some(told)) => f.write_str(&told),
            (None, None) if tells_of_the_server(self.status) => {
                write!(f, "the answer is {}", self.status)
            }
            (None, None) if self.by_azure => {
                write!(f, "the answer is {}, and has no code", self.status)
            }
            _ => write!(
                f,
                "the answer is {}, and it is none of Azure's",
                self.status
            ),
        }
    }
}

impl StdError for Refusal {}

const SOMETHING_ELSE: &str =
    "something on the way to Azure answers, or the endpoint is that of something else";

/// Whether the headers include one that each answer of Azure's has.
pub(super) fn is_azures(headers: &HeaderMap) -> bool {
    ["x-ms-request-id", "x-ms-version", CODE]
        .iter()
        .any(|name| headers.contains_key(*name))
}

/// Whether the headers say that a copy is there.
pub(super) fn is_copied(headers: &HeaderMap) -> bool {
    headers.get(COPY).is_some_and(|status| status == "success")
}

/// Whether the headers say that a copy is still to be there.
pub(super) fn is_pending(headers: &HeaderMap) -> bool {
    headers.get(COPY).is_some_and(|status| status == "pending")
}

const COPY: &str = "x-ms-copy-status";

const CODE: &str = "x-ms-error-code";

/// What the header and the document say, of which the end may be missing. An answer to `HEAD` has the header alone.
fn said(headers: &HeaderMap, body: &[u8]) -> Option<Said> {
    let (mut code, mut message) = (None, String::new());
    // What came before the end counts.
    let _ = xml::walk(body, |element| match element.path {
        ["Error", "Code"] if code.is_none() => code = Some(element.text.trim().to_owned()),
        ["Error", "Message"] => element.text.clone_into(&mut message),
        _ => {}
    });
    let in_header = headers.get(CODE).and_then(|code| code.to_str().ok());
    let code = in_header.map(|code| code.trim().to_owned()).or(code);
    let code = code.filter(|code| is_code(code))?;
    // What follows helps Microsoft only, and is different each time.
    let message = message.split("RequestId:").next().unwrap_or_default();
    Some(Said {
        code,
        message: message.to_owned(),
    })
}

fn kind(asked: Asked, status: StatusCode, code: Option<&str>, by_azure: bool) -> Kind {
    let kind = match code.and_then(|code| meaning(code, asked)) {
        Some(kind) => kind,
        // Azure says what is missing: without a code, or with an unknown one, it may be something other than the object.
        None if status == StatusCode::NOT_FOUND => Kind::Transient,
        // It says as well what is in the way; a lease or a policy may be.
        None if by_azure && asked.changes() && matches!(status.as_u16(), 409 | 412) => Kind::Other,
        None => of_status(status, by_azure),
    };
    match (asked, kind) {
        // Without the right to list a run cannot go on.
        (Asked::List, Kind::Refused) => Kind::Credentials,
        (Asked::List, Kind::NotFound) => Kind::BucketGone,
        (_, kind) => kind,
    }
}

fn hint(
    asked: Asked,
    status: StatusCode,
    code: Option<&str>,
    kind: Kind,
    by_azure: bool,
) -> Option<&'static str> {
    match kind {
        Kind::Elsewhere => {
            Some("the container is elsewhere: config.endpoint is to name the place where it is")
        }
        _ if code == Some("AuthorizationPermissionMismatch") => {
            Some("a role such as Storage Blob Data Contributor is missing on the container")
        }
        _ if matches!(code, Some("InvalidBlobOrBlock" | "InvalidBlockId"))
            && asked == Asked::Block =>
        {
            Some(
                "blocks of another program's upload, which nobody completed, lie there for a week at most; their names are of another length",
            )
        }
        Kind::Transient if is_from_something_else(status, by_azure) => Some(SOMETHING_ELSE),
        _ => None,
    }
}

/// What that takes of a shared access signature.
fn missing_right(asked: Asked) -> &'static str {
    match asked {
        Asked::List => "the shared access signature lacks the right to list: l is to be in its sp",
        Asked::About | Asked::Read | Asked::Head => {
            "the shared access signature lacks the right to read: r is to be in its sp"
        }
        Asked::Delete => {
            "the shared access signature lacks the right to delete: d is to be in its sp"
        }
        Asked::Put { .. }
        | Asked::Block
        | Asked::Assemble
        | Asked::Copy
        | Asked::CopyBlock
        | Asked::AbortCopy => {
            "the shared access signature lacks the right to write: w is to be in its sp"
        }
        Asked::MakeContainer => {
            "only a shared access signature for the account makes containers: w is to be in its sp and c in its srt"
        }
    }
}

#[cfg(test)]
mod tests;
