//! What a provider does: what `object_store` asks of a store, and what that lacks. Its listings know only names that its own type can hold, and
//! want a time and a size for each.

use std::any::Any;
use std::cmp::Ordering;
use std::error::Error as StdError;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, Result};

use super::classify::Meaning;
use super::copier::Copier;
pub(super) use super::entry::Entry;
use super::history::History;
use super::keeping::Keeping;
use super::unfinished::Unfinished;
use crate::block::Fingerprint;

/// A store with listings of its own. What it does not tell is what `object_store` knows of it.
#[async_trait]
pub trait Store: ObjectStore {
    /// Itself, so that stores of one provider know each other.
    fn as_any(&self) -> &dyn Any;

    /// Copies objects of `source` into this store without passing their bytes through this process; `None` where the two are not on one service.
    fn copier(&self, source: &dyn Store) -> Option<Arc<dyn Copier>> {
        let _ = source;
        None
    }

    /// Everything below a directory, sorted by the bytes of its name, and only what comes after a name where one is given.
    fn entries(
        &self,
        below: Option<&Path>,
        after: Option<&str>,
    ) -> BoxStream<'static, Result<Entry>> {
        let after = after.and_then(|name| Path::parse(name).ok());
        let listed = match after {
            Some(after) => self.list_with_offset(below, &after),
            None => self.list(below),
        };
        listed.map_ok(Entry::from).boxed()
    }

    /// Whether a listing of what lies below a directory shows an object of that name.
    async fn shows(&self, below: Option<&Path>, key: &Path) -> Result<bool> {
        let mut before = String::from(key.clone());
        before.pop();
        let mut entries = self.entries(below, Some(&before));
        while let Some(entry) = entries.try_next().await? {
            match entry.key.as_str().cmp(key.as_ref()) {
                Ordering::Less => {}
                order => return Ok(order.is_eq()),
            }
        }
        Ok(false)
    }

    /// The names of the directories in a directory, each with what it lies in.
    async fn directories(&self, below: Option<&Path>) -> Result<Vec<String>> {
        let listed = self.list_with_delimiter(below).await?;
        Ok(listed.common_prefixes.into_iter().map(Into::into).collect())
    }

    /// Lists page by page; `None` for a store whose listings do not come in pages.
    fn pager(&self) -> Option<&dyn Pager> {
        None
    }

    /// Tells what was begun and not finished; or why this kind of bucket cannot.
    fn unfinished(&self) -> std::result::Result<&dyn Unfinished, &'static str> {
        Err("what was begun and not finished is not told by this kind of bucket")
    }

    /// The meaning of a cause of this store's own error types. Errors of `object_store` and the system are classified elsewhere.
    fn meaning(&self, cause: &(dyn StdError + 'static)) -> Option<Meaning> {
        let _ = cause;
        None
    }

    /// Whether whoever puts an object in parts is to say what digest all of it has, for the store tells it and does not compute it: in a
    /// `Declared` among the extensions.
    fn wants_digests(&self) -> bool {
        false
    }

    /// Whether what is put only where there is nothing may replace something all the same, without anybody's being told: whoever creates an object looks
    /// first.
    fn may_replace_when_creating(&self) -> bool {
        false
    }

    /// Deletes an object in a single request, which nobody repeats.
    async fn delete_once(&self, key: &Path) -> Result<()> {
        self.delete(key).await
    }

    /// Whether there is no bucket yet, which the first write makes. What cannot be found out is no.
    async fn is_to_be_made(&self) -> bool {
        false
    }

    /// What the bucket says of how it keeps its objects; `None` where there is nothing to be said.
    async fn keeping(&self) -> Option<Keeping> {
        None
    }

    /// What is kept of objects that were deleted; `None` for a kind of bucket that keeps nothing.
    fn history(&self) -> Option<Arc<dyn History>> {
        None
    }

    /// Whether [`digests`](Self::digests) may tell anything.
    fn tells_digests(&self) -> bool {
        false
    }

    /// Digests of an object of that entity tag that no listing tells, where the bucket tells them when it is asked: of all its bytes, and of no other
    /// version. Unknown where it does not.
    async fn digests(&self, key: &Path, etag: &str) -> Fingerprint {
        let _ = (key, etag);
        Fingerprint::UNKNOWN
    }

    /// How large the parts are in which an object of that size was put, where the bucket tells. `parts` is their number.
    async fn part_sizes(&self, key: &Path, size_bytes: u64, parts: u32) -> Option<Vec<u64>> {
        let _ = (key, size_bytes, parts);
        None
    }
}

/// Deletes whatever comes, so many at once, and hands each name back in its order: what `ObjectStore::delete_stream` asks for.
pub(super) fn delete_each<F>(
    locations: BoxStream<'static, Result<Path>>,
    at_once: usize,
    delete: impl Fn(Path) -> F + Send + 'static,
) -> BoxStream<'static, Result<Path>>
where
    F: Future<Output = Result<Path>> + Send + 'static,
{
    locations
        .map(move |location| {
            let deleted = location.map(&delete);
            async move { deleted?.await }
        })
        .buffered(at_once)
        .boxed()
}

/// A store whose listings come in pages, any of which may be asked for.
#[async_trait]
pub trait Pager: Send + Sync {
    /// How many names the largest page shows.
    fn largest_page(&self) -> u64 {
        1000
    }

    /// What comes after a name below a directory: at most so many entries, sorted by the bytes of their names.
    async fn page(&self, below: Option<&Path>, after: &str, at_most: usize) -> Result<Page>;
}

/// A page of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// What it shows.
    pub entries: Vec<Entry>,
    /// Whether nothing comes after it.
    pub is_last: bool,
}

/// Among the extensions of a request: it is tried once, for what it is based on may be another by the next try.
#[derive(Debug, Clone, Copy)]
pub(super) struct Once;

/// Among the extensions of an upload in parts: the digests of all of it, which are known once all parts were put. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Declared(Arc<OnceLock<Fingerprint>>);

impl Declared {
    /// Says it, once.
    pub(super) fn say(&self, whole: Fingerprint) {
        // What was said first counts.
        let _ = self.0.set(whole);
    }

    /// What was said.
    pub(super) fn get(&self) -> Option<Fingerprint> {
        self.0.get().copied()
    }
}

/// An extension of an answer whose object size must not be relied on: the server did not tell it.
#[derive(Debug, Clone, Copy)]
pub(super) struct SizeUnknown;
