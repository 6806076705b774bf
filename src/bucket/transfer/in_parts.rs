//! The route of what is large: an upload in parts, several of which are fetched and put at once.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{MultipartUpload, ObjectStore, PutMultipartOptions, PutPayload};

use super::budget::Share;
use super::job::Transfer;
use super::upload::{Upload, see_through};
use crate::at_once::PARTS_AT_ONCE;
use crate::block::Fingerprint;
use crate::bucket::fetch::Version;
use crate::bucket::store::Declared;
use crate::error::Result;
use crate::progress::Piece as Way;

/// A fetched piece, the memory that it occupies until the target has it, and how far it is.
struct Piece {
    bytes: Bytes,
    share: Share,
    way: Way,
}

/// Puts the object in these parts.
pub(super) async fn put(job: Transfer<'_>, parts: Vec<Range<u64>>) -> Result<Fingerprint> {
    let store = &job.target.reader().backend().store;
    let full = job.target.reader().full(job.path)?;
    let begin = async {
        let mut options = PutMultipartOptions {
            extensions: job.handed_on().await,
            ..PutMultipartOptions::default()
        };
        let declared = store.wants_digests().then(Declared::default);
        if let Some(declared) = &declared {
            options.extensions.insert(declared.clone());
        }
        let inner = store.put_multipart_opts(&full, options).await?;
        Ok(Fetched {
            job,
            parts,
            inner,
            declared,
            passed: Fingerprint::UNKNOWN,
        })
    };
    let upload = see_through(job, begin).await?;
    Ok(upload.passed)
}

/// An upload of what is fetched from the source.
struct Fetched<'a> {
    job: Transfer<'a>,
    parts: Vec<Range<u64>>,
    inner: Box<dyn MultipartUpload>,
    /// Where the store is told what digests all of it has.
    declared: Option<Declared>,
    /// What was learnt of what went out.
    passed: Fingerprint,
}

#[async_trait]
impl Upload for Fetched<'_> {
    /// Fetches and puts several of each at once, in the order of the object.
    async fn put_parts(&mut self) -> Result<()> {
        let (job, inner) = (self.job, &mut *self.inner);
        let backend = job.target.reader().backend();
        let attempt = &job.attempt();
        let mut passing = match self.declared {
            // What is declared is what has passed, and never what the source says.
            Some(_) => job.passing_whatever_is_told(),
            None => job.passing(),
        };
        let version = Version::default();
        stream::iter(std::mem::take(&mut self.parts))
            .map(|range| fetch_piece(job, range, &version))
            .buffered(PARTS_AT_ONCE)
            .map_ok(|piece| {
                let Piece { bytes, share, way } = piece;
                passing.update(&bytes);
                let size = bytes.len() as u64;
                let put = inner.put_part(PutPayload::from_bytes(bytes));
                async move {
                    let put = way.moved_by(put).await;
                    put.map_err(|err| backend.error(err, attempt.clone()))?;
                    drop(share);
                    way.arrived();
                    (job.moved)(size);
                    Ok(())
                }
            })
            .try_buffer_unordered(PARTS_AT_ONCE)
            .try_collect::<Vec<()>>()
            .await?;
        self.passed = job.passed(passing)?;
        if let Some(declared) = &self.declared {
            declared.say(self.passed);
        }
        Ok(())
    }

    async fn complete(&mut self) -> object_store::Result<()> {
        self.inner.complete().await.map(drop)
    }

    async fn abort(&mut self) -> object_store::Result<()> {
        self.inner.abort().await
    }
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
