//! Whole runs between two buckets in memory, and blocks to put into them.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use thanos_bucket::Result;
use thanos_bucket::block::RunId;
use thanos_bucket::bucket::{
    Backend, EtagMeaning, Listings, Location, Multipart, Prefix, ServerClock, Store,
};
use thanos_bucket::clocks::Clock;
use thanos_bucket::engine::{Settings, Stop};
use thanos_bucket::migrate::{Buckets, Migrated, Mode, ReplicaTarget, Run, Task, migrate};
use thanos_bucket::outcome::Results;
use thanos_bucket::plan::{Plan, Rules};
use thanos_bucket::retry::{Jitter, Policy};
use thanos_bucket::select::Cutoff;

use super::scripted::{Scripted, put, tree};
use super::times::Times;

/// A source and a target.
pub(crate) struct World {
    pub(crate) source: Arc<Scripted>,
    pub(crate) target: Arc<Scripted>,
    /// The clocks of their servers, which tell nothing unless they are set.
    pub(crate) source_times: Arc<Times>,
    pub(crate) target_times: Arc<Times>,
    /// This machine's clock.
    pub(crate) clock: Clock,
    pub(crate) rules: Rules,
    pub(crate) settings: Settings,
    /// Whether listings of the target show what was written a moment ago.
    pub(crate) target_listings: Listings,
    pub(crate) stop: Stop,
}

/// What one run did.
pub(crate) struct Ran {
    pub(crate) plan: Plan,
    pub(crate) results: Results,
}

impl Ran {
    /// The block's ending, as reports spell it.
    pub(crate) fn ending(&self, block: &str) -> &'static str {
        let number = self
            .plan
            .selected
            .iter()
            .position(|selected| selected.block.id.to_string() == block);
        number.map_or("not selected", |number| {
            self.results.outcomes[number].ending.as_str()
        })
    }

    pub(crate) fn endings(&self) -> Vec<&'static str> {
        let outcomes = self.results.outcomes.iter();
        outcomes.map(|outcome| outcome.ending.as_str()).collect()
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            source: Scripted::new(TimeDelta::zero()),
            // What is put into both at once has times of its own in each.
            target: Scripted::new(TimeDelta::minutes(1)),
            source_times: Arc::default(),
            target_times: Arc::default(),
            clock: Arc::new(now),
            rules: Rules::older_than(Cutoff::parse("2025-06-01", now()).unwrap()),
            settings: Settings {
                concurrency: NonZeroUsize::new(4).unwrap(),
                retry: Policy {
                    max_retries: 2,
                    initial_backoff: Duration::from_millis(10),
                    max_backoff: Duration::from_millis(20),
                    jitter: Jitter::Half,
                },
                max_failures: None,
                max_duration: None,
                max_bytes: None,
                shutdown_grace: Duration::from_secs(30),
                no_compact_mark_source: false,
            },
            target_listings: Listings::Strong,
            stop: Stop::new(),
        }
    }

    pub(crate) async fn with(self, blocks: &[Block]) -> Self {
        for block in blocks {
            block.write_to(&self.source).await;
        }
        self
    }

    /// A migration as the product runs it, from opened buckets on.
    pub(crate) async fn run(&self) -> Result<Ran> {
        let source = Backend {
            clock: Some(Arc::clone(&self.source_times) as Arc<dyn ServerClock>),
            ..backend(&self.source, "hot")
        };
        let target = Backend {
            clock: Some(Arc::clone(&self.target_times) as Arc<dyn ServerClock>),
            listings: self.target_listings,
            ..backend(&self.target, "cold")
        };
        let task = Task {
            rules: self.rules.clone(),
            mode: Mode::Execute,
            settings: self.settings.clone(),
            replica_target: ReplicaTarget::Refuse,
        };
        let run = Run {
            id: RunId::generate(),
            started: now(),
            begun: tokio::time::Instant::now(),
            clock: Arc::clone(&self.clock),
            progress: Arc::default(),
            stop: self.stop.clone(),
        };
        let Migrated { plan, results } = migrate(&task, run, Buckets { source, target }).await?;
        let results = results.unwrap();
        Ok(Ran { plan, results })
    }

    /// The process is killed after so many writes to the source and to the target.
    pub(crate) fn kill_after(&self, source: usize, target: usize) {
        self.source.kill_after(source);
        self.target.kill_after(target);
    }

    pub(crate) fn revive(&self) {
        self.source.revive();
        self.target.revive();
    }

    /// What must hold at every moment: whatever is published is whole, whatever is marked is held.
    pub(crate) async fn assert_sound(&self, when: &str) {
        let source = tree(&self.source).await;
        let target = tree(&self.target).await;
        for (path, bytes) in &source {
            let Some((block, name)) = path.split_once('/') else {
                continue;
            };
            let published = target.contains_key(&format!("{block}/meta.json"));
            let marked = source.contains_key(&format!("{block}/deletion-mark.json"));
            if name == "deletion-mark.json" {
                assert!(published, "{when}: {block} is marked and not published");
            } else if published {
                assert_eq!(
                    target.get(path),
                    Some(bytes),
                    "{when}: {path} (marked: {marked})"
                );
            }
        }
    }
}

/// 1 January 2026.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).unwrap()
}

fn backend(store: &Arc<Scripted>, name: &str) -> Backend {
    Backend {
        store: Arc::clone(store) as Arc<dyn Store>,
        location: Location::s3("memory", name, ""),
        prefix: Prefix::default(),
        part_size_bytes: None,
        multipart: Multipart::Allowed,
        etags: EtagMeaning::VersionOnly,
        listings: Listings::Strong,
        clock: None,
    }
}

/// A block to be written into a bucket.
#[derive(Clone)]
pub(crate) struct Block {
    pub(crate) id: String,
    days: (i64, i64),
    resolution_ms: i64,
    sources: Vec<String>,
    cluster: &'static str,
    objects: BTreeMap<String, Vec<u8>>,
}

impl Block {
    /// The block whose id ends with `last`: raw, cluster eu-1, on the given days after the beginning of 2025.
    pub(crate) fn new(last: char, days: (i64, i64)) -> Self {
        let id = id(last);
        let content = |name: &str| format!("{name} of {id}").into_bytes();
        Self {
            days,
            resolution_ms: 0,
            sources: vec![id.clone()],
            cluster: "eu-1",
            objects: ["chunks/000001", "chunks/000002", "index"]
                .into_iter()
                .map(|name| (name.to_owned(), content(name)))
                .collect(),
            id,
        }
    }

    pub(crate) fn resolution(mut self, milliseconds: i64) -> Self {
        self.resolution_ms = milliseconds;
        self
    }

    pub(crate) fn sources(mut self, last: &str) -> Self {
        self.sources = last.chars().map(id).collect();
        self
    }

    pub(crate) fn cluster(mut self, cluster: &'static str) -> Self {
        self.cluster = cluster;
        self
    }

    pub(crate) fn meta_json(&self) -> Vec<u8> {
        const DAY: i64 = 86_400_000;
        const YEAR_2025: i64 = 1_735_689_600_000;
        let files: Vec<_> = self
            .objects
            .iter()
            .map(|(name, bytes)| serde_json::json!({"rel_path": name, "size_bytes": bytes.len()}))
            .collect();
        let meta = serde_json::json!({
            "ulid": self.id,
            "version": 1,
            "minTime": YEAR_2025 + self.days.0 * DAY,
            "maxTime": YEAR_2025 + self.days.1 * DAY,
            "stats": {"numSamples": 3, "numSeries": 3, "numChunks": 3},
            "compaction": {"level": 1, "sources": self.sources},
            "thanos": {
                "labels": {"cluster": self.cluster},
                "downsample": {"resolution": self.resolution_ms},
                "source": "sidecar",
                "files": files,
            },
        });
        serde_json::to_vec_pretty(&meta).unwrap()
    }

    pub(crate) async fn write_to(&self, store: &Scripted) {
        let meta = ("meta.json".to_owned(), self.meta_json());
        for (name, bytes) in self.objects.clone().into_iter().chain([meta]) {
            put(store, &format!("{}/{name}", self.id), bytes).await;
        }
    }
}

pub(crate) fn id(last: char) -> String {
    format!("01J9ZK3M7Q8T5V6W7X8Y9Z0A1{last}")
}
