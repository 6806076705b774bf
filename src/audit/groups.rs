//! Where each group lies that a plan knows, but for what it selects: what stays in the source, and what the target held before.

use std::collections::{BTreeMap, HashSet};

use super::line::{Held, Line};
use crate::block::{BlockId, BlockMeta, Group};
use crate::human;
use crate::outcome::Review;
use crate::plan::{Reason, TargetBlock, TargetIndex};

/// So many spans of one group are told apart in one bucket; more are told as one.
const SPANS: usize = 64;

/// Where a group lies, but for what the plan selects of it.
#[derive(Debug)]
pub struct GroupSeen {
    group: Group,
    hot: Spans,
    cold: Spans,
}

/// Blocks of a group in one bucket.
#[derive(Debug, Default)]
struct Spans {
    blocks: u64,
    size_bytes: u64,
    /// Each with its end; in order once they are [`joined`](Self::joined).
    ranges: Vec<(i64, i64)>,
}

impl GroupSeen {
    pub(super) fn line(&self) -> Line {
        Line {
            event: "group".to_owned(),
            labels: Some(self.group.labels.as_map().clone()),
            resolution: Some(human::resolution(self.group.resolution_ms).into_owned()),
            hot: Some(self.hot.held()),
            cold: Some(self.cold.held()),
            ..Line::default()
        }
    }
}

impl Spans {
    fn add(&mut self, meta: &BlockMeta, size_bytes: u64) {
        self.blocks += 1;
        self.size_bytes = self.size_bytes.saturating_add(size_bytes);
        self.ranges.push((meta.min_time_ms, meta.max_time_ms));
        // So that a group of very many blocks that lie beside each other takes little room.
        if self.ranges.len() > 2 * SPANS && self.ranges.len().is_power_of_two() {
            self.ranges = self.joined();
        }
    }

    /// The ranges in order, those that meet as one.
    fn joined(&self) -> Vec<(i64, i64)> {
        let mut ranges = self.ranges.clone();
        ranges.sort_unstable();
        let mut joined: Vec<(i64, i64)> = Vec::new();
        for (begin, end) in ranges {
            match joined.last_mut() {
                Some((_, before)) if begin <= *before => *before = end.max(*before),
                _ => joined.push((begin, end)),
            }
        }
        joined
    }

    fn held(&self) -> Held {
        let mut ranges = self.joined();
        if ranges.len() > SPANS
            && let (Some((begin, _)), Some((_, end))) = (ranges.first(), ranges.last())
        {
            ranges = vec![(*begin, *end)];
        }
        let time = |ms| human::sample_time(ms).map(human::rfc3339);
        let spans = ranges
            .into_iter()
            .filter_map(|(begin, end)| Some((time(begin)?, time(end)?)));
        Held {
            blocks: self.blocks,
            size_bytes: self.size_bytes,
            spans: spans.collect(),
        }
    }
}

/// All groups that the plan knows, also those of which nothing is left over, so that what an earlier run said of them is over. Counted is what stays in the
/// source without needing a person, and what lies in the target without being selected.
pub(super) fn groups(review: &Review<'_>, target: &TargetIndex) -> Vec<GroupSeen> {
    let mut seen: BTreeMap<Group, (Spans, Spans)> = BTreeMap::new();
    for excluded in &review.excluded {
        if let Some(meta) = excluded.block.meta()
            && excluded.reason != Reason::MarkedForDeletion
            && excluded.concern.is_none()
        {
            let (hot, _) = seen.entry(meta.block.group.clone()).or_default();
            hot.add(&meta.block, excluded.block.objects().block_bytes());
        }
    }
    for block in &review.blocks {
        let group = &block.selected.meta.block.group;
        seen.entry(group.clone()).or_default();
    }
    let selected = review.blocks.iter().map(|one| one.selected.block.id);
    let selected: HashSet<BlockId> = selected.collect();
    let there = target.iter().filter(|block| !selected.contains(&block.id));
    for block in there {
        if let Some(meta) = TargetBlock::meta(block) {
            let (_, cold) = seen.entry(meta.block.group.clone()).or_default();
            cold.add(&meta.block, block.objects().block_bytes());
        }
    }
    seen.into_iter()
        .map(|(group, (hot, cold))| GroupSeen { group, hot, cold })
        .collect()
}
