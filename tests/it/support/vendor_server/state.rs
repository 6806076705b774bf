//! What lies in the buckets.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, SubsecRound, Utc};
use md5::{Digest as _, Md5};

use super::signature::hexadecimal;
use super::vendor::{Tags, Vendor};

/// A bucket.
#[derive(Debug, Default)]
pub struct Bucket {
    pub objects: BTreeMap<String, Object>,
    pub uploads: BTreeMap<String, Upload>,
    /// `Enabled` or `Suspended`, where that was ever asked for. It is told; of former versions those are kept that were deleted last.
    pub versioning: Option<&'static str>,
    /// Since when listings show what is put so much later.
    pub lag: Option<(Instant, Duration)>,
    /// What was deleted while versions were kept.
    pub deleted: BTreeMap<String, Deleted>,
    /// Where it is, if it is not everywhere.
    pub region: Option<&'static str>,
    /// Whether it encrypts what is put into it.
    pub encrypts: bool,
}

/// An object that was deleted where versions are kept.
#[derive(Debug)]
pub struct Deleted {
    /// The name of the version that says so.
    pub marker: String,
    /// The name of the version that is hidden by it.
    pub version: String,
    pub object: Object,
    pub at: DateTime<Utc>,
}

impl Bucket {
    /// Whether listings show it by now.
    pub fn shows(&self, object: &Object) -> bool {
        self.lag
            .is_none_or(|(since, lag)| object.put < since || object.put.elapsed() >= lag)
    }

    /// What tags are here.
    pub fn tags(&self, vendor: &Vendor) -> Tags {
        if self.encrypts {
            Tags::Nothing
        } else {
            vendor.tags
        }
    }

    /// Takes the object away, and keeps it where versions are kept.
    pub fn delete(&mut self, key: &str) {
        let object = self.objects.remove(key);
        let (Some("Enabled"), Some(object)) = (self.versioning, object) else {
            return;
        };
        let [marker, version] = ["d", "v"].map(|kind| format!("{kind}-{}", ulid::Ulid::generate()));
        let deleted = Deleted {
            marker,
            version,
            object,
            at: now(),
        };
        self.deleted.insert(key.to_owned(), deleted);
    }

    /// Takes a version away; what a mark of a deletion has hidden is there again.
    pub fn delete_version(&mut self, key: &str, version: &str) {
        match self.deleted.remove(key) {
            Some(deleted) if deleted.marker == version => {
                self.objects.insert(key.to_owned(), deleted.object);
            }
            Some(deleted) if deleted.version != version => {
                self.deleted.insert(key.to_owned(), deleted);
            }
            _ => {}
        }
    }
}

/// An object.
#[derive(Debug, Clone)]
pub struct Object {
    pub bytes: Bytes,
    /// Without quotes.
    pub tag: String,
    /// In whole seconds.
    pub modified: DateTime<Utc>,
    pub class: String,
    pub put: Instant,
}

/// What was begun and not finished.
#[derive(Debug)]
pub struct Upload {
    pub key: String,
    pub class: String,
    pub begun: DateTime<Utc>,
    pub parts: BTreeMap<u32, Part>,
}

/// A part of it.
#[derive(Debug, Clone)]
pub struct Part {
    pub bytes: Bytes,
    pub tag: String,
    pub modified: DateTime<Utc>,
}

/// The class of what is put without one.
pub const USUAL: &str = "STANDARD";

/// The time as it is told.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(0)
}

impl Object {
    pub fn new(bytes: Bytes, class: &str, tags: Tags) -> Self {
        Self {
            tag: tag(&bytes, tags),
            bytes,
            modified: now(),
            class: class.to_owned(),
            put: Instant::now(),
        }
    }

    /// Of these parts, of which there is one at least.
    pub fn of(parts: &[Part], class: &str, tags: Tags) -> Self {
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.bytes.to_vec()).collect();
        let digests = parts.iter().flat_map(|part| Md5::digest(&part.bytes));
        let digests: Vec<u8> = digests.collect();
        let digest = |text: &[&[u8]]| hexadecimal(&Md5::digest(text.concat()));
        let number = parts.len();
        let tag = match tags {
            Tags::Amazons => format!("{}-{number}", digest(&[&digests])),
            Tags::OtherOfParts | Tags::Nothing => {
                format!("{}-{number}", digest(&[b"another", &digests]))
            }
            Tags::OtherOfPartsInCapitals => {
                format!("{}-{number}", digest(&[b"another", &digests])).to_ascii_uppercase()
            }
            Tags::WithHyphenInFront => format!("-{}", digest(&[b"another", &digests])),
        };
        Self {
            bytes: bytes.into(),
            tag,
            modified: now(),
            class: class.to_owned(),
            put: Instant::now(),
        }
    }
}

/// The tag of what comes in one piece.
pub fn tag(bytes: &[u8], tags: Tags) -> String {
    let digest = hexadecimal(&Md5::digest(bytes));
    match tags {
        Tags::OtherOfPartsInCapitals => digest.to_ascii_uppercase(),
        Tags::Nothing => hexadecimal(&Md5::digest([b"encrypted", bytes].concat())),
        _ => digest,
    }
}
