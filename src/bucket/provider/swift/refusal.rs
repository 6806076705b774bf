//! An answer that gives nothing: what was refused and why, or that the answer was not the service's at all.
//!
//! The service says what is wrong in a line of HTML or of text, and gives every answer the id of its transaction. Anything else comes from what stands
//! between: an ingress without a backend, a proxy, a page to log in. Whatever its status is, it says nothing of an object.

use std::error::Error as StdError;
use std::fmt;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::asked::Asked;
use crate::error::Kind;
use crate::http::said::{self, Said, is_from_something_else, tells_of_the_server, wants_tls};
use crate::http::secrets::Secrets;

/// Headers that answers of the service bear, and nobody else's.
const SIGNATURES: [&str; 4] = [
    "x-trans-id",
    "x-openstack-request-id",
    "x-container-object-count",
    "x-timestamp",
];

/// What is read of what an answer says.
const LONGEST: usize = 4096;

/// An answer that gives nothing.
#[derive(Debug)]
pub(super) struct Refusal {
    kind: Kind,
    status: StatusCode,
    said: Option<Said>,
    is_services: bool,
    hint: Option<&'static str>,
}

/// Whether an answer with these headers is the service's own.
pub(super) fn is_signed(headers: &HeaderMap) -> bool {
    SIGNATURES.iter().any(|name| headers.contains_key(*name))
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
        let words = words(body);
        let is_services = is_signed(headers) || words.as_deref().is_some_and(is_swifts);
        let said = words.filter(|_| is_services).map(|message| Said {
            code: String::new(),
            message,
        });
        let said = said.and_then(|said| said.fit_to_print(secrets));
        if !is_services && wants_tls(body) {
            return Self {
                kind: Kind::Other,
                status,
                said,
                is_services,
                hint: Some("the server speaks TLS, and an address with http:// was given for it"),
            };
        }
        let message = said.as_ref().map_or("", |said| said.message.as_str());
        let kind = kind(asked, status, message, is_services);
        Self {
            kind,
            status,
            hint: hint(asked, status, kind, is_services),
            said,
            is_services,
        }
    }

    /// The same, where one token after the other was refused: whoever says so, no further one helps.
    pub(super) fn of_every_token(self) -> Self {
        if self.status != StatusCode::UNAUTHORIZED {
            return self;
        }
        Self {
            kind: Kind::Credentials,
            hint: None,
            ..self
        }
    }

    /// What it means to whoever asked.
    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether the very same request may fare better.
    pub(super) fn may_pass(&self) -> bool {
        self.kind == Kind::Transient
    }

    /// What the service said, on one line, with the status; `None` where it said nothing.
    pub(super) fn told(&self) -> Option<String> {
        let said = self.said.as_ref()?.told();
        Some(format!("{said} ({})", self.status.as_u16()))
    }

    /// What to look at where the answer alone does not say it.
    pub(super) fn hint(&self) -> Option<&'static str> {
        self.hint
    }

    /// Whether somebody says that nothing is there, and nothing shows that it is the service.
    pub(super) fn is_unsigned_absence(&self) -> bool {
        !self.is_services && self.status == StatusCode::NOT_FOUND
    }

    /// Whether the service says that it has done nothing, and does not do it however often it is asked: for what is asked, and not for who asks or
    /// what else is there.
    pub(super) fn is_for_good(&self) -> bool {
        let is_of_what_is_asked = matches!(self.status.as_u16(), 400 | 405 | 411 | 413);
        self.is_services && is_of_what_is_asked && self.kind != Kind::Transient
    }

    /// Whether a listing is refused for how it was asked for.
    pub(super) fn is_of_the_question(&self) -> bool {
        self.is_services && self.status == StatusCode::PRECONDITION_FAILED
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not every status that the service has is one with a name.
        let reason = self.status.canonical_reason().unwrap_or_default();
        let status = format!("{} {reason}", self.status.as_u16());
        let status = status.trim_end();
        match self.told() {
            Some(told) => f.write_str(&told),
            None if self.is_services || tells_of_the_server(self.status) => {
                write!(f, "the answer is {status}")
            }
            None => write!(f, "the answer is {status}, and it is none of Swift's"),
        }
    }
}

impl StdError for Refusal {}

/// What an answer says, without markup and on one line.
fn words(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body.get(..LONGEST).unwrap_or(body));
    let mut words = String::new();
    let mut is_markup = false;
    let mut signs = text.chars().peekable();
    while let Some(c) = signs.next() {
        let begins = |next: &char| next.is_ascii_alphabetic() || "/!".contains(*next);
        match c {
            '<' if signs.peek().is_some_and(begins) => {
                is_markup = true;
                words.push(' ');
            }
            '>' if is_markup => is_markup = false,
            _ if is_markup => {}
            c => words.push(c),
        }
    }
    let words: Vec<&str> = words.split_whitespace().collect();
    let words = words.join(" ");
    (!words.is_empty()).then_some(words)
}

/// Whether words are those that the service has for what it does not find or do.
fn is_swifts(words: &str) -> bool {
    [
        "Not Found The resource could not be found.",
        "Unauthorized This server could not verify that you are authorized to access the document you requested.",
        "Forbidden Access was denied to this resource.",
    ]
    .contains(&words)
}

fn kind(asked: Asked, status: StatusCode, message: &str, is_services: bool) -> Kind {
    match (asked, of_status(asked, status, message, is_services)) {
        // Without the right to list, a run cannot go on.
        (Asked::List, Kind::Refused) => Kind::Credentials,
        (Asked::List | Asked::Container | Asked::Put { .. } | Asked::Assemble, Kind::NotFound) => {
            Kind::BucketGone
        }
        (Asked::Put { create: true }, Kind::Changed) => Kind::AlreadyExists,
        // What lists a page has no version that could have changed.
        (Asked::List, Kind::Changed) => Kind::Other,
        (_, kind) => kind,
    }
}

fn of_status(asked: Asked, status: StatusCode, message: &str, is_services: bool) -> Kind {
    let says = |words: &str| message.to_ascii_lowercase().contains(words);
    match status.as_u16() {
        _ if !is_services => said::of_status(status, false),
        // The store of an account or a container may hold so much and no more.
        413 if says("quota") => Kind::NoSpace,
        405 if says("writes are disabled") => Kind::ReadOnly,
        // A segment was not found yet, or is another one than was put: the servers do not agree yet.
        400 if asked == Asked::Assemble && says("errors:") => Kind::Transient,
        409 => match asked {
            Asked::Read | Asked::Facts | Asked::Manifest => Kind::Unreadable,
            // Somebody else was at it at the same moment.
            _ => Kind::Transient,
        },
        // Other bytes came than were sent; a limit of so many requests a second.
        422 | 498 => Kind::Transient,
        _ => said::of_status(status, true),
    }
}

fn hint(asked: Asked, status: StatusCode, kind: Kind, is_services: bool) -> Option<&'static str> {
    match (asked, kind) {
        (_, Kind::BucketGone) => {
            Some("there is no container of that name: config.container_name is to name one")
        }
        (_, Kind::Elsewhere) => Some("the service is elsewhere than the catalogue says"),
        (_, Kind::Transient) if is_from_something_else(status, is_services) => {
            Some("something on the way to the service answers")
        }
        (Asked::Read, Kind::Unreadable) if status == StatusCode::CONFLICT => {
            Some("it is a large object, and a segment of it is missing or another one than was put")
        }
        (Asked::List, Kind::Credentials) if status == StatusCode::FORBIDDEN => {
            Some("listing a container takes its read ACL, or a role that Swift has for operators")
        }
        (Asked::Put { .. }, Kind::Other) if status == StatusCode::PAYLOAD_TOO_LARGE => Some(
            "no request of that size is taken: config.large_object_chunk_size is the size of the largest",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
