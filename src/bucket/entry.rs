//! What a listing shows of an object.

use chrono::{DateTime, Utc};
use object_store::ObjectMeta;

use crate::block::{FileId, Fingerprint, LeftOut};

/// What a listing shows of an object. What it does not show is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// Its whole name.
    pub key: String,
    /// Its size.
    pub size_bytes: Option<u64>,
    /// When it was last written.
    pub modified: Option<DateTime<Utc>>,
    /// Its entity tag, as a condition in a request wants it.
    pub etag: Option<String>,
    /// Digests of its content that the listing tells beside the entity tag.
    pub digests: Fingerprint,
    /// Whether it is in a storage class from which nobody can read it before it is restored, and is not.
    pub archived: bool,
    /// Which file it is, in a folder.
    pub file: Option<FileId>,
    /// Why nothing can be read under this name.
    pub left_out: Option<LeftOut>,
}

impl From<ObjectMeta> for Entry {
    fn from(meta: ObjectMeta) -> Self {
        Self {
            key: meta.location.into(),
            size_bytes: Some(meta.size),
            // Stores that are not told a time make one of it.
            modified: Some(meta.last_modified).filter(|time| *time != DateTime::UNIX_EPOCH),
            etag: meta.e_tag,
            ..Self::default()
        }
    }
}
