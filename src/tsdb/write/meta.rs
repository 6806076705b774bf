//! meta.json of a block that is written here, and its name.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::super::disk::failed;
use super::output::{WrittenFile, sync};
use super::told::{About, CHUNKS, Written};
use crate::block::{BlockId, META_JSON};
use crate::error::{Error, Kind, Result};

/// Who is told to have made the block.
const SOURCE: &str = "backfill";

/// What Thanos and Prometheus read, in the order in which they write it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    ulid: String,
    min_time: i64,
    max_time: i64,
    stats: Stats,
    compaction: Compaction,
    version: u8,
    thanos: Thanos<'a>,
}

#[derive(Serialize)]
struct Stats {
    #[serde(rename = "numSamples")]
    samples: u64,
    #[serde(rename = "numFloatSamples", skip_serializing_if = "is_none")]
    float_samples: u64,
    #[serde(rename = "numHistogramSamples", skip_serializing_if = "is_none")]
    histogram_samples: u64,
    #[serde(rename = "numSeries")]
    series: u64,
    #[serde(rename = "numChunks")]
    chunks: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_none(count: &u64) -> bool {
    *count == 0
}

#[derive(Serialize)]
struct Compaction {
    level: u8,
    sources: [String; 1],
}

#[derive(Serialize)]
struct Thanos<'a> {
    version: u8,
    labels: &'a BTreeMap<String, String>,
    downsample: Downsample,
    source: &'static str,
    segment_files: Vec<&'a str>,
    files: Vec<Listed<'a>>,
    index_stats: IndexStats,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<&'a serde_json::Value>,
}

#[derive(Serialize)]
struct Downsample {
    resolution: u8,
}

#[derive(Serialize)]
struct Listed<'a> {
    rel_path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<Hash<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Hash<'a> {
    hash_func: &'static str,
    value: &'a str,
}

/// How much Thanos reads at once.
#[derive(Serialize)]
struct IndexStats {
    series_max_size: u64,
    chunk_max_size: u64,
}

/// What ids of blocks have in common that are told the same beside their series, and end at the same time: it is left in the sources of whatever
/// is compacted of them.
#[must_use]
pub fn kinship(
    labels: &BTreeMap<String, String>,
    extensions: &serde_json::Value,
) -> [u8; KIN_BYTES] {
    let mut digest = Sha256::new();
    for (name, value) in labels {
        digest.update((name.len() as u64).to_be_bytes());
        digest.update(name);
        digest.update((value.len() as u64).to_be_bytes());
        digest.update(value);
    }
    digest.update(extensions.to_string());
    digest.finalize().first_chunk().copied().unwrap_or_default()
}

/// So many bytes of an id tell the kinship.
const KIN_BYTES: usize = 5;

/// The name of a block: its time is the end of the range, and the rest a hash of all that decides what the block is; of one with extensions the first
/// half is its kinship.
pub(super) fn id(about: &About, min_time: i64, files: &[WrittenFile]) -> Result<BlockId> {
    let files = files.iter();
    let files: Vec<_> = files
        .map(|file| (&file.path, file.size_bytes, &file.sha256))
        .collect();
    let decides = (
        SOURCE,
        min_time,
        about.max_time_ms,
        &about.labels,
        &about.extensions,
        files,
    );
    let told = serde_json::to_vec(&decides).map_err(untellable)?;
    let digest = Sha256::digest(told);
    let mut rest: [u8; 10] = digest.first_chunk().copied().unwrap_or_default();
    if let (Some(extensions), Some(kin)) = (&about.extensions, rest.first_chunk_mut()) {
        *kin = kinship(&about.labels, extensions);
    }
    // Ids tell no time before 1970, and none after 10889.
    let time = u64::try_from(about.max_time_ms).unwrap_or_default();
    let id = BlockId::of(time.min((1 << 48) - 1), rest);
    id.ok_or_else(|| Error::new(Kind::Other, "name a block"))
}

/// Writes it into the block's folder, whose other files are whole.
pub(super) fn write(
    folder: &Path,
    about: &About,
    written: &Written,
    largest_chunk: u64,
    largest_series: u64,
) -> Result<()> {
    let (stats, files) = (written.stats, &written.files);
    let listed = files.iter().map(|file| Listed {
        rel_path: &file.path,
        size_bytes: Some(file.size_bytes),
        hash: Some(Hash {
            hash_func: "SHA256",
            value: &file.sha256,
        }),
    });
    let itself = Listed {
        rel_path: META_JSON,
        size_bytes: None,
        hash: None,
    };
    let meta = Meta {
        ulid: written.id.to_string(),
        min_time: written.min_time_ms,
        max_time: written.max_time_ms,
        stats: Stats {
            samples: stats.samples.unwrap_or_default(),
            float_samples: stats.float_samples.unwrap_or_default(),
            histogram_samples: stats.histogram_samples.unwrap_or_default(),
            series: stats.series.unwrap_or_default(),
            chunks: stats.chunks.unwrap_or_default(),
        },
        compaction: Compaction {
            level: 1,
            sources: [written.id.to_string()],
        },
        version: 1,
        thanos: Thanos {
            version: 1,
            labels: &about.labels,
            downsample: Downsample { resolution: 0 },
            source: SOURCE,
            segment_files: files.iter().filter_map(segment_name).collect(),
            files: listed.chain([itself]).collect(),
            index_stats: IndexStats {
                series_max_size: largest_series,
                chunk_max_size: largest_chunk,
            },
            extensions: about.extensions.as_ref(),
        },
    };
    let mut text = Vec::new();
    let tabs = serde_json::ser::PrettyFormatter::with_indent(b"\t");
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, tabs);
    meta.serialize(&mut serializer).map_err(untellable)?;
    text.push(b'\n');

    // It shows at once and whole.
    let (path, staged) = (folder.join(META_JSON), folder.join("meta.json.tmp"));
    let put = || {
        let mut file = File::create(&staged)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&staged, &path)
    };
    put().map_err(|err| failed("write", &path, err))?;
    sync(folder)
}

fn segment_name(file: &WrittenFile) -> Option<&str> {
    file.path.strip_prefix(CHUNKS)?.strip_prefix('/')
}

fn untellable(err: serde_json::Error) -> Error {
    Error::new(Kind::Other, format!("write {META_JSON}")).because(err)
}
