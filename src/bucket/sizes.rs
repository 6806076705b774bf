//! How large what is put into a bucket may be: what is chosen for a transfer keeps to it.

/// How large what is put may be, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// The largest object; `None` where there is no limit that one meets.
    pub object_bytes: Option<u64>,
    /// The most that goes in one request; likewise.
    pub put_bytes: Option<u64>,
    /// The least that a part has but for the last one.
    pub least_part_bytes: u64,
    /// The most that a part has; `None` as above.
    pub largest_part_bytes: Option<u64>,
    /// How many parts there may be; likewise.
    pub parts: Option<u64>,
}

impl Sizes {
    /// No limits: a file system's.
    pub const NONE: Self = Self {
        object_bytes: None,
        put_bytes: None,
        least_part_bytes: 0,
        largest_part_bytes: None,
        parts: None,
    };

    /// What most services allow: 10,000 parts of 5 MiB to 5 GiB, and 5 GiB in one request.
    pub const USUAL: Self = Self {
        object_bytes: Some(10_000 * (5 << 30)),
        put_bytes: Some(5 << 30),
        least_part_bytes: 5 << 20,
        largest_part_bytes: Some(5 << 30),
        parts: Some(10_000),
    };
}
