//! Units: blocks of the same external labels and the same fortnight, whatever their resolution. Order matters only inside one.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::facts::SourceBlock;
use super::rules::Rules;
use crate::block::{BlockMeta, Labels, MetaFile};

/// The longest range that Thanos' planner compacts into one block: windows of this length are aligned to the epoch.
const WINDOW_MS: i64 = 14 * 24 * 60 * 60 * 1000;

/// External labels and one window of minTime, or several that a straddling block joins.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unit {
    labels: Labels,
    first_window: i64,
    last_window: i64,
}

impl Unit {
    /// External labels.
    #[must_use]
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Start of the first window, in milliseconds since the epoch.
    #[must_use]
    pub fn start_ms(&self) -> i64 {
        self.first_window.saturating_mul(WINDOW_MS)
    }

    /// End of the last window, in milliseconds since the epoch.
    #[must_use]
    pub fn end_ms(&self) -> i64 {
        self.last_window.saturating_add(1).saturating_mul(WINDOW_MS)
    }

    /// A number that every machine computes alike: the first eight bytes, big endian, of the SHA-256 of the labels as sorted
    /// `name NUL value NUL` and the number of the first window in decimal.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut digest = Sha256::new();
        for (name, value) in self.labels.as_map() {
            digest.update(name);
            digest.update([0]);
            digest.update(value);
            digest.update([0]);
        }
        digest.update(self.first_window.to_string());
        digest
            .finalize()
            .iter()
            .take(8)
            .fold(0, |hash, byte| (hash << 8) | u64::from(*byte))
    }
}

impl Ord for Unit {
    fn cmp(&self, other: &Self) -> Ordering {
        self.labels
            .cmp(&other.labels)
            .then(self.first_window.cmp(&other.first_window))
            .then(self.last_window.cmp(&other.last_window))
    }
}

impl PartialOrd for Unit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The units of a whole source: windows are joined over every block with a readable meta, selected or not, so that machines that share a
/// migration agree.
pub(super) struct Units(HashMap<Labels, Vec<(i64, i64)>>);

impl Units {
    pub(super) fn of(source: &[Arc<SourceBlock>]) -> Self {
        let mut spans: BTreeMap<&Labels, Vec<(i64, i64)>> = BTreeMap::new();
        for meta in source.iter().filter_map(|block| block.meta()) {
            spans
                .entry(&meta.block.group.labels)
                .or_default()
                .push(windows(&meta.block));
        }
        let joined = spans
            .into_iter()
            .map(|(labels, spans)| (labels.clone(), join(spans)));
        Self(joined.collect())
    }

    /// The unit of a block that was among those the units were made of.
    pub(super) fn unit_of(&self, block: &BlockMeta) -> Unit {
        self.unit_in(&block.group.labels, windows(block))
    }

    /// The unit of a block of these labels that begins then, which need not be among them.
    pub(super) fn unit_at(&self, labels: &Labels, min_time_ms: i64) -> Unit {
        let window = min_time_ms.div_euclid(WINDOW_MS);
        self.unit_in(labels, (window, window))
    }

    fn unit_in(&self, labels: &Labels, own: (i64, i64)) -> Unit {
        let (first_window, last_window) = self
            .0
            .get(labels)
            .and_then(|spans| {
                let after = spans.partition_point(|(first, _)| *first <= own.0);
                let span = spans.get(after.checked_sub(1)?).copied();
                span.filter(|(_, last)| own.0 <= *last)
            })
            .unwrap_or(own);
        Unit {
            labels: labels.clone(),
            first_window,
            last_window,
        }
    }
}

/// The first and the last window that the block reaches into.
fn windows(block: &BlockMeta) -> (i64, i64) {
    let first = block.min_time_ms.div_euclid(WINDOW_MS);
    let last = block.max_time_ms.saturating_sub(1).div_euclid(WINDOW_MS);
    (first, last.max(first))
}

fn join(mut spans: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    spans.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (first, last) in spans {
        match joined.last_mut() {
            Some(open) if first <= open.1 => open.1 = open.1.max(last),
            _ => joined.push((first, last)),
        }
    }
    joined
}

/// Whether the cutoff falls into a window of this block, and the block does not fill that window: the source's compactor will come back to it.
pub(super) fn is_unfinished(meta: &MetaFile, rules: &Rules) -> bool {
    let block = &meta.block;
    let Some(cutoff) = rules.filter.cutoff else {
        return false;
    };
    let cutoff = cutoff.ms();
    let (_, last) = windows(block);
    let window = last.saturating_mul(WINDOW_MS)..last.saturating_add(1).saturating_mul(WINDOW_MS);
    window.start < cutoff
        && cutoff < window.end
        && block.max_time_ms.saturating_sub(block.min_time_ms) < WINDOW_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::facts::testing::{block, source};

    const DAY: i64 = 24 * 60 * 60 * 1000;

    /// S-1.2
    #[test]
    fn a_straddling_block_joins_its_windows_and_no_others() {
        let blocks = source([
            block('A').range(0, DAY),
            block('B').range(13 * DAY, 15 * DAY),
            block('C').range(20 * DAY, 21 * DAY),
            block('D').range(28 * DAY, 29 * DAY),
            block('E').range(0, DAY).labels(&[("cluster", "other")]),
            block('F').range(-DAY, 0),
        ]);
        let units = Units::of(&blocks);
        let unit = |position: usize| {
            let meta = blocks.get(position).and_then(|block| block.meta());
            meta.map(|meta| units.unit_of(&meta.block))
        };
        assert_eq!(unit(0), unit(1));
        assert_eq!(unit(1), unit(2));
        assert_ne!(unit(2), unit(3));
        assert_ne!(unit(0), unit(4));
        assert_ne!(unit(0), unit(5));
        assert_eq!(unit(3).map(|unit| unit.start_ms()), Some(28 * DAY));
    }

    /// S-4.7
    #[test]
    fn the_hash_of_a_unit_is_the_same_on_every_machine() {
        let unit = Unit {
            labels: [("cluster".to_owned(), "eu-1".to_owned())]
                .into_iter()
                .collect(),
            first_window: 1436,
            last_window: 1436,
        };
        assert_eq!(unit.hash(), 16_940_924_203_922_995_283);
    }
}
