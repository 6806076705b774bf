//! What a verification is asked to do, and what it is given to do it with.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::sync::Arc;

use crate::audit::Trail;
use crate::block::{BlockId, MetaFile, RunId, Strength};
use crate::bucket::Backend;
use crate::engine::Stop;
use crate::plan::{Mark, SourceBlock};
use crate::progress::Progress;
use crate::retry;
use crate::select::Filter;

/// What is to be verified, and how.
#[derive(Debug, Clone)]
pub struct Task {
    /// Which blocks.
    pub filter: Filter,
    /// Only those that marks of this run name.
    pub of_run: Option<RunId>,
    /// How thoroughly the two buckets are compared.
    pub content: Strength,
    /// Whether blocks are opened, and their data is read.
    pub deep: bool,
    /// Blocks being compared at once.
    pub concurrency: NonZeroUsize,
    /// When requests are repeated.
    pub retry: retry::Policy,
    /// The memory that the process may use, in bytes.
    pub memory_limit: NonZeroU64,
    /// How many bytes a second are read, at most.
    pub bandwidth_limit: Option<NonZeroU64>,
    /// Where small objects are kept from one run to the next.
    pub cache_dir: Option<PathBuf>,
}

/// How it is asked to stop, and whom it tells how far it is.
pub struct Run {
    /// Told how far it is.
    pub progress: Arc<Progress>,
    /// Told how each block stands.
    pub trail: Trail,
    /// Asks it to stop.
    pub stop: Stop,
}

/// The buckets, opened.
#[derive(Debug)]
pub struct Buckets {
    /// The source, or the one bucket that there is.
    pub source: Backend,
    /// The target.
    pub target: Option<Backend>,
}

impl Task {
    /// Whether the block is meant. Where no `meta.json` can be read, nobody can tell more than by its id and its mark.
    pub(super) fn takes(
        &self,
        id: BlockId,
        meta: Option<&Arc<MetaFile>>,
        source: Option<&SourceBlock>,
    ) -> bool {
        let is_meant = match meta {
            Some(meta) => self.filter.takes(&meta.block),
            None => self.filter.ids.is_empty() || self.filter.ids.contains(&id),
        };
        is_meant
            && self.of_run.as_ref().is_none_or(|run| {
                let mark = source.map(|block| &block.mark);
                let Some(Mark::Present(mark)) = mark else {
                    return false;
                };
                mark.provenance().is_some_and(|ours| ours.run == *run)
            })
    }

    pub(super) fn asks_for(&self, id: BlockId) -> bool {
        self.filter.ids.contains(&id)
    }
}
