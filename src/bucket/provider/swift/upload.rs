//! An upload in parts: each is a segment in a folder of its own, and nobody sees the object before it is made of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Extensions, MultipartUpload, PutPayload, PutResult, Result, UploadPart};
use tracing::debug;

use super::ask::Asker;
use super::config::Kind;
use super::facts::{Of, Tag};
use super::fault::{Fault, generic};
use super::large::Made;
use super::meaning;
use super::segment::{Folder, Segment};
use crate::error;

/// So long a listing of segments is waited for that is to show all of them, as in Thanos' client, and so often it is looked at.
const LAG: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(200);

/// Segments that are removed at once.
const AT_ONCE: usize = 8;

/// An upload that goes on.
#[derive(Debug)]
pub(super) struct Upload {
    to: Arc<Target>,
    parts: usize,
}

/// What is being made.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) asker: Asker,
    pub(super) key: Path,
    pub(super) folder: Folder,
    /// By its number; without a hash until the service has it.
    segments: Mutex<BTreeMap<usize, Segment>>,
    /// Whether the object may have been made: then its segments stay, whatever comes of it.
    may_be_made: AtomicBool,
}

impl Target {
    /// An object that is to be made; nothing is asked of the service yet.
    pub(super) fn new(asker: &Asker, key: &Path) -> Self {
        Self {
            folder: Folder::new(&asker.container, key.as_ref()),
            asker: asker.clone(),
            key: key.clone(),
            segments: Mutex::default(),
            may_be_made: AtomicBool::new(false),
        }
    }

    /// Notes a segment that is about to be put; it is none of the object yet.
    pub(super) fn begins(&self, number: usize, size_bytes: u64) -> Segment {
        let segment = Segment {
            container: self.asker.segments_container.to_string(),
            name: self.folder.segment(number),
            size_bytes,
            hash: String::new(),
        };
        self.note(number, segment.clone());
        self.asker.known.listings.segments_are_put();
        segment
    }

    /// Notes one that the service has.
    pub(super) fn note(&self, number: usize, segment: Segment) {
        let mut segments = self.segments.lock().unwrap_or_else(PoisonError::into_inner);
        segments.insert(number, segment);
    }

    fn noted(&self) -> Vec<Segment> {
        let segments = self.segments.lock().unwrap_or_else(PoisonError::into_inner);
        segments.values().cloned().collect()
    }

    async fn put(&self, number: usize, payload: PutPayload) -> Result<()> {
        let size_bytes = payload.content_length() as u64;
        if size_bytes == 0 {
            // No large object is made of nothing.
            return Ok(());
        }
        let mut segment = self.begins(number, size_bytes);
        let at = (segment.container.as_str(), segment.name.as_str());
        let put = self.asker.put(at, payload, false, self.asker.retries);
        segment.hash = put.await.map_err(|err| self.of_segments(err))?;
        self.note(number, segment);
        Ok(())
    }

    /// Where a segment cannot go, it may be for a container that is another one than the object's.
    fn of_segments(&self, err: object_store::Error) -> object_store::Error {
        let is_other = self.asker.segments_container != self.asker.container;
        if is_other && meaning::kind(&err) == Some(error::Kind::BucketGone) {
            return generic(Fault::NoSegmentsContainer);
        }
        err
    }

    /// Makes the object of all segments that were noted, and removes those of which it was made before.
    pub(super) async fn complete(&self) -> Result<Tag> {
        let made = Made {
            segments: self.noted(),
            is_plain: true,
        };
        let asker = &self.asker;
        if made.segments.iter().any(|it| it.hash.is_empty()) {
            return Err(generic(Fault::OtherBytes));
        }
        if asker.large == Kind::Static && !asker.has_static().await? {
            return Err(generic(Fault::NoStaticLargeObjects));
        }
        let replaced = asker.replaced(&self.key).await?;
        // Whoever is not answered does not know.
        self.may_be_made.store(true, Ordering::Relaxed);
        let tag = if made.segments.is_empty() {
            let at = (&*asker.container, self.key.as_ref());
            let put = asker.put(at, PutPayload::new(), false, asker.retries);
            let (hash, of) = (put.await?, Of::Bytes);
            Tag { hash, of }
        } else {
            asker.assemble(&self.key, &self.folder, &made).await?
        };
        if tag.of == Of::DynamicSegments {
            self.wait_for(&made).await?;
        }
        asker.discard(&self.key, replaced).await;
        Ok(tag)
    }

    /// Waits until the listing of which the service makes a dynamic large object shows every segment.
    async fn wait_for(&self, made: &Made) -> Result<()> {
        let looking = async {
            loop {
                let facts = self.asker.facts(&self.key).await?;
                let is_whole = facts.size_bytes == Some(made.size_bytes())
                    && facts.tag.is_none_or(|tag| tag.hash == made.hash());
                if is_whole {
                    return Ok(());
                }
                debug!(object = %self.key, "the service does not show all segments yet");
                tokio::time::sleep(LOOK).await;
            }
        };
        match tokio::time::timeout(LAG, looking).await {
            Ok(looked) => looked,
            Err(_) => Err(generic(Fault::LostSegment)),
        }
    }

    /// Removes the segments, unless the object may be made of them.
    pub(super) async fn abort(&self) -> Result<()> {
        if self.may_be_made.load(Ordering::Relaxed) {
            return Ok(());
        }
        stream::iter(self.noted())
            .map(|segment| self.asker.remove(segment))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }
}

impl Upload {
    pub(super) fn new(asker: &Asker, key: &Path) -> Self {
        Self {
            to: Arc::new(Target::new(asker, key)),
            parts: 0,
        }
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, payload: PutPayload) -> UploadPart {
        let (to, number) = (Arc::clone(&self.to), self.parts);
        self.parts += 1;
        Box::pin(async move { to.put(number, payload).await })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let tag = self.to.complete().await?;
        Ok(PutResult {
            e_tag: Some(tag.shown()),
            version: None,
            extensions: Extensions::default(),
        })
    }

    async fn abort(&mut self) -> Result<()> {
        self.to.abort().await
    }
}
