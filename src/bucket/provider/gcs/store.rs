//! The bucket as a store: every request is this provider's own, for the service's JSON interface tells more than the other, and is what everything
//! that plays the service knows.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::DateTime;
use futures::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, Error, Extensions, GetOptions, GetResult, GetResultPayload,
    ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions,
    PutPayload, PutResult, Result,
};

use super::ask::Asker;
use super::copier::{Copier, Copies};
use super::fault::{Fault, STORE};
use super::history::History;
use super::keeping;
use super::meaning;
use super::refusal::Refusal;
use super::resource::{Resource, generation_of};
use super::upload::{Asking, Upload};
use crate::bucket::classify::Meaning;
use crate::bucket::copier;
use crate::bucket::history;
use crate::bucket::keeping::Keeping;
use crate::bucket::pages::{self, Next, Page, Place};
use crate::bucket::store::{self, Entry};
use crate::bucket::unfinished::Unfinished;
use crate::causes;

/// How many names a page has at most.
const LARGEST_PAGE: usize = 1000;

/// Deletions that go on at once.
const DELETIONS: usize = 10;

/// A bucket.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) asker: Asker,
    pub(super) asking: Asking,
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

    async fn head(&self, location: &Path) -> Result<GetResult> {
        let facts = self.asker.facts(location).await?;
        let size = facts.size_bytes().unwrap_or_default();
        Ok(GetResult {
            payload: GetResultPayload::Stream(stream::empty().boxed()),
            meta: ObjectMeta {
                location: location.clone(),
                last_modified: facts.modified().unwrap_or(DateTime::UNIX_EPOCH),
                size,
                e_tag: facts.tag(),
                version: None,
            },
            range: 0..size,
            attributes: Attributes::default(),
            extensions: Extensions::default(),
        })
    }
}

/// What a put is answered with.
fn put_result(there: &Resource) -> PutResult {
    PutResult {
        e_tag: there.tag(),
        version: None,
        extensions: Extensions::default(),
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GCS bucket {}", self.asker.bucket)
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
        put.await.map(|there| put_result(&there))
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let upload = Upload::begin(&self.asker, location, self.asking, options.extensions);
        Ok(Box::new(upload.await?))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if options.head {
            return self.head(location).await;
        }
        let generation = match &options.if_match {
            Some(tag) => Some(generation_of(tag).ok_or_else(|| Error::Precondition {
                path: location.to_string(),
                source: Box::new(Fault::NoObject),
            })?),
            None => None,
        };
        let read = self
            .asker
            .read(location, options.range.as_ref(), generation);
        match read.await {
            Err(err) if causes::first::<Refusal>(&err).is_some_and(Refusal::is_nobodys_absence) => {
                // Where an object is asked for, an absence has no form of its own; where it is asked about, it has.
                self.asker.facts(location).await?;
                Err(err)
            }
            got => got,
        }
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let asker = self.asker.clone();
        store::delete_each(locations, DELETIONS, move |location| {
            let asker = asker.clone();
            async move {
                asker.delete(&location, None, asker.retries).await?;
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
impl store::Store for Store {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn pager(&self) -> Option<&dyn store::Pager> {
        Some(self)
    }

    fn copier(&self, source: &dyn store::Store) -> Option<Arc<dyn copier::Copier>> {
        let source = &source.as_any().downcast_ref::<Self>()?.asker;
        (source.base == self.asker.base).then(|| {
            Arc::new(Copier {
                asker: self.asker.clone(),
                source_bucket: source.bucket.clone(),
                kind: Copies::Current,
            }) as Arc<dyn copier::Copier>
        })
    }

    fn entries(
        &self,
        below: Option<&Path>,
        after: Option<&str>,
    ) -> BoxStream<'static, Result<Entry>> {
        pages::entries(self.pages(Place::after(below, after)))
    }

    async fn directories(&self, below: Option<&Path>) -> Result<Vec<String>> {
        pages::directories(self.pages(Place::level(below))).await
    }

    fn unfinished(&self) -> std::result::Result<&dyn Unfinished, &'static str> {
        Err(
            "Google Cloud Storage shows no uploads that go on, asks nothing for them, and removes them by itself a week after they were begun",
        )
    }

    fn meaning(&self, cause: &(dyn StdError + 'static)) -> Option<Meaning> {
        meaning::meaning(cause)
    }

    async fn keeping(&self) -> Option<Keeping> {
        Some(keeping::keeping(&self.asker).await)
    }

    fn history(&self) -> Option<Arc<dyn history::History>> {
        let asker = self.asker.clone();
        Some(Arc::new(History { asker }))
    }

    async fn delete_once(&self, key: &Path) -> Result<()> {
        self.asker.delete(key, None, 0).await
    }
}
