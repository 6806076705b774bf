//! One run of the product: its own survey, plan and engine, under conditions that the seed decides.

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::DateTime;
use thanos_bucket::block::{Provenance, RunId, Strength};
use thanos_bucket::bucket::{Backend, Bucket, BucketReader, Listings, Location, Multipart, Prefix};
use thanos_bucket::engine::{Clock, Progress, Run, Settings, Signal, Stop};
use thanos_bucket::plan::{Rules, Shard, plan};
use thanos_bucket::retry::{Jitter, Policy};
use thanos_bucket::select::Cutoff;
use thanos_bucket::survey::survey;
use tokio::sync::Notify;

use crate::store::{Process, Store};
use crate::world::{Side, World};

const TARGET_NAME: &str = "s3://simulated/cold";

/// What one run is like.
#[derive(Debug, Clone)]
pub(crate) struct Conditions {
    /// Requests until it is killed.
    dies_after: u64,
    /// It is killed by then, wherever it is.
    dies_at: Duration,
    /// Somebody asks it to stop.
    stops_at: Option<Duration>,
    /// One request in so many fails; none where it is 0.
    one_fails_in: u64,
    /// A block whose data it is not allowed to read.
    forbidden: Option<String>,
    shard: Option<Shard>,
    verify: Strength,
    settings: Settings,
}

/// Longer than any run.
const NEVER: Duration = Duration::from_secs(100_000);

impl Conditions {
    /// Nothing disturbs it.
    pub(crate) fn calm(world: &World) -> Self {
        Self {
            dies_after: u64::MAX,
            dies_at: NEVER,
            stops_at: None,
            one_fails_in: 0,
            forbidden: None,
            shard: None,
            verify: Strength::Checksum.max(world.nature.thoroughness()),
            settings: Settings {
                concurrency: NonZeroUsize::new(4).unwrap(),
                retry: policy(),
                max_failures: None,
                max_duration: None,
                max_bytes: None,
                shutdown_grace: Duration::from_secs(30),
                no_compact_mark_source: false,
            },
        }
    }

    pub(crate) fn any(world: &mut World) -> Self {
        let mut conditions = Self::calm(world);
        let ids: Vec<String> = world.known.keys().cloned().collect();
        let thoroughness = world.nature.thoroughness();
        let rng = &mut world.rng;
        conditions.forbidden = rng.once_in(3).then(|| rng.pick(&ids).cloned()).flatten();
        conditions.one_fails_in = [0, 50, 8][rng.index(3)];
        let soon = |rng: &mut crate::rng::Rng| Duration::from_millis(rng.below(1500));
        match rng.below(8) {
            0..3 => conditions.dies_after = 1 + rng.below(150),
            3 => conditions.dies_at = soon(rng),
            4 => conditions.stops_at = Some(soon(rng)),
            _ => {}
        }
        if rng.once_in(8) {
            conditions.shard = Some(format!("{}/2", rng.below(2)).parse().unwrap());
        }
        let settings = &mut conditions.settings;
        settings.concurrency = NonZeroUsize::new(1 + rng.index(5)).unwrap();
        conditions.verify = match rng.below(6) {
            0 => Strength::Size,
            1 => Strength::Content,
            _ => Strength::Checksum,
        }
        .max(thoroughness);
        settings.shutdown_grace = Duration::from_millis([0, 30, 30_000][rng.index(3)]);
        settings.no_compact_mark_source = rng.once_in(4);
        match rng.below(12) {
            0 => settings.max_failures = NonZeroUsize::new(1),
            1 => settings.max_duration = Some(soon(rng)),
            2 => settings.max_bytes = NonZeroU64::new(1 + rng.below(2000)),
            _ => {}
        }
        conditions
    }
}

/// One run from beginning to end, or until it is killed. What it reports is its own affair: the observer looks at the buckets.
pub(crate) async fn migrate(world: &Arc<Mutex<World>>, conditions: Conditions) {
    let process = process(&conditions);
    let bucket = |side, name| Bucket::new(backend(world, &process, side, name), policy());
    let (source, target) = (bucket(Side::Source, "hot"), bucket(Side::Target, "cold"));
    let clock = clock(world);
    let mut rules = rules(world);
    rules.shard = conditions.shard;
    rules.verify = conditions.verify;
    let stop = Stop::new();
    let run = async {
        let Ok(found) = survey(source.reader(), target.reader(), &rules, clock()).await else {
            return;
        };
        let Ok(plan) = plan(&found.source, &found.target, &rules, TARGET_NAME) else {
            return;
        };
        let run = Run {
            source: source.clone(),
            target: target.clone(),
            settings: conditions.settings.clone(),
            publish_order: rules.publish_order,
            verify: rules.verify,
            provenance: Provenance::of_this_run(TARGET_NAME, RunId::generate()),
            clock: Arc::clone(&clock),
            progress: Arc::new(Progress::default()),
            stop: stop.clone(),
            begun: tokio::time::Instant::now(),
        };
        run.carry_out(&plan, &found).await;
    };
    let signal = async {
        match conditions.stops_at {
            Some(after) => tokio::time::sleep(after).await,
            None => std::future::pending().await,
        }
        stop.ask(Signal::Terminate);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        () = process.killed.notified() => {}
        () = tokio::time::sleep(conditions.dies_at) => {}
        () = run => process.ended.store(true, Ordering::Relaxed),
        () = signal => {}
    }
    // Whoever is killed has no requests in hand.
    if !process.ended.load(Ordering::Relaxed) {
        process.alive.store(false, Ordering::Relaxed);
    }
}

/// What a dry run says once everything is over: it asks no more than it has to, and finds whatever is marked and not held.
pub(crate) async fn look_back(world: &Arc<Mutex<World>>) {
    let process = {
        let mut world = world.lock().unwrap();
        world.nature.busy = false;
        process(&Conditions::calm(&world))
    };
    let reader = |side, name| BucketReader::new(backend(world, &process, side, name), policy());
    let (source, target) = (reader(Side::Source, "hot"), reader(Side::Target, "cold"));
    let rules = rules(world);
    let now = clock(world)();
    let found = survey(&source, &target, &rules, now).await.unwrap();
    let plan = plan(&found.source, &found.target, &rules, TARGET_NAME).unwrap();
    let mut world = world.lock().unwrap();
    let said: Vec<String> = plan
        .not_held
        .iter()
        .map(|one| one.block.to_string())
        .collect();
    if let Some(unsaid) = world
        .marked_and_not_held()
        .into_iter()
        .find(|id| !said.contains(id))
    {
        world.violated(format!(
            "{unsaid} is marked and not held, and no run says so"
        ));
    }
    let asked = process.requests.load(Ordering::Relaxed);
    let most = world.fewest_requests();
    if asked > most {
        world.violated(format!("a plan takes {asked} requests instead of {most}"));
    }
}

fn process(conditions: &Conditions) -> Arc<Process> {
    Arc::new(Process {
        left: AtomicU64::new(conditions.dies_after),
        requests: AtomicU64::new(0),
        alive: AtomicBool::new(true),
        ended: AtomicBool::new(false),
        killed: Notify::new(),
        one_fails_in: conditions.one_fails_in,
        forbidden: conditions.forbidden.clone(),
    })
}

fn backend(world: &Arc<Mutex<World>>, process: &Arc<Process>, side: Side, name: &str) -> Backend {
    let nature = world.lock().unwrap().nature;
    let store = Store {
        world: Arc::clone(world),
        side,
        process: Arc::clone(process),
    };
    Backend {
        store: Arc::new(store),
        location: Location::s3("simulated", name, ""),
        prefix: Prefix::default(),
        part_size_bytes: None,
        multipart: Multipart::Allowed,
        etags: nature.etags,
        listings: if nature.stale && side == Side::Target {
            Listings::Lagging
        } else {
            Listings::Strong
        },
        clock: None,
    }
}

fn clock(world: &Arc<Mutex<World>>) -> Clock {
    let world = Arc::clone(world);
    Arc::new(move || DateTime::from_timestamp_millis(world.lock().unwrap().now_ms()).unwrap())
}

fn policy() -> Policy {
    Policy {
        max_retries: 4,
        initial_backoff: Duration::from_millis(50),
        max_backoff: Duration::from_secs(1),
        jitter: Jitter::None,
    }
}

fn rules(world: &Arc<Mutex<World>>) -> Rules {
    let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
    let world = world.lock().unwrap();
    Rules {
        existing: world.nature.existing,
        publish_order: world.nature.order,
        ..Rules::older_than(Cutoff::parse("2025-06-01", now).unwrap())
    }
}
