//! An upload in parts from its beginning to its end: it is completed, or nothing of it stays.

use async_trait::async_trait;
use tracing::debug;

use super::job::Transfer;
use super::limits::{ABORT_TIME, COMPLETION_TIME};
use crate::error::Result;

/// An upload that has begun.
#[async_trait]
pub(super) trait Upload: Send {
    /// Puts all parts.
    async fn put_parts(&mut self) -> Result<()>;

    /// Makes the object visible.
    async fn complete(&mut self) -> object_store::Result<()>;

    /// Removes the parts, which would cost money.
    async fn abort(&mut self) -> object_store::Result<()>;
}

/// Begins an upload, puts its parts, and ends it. Returns the upload that is complete.
pub(super) async fn see_through<U: Upload>(
    job: Transfer<'_>,
    beginning: impl Future<Output = object_store::Result<U>>,
) -> Result<U> {
    let backend = job.target.reader().backend();
    let _last_act = job.last_acts.token();
    let mut upload = tokio::select! {
        biased;
        begun = beginning => begun.map_err(|err| backend.error(err, job.attempt()))?,
        // Where the answer is lost, the upload's id is unknown and it cannot be aborted.
        () = too_late(job) => return Err(job.cancelled()),
    };
    let put = tokio::select! {
        biased;
        put = upload.put_parts() => put,
        () = job.cancel.cancelled() => Err(job.cancelled()),
    };
    let done = match put {
        Ok(()) => complete(job, &mut upload).await,
        Err(err) => Err(err),
    };
    if done.is_err() {
        // Parts of an upload that nobody completes are paid for and seen by nobody. One that was completed after all has nothing to abort.
        match tokio::time::timeout(ABORT_TIME, upload.abort()).await {
            Ok(Ok(())) => debug!(object = %job.path, "multipart upload aborted"),
            Ok(Err(err)) => debug!(object = %job.path, %err, "multipart upload not aborted"),
            Err(_) => debug!(object = %job.path, "multipart upload not aborted in time"),
        }
    }
    done.map(|()| upload)
}

/// Completes the upload. A cancellation interrupts it only after `COMPLETION_TIME`.
async fn complete(job: Transfer<'_>, upload: &mut impl Upload) -> Result<()> {
    let backend = job.target.reader().backend();
    tokio::select! {
        biased;
        completed = upload.complete() => completed.map_err(|err| backend.error(err, job.attempt())),
        () = too_late(job) => Err(job.cancelled()),
    }
}

/// Returns `COMPLETION_TIME` after the transfer is cancelled.
async fn too_late(job: Transfer<'_>) {
    job.cancel.cancelled().await;
    tokio::time::sleep(COMPLETION_TIME).await;
}
