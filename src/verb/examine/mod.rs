//! Opens the index and the chunks of one block, and looks whether they are data that can be read.

mod ahead;
mod stats;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

use crate::block::{BlockMeta, Inventory, META_JSON};
use crate::bucket::BucketReader;
use crate::error::{Error, Kind, Result};
use crate::progress::BlockProgress;
use crate::stored::read_listed;
use crate::tsdb::{Block, Counts, Findings, Segment, check, memory_bytes};
use ahead::Files;

/// So many findings of each kind are kept of a block; the others are counted.
const KEPT: usize = 20;

/// Opens blocks, so many at once as there is memory for.
#[derive(Debug)]
pub struct Examiner {
    /// How many threads work on one block.
    threads: usize,
    room: Semaphore,
}

/// What was found in a block.
#[derive(Debug)]
pub struct Examined {
    /// What is in it.
    pub counts: Counts,
    /// What is wrong with it.
    pub findings: Findings,
}

impl Examiner {
    /// For up to so many blocks at once, within so many bytes of memory and on so many processors.
    #[must_use]
    pub fn new(blocks: NonZeroUsize, budget_bytes: usize, processors: NonZeroUsize) -> Self {
        let (at_once, threads) = shared_out(blocks.get(), budget_bytes, processors.get());
        Self {
            threads,
            room: Semaphore::new(at_once),
        }
    }

    /// Reads every byte of the block's index, chunks and tombstones, as they were listed. The block must be whole.
    ///
    /// Errors: what kept a byte from being read. [`Kind::Changed`] and [`Kind::NotFound`] where an object is another one by now, or is gone.
    pub async fn examine(
        &self,
        bucket: &BucketReader,
        meta: &BlockMeta,
        objects: &Inventory,
        progress: &Arc<BlockProgress>,
    ) -> Result<Examined> {
        // It is never closed.
        let _room = self.room.acquire().await;
        let id = meta.id;
        let attempt = || format!("open {id} in {}", bucket.location());
        let block = described(bucket, meta, objects).await?;
        let files = Files::new(bucket, id, objects, progress, Handle::current());
        let threads = self.threads;
        let (tell, told) = oneshot::channel();
        // Whoever waits for it no more ends it, at its next read.
        let _ended = files.ends().clone().drop_guard();
        let work = move || {
            let mut findings = Findings::new(KEPT);
            let checked = check(&files, &block, threads, &mut findings);
            // Nobody may be there to be told.
            let _ = tell.send(checked.map(|counts| Examined { counts, findings }));
        };
        // Threads of the runtime read files: one that waits for them must be none of them.
        let started = thread::Builder::new().name("examine".to_owned());
        let started = started.spawn(work);
        started.map_err(|err| Error::new(Kind::Other, attempt()).because(err))?;
        told.await.unwrap_or_else(|_| {
            let why = "a fault of this program ended it: please report it";
            Err(Error::new(Kind::Other, attempt()).because(why))
        })
    }
}

/// How many blocks are opened at once, and how many threads work on each: as many blocks as there is memory for, and no processor idle.
fn shared_out(blocks: usize, budget_bytes: usize, processors: usize) -> (usize, usize) {
    let threads = |blocks: usize| (processors / blocks).max(1);
    let fits = |blocks: &usize| {
        let each = memory_bytes(threads(*blocks)) + Files::MEMORY_BYTES;
        each.saturating_mul(*blocks) <= budget_bytes
    };
    let at_once = (1..=blocks).rev().find(fits).unwrap_or(1);
    (at_once, threads(at_once))
}

/// The block as its `meta.json` and its listing tell of it.
async fn described(bucket: &BucketReader, meta: &BlockMeta, objects: &Inventory) -> Result<Block> {
    let size = |name: &str| objects.get(name).map(|object| object.size_bytes);
    let json = match objects.get(META_JSON) {
        Some(listed) => read_listed(bucket, meta.id, listed).await?,
        None => None,
    };
    let stats = json.map(|json| stats::of(&json)).unwrap_or_default();
    let segments = objects.data().filter_map(|object| {
        let name = object.name.strip_prefix("chunks/")?;
        Some(Segment {
            name: name.to_owned(),
            size: object.size_bytes,
        })
    });
    Ok(Block {
        index_size: size("index").unwrap_or_default(),
        segments: segments.collect(),
        tombstones_size: size("tombstones"),
        min_time: meta.min_time_ms,
        max_time: meta.max_time_ms,
        stats: if meta.group.resolution_ms > 0 {
            stats.downsampled()
        } else {
            stats
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-13.8
    #[test]
    fn memory_bounds_the_blocks_and_processors_go_to_those_there_are() {
        const MIB: usize = 1 << 20;
        for (blocks, budget, processors, expected) in [
            (10, 128, 2, (2, 1)),
            (10, 128, 8, (1, 8)),
            (10, 1024, 8, (10, 1)),
            (1, 128, 4, (1, 4)),
            (3, 4096, 16, (3, 5)),
            // With too little, one block is opened all the same.
            (10, 1, 1, (1, 1)),
        ] {
            let shared = shared_out(blocks, budget * MIB, processors);
            assert_eq!(shared, expected, "{blocks} {budget} {processors}");
        }
    }
}
