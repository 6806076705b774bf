//! Bringing deleted blocks back: look at what the bucket keeps, judge each block and all of them beside what lies there by now, and look again at each
//! right before it comes back and right after.

mod carry_out;
mod look;
mod telling;

use std::sync::Arc;

use tokio::time::Instant;

use crate::audit::Trail;
use crate::bucket::{Backend, Bucket, BucketReader};
use crate::engine::Stop;
use crate::error::Result;
use crate::outcome::BroughtBack;
use crate::progress::Progress;
use carry_out::carry_out;
use look::survey;
pub use look::{Task, stopped};
use telling::tell;

/// Brings the blocks back, or tells which it would bring back.
///
/// Errors: what keeps it from beginning, with nothing written; that the bucket keeps nothing of what is deleted is one.
pub async fn undelete(
    task: &Task,
    bucket: Backend,
    progress: &Arc<Progress>,
    trail: &Trail,
    stop: &Stop,
) -> Result<BroughtBack> {
    let begun = Instant::now();
    let mut brought = if task.is_dry {
        let reader = BucketReader::new(bucket, task.retry.clone());
        let brought = survey(task, &reader, progress, stop).await?.brought;
        brought.blocks.iter().try_for_each(|one| tell(trail, one))?;
        brought
    } else {
        let bucket = Bucket::new(bucket, task.retry.clone());
        let mut surveyed = survey(task, bucket.reader(), progress, stop).await?;
        surveyed.brought.is_dry = false;
        carry_out(task, &bucket, (progress, trail), stop, surveyed).await
    };
    brought.elapsed = begun.elapsed();
    Ok(brought)
}
