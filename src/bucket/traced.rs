//! A store each of whose requests is a span.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

use super::classify::Meaning;
use super::copier::{Assembly, Copier, Original};
use super::history::{History, HistoryPage, Lost, Next, Way};
use super::keeping::Keeping;
use super::store::{Entry, Page, Pager, Store};
use super::unfinished::{Begun, Unfinished};
use crate::block::Fingerprint;
use crate::http::request::{Request, traced, traced_pieces};

/// The store of one bucket.
#[derive(Debug)]
pub(super) struct Traced {
    inner: Arc<dyn Store>,
    bucket: Arc<str>,
}

impl Traced {
    /// `bucket` is how spans name it.
    pub(super) fn new(inner: Arc<dyn Store>, bucket: &str) -> Self {
        Self {
            inner,
            bucket: bucket.into(),
        }
    }

    fn request(&self, method: &'static str, key: &Path) -> Option<Arc<Request>> {
        Request::new(method, &self.bucket, key.as_ref())
    }

    fn told(&self) -> Result<&dyn Unfinished> {
        self.inner
            .unfinished()
            .map_err(|why| object_store::Error::NotImplemented {
                operation: why.to_owned(),
                implementer: self.to_string(),
            })
    }

    fn listing(&self, below: Option<&Path>) -> Option<Arc<Request>> {
        let key = below.map(AsRef::as_ref).unwrap_or_default();
        Request::new("list", &self.bucket, key)
    }
}

impl fmt::Display for Traced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// Listings count objects but no bytes, since no content is moved.
fn nothing<T>(_: &T) -> u64 {
    0
}

#[async_trait]
impl ObjectStore for Traced {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let request = self.request("put", location);
        note_bytes(request.as_ref(), payload.content_length());
        traced(request, self.inner.put_opts(location, payload, options)).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let request = self.request("create-multipart", location);
        let work = self.inner.put_multipart_opts(location, options);
        let inner = traced(request, work).await?;
        Ok(Box::new(TracedUpload {
            inner,
            bucket: Arc::clone(&self.bucket),
            key: location.clone(),
        }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let method = if options.head { "head" } else { "get" };
        let request = self.request(method, location);
        let work = self.inner.get_opts(location, options);
        let mut got = traced(request.clone(), work).await?;
        if let Some(request) = request {
            got.payload = match got.payload {
                GetResultPayload::Stream(pieces) => {
                    let bytes = |piece: &Bytes| piece.len() as u64;
                    GetResultPayload::Stream(traced_pieces(Some(request), pieces, bytes))
                }
                file @ GetResultPayload::File(..) => file,
            };
        }
        Ok(got)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let inner = Arc::clone(&self.inner);
        let bucket = Arc::clone(&self.bucket);
        // One request a name: that is how this crate deletes.
        locations
            .then(move |location| {
                let (inner, bucket) = (Arc::clone(&inner), Arc::clone(&bucket));
                async move {
                    let location = location?;
                    let request = Request::new("delete", &bucket, location.as_ref());
                    let one = futures::stream::once(std::future::ready(Ok(location.clone())));
                    let mut deleted = inner.delete_stream(one.boxed());
                    let work = async { deleted.next().await.unwrap_or(Ok(location)) };
                    traced(request, work).await
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        traced_pieces(self.listing(prefix), self.inner.list(prefix), nothing)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let pieces = self.inner.list_with_offset(prefix, offset);
        traced_pieces(self.listing(prefix), pieces, nothing)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        traced(self.listing(prefix), self.inner.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let request = self.request("copy", to);
        traced(request, self.inner.copy_opts(from, to, options)).await
    }
}

#[async_trait]
impl Pager for Traced {
    fn largest_page(&self) -> u64 {
        self.inner.pager().map_or(1000, Pager::largest_page)
    }

    async fn page(&self, below: Option<&Path>, after: &str, at_most: usize) -> Result<Page> {
        let Some(inner) = self.inner.pager() else {
            return Err(object_store::Error::NotImplemented {
                operation: "list page by page".to_owned(),
                implementer: self.to_string(),
            });
        };
        traced(self.listing(below), inner.page(below, after, at_most)).await
    }
}

#[async_trait]
impl Unfinished for Traced {
    async fn begun(&self, below: Option<&Path>) -> Result<Vec<Begun>> {
        let inner = self.told()?;
        traced(self.listing(below), inner.begun(below)).await
    }

    async fn look_at(&self, begun: &Begun) -> Result<Option<Begun>> {
        let request = Request::new("list", &self.bucket, &begun.key);
        traced(request, self.told()?.look_at(begun)).await
    }

    async fn end(&self, begun: &Begun) -> Result<()> {
        let request = Request::new("abort-multipart", &self.bucket, &begun.key);
        traced(request, self.told()?.end(begun)).await
    }
}

#[async_trait]
impl Store for Traced {
    fn as_any(&self) -> &dyn Any {
        self.inner.as_any()
    }

    fn pager(&self) -> Option<&dyn Pager> {
        self.inner.pager().map(|_| self as &dyn Pager)
    }

    fn unfinished(&self) -> std::result::Result<&dyn Unfinished, &'static str> {
        self.inner.unfinished().map(|_| self as &dyn Unfinished)
    }

    fn copier(&self, source: &dyn Store) -> Option<Arc<dyn Copier>> {
        let inner = self.inner.copier(source)?;
        let bucket = Arc::clone(&self.bucket);
        Some(Arc::new(TracedCopier { inner, bucket }))
    }

    fn entries(
        &self,
        below: Option<&Path>,
        after: Option<&str>,
    ) -> BoxStream<'static, Result<Entry>> {
        traced_pieces(
            self.listing(below),
            self.inner.entries(below, after),
            nothing,
        )
    }

    async fn directories(&self, below: Option<&Path>) -> Result<Vec<String>> {
        traced(self.listing(below), self.inner.directories(below)).await
    }

    async fn shows(&self, below: Option<&Path>, key: &Path) -> Result<bool> {
        traced(self.listing(below), self.inner.shows(below, key)).await
    }

    fn meaning(&self, cause: &(dyn StdError + 'static)) -> Option<Meaning> {
        self.inner.meaning(cause)
    }

    fn wants_digests(&self) -> bool {
        self.inner.wants_digests()
    }

    fn may_replace_when_creating(&self) -> bool {
        self.inner.may_replace_when_creating()
    }

    async fn delete_once(&self, key: &Path) -> Result<()> {
        traced(self.request("delete", key), self.inner.delete_once(key)).await
    }

    fn tells_digests(&self) -> bool {
        self.inner.tells_digests()
    }

    async fn digests(&self, key: &Path, etag: &str) -> Fingerprint {
        let asked = async { Ok(self.inner.digests(key, etag).await) };
        let told = traced(self.request("head", key), asked).await;
        told.unwrap_or_default()
    }

    async fn is_to_be_made(&self) -> bool {
        self.inner.is_to_be_made().await
    }

    async fn keeping(&self) -> Option<Keeping> {
        self.inner.keeping().await
    }

    fn history(&self) -> Option<Arc<dyn History>> {
        let inner = self.inner.history()?;
        let bucket = Arc::clone(&self.bucket);
        Some(Arc::new(TracedHistory { inner, bucket }))
    }

    async fn part_sizes(&self, key: &Path, size_bytes: u64, parts: u32) -> Option<Vec<u64>> {
        let asked = async { Ok(self.inner.part_sizes(key, size_bytes, parts).await) };
        let told = traced(self.request("head", key), asked).await;
        told.ok().flatten()
    }
}

fn note_bytes(request: Option<&Arc<Request>>, bytes: usize) {
    if let Some(request) = request {
        request.moved(bytes as u64);
    }
}

/// An upload in parts: each part is a request, and so is its end.
#[derive(Debug)]
struct TracedUpload {
    inner: Box<dyn MultipartUpload>,
    bucket: Arc<str>,
    key: Path,
}

impl TracedUpload {
    fn request(&self, method: &'static str) -> Option<Arc<Request>> {
        Request::new(method, &self.bucket, self.key.as_ref())
    }
}

#[async_trait]
impl MultipartUpload for TracedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let request = self.request("put-part");
        note_bytes(request.as_ref(), data.content_length());
        let part = self.inner.put_part(data);
        match request {
            Some(request) => Box::pin(traced(Some(request), part)),
            None => part,
        }
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let request = self.request("complete-multipart");
        traced(request, self.inner.complete()).await
    }

    async fn abort(&mut self) -> Result<()> {
        let request = self.request("abort-multipart");
        traced(request, self.inner.abort()).await
    }
}

/// Copies that the service makes: each is a request to the bucket that gets it, and moves nothing through here.
#[derive(Debug)]
struct TracedCopier {
    inner: Arc<dyn Copier>,
    bucket: Arc<str>,
}

#[async_trait]
impl Copier for TracedCopier {
    fn largest_bytes(&self) -> u64 {
        self.inner.largest_bytes()
    }

    fn copies(&self, size_bytes: u64) -> bool {
        self.inner.copies(size_bytes)
    }

    async fn copy(&self, original: &Original, to: &Path) -> Result<()> {
        let request = Request::new("copy", &self.bucket, to.as_ref());
        traced(request, self.inner.copy(original, to)).await
    }

    async fn give_up(&self, original: &Original, to: &Path) -> Result<()> {
        self.inner.give_up(original, to).await
    }

    async fn assemble(&self, to: &Path) -> Result<Box<dyn Assembly>> {
        let request = Request::new("create-multipart", &self.bucket, to.as_ref());
        Ok(Box::new(TracedAssembly {
            inner: traced(request, self.inner.assemble(to)).await?,
            bucket: Arc::clone(&self.bucket),
            key: to.clone(),
        }))
    }
}

/// What is kept of deleted objects: each page, and each object that is read or brought back, is a request.
#[derive(Debug)]
struct TracedHistory {
    inner: Arc<dyn History>,
    bucket: Arc<str>,
}

#[async_trait]
impl History for TracedHistory {
    async fn page(&self, below: Option<&Path>, next: Option<&Next>) -> Result<HistoryPage> {
        let key = below.map(AsRef::as_ref).unwrap_or_default();
        let request = Request::new("list-versions", &self.bucket, key);
        traced(request, self.inner.page(below, next)).await
    }

    async fn read(&self, key: &Path, version: &str, size_bytes: u64) -> Result<Bytes> {
        let request = Request::new("get", &self.bucket, key.as_ref());
        let read = traced(request.clone(), self.inner.read(key, version, size_bytes)).await?;
        note_bytes(request.as_ref(), read.len());
        Ok(read)
    }

    async fn bring_back(&self, key: &Path, lost: &Lost) -> Result<Way> {
        let request = Request::new("bring-back", &self.bucket, key.as_ref());
        traced(request, self.inner.bring_back(key, lost)).await
    }
}

#[derive(Debug)]
struct TracedAssembly {
    inner: Box<dyn Assembly>,
    bucket: Arc<str>,
    key: Path,
}

impl TracedAssembly {
    fn request(&self, method: &'static str) -> Option<Arc<Request>> {
        Request::new(method, &self.bucket, self.key.as_ref())
    }
}

#[async_trait]
impl Assembly for TracedAssembly {
    async fn copy_part(
        &self,
        number: usize,
        original: &Original,
        range: Range<u64>,
    ) -> Result<String> {
        let request = self.request("copy-part");
        traced(request, self.inner.copy_part(number, original, range)).await
    }

    async fn complete(&self, parts: Vec<String>) -> Result<()> {
        let request = self.request("complete-multipart");
        traced(request, self.inner.complete(parts)).await
    }

    async fn abort(&self) -> Result<()> {
        traced(self.request("abort-multipart"), self.inner.abort()).await
    }
}
