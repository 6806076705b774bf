//! Faults at random, over real HTTP: whatever comes of a run, nothing is torn, and a run without faults finishes.
//!
//! `THANOS_BUCKET_FAULT_SEEDS` says how many runs there are, `THANOS_BUCKET_FAULT_FIRST` with which seed the first begins. Threads race, so a seed
//! decides which faults come and not which requests they meet.
#![expect(clippy::print_stderr, reason = "tells how much was tried")]

#[path = "../../../sim/rng.rs"]
mod rng;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::support::block::Block;
use crate::support::minio::Minio;
use crate::support::on_minio::{World, run};
use crate::support::proxy::{Fault, Line};
use crate::support::run::{COPIED_HERE, QUICK_RETRIES};
use rng::Rng;

/// One block has an object that is put in parts.
const LARGE: usize = 12 << 20;
const PARTS: &str = "  part_size: 5242880\n";

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}

fn any(rng: &mut Rng) -> Fault {
    let bytes = 1 + rng.below(2000);
    let faults = [
        Fault::Answer(500, ""),
        Fault::Answer(503, "<Error><Code>SlowDown</Code></Error>"),
        Fault::Answer(429, ""),
        Fault::Reset,
        Fault::ResetRequest(bytes),
        Fault::LoseAnswer,
        Fault::CutAnswer(bytes),
        Fault::ResetAnswer(bytes),
    ];
    *rng.pick(&faults).unwrap()
}

/// S-6.1, S-6.6: one request in three to fourteen fails, in one of eight ways; the server copies by itself, and every other time objects come here.
#[test]
fn any_faults_leave_nothing_torn() {
    let minio = Minio::start();
    let blocks = [
        Block::new(1),
        Block::new(2).chunk_bytes(&[1000, LARGE]),
        Block::new(3).without_file_list(),
    ];
    let world = World::new(&minio, &blocks);
    let first = number("THANOS_BUCKET_FAULT_FIRST", 0);
    let seeds = number("THANOS_BUCKET_FAULT_SEEDS", 20);
    let injected = Arc::new(AtomicUsize::new(0));
    for seed in first..first + seeds {
        eprintln!("seed {seed}");
        let mut rng = Rng::new(seed);
        let rate = 3 + rng.below(12);
        let (rng, count) = (Mutex::new(rng), Arc::clone(&injected));
        let proxy = Line::to(minio.port())
            .fault(move |_| {
                let mut rng = rng.lock().unwrap();
                if !rng.once_in(rate) {
                    return Fault::None;
                }
                count.fetch_add(1, Ordering::SeqCst);
                any(&mut rng)
            })
            .open();
        let arguments: &[&str] = if seed % 2 == 0 {
            &QUICK_RETRIES
        } else {
            &COPIED_HERE
        };
        run(&world.configs_with(&proxy, PARTS), arguments).expect_an_end();
        world.assert_heals();
    }
    let injected = injected.load(Ordering::SeqCst);
    eprintln!("{injected} faults in {seeds} runs");
}
