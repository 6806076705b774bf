//! Which blocks of a bucket lie near each other in its listing: near enough that one page is cheaper than a listing of each.

use crate::block::BlockId;

/// How many names a page may show that nobody asked for, on the way from one block to the next.
const GAP: usize = 200;

/// How many names a block is taken to have that was not there when the bucket was listed, and how many may have come to one that was.
const NEW_NAMES: usize = 8;

/// The largest pages that every server gives.
pub(super) const LARGEST_PAGE: usize = 1000;

/// How many names each block had when the bucket was listed.
#[derive(Debug, Default)]
pub(super) struct Nearness {
    /// Sorted.
    blocks: Vec<BlockId>,
    /// How many names come before each of them, and one more: how many there are.
    before: Vec<usize>,
}

impl Nearness {
    /// Of blocks in their order, each with how many names it has.
    pub(super) fn new(blocks: impl Iterator<Item = (BlockId, usize)>) -> Self {
        let mut nearness = Self {
            blocks: Vec::new(),
            before: vec![0],
        };
        let mut total = 0_usize;
        for (block, names) in blocks {
            total = total.saturating_add(names);
            nearness.blocks.push(block);
            nearness.before.push(total);
        }
        nearness
    }

    /// Whether both may be on one page. A block is near to itself.
    pub(super) fn are_near(&self, one: BlockId, other: BlockId) -> bool {
        let (first, last) = (one.min(other), one.max(other));
        let from = self.blocks.partition_point(|block| *block <= first);
        let to = self.blocks.partition_point(|block| *block < last);
        self.names(from, to) <= GAP
    }

    /// Whether the block had names.
    pub(super) fn knows(&self, block: BlockId) -> bool {
        self.blocks.binary_search(&block).is_ok()
    }

    /// How many names a page needs that is to show all of these, which are sorted.
    pub(super) fn page(&self, blocks: &[BlockId]) -> usize {
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
            return 0;
        };
        let from = self.blocks.partition_point(|block| block < first);
        let to = self.blocks.partition_point(|block| block <= last);
        let new = blocks.len().saturating_mul(NEW_NAMES);
        self.names(from, to).saturating_add(new).min(LARGEST_PAGE)
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
        Nearness::new(numbered.map(|(names, number)| (id(number), *names)))
    }

    #[test]
    fn only_what_lies_between_two_blocks_keeps_them_apart() {
        let of = nearness(&[500, 60, 40, 500, 1]);
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
        assert_eq!(page(&[1, 3]), 12 + 2 * NEW_NAMES);
        assert_eq!(page(&[2]), 4 + NEW_NAMES);
        assert_eq!(page(&[7, 8]), 2 * NEW_NAMES);
        assert_eq!(page(&[]), 0);
        let many: Vec<u64> = (1..1000).collect();
        assert_eq!(page(&many), LARGEST_PAGE);
    }
}
