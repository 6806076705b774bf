//! What became of one selected block, and of the run.

use std::time::Duration;

use crate::block::{BlockId, Strength};
use crate::error::{Error, Kind};

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
    /// From where its work begins to its mark.
    pub elapsed: Duration,
}

impl Outcome {
    /// An ending at which nothing was written.
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
    /// The target held it already; proven and marked.
    AlreadyThere,
    /// The target held a part of it; completed, proven and marked.
    Repaired,
    /// Replaced another block of its id; proven and marked.
    Overwritten,
    /// The target holds a block made of it; marked.
    Covered,
    /// Its compactor deleted it before it was copied; nothing is lost.
    Vanished,
    /// It was marked, rewritten or compacted into another block before it was published.
    Superseded,
    /// Published and proven, but not marked, for a finer block made of the same data lives in the source.
    MarkDeferred,
    /// Not published, for an earlier block of its unit could not be.
    HeldBack,
    /// The target has something else under its id.
    Conflict,
    /// The target has a block made of it that is no proof.
    CoveredUnproven,
    /// The target has a block for a part of the same time.
    WouldOverlap,
    /// It could not be done.
    Failed,
    /// The run ended before its turn, or in the middle of it; the next run takes it up.
    NotFinished,
}

impl BlockEnding {
    /// As reports spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            BlockEnding::Migrated => "migrated",
            BlockEnding::AlreadyThere => "already-there",
            BlockEnding::Repaired => "repaired",
            BlockEnding::Overwritten => "overwritten",
            BlockEnding::Covered => "covered",
            BlockEnding::Vanished => "vanished",
            BlockEnding::Superseded => "superseded",
            BlockEnding::MarkDeferred => "mark-deferred",
            BlockEnding::HeldBack => "held-back",
            BlockEnding::Conflict => "conflict",
            BlockEnding::CoveredUnproven => "covered-unproven",
            BlockEnding::WouldOverlap => "would-overlap",
            BlockEnding::Failed => "failed",
            BlockEnding::NotFinished => "not-finished",
        }
    }

    /// Whether a person must look at it: exit code 3.
    #[must_use]
    pub fn needs_a_person(self) -> bool {
        matches!(
            self,
            BlockEnding::MarkDeferred
                | BlockEnding::HeldBack
                | BlockEnding::Conflict
                | BlockEnding::CoveredUnproven
                | BlockEnding::WouldOverlap
                | BlockEnding::Failed
        )
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

/// What asked the run to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Signal {
    /// As shells report it: 128 and the signal's number.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Signal::Interrupt => 130,
            Signal::Terminate => 143,
        }
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
        }
    }
}

/// What the operator bounds a run by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Its time.
    Duration,
    /// Its bytes.
    Bytes,
    /// Its failures.
    Failures,
}

impl Limit {
    /// The flag that sets it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Limit::Duration => "--max-duration",
            Limit::Bytes => "--max-bytes",
            Limit::Failures => "--max-failures",
        }
    }
}

/// How a run ended, and so the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Every selected block is moved or needed nothing.
    Done,
    /// The run could not begin, or had to stop: what stopped it concerns a whole bucket.
    Aborted,
    /// The command line or a configuration is wrong.
    Misused,
    /// Finished, but something needs a person.
    Attention,
    /// A signal asked for it.
    Stopped(Signal),
}

impl Ending {
    /// Of a run that an error keeps from its work; a signal that asked for it comes before the error that it made.
    #[must_use]
    pub fn of_error(err: &Error, asked: Option<Signal>) -> Self {
        match (err.kind(), asked) {
            (Kind::Usage, _) => Ending::Misused,
            (Kind::Cancelled, Some(signal)) => Ending::Stopped(signal),
            _ => Ending::Aborted,
        }
    }

    /// The exit code of the process.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Ending::Done => 0,
            Ending::Aborted => 1,
            Ending::Misused => 2,
            Ending::Attention => 3,
            Ending::Stopped(signal) => signal.exit_code(),
        }
    }
}
