//! Brings one object from one bucket to another, piece by piece: memory never grows with its size.

mod budget;
mod content;
mod layout;
mod streamed;

pub use budget::Budget;
pub use content::{Comparison, same_content};
pub(super) use layout::largest;
pub(super) use streamed::Streamed;

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{
    Extensions, GetOptions, MultipartUpload, ObjectStore, PutMultipartOptions, PutOptions,
    PutPayload,
};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::block::{Object, ObjectPath};
use crate::bucket::fetch::{Version, fetch, ranges};
use crate::bucket::{Bucket, BucketReader, Location, classify};
use crate::error::{Error, Kind, Result};
use crate::progress::{BlockProgress, Piece as Way};
use budget::Share;
use layout::{Layout, layout, own_layout, parts_to_ask_for};

/// One object on its way.
#[derive(Clone, Copy)]
pub struct Transfer<'a> {
    /// Its name in both buckets.
    pub path: &'a ObjectPath,
    /// As listed in the source: its size, and the version that is read.
    pub object: &'a Object,
    /// SHA-256 of its content in lower-case hex, where known; checked in passing.
    pub sha256: Option<&'a str>,
    /// Where it comes from.
    pub source: &'a BucketReader,
    /// Where it goes.
    pub target: &'a Bucket,
    /// Memory.
    pub budget: &'a Budget,
    /// Ends it; a multipart upload is aborted.
    pub cancel: &'a CancellationToken,
    /// Told of bytes that the target has taken.
    pub moved: &'a (dyn Fn(u64) + Sync),
    /// Told of bytes on their way.
    pub progress: &'a Arc<BlockProgress>,
}

/// Parts of one object being fetched, and as many being put.
const PARTS_AT_ONCE: usize = 4;

/// How long a multipart upload may take to be completed once its transfer is to end.
const COMPLETION_TIME: Duration = Duration::from_secs(4);

/// How long a multipart upload may take to be aborted.
const ABORT_TIME: Duration = Duration::from_secs(10);

/// A fetched piece, the memory that it occupies until the target has it, and how far it is.
struct Piece {
    bytes: Bytes,
    share: Share,
    way: Way,
}

/// Puts the object into the target, whatever was there. The target shows it whole or not at all.
///
/// Errors: [`Kind::Changed`] where the source's object is another one than was listed, [`Kind::NotFound`] where it is gone,
/// [`Kind::Corrupt`] where its SHA-256 is another one, [`Kind::Cancelled`].
pub async fn transfer(job: Transfer<'_>) -> Result<()> {
    let work = async {
        if job.cancel.is_cancelled() {
            return Err(cancelled(job));
        }
        let (from, to) = (job.source.backend(), job.target.reader().backend());
        let told = match parts_to_ask_for(job.object, from, to) {
            Some(parts) => job.source.part_sizes(job.path, job.object, parts).await,
            None => None,
        };
        match layout(job.object, from, to, told)? {
            Layout::Single => put_at_once(job).await,
            Layout::Streamed => put_streamed(job).await,
            Layout::Parts(part) => put_in_parts(job, ranges(job.object.size_bytes, part)).await,
            Layout::Listed(sizes) => match put_in_parts(job, one_after_another(sizes)).await {
                // Some take no parts of uneven sizes.
                Err(err) if err.kind().is_transient() => put_as_usual(job).await,
                put => put,
            },
        }
    };
    work.await.map_err(|err| {
        let to = job.target.reader().location();
        err.attempting(format!("copy {} to {to}", job.path))
    })
}

async fn put_as_usual(job: Transfer<'_>) -> Result<()> {
    match own_layout(job.object, job.target.reader().backend()) {
        Layout::Parts(part) => put_in_parts(job, ranges(job.object.size_bytes, part)).await,
        _ => put_at_once(job).await,
    }
}

/// The ranges that parts of these sizes make up.
fn one_after_another(sizes: Vec<u64>) -> impl Iterator<Item = Range<u64>> + Send {
    sizes.into_iter().scan(0_u64, |start, size| {
        let range = *start..start.saturating_add(size);
        *start = range.end;
        Some(range)
    })
}

async fn put_at_once(job: Transfer<'_>) -> Result<()> {
    let backend = job.target.reader().backend();
    let full = job.target.reader().full(job.path)?;
    let attempt = format!("write {} in {}", job.path, backend.location);
    let way = Way::new(job.progress, job.object.size_bytes);
    let put = job.target.reader().retrying(&attempt, || async {
        let share = job.budget.take(job.object.size_bytes).await;
        let (version, all) = (Version::default(), 0..job.object.size_bytes);
        let bytes = fetch(job.source, job.path, job.object, all, &version).await?;
        let mut digest = Sha256::new();
        check(job, &mut digest, &bytes);
        finish(job, digest)?;
        let options = PutOptions {
            extensions: handed_on(job).await,
            ..PutOptions::default()
        };
        let payload = PutPayload::from_bytes(bytes);
        let put = backend.store.put_opts(&full, payload, options).await;
        put.map_err(|err| classify::error(err, attempt.clone()))?;
        drop(share);
        Ok(())
    });
    tokio::select! {
        // What is done counts, even if the end comes at the same moment.
        biased;
        put = way.moved_by(put) => put?,
        () = job.cancel.cancelled() => return Err(cancelled(job)),
    }
    way.arrived();
    (job.moved)(job.object.size_bytes);
    Ok(())
}

/// In one request whose body is fetched while it goes out.
async fn put_streamed(job: Transfer<'_>) -> Result<()> {
    let backend = job.target.reader().backend();
    let full = job.target.reader().full(job.path)?;
    let attempt = format!("write {} in {}", job.path, backend.location);
    let way = Way::new(job.progress, job.object.size_bytes);
    let put = job.target.reader().retrying(&attempt, || async {
        let body = Streamed::new(streamed::Source {
            bucket: job.source.clone(),
            path: job.path.clone(),
            object: job.object.clone(),
            budget: job.budget.clone(),
            way: way.clone(),
            check: job.sha256.map(str::to_owned),
            version: Version::default(),
            digests: OnceCell::new(),
            failure: Mutex::default(),
        });
        let mut extensions = handed_on(job).await;
        extensions.insert(body.clone());
        let options = PutOptions {
            extensions,
            ..PutOptions::default()
        };
        let put = backend.store.put_opts(&full, PutPayload::new(), options);
        let put = put.await.map(drop);
        put.map_err(|err| {
            let read = body.failure();
            read.unwrap_or_else(|| classify::error(err, attempt.clone()))
        })
    });
    tokio::select! {
        biased;
        put = way.moved_by(put) => put?,
        () = job.cancel.cancelled() => return Err(cancelled(job)),
    }
    way.arrived();
    (job.moved)(job.object.size_bytes);
    Ok(())
}

async fn put_in_parts(
    job: Transfer<'_>,
    parts: impl Iterator<Item = Range<u64>> + Send,
) -> Result<()> {
    let backend = job.target.reader().backend();
    let full = job.target.reader().full(job.path)?;
    let attempt = format!("write {} in {}", job.path, backend.location);
    let options = PutMultipartOptions {
        extensions: handed_on(job).await,
        ..PutMultipartOptions::default()
    };
    let mut upload = backend
        .store
        .put_multipart_opts(&full, options)
        .await
        .map_err(|err| classify::error(err, attempt.clone()))?;
    let pumped = tokio::select! {
        biased;
        pumped = pump(job, parts, &mut *upload, &attempt) => pumped,
        () = job.cancel.cancelled() => Err(cancelled(job)),
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

/// What a source that is a folder hands on to a target that is one: whose the file is, and who may read it.
async fn handed_on(job: Transfer<'_>) -> Extensions {
    let (Some(_), Ok(full)) = (job.object.inode, job.source.full(job.path)) else {
        return Extensions::new();
    };
    let options = GetOptions::new().with_head(true);
    let asked = job.source.backend().store.get_opts(&full, options).await;
    // Whoever reads the object will see what became of it.
    asked.map(|got| got.extensions).unwrap_or_default()
}

/// Completes the upload. The end cuts it short only when it takes longer than it should.
async fn complete(
    job: Transfer<'_>,
    upload: &mut dyn MultipartUpload,
    attempt: String,
) -> Result<()> {
    let too_late = async {
        job.cancel.cancelled().await;
        tokio::time::sleep(COMPLETION_TIME).await;
    };
    tokio::select! {
        biased;
        completed = upload.complete() => completed
            .map(drop)
            .map_err(|err| classify::error(err, attempt)),
        () = too_late => Err(cancelled(job)),
    }
}

/// Fetches and puts the parts, several of each at once, in the order of the object.
async fn pump(
    job: Transfer<'_>,
    parts: impl Iterator<Item = Range<u64>> + Send,
    upload: &mut dyn MultipartUpload,
    attempt: &str,
) -> Result<()> {
    let mut digest = Sha256::new();
    let version = Version::default();
    stream::iter(parts)
        .map(|range| fetch_piece(job, range, &version))
        .buffered(PARTS_AT_ONCE)
        .map_ok(|piece| {
            let Piece { bytes, share, way } = piece;
            check(job, &mut digest, &bytes);
            let size = bytes.len() as u64;
            let put = upload.put_part(PutPayload::from_bytes(bytes));
            async move {
                let put = way.moved_by(put).await;
                put.map_err(|err| classify::error(err, attempt.to_owned()))?;
                drop(share);
                way.arrived();
                (job.moved)(size);
                Ok(())
            }
        })
        .try_buffer_unordered(PARTS_AT_ONCE)
        .try_collect::<Vec<()>>()
        .await?;
    finish(job, digest)
}

/// Takes memory for the part once, whatever becomes of the first tries: parts are put in order, so that one which had to wait for
/// memory behind later ones might wait for ever.
async fn fetch_piece(job: Transfer<'_>, range: Range<u64>, version: &Version) -> Result<Piece> {
    let share = job.budget.take(range.end - range.start).await;
    let way = Way::new(job.progress, range.end - range.start);
    let attempt = format!("read {}", job.path);
    let fetched = job.source.retrying(&attempt, || {
        fetch(job.source, job.path, job.object, range.clone(), version)
    });
    let bytes = way.moved_by(fetched).await?;
    Ok(Piece { bytes, share, way })
}

fn check(job: Transfer<'_>, digest: &mut Sha256, bytes: &Bytes) {
    if job.sha256.is_some() {
        digest.update(bytes);
    }
}

fn finish(job: Transfer<'_>, digest: Sha256) -> Result<()> {
    match job.sha256 {
        None => Ok(()),
        Some(expected) => check_sha256(digest, expected, job.path, job.source.location()),
    }
}

/// Whether what came is what `meta.json` says.
pub(super) fn check_sha256(
    digest: Sha256,
    expected: &str,
    path: &ObjectPath,
    source: &Location,
) -> Result<()> {
    let digest = digest.finalize();
    let actual = digest.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string never fails.
        let _ = write!(text, "{byte:02x}");
        text
    });
    if actual.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    let attempt = format!("read {path} in {source}");
    let why = format!("its SHA-256 is {actual}, meta.json says {expected}");
    Err(Error::new(Kind::Corrupt, attempt).because(why))
}

fn cancelled(job: Transfer<'_>) -> Error {
    Error::new(Kind::Cancelled, format!("finish {}", job.path))
}
