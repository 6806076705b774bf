//! Sources that are read from their beginning to their end: all of them is sorted before the first block is made, so that what cannot be read ends the
//! run before anything is published.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, stream};
use tokio::sync::mpsc::{Sender, channel};
use tracing::Instrument;

use super::build::{Part, Says, Taking, build, take};
use super::jobs::Job;
use super::publishing::{conclude, published};
use super::shared::{Shared, WAITING};
use super::staging::Staging;
use super::task::Task;
use crate::error::Result;
use crate::feed::blocking;
use crate::history::{Beside, BlockDuration, Ending, Range};
use crate::spool::{Sorted, Spool, Windows};
use crate::trace::{step, within};

/// Reads all of the source.
///
/// Errors: it cannot be read, and nothing is published.
pub(super) async fn read(shared: &Shared, task: &Task) -> Result<Sorted> {
    let (staging, memory_bytes, range) = (shared.staging.clone(), shared.spool_bytes, task.range);
    let windows = lengths(task.length);
    let spool = blocking(move || {
        let within = range.start_ms..range.end_ms;
        Spool::create(staging.spools(), memory_bytes, windows, within)
    });
    let taking = Taking {
        spool: spool.await?,
        beside: Beside::default(),
        progress: Arc::clone(&shared.progress),
        external_labels: shared.says.labels.clone(),
    };
    let cancel = &shared.means.cancel;
    let bringing = shared.source.bring(range, cancel, taking, take);
    let taking = within(step!("read"), bringing).await?;
    let Taking {
        spool, mut beside, ..
    } = taking;
    beside.outside += spool.outside();
    let sorted = blocking(move || spool.finish()).await?;
    shared.beside(beside);
    Ok(sorted)
}

/// Windows of that length, as spools have them.
fn lengths(length: BlockDuration) -> Windows {
    match length {
        BlockDuration::Ms(length_ms) => Windows::of_ms(length_ms).unwrap_or(Windows::TWO_HOURS),
        BlockDuration::Range => Windows::ONE,
    }
}

/// Makes a block of each window that holds samples, and publishes them, a few at once.
pub(super) async fn bring(shared: &Shared, sorted: Sorted, jobs: Vec<Job>, at_once: usize) {
    let jobs: BTreeMap<i64, Job> = jobs
        .into_iter()
        .map(|job| (job.range.start_ms, job))
        .collect();
    let (sender, receiver) = channel(1);
    let making = {
        let (staging, says, jobs) = (shared.staging.clone(), shared.says.clone(), jobs.clone());
        let stop = shared.stop.clone();
        blocking(move || {
            let may_go_on = || stop.asked().is_none();
            make(sorted, &jobs, (&staging, &says), &may_go_on, &sender)
        })
    };
    let made = stream::unfold(receiver, async |mut receiver| {
        let made: (Job, Part) = receiver.recv().await?;
        // They come in order, and those that are empty do not come.
        if made.0.settled().is_none() {
            shared.order.expects(made.0.range);
        }
        Some((made, receiver))
    });
    let publishing =
        made.for_each_concurrent(at_once.saturating_add(WAITING), async |(job, part)| {
            let turn = shared.turn().await;
            let progress = shared.progress.block(0);
            let instead = match job.settled() {
                None if !shared.course.may_begin() => Some(job.ends(Ending::NotFinished, None)),
                settled => settled,
            };
            let outcome = match (instead, part) {
                (None, part) => {
                    let span = step!("window", window = %job.range);
                    let published = published(shared, &job, part, (turn, progress));
                    conclude(&span, published.instrument(span.clone()).await)
                }
                (Some(instead), part) => {
                    if let Part::Block(built) = part {
                        shared.staging.remove_block(built.id);
                    }
                    instead
                }
            };
            shared.file(outcome);
        });
    let (made, ()) = futures::join!(making, publishing);
    let empty = match made {
        Ok(Made::InPart) => Vec::new(),
        Ok(Made::Whole(with_samples)) => {
            let is_empty = |job: &&Job| !with_samples.contains(&job.range);
            jobs.values().filter(is_empty).cloned().collect()
        }
        Err(err) => {
            shared.course.end(&err);
            Vec::new()
        }
    };
    for job in empty {
        drop(shared.progress.block(0));
        shared.file(job.tells_nothing());
    }
}

/// What was made of what was read.
enum Made {
    /// All of it: the windows that had samples.
    Whole(Vec<Range>),
    /// The run ends before.
    InPart,
}

/// Hands over the blocks in order. Blocks.
fn make(
    mut sorted: Sorted,
    jobs: &BTreeMap<i64, Job>,
    (staging, says): (&Staging, &Says),
    may_go_on: &dyn Fn() -> bool,
    sender: &Sender<(Job, Part)>,
) -> Result<Made> {
    let mut with_samples = Vec::new();
    let mut number = 0;
    while let Some(mut window) = sorted.next_window()? {
        // The first and the last window are cut where the range is, and others where blocks that are there begin and end.
        let within: Vec<&Job> = jobs.range(window.range()).map(|(_, job)| job).collect();
        let parts: Vec<(usize, Range)> = within
            .iter()
            .map(|job| {
                number += 1;
                (number, job.range)
            })
            .collect();
        let built = build(&mut window, &parts, staging, says)?;
        for (job, part) in within.into_iter().zip(built) {
            if let Part::Empty = part {
                continue;
            }
            with_samples.push(job.range);
            if sender.blocking_send((job.clone(), part)).is_err() {
                return Ok(Made::InPart);
            }
        }
        if !may_go_on() {
            return Ok(Made::InPart);
        }
    }
    Ok(Made::Whole(with_samples))
}
