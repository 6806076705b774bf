//! Blocks that appear in the source while a run goes on: its compactor may make a block out of those that we are about to publish or mark.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;
use tracing::debug;

use crate::block::{BlockId, BlockMeta, Completeness, MetaFile};
use crate::bucket::BucketReader;
use crate::error::{Error, Result};
use crate::plan::{SourceBlock, SourceMeta, supersedes};
use crate::stored::read_meta;

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
    /// Blocks whose metas need not be read: there when the source was surveyed, or read since.
    known: HashSet<BlockId>,
    newcomers: Arc<Vec<Arc<MetaFile>>>,
}

impl SourceWatch {
    /// Knows every block that was published when the source was surveyed, be it that its `meta.json` could not be read.
    pub(super) fn new<'a>(
        source: BucketReader,
        surveyed: impl Iterator<Item = &'a Arc<SourceBlock>>,
    ) -> Self {
        let known = surveyed
            .filter(|block| !matches!(block.meta, SourceMeta::Absent))
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
            match self.look_at(id).await {
                Ok(Some(meta)) => {
                    seen.known.insert(id);
                    Arc::make_mut(&mut seen.newcomers).push(Arc::new(meta));
                }
                // A block that is being uploaded or deleted; the next listing looks again.
                Ok(None) => {}
                Err(err) if concerns_all(&err) => return Err(err),
                Err(err) => {
                    debug!(block = %id, err = format!("{err:#}"), "new block of the source left alone");
                }
            }
        }
        seen.served = serves;
        Ok(Arc::clone(&seen.newcomers))
    }

    /// The `meta.json` of a new block that is whole and not marked.
    async fn look_at(&self, id: BlockId) -> Result<Option<MetaFile>> {
        let objects = self.source.list_block(id).await?;
        if objects.meta().is_none() || objects.is_marked() {
            return Ok(None);
        }
        let Some((meta, _)) = read_meta(&self.source, id).await? else {
            return Ok(None);
        };
        let lacks = matches!(objects.completeness(&meta.block), Completeness::Lacks(_));
        Ok((!lacks).then_some(meta))
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

/// Whether the error says nothing about the one block that was looked at, so that it must not be passed over.
fn concerns_all(err: &Error) -> bool {
    err.kind().is_transient() || err.kind().concerns_whole_bucket()
}
