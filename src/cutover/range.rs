//! The time over which both sides are to answer alike.

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

/// The range of the blocks that a migration has moved and the source still has: those with a mark that the target holds, or should. `None` where there
/// are none.
///
/// Where no block is marked, it is that of all which both buckets have.
#[must_use]
pub fn moved(verification: &Verification) -> Option<Range> {
    let over = |is_meant: fn(State) -> bool| {
        let blocks = verification.blocks.iter();
        let meant = blocks.filter(|block| is_meant(block.verified.state));
        let metas = meant.filter_map(|block| block.meta.as_ref());
        let ranges = metas.map(|meta| (meta.block.min_time_ms, meta.block.max_time_ms));
        ranges
            .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
            .map(|(min_ms, max_ms)| Range { min_ms, max_ms })
            .filter(|range| range.min_ms < range.max_ms)
    };
    let marked = over(|state| matches!(state, State::Held | State::Covered | State::MarkedNotHeld));
    marked.or_else(|| {
        over(|state| {
            matches!(
                state,
                State::HeldUnmarked | State::TornTarget | State::Different
            )
        })
    })
}
