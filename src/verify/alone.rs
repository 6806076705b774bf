//! One bucket by itself.

use std::sync::Arc;

use super::work::{Job, Settled, work};
use super::{Run, Task};
use crate::bucket::BucketReader;
use crate::outcome::{Verification, VerifiedBlock};
use crate::plan::{Neighbours, SourceBlock, State, judge_alone};
use crate::verb::survey::look_at_source;

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
            is_asked_for: task.asks_for(&row),
            ..row
        }
    };
    meant.map(row).collect()
}

/// Looks again at what seems amiss: it may have been in the middle of a change.
pub(super) async fn settle(
    task: &Task,
    run: &Run,
    bucket: &BucketReader,
    found: &mut Verification,
) {
    let places = found.blocks.iter().enumerate();
    let amiss = places
        .filter(|(_, block)| matches!(block.verified.state, State::Damaged | State::Unreadable));
    let jobs: Vec<Job> = amiss
        .map(|(place, block)| Job {
            place,
            id: block.id,
            bytes: 0,
        })
        .collect();
    work(jobs, run, task.concurrency, found, async |id| {
        let block = look_at_source(bucket, id).await?;
        let verified = judge_alone(&block);
        Ok(Settled {
            source: Some(Arc::new(block)),
            verified,
        })
    })
    .await;
}
