//! An opened provider whose requests are traced and repeated: what reading, listing and fetching stand on.

use std::sync::Arc;

use object_store::path::Path;

use super::backend::Backend;
use super::bandwidth::Bandwidth;
use super::cache::Cache;
use super::together::Together;
use super::traced::Traced;
use crate::block::ObjectPath;
use crate::error::{Error, Result};
use crate::retry::{Policy, retry};

/// An opened provider, and when its requests are repeated.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) backend: Backend,
    pub(super) retry: Policy,
    pub(super) together: Together,
    pub(super) common: Common,
}

/// What the buckets of a run have in common; nothing by default.
#[derive(Debug, Clone, Default)]
pub struct Common {
    /// How fast they are read.
    pub bandwidth: Bandwidth,
    /// Where small objects are kept that were read.
    pub cache: Cache,
}

impl Opened {
    /// Each request becomes a span.
    pub(super) fn new(mut backend: Backend, retry: Policy, common: Common) -> Self {
        let name = backend.location.to_string();
        backend.store = Arc::new(Traced::new(backend.store, &name));
        Self {
            backend,
            retry,
            together: Together::default(),
            common,
        }
    }

    /// Repeats transient failures by this bucket's retry policy. `attempt` is what is being attempted, as in "could not …".
    pub(super) async fn retrying<T, F>(
        &self,
        attempt: &str,
        operation: impl FnMut() -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        retry(&self.retry, attempt, operation).await
    }

    /// The name under which the store knows the object.
    pub(super) fn full(&self, path: &ObjectPath) -> Result<Path> {
        self.backend.prefix.key(path)
    }

    /// What an error of the store means, as [`Backend::error`] tells it.
    pub(super) fn error(&self, err: object_store::Error, attempt: impl Into<String>) -> Error {
        self.backend.error(err, attempt)
    }
}
