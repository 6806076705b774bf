//! How Go reads what Thanos reads: JSON, times of day and regular expressions.

pub(crate) mod json;
pub mod pattern;
pub mod time;
