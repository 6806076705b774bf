//! A block's directories in both buckets, as one sees them: whole or not, marked or not.

use std::cmp::Ordering;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::class::Side;
use super::flaw::{Flaw, Flawed};
use crate::block::{BlockId, BlockMeta, DeletionMark, Group, Inventory, MetaFile};
use crate::bucket::Role;
use crate::plan::{Mark, SourceBlock, SourceMeta, TargetBlock, TargetIndex, TargetMeta};

/// What a directory's deletion mark says.
#[derive(Clone, Copy)]
pub(super) enum Marking<'a> {
    /// There is none, or one that Thanos takes for none.
    Unmarked,
    /// This one.
    Marked(&'a DeletionMark),
    /// It cannot be read.
    Unreadable,
}

/// A directory in one bucket.
pub(super) struct Seen<'a> {
    id: BlockId,
    /// What its `meta.json` says, where it can be read and is the block's.
    pub(super) meta: Option<&'a BlockMeta>,
    digest: Option<&'a [u8; 32]>,
    pub(super) marking: Marking<'a>,
    /// Size of what lies there, but for marks.
    pub(super) bytes: u64,
    written: Option<DateTime<Utc>>,
    torn: Option<(Flaw, Option<Box<str>>)>,
    odd_mark: Option<(Flaw, Box<str>)>,
}

impl<'a> Seen<'a> {
    fn of_source(block: &'a SourceBlock) -> Self {
        let (meta, torn) = match &block.meta {
            SourceMeta::Read(meta) => (Some(meta), None),
            SourceMeta::Absent => (None, Some((Flaw::NoMetaJson, None))),
            SourceMeta::Unreadable(why) | SourceMeta::Corrupted(why) => {
                (None, Some((Flaw::UnreadableMetaJson, Some(why.clone()))))
            }
        };
        Self::new(block.id, &block.objects(), meta, torn, &block.mark)
    }

    fn of_target(block: &'a TargetBlock) -> Self {
        let (meta, torn) = match &block.meta {
            TargetMeta::Read(meta) => (Some(meta), None),
            TargetMeta::Absent => (None, Some((Flaw::NoMetaJson, None))),
            TargetMeta::Unread => (
                None,
                Some((Flaw::UnreadableMetaJson, Some("it was not read".into()))),
            ),
            TargetMeta::Corrupted(why) | TargetMeta::Unreadable(why) => {
                let why = why.as_str().into();
                (None, Some((Flaw::UnreadableMetaJson, Some(why))))
            }
        };
        Self::new(block.id, &block.objects(), meta, torn, &block.mark)
    }

    fn new(
        id: BlockId,
        objects: &Inventory,
        meta: Option<&'a Arc<MetaFile>>,
        torn: Option<(Flaw, Option<Box<str>>)>,
        mark: &'a Mark,
    ) -> Self {
        let lacks = meta.and_then(|meta| objects.lacks(&meta.block));
        let (marking, odd_mark) = match mark {
            Mark::Absent => (Marking::Unmarked, None),
            Mark::Present(mark) => (Marking::Marked(mark), None),
            Mark::Unreadable(why) => (
                Marking::Unreadable,
                Some((Flaw::UnreadableDeletionMark, why.clone())),
            ),
            Mark::Corrupted(err) => (
                Marking::Unmarked,
                Some((Flaw::CorruptedDeletionMark, err.to_string().into())),
            ),
        };
        let written = objects.iter().filter_map(|(_, object)| object.modified);
        let made = || DateTime::from_timestamp_millis(i64::try_from(id.time_ms()).ok()?);
        Self {
            id,
            meta: meta.map(|meta| &meta.block),
            digest: meta.map(|meta| &meta.digest),
            marking,
            bytes: objects.block_bytes(),
            written: written.max().or_else(made),
            torn: torn.or_else(|| lacks.map(|what| (Flaw::Incomplete, Some(what.into())))),
            odd_mark,
        }
    }

    /// Whether it is a whole block.
    pub(super) fn is_whole(&self) -> bool {
        self.torn.is_none()
    }

    pub(super) fn side(&self) -> Side {
        match self.marking {
            _ if !self.is_whole() => Side::Partial,
            Marking::Unmarked => Side::Kept,
            Marking::Marked(_) | Marking::Unreadable => Side::Marked,
        }
    }

    /// What is amiss with it.
    pub(super) fn flaws(
        &self,
        bucket: Role,
        group: Option<&Group>,
    ) -> impl Iterator<Item = Flawed> {
        let torn = self.torn.clone();
        let odd_mark = self.odd_mark.clone();
        let odd_mark = odd_mark.map(|(flaw, why)| (flaw, Some(why)));
        torn.into_iter()
            .chain(odd_mark)
            .map(move |(flaw, detail)| Flawed {
                id: self.id,
                bucket,
                flaw,
                detail,
                group: group.cloned(),
                bytes: self.bytes,
                written: self.written,
                is_marked: !matches!(self.marking, Marking::Unmarked),
            })
    }
}

/// The directories of one id.
pub(super) struct Pair<'a> {
    pub(super) source: Option<Seen<'a>>,
    pub(super) target: Option<Seen<'a>>,
}

impl<'a> Pair<'a> {
    fn new(source: Option<&'a SourceBlock>, target: Option<&'a TargetBlock>) -> Self {
        let source = source.map(Seen::of_source);
        let mut target = target.map(Seen::of_target);
        if let (Some(here), Some(there)) = (&source, &mut target)
            && let (Some(one), Some(other)) = (here.digest, there.digest)
            && one != other
        {
            there.torn = Some((Flaw::Different, None));
        }
        Self { source, target }
    }

    pub(super) fn id(&self) -> Option<BlockId> {
        self.source
            .as_ref()
            .or(self.target.as_ref())
            .map(|seen| seen.id)
    }

    /// What some `meta.json` says of the block, the source's before the target's.
    pub(super) fn meta(&self) -> Option<&'a BlockMeta> {
        let of = |seen: &Option<Seen<'a>>| seen.as_ref().and_then(|seen| seen.meta);
        of(&self.source).or_else(|| of(&self.target))
    }

    /// The directories that there are.
    pub(super) fn both(&self) -> impl Iterator<Item = (Role, &Seen<'a>)> {
        let source = self.source.iter().map(|seen| (Role::Source, seen));
        source.chain(self.target.iter().map(|seen| (Role::Target, seen)))
    }
}

/// The directories of both buckets by id; `source` is sorted.
pub(super) fn pairs<'a>(
    source: &'a [Arc<SourceBlock>],
    target: Option<&'a TargetIndex>,
) -> impl Iterator<Item = Pair<'a>> {
    let mut source = source.iter().peekable();
    let mut target = target.into_iter().flat_map(TargetIndex::iter).peekable();
    std::iter::from_fn(move || {
        let order = match (source.peek(), target.peek()) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => one.id.cmp(&other.id),
        };
        let here = source.next_if(|_| order.is_le());
        let there = target.next_if(|_| order.is_ge());
        Some(Pair::new(here.map(|block| &**block), there))
    })
}
