//! What is asked for, and what of it is deleted, kept, and may come back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::block::{BlockId, RunId};
use crate::bucket::{BucketReader, Told, Versions};
use crate::engine::Stop;
use crate::error::{Error, Kind, Result};
use crate::exit::Signal;
use crate::outcome::{BroughtBack, UndeleteEnding, Undeleted};
use crate::plan::{
    Among, Beside, BringBack, Candidate, PastBlock, Recall, SourceBlock, SourceMeta,
};
use crate::progress::Progress;
use crate::retry::Policy;
use crate::trace::{step, within};
use crate::verb::survey::{Alone, Directories, survey_one, survey_past};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Task {
    /// Which blocks.
    pub bring_back: BringBack,
    /// Whether nothing is written.
    pub is_dry: bool,
    /// When requests are repeated.
    pub retry: Policy,
}

/// What was found, and judged.
pub(super) struct Surveyed {
    pub(super) brought: BroughtBack,
    pub(super) among: Among,
    /// The blocks that lay there published.
    pub(super) published: Vec<BlockId>,
}

/// A directory that was looked at.
struct Judged {
    id: BlockId,
    /// The run that marked it last, where that is known.
    run: Option<RunId>,
    /// Whether anything of it is kept that was deleted.
    is_kept: bool,
    /// What is to become of it, where it was asked for.
    undeleted: Option<Undeleted>,
}

pub(super) async fn survey(
    task: &Task,
    bucket: &BucketReader,
    progress: &Arc<Progress>,
    stop: &Stop,
) -> Result<Surveyed> {
    let looking = progress.surveyed_by(look(task, bucket));
    tokio::select! {
        surveyed = within(step!("survey"), looking) => surveyed,
        signal = stop.wait() => Err(stopped(signal)),
    }
}

/// A signal came before anything was done.
#[must_use]
pub fn stopped(signal: Signal) -> Error {
    let attempt = format!("survey the bucket before {} came", signal.as_str());
    Error::new(Kind::Cancelled, attempt)
}

async fn look(task: &Task, bucket: &BucketReader) -> Result<Surveyed> {
    let wish = &task.bring_back;
    let nothing_kept = |why: &str| {
        let attempt = format!("bring back what was deleted from {}", bucket.location());
        Error::new(Kind::Unsupported, attempt).because(why.to_owned())
    };
    if !bucket.has_history() {
        let why = "a bucket of this kind keeps no versions, so that what is deleted is gone";
        return Err(nothing_kept(why));
    }
    let which = if !wish.filter.ids.is_empty() {
        Directories::Of(wish.filter.ids.clone())
    } else if wish.run.is_some() {
        Directories::OnceMarked
    } else {
        Directories::Deleted
    };
    let past = survey_past(bucket, &which, |block| Some(judged(wish, &block)));
    let keeping = async { Ok(bucket.keeping().await) };
    let (past, now, keeping) = futures::try_join!(past, survey_one(bucket), keeping)?;
    let keeps_none = keeping.is_some_and(|it| it.versions == Told::Yes(Versions::Gone));
    // What is kept from a time when it did counts.
    if keeps_none && !past.iter().any(|judged| judged.is_kept) {
        let why = "the bucket keeps no versions, so that what is deleted is gone";
        return Err(nothing_kept(why));
    }
    Ok(among_all(wish, past, now))
}

fn judged(wish: &BringBack, block: &PastBlock) -> Judged {
    let meta = match &block.meta {
        SourceMeta::Read(meta) => Some(Arc::clone(meta)),
        SourceMeta::Absent | SourceMeta::Unreadable(_) | SourceMeta::Corrupted(_) => None,
    };
    let told = |ending, detail| Undeleted {
        id: block.id,
        meta,
        run: block.run(),
        objects: 0,
        size_bytes: 0,
        ending,
        detail,
    };
    let undeleted = match wish.recall(block) {
        Recall::NotMeant => None,
        Recall::IsThere => Some(told(UndeleteEnding::IsThere, None)),
        Recall::Refuse(why, detail) => Some(told(UndeleteEnding::Refused(why), Some(detail))),
        Recall::BringBack(missing) => Some(Undeleted {
            objects: missing.objects(),
            size_bytes: missing.bytes(),
            ..told(UndeleteEnding::ToUndelete, None)
        }),
    };
    Judged {
        id: block.id,
        run: block.run(),
        is_kept: !block.gone.is_empty() || block.marked_by.is_some(),
        undeleted,
    }
}

/// Judges all blocks that may come back as far as they alone are concerned, beside each other and beside what lies there.
fn among_all(wish: &BringBack, past: Vec<Judged>, now: Alone) -> Surveyed {
    let seen: BTreeSet<BlockId> = past.iter().map(|one| one.id).collect();
    let ids = &wish.filter.ids;
    let absent_ids = ids.difference(&seen).copied().collect();
    let is_of = |run: &RunId| past.iter().any(|one| one.run.as_ref() == Some(run));
    let absent_run = wish.run.clone().filter(|run| ids.is_empty() && !is_of(run));
    // Where blocks were deleted, a bucket without any is the right one.
    let warnings = if past.is_empty() {
        now.warnings
    } else {
        Vec::new()
    };
    let mut runs = HashMap::new();
    let mut blocks = Vec::new();
    for judged in past {
        runs.extend(judged.run.map(|run| (judged.id, run)));
        blocks.extend(judged.undeleted);
    }
    blocks.sort_unstable_by_key(|block| block.id);
    let live = now.blocks.iter().filter(|block| is_at_work(block));
    let live: Vec<_> = live.filter_map(|block| block.meta()).collect();
    // What stays deleted beside what lies there keeps no other block away.
    let alone = Among::new(live.iter().copied(), runs.clone(), &[]);
    refuse(&mut blocks, &alone);
    let candidates: Vec<Candidate> = blocks.iter().filter_map(candidate).collect();
    let among = Among::new(live, runs, &candidates);
    refuse(&mut blocks, &among);
    let published = now.blocks.iter().filter(|block| block.meta().is_some());
    Surveyed {
        published: published.map(|block| block.id).collect(),
        among,
        brought: BroughtBack {
            blocks,
            absent_ids,
            absent_run,
            ways: BTreeMap::new(),
            is_dry: true,
            signal: None,
            stopped_by: None,
            warnings,
            elapsed: Duration::ZERO,
        },
    }
}

fn refuse(blocks: &mut [Undeleted], among: &Among) {
    for block in blocks {
        if let (UndeleteEnding::ToUndelete, Some(meta)) = (block.ending, &block.meta)
            && let Beside::Kept(why, detail) = among.beside(&meta.block)
        {
            block.ending = UndeleteEnding::Refused(why);
            block.detail = Some(detail);
        }
    }
}

fn candidate(block: &Undeleted) -> Option<Candidate> {
    let meta = block.meta.as_ref()?;
    (block.ending == UndeleteEnding::ToUndelete).then(|| Candidate {
        meta: Arc::clone(meta),
        run: block.run.clone(),
    })
}

/// Whether a compactor works with it, and can.
pub(super) fn is_at_work(block: &SourceBlock) -> bool {
    block.is_live() && !block.has_lost_objects()
}
