//! How Go reads what Thanos reads: times of day and regular expressions.

pub mod pattern;
pub mod time;
