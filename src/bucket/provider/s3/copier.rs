//! Objects that S3 copies from one of its buckets to another: `CopyObject`, and `UploadPartCopy` for an object that is put together of parts.
//!
//! A copy gets the headers that the target's configuration asks for, as every put does. Of the original it has the content only.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use object_store::Result;
use object_store::aws::AmazonS3;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::ask::{Asker, escaped, escaped_value, generic};
use super::customer_key;
use super::refusal::Refusal;
use crate::bucket::copier::{self, Original};
use crate::bucket::differences::Larger;
use crate::causes;
use crate::environment::Secret;
use crate::error::Kind;

/// Copies from one bucket into another.
#[derive(Debug, Clone)]
pub(super) struct Copier {
    /// Begins and ends uploads in the target.
    pub(super) target: Arc<AmazonS3>,
    /// Asks the target.
    pub(super) asker: Asker,
    /// The source's name.
    pub(super) source_bucket: String,
    /// The version that is copied; what lies under the name where none is given.
    pub(super) version: Option<String>,
    /// The customer's key, in base64, that the source's objects are encrypted with.
    pub(super) source_key: Option<Secret>,
    /// The customer's key, in base64, that the target's objects are to be encrypted with.
    pub(super) target_key: Option<Secret>,
    /// Whether the service was seen to know no tags.
    pub(super) knows_no_tags: Arc<AtomicBool>,
}

/// An upload whose parts are copied.
#[derive(Debug)]
struct Assembly {
    copier: Copier,
    to: Path,
    upload: String,
}

impl Copier {
    /// What a request says of what it copies.
    fn headers(&self, original: &Original) -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        let mut source = format!("/{}/{}", self.source_bucket, escaped(&original.key));
        if let Some(version) = &self.version {
            source.push_str("?versionId=");
            source.push_str(&escaped_value(version));
        }
        insert(&mut headers, "x-amz-copy-source", &source)?;
        insert(&mut headers, "x-amz-copy-source-if-match", &original.etag)?;
        if let Some(key) = &self.source_key {
            customer_key::add(&mut headers, "x-amz-copy-source-", key)?;
        }
        if let Some(key) = &self.target_key {
            customer_key::add(&mut headers, "x-amz-", key)?;
        }
        Ok(headers)
    }

    /// Copies the whole object, of whose own these directives say what comes along.
    async fn whole(
        &self,
        original: &Original,
        to: &Path,
        directives: &[&'static str],
    ) -> Result<()> {
        let mut headers = self.headers(original)?;
        for directive in directives {
            insert(&mut headers, directive, "REPLACE")?;
        }
        self.asker.copy(to, "", headers).await.map(drop)
    }
}

const METADATA: &str = "x-amz-metadata-directive";
const TAGGING: &str = "x-amz-tagging-directive";

#[async_trait]
impl copier::Copier for Copier {
    fn largest_bytes(&self) -> u64 {
        let copy = self.asker.dialect.differences.server_copy;
        copy.and_then(|copy| copy.largest_bytes).unwrap_or(u64::MAX)
    }

    fn copies(&self, size_bytes: u64) -> bool {
        let copy = self.asker.dialect.differences.server_copy;
        let in_parts = copy.is_some_and(|copy| copy.larger != Larger::None);
        in_parts || size_bytes <= self.largest_bytes()
    }

    async fn copy(&self, original: &Original, to: &Path) -> Result<()> {
        if !self.knows_no_tags.load(Ordering::Relaxed) {
            let copied = self.whole(original, to, &[METADATA, TAGGING]).await;
            match copied {
                // A service without tags may not implement the header: nothing of the kind can come along.
                Err(err) if is_not_implemented(&err) => {}
                copied => return copied,
            }
        }
        self.whole(original, to, &[METADATA]).await?;
        self.knows_no_tags.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn assemble(&self, to: &Path) -> Result<Box<dyn copier::Assembly>> {
        Ok(Box::new(Assembly {
            upload: self.target.create_multipart(to).await?,
            copier: self.clone(),
            to: to.clone(),
        }))
    }
}

#[async_trait]
impl copier::Assembly for Assembly {
    async fn copy_part(
        &self,
        number: usize,
        original: &Original,
        range: Range<u64>,
    ) -> Result<String> {
        let mut headers = self.copier.headers(original)?;
        let bytes = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
        insert(&mut headers, "x-amz-copy-source-range", &bytes)?;
        let query = format!(
            "?partNumber={}&uploadId={}",
            number + 1,
            escaped_value(&self.upload)
        );
        self.copier.asker.copy(&self.to, &query, headers).await
    }

    async fn complete(&self, parts: Vec<String>) -> Result<()> {
        let parts = parts.into_iter().map(|content_id| PartId { content_id });
        let target = &self.copier.target;
        let completed = target.complete_multipart(&self.to, &self.upload, parts.collect());
        completed.await.map(drop)
    }

    async fn abort(&self) -> Result<()> {
        let target = &self.copier.target;
        target.abort_multipart(&self.to, &self.upload).await
    }
}

fn is_not_implemented(err: &object_store::Error) -> bool {
    let refusal = causes::first::<Refusal>(err);
    refusal.is_some_and(|refusal| refusal.kind() == Kind::Unsupported)
}

fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) -> Result<()> {
    let value = HeaderValue::from_str(value).map_err(generic)?;
    headers.insert(HeaderName::from_static(name), value);
    Ok(())
}
