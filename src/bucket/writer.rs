//! A bucket that can be written too.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use object_store::{Extensions, ObjectStore, ObjectStoreExt, PutMode, PutOptions};

use super::backend::{Backend, Multipart};
use super::clock::Reading;
use super::opened::Common;
use super::reader::BucketReader;
use super::store::{Entry, Once};
use super::unfinished::Begun;
use crate::block::ObjectPath;
use crate::error::{Error, Kind, Result};
use crate::retry::Policy;

/// A bucket that can be written too. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bucket(BucketReader);

impl Bucket {
    /// Of an opened provider; `retry` says when requests are repeated.
    #[must_use]
    pub fn new(backend: Backend, retry: Policy) -> Self {
        Self::with(backend, retry, Common::default())
    }

    /// The same, with what the buckets of a run have in common.
    #[must_use]
    pub fn with(backend: Backend, retry: Policy, common: Common) -> Self {
        Self(BucketReader::with(backend, retry, common))
    }

    /// The same bucket for those who only read.
    #[must_use]
    pub fn reader(&self) -> &BucketReader {
        &self.0
    }

    /// Puts a small object, whatever was there.
    pub async fn put(&self, path: &ObjectPath, bytes: Bytes) -> Result<()> {
        let attempt = format!("write {path} in {}", self.0.location());
        let put = || self.put_small(path, bytes.clone(), PutOptions::default());
        self.0.retrying(&attempt, put).await
    }

    /// Puts a small object unless there is one, in one attempt: the caller checks again before the next attempt that it may be put. Other bytes under
    /// that name are [`Kind::AlreadyExists`]; the same bytes are a success, for the answer to an earlier attempt may have been lost.
    pub async fn create(&self, path: &ObjectPath, bytes: Bytes) -> Result<()> {
        if self.0.backend().store.may_replace_when_creating() && self.0.exists(path).await? {
            return self.whose_bytes(path, &bytes, self.is_there(path)).await;
        }
        match self.put_once(path, bytes.clone(), PutMode::Create).await {
            Err(err) if err.kind() == Kind::AlreadyExists => {
                self.whose_bytes(path, &bytes, err).await
            }
            Err(err) if err.kind() == Kind::Unsupported => self.look_and_put(path, bytes).await,
            created => created,
        }
    }

    /// Resolves a refusal to create the object: `Ok` where our bytes are there, the refusal where others are, and a transient error where nothing is.
    async fn whose_bytes(&self, path: &ObjectPath, bytes: &Bytes, refusal: Error) -> Result<()> {
        match self.0.read(path, bytes.len()).await {
            Ok(there) if there == *bytes => Ok(()),
            Err(err) if err.kind() == Kind::NotFound => {
                let attempt = format!("create {path} in {}", self.0.location());
                let why = format!("it is said to be there, and it is not: {refusal:#}");
                Err(Error::new(Kind::Transient, attempt).because(why))
            }
            Err(err) if err.kind() != Kind::Corrupt => Err(err),
            _ => Err(refusal),
        }
    }

    /// Without conditional puts, looking first is the best there is.
    async fn look_and_put(&self, path: &ObjectPath, bytes: Bytes) -> Result<()> {
        if self.0.exists(path).await? {
            return self.whose_bytes(path, &bytes, self.is_there(path)).await;
        }
        self.put_once(path, bytes, PutMode::Overwrite).await
    }

    fn is_there(&self, path: &ObjectPath) -> Error {
        let attempt = format!("create {path} in {}", self.0.location());
        Error::new(Kind::AlreadyExists, attempt)
    }

    /// Whether a put that must not overwrite leaves alone what lies there under that name. Puts the bytes where it does not.
    pub async fn refuses_to_overwrite(&self, path: &ObjectPath, bytes: Bytes) -> Result<bool> {
        match self.put_once(path, bytes, PutMode::Create).await {
            Err(err) if err.kind() == Kind::AlreadyExists => Ok(true),
            Err(err) if err.kind() == Kind::Unsupported => Ok(false),
            put => put.map(|()| false),
        }
    }

    /// Puts a small object as an upload of one part. Tells whether that was done: a configuration may forbid it.
    pub async fn put_as_one_part(&self, path: &ObjectPath, bytes: Bytes) -> Result<bool> {
        let backend = self.0.backend();
        if let Multipart::Never { .. } = backend.multipart {
            return Ok(false);
        }
        let full = self.0.full(path)?;
        let attempt = format!("write {path} in parts in {}", backend.location);
        let uploading = async {
            let mut upload = backend.store.put_multipart(&full).await?;
            let part = upload.put_part(bytes.into()).await;
            let done = match part {
                Ok(()) => upload.complete().await.map(drop),
                Err(err) => Err(err),
            };
            if done.is_err() {
                // The first error tells more.
                let _ = upload.abort().await;
            }
            done
        };
        uploading.await.map_err(|err| backend.error(err, attempt))?;
        Ok(true)
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
                let backend = self.0.backend();
                let head = backend.store.head(&full).await;
                let head = head.map_err(|err| backend.error(err, attempt.clone()))?;
                Ok(Entry::from(head).modified)
            })
            .await
    }

    /// Deletes an object; one that is not there is as good as deleted.
    pub async fn delete(&self, path: &ObjectPath) -> Result<()> {
        let full = self.0.full(path)?;
        let attempt = format!("delete {path} in {}", self.0.location());
        let deleted = self.0.retrying(&attempt, || async {
            let backend = self.0.backend();
            let deleted = backend.store.delete(&full).await;
            deleted.map_err(|err| backend.error(err, attempt.clone()))
        });
        match deleted.await {
            Err(err) if err.kind() == Kind::NotFound => Ok(()),
            deleted => deleted,
        }
    }

    /// Deletes an object in one attempt: the caller checks again before the next attempt that it may go. Succeeds if it is not there.
    pub async fn delete_once(&self, path: &ObjectPath) -> Result<()> {
        let full = self.0.full(path)?;
        let backend = self.0.backend();
        let deleted = backend.store.delete_once(&full).await;
        let attempt = format!("delete {path} in {}", self.0.location());
        match deleted.map_err(|err| backend.error(err, attempt)) {
            Err(err) if err.kind() == Kind::NotFound => Ok(()),
            deleted => deleted,
        }
    }

    /// Removes what was begun and not finished, in one attempt: the caller checks again before the next attempt that it may go. Succeeds if it is
    /// not there.
    pub async fn end(&self, begun: &Begun) -> Result<()> {
        let backend = self.0.backend();
        let attempt = format!(
            "remove what was begun of {} in {}",
            begun.key, backend.location
        );
        let ended = self.0.unfinished(&attempt)?.end(begun).await;
        match ended.map_err(|err| backend.error(err, attempt)) {
            Err(err) if err.kind() == Kind::NotFound => Ok(()),
            ended => ended,
        }
    }

    async fn put_once(&self, path: &ObjectPath, bytes: Bytes, mode: PutMode) -> Result<()> {
        let mut extensions = Extensions::new();
        extensions.insert(Once);
        let options = PutOptions {
            mode,
            extensions,
            ..PutOptions::default()
        };
        self.put_small(path, bytes, options).await
    }

    async fn put_small(&self, path: &ObjectPath, bytes: Bytes, options: PutOptions) -> Result<()> {
        let backend = self.0.backend();
        let full = self.0.full(path)?;
        let attempt = format!("write {path} in {}", backend.location);
        let put = backend.store.put_opts(&full, bytes.into(), options).await;
        put.map_err(|err| backend.error(err, attempt))?;
        Ok(())
    }
}
