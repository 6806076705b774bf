//! An opened provider, and what its callers must know of it: which bucket it is, what it can do, and how far its answers can be relied on.

use std::num::NonZeroU32;
use std::sync::Arc;

use super::classify;
use super::clock::ServerClock;
use super::location::Location;
use super::prefix::Prefix;
use super::sizes::Sizes;
use super::store::Store;
use crate::block::{Fingerprint, Form};
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
    /// How large what is put may be.
    pub sizes: Sizes,
    /// What entity tags tell.
    pub etags: EtagMeaning,
    /// Of which digest listings tell for every object that this program puts, in whatever parts; `None` where none is sure to be told.
    pub tells: Option<Form>,
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
    /// Objects of up to that size are put in one request, and larger ones in parts.
    OnlyAbove {
        /// The size.
        largest_bytes: u64,
    },
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
    /// The same of what was put in one request; of what came in parts it tells which version it is.
    ContentOfOnePut,
    /// Which version of the object it is; comparable within the bucket only.
    VersionOnly,
}

impl EtagMeaning {
    /// The fingerprint in an entity tag (with or without quotes) of an object of that size: an MD5, alone or with a number of parts.
    ///
    /// Placeholders of servers that have no digest do not count: a single digit repeated, or the MD5 of no bytes for an object that has some.
    pub(super) fn fingerprint(self, tag: Option<&str>, size_bytes: u64) -> Fingerprint {
        if self == EtagMeaning::VersionOnly {
            return Fingerprint::UNKNOWN;
        }
        tag.and_then(of_tag)
            .filter(|(digest, _)| *digest != MD5_OF_NOTHING || size_bytes == 0)
            .map_or(Fingerprint::UNKNOWN, |(digest, parts)| match parts {
                None => Fingerprint::md5(digest),
                Some(parts) if self == EtagMeaning::Content => {
                    Fingerprint::md5_of_parts(digest, parts)
                }
                Some(_) => Fingerprint::UNKNOWN,
            })
    }
}

/// The MD5 of no bytes at all.
const MD5_OF_NOTHING: [u8; 16] = 0xd41d_8cd9_8f00_b204_e980_0998_ecf8_427e_u128.to_be_bytes();

/// The digest, and the number of parts where there is one.
fn of_tag(tag: &str) -> Option<([u8; 16], Option<NonZeroU32>)> {
    let tag = tag.trim_matches('"');
    let (hexadecimal, parts) = match tag.split_once('-') {
        Some((hexadecimal, parts)) => (hexadecimal, Some(parts.parse().ok()?)),
        None => (tag, None),
    };
    let is_digest = hexadecimal.len() == 32 && hexadecimal.bytes().all(|b| b.is_ascii_hexdigit());
    let digest = u128::from_str_radix(hexadecimal, 16).ok()?.to_be_bytes();
    let first = hexadecimal.chars().next();
    let is_filler = hexadecimal.chars().all(|digit| Some(digit) == first);
    (is_digest && !is_filler).then_some((digest, parts))
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

    /// The largest object that can be put, in bytes; `None` where there is no limit that one meets.
    pub(super) fn largest_object(&self) -> Option<u64> {
        match self.multipart {
            Multipart::Allowed | Multipart::OnlyAbove { .. } => self.sizes.object_bytes,
            Multipart::Never { largest_bytes } => Some(largest_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-5.6
    #[test]
    fn a_tag_is_a_digest_where_it_looks_like_one() {
        let of_nothing = "d41d8cd98f00b204e9800998ecf8427e";
        let digest = "0123456789abcdef0123456789ABCDEF";
        let bytes = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef_u128.to_be_bytes();
        let in_parts = |parts| Fingerprint::md5_of_parts(bytes, parts);
        for (tag, expected) in [
            (digest.to_owned(), Fingerprint::md5(bytes)),
            (format!("\"{digest}\""), Fingerprint::md5(bytes)),
            (format!("\"{digest}-1\""), in_parts(NonZeroU32::MIN)),
            (format!("{digest}-0"), Fingerprint::UNKNOWN),
            (format!("{digest}-x"), Fingerprint::UNKNOWN),
            (format!("{digest}0"), Fingerprint::UNKNOWN),
            (digest.replace("0123", "+123"), Fingerprint::UNKNOWN),
            (format!("W/\"{digest}\""), Fingerprint::UNKNOWN),
            ("opaque".to_owned(), Fingerprint::UNKNOWN),
            // The tag of every object of `MinIO` on its own file system.
            (format!("{}-1", "0".repeat(32)), Fingerprint::UNKNOWN),
            ("0".repeat(32), Fingerprint::UNKNOWN),
            ("f".repeat(32), Fingerprint::UNKNOWN),
            (of_nothing.to_owned(), Fingerprint::UNKNOWN),
            (format!("{of_nothing}-1"), Fingerprint::UNKNOWN),
        ] {
            let found = EtagMeaning::Content.fingerprint(Some(&tag), 1);
            assert_eq!(found, expected, "{tag}");
            let unread = EtagMeaning::VersionOnly.fingerprint(Some(&tag), 1);
            assert_eq!(unread, Fingerprint::UNKNOWN);
            let of_one_put = EtagMeaning::ContentOfOnePut.fingerprint(Some(&tag), 1);
            let is_of_parts = expected.parts().is_some();
            let at_once = Some(expected).filter(|_| !is_of_parts);
            assert_eq!(of_one_put, at_once.unwrap_or_default(), "{tag}");
        }
        let none = EtagMeaning::Content.fingerprint(None, 1);
        assert_eq!(none, Fingerprint::UNKNOWN);
        let empty = EtagMeaning::Content.fingerprint(Some(of_nothing), 0);
        assert_eq!(empty, Fingerprint::md5(MD5_OF_NOTHING));
    }
}
