//! What a run tells about itself while it goes on: two totals and two counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// How far a run is. Shared between those who work and those who watch; never waits.
#[derive(Debug, Default)]
pub struct Progress {
    blocks_done: AtomicU64,
    blocks_total: AtomicU64,
    bytes_done: AtomicU64,
    bytes_total: AtomicU64,
}

/// A [`Progress`] at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// Blocks that have come to an end, whichever.
    pub blocks_done: u64,
    /// Blocks of the plan; 0 while there is no plan.
    pub blocks_total: u64,
    /// Bytes moved, at most [`bytes_total`](Self::bytes_total).
    pub bytes_done: u64,
    /// Bytes that the plan wants moved.
    pub bytes_total: u64,
}

impl Progress {
    /// The plan is made: so much is to be done.
    pub fn start(&self, blocks: u64, bytes: u64) {
        self.bytes_total.store(bytes, Ordering::Relaxed);
        self.blocks_total.store(blocks, Ordering::Relaxed);
    }

    /// A block has come to its end, whichever it was.
    pub fn block_done(&self) {
        self.blocks_done.fetch_add(1, Ordering::Relaxed);
    }

    /// So many more bytes were moved; bytes that are moved once more count once more.
    pub fn bytes_moved(&self, n: u64) {
        self.bytes_done.fetch_add(n, Ordering::Relaxed);
    }

    /// How far the run is now. Repeated work never shows as more than everything.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let blocks_total = self.blocks_total.load(Ordering::Relaxed);
        let bytes_total = self.bytes_total.load(Ordering::Relaxed);
        Snapshot {
            blocks_done: self.blocks_done.load(Ordering::Relaxed).min(blocks_total),
            blocks_total,
            bytes_done: self.bytes_done.load(Ordering::Relaxed).min(bytes_total),
            bytes_total,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_done_twice_never_shows_as_more_than_everything() {
        let progress = Progress::default();
        progress.start(2, 100);
        progress.block_done();
        progress.bytes_moved(70);
        assert_eq!(
            progress.snapshot(),
            Snapshot {
                blocks_done: 1,
                blocks_total: 2,
                bytes_done: 70,
                bytes_total: 100
            }
        );
        progress.bytes_moved(70);
        assert_eq!(progress.snapshot().bytes_done, 100);
    }
}
