//! What providers do with versions of objects: they show them page by page, as their services do, read them, and bring one back under its name.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use object_store::path::Path;

use super::entry::Entry;

/// What a store does with versions of objects.
#[async_trait]
pub trait History: fmt::Debug + Send + Sync {
    /// A page of all versions below a directory: the first one, or what comes next. Those of one object come together, and objects in the order of
    /// the bytes of their names.
    async fn page(
        &self,
        below: Option<&Path>,
        next: Option<&Next>,
    ) -> object_store::Result<HistoryPage>;

    /// Reads a version, of which so many bytes are expected.
    async fn read(&self, key: &Path, version: &str, size_bytes: u64)
    -> object_store::Result<Bytes>;

    /// Brings a deleted object back, unless something lies under its name by now, which is
    /// [`AlreadyExists`](object_store::Error::AlreadyExists). No version is ever removed that holds anything.
    async fn bring_back(&self, key: &Path, lost: &Lost) -> object_store::Result<Way>;
}

/// How an object was brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// What hid it was removed: it is what it was, with its time and its entity tag.
    Uncovered,
    /// The service made a copy of its version, which is a new object of the same bytes.
    Copied,
}

/// How a listing of versions goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// After this name, or with this token.
    pub token: String,
    /// After this version of it, where the service wants to be told.
    pub version: Option<String>,
}

/// A page of versions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryPage {
    /// In the order of the service.
    pub rows: Vec<Row>,
    /// How it goes on; `None` on the last page.
    pub next: Option<Next>,
}

/// One version of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What the listing shows of it.
    pub entry: Entry,
    /// What the service calls it; `None` where it has no name.
    pub version: Option<String>,
    /// What it is.
    pub what: What,
    /// Which of two versions of an object is the newer one: the higher. `None` from a service that shows the newest first.
    pub rank: Option<i64>,
    /// When it ceased to be what lies under the name, where the listing tells; of a [`Deletion`](What::Deletion), when it was made.
    pub ended: Option<DateTime<Utc>>,
}

/// What a version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It lies under the name.
    Current,
    /// It lay there once.
    Former,
    /// It says that the object is deleted, and nothing else.
    Deletion {
        /// Whether it is what lies under the name.
        is_latest: bool,
    },
}

/// By what a provider finds a deleted object again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The size of its newest version.
    pub size_bytes: u64,
    /// The entity tag of that version, as a condition wants it.
    pub etag: Option<String>,
    /// What the service calls that version.
    pub version: String,
    /// Versions that say nothing but that it is deleted, the oldest first; `None` among them is one without a name.
    pub hidden_by: Vec<Option<String>>,
}
