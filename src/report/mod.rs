//! The plan and the report, for people and for programs: one document, written as text or as JSON.

mod outcome;

pub use outcome::{BlockEnding, Ending, MarkState, Outcome, Signal};

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::block::RunId;
use crate::plan::Plan;

/// The form of the document on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// For people.
    Text,
    /// For programs: one JSON document.
    Json,
}

/// Which run a document speaks of.
#[derive(Debug, Clone)]
pub struct Header {
    /// The run.
    pub run: RunId,
    /// When it began.
    pub started: DateTime<Utc>,
    /// The source, as its location prints.
    pub source: String,
    /// The target.
    pub target: String,
    /// First samples at or after this time are too young.
    pub cutoff: DateTime<Utc>,
}

/// What came of a plan.
#[derive(Debug)]
pub struct Results {
    /// One for each of the plan's selected blocks, in the same order.
    pub outcomes: Vec<Outcome>,
    /// Why the run had to stop, where it concerns a whole bucket.
    pub aborted: Option<String>,
    /// The signal that asked it to stop.
    pub signal: Option<Signal>,
    /// Whether every selected block had its turn.
    pub complete: bool,
    /// How long the run took.
    pub elapsed: Duration,
}
