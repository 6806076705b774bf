//! The order inside a unit: coarse blocks are published first and marked last.
//!
//! Published otherwise, the target's compactor downsamples again or halts; marked otherwise, the source's compactor makes the downsampled
//! block anew. The blocks that another one of the unit holds are marked before it, too: once it is gone, the source's compactor would compact them
//! with their neighbours.

use super::decide::Action;
use crate::block::{BlockId, MetaFile};

/// A place in an order; smaller comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank(i64, bool, i64, BlockId);

impl Rank {
    /// Whether the two may pass in any order, or beside each other, where times do not matter.
    #[must_use]
    pub fn is_beside(self, other: Self) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}

/// 1h, then 5m, then raw, each ascending by minTime.
#[must_use]
pub fn publish_rank(meta: &MetaFile) -> Rank {
    let block = &meta.block;
    publish_place(block.group.resolution_ms, block.min_time_ms, block.id)
}

/// The same of a block of that resolution and minTime.
pub(super) fn publish_place(resolution_ms: i64, min_time_ms: i64, id: BlockId) -> Rank {
    Rank(resolution_ms.saturating_neg(), false, min_time_ms, id)
}

/// Raw, then 5m, then 1h, each ascending by minTime, but duplicates before all others.
#[must_use]
pub fn mark_rank(meta: &MetaFile, action: &Action) -> Rank {
    let block = &meta.block;
    let is_kept = !matches!(action, Action::CoveredLater { .. });
    Rank(
        block.group.resolution_ms,
        is_kept,
        block.min_time_ms,
        block.id,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Put;
    use crate::plan::facts::testing::{block, id};

    #[test]
    fn coarse_blocks_are_published_first_and_marked_last() {
        let metas = [
            block('A').range(10, 20).meta_file(),
            block('B').range(0, 10).meta_file(),
            block('C').resolution(300_000).range(0, 20).meta_file(),
            block('D').resolution(3_600_000).range(0, 20).meta_file(),
            block('E').range(30, 40).meta_file(),
        ];
        let action = |meta: &MetaFile| match meta.block.id {
            late if late == id('E') => Action::CoveredLater { by: id('A') },
            _ => Action::Copy(Put::Differing),
        };
        let order = |rank: &dyn Fn(&MetaFile) -> Rank| {
            let mut sorted: Vec<&MetaFile> = metas.iter().collect();
            sorted.sort_by_key(|meta| rank(meta));
            sorted
                .iter()
                .filter_map(|meta| meta.block.id.to_string().pop())
                .collect::<String>()
        };
        assert_eq!(order(&publish_rank), "DCBAE");
        let mark_rank = |meta: &MetaFile| mark_rank(meta, &action(meta));
        assert_eq!(order(&mark_rank), "EBACD");
    }
}
