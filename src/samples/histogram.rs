//! Native histograms, as Prometheus' `model/histogram` has them.

/// The schema of histograms whose bounds are listed; those with exponential buckets have -4 to 8.
pub const CUSTOM_BUCKETS: i32 = -53;

/// A native histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// What is known of a reset before it.
    pub reset_hint: ResetHint,
    /// How fine exponential buckets are, or [`CUSTOM_BUCKETS`].
    pub schema: i32,
    /// How far the zero bucket reaches.
    pub zero_threshold: f64,
    /// The sum of observations; the bits of [`STALE`](super::STALE) make it a mark of staleness.
    pub sum: f64,
    /// Where positive buckets lie.
    pub positive_spans: Vec<Span>,
    /// Where negative ones lie.
    pub negative_spans: Vec<Span>,
    /// Upper bounds of custom buckets, but for the last, which is infinite; empty for other schemas.
    pub custom_values: Vec<f64>,
    /// How many there are.
    pub buckets: Buckets,
}

/// How many observations a histogram counts: whole numbers, or floats, as recorded rules make them.
#[derive(Debug, Clone, PartialEq)]
pub enum Buckets {
    /// Whole numbers.
    Integers {
        /// All observations.
        count: u64,
        /// Those in the zero bucket.
        zero_count: u64,
        /// In each positive bucket, as a change from the one before.
        positive: Vec<i64>,
        /// In each negative bucket.
        negative: Vec<i64>,
    },
    /// Floats.
    Floats {
        /// All observations.
        count: f64,
        /// Those in the zero bucket.
        zero_count: f64,
        /// In each positive bucket, absolutely.
        positive: Vec<f64>,
        /// In each negative bucket.
        negative: Vec<f64>,
    },
}

/// So many buckets in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The gap before the first: from the end of the span before, or from index 0, where it may be negative.
    pub offset: i32,
    /// How many.
    pub length: u32,
}

/// What is known of a reset between a histogram and the one before. The numbers are those of remote read and remote write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum ResetHint {
    /// Nothing.
    #[default]
    Unknown = 0,
    /// There was one.
    Reset = 1,
    /// There was none.
    NoReset = 2,
    /// It is a gauge, which knows none.
    Gauge = 3,
}
