//! What all blocks of a run share.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::stopped::Stopped;
use super::task::Settings;
use super::watch::Watch;
use crate::audit::{Event, Trail};
use crate::block::{BlockId, Provenance};
use crate::bucket::{Bucket, BucketReader};
use crate::engine::{Course, Ledger, Slots};
use crate::plan::{Halt, NewMarks, Purpose};
use crate::progress::Progress;
use crate::verb::clocks::Clock;
use crate::verb::copy::Means;
use crate::verb::prove::Prover;

/// What all blocks of a run share.
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) sides: Sides,
    pub(super) watches: Watches,
    /// Room for blocks being copied.
    pub(super) slots: Slots,
    /// Whether the run goes on.
    pub(super) course: Course,
    /// One outcome for each selected block, as it ends.
    pub(super) ledger: Ledger,
    /// Who this run is to those who find what it wrote.
    pub(super) provenance: Provenance,
    /// What it means that a mark of others appears in the source.
    pub(super) new_marks: NewMarks,
    /// How the source is marked; `None` where blocks are only copied.
    pub(super) marks: Option<Marks>,
    /// Told how far the run is.
    pub(super) progress: Arc<Progress>,
    /// Told what happens to each block.
    pub(super) trail: Trail,
}

/// What verbs work on and with.
pub(super) struct Sides {
    /// Is read. Whoever writes there does it by [`Marks`].
    pub(super) source: BucketReader,
    /// Receives blocks.
    pub(super) target: Bucket,
    pub(super) means: Means,
    pub(super) prover: Prover,
}

/// Blocks that appear in either bucket while the run goes on.
pub(super) struct Watches {
    pub(super) source: Watch,
    pub(super) target: Watch,
}

/// Where marks are written, what they say, and which blocks bear one.
pub(super) struct Marks {
    /// The source, to be written.
    pub(super) source: Bucket,
    /// The time of day that they bear.
    pub(super) clock: Clock,
    marked: Mutex<HashSet<BlockId>>,
}

impl Shared {
    /// What the run is for.
    pub(super) fn purpose(&self) -> Purpose {
        match self.marks {
            Some(_) => Purpose::Move,
            None => Purpose::Copy,
        }
    }

    /// Writes what happened.
    ///
    /// Errors: that could not be written, and the run has ended. Whatever has to be on the trail before it is done is not done then.
    pub(super) fn tell(&self, event: &Event<'_>) -> Result<(), Stopped> {
        self.trail.tell(event).map_err(|err| {
            self.course.end(&err);
            Stopped::NotFinished
        })
    }

    /// Notes that a block's work stopped: a failure is counted, and may end the run.
    pub(super) fn note(&self, stopped: &Stopped) {
        if let Stopped::Halt(Halt::Failed(err)) = stopped {
            self.course.failed(err);
        }
    }

    /// Looks whether a refusal concerned more than its block, where nothing came after it that would have shown that.
    pub(super) async fn look_at_refusals(&self, block: BlockId) {
        if !self.course.is_in_doubt() {
            return;
        }
        for bucket in [&self.sides.source, self.sides.target.reader()] {
            match bucket.list_block(block).await {
                Err(err) if err.kind().concerns_whole_bucket() => self.course.end(&err),
                _ => {}
            }
        }
    }
}

impl Marks {
    /// For a run that has marked nothing yet.
    pub(super) fn new(source: Bucket, clock: Clock) -> Self {
        Self {
            source,
            clock,
            marked: Mutex::default(),
        }
    }

    /// Notes that this run marked the block, or found it marked by another run for the same target.
    pub(super) fn remember(&self, block: BlockId) {
        lock(&self.marked).insert(block);
    }

    /// The first of these that bears no mark as far as this run knows.
    pub(super) fn first_unmarked(&self, blocks: &[BlockId]) -> Option<BlockId> {
        let marked = lock(&self.marked);
        blocks.iter().find(|block| !marked.contains(block)).copied()
    }
}

/// Locks the mutex; a poisoned one is used all the same, for every change behind these locks is a single call.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
