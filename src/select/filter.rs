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
    /// Not these.
    pub except: BTreeSet<BlockId>,
    /// Only these resolutions, in milliseconds; empty means all.
    pub resolutions_ms: BTreeSet<i64>,
    /// The lowest compaction level that passes.
    pub compaction_min: i64,
    /// The highest one; none means no limit.
    pub compaction_max: Option<i64>,
    /// Only these levels, whatever the lowest and the highest one are; empty means those.
    pub levels: BTreeSet<i64>,
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
            except: BTreeSet::new(),
            resolutions_ms: BTreeSet::new(),
            compaction_min: i64::MIN,
            compaction_max: None,
            levels: BTreeSet::new(),
        }
    }
}

/// The first part of a [`Filter`] that a block does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// Other blocks were asked for, or all but this one.
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
        let is_asked_for = self.ids.is_empty() || self.ids.contains(&block.id);
        if !is_asked_for || self.except.contains(&block.id) {
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
        (!self.takes_level(block.level)).then_some(Missed::Compaction)
    }

    fn takes_level(&self, level: i64) -> bool {
        if !self.levels.is_empty() {
            return self.levels.contains(&level);
        }
        level >= self.compaction_min && self.compaction_max.is_none_or(|max| level <= max)
    }

    /// Whether it narrows down nothing.
    #[must_use]
    pub fn takes_all(&self) -> bool {
        self.cutoff.is_none()
            && self.span == Span::default()
            && self.selector.is_empty()
            && self.ids.is_empty()
            && self.except.is_empty()
            && self.resolutions_ms.is_empty()
            && self.compaction_min <= LOWEST_LEVEL
            && self.compaction_max.is_none()
            && self.levels.is_empty()
    }

    /// Whether the block is meant.
    #[must_use]
    pub fn takes(&self, block: &BlockMeta) -> bool {
        self.misses(block).is_none()
    }
}
