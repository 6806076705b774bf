//! Which file an object of a folder is, under whatever path it was found.

use serde::{Deserialize, Serialize};

/// A file as the system knows it. Two are equal where device and inode are; `changed` is not compared, since renames and new permissions change it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct FileId {
    /// Device number of its file system; a second mount of the same file system may have another one.
    pub device: u64,
    /// Inode number in that file system.
    pub inode: u64,
    /// When content or attributes were changed last: seconds and nanoseconds since the epoch. No program can set it.
    pub changed: (i64, u32),
}

impl PartialEq for FileId {
    fn eq(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

impl Eq for FileId {}

impl FileId {
    /// Whether both are one file, also where an overlay or a second mount gives it a device of its own.
    #[must_use]
    pub fn is_same_file(&self, other: &Self) -> bool {
        let of_one_moment = self.changed == other.changed && self.changed != (0, 0);
        self.inode == other.inode && (self.device == other.device || of_one_moment)
    }
}
