//! The one error of this crate: what was being attempted, what kind of obstacle it met, and why.

use std::error::Error as StdError;
use std::fmt;

use crate::causes;
use crate::printable::message;

/// A `Result` whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What could not be done, and why.
///
/// `Display` prints one link, a phrase that could follow "could not": `read 01J…/meta.json in s3://old`.
/// The alternate form `{:#}` prints the whole chain of causes. Neither ever holds a secret, and each link is one line of less than
/// 1,000 bytes without control characters, whatever foreign text it quotes.
pub struct Error {
    attempt: String,
    kind: Kind,
    source: Option<Box<dyn StdError + Send + Sync + 'static>>,
    /// What else is wrong.
    next: Option<Box<Error>>,
}

/// The kinds of obstacle that callers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The command line or a configuration is wrong.
    Usage,
    /// The object is not there.
    NotFound,
    /// The object is there already, and was to be created.
    AlreadyExists,
    /// The object has changed since it was listed.
    Changed,
    /// This request was refused (403); others on the same bucket may pass.
    Refused,
    /// The credentials are wrong, expired or missing, or are not even enough to list the bucket: every request will be refused.
    Credentials,
    /// The bucket, or the folder that stands for it, does not exist.
    BucketGone,
    /// The bucket is at another address: every request will be sent there.
    Elsewhere,
    /// The bucket is full.
    NoSpace,
    /// The bucket cannot be written.
    ReadOnly,
    /// This one object can never be read as it is: archived storage class, key refused.
    Unreadable,
    /// The bytes are not what they should be.
    Corrupt,
    /// A condition that may pass: throttling, a time-out, a broken connection, a server's error.
    Transient,
    /// This machine's clock and a bucket's are too far apart for a mark.
    Clock,
    /// This tool cancelled it.
    Cancelled,
    /// The provider or this version of the tool cannot do it.
    Unsupported,
    /// Anything else; not worth another try.
    Other,
}

impl Kind {
    /// A distinct word for each kind, as traces spell it: `not-found`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Usage => "usage",
            Kind::NotFound => "not-found",
            Kind::AlreadyExists => "already-exists",
            Kind::Changed => "changed",
            Kind::Refused => "refused",
            Kind::Credentials => "credentials",
            Kind::BucketGone => "bucket-gone",
            Kind::Elsewhere => "elsewhere",
            Kind::NoSpace => "no-space",
            Kind::ReadOnly => "read-only",
            Kind::Unreadable => "unreadable",
            Kind::Corrupt => "corrupt",
            Kind::Transient => "transient",
            Kind::Cancelled => "cancelled",
            Kind::Unsupported => "unsupported",
            Kind::Clock => "clock",
            Kind::Other => "other",
        }
    }

    /// Whether the same request may succeed a little later.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(self, Kind::Transient)
    }

    /// Whether the request may have been carried out all the same: its answer was lost, or does not say.
    #[must_use]
    pub fn leaves_open_what_was_done(self) -> bool {
        matches!(self, Kind::Transient | Kind::Cancelled | Kind::Other)
    }

    /// Whether what was listed is another object by now, or gone: a fresh listing tells what became of it.
    #[must_use]
    pub fn wants_a_fresh_look(self) -> bool {
        matches!(self, Kind::Changed | Kind::NotFound)
    }

    /// Whether the work on a block may succeed when it is begun again.
    #[must_use]
    pub fn is_worth_another_start(self) -> bool {
        self.is_transient() || self.wants_a_fresh_look()
    }

    /// Whether one object was refused while others of the same bucket may be readable.
    #[must_use]
    pub fn refuses_one_object(self) -> bool {
        matches!(self, Kind::Refused | Kind::Unreadable)
    }

    /// Whether one object says nothing, because it is refused or makes no sense, and others may be fine.
    #[must_use]
    pub fn spoils_one_object(self) -> bool {
        self.refuses_one_object() || self == Kind::Corrupt
    }

    /// Whether a deletion mark that failed with this shows that no mark can be written in that bucket.
    #[must_use]
    pub fn refuses_every_mark(self) -> bool {
        matches!(self, Kind::Refused | Kind::Unsupported)
    }

    /// Whether no other block of the run can fare better, so that the run ends.
    #[must_use]
    pub fn concerns_whole_bucket(self) -> bool {
        matches!(
            self,
            Kind::Credentials
                | Kind::BucketGone
                | Kind::Elsewhere
                | Kind::NoSpace
                | Kind::ReadOnly
                | Kind::Clock
        )
    }

    /// Whether it says nothing of the one block that was looked at, so that the block must not be judged by it.
    #[must_use]
    pub fn says_nothing_of_the_block(self) -> bool {
        self.is_transient() || self.concerns_whole_bucket()
    }
}

impl Error {
    /// An error without a deeper cause.
    pub fn new(kind: Kind, attempt: impl Into<String>) -> Self {
        Self {
            attempt: message(&attempt.into()).into_owned(),
            kind,
            source: None,
            next: None,
        }
    }

    /// An error of the kind [`Kind::Usage`], whose whole message is `text`.
    pub fn usage(text: impl Into<String>) -> Self {
        Self::new(Kind::Usage, text)
    }

    /// This error, caused by `source`.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// A further link on top: what was being attempted when this error came up. The kind stays.
    #[must_use]
    pub fn attempting(self, attempt: impl Into<String>) -> Self {
        Self {
            attempt: message(&attempt.into()).into_owned(),
            kind: self.kind,
            source: Some(Box::new(self)),
            next: None,
        }
    }

    /// Errors of the kind [`Kind::Usage`] in one: each text is an error of its own, and this is the first of them.
    #[must_use]
    pub fn usages(texts: Vec<String>) -> Option<Self> {
        texts.into_iter().rev().fold(None, |next, text| {
            Some(Self {
                next: next.map(Box::new),
                ..Self::usage(text)
            })
        })
    }

    /// This error, and what else is wrong: whoever tells a person tells each.
    pub fn each(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |err| err.next.as_deref())
    }

    /// The same error, seen as another kind of obstacle.
    #[must_use]
    pub fn of_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// What kind of obstacle it was; the only thing that callers branch on.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.attempt)?;
        if f.alternate() {
            let mut said = self.attempt.clone();
            for err in causes::chain(self).skip(1) {
                let link = message(&err.to_string()).into_owned();
                // What two links say alike is said once.
                if link != said {
                    write!(f, ": {link}")?;
                }
                said = link;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self:#}", self.kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|err| &**err as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alternate_form_prints_every_link_and_the_plain_form_one() {
        let err = Error::new(Kind::Transient, "read a/meta.json")
            .because("connection reset")
            .attempting("copy block a");
        assert_eq!(err.to_string(), "copy block a");
        assert_eq!(
            format!("{err:#}"),
            "copy block a: read a/meta.json: connection reset"
        );
        assert_eq!(err.kind(), Kind::Transient);
    }

    #[test]
    fn what_two_links_say_alike_is_said_once() {
        let err = Error::new(Kind::Refused, "read a")
            .because("no")
            .attempting("read a")
            .of_kind(Kind::Unreadable);
        assert_eq!(format!("{err:#}"), "read a: no");
        assert_eq!(err.kind(), Kind::Unreadable);
    }

    /// S-6.1, S-6.3
    #[test]
    fn each_kind_implies_what_the_table_says() {
        type Implies = fn(Kind) -> bool;
        /// What a kind may imply, a letter each, in the order of the columns.
        const IMPLICATIONS: [(char, Implies); 9] = [
            ('t', Kind::is_transient),
            ('u', Kind::leaves_open_what_was_done),
            ('l', Kind::wants_a_fresh_look),
            ('s', Kind::is_worth_another_start),
            ('r', Kind::refuses_one_object),
            ('o', Kind::spoils_one_object),
            ('m', Kind::refuses_every_mark),
            ('b', Kind::concerns_whole_bucket),
            ('n', Kind::says_nothing_of_the_block),
        ];
        for (kind, expected) in [
            (Kind::Usage, ""),
            (Kind::NotFound, "ls"),
            (Kind::AlreadyExists, ""),
            (Kind::Changed, "ls"),
            (Kind::Refused, "rom"),
            (Kind::Credentials, "bn"),
            (Kind::BucketGone, "bn"),
            (Kind::Elsewhere, "bn"),
            (Kind::NoSpace, "bn"),
            (Kind::ReadOnly, "bn"),
            (Kind::Unreadable, "ro"),
            (Kind::Corrupt, "o"),
            (Kind::Transient, "tusn"),
            (Kind::Clock, "bn"),
            (Kind::Cancelled, "u"),
            (Kind::Unsupported, "m"),
            (Kind::Other, "u"),
        ] {
            let implied: String = IMPLICATIONS
                .iter()
                .filter(|(_, implies)| implies(kind))
                .map(|(letter, _)| letter)
                .collect();
            assert_eq!(implied, expected, "{kind:?}");
        }
    }

    /// S-2.3
    #[test]
    fn each_link_is_one_short_line() {
        let hostile = "\u{1b}[2J\n".repeat(100_000);
        let err = Error::usage(hostile.as_str())
            .because(hostile.as_str())
            .attempting(hostile.as_str());
        let chain = format!("{err:#}");
        assert!(chain.len() < 3100 && !chain.contains(char::is_control));
    }
}
