//! Sources that are read from their beginning to their end: all of them is sorted before the first block is made, so that what cannot be read ends the
//! run before anything is published.

use std::collections::BTreeMap;

use futures::{StreamExt, stream};
use tokio::sync::mpsc::{Sender, channel};

use super::build::{Built, Says, Taking, build, take};
use super::jobs::Job;
use super::shared::Shared;
use super::staging::Staging;
use super::task::Task;
use crate::error::{Error, Kind, Result};
use crate::feed::blocking;
use crate::history::{Beside, BlockDuration, Ending, Range};
use crate::spool::{Sorted, Spool, Windows};

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
        external_labels: shared.says.labels.clone(),
    };
    let cancel = &shared.means.cancel;
    let taking = shared.source.bring(range, cancel, taking, take).await?;
    let Taking {
        spool, mut beside, ..
    } = taking;
    beside.outside += spool.outside();
    let sorted = blocking(move || spool.finish()).await?;
    shared.beside(beside);
    Ok(sorted)
}

/// Windows of that length, as spools have them.
pub(super) fn lengths(length: BlockDuration) -> Windows {
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
        blocking(move || make(sorted, &jobs, &staging, &says, &sender))
    };
    let made = stream::unfold(receiver, async |mut receiver| {
        let made = receiver.recv().await?;
        Some((made, receiver))
    });
    let publishing = made.for_each_concurrent(at_once, async |(job, built): (Job, Built)| {
        let progress = shared.progress.block(0);
        let outcome = if shared.course.may_begin() {
            shared.publish(&job, Some(&built), progress).await
        } else {
            shared.staging.remove_block(built.id);
            job.ends(Ending::NotFinished, None)
        };
        shared.file(outcome);
    });
    let (made, ()) = futures::join!(making, publishing);
    let empty = match made {
        Ok(with_samples) => {
            let is_empty = |job: &&Job| !with_samples.contains(&job.range);
            jobs.values().filter(is_empty).cloned().collect()
        }
        Err(err) => {
            shared.course.end(&err);
            Vec::new()
        }
    };
    for job in empty {
        shared.file(job.ends(Ending::Empty, None));
    }
}

/// Hands over the blocks in order, and tells which windows had samples. Blocks.
fn make(
    mut sorted: Sorted,
    jobs: &BTreeMap<i64, Job>,
    staging: &Staging,
    says: &Says,
    sender: &Sender<(Job, Built)>,
) -> Result<Vec<Range>> {
    let mut with_samples = Vec::new();
    let mut number = 0;
    while let Some(mut window) = sorted.next_window()? {
        let within = window.range();
        // The first and the last window are cut where the range is.
        let Some((_, job)) = jobs.range(within.clone()).next() else {
            let attempt = format!("find the window from {} to {}", within.start, within.end);
            return Err(Error::new(Kind::Other, attempt));
        };
        number += 1;
        let Some(built) = build(&mut window, job.range, number, staging, says)? else {
            continue;
        };
        with_samples.push(job.range);
        if sender.blocking_send((job.clone(), built)).is_err() {
            break;
        }
    }
    Ok(with_samples)
}
