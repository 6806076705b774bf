//! Plans of very many blocks: how much memory and time each block takes. `THANOS_BUCKET_SCALE_BLOCKS` says how many the largest plan has.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up should panic"
)]

mod bucket;
mod verify;

use std::fs;
use std::io::{self, Write};
use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use mimalloc::MiMalloc;
use thanos_bucket::block::RunId;
use thanos_bucket::bucket::{Backend, CopiedBy, EtagMeaning, Location, Multipart, Prefix, Sizes};
use thanos_bucket::engine::Stop;
use thanos_bucket::migrate::{Buckets, Mode, ReplicaTarget, Run, Settings, Task, migrate};
use thanos_bucket::plan::{Plan, Rules};
use thanos_bucket::retry::{Jitter, Policy};
use thanos_bucket::select::Cutoff;
use tokio::time::Instant;

use bucket::{Bucket, Listings};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What a block may take.
const BYTES_A_BLOCK: u64 = 1024;

/// How many blocks the largest plan has, where nothing else is said.
const BLOCKS: u64 = 200_000;

fn backend(name: &str, bucket: Bucket) -> Backend {
    Backend {
        store: Arc::new(bucket),
        location: Location::named(&format!("s3://made/{name}")),
        prefix: Prefix::default(),
        part_size_bytes: None,
        multipart: Multipart::Allowed,
        sizes: Sizes::USUAL,
        etags: EtagMeaning::Content,
        tells: None,
        listings: thanos_bucket::bucket::Listings::Strong,
        clock: None,
    }
}

/// A plan of so many blocks, for a target without any.
async fn plan(blocks: u64, listings: Listings) -> Plan {
    let source = Bucket { blocks, listings };
    let target = Bucket {
        blocks: 0,
        listings,
    };
    let now: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
    let task = Task {
        rules: Rules::older_than(Cutoff::parse("2025-06-01", now).unwrap()),
        mode: Mode::DryRun,
        settings: Settings {
            memory_limit: NonZeroU64::new(256 << 20).unwrap(),
            bandwidth_limit: None,
            cache_dir: None,
            concurrency: NonZeroUsize::MIN,
            retry: Policy {
                max_retries: 0,
                initial_backoff: Duration::ZERO,
                max_backoff: Duration::ZERO,
                jitter: Jitter::None,
            },
            max_failures: None,
            max_duration: None,
            max_bytes: None,
            shutdown_grace: Duration::from_secs(30),
            copied_by: CopiedBy::Auto,
            no_compact_mark_source: false,
        },
        replica_target: ReplicaTarget::Refuse,
    };
    let run = Run {
        id: RunId::generate(),
        started: now,
        begun: Instant::now(),
        clock: Arc::new(move || now),
        progress: Arc::default(),
        stop: Stop::default(),
    };
    let buckets = Buckets {
        source: backend("hot", source),
        target: backend("cold", target),
    };
    let migrated = migrate(&task, run, buckets).await;
    migrated.expect("a plan").plan
}

/// What one plan costs: the most memory that the process has had, and its processor time.
struct Cost {
    peak_bytes: u64,
    cpu: Duration,
}

impl Cost {
    fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib: u64 = peak.unwrap().trim_end_matches("kB").trim().parse().unwrap();
        // After the name in parentheses: user and system time are the 12th and 13th.
        let stat = fs::read_to_string("/proc/self/stat").unwrap();
        let (_, after_name) = stat.rsplit_once(") ").unwrap();
        let ticks = after_name.split(' ').skip(11).take(2);
        let ticks: u64 = ticks.map(|ticks| ticks.parse::<u64>().unwrap()).sum();
        Self {
            peak_bytes: kib << 10,
            cpu: Duration::from_millis(ticks * 10),
        }
    }
}

/// S-7.9: what others do meanwhile counts for little.
#[tokio::test]
async fn a_block_takes_little_memory_and_time_however_many_there_are() {
    let largest = std::env::var("THANOS_BUCKET_SCALE_BLOCKS");
    let largest = largest.map_or(BLOCKS, |blocks| blocks.parse().unwrap());
    let mut costs = Vec::new();
    let (mut before, mut planned) = (Cost::now(), 0);
    for blocks in [largest / 10, largest] {
        let plan = plan(blocks, Listings::Anywhere).await;
        assert_eq!(plan.selected.len() as u64, blocks);
        let after = Cost::now();
        // What the smaller plan took is there for the larger one.
        let bytes = after.peak_bytes.saturating_sub(before.peak_bytes) / (blocks - planned);
        let cpu = after.cpu.saturating_sub(before.cpu) / u32::try_from(blocks).unwrap();
        writeln!(
            io::stderr(),
            "{blocks} blocks: {bytes} bytes and {cpu:?} a block, {} MiB at most",
            after.peak_bytes >> 20
        )
        .unwrap();
        costs.push((bytes, cpu));
        (before, planned) = (after, blocks);
    }
    let [(_, few), (bytes, many)] = costs[..] else {
        panic!("two plans");
    };
    assert!(bytes <= BYTES_A_BLOCK, "{bytes} bytes a block");
    assert!(
        many < few * 2,
        "{few:?} a block, and {many:?} where there are ten times as many"
    );
}

/// S-7.9
#[tokio::test]
async fn every_block_is_listed_once_wherever_listings_begin() {
    for listings in [
        Listings::AtTheBeginning,
        Listings::Anywhere,
        Listings::ElsewhereThanTold,
        Listings::Later(1),
        Listings::Later(50),
        Listings::Later(5000),
    ] {
        let plan = plan(4000, listings).await;
        let found = plan.selected.iter().filter(|one| one.objects_to_put == 3);
        assert_eq!(found.count(), 4000, "{listings:?}");
        assert_eq!(plan.excluded.len(), 0, "{listings:?}");
    }
}
