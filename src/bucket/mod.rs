//! Buckets: everything that is known about providers, and the only module that names `object_store`.
//!
//! A [`BucketReader`] cannot write; a [`Bucket`] can. Both repeat what fails in passing, so that an error they return has outlasted its
//! retries.

mod classify;
mod clock;
mod config;
mod environment;
mod fetch;
mod http;
mod listing;
mod location;
mod prefix;
mod provider;
mod request;
mod store;
mod traced;
mod transfer;

pub use clock::{Reading, ServerClock};
pub use config::BucketConfig;
pub use environment::{Environment, Secret};
pub use location::Location;
pub use prefix::Prefix;
pub use provider::folder::{Access, MissingRoot};
pub use store::{Entry, Store};
pub use transfer::{Budget, Comparison, Transfer, same_content, transfer};

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{GetOptions, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};

use crate::block::{
    BlockId, DELETION_MARK, Inventory, META_JSON, OVERWRITE_MARKER, Object, ObjectPath,
};
use crate::error::{Error, Kind, Result};
use crate::retry::{Policy, retry};
use traced::Traced;

/// An opened provider, and what is to be known about it.
#[derive(Debug, Clone)]
pub struct Backend {
    /// Does the requests.
    pub store: Arc<dyn Store>,
    /// Which bucket it is.
    pub location: Location,
    /// What every name begins with.
    pub prefix: Prefix,
    /// The size of parts that the configuration asks for, in bytes.
    pub part_size_bytes: Option<u64>,
    /// Whether objects may be put in parts.
    pub multipart: Multipart,
    /// What entity tags tell.
    pub etags: EtagMeaning,
    /// Whether listings show what was written a moment ago.
    pub listings: Listings,
    /// The clock of the bucket's servers; `None` where nothing tells their time.
    pub clock: Option<Arc<dyn ServerClock>>,
}

/// Whether objects may be put in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Multipart {
    /// Large objects are put in parts.
    Allowed,
    /// Every object is put in one request.
    Never,
}

/// What entity tags tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EtagMeaning {
    /// A digest of the content, comparable between buckets.
    Content,
    /// Which version of the object it is; comparable within the bucket only.
    VersionOnly,
}

/// Whether listings show what was written a moment ago. Reading an object by its name does so everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listings {
    /// They always do.
    Strong,
    /// They may lack what was put, and show what was deleted, for a while.
    Lagging,
}

/// A bucket that can be read. Cheap to clone.
#[derive(Debug, Clone)]
pub struct BucketReader(Arc<Opened>);

#[derive(Debug)]
struct Opened {
    backend: Backend,
    retry: Policy,
}

/// A bucket that can be written too. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bucket(BucketReader);

impl BucketReader {
    /// Of an opened provider; `retry` says when requests are repeated.
    #[must_use]
    pub fn new(mut backend: Backend, retry: Policy) -> Self {
        let name = backend.location.to_string();
        backend.store = Arc::new(Traced::new(backend.store, &name));
        Self(Arc::new(Opened { backend, retry }))
    }

    /// Which bucket it is.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.backend().location
    }

    /// Whether listings show what was written a moment ago.
    #[must_use]
    pub fn listings(&self) -> Listings {
        self.backend().listings
    }

    /// Every object by its full name, sorted, as one stream. A listing that fails half way goes on where it was, or ends in an error.
    #[must_use]
    pub fn list(&self) -> BoxStream<'_, Result<(ObjectPath, Object)>> {
        listing::list(self, self.backend().prefix.root())
    }

    /// A fresh listing of one block. Where listings lag, what decides whose block it is is asked for by name.
    pub async fn list_block(&self, block: BlockId) -> Result<Inventory> {
        let mut objects = self.list_below(block).await?;
        if self.backend().listings == Listings::Lagging {
            for name in DECISIVE {
                let there = self.look_for(&block.object(name)).await?;
                correct(&mut objects, name, there);
            }
        }
        Ok(objects.into_iter().collect())
    }

    async fn list_below(&self, block: BlockId) -> Result<Vec<Object>> {
        let directory = block.to_string();
        listing::list(self, self.backend().prefix.directory(block))
            .try_filter_map(|(path, object)| {
                let name = path.as_str().strip_prefix(&directory);
                // The object of the directory's own name is a marker; one that merely begins like it is another's.
                let name = name.and_then(|rest| match rest.strip_prefix('/') {
                    None if rest.is_empty() => Some(""),
                    below => below,
                });
                std::future::ready(Ok(name.map(|name| Object {
                    name: name.into(),
                    ..object
                })))
            })
            .try_collect()
            .await
    }

    /// A fresh listing of the block directories, without their content.
    pub async fn list_block_ids(&self) -> Result<BTreeSet<BlockId>> {
        let backend = self.backend();
        let prefix = backend.prefix.root();
        let attempt = || format!("list the blocks of {}", backend.location);
        let listed = self
            .retrying(&attempt(), || async {
                let listed = backend.store.directories(prefix.as_ref()).await;
                listed.map_err(|err| classify::error(err, attempt()))
            })
            .await?;
        let names = listed.iter().filter_map(|key| backend.prefix.below(key));
        Ok(names.filter_map(|name| name.parse().ok()).collect())
    }

    /// Reads a whole object. One that is larger than `limit_bytes` is [`Kind::Corrupt`]: nobody writes such a one.
    pub async fn read(&self, path: &ObjectPath, limit_bytes: usize) -> Result<Bytes> {
        let backend = self.backend();
        let full = self.full(path)?;
        let attempt = format!("read {path} in {}", backend.location);
        self.retrying(&attempt, || async {
            let classify = |err| classify::error(err, attempt.clone());
            let options = GetOptions::default();
            let got = backend.store.get_opts(&full, options).await;
            let got = got.map_err(classify)?;
            if got.meta.size > limit_bytes as u64 {
                let size = format!(
                    "it has {} bytes, at most {limit_bytes} are read",
                    got.meta.size
                );
                return Err(Error::new(Kind::Corrupt, attempt.clone()).because(size));
            }
            let size = got.meta.size;
            let bytes = fetch::collect(got, size).await.map_err(classify)?;
            fetch::all_of(bytes, size, || attempt.clone())
        })
        .await
    }

    /// Whether an object of that name is there.
    pub async fn exists(&self, path: &ObjectPath) -> Result<bool> {
        Ok(self.look_for(path).await?.is_some())
    }

    /// Whether a listing shows an object of that name. Where listings lag, it is taken to do so in time.
    pub async fn lists(&self, path: &ObjectPath) -> Result<bool> {
        if self.backend().listings == Listings::Lagging {
            return Ok(true);
        }
        let key = self.full(path)?;
        let mut before = String::from(key.clone());
        before.pop();
        let attempt = format!("look for {path} in a listing of {}", self.location());
        self.retrying(&attempt, || async {
            let backend = self.backend();
            let root = backend.prefix.root();
            let mut entries = backend.store.entries(root.as_ref(), Some(&before));
            while let Some(entry) = entries
                .try_next()
                .await
                .map_err(|err| classify::error(err, attempt.clone()))?
            {
                match entry.key.as_str().cmp(key.as_ref()) {
                    Ordering::Less => {}
                    order => return Ok(order.is_eq()),
                }
            }
            Ok(false)
        })
        .await
    }

    /// How large the parts are in which an object was put, where the bucket tells.
    async fn part_sizes(&self, path: &ObjectPath, object: &Object, parts: u32) -> Option<Vec<u64>> {
        let key = self.full(path).ok()?;
        let store = &self.backend().store;
        store.part_sizes(&key, object.size_bytes, parts).await
    }

    async fn look_for(&self, path: &ObjectPath) -> Result<Option<Object>> {
        let full = self.full(path)?;
        let attempt = format!("look for {path} in {}", self.location());
        self.retrying(&attempt, || async {
            match self.backend().store.head(&full).await {
                Ok(meta) => Ok(listing::described(self, meta.into()).map(|(_, object)| object)),
                Err(err) => match classify::error(err, attempt.clone()) {
                    err if err.kind() == Kind::NotFound => Ok(None),
                    err => Err(err),
                },
            }
        })
        .await
    }

    /// What the bucket's servers told last of the time, which costs nothing; `None` where they told nothing.
    #[must_use]
    pub fn time_told(&self) -> Option<Reading> {
        self.backend().clock.as_ref()?.told()
    }

    /// The largest object that can be put, in bytes; `None` where that depends on nothing that is configured.
    #[must_use]
    pub fn largest_object(&self) -> Option<u64> {
        transfer::largest(self.backend())
    }

    fn backend(&self) -> &Backend {
        &self.0.backend
    }

    /// Repeats what fails in passing, as often and as far apart as requests to this bucket. `attempt` is what is being attempted, as in
    /// "could not …".
    pub async fn retrying<T, F>(&self, attempt: &str, operation: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        retry(&self.0.retry, attempt, operation).await
    }

    /// The name under which the store knows the object.
    fn full(&self, path: &ObjectPath) -> Result<Path> {
        self.backend().prefix.key(path)
    }
}

/// What decides whose block it is, and whether anybody may touch it.
const DECISIVE: [&str; 3] = [META_JSON, DELETION_MARK, OVERWRITE_MARKER];

/// What is there by that name takes the place of what a listing shows, unless that is the same: listings tell times to the millisecond.
fn correct(objects: &mut Vec<Object>, name: &str, there: Option<Object>) {
    let same = |listed: &Object, there: &Object| {
        listed.size_bytes == there.size_bytes && listed.etag == there.etag
    };
    let kept = |listed: &Object| {
        &*listed.name != name || there.as_ref().is_some_and(|there| same(listed, there))
    };
    objects.retain(kept);
    let is_listed = objects.iter().any(|listed| &*listed.name == name);
    objects.extend(there.filter(|_| !is_listed).map(|there| Object {
        name: name.into(),
        ..there
    }));
}

impl Bucket {
    /// Of an opened provider; `retry` says when requests are repeated.
    #[must_use]
    pub fn new(backend: Backend, retry: Policy) -> Self {
        Self(BucketReader::new(backend, retry))
    }

    /// The same bucket for those who only read.
    #[must_use]
    pub fn reader(&self) -> &BucketReader {
        &self.0
    }

    /// Puts a small object, whatever was there.
    pub async fn put(&self, path: &ObjectPath, bytes: Bytes) -> Result<()> {
        self.put_small(path, bytes, PutMode::Overwrite).await
    }

    /// Puts a small object where none is. Other bytes under that name are [`Kind::AlreadyExists`]; the same bytes are as good as put, for a
    /// request whose answer was lost is repeated.
    pub async fn create(&self, path: &ObjectPath, bytes: Bytes) -> Result<()> {
        let attempt = format!("create {path} in {}", self.0.location());
        // What comes back inside has outlasted its own retries, or needs none.
        self.0
            .retrying(&attempt, || async {
                let created = self.put_small(path, bytes.clone(), PutMode::Create).await;
                match created {
                    Err(err) if err.kind() == Kind::AlreadyExists => {
                        self.whose_bytes(path, &bytes, err).await
                    }
                    Err(err) if err.kind() == Kind::Unsupported => {
                        Ok(self.look_and_put(path, bytes.clone()).await)
                    }
                    created => Ok(created),
                }
            })
            .await?
    }

    /// What a refusal to create the object comes to: it is there, with our bytes or with others, or it is not there and may be tried again.
    async fn whose_bytes(
        &self,
        path: &ObjectPath,
        bytes: &Bytes,
        refusal: Error,
    ) -> Result<Result<()>> {
        match self.0.read(path, bytes.len()).await {
            Ok(there) if there == *bytes => Ok(Ok(())),
            Err(err) if err.kind() == Kind::NotFound => {
                let attempt = format!("create {path} in {}", self.0.location());
                let why = format!("it is said to be there, and it is not: {refusal:#}");
                Err(Error::new(Kind::Transient, attempt).because(why))
            }
            Err(err) if err.kind() != Kind::Corrupt => Ok(Err(err)),
            _ => Ok(Err(refusal)),
        }
    }

    /// Without conditional puts, looking first is the best there is.
    async fn look_and_put(&self, path: &ObjectPath, bytes: Bytes) -> Result<()> {
        if self.0.exists(path).await? {
            let attempt = format!("create {path} in {}", self.0.location());
            return Err(Error::new(Kind::AlreadyExists, attempt));
        }
        self.put(path, bytes).await
    }

    /// Asks the bucket's servers what time it is: one request. `None` where they do not tell.
    pub async fn ask_time(&self) -> Option<Reading> {
        self.0.backend().clock.as_ref()?.ask().await
    }

    /// When an object was last written, by the bucket's clock; `None` where the bucket does not tell.
    pub async fn modified(&self, path: &ObjectPath) -> Result<Option<DateTime<Utc>>> {
        let full = self.0.full(path)?;
        let attempt = format!("look at {path} in {}", self.0.location());
        self.0
            .retrying(&attempt, || async {
                let head = self.0.backend().store.head(&full).await;
                let head = head.map_err(|err| classify::error(err, attempt.clone()))?;
                Ok(Entry::from(head).modified)
            })
            .await
    }

    /// Deletes an object; one that is not there is as good as deleted.
    pub async fn delete(&self, path: &ObjectPath) -> Result<()> {
        let full = self.0.full(path)?;
        let attempt = format!("delete {path} in {}", self.0.location());
        let deleted = self.0.retrying(&attempt, || async {
            let deleted = self.0.backend().store.delete(&full).await;
            deleted.map_err(|err| classify::error(err, attempt.clone()))
        });
        match deleted.await {
            Err(err) if err.kind() == Kind::NotFound => Ok(()),
            deleted => deleted,
        }
    }

    async fn put_small(&self, path: &ObjectPath, bytes: Bytes, mode: PutMode) -> Result<()> {
        let backend = self.0.backend();
        let full = self.0.full(path)?;
        let attempt = format!("write {path} in {}", backend.location);
        self.0
            .retrying(&attempt, || async {
                let options = PutOptions {
                    mode: mode.clone(),
                    ..PutOptions::default()
                };
                let payload = PutPayload::from(bytes.clone());
                let put = backend.store.put_opts(&full, payload, options).await;
                put.map_err(|err| classify::error(err, attempt.clone()))?;
                Ok(())
            })
            .await
    }
}
