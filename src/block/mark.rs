//! The mark files of Thanos, written as Thanos writes them: on one line, members in its order, `<`, `>` and `&` escaped.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::id::BlockId;
use super::meta::document::Ulid;
use super::provenance::Provenance;
use crate::go::json::{self, Decode, Failure, Json, check};
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
    reason: String,
}

/// Why a mark is no mark of the block in whose directory it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarkError {
    /// Go's decoder refuses it, and why: Thanos goes on as if it were not there.
    Undecodable(Box<str>),
    /// It is of this unknown version: no part of Thanos that reads marks of this kind can sync a bucket that holds it.
    OtherVersion(i64),
    /// A deletion mark that names another block: Thanos' compactor deletes that one.
    OfAnother(Box<DeletionMark>),
}

impl fmt::Display for MarkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MarkError::Undecodable(why) => f.write_str(why),
            MarkError::OtherVersion(version) => write!(f, "version is {version}, expected 1"),
            MarkError::OfAnother(mark) => write!(f, "it names {}", mark.id),
        }
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

    /// Reads the mark found in the directory of `block`, as Thanos reads it.
    pub fn parse(block: BlockId, bytes: &[u8]) -> Result<Self, MarkError> {
        let file: DeletionFile = decode(bytes)?;
        of_version_1(file.version)?;
        let mark = Self {
            id: file.id.0,
            version: 1,
            details: file.details,
            deletion_time: file.deletion_time,
        };
        if mark.id == block {
            Ok(mark)
        } else {
            Err(MarkError::OfAnother(Box::new(mark)))
        }
    }

    /// The block that Thanos' compactor deletes.
    #[must_use]
    pub fn block(&self) -> BlockId {
        self.id
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

/// What Thanos decodes of a deletion mark.
#[derive(Default)]
struct DeletionFile {
    id: Ulid,
    version: i64,
    details: String,
    deletion_time: i64,
}

impl Decode for DeletionFile {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        json.members(|name, value| match name {
            "id" => self.id.decode(value),
            "version" => self.version.decode(value),
            "details" => self.details.decode(value),
            "deletion_time" => self.deletion_time.decode(value),
            _ => Ok(()),
        })
    }
}

fn decode<T: Decode + Default>(bytes: &[u8]) -> Result<T, MarkError> {
    json::decode(bytes)
        .map_err(|failure| MarkError::Undecodable(message(&failure.to_string()).into()))
}

fn of_version_1(version: i64) -> Result<(), MarkError> {
    match version {
        1 => Ok(()),
        other => Err(MarkError::OtherVersion(other)),
    }
}

/// What Thanos decodes of a no-compact mark.
#[derive(Default)]
struct NoCompactFile {
    id: Ulid,
    version: i64,
    details: String,
    no_compact_time: i64,
    reason: String,
}

impl Decode for NoCompactFile {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        json.members(|name, value| match name {
            "id" => self.id.decode(value),
            "version" => self.version.decode(value),
            "details" => self.details.decode(value),
            "no_compact_time" => self.no_compact_time.decode(value),
            "reason" => self.reason.decode(value),
            _ => Ok(()),
        })
    }
}

/// The members of a no-downsample mark that decide whether Thanos can read it. This tool never writes such a mark.
#[derive(Default)]
struct NoDownsampleFile {
    version: i64,
}

impl Decode for NoDownsampleFile {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        json.members(|name, value| match name {
            "version" => self.version.decode(value),
            "id" => check::<Ulid>(value),
            "no_downsample_time" => check::<i64>(value),
            "details" | "reason" => check::<String>(value),
            _ => Ok(()),
        })
    }
}

/// Whether a `no-downsample-mark.json` is one that Thanos can read.
pub fn check_no_downsample_mark(bytes: &[u8]) -> Result<(), MarkError> {
    of_version_1(decode::<NoDownsampleFile>(bytes)?.version)
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
            reason: "manual".to_owned(),
        }
    }

    /// Reads a mark as Thanos reads it, which goes by the directory and not by the id in the mark.
    pub fn parse(bytes: &[u8]) -> Result<Self, MarkError> {
        let file: NoCompactFile = decode(bytes)?;
        of_version_1(file.version)?;
        Ok(Self {
            id: file.id.0,
            version: 1,
            details: file.details,
            no_compact_time: file.no_compact_time,
            reason: file.reason,
        })
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
        let another = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1C";
        for (bytes, why) in [
            (String::new(), "it is no JSON: EOF"),
            ("{".to_owned(), "it is no JSON: EOF"),
            (format!(r#"{{"id":"{ID}"}}"#), "version is 0"),
            (format!(r#"{{"id":"{ID}","version":2}}"#), "version is 2"),
            (
                format!(r#"{{"id":"{another}","version":1}}"#),
                "it names 01J9ZK3M7Q8T5V6W7X8Y9Z0A1C",
            ),
            (
                r#"{"version":1}"#.to_owned(),
                "it names 00000000000000000000000000",
            ),
            (format!(r#"{{"id":"{ID}","version":1}} x"#), "trailing"),
            (
                format!(r#"{{"id":"{ID}","version":1,"deletion_time":"1"}}"#),
                "deletion_time is no 64-bit integer",
            ),
        ] {
            let err = DeletionMark::parse(id(), bytes.as_bytes()).unwrap_err();
            assert!(err.to_string().contains(why), "{bytes}: {err}");
        }
    }
}
