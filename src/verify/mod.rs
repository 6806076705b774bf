//! What the buckets hold now: each block that is meant is judged by listings, and where that was asked for by its bytes. Nothing is written.

mod alone;
mod deep;
mod pairs;
mod surveyed;
mod task;
mod work;

pub use task::{Buckets, Run, Task};

use tokio::time::Instant;

use crate::block::{BlockId, Strength};
use crate::bucket::{Bandwidth, BucketReader, Cache, Common};
use crate::error::{Error, Kind, Result};
use crate::outcome::{Deep, Verification};
use crate::trace::{step, within};
use crate::verb::survey::{survey_both, survey_one};
use surveyed::block_of;

/// Verifies.
///
/// Errors: what keeps the buckets from being surveyed. What comes up later is told with what was found until then.
pub async fn verify(task: &Task, run: &Run, buckets: Buckets) -> Result<Verification> {
    let common = Common {
        bandwidth: Bandwidth::new(task.bandwidth_limit),
        cache: Cache::open(task.cache_dir.clone())?,
    };
    let reader = |backend| BucketReader::with(backend, task.retry.clone(), common.clone());
    let source = reader(buckets.source);
    let verified = match buckets.target.map(reader) {
        Some(target) => two(task, run, &source, &target).await,
        None => one(task, run, &source).await,
    };
    common.cache.tidy().await;
    verified
}

async fn two(
    task: &Task,
    run: &Run,
    source: &BucketReader,
    target: &BucketReader,
) -> Result<Verification> {
    let survey = unless_stopped(run, survey_both(source, target)).await?;
    let (begun, mut found) = (Instant::now(), nothing_yet(task));
    found.content = Some(task.content);
    found.absent_ids = absent(task, |id| {
        survey.target.get(id).is_some() || block_of(&survey.source, id).is_some()
    });
    found.blocks = pairs::rows(task, &survey, target);
    pairs::settle(task, run, (source, target), &survey, &mut found).await;
    found.warnings = survey.warnings;
    found.elapsed = begun.elapsed();
    found.sort();
    Ok(found)
}

async fn one(task: &Task, run: &Run, bucket: &BucketReader) -> Result<Verification> {
    let survey = unless_stopped(run, survey_one(bucket)).await?;
    let (begun, mut found) = (Instant::now(), nothing_yet(task));
    found.hashes_were_read = task.content == Strength::Content;
    found.absent_ids = absent(task, |id| block_of(&survey.blocks, id).is_some());
    found.blocks = alone::rows(task, &survey.blocks);
    alone::settle(task, run, bucket, &survey.blocks, &mut found).await;
    found.warnings = survey.warnings;
    found.elapsed = begun.elapsed();
    found.sort();
    Ok(found)
}

/// Until the buckets are surveyed there is nothing to be told, so a signal ends it at once.
async fn unless_stopped<T>(run: &Run, surveying: impl Future<Output = Result<T>>) -> Result<T> {
    let surveying = run.progress.surveyed_by(surveying);
    tokio::select! {
        survey = within(step!("survey"), surveying) => survey,
        signal = run.stop.wait() => {
            let attempt = format!("list the buckets before {} came", signal.as_str());
            Err(Error::new(Kind::Cancelled, attempt))
        }
    }
}

fn nothing_yet(task: &Task) -> Verification {
    Verification {
        of_run: task.of_run.clone(),
        deep: task.deep.then(Deep::default),
        ..Verification::default()
    }
}

/// The ids that were asked for and are not there.
fn absent(task: &Task, is_there: impl Fn(BlockId) -> bool) -> Vec<BlockId> {
    let ids = task.filter.ids.iter().copied();
    ids.filter(|id| !is_there(*id)).collect()
}
