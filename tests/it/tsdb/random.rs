//! Numbers that differ from run to run, and come again for a seed.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

pub struct Random {
    seed: u64,
    state: u64,
}

impl Random {
    /// Begins with `THANOS_BUCKET_SEED`, or with the time.
    pub fn new() -> Self {
        let seed = env::var("THANOS_BUCKET_SEED").map_or_else(
            |_| {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
                u64::from(since.subsec_nanos())
            },
            |seed| seed.parse().unwrap(),
        );
        Self { seed, state: seed }
    }

    /// What to set `THANOS_BUCKET_SEED` to, to have the same again.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A number below another (splitmix64).
    pub fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % bound
    }
}
