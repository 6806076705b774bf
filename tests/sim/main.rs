//! A deterministic simulation of migrations: the product's own planning, copying, publishing, proving and marking, on simulated buckets and a
//! simulated clock, among compactors, a cleaner, an operator, other migrators, failing requests and kills. One seed decides everything.
//!
//! A seed stands for its world only as long as the simulation stays as it is, so what a seed finds gets a test of its own as well.
//!
//! `THANOS_BUCKET_SIM_SEEDS` says how many seeds are run, `THANOS_BUCKET_SIM_FIRST` which is the first. With `THANOS_BUCKET_SIM_COUNT=1` the
//! first violation does not end it, and all of them are counted.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot be set up should panic, and tells how far it is"
)]

mod actors;
mod blocks;
mod life;
mod log;
mod migrator;
mod nature;
mod observer;
mod rng;
mod store;
mod world;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use life::simulate;
use world::Story;

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}

/// S-6.9: no seed loses or tears anything.
#[test]
fn whatever_happens_nothing_is_lost_or_torn() {
    let first = number("THANOS_BUCKET_SIM_FIRST", 0);
    let seeds = number("THANOS_BUCKET_SIM_SEEDS", 20_000);
    let counts_all = number("THANOS_BUCKET_SIM_COUNT", 0) > 0;
    let next = AtomicU64::new(first);
    let found: Mutex<BTreeMap<u64, String>> = Mutex::new(BTreeMap::new());
    let threads = std::thread::available_parallelism().map_or(2, NonZeroUsize::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let ends = !counts_all && !found.lock().unwrap().is_empty();
                    if seed >= first + seeds || ends {
                        return;
                    }
                    let simulated = catch_unwind(|| simulate(seed, Story::Untold).0);
                    let violation = simulated.unwrap_or_else(|_| Some("it panics".to_owned()));
                    if let Some(violation) = violation {
                        found.lock().unwrap().insert(seed, violation);
                    }
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    for (kind, seeds) in kinds(&found) {
        eprintln!("{} seeds, {} the first: {kind}", seeds.len(), seeds[0]);
    }
    if let Some(seed) = found.keys().next() {
        let (violation, story) = simulate(*seed, Story::Told);
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

/// What was violated, without the names of blocks and the numbers of runs.
fn kinds(found: &BTreeMap<u64, String>) -> BTreeMap<String, Vec<u64>> {
    let mut kinds: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (seed, violation) in found {
        let words = violation.split(' ').map(|word| {
            let named = word.contains("01J9ZK3M7Q8T5V6W7X") || word.parse::<u64>().is_ok();
            if named { "…" } else { word }
        });
        let kind = words.collect::<Vec<_>>().join(" ");
        kinds.entry(kind).or_default().push(*seed);
    }
    kinds
}

#[test]
fn a_seed_replays_exactly() {
    for seed in 0..200 {
        let (one, other) = (simulate(seed, Story::Told), simulate(seed, Story::Told));
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
