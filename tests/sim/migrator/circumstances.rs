//! What one run is like: how it was asked, what goes wrong with it, and how it ends.

use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use thanos_bucket::block::Strength;
use thanos_bucket::bucket::CopiedBy;
use thanos_bucket::migrate::Settings;
use thanos_bucket::plan::{Existing, Purpose, Shard};
use thanos_bucket::retry::{Jitter, Policy};

use super::{Errand, Sweep, Wish};
use crate::rng::Rng;
use crate::world::World;

/// What one run is like.
#[derive(Debug, Clone)]
pub(crate) struct Circumstances {
    /// Nothing disturbs it.
    pub(crate) is_calm: bool,
    pub(crate) errand: Errand,
    /// It only plans, or tells what it would do.
    pub(crate) is_dry: bool,
    /// Whether it moves blocks, or copies them and marks nothing.
    pub(crate) purpose: Purpose,
    /// Requests until it is killed.
    pub(crate) dies_after: u64,
    /// It is killed by then, wherever it is.
    pub(crate) dies_at: Duration,
    /// Somebody asks it to stop.
    pub(crate) stops_at: Option<Duration>,
    /// One request in so many fails; none where it is 0.
    pub(crate) one_fails_in: u64,
    /// A block whose data it is not allowed to read,
    pub(crate) forbidden: Option<String>,
    /// from that request on.
    pub(crate) forbidden_from: u64,
    /// By so much its machine's clock is ahead.
    pub(crate) clock_ahead_ms: i64,
    pub(crate) shard: Option<Shard>,
    pub(crate) verify: Strength,
    pub(crate) includes_marked: bool,
    pub(crate) settings: Settings,
}

/// Longer than any run.
const NEVER: Duration = Duration::from_secs(100_000);

impl Circumstances {
    /// Nothing disturbs it.
    pub(crate) fn calm(world: &World) -> Self {
        Self {
            is_calm: true,
            errand: Errand::Migrate,
            is_dry: false,
            purpose: Purpose::Move,
            dies_after: u64::MAX,
            dies_at: NEVER,
            stops_at: None,
            one_fails_in: 0,
            forbidden: None,
            forbidden_from: 0,
            clock_ahead_ms: 0,
            shard: None,
            verify: Strength::Checksum.max(world.nature.thoroughness()),
            includes_marked: false,
            settings: Settings {
                memory_limit: NonZeroU64::new(256 << 20).unwrap(),
                bandwidth_limit: None,
                cache_dir: None,
                concurrency: NonZeroUsize::new(4).unwrap(),
                retry: policy(),
                max_failures: None,
                max_error_rate: None,
                max_duration: None,
                max_bytes: None,
                shutdown_grace: Duration::from_secs(30),
                copied_by: CopiedBy::Auto,
                no_compact_mark_source: false,
            },
        }
    }

    /// A calm run that only plans.
    pub(crate) fn dry(world: &World) -> Self {
        Self {
            is_dry: true,
            ..Self::calm(world)
        }
    }

    pub(crate) fn any(world: &mut World) -> Self {
        let mut circumstances = Self::calm(world);
        circumstances.is_calm = false;
        let ids: Vec<String> = world.first.iter().cloned().collect();
        let thoroughness = world.nature.thoroughness();
        let keeps = world.nature.existing == Existing::Keep;
        let is_served = world.nature.is_served();
        let longest = longest_ms(world);
        let rng = &mut world.rng;
        if rng.once_in(3) {
            circumstances.forbidden = rng.pick(&ids).cloned();
            circumstances.forbidden_from = if rng.once_in(2) { 0 } else { rng.below(150) };
        }
        circumstances.go_wrong(rng, longest, 150);
        let soon = |rng: &mut Rng| Duration::from_millis(rng.below(longest));
        if rng.once_in(8) {
            circumstances.shard = Some(format!("{}/2", rng.below(2)).parse().unwrap());
        }
        circumstances.includes_marked = keeps && rng.once_in(16);
        circumstances.verify = match rng.below(6) {
            0 => Strength::Size,
            1 => Strength::Content,
            _ => Strength::Checksum,
        }
        .max(thoroughness);
        let settings = &mut circumstances.settings;
        settings.concurrency = NonZeroUsize::new(1 + rng.index(5)).unwrap();
        settings.shutdown_grace = Duration::from_millis([0, 30, 30_000][rng.index(3)]);
        settings.no_compact_mark_source = rng.once_in(4);
        settings.copied_by = match rng.below(8) {
            0 => CopiedBy::Client,
            1 if is_served => CopiedBy::Server,
            _ => CopiedBy::Auto,
        };
        if rng.once_in(8) {
            circumstances.purpose = Purpose::Copy;
        }
        match rng.below(12) {
            0 => settings.max_failures = NonZeroUsize::new(1),
            1 => settings.max_duration = Some(soon(rng)),
            3 => settings.max_error_rate = "10%".parse().ok(),
            2 => settings.max_bytes = NonZeroU64::new(1 + rng.below(2000)),
            _ => {}
        }
        circumstances
    }

    /// Somebody takes marks back.
    pub(crate) fn unmarking(world: &mut World) -> Self {
        let mut circumstances = Self::calm(world);
        circumstances.is_calm = false;
        circumstances.errand = Errand::Unmark(Wish::any(world));
        circumstances.is_dry = world.rng.once_in(8);
        circumstances.go_wrong(&mut world.rng, 500, 40);
        circumstances
    }

    /// Somebody removes what runs left behind, perhaps beside migrations.
    pub(crate) fn cleaning(world: &mut World, is_beside: bool) -> Self {
        let mut circumstances = Self::calm(world);
        circumstances.is_calm = false;
        circumstances.errand = Errand::CleanUp(Sweep::any(world, is_beside));
        circumstances.is_dry = world.rng.once_in(8);
        circumstances.go_wrong(&mut world.rng, 500, 40);
        circumstances
    }

    /// Somebody compares the buckets, at least as thoroughly as finds what is wrong in this world.
    pub(crate) fn verifying(world: &mut World) -> Self {
        let mut circumstances = Self::calm(world);
        circumstances.is_calm = false;
        circumstances.errand = Errand::Verify(circumstances.verify);
        let longest = longest_ms(world);
        circumstances.go_wrong(&mut world.rng, longest, 100);
        circumstances
    }

    /// Requests fail, it is killed or told to stop, or its machine's clock is wrong.
    fn go_wrong(&mut self, rng: &mut Rng, longest_ms: u64, most_requests: u64) {
        self.one_fails_in = [0, 50, 8][rng.index(3)];
        let soon = |rng: &mut Rng| Duration::from_millis(rng.below(longest_ms));
        match rng.below(8) {
            0..3 => self.dies_after = 1 + rng.below(most_requests),
            3 => self.dies_at = soon(rng),
            4 => self.stops_at = Some(soon(rng)),
            _ => {}
        }
        if rng.once_in(32) {
            let minutes = [-49 * 60, -60, -1, 1, 60, 49 * 60][rng.index(6)];
            self.clock_ahead_ms = minutes * 60_000;
        }
    }

    /// Whether it moves or copies blocks.
    pub(crate) fn migrates(&self) -> bool {
        matches!(self.errand, Errand::Migrate)
    }

    /// Whether nothing is marked.
    pub(crate) fn only_copies(&self) -> bool {
        self.purpose == Purpose::Copy
    }

    /// Whether nobody may mark anything by its clock.
    pub(crate) fn has_a_wrong_clock(&self) -> bool {
        self.clock_ahead_ms.abs() > CLOCKS_MAY_DIFFER_MS
    }

    /// Whether it may end before it has done everything.
    pub(crate) fn may_end_early(&self) -> bool {
        let settings = &self.settings;
        self.stops_at.is_some()
            || settings.max_failures.is_some()
            || settings.max_error_rate.is_some()
            || settings.max_duration.is_some()
            || settings.max_bytes.is_some()
    }
}

/// What the specification allows.
pub(crate) const CLOCKS_MAY_DIFFER_MS: i64 = 5 * 60_000;

/// About as long as a run takes in this world.
pub(crate) fn longest_ms(world: &World) -> u64 {
    if world.slow.is_some() { 90_000 } else { 1500 }
}

fn policy() -> Policy {
    Policy {
        max_retries: 4,
        initial_backoff: Duration::from_millis(50),
        max_backoff: Duration::from_secs(1),
        jitter: Jitter::None,
    }
}
