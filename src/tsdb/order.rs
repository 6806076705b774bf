//! What must hold between series, and between the chunks of one.

use super::finding::{Finding, Findings, Kind};
use super::series::{Entry, Meta};
use super::source::Block;
use super::toc::INDEX;

/// What came before, and the time that the block is of.
pub(crate) struct Order {
    min_time: i64,
    max_time: i64,
    /// Whether references to symbols are ordered as the symbols are.
    comparable: bool,
    before: Vec<(u32, u32)>,
}

impl Order {
    pub(crate) const fn new(block: &Block, comparable: bool) -> Self {
        Self {
            min_time: block.min_time,
            max_time: block.max_time,
            comparable,
            before: Vec::new(),
        }
    }

    pub(crate) fn check(&mut self, entry: &Entry, findings: &mut Findings) {
        let mut found = |kind, what: &dyn Fn() -> String| {
            findings.add(kind, || {
                Finding::new(kind, INDEX, entry.at, format!("series: {}", what()))
                    .of_series(entry.at)
            });
        };
        if entry.labels.is_empty() {
            found(Kind::SeriesEmpty, &|| "it has no labels".to_owned());
        }
        if entry.chunks.is_empty() {
            found(Kind::SeriesEmpty, &|| "it has no chunks".to_owned());
        }
        if self.comparable {
            let ascending = entry
                .labels
                .array_windows()
                .all(|[one, other]| one.0 < other.0);
            if !ascending {
                found(Kind::LabelsUnsorted, &|| {
                    "the names of its labels are not in ascending order".to_owned()
                });
            }
            if !self.before.is_empty() && entry.labels <= self.before {
                found(Kind::SeriesUnsorted, &|| {
                    "its labels do not come behind those of the series before".to_owned()
                });
            }
            self.before.clone_from(&entry.labels);
        }
        let mut before: Option<&Meta> = None;
        for chunk in &entry.chunks {
            let Meta {
                min_time, max_time, ..
            } = chunk;
            if min_time > max_time {
                found(Kind::IndexMalformed, &|| {
                    format!("a chunk from {min_time} to {max_time}")
                });
            } else if *min_time < self.min_time
                || *min_time >= self.max_time
                || *max_time > self.max_time
            {
                // A chunk that ends just when the block does is what some old versions wrote; Prometheus and Thanos let it pass, too.
                found(Kind::ChunkOutOfBlock, &|| {
                    let (from, to) = (self.min_time, self.max_time);
                    format!("a chunk from {min_time} to {max_time} in a block from {from} to {to}")
                });
            }
            if let Some(before) = before.filter(|before| before.max_time >= *min_time) {
                found(Kind::ChunksOverlap, &|| {
                    let (from, to) = (before.min_time, before.max_time);
                    format!("a chunk from {min_time} to {max_time} behind one from {from} to {to}")
                });
            }
            before = Some(chunk);
        }
    }
}

/// Says that a series refers to a symbol that does not exist.
pub(crate) fn dangling(entry: &Entry, reference: u32, findings: &mut Findings) {
    findings.add(Kind::DanglingSymbol, || {
        let what = format!("series: it refers to symbol {reference}, which does not exist");
        Finding::new(Kind::DanglingSymbol, INDEX, entry.at, what).of_series(entry.at)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(entries: &[Entry]) -> Vec<Kind> {
        let block = Block {
            min_time: 0,
            max_time: 100,
            ..Block::default()
        };
        let mut order = Order::new(&block, true);
        let mut findings = Findings::new(1);
        for entry in entries {
            order.check(entry, &mut findings);
        }
        findings.counts().keys().copied().collect()
    }

    fn entry(labels: &[(u32, u32)], times: &[(i64, i64)]) -> Entry {
        let chunk = |(min_time, max_time): &(i64, i64)| Meta {
            min_time: *min_time,
            max_time: *max_time,
            reference: 8,
        };
        Entry {
            at: 16,
            labels: labels.to_vec(),
            chunks: times.iter().map(chunk).collect(),
        }
    }

    #[test]
    fn series_are_held_to_their_order_and_to_their_blocks_time() {
        let chunk: &[(i64, i64)] = &[(0, 99)];
        for (entries, kinds) in [
            (
                vec![entry(&[(1, 2)], chunk), entry(&[(1, 3)], chunk)],
                vec![],
            ),
            (
                vec![entry(&[(1, 2)], chunk), entry(&[(1, 2), (4, 0)], chunk)],
                vec![],
            ),
            (
                vec![entry(&[(1, 3)], chunk), entry(&[(1, 2)], chunk)],
                vec![Kind::SeriesUnsorted],
            ),
            (
                vec![entry(&[(1, 3)], chunk), entry(&[(1, 3)], chunk)],
                vec![Kind::SeriesUnsorted],
            ),
            (
                vec![entry(&[(2, 3), (1, 4)], chunk)],
                vec![Kind::LabelsUnsorted],
            ),
            (
                vec![entry(&[(2, 3), (2, 4)], chunk)],
                vec![Kind::LabelsUnsorted],
            ),
            (vec![entry(&[], chunk)], vec![Kind::SeriesEmpty]),
            (vec![entry(&[(1, 2)], &[])], vec![Kind::SeriesEmpty]),
            (vec![entry(&[(1, 2)], &[(0, 9), (10, 19)])], vec![]),
            (
                vec![entry(&[(1, 2)], &[(0, 9), (9, 19)])],
                vec![Kind::ChunksOverlap],
            ),
            (
                vec![entry(&[(1, 2)], &[(20, 29), (0, 9)])],
                vec![Kind::ChunksOverlap],
            ),
            (
                vec![entry(&[(1, 2)], &[(9, 8)])],
                vec![Kind::IndexMalformed],
            ),
            (
                vec![entry(&[(1, 2)], &[(-1, 8)])],
                vec![Kind::ChunkOutOfBlock],
            ),
            (vec![entry(&[(1, 2)], &[(0, 100)])], vec![]),
            (
                vec![entry(&[(1, 2)], &[(0, 101)])],
                vec![Kind::ChunkOutOfBlock],
            ),
            (
                vec![entry(&[(1, 2)], &[(100, 100)])],
                vec![Kind::ChunkOutOfBlock],
            ),
        ] {
            assert_eq!(found(&entries), kinds, "{entries:?}");
        }
    }
}
