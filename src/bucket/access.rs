//! What a bucket is opened for.

/// What may be done to a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Every write is refused.
    Read,
    /// Objects may be put and deleted.
    Write,
}

/// What it means that the folder of a bucket does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingRoot {
    /// A bucket that is still empty: listings are empty, and the first write makes the folder.
    Empty,
    /// A bucket that is gone: every request fails, saying so.
    Error,
}
