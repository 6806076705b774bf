//! Plans and maps of very many blocks: how much memory and time each block takes. `THANOS_BUCKET_SCALE_BLOCKS` says how many the largest has.

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
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mimalloc::MiMalloc;
use thanos_bucket::block::RunId;
use thanos_bucket::bucket::{Backend, CopiedBy, EtagMeaning, Location, Multipart, Prefix, Sizes};
use thanos_bucket::engine::Stop;
use thanos_bucket::map::Map;
use thanos_bucket::migrate::{Buckets, Mode, ReplicaTarget, Run, Settings, Task, migrate};
use thanos_bucket::plan::{Plan, Rules};
use thanos_bucket::retry::{Jitter, Policy};
use thanos_bucket::select::{Cutoff, Filter};
use thanos_bucket::status::{self, status};
use thanos_bucket::verb::clocks::Clock;
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

const NO_RETRIES: Policy = Policy {
    max_retries: 0,
    initial_backoff: Duration::ZERO,
    max_backoff: Duration::ZERO,
    jitter: Jitter::None,
};

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
            retry: NO_RETRIES,
            max_failures: None,
            max_error_rate: None,
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
        trail: thanos_bucket::audit::Trail::default(),
        stop: Stop::default(),
    };
    let buckets = Buckets {
        source: backend("hot", source),
        target: backend("cold", target),
    };
    let migrated = migrate(&task, run, buckets).await;
    migrated.expect("a plan").plan
}

/// A map of two buckets with the same blocks, so many in each, of which all are due.
async fn map(blocks: u64) -> Map {
    let bucket = Bucket {
        blocks,
        listings: Listings::Anywhere,
    };
    let now: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
    let task = status::Task {
        filter: Filter {
            cutoff: Some(Cutoff::parse("2025-06-01", now).unwrap()),
            ..Filter::default()
        },
        delete_delay: TimeDelta::hours(48),
        retry: NO_RETRIES,
        cache_dir: None,
    };
    let buckets = (backend("hot", bucket), Some(backend("cold", bucket)));
    let clock: Clock = Arc::new(move || now);
    let (progress, stop) = (Arc::default(), Stop::default());
    let charted = status(&task, buckets, now, &clock, &progress, &stop).await;
    let charted = charted.expect("a map");
    assert_eq!(charted.due.expect("a cutoff").selected.blocks, blocks);
    charted.map
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

fn largest() -> u64 {
    let largest = std::env::var("THANOS_BUCKET_SCALE_BLOCKS");
    largest.map_or(BLOCKS, |blocks| blocks.parse().unwrap())
}

/// S-7.9: what others do meanwhile counts for little.
#[tokio::test]
async fn a_block_takes_little_memory_and_time_however_many_there_are() {
    let largest = largest();
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

/// Set for the process in which maps are made and nothing else.
const ALONE: &str = "THANOS_BUCKET_SCALE_ALONE";

/// S-15.12: in a process of its own, for the most memory that a process has had tells nothing of who had it.
#[tokio::test]
async fn a_block_on_a_map_takes_little_memory_whichever_buckets_it_is_in() {
    let name = "a_block_on_a_map_takes_little_memory_whichever_buckets_it_is_in";
    if std::env::var_os(ALONE).is_none() {
        let mut alone = Command::new(std::env::current_exe().unwrap());
        let alone = alone.args([name, "--exact", "--nocapture"]).env(ALONE, "1");
        assert!(alone.status().unwrap().success());
        return;
    }
    // So many in each bucket: a map reads every block of both.
    let largest = largest() / 4;
    let (mut before, mut mapped, mut bytes) = (Cost::now(), 0, 0);
    for blocks in [largest / 10, largest] {
        let map = map(blocks).await;
        assert_eq!(map.sums().both.blocks, blocks);
        let after = Cost::now();
        let more = after.peak_bytes.saturating_sub(before.peak_bytes);
        // Each lies in both.
        bytes = more / (2 * (blocks - mapped));
        let cpu = after.cpu.saturating_sub(before.cpu) / u32::try_from(2 * blocks).unwrap();
        writeln!(
            io::stderr(),
            "twice {blocks} blocks: {bytes} bytes and {cpu:?} a block, {} MiB at most",
            after.peak_bytes >> 20
        )
        .unwrap();
        (before, mapped) = (after, blocks);
    }
    assert!(bytes <= BYTES_A_BLOCK, "{bytes} bytes a block");
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
