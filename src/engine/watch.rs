//! Blocks that appear in the source while a run goes on: its compactor may make a block out of those that we are about to publish or mark.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

use crate::block::{BlockId, BlockMeta, Completeness, DELETION_MARK, MetaFile};
use crate::bucket::BucketReader;
use crate::error::{Kind, Result};
use crate::plan::{SourceBlock, supersedes};
use crate::survey::read_meta;

/// Watches the source. One listing serves everybody who asked before it began.
#[derive(Debug)]
pub(super) struct SourceWatch {
    source: BucketReader,
    asked: AtomicU64,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    /// Those who drew a smaller number are served.
    served: u64,
    /// Blocks whose metas need not be read: surveyed, or read since.
    known: HashSet<BlockId>,
    newcomers: Arc<Vec<Arc<MetaFile>>>,
}

impl SourceWatch {
    /// Knows every block that was published when the source was surveyed.
    pub(super) fn new<'a>(
        source: BucketReader,
        surveyed: impl Iterator<Item = &'a Arc<SourceBlock>>,
    ) -> Self {
        let known = surveyed
            .filter(|block| block.meta().is_some())
            .map(|block| block.id);
        Self {
            source,
            asked: AtomicU64::new(0),
            seen: Mutex::new(Seen {
                served: 0,
                known: known.collect(),
                newcomers: Arc::default(),
            }),
        }
    }

    /// Whole, unmarked blocks that appeared since the survey, by a listing begun after this call.
    async fn newcomers(&self) -> Result<Arc<Vec<Arc<MetaFile>>>> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        let mut seen = self.seen.lock().await;
        if seen.served > number {
            return Ok(Arc::clone(&seen.newcomers));
        }
        let serves = self.asked.load(Ordering::SeqCst);
        for id in self.source.list_block_ids().await? {
            if seen.known.contains(&id) {
                continue;
            }
            let meta = match read_meta(&self.source, id).await {
                Ok(Some((meta, _))) => meta,
                // A block that is being uploaded; the next listing looks again.
                Ok(None) => continue,
                Err(err) if matches!(err.kind(), Kind::Corrupt | Kind::Unreadable) => {
                    seen.known.insert(id);
                    continue;
                }
                Err(err) => return Err(err),
            };
            let objects = self.source.list_block(id).await?;
            let lacks = matches!(objects.completeness(&meta.block), Completeness::Lacks(_));
            if !lacks && objects.get(DELETION_MARK).is_none() {
                seen.known.insert(id);
                Arc::make_mut(&mut seen.newcomers).push(Arc::new(meta));
            }
        }
        seen.served = serves;
        Ok(Arc::clone(&seen.newcomers))
    }

    /// A block that appeared since the survey and holds all of this one.
    pub(super) async fn superseding(&self, block: &BlockMeta) -> Result<Option<BlockId>> {
        let newcomers = self.newcomers().await?;
        let superseding = newcomers.iter().find(|new| supersedes(&new.block, block));
        Ok(superseding.map(|new| new.block.id))
    }

    /// A block of the same labels and finer resolution that appeared since the survey and shares a source with this one.
    pub(super) async fn finer_kin(&self, block: &BlockMeta) -> Result<Option<BlockId>> {
        if block.group.resolution_ms == 0 {
            return Ok(None);
        }
        let newcomers = self.newcomers().await?;
        let kin = newcomers.iter().find(|new| {
            new.block.group.labels == block.group.labels
                && new.block.group.resolution_ms < block.group.resolution_ms
                && new.block.shares_a_source_with(block)
        });
        Ok(kin.map(|new| new.block.id))
    }
}
