//! Why the work at one block ends before its mark.

use crate::block::BlockId;
use crate::engine::Ended;
use crate::error::{Error, Kind};
use crate::plan::{Conflict, Halt};
use crate::trace::Failure;

/// Why a block's work ended before its mark.
#[derive(Debug)]
pub(super) enum Stopped {
    /// Something about the block itself.
    Halt(Halt),
    /// An earlier block of its unit could not be published.
    HeldBack(BlockId),
    /// A finer block made of the same data lives in the source.
    MarkDeferred(BlockId),
    /// The target's block that covered it no longer does.
    NoLongerCovered(BlockId),
    /// The block of its unit that holds all of it is not in the target.
    KeeperMissing(BlockId),
    /// A block of the target that meets it in time appeared meanwhile.
    WouldOverlap(BlockId),
    /// The plan leaves it alone.
    AsPlanned,
    /// The run ended first.
    NotFinished,
}

impl Stopped {
    /// Whether it needs nobody's attention once the target has a block made of this one: the target's compactor marks what it has compacted.
    pub(super) fn is_undone_by_a_cover(&self) -> bool {
        matches!(
            self,
            Stopped::Halt(Halt::Conflict(Conflict::Marked)) | Stopped::NoLongerCovered(_)
        )
    }

    /// Whether the request that it ended may have been carried out all the same.
    pub(super) fn leaves_open_what_was_done(&self) -> bool {
        match self {
            Stopped::Halt(Halt::Failed(err)) => err.kind().leaves_open_what_was_done(),
            Stopped::NotFinished => true,
            _ => false,
        }
    }

    /// The error, where it is transient; otherwise the reason unchanged.
    pub(super) fn passing(self) -> Result<Error, Self> {
        match self {
            Stopped::Halt(Halt::Failed(err)) if err.kind().is_transient() => Ok(err),
            stopped => Err(stopped),
        }
    }
}

impl Failure for Stopped {
    fn failure(&self) -> Option<(&'static str, String)> {
        match self {
            Stopped::Halt(halt) => halt.failure(),
            _ => None,
        }
    }
}

impl From<Halt> for Stopped {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Failed(err) if err.kind() == Kind::Cancelled => Stopped::NotFinished,
            halt => Stopped::Halt(halt),
        }
    }
}

impl From<Error> for Stopped {
    fn from(err: Error) -> Self {
        Halt::Failed(err).into()
    }
}

impl From<Ended> for Stopped {
    fn from(Ended: Ended) -> Self {
        Stopped::NotFinished
    }
}
