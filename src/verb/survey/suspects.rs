//! Reads what only entity tags say of blocks that were moved: that the target has other bytes by now. The objects are read before that is reported,
//! for one object may be encrypted by itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::block::{BlockId, Inventory, Packed, ReadBack};
use crate::bucket::{BucketReader, Budget, Comparison, same_content};
use crate::plan::{SourceBlock, to_be_read};

/// Memory for reading, in bytes.
const BUDGET_BYTES: usize = 32 << 20;

/// What was read of blocks that bear this tool's mark for the target, by block. Objects that cannot be read are skipped; blocks without suspects have
/// no entry.
pub(super) async fn read(
    blocks: &[Arc<SourceBlock>],
    listed: &[(BlockId, Packed<Inventory>)],
    source: &BucketReader,
    target: &BucketReader,
) -> BTreeMap<BlockId, ReadBack> {
    let target_name = target.location().to_string();
    let (budget, cancel) = (Budget::new(BUDGET_BYTES), CancellationToken::new());
    let mut found: BTreeMap<BlockId, ReadBack> = BTreeMap::new();
    for block in blocks {
        let there = listed.binary_search_by_key(&block.id, |(id, _)| *id);
        let Some((_, there)) = there.ok().and_then(|place| listed.get(place)) else {
            continue;
        };
        for (one, other) in to_be_read(block, &there.get(), &target_name) {
            let path = block.id.object(&one.name);
            let equal = same_content(Comparison {
                path: &path,
                in_source: &one,
                in_target: &other,
                source,
                target,
                budget: &budget,
                cancel: &cancel,
            });
            match equal.await {
                Ok(equal) => {
                    debug!(object = %path, equal, "entity tags differ, so both were read");
                    found.entry(block.id).or_default().note(&one, &other, equal);
                }
                Err(err) => {
                    let err = format!("{err:#}");
                    warn!(object = %path, err, "entity tags differ, and what differs cannot be read");
                }
            }
        }
    }
    found
}
