//! What is told of a block that is written, and what is told back.

use std::collections::BTreeMap;

use super::super::source::Stats;
use super::output::WrittenFile;
use crate::block::BlockId;

/// Where segments lie below the block's folder.
pub(super) const CHUNKS: &str = "chunks";

/// What a block is told to be, beside its series.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// The end of its range: no sample is as late as that.
    pub max_time_ms: i64,
    /// Its external labels.
    pub labels: BTreeMap<String, String>,
    /// `thanos.extensions` of its meta.json.
    pub extensions: Option<serde_json::Value>,
}

/// A block that has been written.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// Its name. The same block has the same: its time is the end of the range, and the rest is made of all that decides what the block is; where
    /// extensions are told, half of that is their [`kinship`](super::kinship).
    pub id: BlockId,
    /// The time of its first sample.
    pub min_time_ms: i64,
    /// The end of its range.
    pub max_time_ms: i64,
    /// How many series, chunks and samples it has.
    pub stats: Stats,
    /// Its files but for meta.json, by path.
    pub files: Vec<WrittenFile>,
}
