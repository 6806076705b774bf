//! The client of S3, whose listings are read page by page here: a listing is done with when it brings nothing new any more, not only when
//! the server says so.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::aws::AmazonS3;
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::{DELIMITER, Path};
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// So many pages in a row without a new name, and nothing else is expected. Servers that skip much of what was deleted send some.
const PAGES: usize = 1000;

/// A client whose listings end.
#[derive(Debug)]
pub(super) struct Store {
    inner: Arc<AmazonS3>,
}

/// Page after page came, and no new name.
#[derive(Debug)]
pub(in crate::bucket) struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{PAGES} pages in a row brought no new name, and more are said to come"
        )
    }
}

impl StdError for Endless {}

/// How far a listing is.
#[derive(Debug, Default)]
struct Place {
    token: Option<String>,
    /// The last of all names so far, in their order.
    last: Option<Path>,
    /// How many pages came since.
    pages: usize,
}

impl Place {
    fn take<'a>(
        mut self,
        names: impl Iterator<Item = &'a Path>,
        token: Option<String>,
    ) -> Result<Option<Self>> {
        let last = names.max().filter(|name| Some(*name) > self.last.as_ref());
        if let Some(last) = last {
            self.last = Some(last.clone());
            self.pages = 0;
        } else {
            self.pages += 1;
        }
        self.token = token.filter(|token| !token.is_empty());
        if self.token.is_none() {
            return Ok(None);
        }
        if self.pages >= PAGES {
            return Err(object_store::Error::Generic {
                store: "S3",
                source: Box::new(Endless),
            });
        }
        Ok(Some(self))
    }
}

impl Store {
    pub(super) fn new(client: AmazonS3) -> Self {
        Self {
            inner: Arc::new(client),
        }
    }

    fn pages(
        &self,
        below: Option<&Path>,
        after: Option<&Path>,
        delimiter: Option<&'static str>,
    ) -> BoxStream<'static, Result<ListResult>> {
        let client = Arc::clone(&self.inner);
        let below = below
            .filter(|path| !path.as_ref().is_empty())
            .map(|path| format!("{path}{DELIMITER}"));
        let after = after.map(ToString::to_string);
        stream::try_unfold(Some(Place::default()), move |place| {
            let (client, below, after) = (Arc::clone(&client), below.clone(), after.clone());
            async move {
                let Some(place) = place else {
                    return Ok(None);
                };
                let options = PaginatedListOptions {
                    offset: after,
                    delimiter: delimiter.map(Cow::Borrowed),
                    page_token: place.token.clone(),
                    ..PaginatedListOptions::default()
                };
                let page = client.list_paginated(below.as_deref(), options).await?;
                let objects = page.result.objects.iter().map(|object| &object.location);
                let names = objects.chain(&page.result.common_prefixes);
                let place = place.take(names, page.page_token)?;
                Ok(Some((page.result, place)))
            }
        })
        .boxed()
    }

    fn objects(
        &self,
        below: Option<&Path>,
        after: Option<&Path>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.pages(below, after, None)
            .map_ok(|page| stream::iter(page.objects.into_iter().map(Ok)))
            .try_flatten()
            .boxed()
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
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.objects(prefix, None)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.objects(prefix, Some(offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        // What comes twice is kept once.
        let mut common_prefixes = BTreeSet::new();
        let mut objects = BTreeMap::new();
        let mut pages = self.pages(prefix, None, Some(DELIMITER));
        while let Some(page) = pages.try_next().await? {
            common_prefixes.extend(page.common_prefixes);
            let named = page.objects.into_iter();
            objects.extend(named.map(|object| (object.location.clone(), object)));
        }
        Ok(ListResult {
            common_prefixes: common_prefixes.into_iter().collect(),
            objects: objects.into_values().collect(),
            extensions: object_store::Extensions::default(),
        })
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many pages are taken of those that bring these names, one page after the other.
    fn taken<'a>(pages: impl Iterator<Item = &'a [&'a str]>) -> usize {
        let mut place = Some(Place::default());
        pages
            .take_while(|names| {
                let names: Vec<_> = names.iter().map(|name| Path::from(*name)).collect();
                let before = place.take().unwrap_or_default();
                place = before
                    .take(names.iter(), Some("more".to_owned()))
                    .unwrap_or_default();
                place.is_some()
            })
            .count()
    }

    #[test]
    fn a_listing_ends_when_too_many_pages_bring_nothing_new() {
        let none: &[&str] = &[];
        assert_eq!(taken([none].into_iter().cycle()), PAGES - 1);
        let same: [&[&str]; 2] = [&["a", "b"], &["c"]];
        assert_eq!(taken(same.into_iter().cycle()), PAGES + 1);
        // A name now and then is enough.
        let mut pages = vec![none; PAGES - 1];
        pages.push(&["a"]);
        pages.extend(vec![none; PAGES - 1]);
        assert_eq!(taken(pages.iter().copied()), pages.len());
    }
}
