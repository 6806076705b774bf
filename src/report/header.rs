//! Which run a document speaks of.

use chrono::{DateTime, Utc};

use crate::block::RunId;

/// Which run a document speaks of.
#[derive(Debug, Clone)]
pub struct Header {
    /// The run.
    pub run: RunId,
    /// When it began.
    pub started: DateTime<Utc>,
    /// The source, as its location prints.
    pub source: String,
    /// The target, as its location prints; `None` where there is none.
    pub target: Option<String>,
    /// First samples at or after this time are too young; `None` where age does not matter.
    pub cutoff: Option<DateTime<Utc>>,
}
