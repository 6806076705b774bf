//! An object that is put in one request and is too large for memory: its body is fetched while it goes out. It travels as an extension of the
//! request, whose own body is empty.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use md5::Md5;
use object_store::client::{HttpError, HttpErrorKind};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::Budget;
use super::budget::Share;
use crate::block::{Object, ObjectPath};
use crate::bucket::BucketReader;
use crate::bucket::fetch::{Version, fetch, ranges};
use crate::error::{Error, Result};
use crate::progress::Piece as Way;

/// What is fetched at a time.
const PIECE: u64 = 8 << 20;

/// Pieces being fetched while one goes out.
const AHEAD: usize = 2;

/// The body of a request, which can be had anew for each try. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::bucket) struct Streamed(Arc<Source>);

/// Where the body comes from.
pub(in crate::bucket) struct Source {
    pub(in crate::bucket) bucket: BucketReader,
    pub(in crate::bucket) path: ObjectPath,
    pub(in crate::bucket) object: Object,
    /// Memory.
    pub(in crate::bucket) budget: Budget,
    /// Told how much has come.
    pub(in crate::bucket) way: Way,
    /// Checks what has come, before the last of it is passed on.
    pub(in crate::bucket) check: Option<String>,
    /// Every try reads the same version.
    pub(in crate::bucket) version: Version,
    pub(in crate::bucket) digests: OnceCell<Digests>,
    /// Why it could not be read.
    pub(in crate::bucket) failure: Mutex<Option<Error>>,
}

/// What is to be known of a body before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bucket) struct Digests {
    pub(in crate::bucket) md5: [u8; 16],
    pub(in crate::bucket) sha256: [u8; 32],
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)
    }
}

impl Streamed {
    pub(in crate::bucket) fn new(source: Source) -> Self {
        Self(Arc::new(source))
    }

    pub(in crate::bucket) fn size_bytes(&self) -> u64 {
        self.0.object.size_bytes
    }

    /// Reads all of it, once for all tries, and keeps nothing.
    pub(in crate::bucket) async fn digests(&self) -> Result<Digests, HttpError> {
        let read = async {
            let (mut md5, mut sha256) = (Md5::new(), Sha256::new());
            let mut pieces = self.pieces();
            while let Some((bytes, _share)) = pieces.try_next().await? {
                md5.update(&bytes);
                sha256.update(&bytes);
            }
            Ok(Digests {
                md5: md5.finalize().into(),
                sha256: sha256.finalize().into(),
            })
        };
        let digests = self.0.digests.get_or_try_init(|| read).await;
        digests.copied().map_err(|err| self.failed(err))
    }

    /// The body, piece by piece.
    pub(in crate::bucket) fn body(&self) -> BoxStream<'static, Result<Bytes, HttpError>> {
        let body = self.clone();
        let state = (self.pieces(), None::<Share>, Sha256::new(), 0_u64);
        stream::try_unfold(state, move |(mut pieces, last, mut digest, mut sent)| {
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
                if body.0.check.is_some() {
                    digest.update(&bytes);
                }
                if sent == body.size_bytes() {
                    body.finish(digest.clone())
                        .map_err(|err| body.failed(err))?;
                }
                Ok(Some((bytes, (pieces, Some(share), digest, sent))))
            }
        })
        .boxed()
    }

    /// Why it could not be read, if that is so.
    pub(in crate::bucket) fn failure(&self) -> Option<Error> {
        let mut failure = self
            .0
            .failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        failure.take()
    }

    fn pieces(&self) -> BoxStream<'static, Result<(Bytes, Share)>> {
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
                            fetch(bucket, path, object, range.clone(), version)
                        })
                        .await?;
                    Ok((bytes, share))
                }
            })
            .buffered(AHEAD)
            .boxed()
    }

    fn finish(&self, digest: Sha256) -> Result<()> {
        let Some(expected) = &self.0.check else {
            return Ok(());
        };
        super::check_sha256(digest, expected, &self.0.path, self.0.bucket.location())
    }

    /// The error is kept for whoever asked for the transfer; the request only learns that it ends. What was repeated already is not repeated.
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
