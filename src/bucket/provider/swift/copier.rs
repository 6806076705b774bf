//! Objects that the service copies from one of its containers to another: what is no large object in one request, and a large one segment by segment,
//! for a copy of all of it in one would be another kind of object, and no larger than 5 GiB.
//!
//! The tag of the version that is meant is the condition on which the service reads it, and what the copy is to have.

use async_trait::async_trait;
use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error, Result};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, IF_MATCH};
use reqwest::{Method, StatusCode};

use super::ask::{Asker, is_what_was_put, of_put};
use super::asked::Asked;
use super::differences::DIFFERENCES;
use super::facts::{Facts, Large, Of, Tag};
use super::fault::{Fault, generic};
use super::large::Made;
use super::upload::Target;
use crate::bucket::copier::{self, Original};
use crate::http::percent::escaped;

/// Segments that are copied at once.
const AT_ONCE: usize = 4;

const FROM: HeaderName = HeaderName::from_static("x-copy-from");
const FROM_ACCOUNT: HeaderName = HeaderName::from_static("x-copy-from-account");
/// What somebody else noted of the original, such as when it is to be deleted, is not copied.
const FRESH: HeaderName = HeaderName::from_static("x-fresh-metadata");

/// Copies from one container into another.
#[derive(Debug)]
pub(super) struct Copier {
    pub(super) source: Asker,
    pub(super) target: Asker,
}

impl Copier {
    /// Copies one object or segment of that MD5.
    async fn copy_one(
        &self,
        (from_container, from): (&str, &str),
        md5: &str,
        (to_container, to): (&str, &str),
    ) -> Result<()> {
        let there = self.source.url(from_container, Some(from), &[]).await?;
        let url = self.target.url(to_container, Some(to), &[]).await?;
        if there.origin() != url.origin() {
            return Err(generic(Fault::OtherService));
        }
        let sources = self.source.sessions.get().await.map_err(generic)?;
        let targets = self.target.sessions.get().await.map_err(generic)?;
        let mut request = self.target.request(Method::PUT, url);
        request.headers.extend(of_put(0));
        let from = format!("/{from_container}/{from}");
        let condition = format!("\"{md5}\"");
        for (name, value) in [
            (FROM, escaped(&from, b"/")),
            (IF_MATCH, condition),
            (FRESH, "true".to_owned()),
        ] {
            let value = HeaderValue::from_str(&value).map_err(generic)?;
            request.headers.insert(name, value);
        }
        let account = sources.account();
        if account != targets.account() {
            let account = HeaderValue::from_str(account).map_err(generic)?;
            request.headers.insert(FROM_ACCOUNT, account);
        }
        let taken = |_: StatusCode, headers: &HeaderMap, _: &[u8]| is_what_was_put(headers, md5);
        self.target.ask(&request, Asked::Copy, taken).await
    }

    async fn copy_small(&self, original: &Original, tag: &Tag, to: &Path) -> Result<()> {
        let from = (&*self.source.container, original.key.as_ref());
        let replaced = self.target.replaced(to).await?;
        let target = (&*self.target.container, to.as_ref());
        self.copy_one(from, &tag.hash, target).await?;
        self.target.discard(to, replaced).await;
        Ok(())
    }

    /// Copies segment by segment.
    async fn copy_large(&self, original: &Original, tag: &Tag, to: &Path) -> Result<()> {
        let facts = self.source.facts(&original.key).await?;
        let made = self.made_of(original, tag, &facts).await?;
        let target = Target::new(&self.target, to);
        let copied = stream::iter(made.segments.into_iter().enumerate())
            .map(|(number, segment)| {
                let mut copy = target.begins(number, segment.size_bytes);
                let target = &target;
                async move {
                    let from = (segment.container.as_str(), segment.name.as_str());
                    let to = (copy.container.as_str(), copy.name.as_str());
                    self.copy_one(from, &segment.hash, to).await?;
                    copy.hash.clone_from(&segment.hash);
                    target.note(number, copy);
                    Ok(())
                }
            })
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<()>>();
        let done = match copied.await {
            Ok(_) => target.complete().await.map(drop),
            Err(err) => Err(err),
        };
        if done.is_err() {
            // The first error tells more.
            let _ = target.abort().await;
        }
        done
    }

    /// What the version is made of that is meant.
    async fn made_of(&self, original: &Original, tag: &Tag, facts: &Facts) -> Result<Made> {
        let changed = || Error::Precondition {
            path: original.key.to_string(),
            source: Box::new(Fault::OtherManifest),
        };
        let large = facts.large.as_ref().ok_or_else(changed)?;
        let is_of_that_kind = matches!(
            (large, tag.of),
            (Large::Static, Of::StaticSegments) | (Large::Dynamic { .. }, Of::DynamicSegments)
        );
        let made = self.source.made_of(&original.key, large).await?;
        let most = DIFFERENCES.sizes.parts.unwrap_or(u64::MAX);
        if !made.is_plain || made.segments.len() as u64 > most {
            return Err(generic(Fault::OddManifest));
        }
        let is_that =
            is_of_that_kind && made.hash() == tag.hash && made.size_bytes() == original.size_bytes;
        is_that.then_some(made).ok_or_else(changed)
    }
}

#[async_trait]
impl copier::Copier for Copier {
    fn largest_bytes(&self) -> u64 {
        u64::MAX
    }

    async fn copy(&self, original: &Original, to: &Path) -> Result<()> {
        let tag = Tag::read(&original.etag).ok_or_else(|| Error::Precondition {
            path: original.key.to_string(),
            source: Box::new(Fault::NoObject),
        })?;
        match tag.of {
            Of::Bytes => self.copy_small(original, &tag, to).await,
            Of::StaticSegments | Of::DynamicSegments => self.copy_large(original, &tag, to).await,
        }
    }

    async fn assemble(&self, to: &Path) -> Result<Box<dyn copier::Assembly>> {
        // An object of any size is copied whole, so that none is put together of ranges.
        Err(Error::NotImplemented {
            operation: format!("put {to} together of ranges"),
            implementer: "Swift".to_owned(),
        })
    }
}
