//! Why the work at one block ends before its mark.

use crate::block::BlockId;
use crate::error::{Error, Kind};
use crate::plan::Halt;

/// Why a block's work ended before its mark.
#[derive(Debug)]
pub(super) enum Stopped {
    /// Something about the block itself.
    Halt(Halt),
    /// An earlier block of its unit could not be published.
    HeldBack(BlockId),
    /// A finer block made of the same data lives in the source.
    MarkDeferred(BlockId),
    /// The target's block that covered it does so no more.
    NoLongerCovered(BlockId),
    /// The plan leaves it alone.
    AsPlanned,
    /// The run ended first.
    NotFinished,
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
