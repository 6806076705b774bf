//! Blocks of one group and one bucket that hold the same time, and of which none holds all that went into the other.

use crate::bucket::Role;

use super::coverage::Range;
use crate::block::{BlockId, BlockMeta};

/// A span of time in which blocks of one bucket overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// Where they lie.
    pub bucket: Role,
    /// From when to when; several that meet are one.
    pub range: Range,
    /// How many blocks take part in it.
    pub blocks: u64,
    /// Two of them.
    pub example: (BlockId, BlockId),
}

/// So many blocks that hold the same time are compared with one another.
const ABREAST: usize = 100;

/// The overlaps among live blocks of one group, by time.
pub(super) fn overlaps(bucket: Role, mut blocks: Vec<&BlockMeta>) -> Vec<Overlap> {
    blocks.retain(|block| block.min_time_ms < block.max_time_ms);
    blocks.sort_unstable_by_key(|block| (block.min_time_ms, block.id));
    let mut overlaps: Vec<Overlap> = Vec::new();
    // Those that have not ended, each with whether it was counted.
    let mut open: Vec<(&BlockMeta, bool)> = Vec::new();
    for block in blocks {
        open.retain(|(other, _)| block.min_time_ms < other.max_time_ms);
        let (mut met, mut uncounted, mut last_met) = (0, 0, None);
        let mut end_ms = block.min_time_ms;
        for (other, is_counted) in &mut open {
            if block.clashes_with(other) {
                met += 1;
                uncounted += u64::from(!*is_counted);
                *is_counted = true;
                end_ms = end_ms.max(block.max_time_ms.min(other.max_time_ms));
                last_met = Some(other.id);
            }
        }
        if let Some(other) = last_met {
            let range = Range {
                min_ms: block.min_time_ms,
                max_ms: end_ms,
            };
            match overlaps.last_mut() {
                Some(last) if range.min_ms <= last.range.max_ms => {
                    last.range.max_ms = last.range.max_ms.max(range.max_ms);
                    last.blocks += 1 + uncounted;
                }
                // Those that were counted before belong to this overlap too.
                _ => overlaps.push(Overlap {
                    bucket,
                    range,
                    blocks: 1 + met,
                    example: (other, block.id),
                }),
            }
        }
        if open.len() >= ABREAST {
            let ends = open.iter().enumerate();
            let first = ends.min_by_key(|(_, (other, _))| other.max_time_ms);
            if let Some((place, _)) = first {
                open.swap_remove(place);
            }
        }
        open.push((block, last_met.is_some()));
    }
    overlaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::testing::{block, id};

    /// The number of a block, the hours of its time, and what it is made of.
    type Made = (u32, i64, i64, &'static [u32]);

    /// The hours of each overlap, and how many blocks are in it.
    fn found(blocks: &[Made]) -> Vec<(i64, i64, u64)> {
        let made = |(number, min, max, sources): &Made| {
            let block = block(*number).hours(*min, *max);
            block.sources(sources.iter().copied()).meta_file()
        };
        let metas: Vec<_> = blocks.iter().map(made).collect();
        let found = overlaps(Role::Source, metas.iter().map(|meta| &meta.block).collect());
        let start = block(1).meta_file().block.min_time_ms;
        let hour = |ms: i64| (ms - start) / 3_600_000;
        let told = |one: Overlap| (hour(one.range.min_ms), hour(one.range.max_ms), one.blocks);
        found.into_iter().map(told).collect()
    }

    /// S-15.4
    #[test]
    fn blocks_overlap_that_hold_the_same_time_and_are_not_made_of_each_other() {
        let cases: [(Vec<Made>, Vec<_>); 7] = [
            (vec![(1, 0, 10, &[1]), (2, 10, 20, &[2])], vec![]),
            (vec![(1, 0, 10, &[1]), (2, 5, 20, &[2])], vec![(5, 10, 2)]),
            // Compacted, and its sources are not deleted yet.
            (
                vec![(1, 0, 10, &[1]), (2, 10, 20, &[2]), (3, 0, 20, &[1, 2])],
                vec![],
            ),
            (
                vec![(1, 0, 10, &[1]), (2, 10, 20, &[2]), (3, 0, 20, &[1, 24])],
                vec![(10, 20, 2)],
            ),
            // Two replicas under the same labels.
            (
                vec![
                    (1, 0, 10, &[1]),
                    (2, 0, 10, &[2]),
                    (3, 10, 20, &[3]),
                    (4, 10, 20, &[4]),
                    (5, 30, 40, &[5]),
                    (6, 35, 36, &[6]),
                ],
                vec![(0, 20, 4), (35, 36, 2)],
            ),
            (
                vec![(1, 0, 30, &[1]), (2, 5, 10, &[2]), (3, 7, 12, &[3])],
                vec![(5, 12, 3)],
            ),
            (vec![(1, 5, 5, &[1]), (2, 0, 10, &[2])], vec![]),
        ];
        for (blocks, expected) in cases {
            assert_eq!(found(&blocks), expected, "{blocks:?}");
        }
    }

    #[test]
    fn very_many_blocks_of_one_time_are_counted_at_once() {
        let meta = block(1).meta_file().block;
        let many: Vec<BlockMeta> = (0..50_000)
            .map(|number: u64| {
                let id = BlockId::first_of(number).unwrap_or(id(1));
                BlockMeta {
                    id,
                    sources: [id].into(),
                    ..meta.clone()
                }
            })
            .collect();
        let found = overlaps(Role::Source, many.iter().collect());
        assert_eq!(found.iter().map(|one| one.blocks).sum::<u64>(), 50_000);
    }
}
