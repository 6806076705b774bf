//! An opened provider, and in what it differs from others: which bucket it is, and what may be believed of it.

use std::sync::Arc;

use super::classify;
use super::clock::ServerClock;
use super::location::Location;
use super::prefix::Prefix;
use super::store::Store;
use crate::block::Fingerprint;
use crate::error::Error;

/// An opened provider, and what is to be known about it.
#[derive(Debug, Clone)]
pub struct Backend {
    /// Does the requests.
    pub store: Arc<dyn Store>,
    /// Which bucket it is.
    pub location: Location,
    /// What every name begins with.
    pub prefix: Prefix,
    /// The size of parts that the configuration asks for, in bytes.
    pub part_size_bytes: Option<u64>,
    /// Whether objects may be put in parts.
    pub multipart: Multipart,
    /// What entity tags tell.
    pub etags: EtagMeaning,
    /// Whether listings show what was written a moment ago.
    pub listings: Listings,
    /// The clock of the bucket's servers; `None` where nothing tells their time.
    pub clock: Option<Arc<dyn ServerClock>>,
}

/// Whether objects may be put in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Multipart {
    /// Large objects are put in parts.
    Allowed,
    /// Every object is put in one request.
    Never {
        /// What one request takes at most.
        largest_bytes: u64,
    },
}

/// What entity tags tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EtagMeaning {
    /// A digest of the content, comparable between buckets.
    Content,
    /// Which version of the object it is; comparable within the bucket only.
    VersionOnly,
}

impl EtagMeaning {
    /// What an entity tag, with or without quotes, tells of the content: an MD5, alone or with a number of parts.
    pub(super) fn fingerprint(self, tag: Option<&str>) -> Fingerprint {
        match self {
            EtagMeaning::Content => tag.and_then(of_tag).unwrap_or_default(),
            EtagMeaning::VersionOnly => Fingerprint::VersionOnly,
        }
    }
}

fn of_tag(tag: &str) -> Option<Fingerprint> {
    let tag = tag.trim_matches('"');
    let (hexadecimal, parts) = match tag.split_once('-') {
        Some((hexadecimal, parts)) => (hexadecimal, Some(parts.parse().ok()?)),
        None => (tag, None),
    };
    let is_digest = hexadecimal.len() == 32 && hexadecimal.bytes().all(|b| b.is_ascii_hexdigit());
    let digest = u128::from_str_radix(hexadecimal, 16).ok()?.to_be_bytes();
    is_digest.then_some(match parts {
        Some(parts) => Fingerprint::Md5OfParts { digest, parts },
        None => Fingerprint::Md5(digest),
    })
}

/// Whether listings show what was written a moment ago. Reading an object by its name does so everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listings {
    /// They always do.
    Strong,
    /// They may lack what was put, and show what was deleted, for a while.
    Lagging,
}

impl Backend {
    /// What an error of the store means. `attempt` is what was being attempted, as in "could not …".
    pub(super) fn error(&self, err: object_store::Error, attempt: impl Into<String>) -> Error {
        classify::error(err, &|cause| self.store.meaning(cause), attempt)
    }

    /// The largest object that it takes, in bytes, where parts do not make it a matter of the provider's.
    pub(super) fn largest_object(&self) -> Option<u64> {
        match self.multipart {
            Multipart::Allowed => None,
            Multipart::Never { largest_bytes } => Some(largest_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn a_tag_is_a_digest_where_it_looks_like_one() {
        let digest = "0123456789abcdef0123456789ABCDEF";
        let bytes = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef_u128.to_be_bytes();
        let in_parts = |parts| Fingerprint::Md5OfParts {
            digest: bytes,
            parts,
        };
        for (tag, expected) in [
            (digest.to_owned(), Fingerprint::Md5(bytes)),
            (format!("\"{digest}\""), Fingerprint::Md5(bytes)),
            (format!("\"{digest}-1\""), in_parts(NonZeroU32::MIN)),
            (format!("{digest}-0"), Fingerprint::VersionOnly),
            (format!("{digest}-x"), Fingerprint::VersionOnly),
            (format!("{digest}0"), Fingerprint::VersionOnly),
            (digest.replace("0123", "+123"), Fingerprint::VersionOnly),
            (format!("W/\"{digest}\""), Fingerprint::VersionOnly),
            ("opaque".to_owned(), Fingerprint::VersionOnly),
        ] {
            let found = EtagMeaning::Content.fingerprint(Some(&tag));
            assert_eq!(found, expected, "{tag}");
            let unread = EtagMeaning::VersionOnly.fingerprint(Some(&tag));
            assert_eq!(unread, Fingerprint::VersionOnly);
        }
        let none = EtagMeaning::Content.fingerprint(None);
        assert_eq!(none, Fingerprint::VersionOnly);
    }
}
