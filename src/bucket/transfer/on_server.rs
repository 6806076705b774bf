//! The route of what the service copies by itself: in one request, or in the parts of the source, so that entity tags agree.

use std::ops::Range;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::timeout;
use tracing::debug;

use super::job::Transfer;
use super::limits::ABORT_TIME;
use super::route::Layout;
use super::upload::{Upload, see_through};
use crate::at_once::PARTS_AT_ONCE;
use crate::bucket::copier::{Assembly, Copier, Original};
use crate::error::{Kind, Result};
use crate::progress::Piece as Way;

/// Lets the service copy the version of the object that has this entity tag.
pub(super) async fn put(
    job: Transfer<'_>,
    copier: &dyn Copier,
    etag: &str,
    layout: Layout,
) -> Result<()> {
    let original = Original {
        key: job.source.full(job.path)?,
        size_bytes: job.object.size_bytes,
        etag: etag.to_owned(),
        fingerprint: job.object.fingerprint,
    };
    match layout {
        Layout::Whole => whole(job, copier, &original).await,
        Layout::Parts(parts) => assembled(job, copier, &original, parts).await,
    }
}

async fn whole(job: Transfer<'_>, copier: &dyn Copier, original: &Original) -> Result<()> {
    let _last_act = job.last_acts.token();
    let target = job.target.reader();
    let full = target.full(job.path)?;
    let attempt = job.attempt();
    let way = Way::new(job.progress, job.object.size_bytes);
    let copy = target.retrying(&attempt, || async {
        let done = copier.copy(original, &full).await;
        done.map_err(|err| target.backend().error(err, attempt.clone()))
    });
    let done = job.arrives(way, copy).await;
    if let Err(err) = &done
        && (err.kind().leaves_open_what_was_done() || err.kind() == Kind::Unsupported)
    {
        // What appears later would take the place of what is put meanwhile.
        match timeout(ABORT_TIME, copier.give_up(original, &full)).await {
            Ok(Ok(())) => {}
            Ok(Err(err)) => debug!(object = %job.path, %err, "copy by the service not aborted"),
            Err(_) => debug!(object = %job.path, "copy by the service not aborted in time"),
        }
    }
    done
}

async fn assembled(
    job: Transfer<'_>,
    copier: &dyn Copier,
    original: &Original,
    ranges: Vec<Range<u64>>,
) -> Result<()> {
    let full = job.target.reader().full(job.path)?;
    let begin = async {
        Ok(Assembled {
            job,
            original,
            ranges,
            inner: copier.assemble(&full).await?,
            parts: Vec::new(),
        })
    };
    see_through(job, begin).await.map(drop)
}

/// An object being put together.
struct Assembled<'a> {
    job: Transfer<'a>,
    original: &'a Original,
    ranges: Vec<Range<u64>>,
    inner: Box<dyn Assembly>,
    /// What completes it.
    parts: Vec<String>,
}

impl Assembled<'_> {
    async fn part(&self, number: usize, range: Range<u64>) -> Result<String> {
        let job = self.job;
        let target = job.target.reader();
        let attempt = job.attempt();
        let bytes = range.end - range.start;
        let way = Way::new(job.progress, bytes);
        let copy = target.retrying(&attempt, || async {
            let copy = self.inner.copy_part(number, self.original, range.clone());
            let copied = copy.await;
            copied.map_err(|err| target.backend().error(err, attempt.clone()))
        });
        let copied = way.moved_by(copy).await?;
        way.arrived();
        (job.moved)(bytes);
        Ok(copied)
    }
}

#[async_trait]
impl Upload for Assembled<'_> {
    async fn put_parts(&mut self) -> Result<()> {
        let parts = stream::iter(self.ranges.iter().cloned().enumerate())
            .map(|(number, range)| self.part(number, range))
            .buffered(PARTS_AT_ONCE)
            .try_collect()
            .await?;
        self.parts = parts;
        Ok(())
    }

    async fn complete(&mut self) -> object_store::Result<()> {
        self.inner.complete(self.parts.clone()).await
    }

    async fn abort(&mut self) -> object_store::Result<()> {
        self.inner.abort().await
    }
}
