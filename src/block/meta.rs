//! `meta.json`, version 1: the members on which decisions depend. It is read here and never written; copies are made byte by byte.

pub(super) mod document;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::group::Group;
use super::id::BlockId;
use super::packed::Packed;
use crate::go::json::{self, List};
use crate::printable::message;
pub use document::Other;
use document::{Document, Ulid};

/// What `meta.json` says of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockMeta {
    /// The block's id; equal to its directory's name.
    pub id: BlockId,
    /// First sample, in milliseconds since the epoch; inclusive.
    pub min_time_ms: i64,
    /// End of the range, in milliseconds since the epoch; exclusive.
    pub max_time_ms: i64,
    /// External labels and resolution.
    pub group: Group,
    /// How often compacted: 1 is fresh from the head.
    pub level: i64,
    /// The level-1 blocks that went in, sorted; the block itself where the file names none.
    pub sources: Box<[BlockId]>,
    /// Number of series; 0 where unknown.
    pub num_series: u64,
    /// Number of samples; 0 where unknown.
    pub num_samples: u64,
    /// Number of chunks; 0 where unknown.
    pub num_chunks: u64,
    /// Whether `thanos.rewrites` tells that series were deleted or relabelled.
    pub rewritten: bool,
    /// Who wrote it: `sidecar`, `compactor`, ….
    pub source: Arc<str>,
    /// What is seldom asked for.
    pub details: Packed<Details>,
}

/// What `meta.json` says of a block and is seldom asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// `thanos.files`, or the names of `thanos.segment_files` without sizes; empty where the file has neither.
    pub files: Vec<File>,
    /// The blocks that it was compacted from, of whatever level.
    pub parents: Vec<BlockId>,
    /// Digests of the members that Thanos reads but that decide nothing here; sorted.
    pub others: Vec<(Other, u64)>,
}

/// A readable `meta.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetaFile {
    /// What it says.
    pub block: BlockMeta,
    /// SHA-256 of its bytes: equal digests are the same file.
    pub digest: [u8; 32],
    /// Its bytes, where they are kept: only where the fingerprint in a listing shows that they were read right.
    pub bytes: Option<Box<Bytes>>,
}

/// One object that `meta.json` says the block has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Path below the block's directory.
    pub path: String,
    /// Size in bytes, where the file tells one. It may be negative, which no object matches.
    pub size_bytes: Option<i64>,
    /// SHA-256 of the content in lower-case hex, where told.
    pub sha256: Option<String>,
}

/// Why a `meta.json` cannot be taken for one, in one short line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetaError(pub String);

impl fmt::Display for MetaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MetaError {}

impl BlockMeta {
    /// Reads the file found in the directory named `directory`.
    ///
    /// Refused: what Go's decoder refuses, a `version` other than 1, a `ulid` other than the directory's name, and file names that
    /// leave the block's directory.
    pub fn parse(directory: BlockId, bytes: &[u8]) -> Result<Self, MetaError> {
        decode(directory, bytes).map_err(|why| MetaError(message(&why).into_owned()))
    }

    /// `thanos.files`, or the names of `thanos.segment_files` without sizes; empty where the file has neither.
    #[must_use]
    pub fn files(&self) -> Vec<File> {
        self.details.get().files
    }

    /// Whether `other` starts before this block ends, and the other way round.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.min_time_ms < other.max_time_ms && other.min_time_ms < self.max_time_ms
    }

    /// Whether the two are of one group, meet in time, and neither holds all of the other: a compactor that finds both halts.
    #[must_use]
    pub fn clashes_with(&self, other: &Self) -> bool {
        let is_related = self.has_all_sources_of(other) || other.has_all_sources_of(self);
        self.group == other.group && self.overlaps(other) && !is_related
    }

    /// Whether every level-1 block that went into `other` went into this one too.
    #[must_use]
    pub fn has_all_sources_of(&self, other: &Self) -> bool {
        other
            .sources
            .iter()
            .all(|source| self.sources.binary_search(source).is_ok())
    }

    /// Whether some level-1 block went into both.
    #[must_use]
    pub fn shares_a_source_with(&self, other: &Self) -> bool {
        other
            .sources
            .iter()
            .any(|source| self.sources.binary_search(source).is_ok())
    }
}

fn decode(directory: BlockId, bytes: &[u8]) -> Result<BlockMeta, String> {
    let file: Document = json::decode(bytes).map_err(|failure| failure.to_string())?;
    if file.version != 1 {
        return Err(format!(
            "version is {}, expected 1: no component of Thanos can sync a bucket that holds it",
            file.version
        ));
    }
    if file.ulid.0 != directory {
        return Err(format!(
            "ulid is {}, the directory is {directory}",
            file.ulid.0
        ));
    }
    let parts = [
        file.compaction.others,
        file.stats.others,
        file.thanos.others,
    ];
    let parents = file.compaction.parents.into_vec().into_iter();
    Ok(BlockMeta {
        id: directory,
        min_time_ms: file.min_time_ms,
        max_time_ms: file.max_time_ms,
        group: Group {
            labels: file.thanos.labels.into_iter().collect(),
            resolution_ms: file.thanos.downsample.resolution_ms,
        },
        level: file.compaction.level,
        sources: sources(file.compaction.sources, directory),
        num_series: file.stats.series,
        num_samples: file.stats.samples,
        num_chunks: file.stats.chunks,
        rewritten: !file.thanos.rewrites.is_empty(),
        source: file.thanos.source.into(),
        details: Packed::new(&Details {
            files: files(file.thanos.files, file.thanos.segment_files)?,
            parents: parents.map(|parent| parent.ulid.0).collect(),
            others: parts.into_iter().flatten().collect(),
        }),
    })
}

fn sources(listed: List<Ulid>, own: BlockId) -> Box<[BlockId]> {
    let mut sources: Vec<BlockId> = listed.into_vec().into_iter().map(|Ulid(id)| id).collect();
    if sources.is_empty() {
        sources.push(own);
    }
    sources.sort_unstable();
    sources.dedup();
    sources.into()
}

fn files(listed: List<document::File>, segment_files: List<String>) -> Result<Vec<File>, String> {
    let files = listed.into_vec().into_iter().map(|file| {
        let sha256 = file
            .hash
            .filter(|hash| hash.function == "SHA256" && !hash.value.is_empty())
            .map(|hash| hash.value);
        Ok(File {
            path: inside(file.rel_path)?,
            size_bytes: Some(file.size_bytes).filter(|size| *size != 0),
            sha256,
        })
    });
    let files: Vec<File> = files.collect::<Result<_, String>>()?;
    if !files.is_empty() {
        return Ok(files);
    }
    let segments = segment_files.into_vec().into_iter().map(|name| {
        Ok(File {
            path: inside(format!("chunks/{name}"))?,
            size_bytes: None,
            sha256: None,
        })
    });
    segments.collect()
}

/// A hostile file list must not make anyone look at another block.
fn inside(path: String) -> Result<String, String> {
    let leaves = path.contains(['\0', '\\'])
        || path
            .split('/')
            .any(|segment| matches!(segment, "" | "." | ".."));
    if leaves {
        return Err(format!("{path:?} is no path inside a block"));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    const ID: &str = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";

    fn parse(json: &str) -> Result<BlockMeta, MetaError> {
        BlockMeta::parse(ID.parse().unwrap(), json.replace("ID", ID).as_bytes())
    }

    #[test]
    fn a_block_of_thanos_is_read_whole() {
        let meta = parse(
            r#"{"ulid":"ID","minTime":-5,"maxTime":7,"stats":{"numSeries":3,"numChunks":4},"version":1,
            "compaction":{"level":2,"sources":["01J9ZA00000000000000000002","01J9ZA00000000000000000001"],
            "parents":[{"ulid":"01J9ZA00000000000000000003","minTime":-5,"maxTime":7}]},
            "thanos":{"labels":{"a":"b"},"downsample":{"resolution":300000},"source":"compactor","rewrites":[{}],
            "files":[{"rel_path":"index","size_bytes":9,"hash":{"hashFunc":"SHA256","value":"ab"}},{"rel_path":"meta.json"}]}}"#,
        )
        .unwrap();
        assert_eq!((meta.min_time_ms, meta.max_time_ms), (-5, 7));
        assert_eq!(meta.group.resolution_ms, 300_000);
        assert_eq!(meta.group.labels.to_string(), r#"{a="b"}"#);
        assert_eq!(meta.sources.len(), 2);
        assert_eq!(
            meta.details.get().parents[0].to_string(),
            "01J9ZA00000000000000000003"
        );
        assert!(meta.sources.is_sorted());
        assert!(meta.rewritten);
        let files = meta.files();
        assert_eq!(files[0].size_bytes, Some(9));
        assert_eq!(files[0].sha256.as_deref(), Some("ab"));
        assert_eq!(files[1].size_bytes, None);
    }

    #[test]
    fn a_block_of_prometheus_has_neither_labels_nor_files() {
        let meta = parse(r#"{"ulid":"ID","version":1,"compaction":{"level":1}}"#).unwrap();
        assert!(meta.group.labels.is_empty());
        assert_eq!(*meta.sources, [meta.id]);
        assert!(meta.files().is_empty());
    }

    #[test]
    fn names_match_in_any_case_and_null_is_zero_as_in_go() {
        let meta = parse(r#"{"Ulid":"ID","Version":1,"MINTIME":4,"maxTime":null}"#).unwrap();
        assert_eq!((meta.min_time_ms, meta.max_time_ms), (4, 0));
    }

    /// S-4.4
    #[test]
    fn a_corrupted_meta_is_refused() {
        for (json, why) in [
            ("", "EOF"),
            ("{ not a json", "key must be a string"),
            (r#"{"ulid":"ID","version":1} x"#, "trailing"),
            (r#"{"ulid":"ID"}"#, "version is 0, expected 1"),
            (r#"{"ulid":"ID","version":2}"#, "version is 2"),
            (r#"{"version":1}"#, "ulid is"),
            (
                r#"{"ulid":"01J9ZK3M7Q8T5V6W7X8Y9Z0A1C","version":1}"#,
                "ulid is",
            ),
            (
                r#"{"ulid":"ID","version":1,"minTime":1.5}"#,
                "minTime is no 64-bit integer",
            ),
            (
                r#"{"ulid":"ID","version":1,"thanos":[]}"#,
                "thanos is no object",
            ),
            (
                r#"{"ulid":"ID","version":1,"thanos":{"labels":{"a":1}}}"#,
                "thanos.labels.a is no string",
            ),
            (
                r#"{"ulid":"ID","version":1,"thanos":{"files":[{"rel_path":"../x"}]}}"#,
                "no path inside",
            ),
            (
                r#"{"ulid":"ID","version":1,"thanos":{"files":[{"rel_path":"/etc"}]}}"#,
                "no path inside",
            ),
            (
                r#"{"ulid":"ID","version":1,"thanos":{"segment_files":["../../a"]}}"#,
                "no path inside",
            ),
            ("[1]", "it is no object"),
            (
                r#"{"ulid":"ID","version":1,"thanos":{"files":[{},{"hash":{"value":1}}]}}"#,
                "thanos.files[1].hash.value is no string",
            ),
            (
                r#"{"ulid":"ID","version":1,"Thanos":{"Upload_Time":"2025-01-06"}}"#,
                "Thanos.Upload_Time is no time",
            ),
        ] {
            let err = parse(json).unwrap_err().to_string();
            assert!(err.contains(why), "{json}: {err}");
        }
    }

    /// S-4.4: documents are accepted to the depth to which Go accepts them.
    #[test]
    fn nesting_is_taken_as_deep_as_go_takes_it() {
        for (depth, taken) in [(129, true), (10_000, true), (10_001, false)] {
            let lists = "[".repeat(depth - 1) + &"]".repeat(depth - 1);
            for member in [
                format!(r#""unknown":{lists}"#),
                format!(
                    r#""thanos":{{"extensions":{}}}"#,
                    &lists[1..lists.len() - 1]
                ),
            ] {
                let read = parse(&format!(r#"{{"ulid":"ID","version":1,{member}}}"#));
                assert_eq!(read.is_ok(), taken, "{depth}");
            }
        }
    }

    #[test]
    fn segment_files_stand_in_for_a_missing_file_list() {
        let meta =
            parse(r#"{"ulid":"ID","version":1,"thanos":{"segment_files":["000001"]}}"#).unwrap();
        let files = meta.files();
        assert_eq!(files[0].path, "chunks/000001");
        assert_eq!(files[0].size_bytes, None);
    }
}
