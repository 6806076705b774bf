//! Taking marks back: survey the one bucket, judge each mark, and look again at each block right before its mark goes and right after.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use crate::at_once::{OBJECTS_AT_ONCE, READS};
use crate::audit::{Ended, Event, Subject, Trail};
use crate::block::{BlockId, NO_COMPACT_MARK, NoCompactMark, RunId};
use crate::bucket::{Backend, Bucket, BucketReader};
use crate::causes;
use crate::engine::Stop;
use crate::error::{Error, Kind, Result};
use crate::exit::Signal;
use crate::outcome::{TakenBack, UnmarkEnding, Unmarked};
use crate::plan::{Mark, SourceBlock, TakeBack, Verdict, not_whole};
use crate::progress::Progress;
use crate::retry::Policy;
use crate::stored::read_small;
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
    trail: &Trail,
    stop: &Stop,
) -> Result<TakenBack> {
    let begun = Instant::now();
    if task.is_dry {
        let reader = BucketReader::new(source, task.retry.clone());
        let found = survey(&reader, progress, stop).await?;
        agree_so_far(clock(), &reader, &reader)?;
        let mut taken = judge(task, found, clock());
        taken.blocks.iter().try_for_each(|one| tell(trail, one))?;
        taken.elapsed = begun.elapsed();
        return Ok(taken);
    }
    let bucket = Bucket::new(source, task.retry.clone());
    let found = survey(bucket.reader(), progress, stop).await?;
    // Ages decide, so that the clocks have to agree before anything is judged.
    let now = agree(clock, &bucket, &bucket).await?.time();
    let mut taken = judge(task, found, now);
    taken.is_dry = false;
    carry_out(task, &bucket, clock, (progress, trail), stop, &mut taken).await;
    taken.elapsed = begun.elapsed();
    Ok(taken)
}

/// What lies in the bucket.
struct Found {
    surveyed: Alone,
    /// No-compact marks of blocks that bear no deletion mark.
    alone: BTreeMap<BlockId, NoCompactMark>,
}

async fn survey(bucket: &BucketReader, progress: &Arc<Progress>, stop: &Stop) -> Result<Found> {
    let surveying = async {
        let surveyed = progress.surveyed_by(survey_one(bucket)).await?;
        let with_one = surveyed.blocks.iter().filter(|block| may_be_left(block));
        let ids: Vec<BlockId> = with_one.map(|block| block.id).collect();
        let read = stream::iter(ids).map(async |id| Ok((id, no_compact_mark(bucket, id).await?)));
        let read = read.buffer_unordered(READS);
        let alone = read.try_filter_map(async |(id, mark)| Ok(mark.map(|mark| (id, mark))));
        let alone = alone.try_collect().await?;
        Ok(Found { surveyed, alone })
    };
    tokio::select! {
        found = within(step!("survey"), surveying) => found,
        signal = stop.wait() => Err(stopped(signal)),
    }
}

/// Whether the block may bear a no-compact mark that a run left behind which was killed before it came to the deletion mark.
fn may_be_left(block: &SourceBlock) -> bool {
    matches!(block.mark, Mark::Absent) && block.objects().get(NO_COMPACT_MARK).is_some()
}

/// `None` where none can be read: it is not known to be of this tool.
async fn no_compact_mark(bucket: &BucketReader, id: BlockId) -> Result<Option<NoCompactMark>> {
    match read_small(bucket, id, NO_COMPACT_MARK).await {
        Ok(bytes) => Ok(bytes.and_then(|bytes| NoCompactMark::parse(&bytes).ok())),
        Err(err) if err.kind().spoils_one_object() => Ok(None),
        Err(err) => Err(err),
    }
}

/// A signal came before anything was done.
#[must_use]
pub fn stopped(signal: Signal) -> Error {
    let attempt = format!("survey the bucket before {} came", signal.as_str());
    Error::new(Kind::Cancelled, attempt)
}

fn judge(task: &Task, found: Found, now: DateTime<Utc>) -> TakenBack {
    let Found { surveyed, alone } = found;
    let Alone {
        blocks, warnings, ..
    } = surveyed;
    let written_by = |block: &SourceBlock| match alone.get(&block.id) {
        Some(mark) => mark.provenance().map(|provenance| provenance.run),
        None => written_by(block),
    };
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
        let (run, ending, detail) = match task.take_back.verdict(&block, alone.get(&block.id), now)
        {
            Verdict::NotMeant => return None,
            Verdict::TakeBack(provenance) => (
                Some(provenance.run),
                UnmarkEnding::ToUnmark,
                left_behind(&block),
            ),
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

/// What there is to be said of a mark that is not the one that is looked for.
fn left_behind(block: &SourceBlock) -> Option<String> {
    let words = "a no-compact mark alone: its run was killed before it came to the deletion mark";
    matches!(block.mark, Mark::Absent).then(|| words.to_owned())
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
    (progress, trail): (&Arc<Progress>, &Trail),
    stop: &Stop,
    taken: &mut TakenBack,
) {
    let told = taken.blocks.iter().try_for_each(|one| match one.ending {
        UnmarkEnding::ToUnmark => tell_selected(trail, &one.block),
        _ => tell(trail, one),
    });
    if let Err(err) = told {
        taken.stopped_by = Some(format!("{err:#}"));
    }
    let mut due = Vec::new();
    for (position, unmarked) in taken.blocks.iter_mut().enumerate() {
        if unmarked.ending == UnmarkEnding::ToUnmark {
            unmarked.ending = UnmarkEnding::NotFinished;
            due.push((position, unmarked.block.id));
        }
    }
    if taken.stopped_by.is_some() {
        return;
    }
    progress.start(due.len() as u64, 0, None);
    let mut working = stream::iter(due)
        .take_until(Box::pin(stop.wait()))
        .map(|(position, id)| async move {
            let counted = progress.block(0);
            counted.begins();
            let span = step!("block", block = %id);
            // What nobody could be told of is not begun.
            if let Err(err) = trail.tell(&Event::Started(Subject::Block(id))) {
                return Done {
                    position,
                    ending: UnmarkEnding::NotFinished,
                    detail: Some(format!("{err:#}")),
                    ends_the_run: true,
                };
            }
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
        let told = tell(trail, unmarked);
        if let Err(err) = told {
            taken.stopped_by = Some(format!("{err:#}"));
            break;
        }
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

fn subject(block: &SourceBlock) -> Subject<'_> {
    let objects = block.objects();
    Subject::Known {
        id: block.id,
        meta: block.meta().map(|meta| &meta.block),
        objects: objects.block_objects(),
        size_bytes: objects.block_bytes(),
    }
}

fn tell_selected(trail: &Trail, block: &SourceBlock) -> Result<()> {
    trail.tell(&Event::Selected {
        of: subject(block),
        action: "unmark",
        detail: None,
        to_put: None,
    })
}

fn tell(trail: &Trail, unmarked: &Unmarked) -> Result<()> {
    let ended = Ended {
        ending: unmarked.ending.as_str(),
        detail: unmarked.detail.as_deref(),
        proof: None,
        needs_a_person: unmarked.ending.needs_a_person(),
        what_to_do: unmarked.ending.advice(),
    };
    trail.tell(&Event::Ended(subject(&unmarked.block), ended))
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
    let alone = if may_be_left(&block) {
        no_compact_mark(bucket.reader(), id).await?
    } else {
        None
    };
    let provenance = match task.take_back.verdict(&block, alone.as_ref(), now) {
        Verdict::TakeBack(provenance) => provenance,
        Verdict::NotMeant => return Ok((UnmarkEnding::Gone, None)),
        Verdict::Refuse(_, _) if matches!(block.mark, Mark::Absent) => {
            return Ok((UnmarkEnding::Gone, None));
        }
        Verdict::Refuse(refusal, why) => {
            return Ok((UnmarkEnding::Refused(refusal), Some(why)));
        }
    };
    match unmark(id, &provenance.run, bucket).await {
        Ok(()) => {}
        Err(err) if err.kind() == Kind::Changed => {
            return Ok((UnmarkEnding::Gone, Some(causes::deepest(&err))));
        }
        Err(err) => return Err(err),
    }
    let mut lost = None;
    for _ in 0..LOOKS_AFTERWARDS {
        lost = not_whole(&survey_block(bucket.reader(), id).await?);
        if lost.is_none() {
            return Ok((UnmarkEnding::Unmarked, left_behind(&block)));
        }
    }
    Ok((UnmarkEnding::LostMeanwhile, lost))
}
