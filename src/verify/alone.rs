//! One bucket by itself.

use std::sync::Arc;

use super::deep::{Deep, TRIES, shares};
use super::surveyed::block_of;
use super::task::{Run, Task};
use super::work::{Job, Settled, unreadable, work};
use crate::block::{BlockId, Strength};
use crate::bucket::{BucketReader, Budget};
use crate::error::Result;
use crate::outcome::{Verification, VerifiedBlock};
use crate::plan::{Neighbours, Note, SourceBlock, State, Verified, judge_alone};
use crate::trace::{step, within};
use crate::verb::hashes::{Hashed, compare_hashes};
use crate::verb::survey::survey_block;

/// The blocks that are meant, by the survey alone.
pub(super) fn rows(task: &Task, blocks: &[Arc<SourceBlock>]) -> Vec<VerifiedBlock> {
    let neighbours = Neighbours::new(blocks);
    let meant = blocks
        .iter()
        .filter(|block| task.takes(block.id, block.meta(), Some(block)));
    let row = |block: &Arc<SourceBlock>| {
        let objects = block.objects();
        let row = VerifiedBlock {
            id: block.id,
            meta: block.meta().cloned(),
            objects: objects.block_objects(),
            size_bytes: objects.block_bytes(),
            source: Some(Arc::clone(block)),
            verified: judge_alone(block),
            notes: neighbours.notes(block),
            is_asked_for: false,
        };
        VerifiedBlock {
            is_asked_for: task.asks_for(row.id),
            ..row
        }
    };
    meant.map(row).collect()
}

/// Looks again at what seems amiss, for it may have been in the middle of a change, reads what `meta.json` tells hashes of where that was asked for,
/// and opens what is to be opened.
pub(super) async fn settle(
    task: &Task,
    run: &Run,
    bucket: &BucketReader,
    surveyed: &[Arc<SourceBlock>],
    found: &mut Verification,
) {
    let deep = Deep::asked_for(task, bucket, found.blocks.len());
    let alone = Alone {
        bucket,
        surveyed,
        reads: task.content == Strength::Content,
        budget: Budget::new(shares(task).0),
    };
    let job = |(place, block): (usize, &VerifiedBlock)| {
        let state = block.verified.state;
        let is_opened = deep.is_some() && block.meta.is_some();
        let is_read = alone.reads && state == State::Whole;
        let readings = u64::from(is_opened) + u64::from(is_read);
        (seems_amiss(state) || readings > 0).then_some(Job {
            place,
            id: block.id,
            bytes: block.size_bytes.saturating_mul(readings),
        })
    };
    let jobs: Vec<Job> = found.blocks.iter().enumerate().filter_map(job).collect();
    work(jobs, run, task.concurrency, found, async |id, progress| {
        let mut seen = alone.seen(id).await?;
        if let Err(err) = alone.settle(&mut seen).await {
            seen.verified = unreadable(id, err)?;
        }
        let opened = match (&deep, seen.block.meta()) {
            (Some(deep), Some(meta)) => {
                let objects = seen.block.objects();
                Some(deep.open(meta, objects, &progress).await?)
            }
            _ => None,
        };
        Ok(Settled {
            source: Some(seen.block),
            verified: seen.verified,
            notes: seen.notes,
            opened,
        })
    })
    .await;
}

fn seems_amiss(state: State) -> bool {
    matches!(state, State::Damaged | State::Unreadable)
}

/// What all blocks share.
struct Alone<'a> {
    bucket: &'a BucketReader,
    surveyed: &'a [Arc<SourceBlock>],
    /// Whether what `meta.json` tells hashes of is read.
    reads: bool,
    budget: Budget,
}

/// One block, as it was seen last.
struct Seen {
    block: Arc<SourceBlock>,
    verified: Verified,
    notes: Vec<Note>,
}

impl Alone<'_> {
    async fn seen(&self, id: BlockId) -> Result<Seen> {
        let block = match block_of(self.surveyed, id) {
            Some(block) => Arc::clone(block),
            None => Arc::new(survey_block(self.bucket, id).await?),
        };
        Ok(Seen {
            verified: judge_alone(&block),
            block,
            notes: Vec::new(),
        })
    }

    async fn look_again(&self, seen: &mut Seen) -> Result<()> {
        seen.block = Arc::new(survey_block(self.bucket, seen.block.id).await?);
        seen.verified = judge_alone(&seen.block);
        Ok(())
    }

    async fn settle(&self, seen: &mut Seen) -> Result<()> {
        if seems_amiss(seen.verified.state) {
            self.look_again(seen).await?;
        }
        if !self.reads {
            return Ok(());
        }
        for _ in 0..TRIES {
            if seen.verified.state != State::Whole {
                return Ok(());
            }
            match self.read(seen).await {
                Err(err) if err.kind().wants_a_fresh_look() => self.look_again(seen).await?,
                read => return read,
            }
        }
        let why = "it changed each time that it was read";
        seen.verified = Verified::because(State::Unreadable, why);
        Ok(())
    }

    /// Compares what is there with the hashes that `meta.json` tells.
    async fn read(&self, seen: &mut Seen) -> Result<()> {
        let Some(meta) = seen.block.meta() else {
            return Ok(());
        };
        let objects = seen.block.objects();
        let comparing = compare_hashes(self.bucket, &meta.block, &objects, &self.budget);
        match within(step!("examine"), comparing).await? {
            Hashed::AsTold => seen.verified.proof = Some(Strength::Content),
            Hashed::Differs(what) => seen.verified = Verified::because(State::Damaged, what),
            Hashed::Untold(many) => seen.notes.push(Note {
                name: "no-hashes",
                text: match many {
                    1 => "meta.json tells no hash of 1 object, which was not read".to_owned(),
                    many => {
                        format!("meta.json tells no hashes of {many} objects, which were not read")
                    }
                },
            }),
        }
        Ok(())
    }
}
