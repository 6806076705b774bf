//! What an error of a provider means to us, and what is worth saying of it: one line, without markup and without what signatures are made of.

use std::error::Error as StdError;
use std::io;

use crate::causes;
use crate::error::{Error, Kind};
use crate::http::trust;

/// What a cause means, by what it says itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// The kind of obstacle.
    pub kind: Kind,
    /// What the server itself said, on one line; `None` where the words of the causes are all there is.
    pub said: Option<String>,
    /// What the operator should check, where the error alone does not tell.
    pub hint: Option<&'static str>,
}

impl From<Kind> for Meaning {
    /// For a cause whose own text says enough.
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            said: None,
            hint: None,
        }
    }
}

/// The error of `attempt`, a phrase that could follow "could not". `meaning` classifies causes of the provider's own types.
#[expect(
    clippy::needless_pass_by_value,
    reason = "errors come from map_err, which gives them away"
)]
pub(super) fn error(
    err: object_store::Error,
    meaning: &dyn Fn(&(dyn StdError + 'static)) -> Option<Meaning>,
    attempt: impl Into<String>,
) -> Error {
    let causes = Causes::of(&err, meaning);
    let kind = kind(&err, &causes);
    Error::new(kind, attempt).because(causes.on_one_line())
}

/// The whole chain of causes as text, and what stands out in it.
#[derive(Default)]
struct Causes {
    text: String,
    /// How `object_store` introduces them.
    introductions: Vec<String>,
    io: Option<io::ErrorKind>,
    /// Where one of them is the provider's own.
    meaning: Option<Meaning>,
}

impl Causes {
    fn of(
        err: &object_store::Error,
        meaning: &dyn Fn(&(dyn StdError + 'static)) -> Option<Meaning>,
    ) -> Self {
        let mut causes = Self::default();
        for cause in causes::chain(err) {
            let text = cause.to_string();
            // Many errors print their causes themselves.
            if !causes.text.contains(&text) {
                if !causes.text.is_empty() {
                    causes.text.push_str(": ");
                }
                causes.text.push_str(&text);
            }
            if let Some(object_store::Error::Generic { store, .. }) = cause.downcast_ref() {
                causes
                    .introductions
                    .push(format!("Generic {store} error: "));
            }
            if let Some(err) = cause.downcast_ref::<io::Error>() {
                causes.io = Some(err.kind());
            }
            causes.meaning = meaning(cause).or(causes.meaning);
        }
        let distrust = causes::chain(err).find_map(trust::distrust);
        if let Some((said, hint)) = distrust {
            causes.meaning = Some(Meaning {
                kind: Kind::Other,
                said: Some(said),
                hint: Some(hint),
            });
        } else if causes.text.contains("InvalidContentType") {
            let said = causes.meaning.and_then(|meaning| meaning.said);
            causes.meaning = Some(Meaning {
                kind: Kind::Other,
                said,
                hint: Some(PLAIN_HTTP),
            });
        }
        causes
    }

    /// The provider's own code and message where it gave them.
    fn on_one_line(&self) -> String {
        let said = self.meaning.as_ref().and_then(|it| it.said.clone());
        let told = said.unwrap_or_else(|| self.without_bookkeeping());
        let words: Vec<&str> = told.split_whitespace().collect();
        let told = words.join(" ");
        let told = told.trim_end_matches([':', ' ']);
        let told: String = told.chars().take(400).collect();
        match self.meaning.as_ref().and_then(|it| it.hint) {
            Some(hint) => format!("{told} ({hint})"),
            None => told,
        }
    }

    /// Without the retry bookkeeping of `object_store` (time waited, number of tries) and without the word that this is an error.
    fn without_bookkeeping(&self) -> String {
        let mut text = self.text.clone();
        if let Some((before, rest)) = text.split_once(", after ")
            && let Some((before, _)) = before.rsplit_once(" in ")
            && let Some((_, after)) = rest.split_once("retry_timeout: ")
            && let Some((_, after)) = after.split_once(" - ")
        {
            text = format!("{before}: {after}");
        }
        let introductions = self.introductions.iter().map(String::as_str);
        for noise in introductions.chain(NOISE) {
            text = text.replace(noise, "");
        }
        text
    }
}

/// What `object_store` puts before every cause.
const NOISE: [&str; 4] = [
    "Error performing list request: ",
    "Error performing ",
    "HTTP error: ",
    "error sending request: ",
];

/// What to look at where the server's side of TLS is none; no further try mends it.
const PLAIN_HTTP: &str = "the server seems to speak plain HTTP, which config.insecure: true asks for, or an address with http:// in a connection string";

fn kind(err: &object_store::Error, causes: &Causes) -> Kind {
    if let Some(meaning) = &causes.meaning {
        return meaning.kind;
    }
    if let Some(kind) = causes.io.and_then(kind_of_io) {
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
        _ => Kind::Transient,
    }
}

fn kind_of_io(kind: io::ErrorKind) -> Option<Kind> {
    Some(match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Kind::NoSpace,
        io::ErrorKind::ReadOnlyFilesystem => Kind::ReadOnly,
        // Something else than a file or a folder lies where one is to be.
        io::ErrorKind::IsADirectory
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::InvalidFilename
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
        let err = error(err, &|_| None, "list s3://hot");
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
        let (kind, text) = told("received corrupt message of type InvalidContentType");
        assert_eq!(kind, Kind::Other);
        assert!(text.contains("config.insecure: true"), "{text}");
    }
}
