//! Wherein a service that speaks S3 differs from Amazon's: what is asked of it and how, and how far its answers are relied on.

use reqwest::header::{HeaderName, HeaderValue};

use super::class;
use super::differences::DIFFERENCES;
use super::endpoint::Endpoint;
use crate::bucket::backend::EtagMeaning;
use crate::bucket::differences::{Create, Differences, Tag};
use crate::bucket::storage_class::Readable;

/// A dialect of S3.
#[derive(Debug)]
pub(in crate::bucket::provider) struct Dialect {
    /// What stands for all hosts of the service in locations; `None` where each host is a service by itself.
    pub(in crate::bucket::provider) service: Option<&'static str>,
    /// The row of its provider, by which requests and answers go.
    pub(in crate::bucket::provider) differences: Differences,
    /// Which version of `ListObjects` it knows; a configuration may say otherwise.
    pub(in crate::bucket::provider) list: ListVersion,
    /// How names stand in its listings.
    pub(in crate::bucket::provider) names: Names,
    /// What it knows of tags on objects.
    pub(in crate::bucket::provider) tagging: Tagging,
    /// Its storage classes, by the names that S3's header gives them.
    pub(in crate::bucket::provider) classes: Classes,
    /// What people are told where an answer alone does not say what is wrong.
    pub(in crate::bucket::provider) hints: Hints,
}

/// Which version of `ListObjects` the server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bucket::provider) enum ListVersion {
    One,
    Two,
}

/// How names stand in listings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bucket::provider) enum Names {
    /// Escaped as in URLs, where that is asked for with `encoding-type=url`.
    Escaped,
    /// As they are: nothing else is asked for.
    Plain,
}

/// Whether objects bear tags that a copy by the service would take along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bucket::provider) enum Tagging {
    /// They may: a copy is asked to leave them.
    Known,
    /// The service may not know the header that asks for it.
    Unknown,
}

/// Which storage classes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bucket::provider) enum Classes {
    /// Which there are depends on whose server it is.
    OfTheServer,
    /// These of a vendor's, and no others.
    These {
        /// Whose, as in "none of …".
        whose: &'static str,
        /// From which everybody reads at any time.
        readable: &'static [&'static str],
        /// From which nobody reads before a restore.
        archived: &'static [&'static str],
    },
}

/// Which keys of the configuration are to be looked at, in sentences for people.
#[derive(Debug)]
pub(in crate::bucket::provider) struct Hints {
    /// Where plain HTTP was spoken to a server that speaks TLS.
    pub(in crate::bucket::provider) plain: &'static str,
    /// Where the bucket is in another place.
    pub(in crate::bucket::provider) elsewhere: &'static str,
    /// Where the server does not know how a listing was asked for.
    pub(in crate::bucket::provider) listing: Option<&'static str>,
    /// Where a request was too large for something on the way.
    pub(in crate::bucket::provider) too_large: &'static str,
}

/// What is spoken to whoever the type S3 names.
pub(super) const AMAZON: Dialect = Dialect {
    service: None,
    differences: DIFFERENCES,
    list: ListVersion::Two,
    names: Names::Escaped,
    tagging: Tagging::Known,
    classes: Classes::OfTheServer,
    hints: Hints {
        plain: "the server speaks TLS, which config.insecure: true keeps from it",
        elsewhere: "the bucket is elsewhere: config.endpoint and config.region are to name the place where it is",
        listing: Some(
            "a server that knows version 1 of ListObjects only is asked for it with config.list_objects_version: v1",
        ),
        too_large: "something on the way takes no request of that size: config.part_size is the size of the largest",
    },
};

/// The header by which S3 refuses to replace an object.
const S3S_OWN: &str = "If-None-Match: *";

impl Dialect {
    /// The header of the vendor's own that has an object put only where there is none, in the place of S3's.
    pub(super) fn create_header(&self) -> Option<(HeaderName, HeaderValue)> {
        let (Create::Header(header) | Create::HeaderUnlessVersioned(header)) =
            self.differences.create
        else {
            return None;
        };
        let (name, value) = header.split_once(": ").filter(|_| header != S3S_OWN)?;
        Some((name.parse().ok()?, HeaderValue::from_static(value)))
    }

    /// Whether it can refuse to replace an object at all.
    pub(super) fn creates(&self) -> bool {
        self.differences.create != Create::LookFirst
    }

    /// Whether a look has to come first although a header is sent.
    pub(super) fn looks_first(&self) -> bool {
        matches!(self.differences.create, Create::HeaderUnlessVersioned(_))
    }

    /// What its entity tags tell of an object that no key of the customer's or of a key service encrypts.
    pub(super) fn tags(&self) -> EtagMeaning {
        match self.differences.tag {
            Tag::Md5UnlessEncrypted => EtagMeaning::Content,
            Tag::Md5OfOnePut => EtagMeaning::ContentOfOnePut,
            Tag::Version => EtagMeaning::VersionOnly,
        }
    }

    /// Whether it tells checksums of an object when it is asked for them.
    pub(super) fn tells_checksums(&self) -> bool {
        !self.differences.asked.is_empty()
    }

    /// When objects of that class can be read.
    pub(super) fn class(&self, name: &str, endpoint: &Endpoint) -> Result<Readable, String> {
        let Classes::These {
            whose,
            readable,
            archived,
        } = self.classes
        else {
            return class::class(name, endpoint);
        };
        if archived.contains(&name) {
            Ok(Readable::AfterRestore)
        } else if readable.contains(&name) {
            Ok(Readable::AtOnce)
        } else {
            let known = [readable, archived].concat().join(", ");
            Err(format!(
                "is none of {whose} storage classes: expected one of {known}"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn that(create: Create) -> Dialect {
        Dialect {
            differences: Differences {
                create,
                ..DIFFERENCES
            },
            classes: Classes::These {
                whose: "its",
                readable: &["WARM"],
                archived: &["COLD"],
            },
            ..AMAZON
        }
    }

    #[test]
    fn an_object_is_created_as_the_row_says() {
        for (create, header, looks_first, creates) in [
            (Create::Header("If-None-Match: *"), None, false, true),
            (
                Create::HeaderUnlessVersioned("x-a: true"),
                Some(("x-a", "true")),
                true,
                true,
            ),
            (
                Create::Header("x-a: true"),
                Some(("x-a", "true")),
                false,
                true,
            ),
            (Create::LookFirst, None, false, false),
        ] {
            let dialect = that(create);
            let sent = dialect.create_header();
            let sent = sent.as_ref().map(|(name, value)| {
                let value = value.to_str().unwrap_or_default();
                (name.as_str(), value)
            });
            assert_eq!(sent, header, "{create:?}");
            assert_eq!(dialect.looks_first(), looks_first, "{create:?}");
            assert_eq!(dialect.creates(), creates, "{create:?}");
        }
    }

    #[test]
    fn a_vendors_classes_are_its_own() {
        let endpoint = Endpoint::parse("s3.example.com", true);
        let endpoint = endpoint.unwrap_or_else(|err| panic!("{err}"));
        let dialect = that(Create::LookFirst);
        assert_eq!(dialect.class("WARM", &endpoint), Ok(Readable::AtOnce));
        assert_eq!(dialect.class("COLD", &endpoint), Ok(Readable::AfterRestore));
        let told = dialect.class("warm", &endpoint);
        let is_told = told.is_err_and(|told| told.ends_with("expected one of WARM, COLD"));
        assert!(is_told);
    }
}
