//! What lies in the buckets.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, SubsecRound, Utc};
use md5::{Digest as _, Md5};

use super::signature::hexadecimal;
use super::vendor::Tags;

/// A bucket.
#[derive(Debug, Default)]
pub struct Bucket {
    pub objects: BTreeMap<String, Object>,
    pub uploads: BTreeMap<String, Upload>,
    /// `Enabled` or `Suspended`, where that was ever asked for. It is told; former versions are not kept.
    pub versioning: Option<&'static str>,
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
            Tags::OtherOfParts => format!("{}-{number}", digest(&[b"another", &digests])),
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
        }
    }
}

/// The tag of what comes in one piece.
pub fn tag(bytes: &[u8], tags: Tags) -> String {
    let digest = hexadecimal(&Md5::digest(bytes));
    match tags {
        Tags::OtherOfPartsInCapitals => digest.to_ascii_uppercase(),
        _ => digest,
    }
}
