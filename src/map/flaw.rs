//! Directories that are no whole block, and marks that are none.

use chrono::{DateTime, Utc};

use crate::block::{BlockId, Group};
use crate::bucket::Role;

/// What is amiss with a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// It has no `meta.json`: it is being uploaded or deleted, or that was given up.
    NoMetaJson,
    /// Its `meta.json` cannot be read, or is none of this block.
    UnreadableMetaJson,
    /// Something that its `meta.json` tells of is missing, or of another size.
    Incomplete,
    /// It lies in the target, and its `meta.json` is another one than the source's.
    Different,
    /// Its deletion mark cannot be read.
    UnreadableDeletionMark,
    /// Its deletion mark can be read, and is none of this block.
    CorruptedDeletionMark,
}

impl Flaw {
    /// As documents spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Flaw::NoMetaJson => "no-meta-json",
            Flaw::UnreadableMetaJson => "unreadable-meta-json",
            Flaw::Incomplete => "incomplete",
            Flaw::Different => "different",
            Flaw::UnreadableDeletionMark => "unreadable-deletion-mark",
            Flaw::CorruptedDeletionMark => "corrupted-deletion-mark",
        }
    }

    /// Whether the directory does not hold the block for it; otherwise it is its mark that is amiss.
    #[must_use]
    pub fn is_of_block(self) -> bool {
        match self {
            Flaw::NoMetaJson | Flaw::UnreadableMetaJson | Flaw::Incomplete | Flaw::Different => {
                true
            }
            Flaw::UnreadableDeletionMark | Flaw::CorruptedDeletionMark => false,
        }
    }
}

/// A directory with something amiss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flawed {
    /// Its name.
    pub id: BlockId,
    /// Where it lies.
    pub bucket: Role,
    /// What is amiss.
    pub flaw: Flaw,
    /// What in particular, where there is more to say.
    pub detail: Option<Box<str>>,
    /// The group of the block, where some `meta.json` of it tells.
    pub group: Option<Group>,
    /// Size of what lies there, in bytes.
    pub bytes: u64,
    /// When something in it was last written, where the listing tells; when the block was made, by its id, where it does not.
    pub written: Option<DateTime<Utc>>,
    /// Whether a deletion mark lies there.
    pub is_marked: bool,
}
