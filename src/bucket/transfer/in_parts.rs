//! The route of what is large: an upload in parts, several of which are fetched and put at once. An upload that fails is aborted.

use std::ops::Range;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{MultipartUpload, ObjectStore, PutMultipartOptions, PutPayload};
use sha2::{Digest, Sha256};
use tracing::debug;

use super::budget::Share;
use super::job::Transfer;
use super::limits::{ABORT_TIME, COMPLETION_TIME, PARTS_AT_ONCE};
use crate::bucket::fetch::{Version, ranges};
use crate::error::Result;
use crate::progress::Piece as Way;

/// A fetched piece, the memory that it occupies until the target has it, and how far it is.
struct Piece {
    bytes: Bytes,
    share: Share,
    way: Way,
}

/// Puts the object in parts of so many bytes; the last one may be smaller.
pub(super) async fn put(job: Transfer<'_>, part_bytes: u64) -> Result<()> {
    put_ranges(job, ranges(job.object.size_bytes, part_bytes)).await
}

/// Puts the object in parts of these sizes.
pub(super) async fn put_sizes(job: Transfer<'_>, sizes: Vec<u64>) -> Result<()> {
    put_ranges(job, one_after_another(sizes)).await
}

/// The ranges that parts of these sizes make up.
fn one_after_another(sizes: Vec<u64>) -> impl Iterator<Item = Range<u64>> + Send {
    sizes.into_iter().scan(0_u64, |start, size| {
        let range = *start..start.saturating_add(size);
        *start = range.end;
        Some(range)
    })
}

async fn put_ranges(
    job: Transfer<'_>,
    parts: impl Iterator<Item = Range<u64>> + Send,
) -> Result<()> {
    let backend = job.target.reader().backend();
    let full = job.target.reader().full(job.path)?;
    let attempt = job.attempt();
    let options = PutMultipartOptions {
        extensions: job.handed_on().await,
        ..PutMultipartOptions::default()
    };
    let _last_act = job.last_acts.token();
    let begun = backend.store.put_multipart_opts(&full, options);
    let mut upload = tokio::select! {
        biased;
        begun = begun => begun.map_err(|err| backend.error(err, attempt.clone()))?,
        // An upload whose answer is lost cannot be aborted.
        () = too_late(job) => return Err(job.cancelled()),
    };
    let pumped = tokio::select! {
        biased;
        pumped = pump(job, parts, &mut *upload, &attempt) => pumped,
        () = job.cancel.cancelled() => Err(job.cancelled()),
    };
    let done = match pumped {
        Ok(()) => complete(job, &mut *upload, attempt).await,
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
    done
}

/// Completes the upload. The end cuts it short only when it takes longer than it should.
async fn complete(
    job: Transfer<'_>,
    upload: &mut dyn MultipartUpload,
    attempt: String,
) -> Result<()> {
    let backend = job.target.reader().backend();
    tokio::select! {
        biased;
        completed = upload.complete() => completed
            .map(drop)
            .map_err(|err| backend.error(err, attempt)),
        () = too_late(job) => Err(job.cancelled()),
    }
}

/// The transfer is to end, and has had the time for what is better not left half done.
async fn too_late(job: Transfer<'_>) {
    job.cancel.cancelled().await;
    tokio::time::sleep(COMPLETION_TIME).await;
}

/// Fetches and puts the parts, several of each at once, in the order of the object.
async fn pump(
    job: Transfer<'_>,
    parts: impl Iterator<Item = Range<u64>> + Send,
    upload: &mut dyn MultipartUpload,
    attempt: &str,
) -> Result<()> {
    let backend = job.target.reader().backend();
    let mut digest = Sha256::new();
    let version = Version::default();
    stream::iter(parts)
        .map(|range| fetch_piece(job, range, &version))
        .buffered(PARTS_AT_ONCE)
        .map_ok(|piece| {
            let Piece { bytes, share, way } = piece;
            job.check(&mut digest, &bytes);
            let size = bytes.len() as u64;
            let put = upload.put_part(PutPayload::from_bytes(bytes));
            async move {
                let put = way.moved_by(put).await;
                put.map_err(|err| backend.error(err, attempt.to_owned()))?;
                drop(share);
                way.arrived();
                (job.moved)(size);
                Ok(())
            }
        })
        .try_buffer_unordered(PARTS_AT_ONCE)
        .try_collect::<Vec<()>>()
        .await?;
    job.finish(digest)
}

/// Takes memory for the part once, whatever becomes of the first tries: parts are put in order, so that one which had to wait for
/// memory behind later ones might wait for ever.
async fn fetch_piece(job: Transfer<'_>, range: Range<u64>, version: &Version) -> Result<Piece> {
    let share = job.budget.take(range.end - range.start).await;
    let way = Way::new(job.progress, range.end - range.start);
    let attempt = format!("read {}", job.path);
    let fetched = job.source.retrying(&attempt, || {
        job.source
            .fetch(job.path, job.object, range.clone(), version)
    });
    let bytes = way.moved_by(fetched).await?;
    Ok(Piece { bytes, share, way })
}
