//! A bucket that can be read, and cannot be written.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{GetOptions, ObjectStore, ObjectStoreExt};

use super::backend::{Backend, EtagMeaning, Listings};
use super::block_listing;
use super::clock::Reading;
use super::fetch::{self, Version};
use super::keeping::{Keeping, Told};
use super::listing;
use super::location::Location;
use super::nearness::Names;
use super::opened::{Common, Opened};
use super::sweep::{self, Swept};
use super::together::Together;
use super::unfinished::{Begun, Unfinished};
use crate::block::{
    BlockId, DELETION_MARK, Fingerprint, Inventory, META_JSON, OVERWRITE_MARKER, Object, ObjectPath,
};
use crate::error::{Error, Kind, Result};
use crate::retry::Policy;

/// A bucket that can be read. Cheap to clone.
#[derive(Debug, Clone)]
pub struct BucketReader(Arc<Opened>);

impl BucketReader {
    /// Wraps an opened provider; `retry` says when requests are repeated.
    #[must_use]
    pub fn new(backend: Backend, retry: Policy) -> Self {
        Self::with(backend, retry, Common::default())
    }

    /// The same, with what the buckets of a run have in common.
    #[must_use]
    pub fn with(backend: Backend, retry: Policy, common: Common) -> Self {
        Self(Arc::new(Opened::new(backend, retry, common)))
    }

    /// What lies here where the other bucket has its own, if one of the two prefixes lies in the other: should both be one bucket, that is the same.
    #[must_use]
    pub fn where_the_other_is(&self, other: &Self) -> Option<Self> {
        let prefix = &other.backend().prefix;
        prefix.is_nested_with(&self.backend().prefix).then(|| {
            let Opened { retry, common, .. } = &*self.0;
            Self(Arc::new(Opened {
                backend: Backend {
                    prefix: prefix.clone(),
                    ..self.backend().clone()
                },
                retry: retry.clone(),
                together: Together::default(),
                common: common.clone(),
            }))
        })
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

    /// Every object, as one stream of what may be several listings beside each other. One that fails half way goes on where it was, or ends in an error.
    #[must_use]
    pub fn sweep(&self) -> BoxStream<'_, Result<Swept>> {
        sweep::sweep(&self.0)
    }

    /// Tells how many names blocks have, in their order. From then on, blocks near each other that are asked for at the same time are
    /// listed together.
    pub fn learn(&self, blocks: impl Iterator<Item = (BlockId, Names)>) {
        self.0.together.learn(blocks);
    }

    /// A listing of one block that begins after this is called. Where listings lag, the objects that decide about the block (`meta.json`, marks) are also asked for by name.
    pub async fn list_block(&self, block: BlockId) -> Result<Inventory> {
        let mut objects = block_listing::list(&self.0, block).await?;
        if self.backend().listings == Listings::Lagging {
            for name in DECISIVE {
                let there = self.look_for(&block.object(name)).await?;
                correct(&mut objects, name, there);
            }
        }
        Ok(objects.into_iter().collect())
    }

    /// A fresh listing of the block directories, without their content.
    pub async fn list_block_ids(&self) -> Result<BTreeSet<BlockId>> {
        let backend = self.backend();
        let prefix = backend.prefix.root();
        let attempt = || format!("list the blocks of {}", backend.location);
        let listed = self
            .retrying(&attempt(), || async {
                let listed = backend.store.directories(prefix.as_ref()).await;
                listed.map_err(|err| self.0.error(err, attempt()))
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
            let classify = |err| self.0.error(err, attempt.clone());
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
            let bytes = fetch::collect(got, size, &self.0.common.bandwidth)
                .await
                .map_err(classify)?;
            fetch::all_of(bytes, size, || attempt.clone())
        })
        .await
    }

    /// The bytes of an object that a fresh listing shows, where they were kept.
    pub async fn kept(&self, listed: &Object) -> Option<Bytes> {
        self.0.common.cache.get(listed.fingerprint).await
    }

    /// Keeps the bytes of an object for later runs, where the listing's fingerprint shows that they were read right.
    pub async fn keep(&self, listed: &Object, bytes: &Bytes) {
        self.0.common.cache.keep(listed.fingerprint, bytes).await;
    }

    /// Whether an object of that name is there.
    pub async fn exists(&self, path: &ObjectPath) -> Result<bool> {
        Ok(self.look_for(path).await?.is_some())
    }

    /// Whether a listing shows an object of that name. Where listings lag, this is assumed.
    pub async fn lists(&self, path: &ObjectPath) -> Result<bool> {
        if self.backend().listings == Listings::Lagging {
            return Ok(true);
        }
        let key = self.full(path)?;
        let attempt = format!("look for {path} in a listing of {}", self.location());
        self.retrying(&attempt, || async {
            let backend = self.backend();
            let root = backend.prefix.root();
            let shown = backend.store.shows(root.as_ref(), &key).await;
            shown.map_err(|err| self.0.error(err, attempt.clone()))
        })
        .await
    }

    /// How large the parts are in which an object was put, where the bucket tells.
    pub(super) async fn part_sizes(
        &self,
        path: &ObjectPath,
        object: &Object,
        parts: u32,
    ) -> Option<Vec<u64>> {
        let key = self.full(path).ok()?;
        let store = &self.backend().store;
        store.part_sizes(&key, object.size_bytes, parts).await
    }

    /// The digests that the bucket tells of the listed version when it is asked for them, and of nothing else: one request, where there is something
    /// to ask.
    pub async fn digests(&self, path: &ObjectPath, listed: &Object) -> Fingerprint {
        match (self.full(path), fetch::condition(listed)) {
            _ if !self.backend().store.tells_digests() => Fingerprint::UNKNOWN,
            (Ok(key), Some(etag)) => self.backend().store.digests(&key, etag).await,
            _ => Fingerprint::UNKNOWN,
        }
    }

    async fn look_for(&self, path: &ObjectPath) -> Result<Option<Object>> {
        let full = self.full(path)?;
        let attempt = format!("look for {path} in {}", self.location());
        self.retrying(&attempt, || async {
            match self.backend().store.head(&full).await {
                Ok(meta) => {
                    Ok(listing::described(self.backend(), meta.into()).map(|(_, object)| object))
                }
                Err(err) => match self.0.error(err, attempt.clone()) {
                    err if err.kind() == Kind::NotFound => Ok(None),
                    err => Err(err),
                },
            }
        })
        .await
    }

    /// Whether there is no bucket yet, which the first write makes. What cannot be found out is no.
    pub async fn is_to_be_made(&self) -> bool {
        self.backend().store.is_to_be_made().await
    }

    /// What the bucket says of how it keeps its objects, without rules for others than those below the prefix; `None` where there is nothing to be
    /// said.
    pub async fn keeping(&self) -> Option<Keeping> {
        let backend = self.backend();
        let mut keeping = backend.store.keeping().await?;
        if let Told::Yes(rules) = &mut keeping.rules {
            rules.retain(|rule| rule.concerns(&backend.prefix));
        }
        Some(keeping)
    }

    /// Everything that was begun here and not finished, whoever began it, each with its name below the prefix.
    ///
    /// Errors: of the kind [`Kind::Unsupported`] where this kind of bucket, or this server, does not tell.
    pub async fn begun(&self) -> Result<Vec<(ObjectPath, Begun)>> {
        let backend = self.backend();
        let attempt = format!(
            "list what was begun and not finished in {}",
            self.location()
        );
        let root = backend.prefix.root();
        let begun = self
            .retrying(&attempt, || async {
                let listed = self.unfinished(&attempt)?.begun(root.as_ref()).await;
                listed.map_err(|err| self.0.error(err, attempt.clone()))
            })
            .await?;
        let named = begun.into_iter().filter_map(|begun| {
            let name = ObjectPath::new(backend.prefix.below(&begun.key)?);
            Some((name, begun))
        });
        Ok(named.collect())
    }

    /// What was begun as it is now; `None` where it is there no more.
    pub async fn look_at(&self, begun: &Begun) -> Result<Option<Begun>> {
        let attempt = format!(
            "look at what was begun of {} in {}",
            begun.key,
            self.location()
        );
        self.retrying(&attempt, || async {
            let looked = self.unfinished(&attempt)?.look_at(begun).await;
            looked.map_err(|err| self.0.error(err, attempt.clone()))
        })
        .await
    }

    pub(super) fn unfinished(&self, attempt: &str) -> Result<&dyn Unfinished> {
        let told = self.backend().store.unfinished();
        told.map_err(|why| Error::new(Kind::Unsupported, attempt).because(why))
    }

    /// Whether listings tell digests of the content that can be compared with another bucket's.
    #[must_use]
    pub fn tells_content(&self) -> bool {
        self.backend().etags != EtagMeaning::VersionOnly || self.tells_what_passed()
    }

    /// Whether listings tell a digest of everything that this program puts, in whatever parts.
    #[must_use]
    pub fn tells_what_passed(&self) -> bool {
        self.backend().tells.is_some()
    }

    /// What the bucket's servers told last of the time, which costs nothing; `None` where they told nothing.
    #[must_use]
    pub fn time_told(&self) -> Option<Reading> {
        self.backend().clock.as_ref()?.told()
    }

    /// The largest object that can be put, in bytes; `None` where that depends on nothing that is configured.
    #[must_use]
    pub fn largest_object(&self) -> Option<u64> {
        self.backend().largest_object()
    }

    /// Reads one range of an object, as [`fetch::fetch`] tells.
    pub(super) async fn fetch(
        &self,
        path: &ObjectPath,
        object: &Object,
        range: Range<u64>,
        version: &Version,
    ) -> Result<Bytes> {
        fetch::fetch(&self.0, path, object, range, version).await
    }

    pub(super) fn backend(&self) -> &Backend {
        &self.0.backend
    }

    pub(super) fn opened(&self) -> &Opened {
        &self.0
    }

    /// Repeats transient failures by this bucket's retry policy. `attempt` is what is being attempted, as in "could not …".
    pub async fn retrying<T, F>(&self, attempt: &str, operation: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        self.0.retrying(attempt, operation).await
    }

    /// The name under which the store knows the object.
    pub(super) fn full(&self, path: &ObjectPath) -> Result<Path> {
        self.0.full(path)
    }
}

/// The objects that decide who owns a block and whether it may be touched.
const DECISIVE: [&str; 3] = [META_JSON, DELETION_MARK, OVERWRITE_MARKER];

/// Corrects a listing by what was found `there` under that name. An entry of the same version stays: listings have times to the millisecond.
fn correct(objects: &mut Vec<Object>, name: &str, there: Option<Object>) {
    let same = |listed: &Object, there: &Object| {
        listed.size_bytes == there.size_bytes && listed.version == there.version
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
