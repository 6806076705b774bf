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
    /// The target, as its location prints.
    pub target: String,
    /// First samples at or after this time are too young.
    pub cutoff: DateTime<Utc>,
}
