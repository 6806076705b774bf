//! How work on one selected block ended, and what was written for it.

use std::time::Duration;

use crate::block::{BlockId, Strength};
use crate::plan::{Action, Conflict, Halt, Purpose};

/// What became of one selected block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub ending: BlockEnding,
    /// Why, where there is more to say.
    pub detail: Option<String>,
    /// The block that it waits for, where it is held back or its mark is deferred.
    pub waits_for: Option<BlockId>,
    /// What was done to the source.
    pub mark: MarkState,
    /// How far the target's objects are known to be the source's, where that was proven.
    pub proof: Option<Strength>,
    /// Objects put into the target, `meta.json` included.
    pub objects_put: u64,
    /// Their size in bytes, repeats included.
    pub bytes_sent: u64,
    /// How long its work took, from its first request to its mark.
    pub elapsed: Duration,
}

impl Outcome {
    /// The outcome of a block for which nothing was written.
    #[must_use]
    pub fn untouched(ending: BlockEnding, detail: Option<String>) -> Self {
        Self {
            ending,
            detail,
            waits_for: None,
            mark: MarkState::Absent,
            proof: None,
            objects_put: 0,
            bytes_sent: 0,
            elapsed: Duration::ZERO,
        }
    }
}

/// How one selected block ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockEnding {
    /// Copied, published, proven and marked.
    Migrated,
    /// Copied, published and proven; the source stays as it is.
    Replicated,
    /// The target held it already; proven and, where blocks move, marked.
    AlreadyThere,
    /// The target held a part of it; completed, proven and, where blocks move, marked.
    Repaired,
    /// Put in the place of another block of the same id; proven and, where blocks move, marked.
    Overwritten,
    /// The target holds a block made of it; where blocks move, marked.
    Covered,
    /// The source's compactor deleted it before it was copied; nothing is lost.
    Vanished,
    /// It was marked, rewritten or compacted into another block before it was published.
    Superseded,
    /// Published and proven, but not marked, for a finer block made of the same data lives in the source.
    MarkDeferred,
    /// Not published, for an earlier block of its unit could not be.
    HeldBack,
    /// The target has something else under its id.
    Conflict,
    /// The target's block is marked for deletion, so that nothing is copied there before it is unmarked.
    MarkedInTarget,
    /// The target has a block made of it that is no proof.
    CoveredUnproven,
    /// The target has a block for a part of the same time.
    WouldOverlap,
    /// An error kept it from being moved.
    Failed,
    /// The run ended before its turn, or in the middle of it; the next run takes it up.
    NotFinished,
}

impl BlockEnding {
    /// Every ending, in the order in which reports list them.
    pub const ALL: [Self; 16] = [
        BlockEnding::Migrated,
        BlockEnding::Replicated,
        BlockEnding::AlreadyThere,
        BlockEnding::Repaired,
        BlockEnding::Overwritten,
        BlockEnding::Covered,
        BlockEnding::Vanished,
        BlockEnding::Superseded,
        BlockEnding::MarkDeferred,
        BlockEnding::HeldBack,
        BlockEnding::Conflict,
        BlockEnding::MarkedInTarget,
        BlockEnding::CoveredUnproven,
        BlockEnding::WouldOverlap,
        BlockEnding::Failed,
        BlockEnding::NotFinished,
    ];

    /// As reports spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            BlockEnding::Migrated => "migrated",
            BlockEnding::Replicated => "replicated",
            BlockEnding::AlreadyThere => "already-there",
            BlockEnding::Repaired => "repaired",
            BlockEnding::Overwritten => "overwritten",
            BlockEnding::Covered => "covered",
            BlockEnding::Vanished => "vanished",
            BlockEnding::Superseded => "superseded",
            BlockEnding::MarkDeferred => "mark-deferred",
            BlockEnding::HeldBack => "held-back",
            BlockEnding::Conflict => "conflict",
            BlockEnding::MarkedInTarget => "marked-in-target",
            BlockEnding::CoveredUnproven => "covered-unproven",
            BlockEnding::WouldOverlap => "would-overlap",
            BlockEnding::Failed => "failed",
            BlockEnding::NotFinished => "not-finished",
        }
    }

    /// The ending of a block that the target holds now, by what was decided for it, how many objects were put, and whether it moves. A copy that put
    /// nothing found everything in place, because another run was at work.
    #[must_use]
    pub fn of_held(action: &Action, objects_put: u64, purpose: Purpose) -> Self {
        match action {
            Action::Overwrite(_) => BlockEnding::Overwritten,
            Action::Repair(_) => BlockEnding::Repaired,
            Action::AlreadyThere(_) => BlockEnding::AlreadyThere,
            _ if objects_put == 0 => BlockEnding::AlreadyThere,
            _ => match purpose {
                Purpose::Move => BlockEnding::Migrated,
                Purpose::Copy => BlockEnding::Replicated,
            },
        }
    }

    /// The ending of a block that is left alone, by what was decided for it.
    #[must_use]
    pub fn of_left_alone(action: &Action) -> Self {
        match action {
            Action::CoveredUnproven { .. } => BlockEnding::CoveredUnproven,
            Action::WouldOverlap { .. } => BlockEnding::WouldOverlap,
            Action::MarkedInTarget { .. } => BlockEnding::MarkedInTarget,
            _ => BlockEnding::Conflict,
        }
    }

    /// The ending of a block at which work halted, and why where there is more to say.
    #[must_use]
    pub fn of_halt(halt: Halt, purpose: Purpose) -> (Self, Option<String>) {
        match halt {
            Halt::Conflict(Conflict::Marked) if purpose == Purpose::Copy => (
                BlockEnding::MarkedInTarget,
                Some("it was marked there meanwhile".to_owned()),
            ),
            Halt::Vanished => (
                BlockEnding::Vanished,
                Some("the source's compactor deleted it".to_owned()),
            ),
            Halt::Superseded(why) => (BlockEnding::Superseded, Some(why)),
            Halt::Conflict(conflict) => (BlockEnding::Conflict, Some(conflict.to_string())),
            Halt::Failed(err) => (BlockEnding::Failed, Some(format!("{err:#}"))),
        }
    }
}

/// What was done to the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkState {
    /// It has no mark of this run.
    Absent,
    /// This run wrote its deletion mark.
    Written,
    /// It had one already, and that was left as it is.
    Kept,
}

impl MarkState {
    /// As reports spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            MarkState::Absent => "none",
            MarkState::Written => "written",
            MarkState::Kept => "kept",
        }
    }
}
