//! Copies that a service makes by itself: an object goes from one bucket to another one, and not a byte of it comes here.

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use object_store::Result;
use object_store::path::Path;

use crate::block::Fingerprint;

/// What is copied: one version of one object.
#[derive(Debug, Clone)]
pub struct Original {
    /// The name under which the source's store knows it.
    pub key: Path,
    /// Its size, as listed.
    pub size_bytes: u64,
    /// Its entity tag, as a condition wants it.
    pub etag: String,
    /// What the source's listing tells of its content: whoever copies may have it checked.
    pub fingerprint: Fingerprint,
}

/// Copies objects of one bucket into another one on the same service. It copies the version that was asked for, or nothing: a different version is
/// [`Precondition`](object_store::Error::Precondition), or whatever error the target's store makes of it.
#[async_trait]
pub trait Copier: fmt::Debug + Send + Sync {
    /// The largest object that one request copies, in bytes.
    fn largest_bytes(&self) -> u64;

    /// Whether there is a way to copy an object of that size.
    fn copies(&self, size_bytes: u64) -> bool {
        let _ = size_bytes;
        true
    }

    /// Copies the object in one request, whatever was there. The target shows it whole or not at all.
    async fn copy(&self, original: &Original, to: &Path) -> Result<()>;

    /// Ends what may still go on of a [`copy`](Self::copy) that failed or was given up: nothing of it is to appear later. Nothing, where a service has
    /// copied once it answers.
    async fn give_up(&self, original: &Original, to: &Path) -> Result<()> {
        let _ = (original, to);
        Ok(())
    }

    /// Begins an object that is put together of ranges of others.
    async fn assemble(&self, to: &Path) -> Result<Box<dyn Assembly>>;
}

/// An object that is put together; nobody sees it before it is complete. One that is not to be is aborted.
#[async_trait]
pub trait Assembly: fmt::Debug + Send + Sync {
    /// Copies a range of an object as the part of that number, counted from zero. Parts may come in any order. Returns the part's id, for
    /// [`complete`](Self::complete).
    async fn copy_part(
        &self,
        number: usize,
        original: &Original,
        range: Range<u64>,
    ) -> Result<String>;

    /// Makes the object appear, of all parts in their order.
    async fn complete(&self, parts: Vec<String>) -> Result<()>;

    /// Discards the parts.
    async fn abort(&self) -> Result<()>;
}
