//! Segments of large objects: where they lie, what the object that is made of them says of them, and what becomes of them.

use std::fmt;

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use ulid::Ulid;

use crate::hexadecimal::hexadecimal;

/// The folder in which Thanos and this program put segments.
pub(super) const FOLDER: &str = "segments/";

/// How many bytes stand for chance between the name of the object and the end, in a folder's name.
const CHANCE: usize = 32;

/// The SHA-1 of nothing, which Thanos' client has at the end of each folder's name.
const NOTHING: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

/// How many digits the number of a segment has.
const DIGITS: usize = 16;

/// One segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) container: String,
    pub(super) name: String,
    pub(super) size_bytes: u64,
    /// Its entity tag: the MD5 of its bytes.
    pub(super) hash: String,
}

/// The folder of one large object's segments: `segments/<3 hex digits>/<the others>`.
///
/// As Thanos' client has it, the digits are those of the object's name, of 32 bytes by chance and of the SHA-1 of nothing. Here half of the chance is a
/// sign of whose they are, and the other half a ULID, so that what is not finished can be told from what somebody else has there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder {
    /// The name of the object.
    pub(super) key: String,
    sign: [u8; CHANCE / 2],
    id: Ulid,
}

impl Folder {
    /// A new one for segments of that object.
    pub(super) fn new(container: &str, key: &str) -> Self {
        Self {
            key: key.to_owned(),
            sign: sign(container),
            id: Ulid::generate(),
        }
    }

    /// Reads the name of a folder, or of a segment in one; `None` unless this program has put it there for an object of that container.
    pub(super) fn read(container: &str, name: &str) -> Option<Self> {
        let (key, chance) = read(name)?;
        let (sign_there, id) = chance.split_at_checked(CHANCE / 2)?;
        let id = Ulid::from_bytes(id.try_into().ok()?);
        let read = Self {
            key,
            sign: sign(container),
            id,
        };
        (sign_there == read.sign).then_some(read)
    }

    /// The name of the segment of that number, counted from zero.
    pub(super) fn segment(&self, number: usize) -> String {
        format!("{self}/{:0DIGITS$}", number + 1)
    }

    /// When it was made.
    pub(super) fn begun(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(i64::try_from(self.id.timestamp_ms()).ok()?)
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.key.as_bytes(), &self.sign, &self.id.to_bytes()].concat();
        let digits = hexadecimal(&bytes);
        // There are more than three: those of the chance alone are.
        let (first, others) = digits.split_at_checked(3).unwrap_or_default();
        write!(f, "{FOLDER}{first}/{others}{NOTHING}")
    }
}

/// The object whose segment of that name it is, whoever has put it; `None` where Thanos' client names none so.
pub(super) fn owner(name: &str) -> Option<String> {
    read(name).map(|(key, _)| key)
}

/// The name of the object, and what stands for chance behind it.
fn read(name: &str) -> Option<(String, Vec<u8>)> {
    let mut parts = name.strip_prefix(FOLDER)?.split('/');
    let digits = format!("{}{}", parts.next()?, parts.next()?);
    let mut key = bytes(digits.strip_suffix(NOTHING)?)?;
    let chance = key.split_off(key.len().checked_sub(CHANCE)?);
    Some((String::from_utf8(key).ok()?, chance))
}

/// What tells the segments of one container's objects from those of another's, which may lie beside each other.
fn sign(container: &str) -> [u8; CHANCE / 2] {
    let digest = Sha256::digest(format!("thanos-bucket\0{container}"));
    let mut sign = [0; CHANCE / 2];
    for (to, from) in sign.iter_mut().zip(digest) {
        *to = from;
    }
    sign
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let is_whole = digits.len().is_multiple_of(2);
    is_whole.then(|| pairs.map(byte).collect()).flatten()
}

/// Whether one is missing among segments that are numbered as Thanos numbers them, below a prefix. Of others nothing is known.
pub(super) fn has_gap(prefix: &str, segments: &[Segment]) -> bool {
    let number = |segment: &Segment| {
        let digits = segment.name.strip_prefix(prefix)?.trim_start_matches('/');
        let is_number = digits.len() == DIGITS && digits.bytes().all(|it| it.is_ascii_digit());
        is_number.then(|| digits.parse().ok()).flatten()
    };
    let numbers: Option<Vec<usize>> = segments.iter().map(number).collect();
    numbers.is_some_and(|numbers| numbers.iter().copied().ne(1..=numbers.len()))
}

/// The name of the segment that would come next, where they are numbered so.
pub(super) fn next(prefix: &str, segments: &[Segment]) -> String {
    format!(
        "{}/{:0DIGITS$}",
        prefix.trim_end_matches('/'),
        segments.len() + 1
    )
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    /// S-3.44
    #[test]
    fn a_folder_tells_whose_it_is() {
        let folder = Folder::new("hot", "01J/chunks/é 1");
        let name = folder.to_string();
        assert!(name.starts_with("segments/303/14a2f"), "{name}");
        assert_eq!(Folder::read("hot", &name), Some(folder.clone()));
        let segment = folder.segment(0);
        assert!(segment.ends_with("/0000000000000001"), "{segment}");
        assert_eq!(Folder::read("hot", &segment), Some(folder.clone()));
        assert_eq!(Folder::read("cold", &name), None);
        let age = Utc::now() - folder.begun().unwrap();
        assert!(age.num_seconds().abs() < 60);
        assert_ne!(Folder::new("hot", "01J/chunks/é 1"), folder);
        // Thanos' own, with 32 bytes by chance.
        let theirs = format!("segments/616/2{}{NOTHING}", "5a".repeat(CHANCE));
        assert_eq!(owner(&theirs).as_deref(), Some("ab"));
        for other in [
            theirs.as_str(),
            "segments/",
            "segments/abc",
            "segments/abc/",
            "segments/abc/é",
            "other/303/1",
            &name.replace(NOTHING, ""),
        ] {
            assert_eq!(Folder::read("hot", other), None, "{other}");
        }
    }

    /// S-3.43
    #[test]
    fn a_segment_that_is_missing_is_missed() {
        let segments = |names: &[&str]| -> Vec<Segment> {
            let segment = |name: &&str| Segment {
                container: "c".to_owned(),
                name: (*name).to_owned(),
                size_bytes: 1,
                hash: String::new(),
            };
            names.iter().map(segment).collect()
        };
        let (one, two) = ("p/0000000000000001", "p/0000000000000002");
        for (names, expected) in [
            (&[one, two][..], false),
            (&[two], true),
            (&[one, "p/0000000000000003"], true),
            (&[], false),
            (&["p/a", "p/c"], false),
        ] {
            assert_eq!(has_gap("p", &segments(names)), expected, "{names:?}");
        }
        assert_eq!(next("p", &segments(&[one])), two);
    }
}
