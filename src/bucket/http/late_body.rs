//! The body of a request that is too large for memory: it is made while it goes out, and can be had anew for each try.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::client::HttpError;

/// A body that is made while it goes out.
#[async_trait]
pub(in crate::bucket) trait LateBody: fmt::Debug + Send + Sync {
    /// How long it is.
    fn size_bytes(&self) -> u64;

    /// Reads all of it, once for all tries, and keeps nothing.
    async fn digests(&self) -> Result<Digests, HttpError>;

    /// The body, piece by piece.
    fn pieces(&self) -> BoxStream<'static, Result<Bytes, HttpError>>;
}

/// Stands among a request's extensions in place of its body, which is empty then.
#[derive(Debug, Clone)]
pub(in crate::bucket) struct Streamed(pub(in crate::bucket) Arc<dyn LateBody>);

/// What is to be known of a body before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bucket) struct Digests {
    pub(in crate::bucket) md5: [u8; 16],
    pub(in crate::bucket) sha256: [u8; 32],
}
