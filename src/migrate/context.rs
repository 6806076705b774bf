//! What all blocks of a run share, and what makes the whole run stop.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::{error, info, warn};

use super::carry_out::Settings;
use super::stopped::Stopped;
use super::watch::Watch;
use crate::block::{BlockId, Provenance};
use crate::bucket::Bucket;
use crate::engine::{Slots, Stop};
use crate::error::{Error, Kind};
use crate::outcome::{BlockEnding, Limit, Outcome};
use crate::plan::{Halt, Selected};
use crate::progress::Progress;
use crate::retry::Backoff;
use crate::verb::clocks::Clock;
use crate::verb::copy::{Means, Tally};
use crate::verb::prove::Prover;

/// What all blocks of a run share.
pub(super) struct Context {
    pub(super) source: Bucket,
    pub(super) target: Bucket,
    pub(super) settings: Settings,
    pub(super) means: Means,
    pub(super) provenance: Provenance,
    pub(super) clock: Clock,
    pub(super) progress: Arc<Progress>,
    pub(super) prover: Prover,
    pub(super) source_watch: Watch,
    pub(super) target_watch: Watch,
    pub(super) slots: Slots,
    pub(super) stop: Stop,
    /// When the run's time is over.
    pub(super) deadline: Option<Instant>,
    /// Bytes to copy of the blocks that have begun.
    pub(super) begun_bytes: AtomicU64,
    pub(super) failures: AtomicUsize,
    /// The first limit of the operator's that a block met.
    pub(super) limit: OnceLock<Limit>,
    pub(super) aborted: Mutex<Option<Error>>,
    /// One for each selected block, as it ends.
    pub(super) outcomes: Mutex<Vec<Option<Outcome>>>,
    /// How many blocks wait for each block that is not moved.
    pub(super) waiting: Mutex<BTreeMap<(BlockEnding, BlockId), u64>>,
    /// Blocks that this run marked, or found marked by a run like it.
    pub(super) marked: Mutex<HashSet<BlockId>>,
    /// Blocks that were refused in a row, with nothing accepted in between. It begins just below the limit, for what is refused before anything
    /// is accepted is refused as a whole.
    pub(super) refused_in_a_row: AtomicUsize,
    /// Whether anything was ever refused.
    pub(super) refused: AtomicBool,
}

/// So many blocks refused in a row, and the refusal concerns all that are to come.
pub(super) const REFUSED_IN_A_ROW: usize = 3;

/// What is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotYet {
    Copied,
    Published,
    Marked,
}

impl NotYet {
    fn as_str(self) -> &'static str {
        match self {
            NotYet::Copied => "copied",
            NotYet::Published => "published",
            NotYet::Marked => "marked",
        }
    }
}

impl Context {
    /// Whether another block may begin.
    pub(super) fn may_begin(&self) -> bool {
        let failures = self.failures.load(Ordering::Relaxed);
        let enough = self
            .settings
            .max_failures
            .is_some_and(|max| failures >= max.get());
        let over = self.deadline.is_some_and(|end| Instant::now() >= end);
        if enough {
            self.limit.get_or_init(|| Limit::Failures);
        } else if over {
            self.limit.get_or_init(|| Limit::Duration);
        }
        !enough && !over && self.stop.asked().is_none() && self.may_go_on()
    }

    /// Whether this block may begin, or go on with another try; the first time, what it has to copy is taken from the run's bytes.
    pub(super) fn begins(&self, selected: &Selected, tally: &Tally) -> bool {
        if !self.may_begin() {
            return false;
        }
        let Some(max) = self.settings.max_bytes else {
            return true;
        };
        if tally.begun.swap(true, Ordering::Relaxed) {
            return true;
        }
        let more =
            |begun: u64| (begun < max.get()).then(|| begun.saturating_add(selected.bytes_to_put));
        let begun = self
            .begun_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        match begun {
            Ok(begun) if begun.saturating_add(selected.bytes_to_put) >= max.get() => {
                info!(
                    "--max-bytes is reached: no new block is started; blocks in hand are finished"
                );
                true
            }
            Ok(_) => true,
            Err(_) => {
                self.limit.get_or_init(|| Limit::Bytes);
                false
            }
        }
    }

    /// Never, where the run has all the time it wants.
    pub(super) async fn time_is_over(&self) {
        match self.deadline {
            Some(end) => tokio::time::sleep_until(end).await,
            None => std::future::pending().await,
        }
        self.limit.get_or_init(|| Limit::Duration);
    }

    /// Whether blocks in hand may take another step.
    pub(super) fn may_go_on(&self) -> bool {
        !self.means.cancel.is_cancelled()
    }

    /// Waits, unless the run ends.
    pub(super) async fn pause(&self, delay: Duration) -> Result<(), Stopped> {
        tokio::select! {
            // What is done counts, even if the end comes at the same moment.
            biased;
            () = tokio::time::sleep(delay) => Ok(()),
            () = self.means.cancel.cancelled() => Err(Stopped::NotFinished),
        }
    }

    /// Waits before what failed in passing is tried again, and tells the log what is not done yet; gives the error back where enough was tried.
    pub(super) async fn before_another_try(
        &self,
        block: BlockId,
        not_yet: NotYet,
        err: Error,
        backoff: &mut Backoff,
    ) -> Result<(), Stopped> {
        let Some(delay) = backoff.next_delay() else {
            return Err(err.into());
        };
        let not_yet = not_yet.as_str();
        warn!(%block, ?delay, err = format!("{err:#}"), "the block is not {not_yet} yet, and is tried again after the delay");
        self.pause(delay).await
    }

    /// Counts a failure, and ends the run if it concerns more than one block.
    pub(super) fn note(&self, stopped: &Stopped) {
        let Stopped::Halt(Halt::Failed(err)) = stopped else {
            return;
        };
        if self.may_go_on() {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        if err.kind().refuses_one_object() {
            self.refused.store(true, Ordering::Relaxed);
        }
        let all_refused = err.kind() == Kind::Refused
            && self.refused_in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= REFUSED_IN_A_ROW;
        if err.kind().concerns_whole_bucket() || all_refused {
            self.abort(format!("{err:#}"), err.kind());
        }
    }

    /// Looks whether a refusal concerned more than its block, where nothing came after it that would have shown that.
    pub(super) async fn look_at_refusals(&self, block: BlockId) {
        let ended = self.stop.asked().is_some() || !self.may_go_on();
        if ended || !self.refused.load(Ordering::Relaxed) {
            return;
        }
        for bucket in [self.source.reader(), self.target.reader()] {
            match bucket.list_block(block).await {
                Err(err) if err.kind().concerns_whole_bucket() => {
                    self.abort(format!("{err:#}"), err.kind());
                }
                _ => {}
            }
        }
    }

    /// Ends the run: nothing that is still to come could fare better.
    pub(super) fn abort(&self, why: String, kind: Kind) {
        let mut aborted = lock(&self.aborted);
        if aborted.is_none() {
            error!(
                err = why,
                "the run stops: this concerns more than one block"
            );
            *aborted = Some(Error::new(kind, why));
        }
        self.means.cancel.cancel();
    }

    /// The target took an object: the next refusal concerns one object.
    pub(super) fn note_accepted(&self) {
        self.refused_in_a_row.store(0, Ordering::Relaxed);
    }

    pub(super) fn remember_mark(&self, block: BlockId) {
        lock(&self.marked).insert(block);
    }

    pub(super) fn first_unmarked(&self, blocks: &[BlockId]) -> Option<BlockId> {
        let marked = lock(&self.marked);
        blocks.iter().find(|block| !marked.contains(block)).copied()
    }
}

/// Nobody panics while holding one of these locks; if somebody did, the value would still be whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
