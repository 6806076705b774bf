//! What a backfill is asked to do.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::block::RunId;
use crate::engine::Stop;
use crate::error::{Error, Kind};
use crate::exit::Signal;
use crate::history::{BlockDuration, Plan, Range};
use crate::progress::Progress;
use crate::retry::Policy;

/// What is asked for.
#[derive(Debug)]
pub struct Task {
    /// What is brought from where.
    pub plan: Plan,
    /// Which time.
    pub range: Range,
    /// How long blocks are.
    pub length: BlockDuration,
    /// Whether nothing is written.
    pub is_dry: bool,
    /// What it means that the bucket holds blocks of the same time.
    pub overlap: Overlap,
    /// So many windows are worked on at once, at most.
    pub concurrency: NonZeroUsize,
    /// When what failed is tried again.
    pub retry: Policy,
    /// How much memory the process may use.
    pub memory_limit: NonZeroU64,
    /// How many bytes a second may go out.
    pub bandwidth_limit: Option<NonZeroU64>,
    /// Where blocks lie until they are published.
    pub staging_dir: PathBuf,
    /// How long windows in hand may go on once the run is to end.
    pub shutdown_grace: Duration,
}

/// What it means that the bucket holds blocks of the same labels and the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// The window is not written.
    Refuse,
    /// It is written all the same.
    Allow,
}

/// One run.
#[derive(Debug)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// When it began.
    pub started: DateTime<Utc>,
    /// Told how far it is.
    pub progress: Arc<Progress>,
    /// Asks it to end.
    pub stop: Stop,
}

/// Of an answer that cannot be taken piece by piece, no more is held at once.
pub(super) const HELD_BYTES: usize = 64 << 20;

/// The signal came first.
#[must_use]
pub fn stopped(signal: Signal, attempt: &str) -> Error {
    let attempt = format!("{attempt} before {} came", signal.as_str());
    Error::new(Kind::Cancelled, attempt)
}
