//! One object that is read range by range: always the version that was listed, and the same one in each range.

use std::ops::Range;

use bytes::Bytes;

use super::fetch::Version;
use super::reader::BucketReader;
use crate::block::{Object, ObjectPath};
use crate::error::Result;

/// An object of a bucket, as it was listed.
#[derive(Debug)]
pub struct Ranged {
    bucket: BucketReader,
    path: ObjectPath,
    object: Object,
    version: Version,
}

impl Ranged {
    /// The object of that name in `bucket`; nothing is asked yet.
    #[must_use]
    pub fn new(bucket: BucketReader, path: ObjectPath, object: Object) -> Self {
        Self {
            bucket,
            path,
            object,
            version: Version::default(),
        }
    }

    /// How long it is.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.object.size_bytes
    }

    /// Reads one range, whole or not at all. What fails in passing is tried again.
    ///
    /// Errors: [`Kind::Changed`](crate::Kind::Changed) where another version lies there by now, [`Kind::NotFound`](crate::Kind::NotFound) where it is
    /// gone, [`Kind::Unreadable`](crate::Kind::Unreadable) where this object alone cannot be read.
    pub async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        let attempt = format!("read {} in {}", self.path, self.bucket.location());
        let read = || {
            self.bucket
                .fetch(&self.path, &self.object, range.clone(), &self.version)
        };
        self.bucket.retrying(&attempt, read).await
    }
}
