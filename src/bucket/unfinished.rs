//! What somebody began to write into a bucket and has not finished: no listing of objects shows it, and it is paid for or takes room all the same.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use object_store::Result;
use object_store::path::Path;

/// What was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// What it is.
    pub form: Form,
    /// The whole name that the object is to have; of a staged file its own place.
    pub key: String,
    /// Tells it from others of that name.
    pub id: String,
    /// When it was begun or, where the bucket tells, when something of it was written last; by the bucket's clock.
    pub touched: Option<DateTime<Utc>>,
}

/// What can be begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An upload in parts.
    Upload,
    /// A file that is to be moved to its place.
    StagedFile,
}

/// A store that tells what was begun in it.
#[async_trait]
pub trait Unfinished: Send + Sync {
    /// Everything that was begun below a directory, whoever began it.
    async fn begun(&self, below: Option<&Path>) -> Result<Vec<Begun>>;

    /// The same as it is now, with the time at which something of it was written last, where the bucket tells that; `None` where it is there no more.
    async fn look_at(&self, begun: &Begun) -> Result<Option<Begun>>;

    /// Removes it in one attempt, which nobody repeats. Succeeds where it is there no more.
    async fn end(&self, begun: &Begun) -> Result<()>;
}
