//! Very many blocks that are verified: how much memory each takes.

use std::io::{self, Write};
use std::num::{NonZeroU64, NonZeroUsize};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use thanos_bucket::block::Strength;
use thanos_bucket::engine::Stop;
use thanos_bucket::exit::Exit;
use thanos_bucket::outcome::Verification;
use thanos_bucket::retry::{Jitter, Policy};
use thanos_bucket::select::Filter;
use thanos_bucket::verify::{Buckets, Run, Task, verify};

use super::bucket::{Bucket, Listings};
use super::{BYTES_A_BLOCK, Cost, backend};

/// So many in each of two buckets, where nothing else is said.
const BLOCKS: u64 = 50_000;

/// Set for the process in which blocks are verified and nothing else.
const ALONE: &str = "THANOS_BUCKET_SCALE_VERIFY_ALONE";

/// Two buckets with the same blocks, so many in each, none of which is marked.
async fn verified(blocks: u64) -> Verification {
    let bucket = Bucket {
        blocks,
        listings: Listings::Anywhere,
    };
    let task = Task {
        filter: Filter::default(),
        of_run: None,
        content: Strength::Checksum,
        deep: false,
        concurrency: NonZeroUsize::new(10).unwrap(),
        retry: Policy {
            max_retries: 0,
            initial_backoff: Duration::ZERO,
            max_backoff: Duration::ZERO,
            jitter: Jitter::None,
        },
        memory_limit: NonZeroU64::new(256 << 20).unwrap(),
        bandwidth_limit: None,
        cache_dir: None,
    };
    let run = Run {
        progress: Arc::default(),
        trail: thanos_bucket::audit::Trail::default(),
        stop: Stop::default(),
    };
    let buckets = Buckets {
        source: backend("hot", bucket),
        target: Some(backend("cold", bucket)),
    };
    verify(&task, &run, buckets).await.expect("a verification")
}

/// S-13.1: in a process of its own, for the most memory that a process has had tells nothing of who had it.
#[tokio::test]
async fn a_block_that_is_verified_takes_little_memory() {
    let name = "verify::a_block_that_is_verified_takes_little_memory";
    if std::env::var_os(ALONE).is_none() {
        let mut alone = Command::new(std::env::current_exe().unwrap());
        let alone = alone.args([name, "--exact", "--nocapture"]).env(ALONE, "1");
        assert!(alone.status().unwrap().success());
        return;
    }
    let most = std::env::var("THANOS_BUCKET_SCALE_BLOCKS");
    let most = most.map_or(BLOCKS, |blocks| blocks.parse().unwrap());
    let (mut before, mut done, mut bytes) = (Cost::now(), 0, 0);
    for blocks in [most / 10, most] {
        let found = verified(blocks).await;
        assert_eq!(found.blocks.len() as u64, blocks);
        assert_eq!(found.needing_a_person(), blocks);
        assert_eq!(found.exit(), Exit::Attention);
        let after = Cost::now();
        let more = after.peak_bytes.saturating_sub(before.peak_bytes);
        // Each lies in both.
        bytes = more / (2 * (blocks - done));
        let peak = after.peak_bytes >> 20;
        let told = format!("twice {blocks} blocks: {bytes} bytes a block, {peak} MiB at most");
        writeln!(io::stderr(), "{told}").unwrap();
        (before, done) = (after, blocks);
    }
    assert!(bytes <= BYTES_A_BLOCK, "{bytes} bytes a block");
}
