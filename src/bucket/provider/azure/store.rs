//! The container as a store.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Extensions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use reqwest::Method;
use tracing::debug;

use super::ask::{STORE, generic};
use super::asked::Asked;
use super::container::{Container, is_still_empty};
use super::copier::Copier;
use super::history::History;
use super::keeping;
use super::meaning;
use super::object;
use super::page;
use super::refusal::Refusal;
use super::upload::{Blocks, Upload};
use crate::bucket::classify::Meaning;
use crate::bucket::copier;
use crate::bucket::history;
use crate::bucket::keeping::Keeping;
use crate::bucket::pages::{self, Next, Page, Place};
use crate::bucket::store::{self, Entry};
use crate::bucket::unfinished::Unfinished;
use crate::causes;
use crate::error::Kind;
use crate::http::body::whole;
use crate::http::percent::escaped;
use crate::retry::Backoff;

/// The container.
#[derive(Debug)]
pub(super) struct Store(pub(super) Arc<Container>);

impl Store {
    /// The listings of `object_store` cannot hold every name, nor every page: they are refused.
    fn lists_otherwise(&self) -> object_store::Error {
        object_store::Error::NotImplemented {
            operation: "list other than by entries and directories".to_owned(),
            implementer: self.to_string(),
        }
    }

    fn pages(&self, place: Place) -> BoxStream<'static, Result<Page>> {
        let container = Arc::clone(&self.0);
        pages::pages(STORE, place, move |place| {
            let container = Arc::clone(&container);
            async move { one_page(&container, &place).await }
        })
    }
}

/// One page of a listing, whole or not at all. A page that is no whole one may be one when it is asked for again.
async fn one_page(container: &Container, place: &Place) -> Result<Page> {
    let mut query = "?restype=container&comp=list".to_owned();
    let mut add = |name: &str, value: &str| {
        // Writing to a string never fails.
        let _ = write!(query, "&{name}={}", escaped(value, b""));
    };
    if !place.prefix.is_empty() {
        add("prefix", &place.prefix);
    }
    if let Some(delimiter) = place.delimiter {
        add("delimiter", delimiter);
    }
    if let Some(most) = place.at_most {
        add("maxresults", &most.to_string());
    }
    let marker = match &place.next {
        Some(Next::Token(marker)) => Some(marker.as_str()),
        _ => None,
    };
    if let Some(marker) = marker {
        add("marker", marker);
    }
    let question = container
        .asker
        .about_container(Asked::List, Method::GET, &query);
    let retries = container.asker.retries;
    let mut backoff = Backoff::new(&retries.policy(retries.most));
    loop {
        let read = async {
            let answer = container.ask(&question).await?;
            let body = whole(answer.body, page::LONGEST).await.map_err(generic)?;
            page::read(&body, marker).map_err(generic)
        };
        let err = match read.await {
            Err(err) if marker.is_none() && is_still_empty(&err) => {
                return Ok(Page {
                    entries: Vec::new(),
                    directories: Vec::new(),
                    next: Next::End,
                });
            }
            // Refusals were repeated already.
            Err(err) if causes::first::<Refusal>(&err).is_none() && meaning::may_pass(&err) => err,
            read => return read,
        };
        let Some(delay) = backoff.next_delay() else {
            return Err(err);
        };
        debug!(?delay, err = %causes::told(&err), "page is asked for again");
        tokio::time::sleep(delay).await;
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{STORE}({})", self.0.name)
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
        let container = &self.0;
        let create = options.mode == PutMode::Create;
        let mut question = container
            .asker
            .about(Asked::Put { create }, Method::PUT, location, "")?
            .told_by(&options.extensions)
            .with("x-ms-blob-type", "BlockBlob")?
            .with("content-type", "application/octet-stream")?;
        match &options.mode {
            PutMode::Overwrite => {}
            PutMode::Create => question = question.with("if-none-match", "*")?,
            PutMode::Update(version) => {
                let tag = version.e_tag.as_deref().unwrap_or_default();
                question = question.with("if-match", tag)?;
            }
        }
        question = container.with_class(question, location)?;
        question.body = payload;
        let answer = container.ask(&question).await?;
        Ok(PutResult {
            e_tag: answer
                .headers
                .get("etag")
                .and_then(|tag| tag.to_str().ok())
                .and_then(page::tag),
            version: None,
            extensions: Extensions::new(),
        })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let blocks = Blocks::new(Arc::clone(&self.0), location.clone());
        Ok(Box::new(Upload::new(blocks, &options.extensions)))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let got = object::get(&self.0, location, options).await;
        got.map_err(|err| {
            let kind = causes::first::<Refusal>(&err).map(Refusal::kind);
            let is_missing = kind == Some(Kind::NotFound) || is_still_empty(&err);
            if is_missing {
                object_store::Error::NotFound {
                    path: location.to_string(),
                    source: err.into(),
                }
            } else {
                err
            }
        })
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let container = Arc::clone(&self.0);
        store::delete_each(locations, DELETIONS, move |location| {
            let container = Arc::clone(&container);
            async move {
                delete(&container, &location, false).await?;
                Ok(location)
            }
        })
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let refused = self.lists_otherwise();
        stream::once(std::future::ready(Err(refused))).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(self.lists_otherwise())
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(object_store::Error::NotImplemented {
            operation: "copy otherwise than from container to container".to_owned(),
            implementer: self.to_string(),
        })
    }
}

/// So many deletions go at once.
const DELETIONS: usize = 4;

/// Deletes an object with its snapshots, as Thanos does.
async fn delete(container: &Container, key: &Path, once: bool) -> Result<()> {
    let mut question = container
        .asker
        .about(Asked::Delete, Method::DELETE, key, "")?
        .with("x-ms-delete-snapshots", "include")?;
    question.once = once;
    match container.ask(&question).await {
        Err(err) if is_still_empty(&err) => Ok(()),
        asked => asked.map(drop),
    }
}

#[async_trait]
impl store::Store for Store {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn copier(&self, source: &dyn store::Store) -> Option<Arc<dyn copier::Copier>> {
        let source = &source.as_any().downcast_ref::<Self>()?.0;
        let copier = Copier::between(source, &self.0)?;
        Some(Arc::new(copier))
    }

    /// Azure begins a listing where a marker of its own says, and after no name: what comes before is asked for all the same, and left out here.
    fn entries(
        &self,
        below: Option<&Path>,
        after: Option<&str>,
    ) -> BoxStream<'static, Result<Entry>> {
        let after = after.map(str::to_owned);
        let mut last = String::new();
        // What comes in another order shows that only here: what is left out below may be what comes late.
        let in_order = move |entry: Entry| {
            let is_late = entry.left_out.is_none() && entry.key < last;
            if is_late {
                return std::future::ready(Err(generic(page::Fault::Disorder)));
            }
            if entry.left_out.is_none() {
                last.clone_from(&entry.key);
            }
            std::future::ready(Ok(entry))
        };
        let listed = pages::entries(self.pages(Place::below(below))).and_then(in_order);
        let is_after = move |entry: &Entry| {
            let comes = after
                .as_deref()
                .is_none_or(|after| entry.key.as_str() > after);
            std::future::ready(comes)
        };
        listed.try_filter(is_after).boxed()
    }

    /// Of what begins with its name it comes first, so that nothing else is listed.
    async fn shows(&self, _: Option<&Path>, key: &Path) -> Result<bool> {
        let place = Place::first_of(key.as_ref());
        let mut entries = pages::entries(self.pages(place));
        let first = entries.try_next().await?;
        Ok(first.is_some_and(|first| first.key == key.as_ref()))
    }

    async fn directories(&self, below: Option<&Path>) -> Result<Vec<String>> {
        pages::directories(self.pages(Place::level(below))).await
    }

    fn unfinished(&self) -> std::result::Result<&dyn Unfinished, &'static str> {
        Err(
            "blocks that belong to no object cannot be removed by themselves, and Azure removes them a week after the last of them came",
        )
    }

    fn meaning(&self, cause: &(dyn StdError + 'static)) -> Option<Meaning> {
        meaning::meaning(cause)
    }

    fn wants_digests(&self) -> bool {
        true
    }

    async fn is_to_be_made(&self) -> bool {
        keeping::keeping(&self.0).await.is_none()
    }

    async fn keeping(&self) -> Option<Keeping> {
        keeping::keeping(&self.0).await
    }

    fn history(&self) -> Option<Arc<dyn history::History>> {
        Some(Arc::new(History(Arc::clone(&self.0))))
    }

    async fn delete_once(&self, key: &Path) -> Result<()> {
        delete(&self.0, key, true).await
    }
}
