//! What a run is for.

use std::collections::BTreeSet;
use std::time::Duration;

use thanos_bucket::block::{Provenance, RunId, Strength};
use thanos_bucket::plan::TakeBack;
use thanos_bucket::select::Filter;

use super::{Sweep, TARGET_NAME, run_id};
use crate::blocks::{Block, FIVE_MINUTES_MS};
use crate::world::{DELETE_DELAY_MS, World};

/// What a run is for.
#[derive(Debug, Clone)]
pub(crate) enum Errand {
    /// It moves blocks, or copies them.
    Migrate,
    /// It takes marks back in the source.
    Unmark(Wish),
    /// It removes in the target what runs left behind.
    CleanUp(Sweep),
    /// It compares the buckets so thoroughly.
    Verify(Strength),
}

/// Which marks are to be taken back.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// Only those of the run of that number.
    run: Option<usize>,
    /// Only those on these blocks, where there are any.
    ids: BTreeSet<String>,
    /// Only those on blocks of that resolution.
    resolution_ms: Option<i64>,
    /// Only those that name this target.
    target: Option<&'static str>,
    /// However old they are.
    is_forced: bool,
}

impl Wish {
    /// What an operator may want.
    pub(super) fn any(world: &mut World) -> Self {
        let ids: Vec<String> = world.known.keys().cloned().collect();
        let runs = world.runs.len();
        let rng = &mut world.rng;
        let run = (runs > 0 && rng.once_in(3)).then(|| rng.index(runs));
        let named = if rng.once_in(3) { 1 + rng.below(2) } else { 0 };
        let ids = (0..named).filter_map(|_| rng.pick(&ids).cloned());
        Self {
            run,
            ids: ids.collect(),
            resolution_ms: match rng.below(8) {
                0 => Some(0),
                1 => Some(FIVE_MINUTES_MS),
                _ => None,
            },
            target: match rng.below(16) {
                0 => Some("s3://simulated/elsewhere"),
                1..6 => Some(TARGET_NAME),
                _ => None,
            },
            is_forced: rng.once_in(4),
        }
    }

    /// As it is asked of the product.
    pub(super) fn asked(&self) -> TakeBack {
        let ids = self.ids.iter().map(|id| id.parse().unwrap());
        TakeBack {
            filter: Filter {
                ids: ids.collect(),
                resolutions_ms: self.resolution_ms.into_iter().collect(),
                ..Filter::default()
            },
            run: self.run_id(),
            target: self.target.map(str::to_owned),
            oldest: self.oldest(),
        }
    }

    pub(crate) fn run_id(&self) -> Option<RunId> {
        self.run.map(run_id)
    }

    /// Whether the block is among those that are meant.
    pub(crate) fn takes(&self, block: &Block) -> bool {
        self.takes_id(&block.id) && self.resolution_ms.is_none_or(|it| it == block.group.1)
    }

    /// The same, by its id alone.
    pub(crate) fn takes_id(&self, id: &str) -> bool {
        self.ids.is_empty() || self.names(id)
    }

    /// Whether the block is asked for by its id.
    pub(crate) fn names(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// Whether marks that were written so are among those that are meant.
    pub(crate) fn takes_mark(&self, written: &Provenance) -> bool {
        self.run_id().is_none_or(|run| run == written.run)
            && self.target.is_none_or(|target| target == written.target)
    }

    /// How old a mark may be.
    pub(crate) fn oldest(&self) -> Option<Duration> {
        let half = u64::try_from(DELETE_DELAY_MS / 2).unwrap();
        (!self.is_forced).then(|| Duration::from_millis(half))
    }
}
