//! What became of what runs of this tool left behind.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::block::BlockId;
use crate::exit::{Exit, Signal};
use crate::plan::{Stays, Warning};

/// What was left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeftoverKind {
    /// A part of a block's objects, without `meta.json`.
    PartialCopy,
    /// The file that says that a published block was to be overwritten.
    OverwriteFile,
    /// A probe, or what was put beside one.
    Probe,
    /// An upload in parts that nobody completed.
    Upload,
    /// A file in a staging folder.
    StagedFile,
}

impl LeftoverKind {
    /// As documents spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            LeftoverKind::PartialCopy => "partial-copy",
            LeftoverKind::OverwriteFile => "overwrite-file",
            LeftoverKind::Probe => "probe",
            LeftoverKind::Upload => "upload",
            LeftoverKind::StagedFile => "staged-file",
        }
    }
}

/// What became of one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CleanEnding {
    /// It is to be removed; the run was dry.
    ToRemove,
    /// It is removed.
    Removed,
    /// It was gone already when its turn came.
    Gone,
    /// A run went on with the block, and published it.
    TakenUp,
    /// The run ended first.
    NotFinished,
    /// It stays, and why.
    Stays(Stays),
    /// The block was published while it was being removed, and lacks some of it.
    PublishedMeanwhile,
    /// It could not be removed, or looked at.
    Failed,
}

impl CleanEnding {
    /// As documents spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CleanEnding::ToRemove => "to-remove",
            CleanEnding::Removed => "removed",
            CleanEnding::Gone => "gone",
            CleanEnding::TakenUp => "taken-up",
            CleanEnding::NotFinished => "not-finished",
            CleanEnding::Stays(stays) => stays.as_str(),
            CleanEnding::PublishedMeanwhile => "published-meanwhile",
            CleanEnding::Failed => "failed",
        }
    }

    /// Whether a person has to look at it.
    #[must_use]
    pub fn needs_a_person(self) -> bool {
        match self {
            CleanEnding::ToRemove
            | CleanEnding::Removed
            | CleanEnding::Gone
            | CleanEnding::TakenUp
            | CleanEnding::NotFinished => false,
            CleanEnding::Stays(stays) => stays.needs_a_person(),
            CleanEnding::PublishedMeanwhile | CleanEnding::Failed => true,
        }
    }
}

/// Something that may have been left behind.
#[derive(Debug, Clone)]
pub struct Leftover {
    /// What it is.
    pub kind: LeftoverKind,
    /// The block in whose directory it lies, if it lies in one.
    pub block: Option<BlockId>,
    /// Its name below the bucket's prefix; of a partial copy the block's.
    pub name: String,
    /// How many objects it is made of; 0 for what is none yet.
    pub objects: u64,
    /// Their size in bytes, where it is known.
    pub size_bytes: Option<u64>,
    /// When something of it was written last, by the bucket's clock, where that is told.
    pub written: Option<DateTime<Utc>>,
    /// What became of it.
    pub ending: CleanEnding,
    /// What in particular, where there is more to say.
    pub detail: Option<String>,
}

/// Why what was begun and not finished could not be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// In words.
    pub why: String,
    /// Whether the bucket could tell, and did not.
    pub needs_a_person: bool,
}

/// What a cleanup did, or would do.
#[derive(Debug)]
pub struct Cleaned {
    /// Whatever may have been left behind: by kind, then name.
    pub leftovers: Vec<Leftover>,
    /// Only what was written last before this is removed.
    pub before: DateTime<Utc>,
    /// Why uploads are not among them, where they could not be listed.
    pub uploads_untold: Option<Untold>,
    /// Whether nothing was removed.
    pub is_dry: bool,
    /// What asked the run to end.
    pub signal: Option<Signal>,
    /// What ended it before its time.
    pub stopped_by: Option<String>,
    /// What is worth knowing.
    pub warnings: Vec<Warning>,
    /// How long it took.
    pub elapsed: Duration,
}

/// How many there are of a kind, and how much they hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Many {
    pub(crate) leftovers: u64,
    pub(crate) bytes: u64,
}

impl Cleaned {
    /// How the process ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if let Some(signal) = self.signal {
            Exit::Stopped(signal)
        } else if self.stopped_by.is_some() {
            Exit::Aborted
        } else if self.needs_a_person() > 0 {
            Exit::Attention
        } else {
            Exit::Done
        }
    }

    /// How much of it a person has to look at.
    #[must_use]
    pub fn needs_a_person(&self) -> u64 {
        let needs = |one: &&Leftover| one.ending.needs_a_person();
        let untold = self.uploads_untold.iter().filter(|one| one.needs_a_person);
        (self.leftovers.iter().filter(needs).count() + untold.count()) as u64
    }

    /// Whether everything had its turn.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let is_unfinished = |one: &Leftover| one.ending == CleanEnding::NotFinished;
        !self.leftovers.iter().any(is_unfinished)
    }

    /// How many came to each ending.
    #[must_use]
    pub(crate) fn by_ending(&self) -> BTreeMap<CleanEnding, Many> {
        let mut sums: BTreeMap<CleanEnding, Many> = BTreeMap::new();
        for leftover in &self.leftovers {
            let sum = sums.entry(leftover.ending).or_default();
            sum.leftovers += 1;
            sum.bytes = sum
                .bytes
                .saturating_add(leftover.size_bytes.unwrap_or_default());
        }
        sums
    }
}
