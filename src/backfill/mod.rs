//! A backfill: history of another system becomes blocks in a bucket, window by window.
//!
//! The bucket alone tells how far it is: the id of a block follows from what it holds, and its `meta.json` says which window of which plan that is. A
//! run that was killed goes on from there, on whatever machine.

mod build;
mod delivery;
mod done;
mod handed;
mod held;
mod jobs;
mod known;
mod live;
mod order;
mod publishing;
mod sending;
mod shared;
mod staging;
mod task;
mod whole;

pub use delivery::deliver;
pub use task::{Overlap, Run, Task, stopped};

use tokio::time::Instant;
use tracing::info;

use crate::block::Labels;
use crate::bucket::{Backend, Bandwidth, Bucket, BucketReader, Common};
use crate::error::Result;
use crate::feed::Source;
use crate::history::{Backfilled, Ending, Range, WindowOutcome, Windows};
use crate::trace::{step, within};
use build::Says;
use held::Held;
use jobs::{Job, jobs};
use shared::{Filed, Shared};
use task::HELD_BYTES;

/// Brings what the plan says into the bucket, or tells what it would bring.
///
/// Errors: what keeps it from beginning, with nothing published.
pub async fn backfill(task: &Task, target: Backend, run: Run) -> Result<Backfilled> {
    let begun = Instant::now();
    let source = Source::open(&task.plan, &task.retry, HELD_BYTES)?;
    let common = Common {
        bandwidth: Bandwidth::new(task.bandwidth_limit),
        ..Common::default()
    };
    let target = if task.is_dry {
        let reader = BucketReader::with(target, task.retry.clone(), common);
        return dry(task, &source, reader, &run, begun).await;
    } else {
        Bucket::with(target, task.retry.clone(), common)
    };
    let held = look(task, target.reader().clone(), &run).await?;
    let jobs = jobs_of(task, &source, &held);
    let says = Says {
        labels: labels(task),
        plan: task.plan.fingerprint,
    };
    run.progress.start_windows(jobs.len() as u64);
    let is_live = source.is_live();
    let shared = Shared::new(task, &run, source, target, held, says).await?;
    let at_once = task.concurrency.get();
    let (grace, last_acts) = (task.shutdown_grace, &shared.means.last_acts);
    if is_live {
        let work = live::bring(&shared, jobs.clone(), at_once);
        shared.course.drive(work, grace, last_acts).await;
    } else {
        let sorted = tokio::select! {
            sorted = whole::read(&shared, task) => sorted?,
            signal = run.stop.wait() => {
                shared.means.cancel.cancel();
                return Err(stopped(signal, "read the source to its end"));
            }
        };
        let work = whole::bring(&shared, sorted, jobs.clone(), at_once);
        shared.course.drive(work, grace, last_acts).await;
    }
    let Filed {
        outcomes,
        mut beside,
        left_behind,
    } = shared.take();
    let heard = shared.source.heard();
    beside.outside += heard.outside;
    beside.passed_over += heard.passed_over;
    beside.repeats += heard.repeats;
    let closing = shared.course.close();
    let windows = in_order(outcomes, &jobs);
    let mut warnings = heard.warnings();
    warnings.extend(beside.strays(&windows));
    Ok(Backfilled {
        is_dry: false,
        range: Some(task.range),
        written_to: None,
        windows,
        beside,
        left_behind,
        warnings,
        aborted: closing.cause.map(|err| format!("{err:#}")),
        signal: closing.signal,
        elapsed: begun.elapsed(),
    })
}

/// What would be done, as far as the bucket tells.
async fn dry(
    task: &Task,
    source: &Source,
    target: BucketReader,
    run: &Run,
    begun: Instant,
) -> Result<Backfilled> {
    let held = look(task, target, run).await?;
    let jobs = jobs_of(task, source, &held);
    let windows = jobs.iter().map(Job::planned);
    Ok(Backfilled {
        is_dry: true,
        range: Some(task.range),
        windows: windows.collect(),
        elapsed: begun.elapsed(),
        ..Backfilled::default()
    })
}

fn labels(task: &Task) -> Labels {
    let labels = task.plan.target.external_labels.iter();
    labels
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// What the bucket holds of the same labels.
async fn look(task: &Task, target: BucketReader, run: &Run) -> Result<Held> {
    let surveying = Held::survey(target, labels(task));
    let surveying = within(step!("survey"), run.progress.surveyed_by(surveying));
    tokio::select! {
        held = surveying => held,
        signal = run.stop.wait() => Err(stopped(signal, "look at what the bucket holds")),
    }
}

fn jobs_of(task: &Task, source: &Source, held: &Held) -> Vec<Job> {
    let windows: Vec<Range> = Windows::of(task.range, task.length).collect();
    let kin = held.kin();
    let (plan, labels) = (task.plan.fingerprint, labels(task));
    let mut jobs = jobs(&windows, &kin, (plan, &labels), task.overlap);
    if !source.is_live() {
        // Payloads are no part of the fingerprint: what was made of them is made again, and shows whether they are the same.
        for job in &mut jobs {
            job.is_to_be_compared();
        }
    }
    info!(windows = jobs.len(), range = %task.range, blocks_of_same_labels = kin.iter().filter(|one| one.is_of_labels).count(), "windows planned");
    jobs
}

/// All windows by time: those that were not come to are not finished.
fn in_order(mut filed: Vec<WindowOutcome>, jobs: &[Job]) -> Vec<WindowOutcome> {
    filed.sort_by_key(|window| window.range);
    let missing = jobs.iter().filter(|job| {
        let found = filed.binary_search_by_key(&job.range, |window| window.range);
        found.is_err()
    });
    let missing: Vec<WindowOutcome> = missing
        .map(|job| job.ends(Ending::NotFinished, None))
        .collect();
    filed.extend(missing);
    filed.sort_by_key(|window| window.range);
    filed
}
