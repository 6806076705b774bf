//! The time over which both sides are to answer alike.

use crate::block::BlockId;
use crate::outcome::Verification;
use crate::plan::State;

/// From the first millisecond to the last but one, since the epoch: as blocks are, with an end that is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Its beginning.
    pub min_ms: i64,
    /// Its end.
    pub max_ms: i64,
}

/// What was moved, as far as both sides are to answer alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Over this time all that was verified is on both sides.
    pub range: Range,
    /// How many blocks that were not moved cut it, and the first of them.
    pub cut_by: Option<(u64, BlockId)>,
    /// One that was not moved, and lies over the whole of it.
    pub over_all: Option<BlockId>,
}

impl Range {
    /// Whether a block of these times has samples in it.
    #[must_use]
    pub fn meets(self, block_min_ms: i64, block_max_ms: i64) -> bool {
        block_min_ms < self.max_ms && block_max_ms > self.min_ms
    }
}

/// The range of the blocks that a migration has moved and the source still has: those with a mark that the target holds, or should. `None` where there
/// are none.
///
/// Where no block is marked, it is that of all which both buckets have. It ends at the cutoff at the latest, and where a block begins that was not
/// moved: of that the target rightly has nothing.
#[must_use]
pub fn moved(verification: &Verification, cutoff_ms: Option<i64>) -> Option<Moved> {
    let marked = over(verification, |state| {
        matches!(state, State::Held | State::Covered | State::MarkedNotHeld)
    });
    let mut range = marked.or_else(|| {
        over(verification, |state| {
            matches!(
                state,
                State::HeldUnmarked | State::TornTarget | State::Different
            )
        })
    })?;
    if let Some(cutoff_ms) = cutoff_ms.filter(|cutoff_ms| *cutoff_ms > range.min_ms) {
        range.max_ms = range.max_ms.min(cutoff_ms);
    }
    let mut unmoved: Vec<(i64, i64, BlockId)> = verification
        .blocks
        .iter()
        .filter(|block| block.verified.state == State::SourceOnly)
        .filter_map(|block| {
            let meta = &block.meta.as_ref()?.block;
            Some((meta.min_time_ms, meta.max_time_ms, block.id))
        })
        .collect();
    unmoved.sort_unstable();
    let (mut cut_by, mut over_all) = (None, None);
    for (min_ms, max_ms, id) in unmoved {
        if !range.meets(min_ms, max_ms) {
            continue;
        }
        if min_ms > range.min_ms {
            range.max_ms = min_ms;
        } else if max_ms < range.max_ms {
            range.min_ms = max_ms;
        } else {
            over_all = over_all.or(Some(id));
            continue;
        }
        let (many, first) = cut_by.unwrap_or((0, id));
        cut_by = Some((many + 1, first));
    }
    Some(Moved {
        range,
        cut_by,
        over_all,
    })
}

fn over(verification: &Verification, is_meant: fn(State) -> bool) -> Option<Range> {
    let blocks = verification.blocks.iter();
    let meant = blocks.filter(|block| is_meant(block.verified.state));
    let metas = meant.filter_map(|block| block.meta.as_ref());
    let ranges = metas.map(|meta| (meta.block.min_time_ms, meta.block.max_time_ms));
    ranges
        .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
        .map(|(min_ms, max_ms)| Range { min_ms, max_ms })
        .filter(|range| range.min_ms < range.max_ms)
}
