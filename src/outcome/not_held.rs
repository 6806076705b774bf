//! Blocks that are about to be lost, and what saves them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::block::BlockId;
use crate::plan::{Mark, NotHeld, Plan, SourceBlock};

/// A block that is going to be deleted although the target does not hold it, and what saves it.
pub(crate) struct MarkedNotHeld<'a> {
    pub(crate) block: BlockId,
    pub(crate) why: &'a str,
    pub(crate) marked_at: Option<DateTime<Utc>>,
    /// Copies the block again, once the flags that name the buckets are added; `None` where its deletion has begun.
    pub(crate) command: Option<String>,
    pub(crate) what_to_do: &'static str,
}

/// The blocks of the plan that are about to be lost, by id.
pub(crate) fn marked_not_held(plan: &Plan) -> Vec<MarkedNotHeld<'_>> {
    let blocks: HashMap<BlockId, &SourceBlock> = if plan.not_held.is_empty() {
        HashMap::new()
    } else {
        let blocks = plan.excluded.iter().map(|one| (one.block.id, &*one.block));
        blocks.collect()
    };
    let not_held = plan.not_held.iter();
    not_held
        .map(|NotHeld { block, why }| rescue(*block, why, blocks.get(block).copied()))
        .collect()
}

/// The command filters by nothing but the id: neither a cutoff nor a selector of this run must keep the block from being saved.
pub(super) fn rescue<'a>(
    id: BlockId,
    why: &'a str,
    block: Option<&SourceBlock>,
) -> MarkedNotHeld<'a> {
    let is_whole = block.is_none_or(|block| !block.has_lost_objects());
    let marked_at = block.and_then(|block| match &block.mark {
        Mark::Present(mark) => DateTime::from_timestamp(mark.deletion_time(), 0),
        Mark::Absent | Mark::Unreadable(_) | Mark::Corrupted(_) => None,
    });
    MarkedNotHeld {
        block: id,
        why,
        marked_at,
        command: is_whole.then(|| {
            format!("thanos-bucket migrate --id={id} --older-than=0s --exclude-delete-marked=false")
        }),
        what_to_do: if is_whole {
            "run the command with this run's bucket flags before the source's compactor deletes the block: it copies the block again and leaves the mark"
        } else {
            "its deletion has begun: stop the source's compactor, then bring over by hand what the target lacks, from the source or a backup"
        },
    }
}
