//! What a fresh look at a block says after it was surveyed, and why its work may end early.

use super::decide::Conflict;
use super::facts::SourceBlock;
use super::rules::NewMarks;
use crate::block::Inventory;
use crate::error::Error;
use crate::trace::Failure;

/// Why work on a block ends before it is done.
#[derive(Debug)]
pub enum Halt {
    /// The source's compactor deleted it.
    Vanished,
    /// Something appeared meanwhile that makes it superfluous, in words.
    Superseded(String),
    /// The target has something else under its id.
    Conflict(Conflict),
    /// It could not be done.
    Failed(Error),
}

impl From<Error> for Halt {
    fn from(err: Error) -> Self {
        Halt::Failed(err)
    }
}

impl Failure for Halt {
    fn failure(&self) -> Option<(&'static str, String)> {
        match self {
            Halt::Failed(err) => err.failure(),
            Halt::Vanished | Halt::Superseded(_) | Halt::Conflict(_) => None,
        }
    }
}

/// How a source block stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// As surveyed.
    Unchanged,
    /// Its `meta.json` was written again: its bytes must be looked at.
    MetaTouched,
    /// It is being deleted, or gone.
    Vanished,
    /// A mark appeared on it.
    Marked,
}

/// Judges by listing alone: a `meta.json` that kept its size, entity tag and last-modified is the one that was read.
#[must_use]
pub fn standing(surveyed: &SourceBlock, now: &Inventory, new_marks: NewMarks) -> Standing {
    let then = surveyed.objects();
    let (Some(was), Some(meta)) = (then.meta(), now.meta()) else {
        return Standing::Vanished;
    };
    if new_marks == NewMarks::Count && now.is_marked() && !then.is_marked() {
        return Standing::Marked;
    }
    // Where a bucket tells neither of a version nor of a time, nothing but its bytes tells that it is the same.
    let is_told = meta.version.is_some() || meta.modified.is_some();
    let same = is_told
        && was.size_bytes == meta.size_bytes
        && was.version == meta.version
        && was.modified == meta.modified;
    if same {
        Standing::Unchanged
    } else {
        Standing::MetaTouched
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Packed;
    use crate::plan::facts::testing::block;

    #[test]
    fn a_fresh_listing_tells_what_became_of_a_block() {
        let surveyed = block('A').source();
        for (now, expected) in [
            (block('A'), Standing::Unchanged),
            (block('A').without("index"), Standing::Unchanged),
            (block('A').without("meta.json"), Standing::Vanished),
            (block('A').object("meta.json", 8), Standing::MetaTouched),
            (block('A').marked("by another"), Standing::Marked),
        ] {
            let now = now.source().objects();
            assert_eq!(standing(&surveyed, &now, NewMarks::Count), expected);
            let ignoring = match expected {
                Standing::Marked => Standing::Unchanged,
                other => other,
            };
            assert_eq!(standing(&surveyed, &now, NewMarks::AreIgnored), ignoring);
        }
        let mut untold = block('A').source();
        let told = untold.objects();
        let objects: Inventory = told
            .iter()
            .map(|(_, object)| crate::block::Object {
                modified: None,
                version: None,
                ..object.clone()
            })
            .collect();
        untold.objects = Packed::new(&objects);
        let standing = |surveyed, now| standing(surveyed, now, NewMarks::Count);
        assert_eq!(standing(&untold, &objects), Standing::MetaTouched);
        let marked = block('A').marked("long ago").source();
        assert_eq!(standing(&marked, &marked.objects()), Standing::Unchanged);
    }
}
