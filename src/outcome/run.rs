//! The results of a run.

use std::time::Duration;

use super::block::Outcome;
use crate::exit::Signal;

/// The results of a plan that was carried out.
#[derive(Debug)]
pub struct Results {
    /// One for each of the plan's selected blocks, in the same order.
    pub outcomes: Vec<Outcome>,
    /// Why the run had to stop, where it concerns a whole bucket.
    pub aborted: Option<String>,
    /// The signal that asked it to stop.
    pub signal: Option<Signal>,
    /// The limit that ended it before every block had its turn.
    pub limit: Option<Limit>,
    /// Whether every selected block had its turn.
    pub complete: bool,
    /// How long the run took.
    pub elapsed: Duration,
}

/// The limits that an operator can set on a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// How long it lasts.
    Duration,
    /// How many bytes it copies.
    Bytes,
    /// How many of its blocks fail.
    Failures,
    /// Which share of its blocks fails.
    ErrorRate,
}

impl Limit {
    /// The flag that sets it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Limit::Duration => "--max-duration",
            Limit::Bytes => "--max-bytes",
            Limit::Failures => "--max-failures",
            Limit::ErrorRate => "--max-error-rate",
        }
    }
}
