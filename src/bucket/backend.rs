//! An opened provider, and in what it differs from others: which bucket it is, and what may be believed of it.

use std::sync::Arc;

use super::classify;
use super::clock::ServerClock;
use super::location::Location;
use super::prefix::Prefix;
use super::store::Store;
use crate::error::Error;

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

impl Backend {
    /// What an error of the store means. `attempt` is what was being attempted, as in "could not …".
    pub(super) fn error(&self, err: object_store::Error, attempt: impl Into<String>) -> Error {
        classify::error(err, &|cause| self.store.meaning(cause), attempt)
    }

    /// The largest object that it takes, in bytes, where parts do not make it a matter of the provider's.
    pub(super) fn largest_object(&self) -> Option<u64> {
        (self.multipart == Multipart::Never).then_some(LARGEST_PUT)
    }
}

/// What S3 takes in one request at most.
pub(super) const LARGEST_PUT: u64 = 5 << 30;
