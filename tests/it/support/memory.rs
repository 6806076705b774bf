//! A source and a target in memory, between which the library runs.

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use thanos_bucket::Result;
use thanos_bucket::audit::Trail;
use thanos_bucket::block::RunId;
use thanos_bucket::bucket::{
    Backend, CopiedBy, EtagMeaning, Location, Multipart, Prefix, ServerClock, Sizes, Store,
};
use thanos_bucket::cleanup;
use thanos_bucket::engine::Stop;
use thanos_bucket::migrate::{
    Buckets, Migrated, Mode, ReplicaTarget, Run, Settings, Task, migrate,
};
use thanos_bucket::outcome::{BroughtBack, Charted, Cleaned, Results, TakenBack};
use thanos_bucket::plan::{BringBack, Plan, Rules, TakeBack};
use thanos_bucket::retry::{Jitter, Policy};
use thanos_bucket::select::{Cutoff, Filter};
use thanos_bucket::status;
use thanos_bucket::undelete;
use thanos_bucket::unmark;
use thanos_bucket::verb::clocks::Clock;

use super::block::{Block, id};
use super::scripted::Scripted;
use super::world;

/// Two buckets in memory.
pub type World = world::World<Arc<Scripted>, Migration>;

/// What a run is told.
pub struct Migration {
    pub rules: Rules,
    pub settings: Settings,
    /// This machine's clock.
    pub clock: Clock,
    /// Told what happens.
    pub trail: Trail,
    pub stop: Stop,
}

/// What one run did.
pub(crate) struct Ran {
    pub(crate) plan: Plan,
    pub(crate) results: Results,
}

impl Ran {
    /// The ending of the block of that letter, as reports spell it.
    pub(crate) fn ending(&self, letter: char) -> &'static str {
        let block = id(letter);
        let number = self
            .plan
            .selected
            .iter()
            .position(|selected| selected.block.id.to_string() == block);
        number.map_or("not selected", |number| {
            self.results.outcomes[number].ending.as_str()
        })
    }

    /// The endings of the blocks of these letters.
    pub(crate) fn endings_of(&self, letters: &str) -> Vec<&'static str> {
        letters.chars().map(|letter| self.ending(letter)).collect()
    }

    /// The endings of all selected blocks, in the order of their marking.
    pub(crate) fn endings(&self) -> Vec<&'static str> {
        let outcomes = self.results.outcomes.iter();
        outcomes.map(|outcome| outcome.ending.as_str()).collect()
    }
}

impl World {
    /// A source with these blocks, and a target without any.
    pub fn new(blocks: &[Block]) -> Self {
        let source = Scripted::new(TimeDelta::zero());
        // What is put into both at once has times of its own in each.
        let target = Scripted::new(TimeDelta::minutes(1));
        Self::filled(source, target, Migration::default(), blocks)
    }

    /// A migration as the product runs it, from opened buckets on.
    pub(crate) async fn run(&self) -> Result<Ran> {
        let Migrated { plan, results, .. } = self.run_as(Mode::Execute).await?;
        let results = results.unwrap();
        Ok(Ran { plan, results })
    }

    /// The same, or its plan alone.
    pub(crate) async fn run_as(&self, mode: Mode) -> Result<Migrated> {
        let source = backend(&self.source, "hot");
        let target = backend(&self.target, "cold");
        let task = Task {
            rules: self.task.rules.clone(),
            mode,
            settings: self.task.settings.clone(),
            replica_target: ReplicaTarget::Refuse,
        };
        let run = Run {
            id: RunId::generate(),
            started: now(),
            begun: tokio::time::Instant::now(),
            clock: Arc::clone(&self.task.clock),
            progress: Arc::default(),
            trail: self.task.trail.clone(),
            stop: self.task.stop.clone(),
        };
        migrate(&task, run, Buckets { source, target }).await
    }

    /// The map of both, as the product makes it of opened buckets.
    pub(crate) async fn look(&self) -> Result<Charted> {
        let task = status::Task {
            filter: Filter::default(),
            delete_delay: TimeDelta::hours(48),
            retry: self.task.settings.retry.clone(),
            cache_dir: None,
        };
        let buckets = (
            backend(&self.source, "hot"),
            Some(backend(&self.target, "cold")),
        );
        let (clock, stop) = (&self.task.clock, &self.task.stop);
        status::status(&task, buckets, now(), clock, &Arc::default(), stop).await
    }

    /// Takes marks back as the product does, from the opened source on.
    pub(crate) async fn take_back(&self, filter: Filter, is_dry: bool) -> Result<TakenBack> {
        let task = unmark::Task {
            take_back: TakeBack {
                filter,
                run: None,
                target: None,
                oldest: Some(Duration::from_hours(24)),
            },
            is_dry,
            retry: self.task.settings.retry.clone(),
        };
        let source = backend(&self.source, "hot");
        let clock = Arc::clone(&self.task.clock);
        let (trail, stop) = (&self.task.trail, &self.task.stop);
        unmark::take_back(&task, source, &clock, &Arc::default(), trail, stop).await
    }

    /// Cleans the target up as the product does, from opened buckets on: of what was written longer ago than `age`.
    pub(crate) async fn clean_up(&self, age: TimeDelta, is_dry: bool) -> Result<Cleaned> {
        let task = cleanup::Task {
            before: (self.task.clock)() - age,
            ids: std::collections::BTreeSet::new(),
            is_dry,
            retry: self.task.settings.retry.clone(),
        };
        let source = Some(backend(&self.source, "hot"));
        let target = backend(&self.target, "cold");
        let (clock, stop) = (&self.task.clock, &self.task.stop);
        let watched = (&Arc::default(), &self.task.trail);
        cleanup::clean_up(&task, source, target, clock, watched, stop).await
    }

    /// Brings deleted blocks back as the product does, from the opened source on.
    pub(crate) async fn bring_back(&self, bring_back: BringBack) -> Result<BroughtBack> {
        let task = undelete::Task {
            bring_back,
            is_dry: false,
            retry: self.task.settings.retry.clone(),
        };
        let source = backend(&self.source, "hot");
        let (trail, stop) = (&self.task.trail, &self.task.stop);
        undelete::undelete(&task, source, &Arc::default(), trail, stop).await
    }

    /// The process is killed after so many writes to the source and to the target.
    pub(crate) fn kill_after(&self, source: usize, target: usize) {
        self.source.kill_after(source);
        self.target.kill_after(target);
    }

    pub(crate) fn revive(&self) {
        self.source.revive();
        self.target.revive();
    }
}

impl Default for Migration {
    fn default() -> Self {
        Self {
            rules: Rules::older_than(Cutoff::parse("2025-06-01", now()).unwrap()),
            settings: Settings {
                memory_limit: NonZeroU64::new(256 << 20).unwrap(),
                bandwidth_limit: None,
                cache_dir: None,
                concurrency: NonZeroUsize::new(4).unwrap(),
                retry: Policy {
                    max_retries: 2,
                    initial_backoff: Duration::from_millis(10),
                    max_backoff: Duration::from_millis(20),
                    jitter: Jitter::Half,
                },
                max_failures: None,
                max_error_rate: None,
                max_duration: None,
                max_bytes: None,
                shutdown_grace: Duration::from_secs(30),
                copied_by: CopiedBy::Auto,
                no_compact_mark_source: false,
            },
            clock: Arc::new(now),
            trail: Trail::default(),
            stop: Stop::new(),
        }
    }
}

/// Three blocks, each of a unit of its own.
pub fn three() -> [Block; 3] {
    [
        Block::new('A').days(0, 1),
        Block::new('B').days(1, 2),
        Block::new('C').days(2, 3).cluster("us-1"),
    ]
}

/// 1 January 2026.
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).unwrap()
}

fn backend(store: &Arc<Scripted>, name: &str) -> Backend {
    Backend {
        store: Arc::clone(store) as Arc<dyn Store>,
        location: Location::named(&format!("s3://memory/{name}")),
        prefix: Prefix::default(),
        part_size_bytes: None,
        multipart: Multipart::Allowed,
        sizes: Sizes::USUAL,
        etags: EtagMeaning::VersionOnly,
        tells: store.tells(),
        listings: store.listings(),
        clock: Some(Arc::clone(&store.times) as Arc<dyn ServerClock>),
    }
}
