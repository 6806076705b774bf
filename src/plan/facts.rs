//! What a survey found in both buckets: the facts that every decision starts from.

use std::collections::HashMap;
use std::sync::Arc;

use super::relatives::Relatives;
use super::supersede::supersedes;
use crate::block::{
    BlockId, BlockMeta, Completeness, Cover, DeletionMark, Inventory, MarkError, MetaFile, NoCover,
    Packed, ReadBack,
};

/// One block directory of the source.
#[derive(Debug, Clone)]
pub struct SourceBlock {
    /// The directory's name.
    pub id: BlockId,
    /// What lies in it.
    pub objects: Packed<Inventory>,
    /// Its `meta.json`.
    pub meta: SourceMeta,
    /// Its deletion mark.
    pub mark: Mark,
}

/// A source block's `meta.json`.
#[derive(Debug, Clone)]
pub enum SourceMeta {
    /// There is none: a partial block.
    Absent,
    /// It can never be read as it is, and why.
    Unreadable(Box<str>),
    /// It can be read but is no valid `meta.json` of the block, and why.
    Corrupted(Box<str>),
    /// It was read.
    Read(Arc<MetaFile>),
}

/// A block's deletion mark.
#[derive(Debug, Clone)]
pub enum Mark {
    /// There is none.
    Absent,
    /// It can never be read as it is, or was not read, and why.
    Unreadable(Box<str>),
    /// It can be read, and is no mark of this block.
    Corrupted(MarkError),
    /// The block is marked.
    Present(Box<DeletionMark>),
}

impl SourceBlock {
    /// What lies in it.
    #[must_use]
    pub fn objects(&self) -> Inventory {
        self.objects.get()
    }

    /// Whether it bears a mark of this tool that names the target `target_name`.
    pub(super) fn is_marked_for(&self, target_name: &str) -> bool {
        let Mark::Present(mark) = &self.mark else {
            return false;
        };
        mark.provenance()
            .is_some_and(|ours| ours.leads_to(target_name))
    }

    /// Its `meta.json`, if it can be read.
    #[must_use]
    pub fn meta(&self) -> Option<&Arc<MetaFile>> {
        match &self.meta {
            SourceMeta::Read(meta) => Some(meta),
            SourceMeta::Absent | SourceMeta::Unreadable(_) | SourceMeta::Corrupted(_) => None,
        }
    }

    /// Whether its `meta.json` is gone, or something that its `meta.json` tells of.
    #[must_use]
    pub fn has_lost_objects(&self) -> bool {
        match self.meta() {
            Some(meta) => self.objects().lacks(&meta.block).is_some(),
            None => self.objects().meta().is_none(),
        }
    }

    /// Whether Thanos' compactor works with it: published, and not marked.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.meta().is_some() && matches!(self.mark, Mark::Absent | Mark::Corrupted(_))
    }
}

/// One block directory of the target.
#[derive(Debug, Clone)]
pub struct TargetBlock {
    /// The directory's name.
    pub id: BlockId,
    /// What lies in it.
    pub objects: Packed<Inventory>,
    /// Its `meta.json`.
    pub meta: TargetMeta,
    /// Its deletion mark.
    pub mark: Mark,
    /// What was read of its objects, in both buckets.
    pub read: ReadBack,
}

/// A target block's `meta.json`.
#[derive(Debug, Clone)]
pub enum TargetMeta {
    /// There is none: a partial block.
    Absent,
    /// It is there, and was not read, for it decides nothing.
    Unread,
    /// It is there and can be read, but is no valid `meta.json` of the block, and why.
    Corrupted(String),
    /// It is there and can never be read as it is, and why.
    Unreadable(String),
    /// It was read, or is known from the source's.
    Read(Arc<MetaFile>),
}

impl TargetBlock {
    /// What lies in it.
    #[must_use]
    pub fn objects(&self) -> Inventory {
        self.objects.get()
    }

    /// What stands for a directory that does not exist.
    pub(super) fn nothing(id: BlockId) -> Self {
        Self {
            id,
            objects: Packed::new(&Inventory::default()),
            meta: TargetMeta::Absent,
            mark: Mark::Absent,
            read: ReadBack::default(),
        }
    }

    /// Its `meta.json`, if that was read.
    #[must_use]
    pub fn meta(&self) -> Option<&Arc<MetaFile>> {
        match &self.meta {
            TargetMeta::Read(meta) => Some(meta),
            TargetMeta::Absent
            | TargetMeta::Unread
            | TargetMeta::Corrupted(_)
            | TargetMeta::Unreadable(_) => None,
        }
    }
}

/// The blocks of the target, by id, by what they are made of, and by time.
#[derive(Debug, Default)]
pub struct TargetIndex {
    /// Sorted by id.
    blocks: Vec<TargetBlock>,
    published: Relatives,
    named: Named,
    largest_object: Option<u64>,
}

impl FromIterator<TargetBlock> for TargetIndex {
    fn from_iter<I: IntoIterator<Item = TargetBlock>>(blocks: I) -> Self {
        let mut blocks: Vec<TargetBlock> = blocks.into_iter().collect();
        blocks.sort_unstable_by_key(|block| block.id);
        let published = blocks
            .iter()
            .filter(|block| !block.objects().is_being_overwritten())
            .filter_map(TargetBlock::meta)
            .collect();
        let marks = blocks.iter().filter(|block| block.meta().is_some());
        let named = Named::by(marks.map(|block| (block.id, &block.mark)));
        Self {
            blocks,
            published,
            named,
            largest_object: None,
        }
    }
}

impl TargetIndex {
    /// The same index, of a target that takes no objects of more `bytes`; `None` where no limit is known.
    #[must_use]
    pub fn with_largest_object(mut self, bytes: Option<u64>) -> Self {
        self.largest_object = bytes;
        self
    }

    /// The largest object that the target takes, in bytes, where it says so.
    #[must_use]
    pub fn largest_object(&self) -> Option<u64> {
        self.largest_object
    }

    /// The block of that id, published or not.
    #[must_use]
    pub fn get(&self, id: BlockId) -> Option<&TargetBlock> {
        let place = self.blocks.binary_search_by_key(&id, |block| block.id);
        self.blocks.get(place.ok()?)
    }

    /// Every block, by id.
    pub fn iter(&self) -> impl Iterator<Item = &TargetBlock> {
        self.blocks.iter()
    }

    /// Another block of the target whose deletion mark names this one, so that the target's compactor deletes it.
    #[must_use]
    pub fn named_by(&self, id: BlockId) -> Option<BlockId> {
        self.named.get(id)
    }

    /// Live blocks of the same group whose time range meets this one's.
    pub(super) fn overlapping<'a>(
        &'a self,
        block: &'a BlockMeta,
    ) -> impl Iterator<Item = &'a Arc<MetaFile>> {
        self.published.overlapping(block).filter(|other| {
            let there = self.get(other.block.id);
            !there.is_some_and(|there| matches!(there.mark, Mark::Present(_)))
        })
    }

    /// Blocks whose sources include all sources of this one, each with the proof that it stands for this one or why it does not. Left out are blocks
    /// that the target's compactor deletes in favour of what lies under the block's own id.
    pub(super) fn covers<'a>(
        &'a self,
        block: &'a BlockMeta,
    ) -> impl Iterator<Item = (BlockId, Result<Cover, NoCover>)> {
        let own = self.get(block.id).and_then(TargetBlock::meta);
        let stays = move |candidate: &&'a Arc<MetaFile>| {
            !own.is_some_and(|own| supersedes(&own.block, &candidate.block))
        };
        let candidates = self.published.with_all_sources_of(block).filter(stays);
        candidates.filter_map(|candidate| {
            let id = candidate.block.id;
            let there = self.get(id)?;
            let judged = match self.named_by(id) {
                Some(by) => Err(NoCover::NamedBy(by)),
                None => Cover::of(block, &candidate.block, &there.objects()),
            };
            Some((id, judged))
        })
    }
}

/// Blocks that are named by a mark in another block's directory, with that directory. Thanos' compactor deletes the block that a mark names, wherever
/// the mark lies.
#[derive(Debug, Default)]
struct Named(HashMap<BlockId, BlockId>);

impl Named {
    /// `marks` are those of published blocks, with their directories: Thanos reads no others.
    fn by<'a>(marks: impl Iterator<Item = (BlockId, &'a Mark)>) -> Self {
        let named = marks.filter_map(|(directory, mark)| match mark {
            Mark::Corrupted(MarkError::OfAnother(mark)) => Some((mark.block(), directory)),
            _ => None,
        });
        Self(named.collect())
    }

    fn get(&self, id: BlockId) -> Option<BlockId> {
        self.0.get(&id).copied()
    }
}

/// The blocks of the source, by id, and the live ones by what they are made of and by time.
pub(super) struct SourceIndex<'a> {
    /// Sorted.
    blocks: Vec<&'a Arc<SourceBlock>>,
    live: Relatives,
    named: Named,
}

impl<'a> SourceIndex<'a> {
    pub(super) fn new(source: &'a [Arc<SourceBlock>]) -> Self {
        let mut blocks: Vec<_> = source.iter().collect();
        blocks.sort_unstable_by_key(|block| block.id);
        Self {
            blocks,
            live: source
                .iter()
                .filter(|block| block.is_live())
                .filter_map(|block| block.meta())
                .collect(),
            named: Named::by(
                source
                    .iter()
                    .filter(|block| block.meta().is_some())
                    .map(|block| (block.id, &block.mark)),
            ),
        }
    }

    pub(super) fn get(&self, id: BlockId) -> Option<&SourceBlock> {
        let place = self.blocks.binary_search_by_key(&id, |block| block.id);
        place
            .ok()
            .and_then(|place| self.blocks.get(place))
            .map(|block| &***block)
    }

    pub(super) fn live(&self) -> &Relatives {
        &self.live
    }

    /// Live and whole blocks that make this one a duplicate, and which no mark names.
    pub(super) fn superseding<'b>(
        &'b self,
        block: &'b BlockMeta,
    ) -> impl Iterator<Item = &'b Arc<MetaFile>> {
        self.live
            .with_all_sources_of(block)
            .filter(|other| supersedes(&other.block, block))
            .filter(|other| self.is_whole(&other.block) && !self.is_named(other.block.id))
    }

    /// Whether the deletion mark of another block names this one, so that the source's compactor deletes it.
    pub(super) fn is_named(&self, id: BlockId) -> bool {
        self.named.get(id).is_some()
    }

    /// Whether the block of that id has every object that its own `meta.json` speaks of.
    pub(super) fn is_whole(&self, meta: &BlockMeta) -> bool {
        self.get(meta.id).is_some_and(|block| {
            !matches!(block.objects().completeness(meta), Completeness::Lacks(_))
        })
    }
}

#[cfg(test)]
pub(super) mod testing;
