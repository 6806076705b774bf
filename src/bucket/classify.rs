//! What an error of a provider means to us, and what is worth saying of it: one line, without markup and without what signatures are made of.

use std::error::Error as StdError;
use std::io;

use super::folder::RootMissing;
use super::s3::Endless;
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

/// The error of a listing: a server that refuses it refuses the whole bucket.
#[expect(
    clippy::needless_pass_by_value,
    reason = "errors come from map_err, which gives them away"
)]
pub(super) fn listing_error(err: object_store::Error, attempt: impl Into<String>) -> Error {
    let story = Story::of(&err);
    let kind = match kind(&err, &story) {
        // In a folder, one directory may be closed to us and others not.
        Kind::Refused if story.status.is_some() => Kind::Credentials,
        kind => kind,
    };
    Error::new(kind, attempt).because(story.told())
}

/// The whole chain of causes as text, and what stands out in it.
struct Story {
    text: String,
    code: Option<String>,
    message: Option<String>,
    status: Option<u16>,
    io: Option<io::ErrorKind>,
    /// Where the cause is one of ours.
    ours: Option<Kind>,
}

impl Story {
    fn of(err: &object_store::Error) -> Self {
        let mut story = Self {
            text: String::new(),
            code: None,
            message: None,
            status: None,
            io: None,
            ours: None,
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
            if let Some(err) = cause.downcast_ref::<io::Error>() {
                story.io = Some(err.kind());
            }
            if cause.is::<RootMissing>() {
                story.ours = Some(Kind::BucketGone);
            } else if cause.is::<Endless>() {
                story.ours = Some(Kind::Other);
            }
            next = cause.source();
        }
        story.code = element(&story.text, "Code");
        story.message = element(&story.text, "Message").filter(|text| !text.trim().is_empty());
        story.status = ["status code: ", "with status "]
            .into_iter()
            .find_map(|before| story.text.split_once(before))
            .and_then(|(_, after)| after.get(..3)?.parse().ok());
        story
    }

    /// What to look at where the answer alone does not say it.
    fn hint(&self) -> Option<&'static str> {
        if let Some(hint) = self.tls_hint() {
            Some(hint)
        } else if self.is_elsewhere() {
            Some(
                "the bucket is elsewhere: config.endpoint and config.region are to name the place where it is",
            )
        } else if self.code.as_deref() == Some("RequestTimeTooSkewed") {
            Some("the clock of this machine is wrong")
        } else {
            None
        }
    }

    /// Whether the server points to another address.
    fn is_elsewhere(&self) -> bool {
        matches!(self.status, Some(301 | 302 | 307 | 308))
            || self.text.contains("redirect without LOCATION")
            || matches!(
                self.code.as_deref(),
                Some("PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed")
            )
    }

    /// What to look at where the two sides do not agree on TLS, which no further try mends.
    fn tls_hint(&self) -> Option<&'static str> {
        if self.text.contains("InvalidContentType") {
            Some("the server seems to speak plain HTTP, which config.insecure: true asks for")
        } else if self.text.contains("invalid peer certificate") {
            Some("config.http_config.tls_config.ca_file names the authority to trust")
        } else {
            None
        }
    }

    /// One line: the provider's own code and message where it gave them.
    fn told(&self) -> String {
        let told = match (&self.code, &self.message) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code.clone(),
            _ => {
                let without_markup = self.text.split("<?xml").next().unwrap_or_default();
                without_bookkeeping(without_markup)
            }
        };
        let told = match self.hint() {
            Some(hint) => format!("{told} ({hint})"),
            None => told,
        };
        let words: Vec<&str> = told.split_whitespace().collect();
        words
            .join(" ")
            .trim_end_matches([':', ' '])
            .chars()
            .take(400)
            .collect()
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
        "Error performing list request: ",
        "Error performing ",
        "HTTP error: ",
        "error sending request: ",
    ] {
        text = text.replace(noise, "");
    }
    text
}

/// The text of an XML element.
pub(super) fn element(text: &str, name: &str) -> Option<String> {
    let (_, after) = text.split_once(&format!("<{name}>"))?;
    let (inner, _) = after.split_once(&format!("</{name}>"))?;
    Some(inner.to_owned())
}

fn kind(err: &object_store::Error, story: &Story) -> Kind {
    if let Some(kind) = story.ours {
        return kind;
    }
    if story.tls_hint().is_some() {
        return Kind::Other;
    }
    if story.is_elsewhere() {
        return Kind::Elsewhere;
    }
    if let Some(kind) = story.code.as_deref().and_then(kind_of_code) {
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
        _ => kind_of_status(story),
    }
}

fn kind_of_code(code: &str) -> Option<Kind> {
    Some(match code {
        "NoSuchBucket" => Kind::BucketGone,
        "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidToken"
        | "InvalidClientTokenId"
        | "TokenRefreshRequired"
        | "RequestTimeTooSkewed"
        | "AccountProblem"
        | "NotSignedUp"
        | "XMinioInvalidAccessKeyId" => Kind::Credentials,
        "NotImplemented" => Kind::Unsupported,
        "InvalidObjectState" => Kind::Unreadable,
        code if code.starts_with("KMS.") => Kind::Unreadable,
        "XMinioStorageFull"
        | "XMinioAdminBucketQuotaExceeded"
        | "QuotaExceeded"
        | "InsufficientStorage"
        | "NotEnoughSpace"
        | "InsufficientCapacity" => Kind::NoSpace,
        "ObjectLocked" | "XMinioReadOnly" | "MethodNotAllowed" => Kind::ReadOnly,
        "SlowDown"
        | "RequestTimeout"
        | "InternalError"
        | "ServiceUnavailable"
        | "XMinioServerNotInitialized"
        | "ThrottlingException"
        | "BadDigest"
        | "IncompleteBody"
        | "XAmzContentSHA256Mismatch"
        | "OperationAborted"
        // Something about the upload that another one mends.
        | "InvalidPart"
        | "InvalidPartOrder"
        | "EntityTooSmall"
        | "NoSuchUpload"
        // Somebody else was at it at the same moment; what lies there now is for the next try to find out.
        | "ConditionalRequestConflict" => Kind::Transient,
        _ => return None,
    })
}

fn kind_of_io(kind: io::ErrorKind) -> Option<Kind> {
    Some(match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Kind::NoSpace,
        io::ErrorKind::ReadOnlyFilesystem => Kind::ReadOnly,
        io::ErrorKind::InvalidFilename | io::ErrorKind::FileTooLarge => Kind::Other,
        _ => return None,
    })
}

fn kind_of_status(story: &Story) -> Kind {
    match story.status {
        Some(401) => Kind::Credentials,
        Some(403) => Kind::Refused,
        Some(408 | 429 | 499) => Kind::Transient,
        Some(501) => Kind::Unsupported,
        Some(507) => Kind::NoSpace,
        Some(300..=499) => Kind::Other,
        // The address from which machines in a cloud get credentials.
        _ if story.text.contains("169.254.169.254") => Kind::Credentials,
        _ => Kind::Transient,
    }
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
    fn a_bucket_that_is_elsewhere_and_a_wrong_clock_are_told_as_such() {
        for (source, kind, hint) in [
            (
                "Server returned non-2xx status code: 301 Moved Permanently: ",
                Kind::Elsewhere,
                "config.region",
            ),
            (
                "Received redirect without LOCATION, this normally indicates",
                Kind::Elsewhere,
                "config.region",
            ),
            (
                "status code: 403 Forbidden: <Code>RequestTimeTooSkewed</Code>",
                Kind::Credentials,
                "clock",
            ),
        ] {
            let (found, text) = told(source);
            assert_eq!(found, kind);
            assert!(text.contains(hint), "{text}");
        }
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
