//! Blocks that look like Thanos' from outside: `meta.json` is exact, chunks and index are noise.

use serde_json::{Value, json};
use ulid::Ulid;

use super::world::Contents;

/// Two hours, in milliseconds: the range of a fresh block.
pub const TWO_HOURS_MS: i64 = 2 * 60 * 60 * 1000;

/// 2025-01-06T00:00:00Z, in milliseconds.
pub const EPOCH_MS: i64 = 1_736_121_600_000;

/// The first of January 2025, in milliseconds: where [`Block::days`] count from.
const YEAR_2025_MS: i64 = 1_735_689_600_000;

/// The resolutions of downsampled blocks, in milliseconds.
pub const FIVE_MINUTES_MS: i64 = 300_000;
pub const ONE_HOUR_MS: i64 = 3_600_000;

/// What a test calls a block.
#[derive(Debug, Clone, Copy)]
pub enum Name {
    /// Its id begins with the end of its range, as Thanos' ids do.
    Number(u64),
    /// Its id ends with the letter, whatever its range is: see [`id`].
    Letter(char),
}

impl From<u64> for Name {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<char> for Name {
    fn from(letter: char) -> Self {
        Self::Letter(letter)
    }
}

impl Name {
    fn number(self) -> u64 {
        match self {
            Self::Number(number) => number,
            Self::Letter(letter) => 16 * u64::from(letter),
        }
    }
}

/// A block to be: by default a raw one of cluster `eu-1` at level 1, whose range is the n-th window of two hours since [`EPOCH_MS`]. One with a
/// number has one segment, and one with a letter, two.
#[derive(Debug, Clone)]
pub struct Block {
    name: Name,
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
    /// The block of that number or letter; equal names and ranges are the same block, byte for byte.
    pub fn new(name: impl Into<Name>) -> Self {
        let name = name.into();
        let start = EPOCH_MS + i64::try_from(name.number()).unwrap() * TWO_HOURS_MS;
        Self {
            name,
            labels: vec![("cluster", "eu-1".to_owned())],
            range_ms: (start, start + TWO_HOURS_MS),
            resolution_ms: 0,
            level: 1,
            sources: Vec::new(),
            chunk_bytes: match name {
                Name::Number(_) => vec![1500],
                Name::Letter(_) => vec![60, 60],
            },
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

    /// Of another cluster.
    pub fn cluster(self, cluster: &str) -> Self {
        self.labels(&[("cluster", cluster)])
    }

    /// With samples of whole days, counted from the beginning of 2025.
    pub fn days(self, first: i64, end: i64) -> Self {
        const DAY_MS: i64 = 24 * ONE_HOUR_MS;
        self.range(YEAR_2025_MS + first * DAY_MS, YEAR_2025_MS + end * DAY_MS)
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
    pub fn made_of(mut self, blocks: &[&Block]) -> Self {
        self.sources = blocks.iter().map(|block| block.id()).collect();
        self
    }

    /// Compacted out of the blocks of these letters, which need not be anywhere.
    pub fn sources(mut self, letters: &str) -> Self {
        self.sources = letters.chars().map(id).collect();
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

    /// Its id.
    pub fn id(&self) -> String {
        match self.name {
            Name::Letter(letter) => id(letter),
            Name::Number(number) => {
                let made_ms = u64::try_from(self.range_ms.1).unwrap();
                Ulid::from_parts(made_ms, u128::from(number)).to_string()
            }
        }
    }

    /// Its first millisecond, and that after its last.
    pub fn range_of(&self) -> (i64, i64) {
        self.range_ms
    }

    /// The content of its `meta.json`.
    pub fn meta_json(&self) -> Vec<u8> {
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
        let number = self.name.number();
        let chunks = self
            .chunk_bytes
            .iter()
            .zip(1..)
            .map(|(size, segment): (_, u64)| {
                (
                    format!("chunks/{segment:06}"),
                    noise(number + segment, *size),
                )
            });
        let index = ("index".to_owned(), noise(number, 700));
        chunks.chain([index]).collect()
    }

    /// Its objects, `meta.json` last.
    pub fn objects(&self) -> Vec<(String, Vec<u8>)> {
        let mut objects = self.data();
        if let Some(details) = &self.marked_by {
            let mark = json!({"id": self.id(), "version": 1, "details": details, "deletion_time": EPOCH_MS / 1000});
            let mark = mark.to_string().into_bytes();
            objects.push(("deletion-mark.json".to_owned(), mark));
        }
        objects.push(("meta.json".to_owned(), self.meta_json()));
        objects.retain(|(name, _)| !self.without.contains(&name.as_str()));
        objects
            .into_iter()
            .map(|(name, content)| (format!("{}/{name}", self.id()), content))
            .collect()
    }

    /// Puts it into a bucket.
    pub fn write_to(&self, bucket: &impl Contents) {
        for (name, content) in self.objects() {
            bucket.put(&name, content);
        }
    }
}

/// The id that ends with a letter.
pub fn id(letter: char) -> String {
    format!("01J9ZK3M7Q8T5V6W7X8Y9Z0A1{letter}")
}

/// The name of an object of the block of that letter.
pub fn object(letter: char, name: &str) -> String {
    format!("{}/{name}", id(letter))
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
