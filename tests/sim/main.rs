//! A deterministic simulation of migrations: the product's own planning, copying, publishing, proving and marking, on simulated buckets and a
//! simulated clock, among compactors, a cleaner, an operator, other migrators, failing requests and kills. One seed decides everything.
//!
//! A seed stands for its world only as long as the simulation stays as it is, so what a seed finds gets a test of its own as well.
//!
//! `THANOS_BUCKET_SIM_SEEDS` says how many seeds are run, `THANOS_BUCKET_SIM_FIRST` which is the first.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot be set up should panic, and tells how far it is"
)]

mod actors;
mod blocks;
mod rng;
mod store;
mod world;

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::DateTime;
use thanos_bucket::block::{Provenance, RunId, Strength};
use thanos_bucket::bucket::{Backend, Bucket, EtagMeaning, Location, Multipart};
use thanos_bucket::engine::{Clock, Progress, Run, Settings, Stop};
use thanos_bucket::plan::{Rules, plan};
use thanos_bucket::retry::{Jitter, Policy};
use thanos_bucket::select::Cutoff;
use thanos_bucket::survey::survey;
use tokio::sync::Notify;

use store::{Process, Store};
use world::{Side, World};

const TARGET_NAME: &str = "s3://cold";

/// What one process is like.
#[derive(Debug, Clone)]
struct Conditions {
    /// Requests until it is killed.
    dies_after: u64,
    /// One request in so many fails; none where it is 0.
    one_fails_in: u64,
    /// A block whose data it is not allowed to read.
    forbidden: Option<String>,
    etags: EtagMeaning,
    verify: Strength,
    concurrency: usize,
}

/// One migrator from beginning to end, or until it is killed. What it reports is its own affair: the observer looks at the buckets.
async fn migrate(world: &Arc<Mutex<World>>, conditions: Conditions) {
    let process = Arc::new(Process {
        left: AtomicU64::new(conditions.dies_after),
        alive: AtomicBool::new(true),
        killed: Notify::new(),
        one_fails_in: conditions.one_fails_in,
        forbidden: conditions.forbidden,
    });
    let bucket = |side, name| {
        let store = Store {
            world: Arc::clone(world),
            side,
            process: Arc::clone(&process),
        };
        let backend = Backend {
            store: Arc::new(store),
            location: Location::s3("simulated", name, ""),
            prefix: String::new(),
            put_attributes: object_store::Attributes::new(),
            part_size_bytes: None,
            multipart: Multipart::Allowed,
            etags: conditions.etags,
        };
        Bucket::new(backend, policy())
    };
    let (source, target) = (bucket(Side::Source, "hot"), bucket(Side::Target, "cold"));
    let clock: Clock = {
        let world = Arc::clone(world);
        Arc::new(move || DateTime::from_timestamp_millis(world.lock().unwrap().now_ms()).unwrap())
    };
    let run = async {
        let rules = rules();
        let Ok(found) = survey(source.reader(), target.reader(), &rules, clock()).await else {
            return;
        };
        let Ok(plan) = plan(&found.source, &found.target, &rules, TARGET_NAME) else {
            return;
        };
        let run = Run {
            source: source.clone(),
            target: target.clone(),
            settings: Settings {
                concurrency: NonZeroUsize::new(conditions.concurrency).unwrap(),
                retry: policy(),
                max_failures: None,
                max_duration: None,
                max_bytes: None,
                shutdown_grace: Duration::from_secs(30),
                verify: conditions.verify,
                no_compact_mark_source: false,
            },
            publish_order: rules.publish_order,
            provenance: Provenance::of_this_run(TARGET_NAME, RunId::generate()),
            clock: Arc::clone(&clock),
            progress: Arc::new(Progress::default()),
            stop: Stop::new(),
            begun: tokio::time::Instant::now(),
        };
        run.carry_out(&plan, &found.source).await;
    };
    tokio::select! {
        biased;
        () = process.killed.notified() => {}
        () = run => {}
    }
    process.alive.store(false, Ordering::Relaxed);
}

fn policy() -> Policy {
    Policy {
        max_retries: 4,
        initial_backoff: Duration::from_millis(50),
        max_backoff: Duration::from_secs(1),
        jitter: Jitter::None,
    }
}

fn rules() -> Rules {
    let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
    Rules::older_than(Cutoff::parse("2025-06-01", now).unwrap())
}

/// Runs migrators one after the other and side by side, some of them killed, with hours between them; then one that nothing disturbs.
async fn live(world: &Arc<Mutex<World>>) {
    for _ in 0..3 {
        let (one, other, together, hours) = {
            let mut world = world.lock().unwrap();
            let one = conditions(&mut world);
            let other = conditions(&mut world);
            let together = world.rng.once_in(3);
            let hours = if world.rng.once_in(3) {
                0
            } else {
                world.rng.below(70)
            };
            (one, other, together, hours)
        };
        if together {
            futures::join!(migrate(world, one), migrate(world, other));
        } else {
            migrate(world, one).await;
        }
        let mut world = world.lock().unwrap();
        if hours > 0 {
            // Nobody pauses for hours in the middle of an upload.
            world.finish_steps();
            world.skip_hours(i64::try_from(hours).unwrap());
        }
    }
    world.lock().unwrap().finish_steps();
    let calm = Conditions {
        dies_after: u64::MAX,
        one_fails_in: 0,
        forbidden: None,
        etags: EtagMeaning::Content,
        verify: Strength::Checksum,
        concurrency: 4,
    };
    migrate(world, calm).await;
    let mut world = world.lock().unwrap();
    world.finish_steps();
    world.judge_the_end();
}

fn conditions(world: &mut World) -> Conditions {
    let ids: Vec<String> = world.known.keys().cloned().collect();
    let rng = &mut world.rng;
    let forbidden = rng.once_in(3).then(|| rng.pick(&ids).cloned()).flatten();
    let killed = rng.once_in(2);
    Conditions {
        dies_after: if killed { 1 + rng.below(150) } else { u64::MAX },
        forbidden,
        one_fails_in: [0, 50, 8][usize::try_from(rng.below(3)).unwrap()],
        etags: if rng.once_in(2) {
            EtagMeaning::Content
        } else {
            EtagMeaning::VersionOnly
        },
        verify: match rng.below(6) {
            0 => Strength::Size,
            1 => Strength::Content,
            _ => Strength::Checksum,
        },
        concurrency: 1 + usize::try_from(rng.below(5)).unwrap(),
    }
}

/// What went wrong with this seed, and everything that happened.
fn simulate(seed: u64) -> (Option<String>, Vec<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let world = Arc::new(Mutex::new(World::new(seed)));
        live(&world).await;
        let mut world = world.lock().unwrap();
        (world.violation.take(), std::mem::take(&mut world.story))
    })
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}

/// S-6.9: no seed loses or tears anything.
#[test]
fn whatever_happens_nothing_is_lost_or_torn() {
    let first = number("THANOS_BUCKET_SIM_FIRST", 0);
    let seeds = number("THANOS_BUCKET_SIM_SEEDS", 20_000);
    let next = AtomicU64::new(first);
    let failed: Mutex<Option<u64>> = Mutex::new(None);
    let threads = std::thread::available_parallelism().map_or(2, NonZeroUsize::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + seeds || failed.lock().unwrap().is_some() {
                        return;
                    }
                    if simulate(seed).0.is_some() {
                        let mut failed = failed.lock().unwrap();
                        *failed = Some(failed.map_or(seed, |other| other.min(seed)));
                    }
                }
            });
        }
    });
    if let Some(seed) = failed.into_inner().unwrap() {
        let (violation, story) = simulate(seed);
        for line in &story {
            eprintln!("{line}");
        }
        panic!(
            "seed {seed}, after {} others: {}; THANOS_BUCKET_SIM_FIRST={seed} THANOS_BUCKET_SIM_SEEDS=1 replays it",
            seed - first,
            violation.unwrap_or_default()
        );
    }
}

#[test]
fn a_seed_replays_exactly() {
    for seed in 0..50 {
        let (one, other) = (simulate(seed), simulate(seed));
        let differs = one
            .1
            .iter()
            .zip(&other.1)
            .position(|(one, other)| one != other);
        if let Some(at) = differs {
            let from = at.saturating_sub(5);
            panic!(
                "seed {seed}: {:#?}, then {}",
                &one.1[from..=at],
                other.1[at]
            );
        }
        assert!(one == other, "seed {seed}: one story is longer");
    }
}
