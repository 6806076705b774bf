//! `meta.json` as Thanos v0.42.4 declares it: every member that it decodes is decoded, for one of a wrong type makes a block partial to Thanos, and
//! its cleaner deletes what is partial. What decides nothing here is checked against its type and dropped.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::block::id::BlockId;
use crate::go::json::{Anything, Decode, Failure, Json, List, check};
use crate::go::{pattern, time};

/// The whole file: `metadata.Meta`.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) ulid: Ulid,
    pub(super) min_time_ms: i64,
    pub(super) max_time_ms: i64,
    pub(super) stats: Stats,
    pub(super) compaction: Compaction,
    pub(super) version: i64,
    pub(super) thanos: Thanos,
}

impl Decode for Document {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        json.members(|name, value| match name {
            "ulid" => self.ulid.decode(value),
            "mintime" => self.min_time_ms.decode(value),
            "maxtime" => self.max_time_ms.decode(value),
            "stats" => self.stats.decode(value),
            "compaction" => self.compaction.decode(value),
            "version" => self.version.decode(value),
            "thanos" => self.thanos.decode(value),
            _ => Ok(()),
        })
    }
}

/// A block's id as a file spells it; all zeros where it spells none.
#[derive(Debug)]
pub(in crate::block) struct Ulid(pub(in crate::block) BlockId);

impl Default for Ulid {
    fn default() -> Self {
        Self(BlockId::ZERO)
    }
}

impl Decode for Ulid {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        let mut text = None;
        Option::<String>::decode(&mut text, json)?;
        if let Some(text) = text {
            self.0 = BlockId::loose(&text).map_err(Failure::new)?;
        }
        Ok(())
    }
}

/// Digests of the values of members that decide nothing: they show in which member two files differ.
pub(super) type Others = BTreeMap<Other, u64>;

/// A member that decides nothing, in the order of their paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Other {
    /// `compaction.deletable`
    Deletable,
    /// `compaction.failed`
    Failed,
    /// `compaction.hints`
    Hints,
    /// `compaction.parents`, of which the ids decide something.
    Parents,
    /// `stats.numFloatSamples`
    FloatSamples,
    /// `stats.numHistogramSamples`
    HistogramSamples,
    /// `stats.numTombstones`
    Tombstones,
    /// `thanos.extensions`
    Extensions,
    /// `thanos.index_stats`
    IndexStats,
    /// `thanos.rewrites`, of which it decides something whether there are any.
    Rewrites,
    /// `thanos.upload_time`
    UploadTime,
    /// `thanos.version`
    Version,
}

impl Other {
    /// Its path in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Other::Deletable => "compaction.deletable",
            Other::Failed => "compaction.failed",
            Other::Hints => "compaction.hints",
            Other::Parents => "compaction.parents",
            Other::FloatSamples => "stats.numFloatSamples",
            Other::HistogramSamples => "stats.numHistogramSamples",
            Other::Tombstones => "stats.numTombstones",
            Other::Extensions => "thanos.extensions",
            Other::IndexStats => "thanos.index_stats",
            Other::Rewrites => "thanos.rewrites",
            Other::UploadTime => "thanos.upload_time",
            Other::Version => "thanos.version",
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Stats {
    pub(super) samples: u64,
    pub(super) series: u64,
    pub(super) chunks: u64,
    pub(super) others: Others,
}

impl Decode for Stats {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        json.members(|name, value| match name {
            "numsamples" => self.samples.decode(value),
            "numseries" => self.series.decode(value),
            "numchunks" => self.chunks.decode(value),
            "numfloatsamples" => other::<u64>(&mut self.others, Other::FloatSamples, value),
            "numhistogramsamples" => other::<u64>(&mut self.others, Other::HistogramSamples, value),
            "numtombstones" => other::<u64>(&mut self.others, Other::Tombstones, value),
            _ => Ok(()),
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct Compaction {
    pub(super) level: i64,
    pub(super) sources: List<Ulid>,
    pub(super) parents: List<Parent>,
    pub(super) others: Others,
}

impl Decode for Compaction {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        json.members(|name, value| match name {
            "level" => self.level.decode(value),
            "sources" => self.sources.decode(value),
            "deletable" => other::<bool>(&mut self.others, Other::Deletable, value),
            "failed" => other::<bool>(&mut self.others, Other::Failed, value),
            "parents" => {
                self.others.insert(Other::Parents, value.digest());
                self.parents.decode(value)
            }
            "hints" => other::<List<String>>(&mut self.others, Other::Hints, value),
            _ => Ok(()),
        })
    }
}

/// Checks a member against its type, and keeps a digest of it.
fn other<T: Decode + Default>(
    others: &mut Others,
    place: Other,
    value: Json<'_>,
) -> Result<(), Failure> {
    others.insert(place, value.digest());
    check::<T>(value)
}

#[derive(Debug, Default)]
pub(super) struct Parent {
    pub(super) ulid: Ulid,
}

impl Decode for Parent {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        json.members(|name, value| match name {
            "ulid" => self.ulid.decode(value),
            "mintime" | "maxtime" => check::<i64>(value),
            _ => Ok(()),
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct Thanos {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) downsample: Downsample,
    pub(super) source: String,
    pub(super) segment_files: List<String>,
    pub(super) files: List<File>,
    pub(super) rewrites: List<Rewrite>,
    pub(super) others: Others,
}

impl Decode for Thanos {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        json.members(|name, value| match name {
            "labels" => self.labels.decode(value),
            "downsample" => self.downsample.decode(value),
            "source" => self.source.decode(value),
            "segment_files" => self.segment_files.decode(value),
            "files" => self.files.decode(value),
            "rewrites" => {
                self.others.insert(Other::Rewrites, value.digest());
                self.rewrites.decode(value)
            }
            "version" => other::<i64>(&mut self.others, Other::Version, value),
            "index_stats" => other::<IndexStats>(&mut self.others, Other::IndexStats, value),
            "extensions" => other::<Anything>(&mut self.others, Other::Extensions, value),
            "upload_time" => {
                self.others.insert(Other::UploadTime, value.digest());
                upload_time(value)
            }
            _ => Ok(()),
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct Downsample {
    pub(super) resolution_ms: i64,
}

impl Decode for Downsample {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        json.members(|name, value| match name {
            "resolution" => self.resolution_ms.decode(value),
            _ => Ok(()),
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) rel_path: String,
    /// 0 where the file tells none.
    pub(super) size_bytes: i64,
    pub(super) hash: Option<Hash>,
}

impl Decode for File {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        json.members(|name, value| match name {
            "rel_path" => self.rel_path.decode(value),
            "size_bytes" => self.size_bytes.decode(value),
            "hash" => self.hash.decode(value),
            _ => Ok(()),
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct Hash {
    pub(super) function: String,
    pub(super) value: String,
}

impl Decode for Hash {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        json.members(|name, value| match name {
            "hashfunc" => self.function.decode(value),
            "value" => self.value.decode(value),
            _ => Ok(()),
        })
    }
}

#[derive(Default)]
struct IndexStats;

impl Decode for IndexStats {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        json.members(|name, value| match name {
            "series_max_size" | "chunk_max_size" => check::<i64>(value),
            _ => Ok(()),
        })
    }
}

/// Go takes the time as it is written, escapes and all.
fn upload_time(json: Json<'_>) -> Result<(), Failure> {
    check::<String>(json)?;
    let written = json
        .raw()
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    if written.is_some_and(|time| time::parse(time).is_err()) {
        return Err(Failure::new("is no time as RFC 3339 spells it"));
    }
    Ok(())
}

/// What was deleted from the block, or relabelled in it.
#[derive(Debug, Default)]
pub(super) struct Rewrite;

impl Decode for Rewrite {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        json.members(|name, value| match name {
            "sources" => check::<List<Ulid>>(value),
            "deletions_applied" => check::<List<Deletion>>(value),
            "relabels_applied" => check::<List<Option<Relabel>>>(value),
            _ => Ok(()),
        })
    }
}

#[derive(Default)]
struct Deletion;

impl Decode for Deletion {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        json.members(|name, value| match name {
            "matchers" => check::<List<Option<Matcher>>>(value),
            "intervals" => check::<List<Interval>>(value),
            "request_id" => check::<String>(value),
            _ => Ok(()),
        })
    }
}

/// Not as `PromQL` spells it: the members of Prometheus' own type.
#[derive(Default)]
struct Matcher;

impl Decode for Matcher {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        json.members(|name, value| match name {
            "type" => check::<i64>(value),
            "name" | "value" => check::<String>(value),
            _ => Ok(()),
        })
    }
}

#[derive(Default)]
struct Interval;

impl Decode for Interval {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        json.members(|name, value| match name {
            "mint" | "maxt" => check::<i64>(value),
            _ => Ok(()),
        })
    }
}

#[derive(Default)]
struct Relabel;

impl Decode for Relabel {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        json.members(|name, value| match name {
            "source_labels" => check::<List<LabelName>>(value),
            "regex" => check::<Pattern>(value),
            "modulus" => check::<u64>(value),
            "separator" | "target_label" | "replacement" | "action" => check::<String>(value),
            _ => Ok(()),
        })
    }
}

/// Prometheus has a decoder of its own for label names, which sees `null` too and refuses an empty name.
#[derive(Default)]
struct LabelName;

impl Decode for LabelName {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        let mut name = String::new();
        name.decode(json)?;
        if name.is_empty() {
            return Err(Failure::new("is no name of a label"));
        }
        Ok(())
    }
}

/// Prometheus compiles it as it reads it.
#[derive(Default)]
struct Pattern;

impl Decode for Pattern {
    fn decode(&mut self, json: Json<'_>) -> Result<(), Failure> {
        let mut text = String::new();
        text.decode(json)?;
        pattern::check(&text).map_err(|why| Failure::new(format!("is no pattern: {why}")))
    }
}
