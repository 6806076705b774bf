//! Multipart uploads into a folder: parts are written where they belong in one staged file, in whatever order they come.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures::FutureExt;
use object_store::path::Path as Location;
use object_store::{MultipartUpload, PutPayload, PutResult, Result, UploadPart};

use super::blocking::blocking;
use super::failure::generic;
use super::place::{Existing, put_staged};
use super::root::Root;
use super::staging::Staged;

/// An object that is being put part by part. Dropped or aborted, it leaves nothing.
#[derive(Debug)]
pub(super) struct Upload {
    root: Arc<Root>,
    location: Location,
    staged: Arc<Staged>,
    /// Where the next part begins.
    end: u64,
    written_bytes: Arc<AtomicU64>,
}

impl Upload {
    pub(super) fn new(root: Arc<Root>, location: Location, staged: Staged) -> Self {
        Self {
            root,
            location,
            staged: Arc::new(staged),
            end: 0,
            written_bytes: Arc::default(),
        }
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let offset = self.end;
        let size_bytes = data.content_length() as u64;
        self.end += size_bytes;
        let staged = Arc::clone(&self.staged);
        let written_bytes = Arc::clone(&self.written_bytes);
        blocking(move || {
            staged.write(&data, offset)?;
            written_bytes.fetch_add(size_bytes, Ordering::AcqRel);
            Ok(())
        })
        .boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let written_bytes = self.written_bytes.load(Ordering::Acquire);
        if written_bytes != self.end {
            return Err(generic(format!(
                "{} has parts that were not written: {written_bytes} of {} bytes are there",
                self.location, self.end
            )));
        }
        put_staged(
            Arc::clone(&self.root),
            Arc::clone(&self.staged),
            self.location.clone(),
            Existing::Replace,
        )
        .await
    }

    async fn abort(&mut self) -> Result<()> {
        let staged = Arc::clone(&self.staged);
        blocking(move || {
            staged.discard();
            Ok(())
        })
        .await
    }
}
