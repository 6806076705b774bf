//! `meta.json`, version 1: the members that decide anything. It is read here and never written; copies travel as bytes.

use std::fmt;

use super::json::{self, Failure, Members};
use super::{BlockId, Group, Labels};
use crate::printable::message;

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
    pub sources: Vec<BlockId>,
    /// Number of series; 0 where unknown.
    pub num_series: u64,
    /// Number of samples; 0 where unknown.
    pub num_samples: u64,
    /// Number of chunks; 0 where unknown.
    pub num_chunks: u64,
    /// Whether `thanos.rewrites` tells that series were deleted or relabelled.
    pub rewritten: bool,
    /// Who wrote it: `sidecar`, `compactor`, ….
    pub source: String,
    /// `thanos.files`, or the names of `thanos.segment_files` without sizes; empty where the file has neither.
    pub files: Vec<File>,
}

/// A readable `meta.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetaFile {
    /// What it says.
    pub block: BlockMeta,
    /// SHA-256 of its bytes: equal digests are the same file.
    pub digest: [u8; 32],
}

/// One object that `meta.json` says the block has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path below the block's directory.
    pub path: String,
    /// Size in bytes, where told.
    pub size_bytes: Option<u64>,
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

    /// Whether `other` starts before this block ends, and the other way round.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.min_time_ms < other.max_time_ms && other.min_time_ms < self.max_time_ms
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

fn decode(directory: BlockId, bytes: &[u8]) -> Result<BlockMeta, Failure> {
    let document = json::document(bytes)?;
    let top = Members::of(Some(&document), "")?;
    let version = top.integer("version")?;
    if version != 1 {
        return Err(format!("version is {version}, expected 1"));
    }
    let id = top.text("ulid")?;
    if !id.eq_ignore_ascii_case(&directory.to_string()) {
        return Err(format!("ulid is {id:?}, the directory is {directory}"));
    }
    let stats = Members::of(top.get("stats"), "stats")?;
    let compaction = Members::of(top.get("compaction"), "compaction")?;
    let thanos = Members::of(top.get("thanos"), "thanos")?;
    let downsample = Members::of(thanos.get("downsample"), "thanos.downsample")?;
    Ok(BlockMeta {
        id: directory,
        min_time_ms: top.integer("minTime")?,
        max_time_ms: top.integer("maxTime")?,
        group: Group {
            labels: labels(&thanos)?,
            resolution_ms: downsample.integer("resolution")?,
        },
        level: compaction.integer("level")?,
        sources: sources(&compaction, directory)?,
        num_series: stats.unsigned("numSeries")?,
        num_samples: stats.unsigned("numSamples")?,
        num_chunks: stats.unsigned("numChunks")?,
        rewritten: !thanos.list("rewrites")?.is_empty(),
        source: thanos.text("source")?,
        files: files(&thanos)?,
    })
}

fn labels(thanos: &Members<'_>) -> Result<Labels, Failure> {
    let labels = Members::of(thanos.get("labels"), "thanos.labels")?;
    labels
        .iter()
        .map(|(name, value)| match value {
            serde_json::Value::Null => Ok((name.clone(), String::new())),
            serde_json::Value::String(value) => Ok((name.clone(), value.clone())),
            _ => Err(format!("thanos.labels.{name} is not a string")),
        })
        .collect()
}

fn sources(compaction: &Members<'_>, own: BlockId) -> Result<Vec<BlockId>, Failure> {
    let mut sources = Vec::new();
    for source in compaction.list("sources")? {
        let id = source
            .as_str()
            .and_then(|text| text.to_ascii_uppercase().parse().ok())
            .ok_or("compaction.sources holds something that is not a ULID")?;
        sources.push(id);
    }
    if sources.is_empty() {
        sources.push(own);
    }
    sources.sort_unstable();
    sources.dedup();
    Ok(sources)
}

fn files(thanos: &Members<'_>) -> Result<Vec<File>, Failure> {
    let mut files = Vec::new();
    for entry in thanos.list("files")? {
        let entry = Members::of(Some(entry), "thanos.files[]")?;
        let path = entry.text("rel_path")?;
        let hash = Members::of(entry.get("hash"), "thanos.files[].hash")?;
        let sha256 = (hash.text("hashFunc")? == "SHA256")
            .then(|| hash.text("value"))
            .transpose()?
            .filter(|value| !value.is_empty());
        let size_bytes = u64::try_from(entry.integer("size_bytes")?)
            .map_err(|_| entry.wrong("size_bytes", "a size"))?;
        let is_meta = path == super::META_JSON;
        files.push(File {
            path: inside(path)?,
            size_bytes: (!is_meta).then_some(size_bytes),
            sha256,
        });
    }
    if files.is_empty() {
        for name in thanos.list("segment_files")? {
            let name = name
                .as_str()
                .ok_or("thanos.segment_files[] is not a string")?;
            files.push(File {
                path: inside(format!("chunks/{name}"))?,
                size_bytes: None,
                sha256: None,
            });
        }
    }
    Ok(files)
}

/// A hostile file list must not make anyone look at another block.
fn inside(path: String) -> Result<String, Failure> {
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
            "compaction":{"level":2,"sources":["01J9ZA00000000000000000002","01J9ZA00000000000000000001"]},
            "thanos":{"labels":{"a":"b"},"downsample":{"resolution":300000},"source":"compactor","rewrites":[{}],
            "files":[{"rel_path":"index","size_bytes":9,"hash":{"hashFunc":"SHA256","value":"ab"}},{"rel_path":"meta.json"}]}}"#,
        )
        .unwrap();
        assert_eq!((meta.min_time_ms, meta.max_time_ms), (-5, 7));
        assert_eq!(meta.group.resolution_ms, 300_000);
        assert_eq!(meta.group.labels.to_string(), r#"{a="b"}"#);
        assert_eq!(meta.sources.len(), 2);
        assert!(meta.sources.is_sorted());
        assert!(meta.rewritten);
        assert_eq!(meta.files[0].size_bytes, Some(9));
        assert_eq!(meta.files[0].sha256.as_deref(), Some("ab"));
        assert_eq!(meta.files[1].size_bytes, None);
    }

    #[test]
    fn a_block_of_prometheus_has_neither_labels_nor_files() {
        let meta = parse(r#"{"ulid":"ID","version":1,"compaction":{"level":1}}"#).unwrap();
        assert!(meta.group.labels.is_empty());
        assert_eq!(meta.sources, vec![meta.id]);
        assert!(meta.files.is_empty());
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
            (r#"{"ulid":"ID"}"#, "version is 0"),
            (r#"{"ulid":"ID","version":2}"#, "version is 2"),
            (r#"{"version":1}"#, "ulid is"),
            (
                r#"{"ulid":"01J9ZK3M7Q8T5V6W7X8Y9Z0A1C","version":1}"#,
                "ulid is",
            ),
            (r#"{"ulid":"ID","version":1,"minTime":1.5}"#, "minTime"),
            (
                r#"{"ulid":"ID","version":1,"thanos":[]}"#,
                "thanos is not an object",
            ),
            (
                r#"{"ulid":"ID","version":1,"thanos":{"labels":{"a":1}}}"#,
                "labels.a",
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
            ("[1]", "not an object"),
        ] {
            let err = parse(json).unwrap_err().to_string();
            assert!(err.contains(why), "{json}: {err}");
        }
    }

    #[test]
    fn segment_files_stand_in_for_a_missing_file_list() {
        let meta =
            parse(r#"{"ulid":"ID","version":1,"thanos":{"segment_files":["000001"]}}"#).unwrap();
        assert_eq!(meta.files[0].path, "chunks/000001");
        assert_eq!(meta.files[0].size_bytes, None);
    }
}
