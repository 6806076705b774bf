//! One sample of a series.

use super::histogram::Histogram;

/// The bits of the float with which Prometheus says that a series has gone stale.
pub const STALE: u64 = 0x7ff0_0000_0000_0002;

/// What was sampled, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// In milliseconds since the epoch.
    pub time_ms: i64,
    /// What.
    pub value: Value,
}

/// What was sampled.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number. Its bits count: staleness and other NaNs are told apart by them alone.
    Float(f64),
    /// A native histogram.
    Histogram(Box<Histogram>),
}

/// Whether these are the bits of staleness.
#[must_use]
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE
}
