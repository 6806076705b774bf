//! Blocks whose content is the list of their samples, so that an observer can tell where each sample is.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use sha2::{Digest, Sha256};

pub(crate) const HOUR_MS: i64 = 3_600_000;
pub(crate) const FIVE_MINUTES_MS: i64 = 300_000;

/// Where a 14-day window of Thanos' planner begins, in January 2025.
pub(crate) const WINDOW_MS: i64 = 1_209_600_000 * 1435;

/// External labels and resolution.
pub(crate) type Group = (&'static str, i64);

/// One sample: the cluster, the resolution and a number.
pub(crate) type Sample = (&'static str, i64, u32);

/// What lies in a block's directory, by name below it.
pub(crate) type Objects = BTreeMap<&'static str, Bytes>;

/// What `meta.json` says of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FileList {
    Nothing,
    Sizes,
    SizesAndHashes,
}

impl FileList {
    /// Compactors list files always.
    fn of_a_compactor(self) -> Self {
        self.max(Self::Sizes)
    }
}

/// A block as whoever made it knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) id: String,
    pub(crate) group: Group,
    pub(crate) range_ms: (i64, i64),
    pub(crate) level: u32,
    pub(crate) sources: BTreeSet<String>,
    pub(crate) samples: BTreeSet<Sample>,
    pub(crate) files: FileList,
    /// Whether somebody wants it left as it is: it bears a no-compact mark from the beginning.
    pub(crate) no_compact: bool,
}

impl Block {
    /// One that nothing was compacted into.
    pub(crate) fn fresh(
        id: String,
        cluster: &'static str,
        range_ms: (i64, i64),
        first: u32,
    ) -> Self {
        Self {
            group: (cluster, 0),
            range_ms,
            level: 1,
            sources: BTreeSet::from([id.clone()]),
            samples: (first..first + 3).map(|n| (cluster, 0, n)).collect(),
            files: FileList::Sizes,
            no_compact: false,
            id,
        }
    }

    /// What a compactor makes of several blocks of one group.
    pub(crate) fn compacted(id: String, from: &[&Block]) -> Self {
        let first = from.iter().map(|block| block.range_ms.0).min().unwrap();
        let last = from.iter().map(|block| block.range_ms.1).max().unwrap();
        Self {
            id,
            group: from[0].group,
            range_ms: (first, last),
            level: 1 + from.iter().map(|block| block.level).max().unwrap(),
            sources: from
                .iter()
                .flat_map(|block| block.sources.clone())
                .collect(),
            samples: from
                .iter()
                .flat_map(|block| block.samples.clone())
                .collect(),
            files: if from
                .iter()
                .any(|block| block.files == FileList::SizesAndHashes)
            {
                FileList::SizesAndHashes
            } else {
                FileList::Sizes
            },
            no_compact: false,
        }
    }

    /// What a compactor makes of a raw block.
    pub(crate) fn downsampled(id: String, from: &Block) -> Self {
        let samples = from.samples.iter();
        Self {
            id,
            group: (from.group.0, FIVE_MINUTES_MS),
            samples: samples
                .map(|(cluster, _, number)| (*cluster, FIVE_MINUTES_MS, *number))
                .collect(),
            files: from.files.of_a_compactor(),
            no_compact: false,
            ..from.clone()
        }
    }

    /// Two live blocks that a compactor would halt at.
    pub(crate) fn clashes_with(&self, other: &Self) -> bool {
        self.group == other.group
            && self.range_ms.0 < other.range_ms.1
            && other.range_ms.0 < self.range_ms.1
            && !self.sources.is_subset(&other.sources)
            && !other.sources.is_subset(&self.sources)
    }

    /// Whether Thanos' deduplication filter drops `other` where this block lives: on equal sources the smaller id stays.
    pub(crate) fn supersedes(&self, other: &Self) -> bool {
        self.id != other.id
            && self.group == other.group
            && other.sources.is_subset(&self.sources)
            && (self.sources.len() > other.sources.len() || self.id < other.id)
    }

    /// Whether the other's mark waits for this one: the source's compactor would make the other anew.
    pub(crate) fn is_finer_kin_of(&self, other: &Self) -> bool {
        self.group.0 == other.group.0
            && self.group.1 < other.group.1
            && !self.sources.is_disjoint(&other.sources)
    }

    /// Everything that lies in its directory, by name below it. Versions differ in `meta.json` alone.
    pub(crate) fn objects(&self, version: usize) -> Objects {
        let samples = serde_json::to_vec(&self.samples).unwrap();
        let (one, other) = samples.split_at(samples.len() / 2);
        let index = format!("index of {:<48}", self.id).into_bytes();
        let data = BTreeMap::from([
            ("chunks/000001", Bytes::copy_from_slice(one)),
            ("chunks/000002", Bytes::copy_from_slice(other)),
            ("index", index.into()),
        ]);
        let mut objects = self.with_meta(data, version);
        if self.no_compact {
            objects.insert("no-compact-mark.json", no_compact_mark(&self.id));
        }
        objects
    }

    /// Another block that bears the same id: one segment less of this one's, one more, and an index of the same size.
    pub(crate) fn namesake(&self) -> Objects {
        let index = format!("indEX of {:<48}", self.id).into_bytes();
        let data = BTreeMap::from([
            ("chunks/000001", Bytes::from_static(b"other samples")),
            ("chunks/000003", Bytes::from_static(b"and more of them")),
            ("index", index.into()),
        ]);
        let other = Self {
            sources: BTreeSet::from(["01J9ZK3M7Q8T5V6W7XZ0000000".to_owned()]),
            ..self.clone()
        };
        other.with_meta(data, usize::MAX)
    }

    fn with_meta(&self, data: Objects, version: usize) -> Objects {
        let files: Vec<_> = match self.files {
            FileList::Nothing => Vec::new(),
            FileList::Sizes => data
                .iter()
                .map(|(name, bytes)| serde_json::json!({"rel_path": name, "size_bytes": bytes.len()}))
                .collect(),
            FileList::SizesAndHashes => data
                .iter()
                .map(|(name, bytes)| {
                    serde_json::json!({
                        "rel_path": name,
                        "size_bytes": bytes.len(),
                        "hash": {"hashFunc": "SHA256", "value": hex(&Sha256::digest(bytes))},
                    })
                })
                .collect(),
        };
        let meta = serde_json::json!({
            "ulid": self.id,
            "version": 1,
            "minTime": self.range_ms.0,
            "maxTime": self.range_ms.1,
            "stats": {"numSamples": self.samples.len(), "numSeries": 3, "numChunks": 2},
            "compaction": {"level": self.level, "sources": self.sources},
            "rewritten": version,
            "thanos": {
                "labels": {"cluster": self.group.0},
                "downsample": {"resolution": self.group.1},
                "source": "sidecar",
                "files": files,
            },
        });
        let meta = serde_json::to_vec_pretty(&meta).unwrap();
        data.into_iter()
            .chain([("meta.json", meta.into())])
            .collect()
    }
}

/// Whether the object of that name below a block's directory holds samples or says where they are.
pub(crate) fn is_data(name: &str) -> bool {
    name == "index" || name.starts_with("chunks/")
}

/// Somebody wants the block left as it is.
pub(crate) fn no_compact_mark(id: &str) -> Bytes {
    let mark = serde_json::json!({
        "id": id,
        "version": 1,
        "details": "by hand",
        "no_compact_time": 1_700_000_000,
        "reason": "manual",
    });
    serde_json::to_vec(&mark).unwrap().into()
}

fn hex(digest: &[u8]) -> String {
    digest
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
