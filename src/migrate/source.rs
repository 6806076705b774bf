//! The source of a run that writes: one from which blocks are only copied cannot be written.

use crate::bucket::{Backend, Bucket, BucketReader, Common};
use crate::plan::Purpose;
use crate::retry::Policy;

/// The source, with what the run may do there.
pub(super) enum Source {
    /// Blocks move: it receives marks.
    Marked(Bucket),
    /// Blocks are copied: it is read.
    Read(BucketReader),
}

impl Source {
    /// The source that was opened for a run of this purpose.
    pub(super) fn opened(
        backend: Backend,
        purpose: Purpose,
        retry: Policy,
        common: Common,
    ) -> Self {
        match purpose {
            Purpose::Move => Self::Marked(Bucket::with(backend, retry, common)),
            Purpose::Copy => Self::Read(BucketReader::with(backend, retry, common)),
        }
    }

    /// The same bucket for those who only read.
    pub(super) fn reader(&self) -> &BucketReader {
        match self {
            Self::Marked(bucket) => bucket.reader(),
            Self::Read(reader) => reader,
        }
    }

    /// Where marks are put, if this run puts any.
    pub(super) fn to_be_marked(&self) -> Option<&Bucket> {
        match self {
            Self::Marked(bucket) => Some(bucket),
            Self::Read(_) => None,
        }
    }
}
