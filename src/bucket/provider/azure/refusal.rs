//! An answer that gives nothing: what was refused and why, or that the answer was not Azure's at all.
//!
//! Each answer of Azure's bears its version or the request's id. Anything else comes from what stands between: an ingress without a backend, a proxy,
//! a page to log in. Whatever its status is, it says nothing of an object.

use std::error::Error as StdError;
use std::fmt;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::asked::Asked;
use super::code::{ends_upload, meaning};
use crate::bucket::http::said::{
    Said, contains, is_code, is_from_something_else, of_status, tells_of_the_server,
};
use crate::bucket::http::secrets::Secrets;
use crate::bucket::http::xml;
use crate::error::Kind;

/// What a client does not like about an answer that gives what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Odd {
    /// A good answer without what each of Azure's has.
    Foreign,
    /// Nothing says which version of the object was put or read.
    Untagged,
    /// The copy goes on behind the answer, or has failed.
    NotCopied,
}

/// An answer that gives nothing.
#[derive(Debug)]
pub(super) struct Refusal {
    kind: Kind,
    status: StatusCode,
    said: Option<Said>,
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
        let by_azure = said.is_some() || is_azures(headers);
        let code = said.as_ref().map(|said| said.code.as_str());
        let kind = kind(asked, status, code, by_azure);
        Self {
            kind,
            status,
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

    /// A good answer that cannot be one.
    pub(super) fn odd(status: StatusCode, odd: Odd) -> Self {
        Self {
            kind: Kind::Transient,
            status,
            said: None,
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
            (_, Some(told)) => f.write_str(&told),
            (None, None) if tells_of_the_server(self.status) => {
                write!(f, "the answer is {}", self.status)
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
    let creates = asked == Asked::Put { create: true };
    let kind = match code.and_then(|code| meaning(code, asked)) {
        Some(kind) => kind,
        None if by_azure && creates && matches!(status.as_u16(), 409 | 412) => Kind::AlreadyExists,
        // An unknown code may mean that something other than the object is missing.
        None if status == StatusCode::NOT_FOUND && code.is_some() => Kind::Transient,
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

#[cfg(test)]
mod tests;
