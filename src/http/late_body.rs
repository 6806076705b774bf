//! The body of a request that is too large for memory: it is made while it goes out, and can be had anew for each try.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::client::HttpError;

/// A body that is made while it goes out.
#[async_trait]
pub(crate) trait LateBody: fmt::Debug + Send + Sync {
    /// How long it is.
    fn size_bytes(&self) -> u64;

    /// Its MD5, for which all of it is read once for all tries, and nothing is kept.
    async fn md5(&self) -> Result<[u8; 16], HttpError>;

    /// Its SHA-256, had in the same way.
    async fn sha256(&self) -> Result<[u8; 32], HttpError>;

    /// The body, piece by piece.
    fn pieces(&self) -> BoxStream<'static, Result<Bytes, HttpError>>;
}

/// Stands among a request's extensions in place of its body, which is empty then.
#[derive(Debug, Clone)]
pub(crate) struct Streamed(pub(crate) Arc<dyn LateBody>);
