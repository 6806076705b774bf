//! What the service tells of an object: in a page of a listing, and in the head of an answer.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use reqwest::header::HeaderMap;
use serde::Deserialize;

use crate::block::Fingerprint;
use crate::bucket::pages;
use crate::bucket::store::Entry;
use crate::http::date;

/// The members that a page is asked for; it tells names alone otherwise.
pub(super) const MEMBERS: &str =
    "name,size,etag,md5,timeCreated,timeModified,storageTier,archivalState";

/// An object as a page tells of it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    name: Option<String>,
    size: Option<u64>,
    etag: Option<String>,
    md5: Option<String>,
    time_created: Option<String>,
    time_modified: Option<String>,
    storage_tier: Option<String>,
    archival_state: Option<String>,
}

impl Summary {
    /// What the listing shows; `None` for one without a name.
    pub(super) fn entry(self) -> Option<Entry> {
        let time = |text: &Option<String>| text.as_deref().and_then(date::time);
        let is_archived = self.storage_tier.as_deref().is_some_and(is_archive)
            && self.archival_state.as_deref() != Some(RESTORED);
        let rest = Entry {
            size_bytes: self.size,
            modified: time(&self.time_modified).or_else(|| time(&self.time_created)),
            etag: self.etag.as_deref().and_then(tag),
            digests: self.md5.as_deref().map(digest).unwrap_or_default(),
            archived: is_archived,
            ..Entry::default()
        };
        let name = self.name.filter(|name| !name.is_empty())?;
        Some(pages::entry(name, true, rest))
    }
}

/// An object as the head of an answer tells of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) size_bytes: Option<u64>,
    pub(super) etag: Option<String>,
    pub(super) modified: Option<DateTime<Utc>>,
    /// Digests of all its bytes.
    pub(super) digests: Fingerprint,
}

impl Facts {
    /// Reads the head of an answer to who asked about an object, for one, or put one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
        let known = |found: Option<Fingerprint>| found.unwrap_or_default();
        let md5 = text("opc-content-md5").or_else(|| text("content-md5"));
        let crc32c = text("opc-content-crc32c").and_then(decoded);
        let crc32c = crc32c.map(|bytes| Fingerprint::crc32c(u32::from_be_bytes(bytes)));
        Self {
            size_bytes: text("content-length").and_then(|size| size.parse().ok()),
            etag: text("etag").and_then(tag),
            modified: text("last-modified").and_then(date::time),
            digests: known(md5.and_then(decoded).map(Fingerprint::md5)).and(known(crc32c)),
        }
    }
}

/// What is to be restored before anybody reads it.
const ARCHIVE: &str = "Archive";

/// What was.
const RESTORED: &str = "Restored";

/// Whether it is the tier from which nobody reads before a restore.
pub(super) fn is_archive(tier: &str) -> bool {
    tier.eq_ignore_ascii_case(ARCHIVE)
}

/// An entity tag as conditions want it: without the quotes that some write.
pub(super) fn tag(text: &str) -> Option<String> {
    let tag = text.trim().trim_matches('"');
    (!tag.is_empty() && !tag.starts_with("W/")).then(|| tag.to_owned())
}

/// The MD5 of all bytes or, with a number behind it, of the MD5s of so many parts.
fn digest(text: &str) -> Fingerprint {
    let found = match text.rsplit_once('-') {
        Some((digest, parts)) => {
            let parts = parts.parse::<NonZeroU32>().ok();
            let known = decoded(digest).zip(parts);
            known.map(|(digest, parts)| Fingerprint::md5_of_parts(digest, parts))
        }
        None => decoded(text).map(Fingerprint::md5),
    };
    found.unwrap_or_default()
}

fn decoded<const N: usize>(text: &str) -> Option<[u8; N]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    const MD5: [u8; 16] = 0x25f9_e794_323b_4538_85f5_181f_1b62_4d0b_u128.to_be_bytes();

    fn summary(text: &str) -> Entry {
        serde_json::from_str::<Summary>(text)
            .unwrap()
            .entry()
            .unwrap()
    }

    /// S-3.75, S-5.6
    #[test]
    fn what_a_page_tells_is_read_and_what_is_odd_is_unknown() {
        let text = r#"{"name": "a/b", "size": 9, "etag": "9a86a492-43fa-4c8c-a80e-dbd650188ff8", "md5": "JfnnlDI7RTiF9RgfG2JNCw==",
            "timeCreated": "2025-01-01T00:00:00.123Z", "timeModified": "2025-02-01T00:00:00.456Z", "storageTier": "Standard", "archivalState": null}"#;
        let entry = summary(text);
        assert_eq!((entry.key.as_str(), entry.size_bytes), ("a/b", Some(9)));
        assert_eq!(
            entry.etag.as_deref(),
            Some("9a86a492-43fa-4c8c-a80e-dbd650188ff8")
        );
        let modified = entry.modified.unwrap().timestamp_millis();
        assert_eq!(modified, 1_738_368_000_456);
        assert_eq!(entry.digests, Fingerprint::md5(MD5));
        assert!(!entry.archived);
        let in_parts = summary(r#"{"name": "a", "size": 9, "md5": "JfnnlDI7RTiF9RgfG2JNCw==-12"}"#);
        let parts = NonZeroU32::new(12).unwrap();
        assert_eq!(in_parts.digests, Fingerprint::md5_of_parts(MD5, parts));
        for md5 in [
            "JfnnlDI7RTiF9RgfG2JNCw==-0",
            "JfnnlDI7RTiF9RgfG2JNCw==-x",
            "AA==",
            "?",
            "",
        ] {
            let entry = summary(&format!(r#"{{"name": "a", "size": 1, "md5": "{md5}"}}"#));
            assert_eq!(entry.digests, Fingerprint::UNKNOWN, "{md5}");
        }
        // A name alone is what a page tells that was asked for nothing else.
        let bare = summary(r#"{"name": "a"}"#);
        assert!(bare.left_out.is_some() && bare.etag.is_none());
        assert!(Summary::default().entry().is_none());
    }

    /// S-3.76
    #[test]
    fn what_is_archived_and_not_restored_cannot_be_read() {
        for (tier, state, expected) in [
            ("Standard", "null", false),
            ("InfrequentAccess", "null", false),
            ("Archive", "\"Archived\"", true),
            ("Archive", "\"Restoring\"", true),
            ("Archive", "\"Restored\"", false),
            ("Archive", "null", true),
        ] {
            let text = format!(
                r#"{{"name": "a", "size": 1, "storageTier": "{tier}", "archivalState": {state}}}"#
            );
            assert_eq!(summary(&text).archived, expected, "{tier} {state}");
        }
    }

    /// S-5.6
    #[test]
    fn the_head_of_an_answer_tells_digests_of_all_bytes_only() {
        for (headers, expected) in [
            (
                &[("opc-content-md5", "JfnnlDI7RTiF9RgfG2JNCw==")][..],
                Fingerprint::md5(MD5),
            ),
            (
                &[
                    ("opc-multipart-md5", "JfnnlDI7RTiF9RgfG2JNCw==-2"),
                    ("opc-content-crc32c", "4waSgw=="),
                ],
                Fingerprint::crc32c(0xe306_9283),
            ),
            (
                &[("opc-multipart-md5", "JfnnlDI7RTiF9RgfG2JNCw==")],
                Fingerprint::UNKNOWN,
            ),
            (&[("opc-content-crc32c", "no")], Fingerprint::UNKNOWN),
        ] {
            let mut all = HeaderMap::new();
            for (name, value) in headers {
                all.insert(*name, value.parse().unwrap());
            }
            assert_eq!(Facts::of(&all).digests, expected, "{headers:?}");
        }
        assert_eq!(tag("\"a-b\"").as_deref(), Some("a-b"));
        assert_eq!(tag("a-b").as_deref(), Some("a-b"));
        assert_eq!(tag("\"\""), None);
    }
}
