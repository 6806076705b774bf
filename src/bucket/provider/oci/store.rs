//! The bucket as a store: every request is this provider's own.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;

use async_trait::async_trait;
use chrono::DateTime;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, Error, Extensions, GetOptions, GetResult, GetResultPayload,
    ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions,
    PutPayload, PutResult, Result,
};
use tracing::debug;

use super::ask::Asker;
use super::fault::{Fault, STORE, generic};
use super::keeping;
use super::meaning;
use super::object;
use super::upload::Upload;
use super::uploads;
use crate::block::Fingerprint;
use crate::bucket::classify::Meaning;
use crate::bucket::keeping::Keeping;
use crate::bucket::pages::{self, Next, Page, Place};
use crate::bucket::store::{self, Entry};
use crate::bucket::unfinished::{Begun, Unfinished};

/// How many names a page has at most.
const LARGEST_PAGE: usize = 1000;

/// Deletions that go on at once.
const DELETIONS: usize = 10;

/// A bucket.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) asker: Asker,
}

impl Store {
    fn pages(&self, place: Place) -> BoxStream<'static, Result<Page>> {
        let asker = self.asker.clone();
        pages::pages(STORE, place, move |place| {
            let asker = asker.clone();
            async move { asker.page(&place).await }
        })
    }

    fn unsupported(&self, operation: &str) -> Error {
        Error::NotImplemented {
            operation: operation.to_owned(),
            implementer: self.to_string(),
        }
    }

    async fn head(&self, location: &Path, etag: Option<&str>) -> Result<GetResult> {
        let facts = self.asker.facts(location, etag).await?;
        let size = facts.size_bytes.unwrap_or_default();
        Ok(GetResult {
            payload: GetResultPayload::Stream(stream::empty().boxed()),
            meta: ObjectMeta {
                location: location.clone(),
                last_modified: facts.modified.unwrap_or(DateTime::UNIX_EPOCH),
                size,
                e_tag: facts.etag,
                version: None,
            },
            range: 0..size,
            attributes: Attributes::default(),
            extensions: Extensions::default(),
        })
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OCI bucket {}", self.asker.bucket)
    }
}

#[async_trait]
impl ObjectStore for Store {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let create = match options.mode {
            PutMode::Overwrite => false,
            PutMode::Create => true,
            PutMode::Update(_) => return Err(self.unsupported("update")),
        };
        let put = self
            .asker
            .put(location, payload, create, options.extensions);
        put.await.map(|there| PutResult {
            e_tag: there.etag,
            version: None,
            extensions: Extensions::default(),
        })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(Upload::begin(&self.asker, location).await?))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let tag = options.if_match.as_deref().and_then(object::tag);
        if options.head {
            return self.head(location, tag.as_deref()).await;
        }
        let range = options.range.as_ref();
        let version = options.version.as_deref();
        self.asker
            .read(location, range, tag.as_deref(), version)
            .await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let asker = self.asker.clone();
        store::delete_each(locations, DELETIONS, move |location| {
            let asker = asker.clone();
            async move {
                asker.delete(&location, asker.retries).await?;
                Ok(location)
            }
        })
    }

    /// The listings of `object_store` cannot hold every name: they are refused.
    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let refused = self.unsupported("list other than by entries and directories");
        stream::once(std::future::ready(Err(refused))).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(self.unsupported("list other than by entries and directories"))
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(self.unsupported("copy within a bucket"))
    }
}

#[async_trait]
impl store::Pager for Store {
    async fn page(&self, below: Option<&Path>, after: &str, at_most: usize) -> Result<store::Page> {
        // The service begins with that name itself, which is left out.
        let asked = at_most.saturating_add(1).min(LARGEST_PAGE);
        let place = Place {
            at_most: Some(asked),
            ..Place::after(below, Some(after))
        };
        let mut page = self.asker.page(&place).await?;
        let is_cut = page.entries.len() > at_most;
        page.entries.truncate(at_most);
        Ok(store::Page {
            is_last: page.next == Next::End && !is_cut,
            entries: page.entries,
        })
    }
}

#[async_trait]
impl Unfinished for Store {
    async fn begun(&self, below: Option<&Path>) -> Result<Vec<Begun>> {
        uploads::begun(&self.asker, below).await
    }

    async fn look_at(&self, begun: &Begun) -> Result<Option<Begun>> {
        uploads::look_at(&self.asker, begun).await
    }

    async fn end(&self, begun: &Begun) -> Result<()> {
        uploads::end(&self.asker, begun).await
    }
}

#[async_trait]
impl store::Store for Store {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn pager(&self) -> Option<&dyn store::Pager> {
        Some(self)
    }

    fn entries(
        &self,
        below: Option<&Path>,
        after: Option<&str>,
    ) -> BoxStream<'static, Result<Entry>> {
        pages::entries(self.pages(Place::after(below, after)))
    }

    async fn shows(&self, below: Option<&Path>, key: &Path) -> Result<bool> {
        let mut before = String::from(key.clone());
        before.pop();
        let mut entries = self.entries(below, Some(&before));
        while let Some(entry) = entries.try_next().await? {
            if entry.key.as_str() < key.as_ref() {
                continue;
            }
            let is_it = entry.key == key.as_ref();
            let class = self.asker.classes.of(key.as_ref());
            let is_asked_for = class.is_some_and(object::is_archive);
            if is_it && entry.archived && !is_asked_for {
                return Err(generic(Fault::Archives));
            }
            return Ok(is_it);
        }
        Ok(false)
    }

    async fn directories(&self, below: Option<&Path>) -> Result<Vec<String>> {
        pages::directories(self.pages(Place::level(below))).await
    }

    fn unfinished(&self) -> std::result::Result<&dyn Unfinished, &'static str> {
        Ok(self)
    }

    fn meaning(&self, cause: &(dyn StdError + 'static)) -> Option<Meaning> {
        meaning::meaning(cause)
    }

    fn tells_digests(&self) -> bool {
        true
    }

    async fn digests(&self, key: &Path, etag: &str) -> Fingerprint {
        let told = self.asker.facts(key, Some(etag)).await;
        let told = told.inspect_err(|err| {
            debug!(object = %key, %err, "the checksums of an object are not told");
        });
        told.map(|facts| facts.digests).unwrap_or_default()
    }

    async fn keeping(&self) -> Option<Keeping> {
        Some(keeping::keeping(&self.asker).await)
    }

    async fn delete_once(&self, key: &Path) -> Result<()> {
        self.asker.delete(key, 0).await
    }
}
