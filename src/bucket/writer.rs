//! A bucket that can be written too.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};

use super::backend::Backend;
use super::clock::Reading;
use super::reader::BucketReader;
use super::store::Entry;
use crate::block::ObjectPath;
use crate::error::{Error, Kind, Result};
use crate::retry::Policy;

/// A bucket that can be written too. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bucket(BucketReader);

/// How creating an object ended: not to be tried again, for it has outlasted its own retries, or needs none.
struct Created(Result<()>);

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
        let created = self
            .0
            .retrying(&attempt, || async {
                let created = self.put_small(path, bytes.clone(), PutMode::Create).await;
                match created {
                    Err(err) if err.kind() == Kind::AlreadyExists => {
                        self.whose_bytes(path, &bytes, err).await
                    }
                    Err(err) if err.kind() == Kind::Unsupported => {
                        Ok(Created(self.look_and_put(path, bytes.clone()).await))
                    }
                    created => Ok(Created(created)),
                }
            })
            .await?;
        created.0
    }

    /// What a refusal to create the object comes to: it is there, with our bytes or with others, or it is not there and may be tried again.
    async fn whose_bytes(
        &self,
        path: &ObjectPath,
        bytes: &Bytes,
        refusal: Error,
    ) -> Result<Created> {
        match self.0.read(path, bytes.len()).await {
            Ok(there) if there == *bytes => Ok(Created(Ok(()))),
            Err(err) if err.kind() == Kind::NotFound => {
                let attempt = format!("create {path} in {}", self.0.location());
                let why = format!("it is said to be there, and it is not: {refusal:#}");
                Err(Error::new(Kind::Transient, attempt).because(why))
            }
            Err(err) if err.kind() != Kind::Corrupt => Ok(Created(Err(err))),
            _ => Ok(Created(Err(refusal))),
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
                put.map_err(|err| backend.error(err, attempt.clone()))?;
                Ok(())
            })
            .await
    }
}
