//! The S3 client, with listings read page by page, and with what `object_store` does not ask.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use tracing::debug;

use super::ask::{Asker, STORE};
use super::copier::Copier;
use super::dialect::Tagging;
use super::endpoint::Endpoint;
use super::history::History;
use super::keeping;
use super::meaning;
use super::refusal::Refusal;
use super::tag;
use crate::at_once::PARTS_ASKED_FOR_AT_ONCE;
use crate::block::Fingerprint;
use crate::bucket::classify::Meaning;
use crate::bucket::copier;
use crate::bucket::history;
use crate::bucket::keeping::Keeping;
use crate::bucket::pages::{self, Next, Page, Place};
use crate::bucket::store::{self, Entry};
use crate::bucket::unfinished::{Begun, Unfinished};
use crate::causes;
use crate::environment::Secret;
use crate::error::Kind;
use crate::http::late_body::Streamed;

/// A client whose listings end.
#[derive(Debug)]
pub(super) struct Store {
    inner: Arc<AmazonS3>,
    asker: Asker,
    abode: Abode,
}

/// Where on which service the bucket is, and how what lies there is to be read.
#[derive(Debug)]
pub(super) struct Abode {
    pub(super) endpoint: Endpoint,
    /// Its name, where it is known.
    pub(super) bucket: Option<String>,
    /// The customer's key, in base64.
    pub(super) customer_key: Option<Secret>,
}

/// So many bytes are read to see whether they are what was put.
const READ_BACK: usize = 1 << 20;

/// Somebody acknowledged what was put, and it is not there.
#[derive(Debug)]
struct NotPut;

impl fmt::Display for NotPut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer bears no entity tag and is none of S3's: what was put is not there")
    }
}

impl StdError for NotPut {}

impl Store {
    pub(super) fn new(client: AmazonS3, asker: Asker, abode: Abode) -> Self {
        Self {
            inner: Arc::new(client),
            asker,
            abode,
        }
    }

    /// The listings of `object_store` cannot hold every name, nor every page: they are refused.
    fn lists_otherwise(&self) -> object_store::Error {
        object_store::Error::NotImplemented {
            operation: "list other than by entries and directories".to_owned(),
            implementer: self.to_string(),
        }
    }

    /// Whether what was put is there: small objects by their bytes, others by their size.
    async fn look_for(
        &self,
        location: &Path,
        payload: &PutPayload,
        streamed_bytes: Option<u64>,
    ) -> Result<()> {
        let put_bytes = payload.content_length();
        let is_there = if streamed_bytes.is_none() && put_bytes <= READ_BACK {
            let got = self.inner.get_opts(location, GetOptions::default()).await;
            match got {
                Ok(got) if got.meta.size > READ_BACK as u64 => Ok(false),
                Ok(got) => {
                    let read = got.bytes().await?;
                    Ok(payload.iter().flatten().eq(read.iter()))
                }
                Err(err) => Err(err),
            }
        } else {
            let size = streamed_bytes.unwrap_or(put_bytes as u64);
            let found = self.inner.head(location).await;
            found.map(|found| found.size == size)
        };
        match is_there {
            Ok(true) => Ok(()),
            Err(err)
                if causes::first::<Refusal>(&err)
                    .is_none_or(|refusal| refusal.kind() != Kind::NotFound) =>
            {
                Err(err)
            }
            Ok(false) | Err(_) => Err(object_store::Error::Generic {
                store: "S3",
                source: Box::new(NotPut),
            }),
        }
    }

    fn pages(&self, place: Place) -> BoxStream<'static, Result<Page>> {
        let asker = self.asker.clone();
        pages::pages(STORE, place, move |place| {
            let asker = asker.clone();
            async move { asker.page(&place).await }
        })
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
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
        let streamed_bytes = options.extensions.get::<Streamed>();
        let streamed_bytes = streamed_bytes.map(|body| body.0.size_bytes());
        let put = self
            .inner
            .put_opts(location, payload.clone(), options)
            .await?;
        // S3 answers a put with an entity tag. An answer without one may come from something else.
        if put.e_tag.as_deref().and_then(tag::normalised).is_none() {
            self.look_for(location, &payload, streamed_bytes).await?;
        }
        Ok(put)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let head_only = options.head;
        let with_body = GetOptions {
            head: false,
            ..options.clone()
        };
        match self.inner.get_opts(location, options).await {
            // An answer to `HEAD` has no body to explain it, so the object is asked for again with `GET`.
            Err(err) if head_only && is_unsaid(&err) => {
                self.inner.get_opts(location, with_body).await
            }
            got => got,
        }
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let refused = self.lists_otherwise();
        stream::once(std::future::ready(Err(refused))).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(self.lists_otherwise())
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[async_trait]
impl store::Pager for Store {
    async fn page(&self, below: Option<&Path>, after: &str, at_most: usize) -> Result<store::Page> {
        let place = Place {
            at_most: Some(at_most),
            ..Place::after(below, Some(after))
        };
        let page = self.asker.page(&place).await?;
        Ok(store::Page {
            is_last: page.next == Next::End,
            entries: page.entries,
        })
    }
}

#[async_trait]
impl Unfinished for Store {
    async fn begun(&self, below: Option<&Path>) -> Result<Vec<Begun>> {
        // Some servers take what names are to begin with for a whole name, so that they are asked for everything.
        let below = below.filter(|_| self.abode.endpoint.is_amazon());
        self.asker.uploads(below).await
    }

    async fn look_at(&self, begun: &Begun) -> Result<Option<Begun>> {
        let Some((now, has_parts)) = self.asker.upload(begun).await? else {
            return Ok(None);
        };
        if has_parts {
            return Ok(Some(now));
        }
        // Some servers list no parts, and nothing more, of what is gone.
        let directory = begun.key.rsplit_once('/').map(|(directory, _)| directory);
        let below = directory.and_then(|directory| Path::parse(directory).ok());
        let listed = self.begun(below.as_ref()).await?;
        let is_it = |one: &Begun| one.key == begun.key && one.id == begun.id;
        Ok(listed.iter().any(is_it).then_some(now))
    }

    async fn end(&self, begun: &Begun) -> Result<()> {
        self.asker.abort(begun).await
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
        let source = &source.as_any().downcast_ref::<Self>()?.abode;
        let dialect = self.asker.dialect;
        let copies = dialect.differences.server_copy.is_some()
            && source.endpoint.is_one_service_with(&self.abode.endpoint);
        let source_bucket = source.bucket.clone().filter(|_| copies)?;
        Some(Arc::new(Copier {
            target: Arc::clone(&self.inner),
            asker: self.asker.clone(),
            source_bucket,
            version: None,
            source_key: source.customer_key.clone(),
            target_key: self.abode.customer_key.clone(),
            knows_no_tags: Arc::new((dialect.tagging == Tagging::Unknown).into()),
        }))
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
        Ok(self)
    }

    fn meaning(&self, cause: &(dyn StdError + 'static)) -> Option<Meaning> {
        meaning::meaning(cause)
    }

    fn may_replace_when_creating(&self) -> bool {
        self.asker.dialect.looks_first()
    }

    fn tells_digests(&self) -> bool {
        self.asker.dialect.tells_checksums()
    }

    async fn digests(&self, key: &Path, etag: &str) -> Fingerprint {
        let told = self
            .asker
            .digests(key, etag, self.abode.customer_key.as_ref())
            .await
            .inspect_err(|err| {
                debug!(object = %key, %err, "the checksums of an object are not told");
            });
        told.unwrap_or_default()
    }

    async fn keeping(&self) -> Option<Keeping> {
        Some(keeping::keeping(&self.asker).await)
    }

    fn history(&self) -> Option<Arc<dyn history::History>> {
        Some(Arc::new(History {
            client: Arc::clone(&self.inner),
            asker: self.asker.clone(),
            bucket: self.abode.bucket.clone(),
            customer_key: self.abode.customer_key.clone(),
        }))
    }

    async fn delete_once(&self, key: &Path) -> Result<()> {
        self.asker.delete_once(key).await
    }

    async fn part_sizes(&self, key: &Path, size_bytes: u64, parts: u32) -> Option<Vec<u64>> {
        let ask = async |number| {
            let part = self.asker.part(key, number).await.inspect_err(|err| {
                debug!(object = %key, number, %err, "the size of a part is not told");
            });
            // What has other parts by now is another object.
            part.ok().flatten().filter(|part| part.of == parts)
        };
        let first = ask(1).await?.size_bytes;
        let is_even = first > 0 && size_bytes.div_ceil(first) == u64::from(parts);
        if is_even {
            let others = u64::from(parts.checked_sub(1)?);
            let last = size_bytes.checked_sub(first.checked_mul(others)?)?;
            let sizes = (0..others).map(|_| first);
            return Some(sizes.chain([last]).collect());
        }
        if parts > MOST_UNEVEN_PARTS {
            return None;
        }
        let others: Option<Vec<u64>> = stream::iter(2..=parts)
            .map(ask)
            .buffered(PARTS_ASKED_FOR_AT_ONCE)
            .map(|part| part.map(|part| part.size_bytes).ok_or(()))
            .try_collect()
            .await
            .ok();
        Some([first].into_iter().chain(others?).collect())
    }
}

/// So many parts are asked for one by one, where not all are of one size.
const MOST_UNEVEN_PARTS: u32 = 1000;

/// Whether a refusal came without a word.
fn is_unsaid(err: &object_store::Error) -> bool {
    causes::first::<Refusal>(err).is_some_and(Refusal::is_unsaid)
}
