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
use crate::bucket::http::secrets::Secrets;
use crate::bucket::http::xml;
use crate::error::Kind;

/// Codes are single words.
const LONGEST_CODE: usize = 100;

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

/// What Azure says is wrong.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    code: String,
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
        let is_skew = contains(body, b"Request date header too old");
        let said = said(headers, body).and_then(|said| said.fit_to_print(secrets));
        // Emulators give the same code to who is not known at all.
        let is_kept_out = contains(body, b"not authorized");
        let by_azure = said.is_some() || is_azures(headers);
        let code = said.as_ref().map(|said| said.code.as_str());
        let kind = kind(asked, status.as_u16(), code, by_azure);
        Self {
            kind,
            status,
            hint: if is_skew {
                Some("the clock of this machine is wrong")
            } else if is_kept_out && code == Some("AuthorizationFailure") {
                Some("the account's network rules may keep this machine out")
            } else {
                hint(asked, status.as_u16(), code, kind, by_azure)
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
        match (self.odd, self.told()) {
            (Some(Odd::Untagged), _) => f.write_str("the answer bears no entity tag"),
            (Some(Odd::NotCopied), _) => {
                f.write_str("the answer does not say that anything was copied")
            }
            (_, Some(told)) => f.write_str(&told),
            (None, None) if tells_of_the_server(self.status.as_u16()) => {
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

impl Said {
    /// `None` where a secret stands in the code.
    fn fit_to_print(self, secrets: &Secrets) -> Option<Self> {
        // What follows helps Microsoft only, and is different each time.
        let message = self.message.split("RequestId:").next().unwrap_or_default();
        let words: Vec<&str> = message.split_whitespace().collect();
        let message = secrets.hidden_in(&words.join(" "));
        let message = message.trim_end_matches('.').to_owned();
        (secrets.hidden_in(&self.code) == self.code).then_some(Self { message, ..self })
    }
}

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
    Some(Said { code, message })
}

fn is_code(text: &str) -> bool {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !text.is_empty() && text.len() <= LONGEST_CODE && text.chars().all(is_fit)
}

fn contains(body: &[u8], words: &[u8]) -> bool {
    body.windows(words.len()).any(|part| part == words)
}

/// Statuses that whoever stands on the way may use as well as Azure, for both mean the same by them.
fn tells_of_the_server(status: u16) -> bool {
    matches!(status, 300..=303 | 305..=399 | 408 | 425 | 429 | 499 | 500..)
}

fn kind(asked: Asked, status: u16, code: Option<&str>, by_azure: bool) -> Kind {
    let creates = asked == Asked::Put { create: true };
    let kind = match code.and_then(|code| meaning(code, asked)) {
        Some(kind) => kind,
        None if by_azure && creates && matches!(status, 409 | 412) => Kind::AlreadyExists,
        // An unknown code may mean that something other than the object is missing.
        None if status == 404 && code.is_some() => Kind::Transient,
        None => of_status(status, by_azure),
    };
    match (asked, kind) {
        // Without the right to list a run cannot go on.
        (Asked::List, Kind::Refused) => Kind::Credentials,
        (Asked::List, Kind::NotFound) => Kind::BucketGone,
        (_, kind) => kind,
    }
}

/// What a status means where nothing more is said.
fn of_status(status: u16, by_azure: bool) -> Kind {
    match status {
        // A redirect concerns every request, whoever gives it.
        300..=303 | 305..=399 => Kind::Elsewhere,
        501 => Kind::Unsupported,
        507 => Kind::NoSpace,
        // Too much for whoever stands on the way, whatever is asked for next.
        413 | 414 | 431 => Kind::Other,
        _ if !by_azure => Kind::Transient,
        401 => Kind::Credentials,
        403 => Kind::Refused,
        404 => Kind::NotFound,
        304 | 412 | 416 => Kind::Changed,
        ..=299 | 408 | 425 | 429 | 499.. => Kind::Transient,
        _ => Kind::Other,
    }
}

fn hint(
    asked: Asked,
    status: u16,
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
        Kind::Transient
            if !by_azure && (400..500).contains(&status) && !tells_of_the_server(status) =>
        {
            Some(SOMETHING_ELSE)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
