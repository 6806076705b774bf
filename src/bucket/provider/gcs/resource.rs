//! What the service tells of an object: in a page of a listing, in answer to a question, and when it has taken one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::block::Fingerprint;
use crate::bucket::pages;
use crate::bucket::store::Entry;
use crate::http::date;

/// The members that are asked for.
pub(super) const MEMBERS: &str = "name,size,generation,timeCreated,updated,crc32c,md5Hash";

/// An object as a document tells of it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resource {
    name: Option<String>,
    #[serde(default)]
    size: Value,
    #[serde(default)]
    generation: Value,
    time_created: Option<String>,
    updated: Option<String>,
    crc32c: Option<String>,
    md5_hash: Option<String>,
}

impl Resource {
    /// Reads a document that tells of an object, and of its size and version at least.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        Self::of(serde_json::from_slice(body).ok()?)
    }

    /// The same, of a document within another.
    pub(super) fn of(document: Value) -> Option<Self> {
        let read: Self = serde_json::from_value(document).ok()?;
        (read.size_bytes().is_some() && read.generation().is_some()).then_some(read)
    }

    pub(super) fn size_bytes(&self) -> Option<u64> {
        number(&self.size)
    }

    /// The number of its version, which no other object of that name ever has.
    pub(super) fn generation(&self) -> Option<u64> {
        number(&self.generation)
    }

    /// When its content was written. Its metadata may have been changed since.
    pub(super) fn modified(&self) -> Option<DateTime<Utc>> {
        let time = |text: &Option<String>| text.as_deref().and_then(date::time);
        time(&self.time_created).or_else(|| time(&self.updated))
    }

    pub(super) fn crc32c(&self) -> Option<u32> {
        digest(self.crc32c.as_deref()).map(u32::from_be_bytes)
    }

    /// Objects that were composed of others have no MD5.
    pub(super) fn digests(&self) -> Fingerprint {
        let md5 = digest(self.md5_hash.as_deref()).map(Fingerprint::md5);
        let crc32c = self.crc32c().map(Fingerprint::crc32c);
        let unknown = Fingerprint::UNKNOWN;
        md5.unwrap_or(unknown).and(crc32c.unwrap_or(unknown))
    }

    /// The version as entity tags are written.
    pub(super) fn tag(&self) -> Option<String> {
        self.generation().map(tag)
    }

    /// What a listing shows of it; `None` for one without a name.
    pub(super) fn entry(self) -> Option<Entry> {
        let rest = Entry {
            size_bytes: self.size_bytes(),
            modified: self.modified(),
            etag: self.tag(),
            digests: self.digests(),
            ..Entry::default()
        };
        let name = self.name.filter(|name| !name.is_empty())?;
        Some(pages::entry(name, true, rest))
    }
}

/// A version as an entity tag.
pub(super) fn tag(generation: u64) -> String {
    format!("\"{generation}\"")
}

/// The version that such a tag tells.
pub(super) fn generation_of(tag: &str) -> Option<u64> {
    let digits = tag.strip_prefix('"')?.strip_suffix('"')?;
    digits.parse().ok()
}

/// A number of 64 bits, which JSON cannot hold as one.
fn number(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_u64(),
        _ => None,
    }
}

fn digest<const N: usize>(text: Option<&str>) -> Option<[u8; N]> {
    STANDARD.decode(text?).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    /// S-5.6
    #[test]
    fn what_is_told_of_an_object_is_read_and_what_is_odd_is_unknown() {
        let text = r#"{"name": "a/b", "size": "9", "generation": "1700000000000001", "crc32c": "4waSgw==",
            "md5Hash": "JfnnlDI7RTiF9RgfG2JNCw==", "timeCreated": "2025-01-01T00:00:00.123Z", "updated": "2025-02-01T00:00:00Z"}"#;
        let entry = Resource::read(text.as_bytes()).unwrap().entry().unwrap();
        assert_eq!(entry.key, "a/b");
        assert_eq!(entry.size_bytes, Some(9));
        assert_eq!(entry.etag.as_deref(), Some("\"1700000000000001\""));
        assert_eq!(
            entry.modified.unwrap().timestamp_millis(),
            1_735_689_600_123
        );
        let md5 = 0x25f9_e794_323b_4538_85f5_181f_1b62_4d0b_u128.to_be_bytes();
        let both = Fingerprint::md5(md5).and(Fingerprint::crc32c(0xe306_9283));
        assert_eq!(entry.digests, both);
        for text in [
            r#"{"name": "a", "size": 1, "generation": 2, "crc32c": "AAAAAA", "md5Hash": "AA=="}"#,
            r#"{"name": "a", "size": "1", "generation": "2", "crc32c": "", "md5Hash": "?"}"#,
        ] {
            let entry = Resource::read(text.as_bytes()).unwrap().entry().unwrap();
            assert_eq!(entry.digests, Fingerprint::UNKNOWN, "{text}");
        }
        for text in [
            "",
            "null",
            "[]",
            r#"{"name": "a"}"#,
            r#"{"size": "-1", "generation": "1"}"#,
            r#"{"size": "1", "generation": "x"}"#,
            "<html>",
        ] {
            assert!(Resource::read(text.as_bytes()).is_none(), "{text}");
        }
        assert!(Resource::default().entry().is_none());
    }

    #[test]
    fn a_version_goes_to_and_fro_as_a_tag() {
        assert_eq!(generation_of(&tag(17)), Some(17));
        for other in ["17", "W/\"17\"", "\"a\"", "\"\"", ""] {
            assert_eq!(generation_of(other), None, "{other}");
        }
    }
}
