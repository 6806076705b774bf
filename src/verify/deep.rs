//! Blocks that are opened: what is in them is read, and nothing that keeps it from being read is taken for damage.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;

use super::task::Task;
use crate::block::{Inventory, MetaFile};
use crate::bucket::{BucketReader, Budget};
use crate::error::Result;
use crate::outcome::{NotOpened, Opened};
use crate::progress::BlockProgress;
use crate::trace::{step, within};
use crate::verb::examine::{Examined, Examiner};
use crate::verb::survey::survey_block;

/// How often a block is opened that changes.
pub(super) const TRIES: usize = 3;

/// What is left for comparing while blocks are opened, in bytes.
const COMPARING: usize = 32 << 20;

/// How the memory is shared between comparing and opening, in bytes.
pub(super) fn shares(task: &Task) -> (usize, usize) {
    let all = Budget::share_of(task.memory_limit);
    if task.deep {
        let comparing = COMPARING.min(all / 2);
        (comparing, all - comparing)
    } else {
        (all, 0)
    }
}

/// Opens blocks of one bucket.
pub(super) struct Deep<'a> {
    bucket: &'a BucketReader,
    examiner: Examiner,
}

impl<'a> Deep<'a> {
    /// Of so many blocks in `bucket`; `None` where they are not to be opened.
    pub(super) fn asked_for(task: &Task, bucket: &'a BucketReader, blocks: usize) -> Option<Self> {
        let blocks = NonZeroUsize::new(blocks)?.min(task.concurrency);
        let processors = available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let (_, budget_bytes) = shares(task);
        task.deep.then(|| Self {
            bucket,
            examiner: Examiner::new(blocks, budget_bytes, processors),
        })
    }

    /// Opens a block that is published with this `meta.json`, and lists these objects.
    ///
    /// Errors: what concerns the whole bucket.
    pub(super) async fn open(
        &self,
        meta: &Arc<MetaFile>,
        objects: Inventory,
        progress: &Arc<BlockProgress>,
    ) -> Result<Opened> {
        let not = |why: String, needs_a_person| {
            Ok(Opened::Not(NotOpened {
                why,
                needs_a_person,
            }))
        };
        let (mut meta, mut objects) = (Arc::clone(meta), objects);
        for _ in 0..TRIES {
            if let Some(what) = objects.lacks(&meta.block) {
                return not(what, false);
            }
            if let Some(object) = objects.archived() {
                let why = format!("{} has to be restored from an archive", object.name);
                return not(why, true);
            }
            let examining = self
                .examiner
                .examine(self.bucket, &meta.block, &objects, progress);
            match within(step!("examine"), examining).await {
                Ok(Examined { counts, findings }) => {
                    return Ok(Opened::Examined { counts, findings });
                }
                Err(err) if err.kind().concerns_whole_bucket() => return Err(err),
                Err(err) if err.kind().wants_a_fresh_look() => {}
                Err(err) => return not(format!("could not {err:#}"), true),
            }
            let now = match survey_block(self.bucket, meta.block.id).await {
                Ok(now) => now,
                Err(err) if err.kind().concerns_whole_bucket() => return Err(err),
                Err(err) => return not(format!("could not {err:#}"), true),
            };
            let Some(fresh) = now.meta() else {
                return not(
                    "it is gone by now, or not published any more".to_owned(),
                    false,
                );
            };
            meta = Arc::clone(fresh);
            objects = now.objects();
        }
        not("it changed each time that it was read".to_owned(), true)
    }
}
