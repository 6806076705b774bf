//! How a file shows as an object: its size, its time to the nanosecond, and an entity tag made of what identifies it.

use chrono::{DateTime, Utc};
use object_store::ObjectMeta;
use object_store::path::Path as Location;
use rustix::fs::{FileType, Stat};

use crate::block::{FileId, Fingerprint, LeftOut};
use crate::bucket::store::Entry;

/// What the system tells of a file or a folder.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) kind: FileType,
    pub(super) permissions: Permissions,
    pub(super) device: u64,
    pub(super) inode: u64,
    size_bytes: u64,
    /// Seconds and nanoseconds since the epoch.
    modified: (i64, u32),
    /// The same of its last change of any kind.
    changed: (i64, u32),
}

/// Who may do what with a file or a folder. Handed from a folder that an object comes from to the one that it goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Permissions {
    /// The permission bits, and those for set-group-id and the like.
    pub(super) mode: u32,
    pub(super) owner: u32,
    pub(super) group: u32,
}

impl From<Stat> for Facts {
    fn from(stat: Stat) -> Self {
        Self {
            kind: FileType::from_raw_mode(stat.st_mode),
            permissions: Permissions {
                mode: stat.st_mode & 0o7777,
                owner: stat.st_uid,
                group: stat.st_gid,
            },
            device: stat.st_dev,
            inode: stat.st_ino,
            size_bytes: u64::try_from(stat.st_size).unwrap_or_default(),
            modified: (
                stat.st_mtime,
                u32::try_from(stat.st_mtime_nsec).unwrap_or_default(),
            ),
            changed: (
                stat.st_ctime,
                u32::try_from(stat.st_ctime_nsec).unwrap_or_default(),
            ),
        }
    }
}

impl Facts {
    /// Whether both are the same file, whatever its names.
    pub(super) fn same_file(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    fn last_modified(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.modified.0, self.modified.1)
    }

    /// When it was last written; seconds alone tell ages well enough.
    pub(super) fn modified_seconds(&self) -> i64 {
        self.modified.0
    }

    /// `<device>-<inode>-<mtime in ns>-<size>`, all hexadecimal.
    pub(super) fn e_tag(&self) -> String {
        let (seconds, nanoseconds) = self.modified;
        let nanoseconds = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
        format!(
            "{:x}-{:x}-{nanoseconds:x}-{:x}",
            self.device, self.inode, self.size_bytes
        )
    }
}

/// The object at `location` whose file is this, as a read tells of it.
pub(super) fn object(location: Location, facts: &Facts) -> ObjectMeta {
    ObjectMeta {
        location,
        last_modified: facts.last_modified().unwrap_or_default(),
        size: facts.size_bytes,
        e_tag: Some(facts.e_tag()),
        version: None,
    }
}

/// The same, as a listing tells of it.
pub(super) fn entry(location: Location, facts: &Facts) -> Entry {
    Entry {
        key: location.into(),
        size_bytes: Some(facts.size_bytes),
        modified: facts.last_modified(),
        etag: Some(facts.e_tag()),
        digests: Fingerprint::UNKNOWN,
        archived: false,
        file: Some(FileId {
            device: facts.device,
            inode: facts.inode,
            changed: facts.changed,
        }),
        left_out: None,
    }
}

/// What shows a folder beside the blocks, or a block's that is empty: nothing to read, and no entity tag to tell so.
pub(super) fn stand_in(location: Location) -> Entry {
    Entry {
        key: location.into(),
        size_bytes: Some(0),
        ..Entry::default()
    }
}

/// What shows something that cannot be read as an object.
pub(super) fn left_out(location: Location, why: LeftOut) -> Entry {
    Entry {
        left_out: Some(why),
        ..stand_in(location)
    }
}
