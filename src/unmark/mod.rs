//! Taking marks back: survey the one bucket, judge each mark, and look again at each block right before its mark goes and right after.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};
use tokio::time::Instant;

use crate::at_once::OBJECTS_AT_ONCE;
use crate::block::{BlockId, RunId};
use crate::bucket::{Backend, Bucket, BucketReader};
use crate::engine::Stop;
use crate::error::{Error, Kind, Result};
use crate::exit::Signal;
use crate::outcome::{TakenBack, UnmarkEnding, Unmarked};
use crate::plan::{Mark, SourceBlock, TakeBack, Verdict, not_whole};
use crate::progress::Progress;
use crate::retry::Policy;
use crate::trace::{step, within};
use crate::verb::clocks::{Clock, agree, agree_so_far};
use crate::verb::survey::{Alone, survey_block, survey_one};
use crate::verb::unmark::unmark;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Task {
    /// Which marks.
    pub take_back: TakeBack,
    /// Whether nothing is written.
    pub is_dry: bool,
    /// When requests are repeated.
    pub retry: Policy,
}

/// How long blocks in hand may go on after a signal.
const GRACE: Duration = Duration::from_secs(30);

/// Before a block is said to be lost it is looked at so often: what arrives wrong once need not be wrong.
const LOOKS_AFTERWARDS: usize = 2;

/// Takes the marks back, or tells which it would take back.
///
/// Errors: what keeps it from beginning, with nothing written; that clocks differ too much for the age of a mark to be known is one.
pub async fn take_back(
    task: &Task,
    source: Backend,
    clock: &Clock,
    progress: &Arc<Progress>,
    stop: &Stop,
) -> Result<TakenBack> {
    let begun = Instant::now();
    if task.is_dry {
        let reader = BucketReader::new(source, task.retry.clone());
        let surveyed = survey(&reader, stop).await?;
        agree_so_far(clock(), &reader, &reader)?;
        let mut taken = judge(task, surveyed, clock());
        taken.elapsed = begun.elapsed();
        return Ok(taken);
    }
    let bucket = Bucket::new(source, task.retry.clone());
    let surveyed = survey(bucket.reader(), stop).await?;
    // Ages decide, so that the clocks have to agree before anything is judged.
    let now = agree(clock, &bucket, &bucket).await?.time();
    let mut taken = judge(task, surveyed, now);
    taken.is_dry = false;
    carry_out(task, &bucket, clock, progress, stop, &mut taken).await;
    taken.elapsed = begun.elapsed();
    Ok(taken)
}

async fn survey(bucket: &BucketReader, stop: &Stop) -> Result<Alone> {
    tokio::select! {
        surveyed = within(step!("survey"), survey_one(bucket)) => surveyed,
        signal = stop.wait() => Err(stopped(signal)),
    }
}

/// A signal came before anything was done.
#[must_use]
pub fn stopped(signal: Signal) -> Error {
    let attempt = format!("survey the bucket before {} came", signal.as_str());
    Error::new(Kind::Cancelled, attempt)
}

fn judge(task: &Task, surveyed: Alone, now: DateTime<Utc>) -> TakenBack {
    let Alone {
        blocks, warnings, ..
    } = surveyed;
    let is_there = |id: &BlockId| blocks.binary_search_by_key(id, |block| block.id).is_ok();
    let ids = task.take_back.filter.ids.iter();
    let absent_ids = ids.filter(|id| !is_there(id)).copied().collect();
    let run = task.take_back.run.as_ref();
    let is_of = |run: &RunId| {
        blocks
            .iter()
            .any(|block| written_by(block).as_ref() == Some(run))
    };
    let absent_run = run.filter(|run| !is_of(run)).cloned();
    let is_marked = |block: &&Arc<SourceBlock>| !matches!(block.mark, Mark::Absent);
    let marked_blocks = blocks.iter().filter(is_marked).count() as u64;
    let meant = blocks.into_iter().filter_map(|block| {
        let (run, ending, detail) = match task.take_back.verdict(&block, now) {
            Verdict::NotMeant => return None,
            Verdict::TakeBack(provenance) => (Some(provenance.run), UnmarkEnding::ToUnmark, None),
            Verdict::Refuse(refusal, why) => (
                written_by(&block),
                UnmarkEnding::Refused(refusal),
                Some(why),
            ),
        };
        Some(Unmarked {
            block,
            run,
            ending,
            detail,
        })
    });
    TakenBack {
        blocks: meant.collect(),
        absent_ids,
        absent_run,
        marked_blocks,
        is_dry: true,
        signal: None,
        stopped_by: None,
        warnings,
        elapsed: Duration::ZERO,
    }
}

fn written_by(block: &SourceBlock) -> Option<RunId> {
    let Mark::Present(mark) = &block.mark else {
        return None;
    };
    mark.provenance().map(|provenance| provenance.run)
}

/// What came of one block, and whether no other can fare better.
struct Done {
    position: usize,
    ending: UnmarkEnding,
    detail: Option<String>,
    ends_the_run: bool,
}

async fn carry_out(
    task: &Task,
    bucket: &Bucket,
    clock: &Clock,
    progress: &Arc<Progress>,
    stop: &Stop,
    taken: &mut TakenBack,
) {
    let mut due = Vec::new();
    for (position, unmarked) in taken.blocks.iter_mut().enumerate() {
        if unmarked.ending == UnmarkEnding::ToUnmark {
            unmarked.ending = UnmarkEnding::NotFinished;
            due.push((position, unmarked.block.id));
        }
    }
    progress.start(due.len() as u64, 0, None);
    let mut working = stream::iter(due)
        .take_until(Box::pin(stop.wait()))
        .map(|(position, id)| async move {
            let _counted = progress.block(0);
            let span = step!("block", block = %id);
            let ended = within(span, one(task, bucket, clock, id)).await;
            let (ending, detail, ends_the_run) = match ended {
                Ok((ending, detail)) => (ending, detail, false),
                Err(err) => {
                    let concerns_all = err.kind().concerns_whole_bucket();
                    (UnmarkEnding::Failed, Some(format!("{err:#}")), concerns_all)
                }
            };
            Done {
                position,
                ending,
                detail,
                ends_the_run,
            }
        })
        .buffer_unordered(OBJECTS_AT_ONCE * 2);
    let mut graced = std::pin::pin!(async {
        stop.wait().await;
        tokio::time::sleep(GRACE).await;
    });
    loop {
        let done = tokio::select! {
            done = working.next() => done,
            () = &mut graced => break,
        };
        let Some(done) = done else { break };
        let Some(unmarked) = taken.blocks.get_mut(done.position) else {
            continue;
        };
        unmarked.ending = done.ending;
        unmarked.detail = done.detail;
        if done.ends_the_run {
            taken.stopped_by.clone_from(&unmarked.detail);
            break;
        }
    }
    let is_unfinished = |one: &Unmarked| one.ending == UnmarkEnding::NotFinished;
    if taken.blocks.iter().any(is_unfinished) {
        taken.signal = stop.asked();
    }
}

/// Takes the mark of one block back, once a fresh look bears out that it may go.
async fn one(
    task: &Task,
    bucket: &Bucket,
    clock: &Clock,
    id: BlockId,
) -> Result<(UnmarkEnding, Option<String>)> {
    let now = agree(clock, bucket, bucket).await?.time();
    let block = survey_block(bucket.reader(), id).await?;
    let provenance = match task.take_back.verdict(&block, now) {
        Verdict::TakeBack(provenance) => provenance,
        Verdict::NotMeant => return Ok((UnmarkEnding::Gone, None)),
        Verdict::Refuse(_, _) if matches!(block.mark, Mark::Absent) => {
            return Ok((UnmarkEnding::Gone, None));
        }
        Verdict::Refuse(refusal, why) => {
            return Ok((UnmarkEnding::Refused(refusal), Some(why)));
        }
    };
    unmark(id, &provenance.run, bucket).await?;
    let mut lost = None;
    for _ in 0..LOOKS_AFTERWARDS {
        lost = not_whole(&survey_block(bucket.reader(), id).await?);
        if lost.is_none() {
            return Ok((UnmarkEnding::Unmarked, None));
        }
    }
    Ok((UnmarkEnding::LostMeanwhile, lost))
}
