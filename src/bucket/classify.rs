//! What an error of a provider means to us, and what is worth saying of it: one line, without markup and without what signatures are made of.

use std::error::Error as StdError;
use std::io;

use super::provider::folder::{Failed, RootMissing};
use super::provider::s3::{Endless, Failure, Fault, Odd, Refusal, Unfit};
use crate::error::{Error, Kind};

/// The error of `attempt`, a phrase that could follow "could not".
#[expect(
    clippy::needless_pass_by_value,
    reason = "errors come from map_err, which gives them away"
)]
pub(super) fn error(err: object_store::Error, attempt: impl Into<String>) -> Error {
    let story = Story::of(&err);
    let kind = kind(&err, &story);
    Error::new(kind, attempt).because(story.told())
}

/// The whole chain of causes as text, and what stands out in it.
struct Story {
    text: String,
    io: Option<io::ErrorKind>,
    /// Where the cause is one of ours.
    ours: Option<Kind>,
    /// What the server itself said.
    said: Option<String>,
    hint: Option<&'static str>,
}

impl Story {
    fn of(err: &object_store::Error) -> Self {
        let mut story = Self {
            text: String::new(),
            io: None,
            ours: None,
            said: None,
            hint: None,
        };
        let mut next: Option<&(dyn StdError + 'static)> = Some(err);
        while let Some(cause) = next {
            let text = cause.to_string();
            // Many errors print their causes themselves.
            if !story.text.contains(&text) {
                if !story.text.is_empty() {
                    story.text.push_str(": ");
                }
                story.text.push_str(&text);
            }
            story.take(cause);
            next = cause.source();
        }
        if let Some(hint) = tls_hint(&story.text) {
            story.hint = Some(hint);
            story.ours = Some(Kind::Other);
        }
        story
    }

    fn take(&mut self, cause: &(dyn StdError + 'static)) {
        if let Some(err) = cause.downcast_ref::<io::Error>() {
            self.io = Some(err.kind());
        }
        if let Some(refusal) = cause.downcast_ref::<Refusal>() {
            self.ours = Some(refusal.kind());
            self.said = refusal.told();
            self.hint = refusal.hint();
        } else if let Some(fault) = cause.downcast_ref::<Fault>() {
            self.ours = Some(fault.kind());
        } else if let Some(odd) = cause.downcast_ref::<Odd>() {
            self.ours = Some(odd.kind());
        } else if let Some(kind) = cause.downcast_ref().and_then(Failed::kind) {
            self.ours = Some(kind);
        } else if cause.is::<RootMissing>() {
            self.ours = Some(Kind::BucketGone);
        } else if cause.is::<Endless>() {
            self.ours = Some(Kind::Other);
        } else if cause.is::<Unfit>() {
            self.ours = Some(Kind::Credentials);
        } else if let Some(failure) = cause.downcast_ref::<Failure>() {
            self.ours = Some(failure.kind());
        }
    }

    /// One line: the provider's own code and message where it gave them.
    fn told(&self) -> String {
        let told = match &self.said {
            Some(said) => said.clone(),
            None => without_bookkeeping(&self.text),
        };
        let words: Vec<&str> = told.split_whitespace().collect();
        let told = words.join(" ");
        let told = told.trim_end_matches([':', ' ']);
        let told: String = told.chars().take(400).collect();
        match self.hint {
            Some(hint) => format!("{told} ({hint})"),
            None => told,
        }
    }
}

/// What to look at where the two sides do not agree on TLS, which no further try mends.
fn tls_hint(text: &str) -> Option<&'static str> {
    if text.contains("InvalidContentType") {
        Some("the server seems to speak plain HTTP, which config.insecure: true asks for")
    } else if text.contains("invalid peer certificate") {
        Some("config.http_config.tls_config.ca_file names the authority to trust")
    } else {
        None
    }
}

/// Without how long the client waited, how often it tried, and that an error is an error.
fn without_bookkeeping(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some((before, rest)) = text.split_once(", after ")
        && let Some((before, _)) = before.rsplit_once(" in ")
        && let Some((_, after)) = rest.split_once("retry_timeout: ")
        && let Some((_, after)) = after.split_once(" - ")
    {
        text = format!("{before}: {after}");
    }
    for noise in [
        "Generic S3 error: ",
        "Generic folder error: ",
        "Error performing list request: ",
        "Error performing ",
        "HTTP error: ",
        "error sending request: ",
    ] {
        text = text.replace(noise, "");
    }
    text
}

fn kind(err: &object_store::Error, story: &Story) -> Kind {
    if let Some(kind) = story.ours {
        return kind;
    }
    if let Some(kind) = story.io.and_then(kind_of_io) {
        return kind;
    }
    match err {
        object_store::Error::NotFound { .. } => Kind::NotFound,
        object_store::Error::AlreadyExists { .. } => Kind::AlreadyExists,
        object_store::Error::Precondition { .. } | object_store::Error::NotModified { .. } => {
            Kind::Changed
        }
        object_store::Error::PermissionDenied { .. } => Kind::Refused,
        object_store::Error::Unauthenticated { .. } => Kind::Credentials,
        object_store::Error::NotImplemented { .. } => Kind::Unsupported,
        object_store::Error::NotSupported { .. } | object_store::Error::InvalidPath { .. } => {
            Kind::Other
        }
        // The address from which machines in a cloud get credentials.
        _ if story.text.contains("169.254.169.254") => Kind::Credentials,
        _ => Kind::Transient,
    }
}

fn kind_of_io(kind: io::ErrorKind) -> Option<Kind> {
    Some(match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Kind::NoSpace,
        io::ErrorKind::ReadOnlyFilesystem => Kind::ReadOnly,
        io::ErrorKind::InvalidFilename
        | io::ErrorKind::FileTooLarge
        | io::ErrorKind::CrossesDevices => Kind::Other,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(source: &str) -> (Kind, String) {
        let err = object_store::Error::Generic {
            store: "S3",
            source: source.into(),
        };
        let err = error(err, "list s3://hot");
        (err.kind(), format!("{err:#}"))
    }

    #[test]
    fn what_is_told_is_the_cause_without_the_clients_bookkeeping() {
        let (kind, text) = told(
            "Error performing list request: Error performing GET http://hot:1/hot?list-type=2 in 499ms, after 3 retries, max_retries: 3, \
             retry_timeout: 720s - HTTP error: error sending request: client error (Connect): Connection refused",
        );
        assert_eq!(kind, Kind::Transient);
        assert_eq!(
            text,
            "list s3://hot: GET http://hot:1/hot?list-type=2: client error (Connect): Connection refused"
        );
    }

    #[test]
    fn no_further_try_mends_a_disagreement_about_tls() {
        for (source, hint) in [
            (
                "received corrupt message of type InvalidContentType",
                "config.insecure: true",
            ),
            ("invalid peer certificate: UnknownIssuer", "ca_file"),
        ] {
            let (kind, text) = told(source);
            assert_eq!(kind, Kind::Other);
            assert!(text.contains(hint), "{text}");
        }
    }
}
