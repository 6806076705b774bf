//! What all windows of a run share.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::build::Says;
use super::held::Held;
use super::jobs::Job;
use super::order::Order;
use super::staging::Staging;
use super::task::{Overlap, Run, Task};
use crate::block::{BlockId, Provenance, Sha256Sum, Strength};
use crate::bucket::{Bucket, BucketReader, Budget, CopiedBy, ServerSide};
use crate::engine::{Course, Deadline, Limits, Stop};
use crate::error::{Error, Result};
use crate::feed::Source;
use crate::history::{Beside, Ending, Range, WindowOutcome};
use crate::progress::Progress;
use crate::retry::Policy;
use crate::verb::copy::Means;
use crate::verb::prove::Prover;

/// What a window holds while its samples move.
pub(super) type Turn<'a> = SemaphorePermit<'a>;

/// So many windows more than those whose samples move may be in hand: they wait for a look at the bucket, and their blocks lie in the staging folder.
pub(super) const WAITING: usize = 14;

/// What all windows of a run share.
pub(super) struct Shared {
    pub(super) source: Source,
    pub(super) staging: Staging,
    /// The staging folder as a bucket.
    pub(super) staged: BucketReader,
    pub(super) target: Bucket,
    pub(super) held: Held,
    pub(super) means: Means,
    pub(super) prover: Prover,
    pub(super) course: Course,
    pub(super) stop: Stop,
    pub(super) says: Says,
    /// The plan's fingerprint.
    pub(super) plan: Sha256Sum,
    pub(super) provenance: Provenance,
    pub(super) overlap: Overlap,
    pub(super) retry: Policy,
    pub(super) progress: Arc<Progress>,
    /// The memory of one spool, in bytes.
    pub(super) spool_bytes: usize,
    pub(super) order: Order,
    /// One for each window whose samples are brought or copied at once.
    turns: Semaphore,
    beside: Mutex<Beside>,
    outcomes: Mutex<Vec<WindowOutcome>>,
    left_behind: Mutex<Vec<BlockId>>,
}

impl Shared {
    /// Of a run into this bucket, of which `held` is what it holds.
    pub(super) async fn new(
        task: &Task,
        run: &Run,
        source: Source,
        target: Bucket,
        held: Held,
        says: Says,
    ) -> Result<Self> {
        let staging = Staging::create(&task.staging_dir, &run.id)?;
        let staged = staging.bucket(&task.retry).await?;
        let means = Means {
            server_side: ServerSide::between(&staged, target.reader(), CopiedBy::Auto)?,
            budget: Budget::within(half(task)),
            cancel: CancellationToken::new(),
            last_acts: TaskTracker::new(),
            breaker: Arc::default(),
        };
        let spools = if source.is_live() {
            task.concurrency.get()
        } else {
            1
        };
        let limits = Limits::new(None, Deadline::of(tokio::time::Instant::now(), None), None);
        Ok(Self {
            prover: Prover::new(
                Strength::Checksum,
                target.reader().clone(),
                means.budget.clone(),
                means.cancel.clone(),
            ),
            course: Course::new(
                run.stop.clone(),
                limits,
                Arc::clone(&means.breaker),
                means.cancel.clone(),
                Arc::clone(&run.progress),
            ),
            plan: task.plan.fingerprint,
            stop: run.stop.clone(),
            provenance: Provenance::of_this_run(
                target.reader().location().to_string(),
                run.id.clone(),
            ),
            spool_bytes: Budget::share_of(half(task)) / spools,
            overlap: task.overlap,
            retry: task.retry.clone(),
            progress: Arc::clone(&run.progress),
            source,
            staging,
            staged,
            target,
            held,
            means,
            says,
            order: Order::new(),
            turns: Semaphore::new(task.concurrency.get()),
            beside: Mutex::default(),
            outcomes: Mutex::default(),
            left_behind: Mutex::default(),
        })
    }

    /// The turn of a window, in which its samples are brought and copied. It is given back before the bucket is looked at: one listing serves all
    /// windows that wait for one.
    pub(super) async fn turn(&self) -> Option<Turn<'_>> {
        self.turns.acquire().await.ok()
    }

    /// What there is to say of a window that waits for that one in vain; nothing, where it is not written only because the run ends.
    pub(super) fn waits_for(&self, gap: Range) -> Option<String> {
        self.course.may_begin().then(|| {
            format!(
                "it waits for {gap}, which is not written: a compactor would close the gap; with a --start behind it this is written all the same"
            )
        })
    }

    /// Adds what has no place in blocks.
    pub(super) fn beside(&self, more: Beside) {
        let mut beside = self.beside.lock();
        beside
            .as_deref_mut()
            .unwrap_or_else(|poisoned| poisoned.get_mut())
            .merge(more);
    }

    /// Files how a window ended.
    pub(super) fn file(&self, outcome: WindowOutcome) {
        let WindowOutcome { range, ending, .. } = &outcome;
        let ending_word = ending.as_str();
        match ending {
            Ending::Failed | Ending::NotFinished => self.order.leaves_a_gap(*range),
            _ => self.order.passes(*range),
        }
        match (&outcome.why, ending.needs_a_person()) {
            (Some(why), true) => {
                warn!(window = %range, ending = ending_word, err = why, "window is not written");
            }
            // That a block was published is told by itself.
            _ => {
                debug!(window = %range, ending = ending_word, samples = outcome.sums.samples, "window ends");
            }
        }
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        outcomes.push(outcome);
    }

    /// Notes a block whose data stays in the bucket, unpublished: another run may be about to publish the same one, so that nothing is removed.
    pub(super) fn leave_behind(&self, id: BlockId) {
        warn!(block = %id, "the block's data stays in the bucket without meta.json");
        let mut left = self.left_behind.lock();
        let left = left
            .as_deref_mut()
            .unwrap_or_else(|poisoned| poisoned.get_mut());
        left.push(id);
    }

    /// What was filed so far.
    pub(super) fn take(&self) -> Filed {
        fn taken<T: Default>(of: &Mutex<T>) -> T {
            std::mem::take(&mut *of.lock().unwrap_or_else(PoisonError::into_inner))
        }
        let mut left_behind = taken(&self.left_behind);
        left_behind.sort_unstable();
        left_behind.dedup();
        Filed {
            outcomes: taken(&self.outcomes),
            beside: taken(&self.beside),
            left_behind,
        }
    }

    /// Notes a failure, which may end the run.
    pub(super) fn failed(&self, job: &Job, err: &Error) -> WindowOutcome {
        if !self.course.may_go_on() {
            return job.ends(Ending::NotFinished, None);
        }
        self.course.failed(err);
        job.ends(Ending::Failed, Some(format!("{err:#}")))
    }
}

/// What a run has to tell.
pub(super) struct Filed {
    pub(super) outcomes: Vec<WindowOutcome>,
    pub(super) beside: Beside,
    pub(super) left_behind: Vec<BlockId>,
}

/// Half of the memory is for spools, the other half for what is in transfer.
fn half(task: &Task) -> std::num::NonZeroU64 {
    std::num::NonZeroU64::new(task.memory_limit.get() / 2).unwrap_or(task.memory_limit)
}
