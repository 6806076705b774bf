//! One bucket by itself.

use std::sync::Arc;

use super::deep::Deep;
use super::surveyed::block_of;
use super::task::{Run, Task};
use super::work::{Job, Settled, work};
use crate::bucket::BucketReader;
use crate::outcome::{Verification, VerifiedBlock};
use crate::plan::{Neighbours, SourceBlock, State, judge_alone};
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

/// Looks again at what seems amiss, for it may have been in the middle of a change, and opens what is to be opened.
pub(super) async fn settle(
    task: &Task,
    run: &Run,
    bucket: &BucketReader,
    surveyed: &[Arc<SourceBlock>],
    found: &mut Verification,
) {
    let deep = Deep::asked_for(task, bucket, found.blocks.len());
    let job = |(place, block): (usize, &VerifiedBlock)| {
        let is_opened = deep.is_some() && block.meta.is_some();
        (seems_amiss(block.verified.state) || is_opened).then_some(Job {
            place,
            id: block.id,
            bytes: if is_opened { block.size_bytes } else { 0 },
        })
    };
    let jobs: Vec<Job> = found.blocks.iter().enumerate().filter_map(job).collect();
    work(jobs, run, task.concurrency, found, async |id, progress| {
        let mut block = match block_of(surveyed, id) {
            Some(block) => Arc::clone(block),
            None => Arc::new(survey_block(bucket, id).await?),
        };
        let mut verified = judge_alone(&block);
        if seems_amiss(verified.state) {
            block = Arc::new(survey_block(bucket, id).await?);
            verified = judge_alone(&block);
        }
        let opened = match (&deep, block.meta()) {
            (Some(deep), Some(meta)) => Some(deep.open(meta, block.objects(), &progress).await?),
            _ => None,
        };
        Ok(Settled {
            source: Some(block),
            verified,
            opened,
        })
    })
    .await;
}

fn seems_amiss(state: State) -> bool {
    matches!(state, State::Damaged | State::Unreadable)
}
