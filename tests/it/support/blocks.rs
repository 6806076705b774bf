//! Blocks that look like Thanos' from outside: `meta.json` is exact, chunks and index are noise.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use ulid::Ulid;

/// Two hours, in milliseconds: the range of a fresh block.
pub const TWO_HOURS_MS: i64 = 2 * 60 * 60 * 1000;

/// 2025-01-06T00:00:00Z, in milliseconds.
pub const EPOCH_MS: i64 = 1_736_121_600_000;

/// A block to be: by default a raw one of cluster `eu-1` at level 1, whose range is the n-th window of two hours since [`EPOCH_MS`].
#[derive(Debug, Clone)]
pub struct Block {
    number: u64,
    labels: Vec<(&'static str, String)>,
    range_ms: (i64, i64),
    resolution_ms: i64,
    level: u32,
    sources: Vec<String>,
    chunk_bytes: Vec<usize>,
    without: Vec<&'static str>,
    file_list: bool,
    marked_by: Option<String>,
}

impl Block {
    /// The block of that number; equal numbers and ranges are the same block, byte for byte.
    pub fn new(number: u64) -> Self {
        let start = EPOCH_MS + i64::try_from(number).unwrap() * TWO_HOURS_MS;
        Self {
            number,
            labels: vec![("cluster", "eu-1".to_owned())],
            range_ms: (start, start + TWO_HOURS_MS),
            resolution_ms: 0,
            level: 1,
            sources: Vec::new(),
            chunk_bytes: vec![1500],
            without: Vec::new(),
            file_list: true,
            marked_by: None,
        }
    }

    /// With these external labels instead.
    pub fn labels(mut self, labels: &[(&'static str, &str)]) -> Self {
        self.labels = labels
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        self
    }

    /// With samples from one time to before another, in milliseconds since the epoch.
    pub fn range(mut self, min_time_ms: i64, max_time_ms: i64) -> Self {
        self.range_ms = (min_time_ms, max_time_ms);
        self
    }

    /// Downsampled: 300000 or 3600000.
    pub fn resolution(mut self, milliseconds: i64) -> Self {
        self.resolution_ms = milliseconds;
        self
    }

    /// Compacted so often.
    pub fn level(mut self, level: u32) -> Self {
        self.level = level;
        self
    }

    /// Compacted out of these.
    pub fn sources(mut self, blocks: &[&Block]) -> Self {
        self.sources = blocks.iter().map(|block| block.id()).collect();
        self
    }

    /// With a chunk segment of each of these sizes.
    pub fn chunk_bytes(mut self, sizes: &[usize]) -> Self {
        self.chunk_bytes = sizes.to_vec();
        self
    }

    /// Damaged: lacking the object of that name.
    pub fn without(mut self, object: &'static str) -> Self {
        self.without.push(object);
        self
    }

    /// As Thanos before 0.17 wrote it: `meta.json` names no files.
    pub fn without_file_list(mut self) -> Self {
        self.file_list = false;
        self
    }

    /// With a deletion mark of these details.
    pub fn marked(mut self, details: &str) -> Self {
        self.marked_by = Some(details.to_owned());
        self
    }

    /// Its id: the end of its range and its number.
    pub fn id(&self) -> String {
        let made_ms = u64::try_from(self.range_ms.1).unwrap();
        Ulid::from_parts(made_ms, u128::from(self.number)).to_string()
    }

    /// The content of its `meta.json`.
    pub fn meta(&self) -> Vec<u8> {
        let id = self.id();
        let sources = match self.sources.as_slice() {
            [] => vec![id.clone()],
            sources => sources.to_vec(),
        };
        let labels: serde_json::Map<_, _> = self
            .labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())))
            .collect();
        let mut thanos = json!({
            "labels": labels,
            "downsample": {"resolution": self.resolution_ms},
            "source": if self.level == 1 { "sidecar" } else { "compactor" },
            "index_stats": {},
            "upload_time": "2025-01-06T02:00:00Z",
        });
        if self.file_list {
            let mut files: Vec<_> = self
                .data()
                .into_iter()
                .map(|(name, content)| json!({"rel_path": name, "size_bytes": content.len()}))
                .collect();
            files.push(json!({"rel_path": "meta.json"}));
            thanos["files"] = files.into();
        }
        let meta = json!({
            "ulid": id,
            "minTime": self.range_ms.0,
            "maxTime": self.range_ms.1,
            "stats": {"numSamples": 240, "numSeries": 2, "numChunks": 2},
            "compaction": {"level": self.level, "sources": sources},
            "version": 1,
            "thanos": thanos,
        });
        let mut text = serde_json::to_vec_pretty(&meta).unwrap();
        text.push(b'\n');
        text
    }

    /// Its chunk segments and its index, whole.
    fn data(&self) -> Vec<(String, Vec<u8>)> {
        let chunks = self
            .chunk_bytes
            .iter()
            .zip(1..)
            .map(|(size, segment): (_, u64)| {
                (
                    format!("chunks/{segment:06}"),
                    noise(self.number + segment, *size),
                )
            });
        let index = ("index".to_owned(), noise(self.number, 700));
        chunks.chain([index]).collect()
    }

    /// Writes it into a folder bucket.
    pub fn write_to(&self, bucket: &Path) {
        let mut objects = self.data();
        objects.push(("meta.json".to_owned(), self.meta()));
        if let Some(details) = &self.marked_by {
            let mark = json!({"id": self.id(), "version": 1, "details": details, "deletion_time": EPOCH_MS / 1000});
            objects.push((
                "deletion-mark.json".to_owned(),
                mark.to_string().into_bytes(),
            ));
        }
        for (name, content) in objects {
            if !self.without.contains(&name.as_str()) {
                let path = bucket.join(self.id()).join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, content).unwrap();
            }
        }
    }
}

/// So many bytes that do not compress and are always the same (xorshift).
fn noise(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}
