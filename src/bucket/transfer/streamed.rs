//! The route of what is put in one request and is too large for memory: its body is fetched while it goes out. It travels as an extension of
//! the request, whose own body is empty.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use md5::Md5;
use object_store::client::{HttpError, HttpErrorKind};
use object_store::{ObjectStore, PutOptions, PutPayload};
use sha2::digest::Output;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::budget::{Budget, Share};
use super::job::Transfer;
use super::passing::Passing;
use crate::at_once::PIECES_AHEAD;
use crate::block::{Fingerprint, Object, ObjectPath};
use crate::bucket::fetch::{Version, ranges};
use crate::bucket::reader::BucketReader;
use crate::error::{Error, Result};
use crate::http::late_body::{LateBody, Streamed};
use crate::progress::Piece as Way;

/// What is fetched at a time.
const PIECE: u64 = 8 << 20;

/// Puts the object in one request whose body is fetched while it goes out. What fails in passing is fetched and put again.
pub(super) async fn put(job: Transfer<'_>) -> Result<Fingerprint> {
    let backend = job.target.reader().backend();
    let full = job.target.reader().full(job.path)?;
    let attempt = job.attempt();
    let way = Way::new(job.progress, job.object.size_bytes);
    let put = job.target.reader().retrying(&attempt, || async {
        let body = Body(Arc::new(Source {
            bucket: job.source.clone(),
            path: job.path.clone(),
            object: job.object.clone(),
            budget: job.budget.clone(),
            way: way.clone(),
            expected: job.sha256.map(str::to_owned),
            passing: job.passing(),
            passed: Mutex::default(),
            version: Version::default(),
            md5: OnceCell::new(),
            sha256: OnceCell::new(),
            failure: Mutex::default(),
        }));
        let mut extensions = job.handed_on().await;
        extensions.insert(Streamed(Arc::new(body.clone())));
        let options = PutOptions {
            extensions,
            ..PutOptions::default()
        };
        let put = backend.store.put_opts(&full, PutPayload::new(), options);
        let put = put.await.map(|_| body.passed());
        put.map_err(|err| {
            let read = body.failure();
            read.unwrap_or_else(|| backend.error(err, attempt.clone()))
        })
    });
    job.arrives(way.clone(), put).await
}

/// The body of a request, which can be had anew for each try. Cheap to clone.
#[derive(Debug, Clone)]
struct Body(Arc<Source>);

/// Where the body comes from.
struct Source {
    bucket: BucketReader,
    path: ObjectPath,
    object: Object,
    /// What is held in memory counts towards this.
    budget: Budget,
    /// Told how much has come.
    way: Way,
    /// The SHA-256 that it is to have, which is checked before the last of it is passed on.
    expected: Option<String>,
    /// What is to be learnt of it; each try begins with this.
    passing: Passing,
    /// What was learnt by the last try that went out whole.
    passed: Mutex<Fingerprint>,
    /// Every try reads the same version.
    version: Version,
    md5: OnceCell<[u8; 16]>,
    sha256: OnceCell<[u8; 32]>,
    /// Why it could not be read.
    failure: Mutex<Option<Error>>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)
    }
}

#[async_trait]
impl LateBody for Body {
    fn size_bytes(&self) -> u64 {
        self.0.object.size_bytes
    }

    async fn md5(&self) -> Result<[u8; 16], HttpError> {
        let digest = async || Ok(self.digest::<Md5>().await?.into());
        let digest = self.0.md5.get_or_try_init(digest).await;
        digest.copied().map_err(|err| self.failed(err))
    }

    async fn sha256(&self) -> Result<[u8; 32], HttpError> {
        let digest = async || Ok(self.digest::<Sha256>().await?.into());
        let digest = self.0.sha256.get_or_try_init(digest).await;
        digest.copied().map_err(|err| self.failed(err))
    }

    fn pieces(&self) -> BoxStream<'static, Result<Bytes, HttpError>> {
        let body = self.clone();
        let state = (self.read(), None::<Share>, self.0.passing.clone(), 0_u64);
        stream::try_unfold(state, move |(mut pieces, last, mut passing, mut sent)| {
            let body = body.clone();
            async move {
                // The connection has taken what went before.
                drop(last);
                let next = pieces.try_next().await.map_err(|err| body.failed(err))?;
                let Some((bytes, share)) = next else {
                    return Ok(None);
                };
                sent += bytes.len() as u64;
                body.0.way.came(sent);
                passing.update(&bytes);
                if sent == body.size_bytes() {
                    body.finish(passing.clone())
                        .map_err(|err| body.failed(err))?;
                }
                Ok(Some((bytes, (pieces, Some(share), passing, sent))))
            }
        })
        .boxed()
    }
}

impl Body {
    /// Why it could not be read, if that is so.
    fn failure(&self) -> Option<Error> {
        let mut failure = self
            .0
            .failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        failure.take()
    }

    async fn digest<D: Digest>(&self) -> Result<Output<D>> {
        let mut digest = D::new();
        let mut pieces = self.read();
        while let Some((bytes, _share)) = pieces.try_next().await? {
            digest.update(&bytes);
        }
        Ok(digest.finalize())
    }

    fn read(&self) -> BoxStream<'static, Result<(Bytes, Share)>> {
        let source = Arc::clone(&self.0);
        stream::iter(ranges(source.object.size_bytes, PIECE))
            .map(move |range| {
                let source = Arc::clone(&source);
                async move {
                    let share = source.budget.take(range.end - range.start).await;
                    let Source {
                        bucket,
                        path,
                        object,
                        version,
                        ..
                    } = &*source;
                    let attempt = format!("read {path}");
                    let bytes = bucket
                        .retrying(&attempt, || {
                            bucket.fetch(path, object, range.clone(), version)
                        })
                        .await?;
                    Ok((bytes, share))
                }
            })
            .buffered(PIECES_AHEAD)
            .boxed()
    }

    /// What was learnt of what went out last.
    fn passed(&self) -> Fingerprint {
        *self.0.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(&self, passing: Passing) -> Result<()> {
        let Source {
            expected,
            path,
            bucket,
            ..
        } = &*self.0;
        let passed = passing.finish(expected.as_deref(), path, bucket.location())?;
        *self.0.passed.lock().unwrap_or_else(PoisonError::into_inner) = passed;
        Ok(())
    }

    /// Keeps the error for whoever asked for the transfer; the request only fails. The source's requests were retried already, so this one is not.
    fn failed(&self, err: Error) -> HttpError {
        let failed = HttpError::new(HttpErrorKind::Unknown, Unread(err.to_string()));
        let mut failure = self
            .0
            .failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(err);
        failed
    }
}

/// The source could not be read.
#[derive(Debug)]
struct Unread(String);

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unread {}
