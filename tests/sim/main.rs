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
mod migrator;
mod nature;
mod observer;
mod rng;
mod store;
mod world;

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use thanos_bucket::plan::Existing;

use migrator::{Conditions, look_back, migrate};
use world::World;

/// Runs migrators one after the other and side by side, some of them killed, with hours between them; then one that nothing disturbs.
async fn live(world: &Arc<Mutex<World>>) {
    for _ in 0..3 {
        let (one, other, together, hours) = {
            let mut world = world.lock().unwrap();
            let one = Conditions::any(&mut world);
            let other = Conditions::any(&mut world);
            // Where listings are stale, or meta.json is replaced, one run may take away what the other has proven.
            let keeps = world.nature.existing == Existing::Keep && !world.nature.stale;
            let together = world.rng.once_in(3) && keeps;
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
    let calm = {
        let mut world = world.lock().unwrap();
        world.finish_steps();
        world.nature.stale = false;
        Conditions::calm(&world)
    };
    migrate(world, calm).await;
    {
        let mut world = world.lock().unwrap();
        world.finish_steps();
        world.judge_the_end();
    }
    look_back(world).await;
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
