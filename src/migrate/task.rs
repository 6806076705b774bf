//! What a migration is asked to do, what it is given to do it with, and what it hands back.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::audit::Trail;
use crate::block::RunId;
use crate::bucket::{Backend, CopiedBy, Keeping};
use crate::engine::{ErrorRate, Stop};
use crate::error::{Error, Kind};
use crate::exit::Signal;
use crate::outcome::{Carrier, Results};
use crate::plan::{Plan, Rules};
use crate::progress::Progress;
use crate::retry;
use crate::verb::clocks::Clock;

/// What a migration is asked to do.
#[derive(Debug, Clone)]
pub struct Task {
    /// Which blocks, and what happens to each.
    pub rules: Rules,
    /// Whether anything is written.
    pub mode: Mode,
    /// How the plan is carried out.
    pub settings: Settings,
    /// What a target that is a live replica of the source is taken for.
    pub replica_target: ReplicaTarget,
}

/// How a plan is carried out.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Blocks being copied at once.
    pub concurrency: NonZeroUsize,
    /// When a block's work is repeated.
    pub retry: retry::Policy,
    /// No block is started once so many have failed.
    pub max_failures: Option<NonZeroUsize>,
    /// No block is started once more than this share of them failed.
    pub max_error_rate: Option<ErrorRate>,
    /// No block is started once the run has lasted so long; then it ends as after a signal.
    pub max_duration: Option<Duration>,
    /// No block is started once those started hold so many bytes to copy.
    pub max_bytes: Option<NonZeroU64>,
    /// The memory that the process may use, in bytes; transfers get what the rest of it leaves.
    pub memory_limit: NonZeroU64,
    /// How many bytes a second are read, at most.
    pub bandwidth_limit: Option<NonZeroU64>,
    /// Where small objects are kept from one run to the next.
    pub cache_dir: Option<PathBuf>,
    /// How long blocks in hand may go on once the run is to end.
    pub shutdown_grace: Duration,
    /// Who copies objects.
    pub copied_by: CopiedBy,
    /// Whether a no-compact mark is written before the deletion mark.
    pub no_compact_mark_source: bool,
}

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The plan is shown, and nothing is written anywhere.
    DryRun,
    /// The same, and the source is asked how it keeps what is deleted.
    Estimate,
    /// The plan is carried out.
    Execute,
}

/// What a target that is a live replica of the source is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicaTarget {
    /// A mistake: deleting in the source would delete there too.
    Refuse,
    /// What the operator wants.
    Allow,
}

/// One run: its id, its clocks, how it is asked to stop, and whom it tells how far it is.
pub struct Run {
    /// What marks and the probe name.
    pub id: RunId,
    /// The time of day when it began: ages count from here.
    pub started: DateTime<Utc>,
    /// The same instant, for the limit on how long it may last.
    pub begun: Instant,
    /// The time of day for marks.
    pub clock: Clock,
    /// Told how far the run is.
    pub progress: Arc<Progress>,
    /// Told what happens to each block.
    pub trail: Trail,
    /// Asks the run to stop.
    pub stop: Stop,
}

/// Both buckets, opened.
#[derive(Debug)]
pub struct Buckets {
    /// The bucket whose blocks are moved or copied.
    pub source: Backend,
    /// The bucket that receives them.
    pub target: Backend,
}

/// What a run did.
#[derive(Debug)]
pub struct Migrated {
    /// What was to be done.
    pub plan: Plan,
    /// What became of it; `None` where the run was dry.
    pub results: Option<Results>,
    /// Who would copy objects.
    pub carrier: Carrier,
    /// What the source says of how it keeps what is deleted; `None` where it was not asked, or has nothing to say.
    pub keeping: Option<Keeping>,
}

/// A signal came before the first block was begun: there is nothing to report.
#[must_use]
pub fn stopped(signal: Signal, attempt: &str) -> Error {
    let attempt = format!("{attempt} before {} came", signal.as_str());
    Error::new(Kind::Cancelled, attempt)
}
