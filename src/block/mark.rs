//! The mark files of Thanos, written as Thanos writes them: one line, its order of members, `<`, `>` and `&` escaped.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::json::{self, Members};
use super::{BlockId, Provenance};
use crate::printable::message;

/// `deletion-mark.json`: Thanos' compactor deletes the block named *inside* it once the mark is old enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeletionMark {
    #[serde(serialize_with = "as_text")]
    id: BlockId,
    version: u8,
    #[serde(skip_serializing_if = "String::is_empty")]
    details: String,
    deletion_time: i64,
}

/// `no-compact-mark.json`: Thanos' compactor leaves the block as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoCompactMark {
    #[serde(serialize_with = "as_text")]
    id: BlockId,
    version: u8,
    #[serde(skip_serializing_if = "String::is_empty")]
    details: String,
    no_compact_time: i64,
    reason: &'static str,
}

/// Why a mark cannot be taken for one, in one short line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkError(pub String);

impl fmt::Display for MarkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MarkError {}

impl DeletionMark {
    /// A mark on `block`, made at `now`.
    #[must_use]
    pub fn new(block: BlockId, details: String, now: DateTime<Utc>) -> Self {
        Self {
            id: block,
            version: 1,
            details,
            deletion_time: now.timestamp(),
        }
    }

    /// Reads the mark found in the directory of `block`.
    ///
    /// Refused: what Go's decoder refuses, a `version` other than 1, and an `id` other than the directory's, by which Thanos would delete
    /// another block.
    pub fn parse(block: BlockId, bytes: &[u8]) -> Result<Self, MarkError> {
        decode(block, bytes).map_err(|why| MarkError(message(&why).into_owned()))
    }

    /// When it was made, in seconds since the epoch.
    #[must_use]
    pub fn deletion_time(&self) -> i64 {
        self.deletion_time
    }

    /// Free text of whoever made it.
    #[must_use]
    pub fn details(&self) -> &str {
        &self.details
    }

    /// Who made it, where that was this tool.
    #[must_use]
    pub fn provenance(&self) -> Option<Provenance> {
        Provenance::parse(&self.details)
    }

    /// The bytes of the file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }
}

fn decode(block: BlockId, bytes: &[u8]) -> Result<DeletionMark, String> {
    let document = json::document(bytes)?;
    let mark = Members::of(Some(&document), "")?;
    let version = mark.integer("version")?;
    if version != 1 {
        return Err(format!("version is {version}, expected 1"));
    }
    let id = mark.text("id")?;
    if !id.eq_ignore_ascii_case(&block.to_string()) {
        return Err(format!("id is {id:?}, the directory is {block}"));
    }
    Ok(DeletionMark {
        id: block,
        version: 1,
        details: mark.text("details")?,
        deletion_time: mark.integer("deletion_time")?,
    })
}

impl NoCompactMark {
    /// A mark on `block`, made at `now` for the reason `manual`.
    #[must_use]
    pub fn new(block: BlockId, details: String, now: DateTime<Utc>) -> Self {
        Self {
            id: block,
            version: 1,
            details,
            no_compact_time: now.timestamp(),
            reason: "manual",
        }
    }

    /// Who made the mark with these bytes, where that was this tool.
    #[must_use]
    pub fn provenance(bytes: &[u8]) -> Option<Provenance> {
        let document = json::document(bytes).ok()?;
        let mark = Members::of(Some(&document), "").ok()?;
        Provenance::parse(&mark.text("details").ok()?)
    }

    /// The bytes of the file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }
}

fn encode(mark: &impl Serialize) -> Vec<u8> {
    // A struct of strings and numbers always serialises.
    serde_json::to_string(mark)
        .unwrap_or_default()
        .replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .into_bytes()
}

fn as_text<S: serde::Serializer>(id: &BlockId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    const ID: &str = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";

    fn id() -> BlockId {
        ID.parse().unwrap()
    }

    /// S-1.2
    #[test]
    fn marks_have_the_shape_that_thanos_writes() {
        let now = DateTime::from_timestamp(1_767_225_600, 999_000_000).unwrap();
        let mark = DeletionMark::new(id(), "moved <to> a&b".into(), now);
        assert_eq!(
            String::from_utf8(mark.encode()).unwrap(),
            r#"{"id":"01J9ZK3M7Q8T5V6W7X8Y9Z0A1B","version":1,"details":"moved \u003cto\u003e a\u0026b","deletion_time":1767225600}"#
        );
        assert_eq!(DeletionMark::parse(id(), &mark.encode()).unwrap(), mark);
        let no_compact = NoCompactMark::new(id(), String::new(), now);
        assert_eq!(
            String::from_utf8(no_compact.encode()).unwrap(),
            r#"{"id":"01J9ZK3M7Q8T5V6W7X8Y9Z0A1B","version":1,"no_compact_time":1767225600,"reason":"manual"}"#
        );
    }

    /// S-4.4
    #[test]
    fn a_corrupted_mark_is_refused() {
        for (bytes, why) in [
            (String::new(), "EOF"),
            ("{".to_owned(), "EOF"),
            (format!(r#"{{"id":"{ID}"}}"#), "version is 0"),
            (format!(r#"{{"id":"{ID}","version":2}}"#), "version is 2"),
            (
                r#"{"id":"01J9ZK3M7Q8T5V6W7X8Y9Z0A1C","version":1}"#.to_owned(),
                "id is",
            ),
            (format!(r#"{{"id":"{ID}","version":1}} x"#), "trailing"),
            (
                format!(r#"{{"id":"{ID}","version":1,"deletion_time":"1"}}"#),
                "deletion_time",
            ),
        ] {
            let err = DeletionMark::parse(id(), bytes.as_bytes()).unwrap_err();
            assert!(err.to_string().contains(why), "{bytes}: {err}");
        }
    }
}
