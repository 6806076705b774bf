//! Blocks that appear in a bucket while a run goes on: a compactor may make one out of blocks that this run is about to publish or mark, or has
//! published.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::debug;

use super::look::{FRESH, Look};
use crate::block::{BlockId, BlockMeta, Completeness, MetaFile};
use crate::bucket::BucketReader;
use crate::error::Result;
use crate::plan::supersedes;
use crate::stored::read_meta;

/// Watches a bucket. One listing serves everybody who asked before it began.
#[derive(Debug)]
pub(super) struct Watch {
    bucket: BucketReader,
    asked: AtomicU64,
    seen: Mutex<Seen>,
}

/// What a directory held when it was surveyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Directory {
    /// A block, even one whose `meta.json` cannot be read.
    Published,
    /// No `meta.json`.
    Partial,
}

/// Which listing is good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    /// One that begins after the question.
    Now,
    /// One that is fresh: for those who ask one after the other.
    AMomentAgo,
}

#[derive(Debug)]
struct Seen {
    /// The latest listing serves every question with a smaller number.
    served: u64,
    /// When the latest listing began.
    listed: Option<Instant>,
    /// Blocks whose metas need not be read: there when the bucket was surveyed, or read since.
    known: HashSet<BlockId>,
    /// Directories without a whole and unmarked block.
    unfinished: HashMap<BlockId, Patience>,
    newcomers: Arc<Vec<Arc<MetaFile>>>,
}

/// How often a directory was looked at in vain, and when it is looked at again: an upload under way ends soon, and one that was broken off
/// never does.
#[derive(Debug, Clone, Copy)]
struct Patience {
    looks: u32,
    next: Instant,
}

/// So many looks follow each other without a pause.
const LOOKS: u32 = 8;

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);

impl Patience {
    fn after(looks: u32) -> Self {
        Self {
            looks,
            next: Instant::now() + Self::pause(looks),
        }
    }

    /// For a directory that was unfinished when the bucket was surveyed: its upload was most likely broken off, so it is first looked at after a
    /// minute.
    fn of_a_leftover() -> Self {
        Self::after(LOOKS + 6)
    }

    fn pause(looks: u32) -> Duration {
        let Some(doublings) = looks.checked_sub(LOOKS) else {
            return Duration::ZERO;
        };
        let pause = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        LONGEST_PAUSE.min(Duration::from_secs(pause.into()))
    }
}

impl Watch {
    /// Knows every directory that was there when the bucket was surveyed.
    pub(super) fn new(
        bucket: BucketReader,
        surveyed: impl Iterator<Item = (BlockId, Directory)>,
    ) -> Self {
        let (mut known, mut unfinished) = (HashSet::new(), HashMap::new());
        for (id, directory) in surveyed {
            match directory {
                Directory::Published => {
                    known.insert(id);
                }
                Directory::Partial => {
                    unfinished.insert(id, Patience::of_a_leftover());
                }
            }
        }
        Self {
            bucket,
            asked: AtomicU64::new(0),
            seen: Mutex::new(Seen {
                served: 0,
                listed: None,
                known,
                unfinished,
                newcomers: Arc::default(),
            }),
        }
    }

    /// Whole, unmarked blocks that appeared since the survey. The look is as old as the listing that showed them.
    pub(super) async fn newcomers(&self, since: Since) -> Result<Look<Arc<Vec<Arc<MetaFile>>>>> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        let mut seen = self.seen.lock().await;
        let is_good = |listed: &Instant| {
            seen.served > number || (since == Since::AMomentAgo && listed.elapsed() <= FRESH)
        };
        if let Some(listed) = seen.listed.filter(is_good) {
            return Ok(Look::of(listed, Arc::clone(&seen.newcomers)));
        }
        let serves = self.asked.load(Ordering::SeqCst);
        let began = Instant::now();
        for id in self.bucket.list_block_ids().await? {
            self.look_at(id, &mut seen).await?;
        }
        seen.served = serves;
        seen.listed = Some(began);
        Ok(Look::of(began, Arc::clone(&seen.newcomers)))
    }

    async fn look_at(&self, id: BlockId, seen: &mut Seen) -> Result<()> {
        let patience = seen.unfinished.get(&id).copied();
        let waits = patience.is_some_and(|patience| Instant::now() < patience.next);
        if waits || seen.known.contains(&id) {
            return Ok(());
        }
        match self.block(id).await {
            Ok(Some(meta)) => {
                seen.unfinished.remove(&id);
                seen.known.insert(id);
                Arc::make_mut(&mut seen.newcomers).push(Arc::new(meta));
                return Ok(());
            }
            // A block that is being uploaded or deleted.
            Ok(None) => {}
            Err(err) if err.kind().says_nothing_of_the_block() => return Err(err),
            Err(err) => {
                debug!(block = %id, err = format!("{err:#}"), "new block left alone");
            }
        }
        let looks = patience.map_or(0, |patience| patience.looks);
        seen.unfinished.insert(id, Patience::after(looks + 1));
        Ok(())
    }

    /// The `meta.json` of a block that is whole and not marked.
    async fn block(&self, id: BlockId) -> Result<Option<MetaFile>> {
        let objects = self.bucket.list_block(id).await?;
        let listed = objects.meta().filter(|_| !objects.is_marked());
        if listed.is_none() {
            return Ok(None);
        }
        let Some((meta, _)) = read_meta(&self.bucket, id, listed).await? else {
            return Ok(None);
        };
        let lacks = matches!(objects.completeness(&meta.block), Completeness::Lacks(_));
        Ok((!lacks).then_some(meta))
    }

    /// A block that appeared since the survey and holds all of this one.
    pub(super) async fn superseding(
        &self,
        block: &BlockMeta,
        since: Since,
    ) -> Result<Look<Option<BlockId>>> {
        let newcomers = self.newcomers(since).await?;
        Ok(newcomers.map(|newcomers| {
            let superseding = newcomers.iter().find(|new| supersedes(&new.block, block));
            superseding.map(|new| new.block.id)
        }))
    }

    /// A block that appeared since the survey, and which a compactor must not find beside this one. Those that another bucket had all along, as
    /// `others` knows, are left alone: it has them beside each other, too.
    pub(super) async fn clashing(
        &self,
        block: &BlockMeta,
        since: Since,
        others: &Self,
    ) -> Result<Look<Option<BlockId>>> {
        let newcomers = self.newcomers(since).await?;
        let others = others.seen.lock().await;
        Ok(newcomers.map(|newcomers| {
            let clashing = newcomers
                .iter()
                .find(|new| new.block.clashes_with(block) && !others.known.contains(&new.block.id));
            clashing.map(|new| new.block.id)
        }))
    }

    /// A block of the same labels and finer resolution that appeared since the survey and shares a source with this one.
    pub(super) async fn finer_kin(
        &self,
        block: &BlockMeta,
        since: Since,
    ) -> Result<Look<Option<BlockId>>> {
        if block.group.resolution_ms == 0 {
            return Ok(Look::of(Instant::now(), None));
        }
        let newcomers = self.newcomers(since).await?;
        Ok(newcomers.map(|newcomers| {
            let kin = newcomers.iter().find(|new| {
                new.block.group.labels == block.group.labels
                    && new.block.group.resolution_ms < block.group.resolution_ms
                    && new.block.shares_a_source_with(block)
            });
            kin.map(|new| new.block.id)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_directory_that_stays_unfinished_is_looked_at_ever_more_rarely() {
        let seconds = |looks| Patience::pause(looks).as_secs();
        assert_eq!([0, 7, 8, 9, 14].map(seconds), [0, 0, 1, 2, 64]);
        assert_eq!([18, 40, 41, 100].map(seconds), [600; 4]);
        assert!(Patience::of_a_leftover().next > Instant::now());
        assert!(Patience::after(1).next <= Instant::now());
    }
}
