//! What is compared, and whom it is asked of.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use crate::cutover::{Query, Tolerance};
use crate::promql::{Access, Client, Limits};

/// What is compared, and how.
#[derive(Debug)]
pub struct Task {
    /// Where the source is asked.
    pub source: Access,
    /// Where the target is asked.
    pub target: Access,
    /// How long, how often and how much.
    pub limits: Limits,
    /// How many questions are asked of each side at once.
    pub concurrency: NonZeroUsize,
    /// What is asked.
    pub queries: Vec<Query>,
    /// Whether what both hold over the range is compared, too.
    pub parity: bool,
    /// How far values may be apart where a query does not say.
    pub tolerance: Tolerance,
    /// Where the range begins, in milliseconds since the epoch; `None` for that of the moved blocks.
    pub min_ms: Option<i64>,
    /// Where it ends.
    pub max_ms: Option<i64>,
    /// Blocks that begin later are not meant to be moved.
    pub cutoff_ms: Option<i64>,
    /// Kinds of findings that do not stand against the answer.
    pub waived: BTreeSet<String>,
}

/// Both sides, which answer.
#[derive(Debug)]
pub struct Sides {
    /// What answers from the hot blocks.
    pub source: Client,
    /// What answers from the cold blocks.
    pub target: Client,
}
