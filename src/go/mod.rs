//! How Go reads what Thanos reads: JSON, durations, times of day and regular expressions.

pub(crate) mod duration;
pub(crate) mod json;
pub mod pattern;
pub mod time;
