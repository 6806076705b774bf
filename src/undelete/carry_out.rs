//! Brings back what was judged, a few blocks at a time: each is looked at again in its turn, beside what has been published meanwhile.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};

use super::look::{Surveyed, Task, is_at_work};
use super::telling::{tell, tell_all};
use crate::at_once::{OBJECTS_AT_ONCE, READS};
use crate::audit::{Event, Subject, Trail};
use crate::block::{BlockId, MetaFile};
use crate::bucket::{Bucket, BucketReader};
use crate::engine::Stop;
use crate::error::{Error, Result};
use crate::outcome::{BroughtBack, UndeleteEnding};
use crate::plan::{Among, Beside, Recall, SourceMeta};
use crate::progress::Progress;
use crate::trace::{step, within};
use crate::verb::survey::{look_at_past, survey_block};
use crate::verb::undelete::{Ways, bring_back_data, bring_back_meta};

/// How long blocks in hand may go on after a signal.
const GRACE: Duration = Duration::from_secs(30);

/// So many blocks come back between two looks at what has been published meanwhile.
const TOGETHER: usize = 16;

/// What came of one block.
struct Done {
    position: usize,
    ending: UndeleteEnding,
    detail: Option<String>,
    ways: Ways,
    /// Whether no other can fare better.
    ends_the_run: bool,
}

impl Done {
    /// Nobody could be told that it begins.
    fn not_begun(position: usize, err: &Error) -> Self {
        Self {
            position,
            ending: UndeleteEnding::NotFinished,
            detail: Some(format!("{err:#}")),
            ways: Ways::new(),
            ends_the_run: true,
        }
    }
}

/// The ending of a block, what there is to say of it, and whether no other can fare better.
fn of_one(
    ended: Result<(UndeleteEnding, Option<String>)>,
) -> (UndeleteEnding, Option<String>, bool) {
    match ended {
        Ok((ending, detail)) => (ending, detail, false),
        Err(err) => {
            let concerns_all = err.kind().concerns_whole_bucket();
            (
                UndeleteEnding::Failed,
                Some(format!("{err:#}")),
                concerns_all,
            )
        }
    }
}

pub(super) async fn carry_out(
    task: &Task,
    bucket: &Bucket,
    (progress, trail): (&Arc<Progress>, &Trail),
    stop: &Stop,
    surveyed: Surveyed,
) -> BroughtBack {
    let Surveyed {
        mut brought,
        among,
        published,
    } = surveyed;
    if let Err(err) = tell_all(trail, &brought.blocks) {
        brought.stopped_by = Some(format!("{err:#}"));
    }
    let mut due = Vec::new();
    let mut bytes = 0_u64;
    for (position, block) in brought.blocks.iter_mut().enumerate() {
        if block.ending == UndeleteEnding::ToUndelete {
            block.ending = UndeleteEnding::NotFinished;
            bytes = bytes.saturating_add(block.size_bytes);
            due.push((position, block.id, block.size_bytes));
        }
    }
    progress.start(due.len() as u64, bytes, None);
    let mut known: BTreeSet<BlockId> = published.into_iter().collect();
    known.extend(due.iter().map(|(_, id, _)| *id));
    let mut newcomers = Newcomers {
        known,
        live: Among::default(),
        metas: Vec::new(),
    };
    for some in due.chunks(TOGETHER) {
        if stop.asked().is_some() || brought.stopped_by.is_some() {
            break;
        }
        if let Err(err) = newcomers.look(bucket.reader()).await {
            brought.stopped_by = Some(format!("{err:#}"));
            break;
        }
        let others = [&among, &newcomers.live];
        let mut working = stream::iter(some)
            .take_until(Box::pin(stop.wait()))
            .map(|(position, id, bytes)| async move {
                let counted = progress.block(*bytes);
                counted.begins();
                let span = step!("block", block = %id);
                let mut ways = Ways::new();
                // What nobody could be told of is not begun.
                if let Err(err) = trail.tell(&Event::Started(Subject::Block(*id))) {
                    return Done::not_begun(*position, &err);
                }
                let one = one(task, bucket, &others, *id, &mut ways);
                let ended = within(span, one).await;
                let (ending, detail, ends_the_run) = of_one(ended);
                if ending == UndeleteEnding::Undeleted {
                    counted.arrived();
                }
                Done {
                    position: *position,
                    ending,
                    detail,
                    ways,
                    ends_the_run,
                }
            })
            .buffer_unordered(OBJECTS_AT_ONCE);
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
            for (way, many) in done.ways {
                *brought.ways.entry(way).or_default() += many;
            }
            let Some(block) = brought.blocks.get_mut(done.position) else {
                continue;
            };
            block.ending = done.ending;
            block.detail = done.detail;
            if let Err(err) = tell(trail, block) {
                brought.stopped_by = Some(format!("{err:#}"));
                break;
            }
            if done.ends_the_run {
                brought.stopped_by.clone_from(&block.detail);
                break;
            }
        }
    }
    if brought.is_unfinished() {
        brought.signal = stop.asked();
    }
    brought
}

/// Blocks that have been published since the survey.
struct Newcomers {
    /// Those that were there then, or are to come back.
    known: BTreeSet<BlockId>,
    live: Among,
    metas: Vec<Arc<MetaFile>>,
}

impl Newcomers {
    async fn look(&mut self, bucket: &BucketReader) -> Result<()> {
        let there = bucket.list_block_ids().await?;
        let new: Vec<BlockId> = there.difference(&self.known).copied().collect();
        let read = stream::iter(new)
            .map(|id| survey_block(bucket, id))
            .buffer_unordered(READS);
        let read: Vec<_> = read.try_collect().await?;
        for block in read {
            if let Some(meta) = block.meta().filter(|_| is_at_work(&block)) {
                self.known.insert(block.id);
                self.metas.push(Arc::clone(meta));
            }
        }
        self.live = Among::new(&self.metas, HashMap::new(), &[]);
        Ok(())
    }
}

/// Brings back one block, once a fresh look bears out that it may come.
async fn one(
    task: &Task,
    bucket: &Bucket,
    others: &[&Among],
    id: BlockId,
    ways: &mut Ways,
) -> Result<(UndeleteEnding, Option<String>)> {
    let wish = &task.bring_back;
    let Some(block) = look_at_past(bucket.reader(), id).await? else {
        let why = "nothing of it is kept any more".to_owned();
        return Ok((UndeleteEnding::Failed, Some(why)));
    };
    let missing = match wish.recall(&block) {
        Recall::BringBack(missing) => missing,
        Recall::IsThere => return Ok((UndeleteEnding::IsThere, None)),
        Recall::NotMeant if block.is_whole() => return Ok((UndeleteEnding::IsThere, None)),
        Recall::NotMeant => {
            let why = "it is no longer what was asked for".to_owned();
            return Ok((UndeleteEnding::Failed, Some(why)));
        }
        Recall::Refuse(why, detail) => return Ok((UndeleteEnding::Refused(why), Some(detail))),
    };
    // What is to be brought back has one.
    let SourceMeta::Read(meta) = &block.meta else {
        return Ok((UndeleteEnding::Failed, None));
    };
    for among in others {
        if let Beside::Kept(why, detail) = among.beside(&meta.block) {
            return Ok((UndeleteEnding::Refused(why), Some(detail)));
        }
    }
    bring_back_data(id, meta, &missing, bucket, ways).await?;
    let lost = bring_back_meta(id, meta, &missing, bucket, ways).await?;
    Ok(match lost {
        None => (UndeleteEnding::Undeleted, None),
        Some(why) => (UndeleteEnding::LostMeanwhile, Some(why)),
    })
}
