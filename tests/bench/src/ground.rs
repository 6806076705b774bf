//! Where blocks move: a source that is filled once, and a target that is new for each run.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::work::Block;

/// A source and a target of one kind of bucket.
pub trait Ground {
    /// How programs find the two.
    fn site(&self) -> &Site;

    /// Puts blocks into the source.
    fn fill(&self, blocks: &[Block]) -> Result<()>;

    /// Makes the target anew, empty, and removes the marks from the source. Returns once nothing of that is still going on.
    fn reset(&self) -> Result<()>;

    /// What lies in the source.
    fn source(&self) -> Result<Held>;

    /// What lies in the target.
    fn target(&self) -> Result<Held>;

    /// The requests that the server has answered so far; nothing where there is none.
    fn requests(&self) -> Result<Option<u32>>;
}

/// How programs find a source and a target.
#[derive(Debug, Clone)]
pub struct Site {
    /// The server's URL; empty where there is none.
    pub endpoint: String,
    /// The certificate that the server presents, where it speaks TLS.
    pub certificate: Option<PathBuf>,
    pub access_key: String,
    pub secret_key: String,
    /// Names of buckets, or paths of folders.
    pub source: String,
    pub target: String,
    /// Files with the same in Thanos' format.
    pub source_config: PathBuf,
    pub target_config: PathBuf,
    /// The target once more, where possible with `send_content_md5: false`.
    pub target_config_without_md5: PathBuf,
}

/// What lies in a bucket, marks of deletion counted apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    pub objects: usize,
    pub bytes: u64,
    pub published: usize,
    pub marks: usize,
}

/// The name of the mark by which a block is deleted.
pub const MARK: &str = "deletion-mark.json";

impl Held {
    /// Counts an object.
    pub fn add(&mut self, name: &str, bytes: u64) {
        if name.ends_with(MARK) {
            self.marks += 1;
            return;
        }
        self.objects += 1;
        self.bytes += bytes;
        self.published += usize::from(name.ends_with("/meta.json"));
    }

    /// Whole blocks without marks.
    pub fn of(blocks: &[Block]) -> Self {
        let mut held = Self::default();
        for object in blocks.iter().flat_map(Block::objects) {
            held.add(
                &object.name,
                u64::try_from(object.bytes()).unwrap_or(u64::MAX),
            );
        }
        held
    }

    /// The same with a mark on each block.
    pub fn marked(self) -> Self {
        Self {
            marks: self.published,
            ..self
        }
    }
}

/// Holds what lies there against what should.
pub fn expect(place: &str, is: Held, should_be: Held) -> Result<()> {
    ensure!(
        is == should_be,
        "the {place} holds {is:?}, and should hold {should_be:?}"
    );
    Ok(())
}
