//! What may have been left behind in a bucket: directories of blocks that are not published, overwrites that were begun, and probes.

use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::channel::mpsc::channel;
use tracing::info;

use super::listing::{Directory, listed_once, listing};
use crate::at_once::READS;
use crate::block::{BlockId, Inventory, ObjectPath, Packed};
use crate::bucket::BucketReader;
use crate::error::Result;
use crate::plan::Warning;
use crate::progress::Progress;

/// What one listing shows of it.
#[derive(Debug, Default)]
pub struct Left {
    /// Directories of blocks without a `meta.json`, by id.
    pub partial: Vec<(BlockId, Packed<Inventory>)>,
    /// Published blocks that were to be overwritten, by id.
    pub overwritten: Vec<BlockId>,
    /// What looks like a probe of this tool, and when each was written, where the listing tells.
    pub probes: Vec<(ObjectPath, Option<DateTime<Utc>>)>,
    /// That it may not be the bucket that was meant.
    pub warnings: Vec<Warning>,
}

/// Looks for it: one flat listing, and nothing is read.
///
/// Errors: a listing that stays transient after its retries; names of one directory in two places.
pub async fn survey_left(bucket: &BucketReader) -> Result<Left> {
    let (found, mut directories) = channel::<Directory>(READS);
    let mut left = Left::default();
    let mut ids = Vec::new();
    let sorted = async {
        while let Some((id, objects)) = directories.next().await {
            Progress::sees();
            ids.push(id);
            // Others may read what cannot be read here.
            let is_published = objects.meta().is_some() || objects.meta_left_out().is_some();
            if !is_published && !objects.is_empty() {
                left.partial.push((id, Packed::new(&objects)));
            } else if is_published && objects.is_being_overwritten() {
                left.overwritten.push(id);
            }
        }
        Ok(())
    };
    let (listed, ()) = futures::try_join!(listing(bucket, found), sorted)?;
    ids.sort_unstable();
    listed_once(bucket, ids.iter().copied())?;
    info!(bucket = %bucket.location(), blocks = listed.blocks, "block directories listed");
    if listed.blocks == 0 {
        left.warnings
            .extend(listed.beside.in_target(bucket.location()));
    }
    left.probes = listed.probes;
    left.partial.sort_unstable_by_key(|(id, _)| *id);
    left.overwritten.sort_unstable();
    left.probes.sort_unstable();
    Ok(left)
}
