//! What is compared, and with which means.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::bucket::BucketReader;
use crate::cutover::Tolerance;
use crate::history::{Plan, Range};
use crate::promql;
use crate::remote;
use crate::retry::Policy;

/// How far a comparison goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Samples, metadata and exemplars.
    Verify,
    /// What queries answer, too.
    CutOver,
}

/// What is compared.
#[derive(Debug)]
pub struct Task {
    /// Both sides, and what of them is compared.
    pub plan: Plan,
    /// The samples that are meant.
    pub range: Range,
    /// How far it goes.
    pub depth: Depth,
    /// Kinds of findings that do not stand against the answer.
    pub waived: BTreeSet<String>,
    /// The bucket of the target, unless it is written to a server.
    pub bucket: Option<BucketReader>,
    /// A folder that is there, for what is sorted on disk and for the block that is being read.
    pub folder: PathBuf,
    /// How much memory sorting takes.
    pub memory_bytes: usize,
    /// When a request is repeated.
    pub retry: Policy,
}

/// How much of one answer of a query API is read, unpacked, whatever memory there is.
const LEAST_BYTES: usize = 64 << 20;

/// Prometheus gives no more samples of a series at once.
const MOST_POINTS: u32 = 11_000;

impl Task {
    /// How far apart values may be.
    pub(super) fn tolerance(&self) -> Tolerance {
        let compare = self.plan.compare;
        Tolerance {
            absolute: compare.max_absolute_value_delta.unwrap_or_default(),
            relative: compare.max_relative_value_delta.unwrap_or_default(),
        }
    }

    /// The same of answers to queries: sums come out differently in their last bits where series come in another order.
    pub(super) fn tolerance_of_queries(&self) -> Tolerance {
        let compare = self.plan.compare;
        Tolerance {
            absolute: compare
                .max_absolute_value_delta
                .unwrap_or(Tolerance::USUAL.absolute),
            relative: compare
                .max_relative_value_delta
                .unwrap_or(Tolerance::USUAL.relative),
        }
    }

    /// How much of one answer is read: what sorting took is free again by then.
    fn most_bytes(&self) -> usize {
        self.memory_bytes.max(LEAST_BYTES)
    }

    /// How servers are asked that tell of metrics.
    pub(super) fn limits_of_servers(&self) -> remote::Limits {
        remote::Limits {
            timeout: self.plan.batch.http_timeout,
            retry: self.retry.clone(),
            max_held_bytes: self.most_bytes(),
        }
    }

    /// How query APIs are asked.
    pub(super) fn limits(&self) -> promql::Limits {
        promql::Limits {
            timeout: self.plan.batch.http_timeout,
            max_response_bytes: self.most_bytes(),
            retry: self.retry.clone(),
            max_points: MOST_POINTS,
            of_thanos: promql::OfThanos {
                dedup: true,
                max_source_resolution: "0s".to_owned(),
            },
        }
    }
}
