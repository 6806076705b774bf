//! How an inventory is told at rest: about forty bytes an object, where names are those of Thanos and entity tags are digests.

use std::borrow::Cow;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::file_id::FileId;
use super::fingerprint::Fingerprint;
use super::inventory::{Inventory, LeftOut, Object, Role};
use super::names::{DELETION_MARK, META_JSON};

impl Serialize for Inventory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // What an entry would be for that cannot be read is not told.
        let left_out = self.left_out().map(|object| (Role::Data, object));
        let all = self.iter().chain(left_out);
        let all: Vec<_> = all
            .map(|(role, object)| ObjectAtRest::of(role, object))
            .collect();
        (self.tags_tell_nothing(), all).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Inventory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (tags_tell_nothing, all) = <(bool, Vec<ObjectAtRest<'_>>)>::deserialize(deserializer)?;
        let all = all.into_iter().map(ObjectAtRest::object);
        let (left_out, objects): (Vec<_>, Vec<_>) =
            all.partition(|(_, object)| object.left_out.is_some());
        let left_out = left_out.into_iter().map(|(_, object)| object);
        Ok(Self::judged(objects, left_out.collect(), tags_tell_nothing))
    }
}

/// An object, and what it is for.
#[derive(Serialize, Deserialize)]
struct ObjectAtRest<'a> {
    role: Role,
    name: Name<'a>,
    size_bytes: u64,
    /// Seconds and nanoseconds since the epoch.
    modified: Option<(i64, u32)>,
    version: Version<'a>,
    fingerprint: Fingerprint,
    archived: bool,
    file: Option<FileId>,
    left_out: Option<Cow<'a, LeftOut>>,
}

#[derive(Serialize, Deserialize)]
enum Name<'a> {
    /// `chunks/` and six digits.
    Segment(u32),
    Index,
    Meta,
    DeletionMark,
    Other(Cow<'a, str>),
}

#[derive(Serialize, Deserialize)]
enum Version<'a> {
    None,
    /// The fingerprint in hexadecimal digits, between quotes, as S3 writes it.
    Fingerprint,
    Other(Cow<'a, str>),
}

impl<'a> ObjectAtRest<'a> {
    fn of(role: Role, object: &'a Object) -> Self {
        let modified = object.modified;
        Self {
            role,
            name: Name::of(&object.name),
            size_bytes: object.size_bytes,
            modified: modified.map(|time| (time.timestamp(), time.timestamp_subsec_nanos())),
            version: match object.version.as_deref() {
                None => Version::None,
                Some(version) if quoted(object.fingerprint).as_deref() == Some(version) => {
                    Version::Fingerprint
                }
                Some(version) => Version::Other(version.into()),
            },
            fingerprint: object.fingerprint,
            archived: object.archived,
            file: object.file,
            left_out: object.left_out.as_ref().map(Cow::Borrowed),
        }
    }

    fn object(self) -> (Role, Object) {
        let modified = self.modified;
        let object = Object {
            name: self.name.text().into(),
            size_bytes: self.size_bytes,
            modified: modified
                .and_then(|(seconds, nanos)| DateTime::<Utc>::from_timestamp(seconds, nanos)),
            version: match self.version {
                Version::None => None,
                Version::Fingerprint => quoted(self.fingerprint).map(String::into_boxed_str),
                Version::Other(version) => Some(version.into()),
            },
            fingerprint: self.fingerprint,
            archived: self.archived,
            file: self.file,
            left_out: self.left_out.map(Cow::into_owned),
        };
        (self.role, object)
    }
}

impl<'a> Name<'a> {
    fn of(name: &'a str) -> Self {
        let segment = || {
            let number = name.strip_prefix("chunks/")?.parse().ok()?;
            (segment(number) == name).then_some(number)
        };
        match name {
            "index" => Name::Index,
            META_JSON => Name::Meta,
            DELETION_MARK => Name::DeletionMark,
            _ => segment().map_or(Name::Other(name.into()), Name::Segment),
        }
    }

    fn text(self) -> Cow<'a, str> {
        match self {
            Name::Segment(number) => segment(number).into(),
            Name::Index => "index".into(),
            Name::Meta => META_JSON.into(),
            Name::DeletionMark => DELETION_MARK.into(),
            Name::Other(name) => name,
        }
    }
}

fn segment(number: u32) -> String {
    format!("chunks/{number:06}")
}

/// The entity tag that S3 makes of a digest.
fn quoted(fingerprint: Fingerprint) -> Option<String> {
    let (digest, parts) = fingerprint.tag()?;
    let mut tag = String::with_capacity(40);
    tag.push('"');
    for byte in digest {
        let _ = write!(tag, "{byte:02x}");
    }
    if let Some(parts) = parts {
        let _ = write!(tag, "-{parts}");
    }
    tag.push('"');
    Some(tag)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::super::packed::Packed;
    use super::*;

    #[test]
    fn an_inventory_is_the_same_after_its_rest() {
        let names = [
            "",
            "chunks",
            "chunks/",
            "chunks/000001",
            "chunks/1",
            "chunks/1000000",
            "chunks/+00001",
            "deletion-mark.json",
            "index",
            "meta.json",
            "no-compact-mark.json",
            "ünïcode\u{0}\n",
        ];
        let times = [
            None,
            Some(DateTime::UNIX_EPOCH),
            DateTime::from_timestamp(-5, 999_999_999),
        ];
        let digest = [0x0a; 16];
        let fingerprints = [
            Fingerprint::UNKNOWN,
            Fingerprint::md5(digest),
            Fingerprint::crc32c(u32::MAX),
            Fingerprint::md5(digest).and(Fingerprint::crc32c(0)),
            Fingerprint::md5_of_parts(digest, NonZeroU32::MAX),
        ];
        let versions = [
            None,
            Some(""),
            Some("\"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a\""),
            Some("0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"),
            Some("\"0A0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a\""),
            Some("\"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a-4294967295\""),
        ];
        let file = FileId {
            device: u64::MAX,
            inode: 7,
            changed: (-1, 5),
        };
        let left_out = [
            None,
            Some(LeftOut::Odd("a link".into())),
            Some(LeftOut::Closed("no".into())),
        ];
        for fingerprint in fingerprints {
            for version in versions {
                for (modified, left_out) in times.into_iter().zip(left_out.clone()) {
                    let objects = names.iter().zip(0_u64..).map(|(name, number)| Object {
                        name: (*name).into(),
                        size_bytes: u64::MAX * (number % 2),
                        modified,
                        version: version.map(Into::into),
                        fingerprint,
                        archived: number % 5 == 0,
                        file: (number % 3 == 0).then_some(file),
                        left_out: left_out.clone(),
                    });
                    let inventory: Inventory = objects.collect();
                    let inventory = inventory.with_our_no_compact_mark();
                    assert_eq!(Packed::new(&inventory).get(), inventory);
                }
            }
        }
    }
}
