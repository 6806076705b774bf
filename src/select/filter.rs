//! Which blocks are meant, by what their `meta.json` says: the flags that all subcommands share.

use std::collections::BTreeSet;

use super::cutoff::Cutoff;
use super::selector::Selector;
use super::span::Span;
use crate::block::{BlockId, BlockMeta};

/// The blocks that an operator means. A block has to pass all of it.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Only blocks whose first sample is older.
    pub cutoff: Option<Cutoff>,
    /// Only blocks whose time meets this.
    pub span: Span,
    /// Relabelling rules on external labels.
    pub selector: Selector,
    /// Only these blocks; empty means all.
    pub ids: BTreeSet<BlockId>,
    /// Only these resolutions, in milliseconds; empty means all.
    pub resolutions_ms: BTreeSet<i64>,
    /// The lowest compaction level that passes.
    pub compaction_min: i64,
    /// The highest one; none means no limit.
    pub compaction_max: Option<i64>,
}

/// Blocks have at least this compaction level.
const LOWEST_LEVEL: i64 = 1;

impl Default for Filter {
    /// Every block passes.
    fn default() -> Self {
        Self {
            cutoff: None,
            span: Span::default(),
            selector: Selector::default(),
            ids: BTreeSet::new(),
            resolutions_ms: BTreeSet::new(),
            compaction_min: i64::MIN,
            compaction_max: None,
        }
    }
}

/// The first part of a [`Filter`] that a block does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// Other blocks were asked for.
    Id,
    /// It is too young, or of another time.
    Time,
    /// A rule on external labels drops it.
    Label,
    /// It is of another resolution.
    Resolution,
    /// It is of another compaction level.
    Compaction,
}

impl Filter {
    /// What of it the block does not pass; none where the block is meant.
    #[must_use]
    pub fn misses(&self, block: &BlockMeta) -> Option<Missed> {
        if !self.ids.is_empty() && !self.ids.contains(&block.id) {
            return Some(Missed::Id);
        }
        let is_old = self
            .cutoff
            .is_none_or(|cutoff| block.min_time_ms < cutoff.ms());
        if !is_old || !self.span.meets(block.min_time_ms, block.max_time_ms) {
            return Some(Missed::Time);
        }
        if !self.selector.keeps(&block.group.labels, block.id) {
            return Some(Missed::Label);
        }
        let resolution = block.group.resolution_ms;
        if !self.resolutions_ms.is_empty() && !self.resolutions_ms.contains(&resolution) {
            return Some(Missed::Resolution);
        }
        let too_high = self.compaction_max.is_some_and(|max| block.level > max);
        (block.level < self.compaction_min || too_high).then_some(Missed::Compaction)
    }

    /// Whether it narrows down nothing.
    #[must_use]
    pub fn takes_all(&self) -> bool {
        self.cutoff.is_none()
            && self.span == Span::default()
            && self.selector.is_empty()
            && self.ids.is_empty()
            && self.resolutions_ms.is_empty()
            && self.compaction_min <= LOWEST_LEVEL
            && self.compaction_max.is_none()
    }

    /// Whether the block is meant.
    #[must_use]
    pub fn takes(&self, block: &BlockMeta) -> bool {
        self.misses(block).is_none()
    }
}
