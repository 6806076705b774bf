//! What the buckets hold now: each block that is meant is judged by listings, and where that was asked for by its bytes. Nothing is written.

mod alone;
mod deep;
mod pairs;
mod work;

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::time::Instant;

use crate::block::{BlockId, MetaFile, RunId, Strength};
use crate::bucket::{Backend, Bandwidth, BucketReader, Cache, Common};
use crate::engine::Stop;
use crate::error::{Error, Kind, Result};
use crate::outcome::{Deep, Verification, VerifiedBlock};
use crate::plan::{Mark, SourceBlock};
use crate::progress::Progress;
use crate::retry;
use crate::select::Filter;
use crate::trace::{step, within};
use crate::verb::survey::{survey_both, survey_one};

/// What is to be verified, and how.
#[derive(Debug, Clone)]
pub struct Task {
    /// Which blocks.
    pub filter: Filter,
    /// Only those that marks of this run name.
    pub of_run: Option<RunId>,
    /// How thoroughly the two buckets are compared.
    pub content: Strength,
    /// Whether blocks are opened, and their data is read.
    pub deep: bool,
    /// Blocks being compared at once.
    pub concurrency: NonZeroUsize,
    /// When requests are repeated.
    pub retry: retry::Policy,
    /// The memory that the process may use, in bytes.
    pub memory_limit: NonZeroU64,
    /// How many bytes a second are read, at most.
    pub bandwidth_limit: Option<NonZeroU64>,
    /// Where small objects are kept from one run to the next.
    pub cache_dir: Option<PathBuf>,
}

/// How it is asked to stop, and whom it tells how far it is.
pub struct Run {
    /// Told how far it is.
    pub progress: Arc<Progress>,
    /// Asks it to stop.
    pub stop: Stop,
}

/// The buckets, opened.
#[derive(Debug)]
pub struct Buckets {
    /// The source, or the one bucket that there is.
    pub source: Backend,
    /// The target.
    pub target: Option<Backend>,
}

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
    let surveying = within(step!("survey"), survey_both(source, target));
    let survey = unless_stopped(run, surveying).await?;
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
    let survey = unless_stopped(run, within(step!("survey"), survey_one(bucket))).await?;
    let (begun, mut found) = (Instant::now(), nothing_yet(task));
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
    tokio::select! {
        survey = surveying => survey,
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

/// The block of that id, among blocks that are sorted by their ids.
fn block_of(blocks: &[Arc<SourceBlock>], id: BlockId) -> Option<&Arc<SourceBlock>> {
    let place = blocks.binary_search_by_key(&id, |block| block.id);
    place.ok().and_then(|place| blocks.get(place))
}

impl Task {
    /// Whether the block is meant. Where no `meta.json` can be read, nobody can tell more than by its id and its mark.
    fn takes(
        &self,
        id: BlockId,
        meta: Option<&Arc<MetaFile>>,
        source: Option<&SourceBlock>,
    ) -> bool {
        let is_meant = match meta {
            Some(meta) => self.filter.takes(&meta.block),
            None => self.filter.ids.is_empty() || self.filter.ids.contains(&id),
        };
        is_meant
            && self.of_run.as_ref().is_none_or(|run| {
                let mark = source.map(|block| &block.mark);
                let Some(Mark::Present(mark)) = mark else {
                    return false;
                };
                mark.provenance().is_some_and(|ours| ours.run == *run)
            })
    }

    fn asks_for(&self, block: &VerifiedBlock) -> bool {
        self.filter.ids.contains(&block.id)
    }
}
