//! The data that is moved: blocks that look like Thanos' from outside, the same bytes every time. `meta.json` is exact, chunks and index are noise.

use serde_json::json;
use ulid::Ulid;

/// How much data a work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// What the targets are about.
    Whole,
    /// A little of it, to see that everything works.
    Quick,
}

/// Thanos puts larger objects in parts of this size, and everything else at once.
pub const PART_BYTES: usize = 64 << 20;

/// Thanos begins another segment after this.
const SEGMENT_BYTES: usize = 512 << 20;

const HOUR_MS: i64 = 60 * 60 * 1000;

/// The windows in which a compactor leaves old blocks, and which thanos-bucket's units are made of.
const WINDOW_MS: i64 = 14 * 24 * HOUR_MS;

/// The first window in 2021.
const FIRST_WINDOW_MS: i64 = 1334 * WINDOW_MS;

/// A block to be. Its number tells it from every other one of a work.
#[derive(Debug, Clone)]
pub struct Block {
    number: u32,
    cluster: u32,
    range_ms: (i64, i64),
    /// Of its segments and its index together.
    data_bytes: usize,
}

/// So many blocks of that much data, as a compactor leaves them: of 50 clusters, and one for each 14 days of each.
pub fn blocks(numbers: std::ops::Range<u32>, data_bytes: usize) -> Vec<Block> {
    let block = |number: u32| {
        let from = FIRST_WINDOW_MS + i64::from(number / 50) * WINDOW_MS;
        Block {
            number,
            cluster: number % 50,
            range_ms: (from, from + WINDOW_MS),
            data_bytes,
        }
    };
    numbers.map(block).collect()
}

/// At most 28 blocks of that much data, which share a cluster and 14 days, so that they are published one after the other.
pub fn blocks_of_one_unit(count: u32, data_bytes: usize) -> Vec<Block> {
    let block = |number: u32| {
        let from = FIRST_WINDOW_MS + i64::from(number) * 12 * HOUR_MS;
        Block {
            number,
            cluster: 0,
            range_ms: (from, from + 12 * HOUR_MS),
            data_bytes,
        }
    };
    (0..count).map(block).collect()
}

impl Block {
    /// Its segments, its index and its `meta.json`, in the order in which Thanos puts them.
    pub fn objects(&self) -> Vec<Object> {
        let index_bytes = self.data_bytes / 9;
        let mut files = Vec::new();
        let mut left = self.data_bytes - index_bytes;
        for segment in 1.. {
            files.push((format!("chunks/{segment:06}"), left.min(SEGMENT_BYTES)));
            left = left.saturating_sub(SEGMENT_BYTES);
            if left == 0 {
                break;
            }
        }
        files.push(("index".to_owned(), index_bytes));
        let meta = self.meta_json(&files);
        let id = self.id();
        let mut objects: Vec<_> = files
            .into_iter()
            .zip(1..)
            .map(|((name, bytes), file)| Object {
                name: format!("{id}/{name}"),
                content: Content::Noise {
                    seed: u64::from(self.number) << 32 | file << 16,
                    bytes,
                },
            })
            .collect();
        objects.push(Object {
            name: format!("{id}/meta.json"),
            content: Content::Text(meta),
        });
        objects
    }

    fn id(&self) -> Ulid {
        ulid(self.range_ms.1, u128::from(self.number))
    }

    fn meta_json(&self, files: &[(String, usize)]) -> String {
        let (from, to) = self.range_ms;
        let sources = (1..=3).map(|source| ulid(to, u128::from(self.number) << 8 | source));
        let mut listed: Vec<_> = files
            .iter()
            .map(|(name, bytes)| json!({"rel_path": name, "size_bytes": bytes}))
            .collect();
        listed.push(json!({"rel_path": "meta.json"}));
        let meta = json!({
            "ulid": self.id().to_string(),
            "minTime": from,
            "maxTime": to,
            "stats": {"numSamples": 240, "numSeries": 2, "numChunks": 2},
            "compaction": {"level": 4, "sources": sources.map(|id| id.to_string()).collect::<Vec<_>>()},
            "version": 1,
            "thanos": {
                "labels": {"cluster": format!("eu-{}", self.cluster)},
                "downsample": {"resolution": 0},
                "source": "compactor",
                "files": listed,
                "index_stats": {},
            },
        });
        format!("{meta:#}\n")
    }
}

/// An object of a block.
#[derive(Debug)]
pub struct Object {
    pub name: String,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Noise { seed: u64, bytes: usize },
    Text(String),
}

impl Object {
    /// Its length.
    pub fn bytes(&self) -> usize {
        match &self.content {
            Content::Noise { bytes, .. } => *bytes,
            Content::Text(text) => text.len(),
        }
    }

    /// Its content, in the parts in which Thanos puts it, one after the other.
    pub fn parts(&self) -> impl Iterator<Item = Vec<u8>> {
        (0..self.bytes().div_ceil(PART_BYTES)).map(|part| match &self.content {
            Content::Noise { seed, bytes } => {
                let length = (bytes - part * PART_BYTES).min(PART_BYTES);
                noise(seed | u64::try_from(part).unwrap_or_default(), length)
            }
            Content::Text(text) => text.clone().into_bytes(),
        })
    }
}

fn ulid(ms: i64, random: u128) -> Ulid {
    Ulid::from_parts(u64::try_from(ms).unwrap_or_default(), random)
}

/// So many bytes that do not compress and are always the same (xorshift).
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
