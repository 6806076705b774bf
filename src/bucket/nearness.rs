//! Which blocks of a bucket lie near each other in its listing: near enough that one page is cheaper than a listing of each.

use crate::block::BlockId;

/// How many names a page may show that nobody asked for, on the way from one block to the next. Servers that look at each object that they list take
/// about as long for so many names as for another request.
const GAP: usize = 48;

/// How many names lie between blocks that are waited for together, at most.
const GATHERED: usize = 300;

/// How many names a block is taken to have of which nobody told anything.
const UNTOLD_NAMES: usize = 8;

/// How many more names a page has room for than blocks are taken to have: it shows that they are through by what comes after them.
const ROOM: usize = 4;

/// The largest pages that every server gives.
pub(super) const LARGEST_PAGE: usize = 1000;

/// How many names a block has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Names {
    /// Names that were there when the bucket was listed.
    pub listed: usize,
    /// Names that this run may put there.
    pub to_come: usize,
}

/// How many names blocks have.
#[derive(Debug, Default)]
pub(super) struct Nearness {
    /// Sorted, each with whether it had names when the bucket was listed.
    blocks: Vec<(BlockId, bool)>,
    /// How many names come before each of them, and one more: how many there are.
    before: Vec<usize>,
}

impl Nearness {
    /// Of blocks in their order.
    pub(super) fn new(blocks: impl Iterator<Item = (BlockId, Names)>) -> Self {
        let mut nearness = Self {
            blocks: Vec::new(),
            before: vec![0],
        };
        let mut total = 0_usize;
        for (block, names) in blocks {
            total = total
                .saturating_add(names.listed)
                .saturating_add(names.to_come);
            nearness.blocks.push((block, names.listed > 0));
            nearness.before.push(total);
        }
        nearness
    }

    /// Whether both may be on one page, whatever lies between them. A block is near to itself.
    pub(super) fn are_near(&self, one: BlockId, other: BlockId) -> bool {
        self.between(one, other) <= GAP
    }

    /// Whether both may be on one page, if those between them are asked for too.
    pub(super) fn may_be_gathered(&self, one: BlockId, other: BlockId) -> bool {
        self.between(one, other) <= GATHERED
    }

    /// How many names lie between two blocks.
    fn between(&self, one: BlockId, other: BlockId) -> usize {
        let (first, last) = (one.min(other), one.max(other));
        let from = self.blocks.partition_point(|(block, _)| *block <= first);
        let to = self.blocks.partition_point(|(block, _)| *block < last);
        self.names(from, to)
    }

    /// Whether the block had names when the bucket was listed.
    pub(super) fn knows(&self, block: BlockId) -> bool {
        let place = self
            .blocks
            .binary_search_by_key(&block, |(block, _)| *block);
        let told = place.ok().and_then(|place| self.blocks.get(place));
        told.is_some_and(|(_, had_names)| *had_names)
    }

    /// How many names a page needs that is to show all of these, which are sorted.
    pub(super) fn page(&self, blocks: &[BlockId]) -> usize {
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
            return 0;
        };
        let from = self.blocks.partition_point(|(block, _)| block < first);
        let to = self.blocks.partition_point(|(block, _)| block <= last);
        let is_untold = |block: &&BlockId| {
            let place = self
                .blocks
                .binary_search_by_key(*block, |(block, _)| *block);
            place.is_err()
        };
        let untold = blocks.iter().filter(is_untold).count();
        let names = self
            .names(from, to)
            .saturating_add(untold.saturating_mul(UNTOLD_NAMES));
        names.saturating_add(ROOM).min(LARGEST_PAGE)
    }

    /// How many names the blocks at these places have together.
    fn names(&self, from: usize, to: usize) -> usize {
        let before = |place: usize| self.before.get(place).copied().unwrap_or_default();
        before(to).saturating_sub(before(from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> BlockId {
        let text = format!("{number:026}");
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    fn nearness(names: &[usize]) -> Nearness {
        let numbered = names.iter().zip(1..);
        let names = numbered.map(|(names, number)| {
            let names = Names {
                listed: names / 2,
                to_come: names - names / 2,
            };
            (id(number), names)
        });
        Nearness::new(names)
    }

    #[test]
    fn only_what_lies_between_two_blocks_keeps_them_apart() {
        let of = nearness(&[500, 8, 4, 500, 1]);
        for (one, other, near) in [
            (1, 1, true),
            (1, 2, true),
            (1, 3, true),
            (1, 4, true),
            (4, 1, true),
            (1, 5, false),
            (3, 5, false),
            (5, 9, true),
            (0, 2, false),
        ] {
            assert_eq!(of.are_near(id(one), id(other)), near, "{one} {other}");
        }
    }

    #[test]
    fn a_page_has_room_for_what_was_listed_and_for_what_is_new() {
        let of = nearness(&[3, 4, 5]);
        let page = |numbers: &[u64]| {
            let blocks: Vec<BlockId> = numbers.iter().copied().map(id).collect();
            of.page(&blocks)
        };
        assert_eq!(page(&[1, 3]), 12 + ROOM);
        assert_eq!(page(&[2]), 4 + ROOM);
        assert_eq!(page(&[7, 8]), 2 * UNTOLD_NAMES + ROOM);
        assert_eq!(page(&[]), 0);
        let many: Vec<u64> = (1..1000).collect();
        assert_eq!(page(&many), LARGEST_PAGE);
    }
}
