//! Carries a plan out: what happens at once, in which order, and when it stops.

use std::collections::HashSet;
use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span, warn};

use super::context::{Context, REFUSED_IN_A_ROW, lock};
use super::unit::run_unit;
use super::watch::{Directory, Watch};
use crate::block::{Provenance, Strength};
use crate::bucket::{Bucket, BucketReader, Budget, TIME_TO_END};
use crate::engine::{Slots, Stop};
use crate::outcome::{BlockEnding, Outcome, Results};
use crate::plan::{Plan, PublishOrder, Selected, SourceMeta, TargetMeta};
use crate::progress::Progress;
use crate::retry;
use crate::trace::step;
use crate::verb::clocks::Clock;
use crate::verb::copy::Means;
use crate::verb::prove::Prover;
use crate::verb::survey::Survey;

/// How a plan is run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Blocks being copied at once.
    pub concurrency: NonZeroUsize,
    /// When a block's work is repeated.
    pub retry: retry::Policy,
    /// No block is started once so many have failed.
    pub max_failures: Option<NonZeroUsize>,
    /// No block is started once the run has lasted so long; then it ends as after a signal.
    pub max_duration: Option<Duration>,
    /// No block is started once those started hold so many bytes to copy.
    pub max_bytes: Option<NonZeroU64>,
    /// How long blocks in hand may go on once the run is to end.
    pub shutdown_grace: Duration,
    /// Whether a no-compact mark is written before the deletion mark.
    pub no_compact_mark_source: bool,
}

/// Everything that a run works with.
pub(super) struct CarryOut {
    /// Receives marks; read otherwise.
    pub(super) source: Bucket,
    /// Receives blocks.
    pub(super) target: Bucket,
    /// How the plan is run.
    pub(super) settings: Settings,
    /// Whether blocks of one unit are published one after the other.
    pub(super) publish_order: PublishOrder,
    /// How thoroughly the target is compared with the source before a mark is written.
    pub(super) verify: Strength,
    /// What marks say of where they come from.
    pub(super) provenance: Provenance,
    /// The time of day for marks.
    pub(super) clock: Clock,
    /// Told how far the run is.
    pub(super) progress: Arc<Progress>,
    /// Asks the run to stop.
    pub(super) stop: Stop,
    /// When the command began: its time counts from here.
    pub(super) begun: Instant,
}

/// Memory that all transfers share.
const BUDGET_BYTES: usize = 96 << 20;

/// How long a request may take, once the run is cancelled, that would have been answered anyway.
const ANSWER_TIME: Duration = Duration::from_secs(2);

/// How long multipart uploads in hand may take to be completed or aborted: longer than a transfer takes for both.
const ABORT_TIME: Duration = TIME_TO_END.saturating_add(Duration::from_secs(1));

impl CarryOut {
    /// Carries out the plan made of the survey.
    ///
    /// One block's failure is an outcome; what concerns a whole bucket ends the run, and the results say so.
    pub(super) async fn carry_out(self, plan: &Plan, survey: &Survey) -> Results {
        let begun = Instant::now();
        let concurrency = self.settings.concurrency.get();
        let to_do = || plan.selected.iter().filter(|one| one.goes_ahead());
        let bytes = to_do().map(|selected| selected.bytes_to_put);
        let most_bytes = self.settings.max_bytes.map(NonZeroU64::get);
        self.progress.start(
            to_do().count() as u64,
            bytes.fold(0, u64::saturating_add),
            most_bytes,
        );
        let order = self.publish_order;
        let means = Means {
            budget: Budget::new(BUDGET_BYTES),
            cancel: CancellationToken::new(),
            last_acts: TaskTracker::new(),
        };
        let context = Arc::new(Context {
            source_watch: watch_source(self.source.reader(), survey),
            target_watch: watch_target(self.target.reader(), survey, plan),
            prover: Prover::new(
                self.verify,
                self.source.reader().clone(),
                self.target.reader().clone(),
                means.clone(),
            ),
            means,
            slots: Slots::new(self.settings.concurrency),
            deadline: self.settings.max_duration.map(|max| self.begun + max),
            begun_bytes: AtomicU64::new(0),
            failures: AtomicUsize::new(0),
            limit: OnceLock::new(),
            aborted: Mutex::new(None),
            outcomes: Mutex::new(vec![None; plan.selected.len()]),
            waiting: Mutex::default(),
            marked: Mutex::new(HashSet::new()),
            refused_in_a_row: AtomicUsize::new(REFUSED_IN_A_ROW - 1),
            refused: AtomicBool::new(false),
            source: self.source,
            target: self.target,
            settings: self.settings,
            provenance: self.provenance,
            clock: self.clock,
            progress: self.progress,
            stop: self.stop,
        });
        // Marks of the first units show early whether the source takes marks at all, so only a few units are open at once.
        let open_units = concurrency.saturating_mul(2).saturating_add(4);
        let work = stream::iter(units(plan)).for_each_concurrent(open_units, async |blocks| {
            let span = unit_span(&blocks);
            run_unit(&context, order, blocks).instrument(span).await;
        });
        until_stopped(&context, work).await;
        if let Some(any) = plan.selected.first() {
            context.look_at_refusals(any.block.id).await;
        }
        context.tell_waiting();
        results(&context, begun.elapsed())
    }
}

fn unit_span(blocks: &[(usize, Arc<Selected>)]) -> Span {
    let unit = blocks.first().map(|(_, selected)| &selected.unit);
    let (labels, begins) = unit.map(|unit| (unit.labels(), unit.start_ms())).unzip();
    step!(
        "unit",
        labels = labels.map(tracing::field::display),
        begins_ms = begins,
        blocks = blocks.len()
    )
}

fn watch_source(source: &BucketReader, survey: &Survey) -> Watch {
    let directories = survey.source.iter().map(|block| {
        let directory = match block.meta {
            SourceMeta::Absent => Directory::Partial,
            _ => Directory::Published,
        };
        (block.id, directory)
    });
    Watch::new(source.clone(), directories)
}

/// What this run puts there itself is no news.
fn watch_target(target: &BucketReader, survey: &Survey, plan: &Plan) -> Watch {
    let directories = survey.target.iter().map(|block| {
        let directory = match block.meta {
            TargetMeta::Absent => Directory::Partial,
            _ => Directory::Published,
        };
        (block.id, directory)
    });
    let selected = plan.selected.iter();
    let own = selected.map(|selected| (selected.block.id, Directory::Published));
    Watch::new(target.clone(), directories.chain(own))
}

/// The selected blocks, numbered as in the plan, by unit.
fn units(plan: &Plan) -> Vec<Vec<(usize, Arc<Selected>)>> {
    let numbered: Vec<(usize, Arc<Selected>)> = plan
        .selected
        .iter()
        .map(|selected| Arc::new(selected.clone()))
        .enumerate()
        .collect();
    numbered
        .chunk_by(|(_, one), (_, other)| one.unit == other.unit)
        .map(<[_]>::to_vec)
        .collect()
}

/// Drives the work to its end; after a signal or the end of its time, and the grace, transfers are cancelled, and what does not end then is dropped:
/// at once, unless an upload is still to be aborted or a `meta.json` to be taken back.
async fn until_stopped(context: &Context, work: impl Future<Output = ()>) {
    let cancel = &context.means.cancel;
    let grace = async {
        let why = tokio::select! {
            // What is done counts, even if the end comes at the same moment.
            biased;
            signal = context.stop.wait() => signal.as_str(),
            () = context.time_is_over() => "--max-duration",
        };
        context.progress.stopping();
        warn!(
            reason = why,
            grace = ?context.settings.shutdown_grace,
            "no new block is started; blocks in hand may go on for the grace"
        );
        sleep(context.settings.shutdown_grace).await;
        cancel.cancel();
        std::future::pending::<()>().await;
    };
    let work = async {
        tokio::pin!(work);
        tokio::select! {
            biased;
            () = &mut work => return,
            () = cancel.cancelled() => {}
        }
        let last_acts = async {
            sleep(ANSWER_TIME).await;
            context.means.last_acts.close();
            context.means.last_acts.wait().await;
        };
        tokio::select! {
            biased;
            () = work => {}
            () = last_acts => warn!("what is not answered by now is left to the next run"),
            () = sleep(ABORT_TIME) => warn!("some transfers could not be ended in time"),
        }
    };
    tokio::select! {
        biased;
        () = work => {}
        () = grace => {}
    }
}

fn results(context: &Context, elapsed: Duration) -> Results {
    let outcomes: Vec<Outcome> = std::mem::take(&mut *lock(&context.outcomes))
        .into_iter()
        .map(|outcome| {
            outcome.unwrap_or_else(|| Outcome::untouched(BlockEnding::NotFinished, None))
        })
        .collect();
    let aborted = lock(&context.aborted).take();
    let finished = |outcome: &Outcome| outcome.ending != BlockEnding::NotFinished;
    let all_finished = outcomes.iter().all(finished);
    Results {
        complete: aborted.is_none() && all_finished,
        limit: context.limit.get().copied().filter(|_| !all_finished),
        outcomes,
        aborted: aborted.map(|err| format!("{err:#}")),
        signal: context.stop.asked(),
        elapsed,
    }
}
