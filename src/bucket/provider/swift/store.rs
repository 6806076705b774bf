//! The container as a store: every request is this provider's own.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, Extensions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::ask::Asker;
use super::copier::Copier;
use super::facts::{Of, Tag};
use super::fault::{Fault, STORE};
use super::keeping;
use super::meaning;
use super::read;
use super::streamed;
use super::upload::Upload;
use crate::bucket::classify::Meaning;
use crate::bucket::copier;
use crate::bucket::keeping::Keeping;
use crate::bucket::pages::{self, Next, Page, Place};
use crate::bucket::store::{self, Entry, Once};
use crate::bucket::unfinished::Unfinished;
use crate::http::late_body::Streamed;

/// Deletions that go on at once.
const DELETIONS: usize = 10;

/// A container.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) asker: Asker,
    /// Which cluster it is on, as far as the configuration tells.
    pub(super) cluster: String,
}

impl Store {
    fn pages(&self, place: Place) -> BoxStream<'static, Result<Page>> {
        let asker = self.asker.clone();
        pages::pages(STORE, place, move |place| {
            let asker = asker.clone();
            async move { asker.objects(&place).await }
        })
    }

    fn unsupported(&self, operation: &str) -> Error {
        Error::NotImplemented {
            operation: operation.to_owned(),
            implementer: self.to_string(),
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Swift container {}", self.asker.container)
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
        let asker = &self.asker;
        let once = options.extensions.get::<Once>().is_some();
        let hash = match (options.mode, options.extensions.get::<Streamed>()) {
            (PutMode::Overwrite, Some(body)) => {
                let replaced = asker.replaced(location).await?;
                let md5 = streamed::put(asker, location, body).await?;
                asker.discard(location, replaced).await;
                md5
            }
            (PutMode::Overwrite, None) => asker.replace(location, payload, once).await?,
            (PutMode::Create, None) => asker.create(location, payload).await?,
            (PutMode::Create, Some(_)) => return Err(self.unsupported("create by a stream")),
            (PutMode::Update(_), _) => return Err(self.unsupported("update")),
        };
        let of = Of::Bytes;
        Ok(PutResult {
            e_tag: Some(Tag { hash, of }.shown()),
            version: None,
            extensions: Extensions::default(),
        })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(Upload::new(&self.asker, location)))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if options.head {
            let facts = self.asker.facts(location).await?;
            return Ok(read::headed(location, &facts));
        }
        let version = match &options.if_match {
            Some(tag) => Some(Tag::read(tag).ok_or_else(|| Error::Precondition {
                path: location.to_string(),
                source: Box::new(Fault::NoObject),
            })?),
            None => None,
        };
        let range = options.range.as_ref();
        read::read(&self.asker, location, range, version.as_ref()).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let asker = self.asker.clone();
        store::delete_each(locations, DELETIONS, move |location| {
            let asker = asker.clone();
            async move {
                asker.delete_whole(&location, asker.retries).await?;
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
        Err(self.unsupported("copy within a container"))
    }
}

#[async_trait]
impl store::Pager for Store {
    async fn page(&self, below: Option<&Path>, after: &str, at_most: usize) -> Result<store::Page> {
        let mut place = Place {
            at_most: Some(at_most),
            ..Place::after(below, Some(after))
        };
        let mut page = self.asker.objects(&place).await?;
        // Behind what is not shown comes what is.
        while page.entries.is_empty()
            && page.next != Next::End
            && place.next.as_ref() != Some(&page.next)
        {
            place.next = Some(page.next);
            page = self.asker.objects(&place).await?;
        }
        // Not every service keeps to the number that is asked for.
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
        let source = source.as_any().downcast_ref::<Self>()?;
        (source.cluster == self.cluster).then(|| {
            Arc::new(Copier {
                source: source.asker.clone(),
                target: self.asker.clone(),
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
        Ok(&self.asker)
    }

    fn meaning(&self, cause: &(dyn StdError + 'static)) -> Option<Meaning> {
        meaning::meaning(cause)
    }

    async fn keeping(&self) -> Option<Keeping> {
        Some(keeping::keeping(&self.asker).await)
    }

    async fn delete_once(&self, key: &Path) -> Result<()> {
        self.asker.delete_whole(key, 0).await
    }
}
