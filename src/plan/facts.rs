//! What a survey found in both buckets: the facts that every decision starts from.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::relatives::Relatives;
use crate::block::{
    BlockId, BlockMeta, Completeness, Cover, DeletionMark, Inventory, MarkError, MetaFile, NoCover,
};

/// One block directory of the source.
#[derive(Debug, Clone)]
pub struct SourceBlock {
    /// The directory's name.
    pub id: BlockId,
    /// What lies in it.
    pub objects: Inventory,
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
    Unreadable(String),
    /// It can be read and is none, and why.
    Corrupted(String),
    /// It was read.
    Read(Arc<MetaFile>),
}

/// A block's deletion mark.
#[derive(Debug, Clone)]
pub enum Mark {
    /// There is none.
    Absent,
    /// It can never be read as it is, or was not read, and why.
    Unreadable(String),
    /// It can be read, and is no mark of this block.
    Corrupted(MarkError),
    /// The block is marked.
    Present(DeletionMark),
}

impl SourceBlock {
    /// Its `meta.json`, if it can be read.
    #[must_use]
    pub fn meta(&self) -> Option<&Arc<MetaFile>> {
        match &self.meta {
            SourceMeta::Read(meta) => Some(meta),
            SourceMeta::Absent | SourceMeta::Unreadable(_) | SourceMeta::Corrupted(_) => None,
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
    pub objects: Inventory,
    /// Its `meta.json`.
    pub meta: TargetMeta,
    /// Its deletion mark.
    pub mark: Mark,
}

/// A target block's `meta.json`.
#[derive(Debug, Clone)]
pub enum TargetMeta {
    /// There is none: a partial block.
    Absent,
    /// It is there, and was not read, for it decides nothing.
    Unread,
    /// It is there and is of no use, and why.
    Corrupted(String),
    /// It was read, or is known from the source's.
    Read(Arc<MetaFile>),
}

impl TargetBlock {
    /// Its `meta.json`, if that was read.
    #[must_use]
    pub fn meta(&self) -> Option<&Arc<MetaFile>> {
        match &self.meta {
            TargetMeta::Read(meta) => Some(meta),
            TargetMeta::Absent | TargetMeta::Unread | TargetMeta::Corrupted(_) => None,
        }
    }
}

/// The blocks of the target, by id, by what they are made of, and by time.
#[derive(Debug, Default)]
pub struct TargetIndex {
    blocks: BTreeMap<BlockId, TargetBlock>,
    published: Relatives,
    named: Named,
}

impl FromIterator<TargetBlock> for TargetIndex {
    fn from_iter<I: IntoIterator<Item = TargetBlock>>(blocks: I) -> Self {
        let blocks: BTreeMap<BlockId, TargetBlock> =
            blocks.into_iter().map(|block| (block.id, block)).collect();
        let published = blocks
            .values()
            .filter(|block| !block.objects.is_being_overwritten())
            .filter_map(TargetBlock::meta)
            .collect();
        let marks = blocks.values().filter(|block| block.meta().is_some());
        let named = Named::by(marks.map(|block| (block.id, &block.mark)));
        Self {
            blocks,
            published,
            named,
        }
    }
}

impl TargetIndex {
    /// The block of that id, published or not.
    #[must_use]
    pub fn get(&self, id: BlockId) -> Option<&TargetBlock> {
        self.blocks.get(&id)
    }

    /// Every block, by id.
    pub fn iter(&self) -> impl Iterator<Item = &TargetBlock> {
        self.blocks.values()
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

    /// Blocks into which everything went that went into this one, and whether they stand for it.
    pub(super) fn covers<'a>(
        &'a self,
        block: &'a BlockMeta,
    ) -> impl Iterator<Item = (BlockId, Result<Cover, NoCover>)> {
        let candidates = self.published.with_all_sources_of(block);
        candidates.filter_map(|candidate| {
            let id = candidate.block.id;
            let there = self.get(id)?;
            let judged = match self.named_by(id) {
                Some(by) => Err(NoCover::NamedBy(by)),
                None => Cover::of(block, &candidate.block, &there.objects),
            };
            Some((id, judged))
        })
    }
}

/// Blocks that marks of other blocks of their bucket name. Thanos' compactor deletes the block that a mark names, whatever directory it lies in.
#[derive(Debug, Default)]
struct Named(HashMap<BlockId, BlockId>);

impl Named {
    /// By the marks of published blocks: Thanos reads no others.
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
    blocks: HashMap<BlockId, &'a Arc<SourceBlock>>,
    live: Relatives,
    named: Named,
}

impl<'a> SourceIndex<'a> {
    pub(super) fn new(source: &'a [Arc<SourceBlock>]) -> Self {
        Self {
            blocks: source.iter().map(|block| (block.id, block)).collect(),
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
        self.blocks.get(&id).map(|block| &***block)
    }

    pub(super) fn live(&self) -> &Relatives {
        &self.live
    }

    /// Whether the deletion mark of another block names this one, so that the source's compactor deletes it.
    pub(super) fn is_named(&self, id: BlockId) -> bool {
        self.named.get(id).is_some()
    }

    /// Whether the block of that id has every object that its own `meta.json` speaks of.
    pub(super) fn is_whole(&self, meta: &BlockMeta) -> bool {
        self.get(meta.id).is_some_and(|block| {
            !matches!(block.objects.completeness(meta), Completeness::Lacks(_))
        })
    }
}

#[cfg(test)]
pub(super) mod testing {
    //! Blocks for the tables of this module's neighbours.
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use chrono::DateTime;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::block::{Checksum, Object};
    use crate::plan::Rules;
    use crate::select::Cutoff;

    /// The block whose id ends with `last`.
    pub(in crate::plan) fn id(last: char) -> BlockId {
        format!("01J9ZK3M7Q8T5V6W7X8Y9Z0A1{last}").parse().unwrap()
    }

    /// A whole raw block of cluster `eu-1` from 0 to 10 ms, with three series.
    pub(in crate::plan) fn block(last: char) -> Builder {
        Builder {
            id: id(last),
            range: (0, 10),
            labels: vec![("cluster".into(), "eu-1".into())],
            resolution: 0,
            level: 1,
            sources: last.to_string(),
            series: 3,
            rest: String::new(),
            files: true,
            objects: vec![
                ("chunks/000001".into(), 5, None),
                ("index".into(), 3, None),
                ("meta.json".into(), 7, None),
            ],
            mark: Mark::Absent,
        }
    }

    pub(in crate::plan) fn source<const N: usize>(blocks: [Builder; N]) -> Vec<Arc<SourceBlock>> {
        blocks
            .into_iter()
            .map(|block| Arc::new(block.source()))
            .collect()
    }

    pub(in crate::plan) fn target<const N: usize>(blocks: [Builder; N]) -> TargetIndex {
        blocks.into_iter().map(Builder::target).collect()
    }

    /// Rules that keep every block which begins before the epoch's second second.
    pub(in crate::plan) fn rules() -> Rules {
        let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        Rules::older_than(Cutoff::parse("1970-01-01T00:00:01Z", now).unwrap())
    }

    #[derive(Clone)]
    pub(in crate::plan) struct Builder {
        id: BlockId,
        range: (i64, i64),
        labels: Vec<(String, String)>,
        resolution: i64,
        level: i64,
        sources: String,
        series: u64,
        rest: String,
        files: bool,
        objects: Vec<(String, u64, Option<String>)>,
        mark: Mark,
    }

    impl Builder {
        pub(in crate::plan) fn range(mut self, min: i64, max: i64) -> Self {
            self.range = (min, max);
            self
        }

        pub(in crate::plan) fn labels(mut self, labels: &[(&str, &str)]) -> Self {
            self.labels = labels
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            self
        }

        pub(in crate::plan) fn resolution(mut self, milliseconds: i64) -> Self {
            self.resolution = milliseconds;
            self
        }

        pub(in crate::plan) fn level(mut self, level: i64) -> Self {
            self.level = level;
            self
        }

        /// Last letters of the ids of its sources.
        pub(in crate::plan) fn sources(mut self, sources: &str) -> Self {
            sources.clone_into(&mut self.sources);
            self
        }

        pub(in crate::plan) fn series(mut self, series: u64) -> Self {
            self.series = series;
            self
        }

        pub(in crate::plan) fn rewritten(mut self) -> Self {
            self.rest = r#","rewrites":[{}]"#.to_owned();
            self
        }

        pub(in crate::plan) fn without_file_list(mut self) -> Self {
            self.files = false;
            self.object("chunks/000001", 500).object("index", 300)
        }

        pub(in crate::plan) fn object(mut self, name: &str, size_bytes: u64) -> Self {
            self.objects.retain(|(other, ..)| other != name);
            self.objects.push((name.to_owned(), size_bytes, None));
            self
        }

        /// Gives an object a checksum: 32 times the digit.
        pub(in crate::plan) fn checksum(mut self, name: &str, digit: char) -> Self {
            for (other, _, checksum) in &mut self.objects {
                if other == name {
                    *checksum = Some(digit.to_string().repeat(32));
                }
            }
            self
        }

        pub(in crate::plan) fn without(mut self, name: &str) -> Self {
            self.objects.retain(|(other, ..)| other != name);
            self
        }

        pub(in crate::plan) fn marked(mut self, details: &str) -> Self {
            let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
            self.mark = Mark::Present(DeletionMark::new(self.id, details.to_owned(), now));
            self.object("deletion-mark.json", 9)
        }

        pub(in crate::plan) fn mark(mut self, mark: Mark) -> Self {
            self.mark = mark;
            self.object("deletion-mark.json", 9)
        }

        pub(in crate::plan) fn meta_file(self) -> MetaFile {
            let json = self.json();
            MetaFile {
                block: BlockMeta::parse(self.id, json.as_bytes()).unwrap(),
                digest: Sha256::digest(&json).into(),
            }
        }

        pub(in crate::plan) fn source(self) -> SourceBlock {
            SourceBlock {
                id: self.id,
                objects: self.inventory(),
                mark: self.mark.clone(),
                meta: if self.objects.iter().any(|(name, ..)| name == "meta.json") {
                    SourceMeta::Read(Arc::new(self.meta_file()))
                } else {
                    SourceMeta::Absent
                },
            }
        }

        pub(in crate::plan) fn target(self) -> TargetBlock {
            let SourceBlock {
                id,
                objects,
                meta,
                mark,
            } = self.source();
            let meta = match meta {
                SourceMeta::Read(meta) => TargetMeta::Read(meta),
                _ => TargetMeta::Absent,
            };
            TargetBlock {
                id,
                objects,
                meta,
                mark,
            }
        }

        fn inventory(&self) -> Inventory {
            let objects = self.objects.iter().map(|(name, size_bytes, tag)| Object {
                name: name.as_str().into(),
                size_bytes: *size_bytes,
                modified: Some(DateTime::UNIX_EPOCH),
                etag: None,
                checksum: tag.as_deref().and_then(Checksum::of_entity_tag),
                left_out: None,
                inode: None,
            });
            objects.collect()
        }

        fn json(&self) -> String {
            let quoted = |letters: &str| {
                let ids = letters
                    .chars()
                    .map(|last| format!("{:?}", id(last).to_string()));
                ids.collect::<Vec<_>>().join(",")
            };
            let labels: BTreeMap<_, _> = self.labels.iter().cloned().collect();
            let files = if self.files {
                r#","files":[{"rel_path":"chunks/000001","size_bytes":5},{"rel_path":"index","size_bytes":3},{"rel_path":"meta.json"}]"#
            } else {
                ""
            };
            format!(
                r#"{{"ulid":"{}","version":1,"minTime":{},"maxTime":{},"stats":{{"numSeries":{},"numChunks":1}},"compaction":{{"level":{},"sources":[{}]}},"thanos":{{"labels":{},"downsample":{{"resolution":{}}}{files}{}}}}}"#,
                self.id,
                self.range.0,
                self.range.1,
                self.series,
                self.level,
                quoted(&self.sources),
                serde_json::to_string(&labels).unwrap(),
                self.resolution,
                self.rest,
            )
        }
    }
}
