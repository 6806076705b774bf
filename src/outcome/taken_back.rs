//! What became of marks that were to be taken back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::block::{BlockId, RunId};
use crate::exit::{Exit, Signal};
use crate::plan::{Mark, Refusal, SourceBlock, Warning};

/// What became of the mark of one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnmarkEnding {
    /// It is to be taken back; the run was dry.
    ToUnmark,
    /// It is taken back.
    Unmarked,
    /// It was gone already when its turn came.
    Gone,
    /// The run ended first.
    NotFinished,
    /// It stays, and why.
    Refused(Refusal),
    /// It is taken back, and the block is no longer whole: somebody deletes it all the same.
    LostMeanwhile,
    /// It could not be taken back.
    Failed,
}

impl UnmarkEnding {
    /// As documents spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            UnmarkEnding::ToUnmark => "to-unmark",
            UnmarkEnding::Unmarked => "unmarked",
            UnmarkEnding::Gone => "gone",
            UnmarkEnding::NotFinished => "not-finished",
            UnmarkEnding::Refused(refusal) => refusal.as_str(),
            UnmarkEnding::LostMeanwhile => "lost-meanwhile",
            UnmarkEnding::Failed => "failed",
        }
    }

    /// Whether a person has to look at it.
    #[must_use]
    pub fn needs_a_person(self) -> bool {
        self.advice().is_some()
    }

    /// What a person can do about it; `None` where nobody has to look at it.
    #[must_use]
    pub(crate) fn advice(self) -> Option<&'static str> {
        Some(match self {
            UnmarkEnding::ToUnmark
            | UnmarkEnding::Unmarked
            | UnmarkEnding::Gone
            | UnmarkEnding::NotFinished => return None,
            UnmarkEnding::Refused(Refusal::NotMarked) => "there is nothing to be taken back",
            UnmarkEnding::Refused(Refusal::NotOurs) => {
                "ask whoever wrote the mark; thanos tools bucket mark --remove takes marks of anybody away"
            }
            UnmarkEnding::Refused(Refusal::UnreadableMark) => {
                "permit reading the mark, or restore it from the archive, and run this again"
            }
            UnmarkEnding::Refused(Refusal::Excluded) => "leave out the other filters",
            UnmarkEnding::Refused(Refusal::NotWhole) | UnmarkEnding::LostMeanwhile => {
                "bring it back from the target with replicate, once its compactor has deleted the rest"
            }
            UnmarkEnding::Refused(Refusal::TooOld) => {
                "look whether a compactor has made another block of it; --force takes the mark back all the same"
            }
            UnmarkEnding::Failed => "see why above, mend that, and run this again",
        })
    }
}

/// One block whose mark was asked for.
#[derive(Debug, Clone)]
pub struct Unmarked {
    /// The block as surveyed.
    pub block: Arc<SourceBlock>,
    /// The run that wrote the mark, where that is known.
    pub run: Option<RunId>,
    /// What became of it.
    pub ending: UnmarkEnding,
    /// What in particular, where there is more to say.
    pub detail: Option<String>,
}

impl Unmarked {
    /// When the mark was written, as it says itself.
    #[must_use]
    pub fn marked_at(&self) -> Option<DateTime<Utc>> {
        match &self.block.mark {
            Mark::Present(mark) => DateTime::from_timestamp(mark.deletion_time(), 0),
            Mark::Absent | Mark::Unreadable(_) | Mark::Corrupted(_) => None,
        }
    }
}

/// What a run that takes marks back did, or would do.
#[derive(Debug)]
pub struct TakenBack {
    /// Every block whose mark was asked for, by id.
    pub blocks: Vec<Unmarked>,
    /// Blocks asked for by id that the bucket does not have.
    pub absent_ids: Vec<BlockId>,
    /// The run that was asked for, where no mark of the bucket is of it.
    pub absent_run: Option<RunId>,
    /// How many blocks of the bucket bear a deletion mark, whoever wrote it, before anything was done.
    pub marked_blocks: u64,
    /// Whether nothing was written.
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

impl TakenBack {
    /// How the process ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        let needs = |block: &Unmarked| block.ending.needs_a_person();
        if let Some(signal) = self.signal {
            Exit::Stopped(signal)
        } else if self.stopped_by.is_some() {
            Exit::Aborted
        } else if self.absent_run.is_some()
            || !self.absent_ids.is_empty()
            || self.blocks.iter().any(needs)
        {
            Exit::Attention
        } else {
            Exit::Done
        }
    }

    /// How many blocks came to each ending.
    #[must_use]
    pub fn by_ending(&self) -> BTreeMap<UnmarkEnding, u64> {
        let mut counts = BTreeMap::new();
        for block in &self.blocks {
            *counts.entry(block.ending).or_default() += 1;
        }
        counts
    }
}
