//! Finding blocks by what they are made of and by when they were, without looking at every other block.

use std::collections::HashMap;
use std::sync::Arc;

use crate::block::{BlockId, BlockMeta, Group, MetaFile};

/// Live blocks of one bucket.
#[derive(Debug, Default)]
pub struct Relatives {
    /// Sorted by source: each block once for each level-1 block that went into it.
    by_source: Vec<(BlockId, Arc<MetaFile>)>,
    by_group: HashMap<Group, Vec<Span>>,
}

/// A block on the time line of its group, and the latest end among it and all that begin before it.
#[derive(Debug)]
struct Span {
    latest_end_ms: i64,
    meta: Arc<MetaFile>,
}

impl<'a> FromIterator<&'a Arc<MetaFile>> for Relatives {
    fn from_iter<I: IntoIterator<Item = &'a Arc<MetaFile>>>(metas: I) -> Self {
        let metas: Vec<&Arc<MetaFile>> = metas.into_iter().collect();
        let sources = metas.iter().map(|meta| meta.block.sources.len());
        let mut relatives = Self {
            by_source: Vec::with_capacity(sources.sum()),
            by_group: HashMap::new(),
        };
        for meta in metas {
            let sources = meta.block.sources.iter();
            let made_of = sources.map(|source| (*source, Arc::clone(meta)));
            relatives.by_source.extend(made_of);
            let group = relatives
                .by_group
                .entry(meta.block.group.clone())
                .or_default();
            group.push(Span {
                latest_end_ms: meta.block.max_time_ms,
                meta: Arc::clone(meta),
            });
        }
        let key = |(source, made): &(BlockId, Arc<MetaFile>)| (*source, made.block.id);
        relatives.by_source.sort_unstable_by_key(key);
        for spans in relatives.by_group.values_mut() {
            spans.sort_unstable_by_key(|span| (span.meta.block.min_time_ms, span.meta.block.id));
            let mut latest_end_ms = i64::MIN;
            for span in spans {
                latest_end_ms = latest_end_ms.max(span.latest_end_ms);
                span.latest_end_ms = latest_end_ms;
            }
        }
        relatives
    }
}

impl Relatives {
    /// Blocks of the same group, other than this one, into which everything went that went into it.
    pub(super) fn with_all_sources_of<'a>(
        &'a self,
        block: &'a BlockMeta,
    ) -> impl Iterator<Item = &'a Arc<MetaFile>> {
        self.made_of(block.sources.first())
            .filter(|other| other.block.id != block.id)
            .filter(|other| other.block.group == block.group)
            .filter(|other| other.block.has_all_sources_of(block))
    }

    /// Blocks of the same labels and finer resolution that share a source with this one, each at least once.
    pub(super) fn finer_kin_of<'a>(
        &'a self,
        block: &'a BlockMeta,
    ) -> impl Iterator<Item = &'a Arc<MetaFile>> {
        block
            .sources
            .iter()
            .flat_map(|source| self.made_of(Some(source)))
            .filter(|other| other.block.group.labels == block.group.labels)
            .filter(|other| other.block.group.resolution_ms < block.group.resolution_ms)
    }

    /// Blocks of the same group, other than this one, whose time range meets its own.
    pub(super) fn overlapping<'a>(
        &'a self,
        block: &'a BlockMeta,
    ) -> impl Iterator<Item = &'a Arc<MetaFile>> {
        let spans = self
            .by_group
            .get(&block.group)
            .map_or(&[][..], Vec::as_slice);
        let begun = spans.partition_point(|span| span.meta.block.min_time_ms < block.max_time_ms);
        spans
            .iter()
            .take(begun)
            .rev()
            .take_while(|span| span.latest_end_ms > block.min_time_ms)
            .map(|span| &span.meta)
            .filter(|other| other.block.id != block.id && other.block.overlaps(block))
    }

    fn made_of(&self, source: Option<&BlockId>) -> impl Iterator<Item = &Arc<MetaFile>> {
        let begins = |source: &BlockId| {
            let by_source = &self.by_source;
            by_source.partition_point(|(other, _)| other < source)
        };
        let from = source.map_or(self.by_source.len(), begins);
        let after = self.by_source.iter().skip(from);
        after
            .take_while(move |(other, _)| Some(other) == source)
            .map(|(_, meta)| meta)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::facts::testing::block;

    #[test]
    fn overlaps_are_found_behind_shorter_blocks() {
        let metas = [
            block('A').range(0, 100),
            block('B').range(10, 20),
            block('C').range(20, 30),
            block('D').range(100, 110),
            block('E').range(0, 100).resolution(300_000),
        ]
        .map(|block| Arc::new(block.meta_file()));
        let relatives: Relatives = metas.iter().collect();
        let overlapping = |min, max| {
            let ours = block('Z').range(min, max).meta_file();
            let mut found: Vec<char> = relatives
                .overlapping(&ours.block)
                .filter_map(|meta| meta.block.id.to_string().pop())
                .collect();
            found.sort_unstable();
            found.into_iter().collect::<String>()
        };
        assert_eq!(overlapping(50, 60), "A");
        assert_eq!(overlapping(15, 25), "ABC");
        assert_eq!(overlapping(99, 101), "AD");
        assert_eq!(overlapping(110, 120), "");
        assert_eq!(overlapping(-10, 0), "");
    }
}
