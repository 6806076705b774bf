//! Two buckets, block by block.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::deep::{Deep, shares};
use super::surveyed::block_of;
use super::task::{Run, Task};
use super::work::{Job, Settled, unreadable, work};
use crate::block::{BlockId, ReadBack, Strength};
use crate::bucket::{BucketReader, Budget};
use crate::error::Result;
use crate::outcome::{Opened, Verification, VerifiedBlock};
use crate::plan::{Pair, SourceBlock, State, TargetBlock, TargetIndex, Verified, judge};
use crate::progress::BlockProgress;
use crate::stored::Stored;
use crate::verb::prove::Prover;
use crate::verb::survey::{Both, look_at_target, survey_block};

/// How often a block is looked at that changes, or that seems amiss.
const LOOKS: usize = 4;

/// The blocks that are meant, by the survey alone.
pub(super) fn rows(task: &Task, survey: &Both, target: &BucketReader) -> Vec<VerifiedBlock> {
    let in_source = survey.source.iter().map(|block| block.id);
    let in_target = survey.target.iter().map(|block| block.id);
    let ids: BTreeSet<BlockId> = in_source.chain(in_target).collect();
    let target_name = target.location().to_string();
    let row = |id| {
        let source = block_of(&survey.source, id);
        let there = survey.target.get(id);
        let in_source = source.and_then(|block| block.meta());
        let meta = in_source.or_else(|| there.and_then(TargetBlock::meta));
        if !task.takes(id, meta, source.map(|block| &**block)) {
            return None;
        }
        let objects = match (source, there) {
            (Some(block), None) => block.objects(),
            (Some(block), Some(_)) if in_source.is_some() => block.objects(),
            (_, Some(there)) => there.objects(),
            (None, None) => return None,
        };
        let pair = Pair {
            id,
            source: source.map(|block| &**block),
            target: there,
            others: &survey.target,
            target_name: &target_name,
        };
        let row = VerifiedBlock {
            id,
            meta: meta.cloned(),
            objects: objects.block_objects(),
            size_bytes: objects.block_bytes(),
            source: source.cloned(),
            verified: judge(&pair, &ReadBack::default()),
            notes: Vec::new(),
            is_asked_for: false,
        };
        Some(VerifiedBlock {
            is_asked_for: task.asks_for(row.id),
            ..row
        })
    };
    ids.into_iter().filter_map(row).collect()
}

/// Compares what is held as thoroughly as was asked for, looks again at what seems amiss, for it may have been in the middle of a change, and opens
/// what is to be opened of the target's.
pub(super) async fn settle(
    task: &Task,
    run: &Run,
    (source, target): (&BucketReader, &BucketReader),
    survey: &Both,
    found: &mut Verification,
) {
    let comparing = Comparing {
        content: task.content,
        deep: Deep::asked_for(task, target, found.blocks.len()),
        source,
        target,
        survey,
        target_name: target.location().to_string(),
        prover: Prover::new(
            task.content,
            target.clone(),
            Budget::new(shares(task).0),
            CancellationToken::new(),
        ),
    };
    let job = |(place, block): (usize, &VerifiedBlock)| {
        let state = block.verified.state;
        let is_compared = comparing.compares(state);
        let reads = is_compared && task.content == Strength::Content;
        let there = survey.target.get(block.id);
        let is_opened = comparing.deep.is_some() && there.and_then(TargetBlock::meta).is_some();
        let readings = if reads { 2 } else { 0 } + u64::from(is_opened);
        (is_compared || is_opened || seems_amiss(state)).then(|| Job {
            place,
            id: block.id,
            bytes: block.size_bytes.saturating_mul(readings),
        })
    };
    let jobs: Vec<Job> = found.blocks.iter().enumerate().filter_map(job).collect();
    work(jobs, run, task.concurrency, found, async |id, progress| {
        let (seen, verified) = match comparing.settle(id).await {
            Ok(settled) => settled,
            // What is in the target's is another question.
            Err(err) => (comparing.surveyed(id), unreadable(id, err)?),
        };
        let opened = comparing.open(&seen, &progress).await?;
        Ok(Settled {
            source: seen.source,
            verified,
            notes: Vec::new(),
            opened,
        })
    })
    .await;
}

fn seems_amiss(state: State) -> bool {
    matches!(
        state,
        State::MarkedNotHeld | State::TornTarget | State::Different | State::Unreadable
    )
}

/// What all comparisons share.
struct Comparing<'a> {
    content: Strength,
    source: &'a BucketReader,
    target: &'a BucketReader,
    survey: &'a Both,
    target_name: String,
    prover: Prover,
    deep: Option<Deep<'a>>,
}

/// One block in both buckets, as it was seen last.
struct Seen {
    source: Option<Arc<SourceBlock>>,
    target: Option<TargetBlock>,
}

impl Comparing<'_> {
    /// Whether listings alone are not enough to say so.
    fn compares(&self, state: State) -> bool {
        self.content > Strength::Size && matches!(state, State::Held | State::HeldUnmarked)
    }

    async fn settle(&self, id: BlockId) -> Result<(Seen, Verified)> {
        let mut seen = self.surveyed(id);
        let (mut is_fresh, mut is_doubted) = (false, false);
        for _ in 0..LOOKS {
            let verified = self.judge(id, &seen, &ReadBack::default());
            if seems_amiss(verified.state) && !is_fresh {
                seen = self.look_again(id).await?;
                is_fresh = true;
                continue;
            }
            if !self.compares(verified.state) {
                return Ok((seen, verified));
            }
            match self.read(&seen).await {
                // What was read wrong need not be again.
                Ok(Some(read)) if read.differing().next().is_some() && !is_doubted => {
                    is_doubted = true;
                }
                Ok(Some(read)) => {
                    let verified = self.judge(id, &seen, &read);
                    return Ok((seen, verified));
                }
                Ok(None) => return Ok((seen, verified)),
                Err(err) if err.kind().wants_a_fresh_look() => {}
                Err(err) => return Err(err),
            }
            seen = self.look_again(id).await?;
            is_fresh = true;
        }
        let why = "it changes each time that it is looked at";
        Ok((seen, Verified::because(State::Unreadable, why)))
    }

    fn surveyed(&self, id: BlockId) -> Seen {
        Seen {
            source: block_of(&self.survey.source, id).cloned(),
            target: self.survey.target.get(id).cloned(),
        }
    }

    fn judge(&self, id: BlockId, seen: &Seen, read: &ReadBack) -> Verified {
        let pair = Pair {
            id,
            source: seen.source.as_deref(),
            target: seen.target.as_ref(),
            others: self.others(),
            target_name: &self.target_name,
        };
        judge(&pair, read)
    }

    fn others(&self) -> &TargetIndex {
        &self.survey.target
    }

    /// Opens what the target has published of it.
    async fn open(&self, seen: &Seen, progress: &Arc<BlockProgress>) -> Result<Option<Opened>> {
        let (Some(deep), Some(there)) = (&self.deep, &seen.target) else {
            return Ok(None);
        };
        match there.meta() {
            Some(meta) => deep.open(meta, there.objects(), progress).await.map(Some),
            None => Ok(None),
        }
    }

    /// The source first: what is marked there is in the target by then.
    async fn look_again(&self, id: BlockId) -> Result<Seen> {
        let source = Arc::new(survey_block(self.source, id).await?);
        let target = look_at_target(self.target, id, Some(&source)).await?;
        Ok(Seen {
            source: Some(source).filter(|block| !block.objects().is_empty()),
            target: Some(target),
        })
    }

    /// What the objects tell beyond their listings; `None` where the source has none to compare with.
    async fn read(&self, seen: &Seen) -> Result<Option<ReadBack>> {
        let (Some(block), Some(there)) = (&seen.source, &seen.target) else {
            return Ok(None);
        };
        let Some(meta) = block.meta() else {
            return Ok(None);
        };
        let stored = Stored::new(self.source.clone(), Arc::clone(block), Arc::clone(meta));
        let ours = block.objects().what_thanos_reads(Some(&meta.block));
        let (theirs, before) = (there.objects(), ReadBack::default());
        let read = self.prover.read_back(&stored, &ours, &theirs, &before);
        read.await.map(Some)
    }
}
