//! Blocks whose content is the list of their samples, so that an observer can tell where each sample is.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

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

/// A block as whoever made it knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) id: String,
    pub(crate) group: Group,
    pub(crate) range_ms: (i64, i64),
    pub(crate) level: u32,
    pub(crate) sources: BTreeSet<String>,
    pub(crate) samples: BTreeSet<Sample>,
    /// Whether `meta.json` lists the files.
    pub(crate) lists_files: bool,
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
            lists_files: true,
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
            lists_files: true,
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
        self.with_meta(data, version)
    }

    /// Another block that bears the same id: one segment less of this one's, one more, and an index of the same size.
    pub(crate) fn namesake(&self) -> Objects {
        let index = format!("indEX of {:<48}", self.id).into_bytes();
        let data = BTreeMap::from([
            ("chunks/000001", Bytes::from_static(b"other samples")),
            ("chunks/000003", Bytes::from_static(b"and more of them")),
            ("index", index.into()),
        ]);
        self.with_meta(data, usize::MAX)
    }

    fn with_meta(&self, data: Objects, version: usize) -> Objects {
        let files: Vec<_> = data
            .iter()
            .filter(|_| self.lists_files)
            .map(|(name, bytes)| serde_json::json!({"rel_path": name, "size_bytes": bytes.len()}))
            .collect();
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
