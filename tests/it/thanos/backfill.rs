//! `backfill` with real servers on both sides: what a real Prometheus holds is read by a real Thanos afterwards, whatever happened on the way.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::folders::{copy_tree, tree};
use crate::support::http;
use crate::support::minio::Minio;
use crate::support::prometheus::Prometheus;
use crate::support::run::{Ran, Running, binary, repository, signal};
use crate::support::servers::program;
use crate::support::thanos::{Compactor, Querier};
use crate::support::told::{self, Sample, Series};
use crate::support::world::{Tree, blocks_with};

/// 2025-01-06T00:00:00Z
const START_MS: i64 = 1_736_121_600_000;
const MINUTE_MS: i64 = 60_000;
const WINDOWS: i64 = 5;

/// Queries whose answers depend on every sample.
pub(super) const QUERIES: [&str; 5] = [
    "requests",
    "sum by (job) (rate(requests[7m]))",
    "latency",
    "histogram_quantile(0.9, rate(latency[11m]))",
    "count_over_time(goes[10m])",
];

/// A folder with a plan and a bucket.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new(source: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plan = json!({"source": source, "target": {"external_labels": {"cluster": "eu-1"}}});
        let this = Self { folder };
        fs::write(this.path("plan.json"), plan.to_string()).unwrap();
        let bucket = this.path("bucket");
        let config = format!(
            "type: FILESYSTEM\nconfig: {{directory: '{}'}}",
            bucket.display()
        );
        fs::write(this.path("bucket.yaml"), config).unwrap();
        this
    }

    fn of_prometheus(prometheus: &Prometheus) -> Self {
        let url = format!("{}/api/v1/read", prometheus.url());
        Self::new(&json!({"kind": "prometheus", "remote_read_url": url}))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What readers see of the bucket: of an upload that was killed a staged file is left, which `cleanup` removes.
    fn bucket(&self) -> Tree {
        let mut bucket = tree(&self.path("bucket"));
        bucket.retain(|name, _| !name.starts_with(".thanos-bucket-staging/"));
        bucket
    }

    fn backfill_into(&self, config: &Path, arguments: &[&str]) -> Command {
        let mut command = binary();
        command
            .args(["backfill", "--output=json", "--retry.initial-backoff=10ms"])
            .arg(format!("--config={}", self.path("plan.json").display()))
            .arg(format!("--objstore.config-file={}", config.display()))
            .arg(format!("--staging-dir={}", self.path("staging").display()))
            .args(arguments);
        if !arguments.iter().any(|one| one.starts_with("--start")) {
            command.args(["--start=2025-01-06", "--end=2025-01-06T12:00:00Z"]);
        }
        command
    }

    fn backfill(&self, arguments: &[&str]) -> Command {
        self.backfill_into(&self.path("bucket.yaml"), arguments)
    }
}

const NUMBERS: [&str; 7] = [
    "0.1",
    "1",
    "2.5",
    "1e300",
    "NaN",
    "-0",
    "17.000000000000004",
];

/// Numbers, one of which is none, that go stale, and native histograms; the last window of six is empty.
fn series() -> Vec<Series> {
    let times = |step: i64| {
        (0..)
            .map(move |n| START_MS + n * step)
            .take_while(|at| *at < START_MS + WINDOWS * 120 * MINUTE_MS)
    };
    let numbers = |index: usize| Sample::Number(NUMBERS[index % NUMBERS.len()]);
    vec![
        Series::new("requests", &[("job", "a")]).with(times(15_000), numbers),
        Series::new("requests", &[("job", "b"), ("instance", "ü")]).with(times(61_007), numbers),
        Series::new("goes", &[]).with(times(90_000), |index| {
            Sample::Number(if index % 10 == 9 { "stale" } else { "1" })
        }),
        Series::new("latency", &[("job", "a")]).with(times(30_000), |index| {
            Sample::Histogram(i64::try_from(index).unwrap() % 400, 0)
        }),
    ]
}

pub(super) fn prometheus() -> Prometheus {
    let folder = tempfile::tempdir().unwrap();
    told::make(folder.path(), &[("all", series())]);
    Prometheus::start(&folder.path().join("all"))
}

fn port(url: &str) -> u16 {
    url.rsplit(':').next().unwrap().parse().unwrap()
}

/// What a server answers to a query, its series in order, without the external label.
pub(super) fn answers(url: &str, query: &str) -> Vec<Value> {
    let query = http::query_escape(query);
    let (start, end) = (START_MS / 1000, START_MS / 1000 + WINDOWS * 7200 - 1);
    let path = format!("/api/v1/query_range?query={query}&start={start}&end={end}&step=30");
    let (status, body) = http::get(port(url), &path).unwrap();
    assert_eq!(status, 200, "{body}");
    let answer: Value = serde_json::from_str(&body).unwrap();
    let mut series = answer["data"]["result"].as_array().unwrap().clone();
    for one in &mut series {
        one["metric"].as_object_mut().unwrap().remove("cluster");
    }
    series.sort_by_key(|series| series["metric"].to_string());
    series
}

#[track_caller]
fn is_the_same(prometheus: &Prometheus, config: &Path) {
    let querier = Querier::start(&[config]);
    // Engines of other versions add up in another order, so that what is calculated is asked of the same one below.
    for query in ["requests", "latency", "goes", "count_over_time(goes[10m])"] {
        let expected = answers(&prometheus.url(), query);
        assert!(!expected.is_empty(), "{query}");
        assert_eq!(answers(&querier.url(), query), expected, "{query}");
    }
}

pub(super) fn endings(document: &Value) -> Vec<&str> {
    let windows = document["windows"].as_array().unwrap();
    windows
        .iter()
        .map(|window| window["ending"].as_str().unwrap())
        .collect()
}

/// S-24.2, S-24.3, S-24.4
#[test]
fn what_a_prometheus_holds_is_read_by_thanos_to_the_last_digit() {
    let prometheus = prometheus();
    let place = Place::of_prometheus(&prometheus);
    let planned = Ran::of(place.backfill(&["--dry-run"])).expect(0).json();
    assert_eq!(endings(&planned), ["planned"; 6]);
    assert!(place.bucket().is_empty());

    let document = Ran::of(place.backfill(&[])).expect(0).json();
    let mut expected = vec!["written"; 5];
    expected.push("empty");
    assert_eq!(endings(&document), expected, "{document}");
    assert_eq!(document["totals"]["samples"], 2400 + 591 + 400 + 1200);
    assert_eq!(document["totals"]["histograms"], 1200);
    let bucket = place.bucket();
    assert_eq!(blocks_with(&bucket, "meta.json").len(), 5);
    is_the_same(&prometheus, &place.path("bucket.yaml"));
    let of_blocks = Prometheus::start(&place.path("bucket"));
    for query in QUERIES {
        let expected = answers(&prometheus.url(), query);
        assert_eq!(answers(&of_blocks.url(), query), expected, "{query}");
    }
    for id in blocks_with(&bucket, "meta.json") {
        let analyzed = Command::new(program("promtool"))
            .args(["tsdb", "analyze"])
            .args([place.path("bucket"), PathBuf::from(&id)])
            .output()
            .unwrap();
        assert!(analyzed.status.success(), "{analyzed:?}");
    }
    let mut verify = binary();
    verify.args(["verify", "--deep"]).arg(format!(
        "--objstore.config-file={}",
        place.path("bucket.yaml").display()
    ));
    Ran::of(verify).expect(0);
    // Nothing is left of the work but the folder that was named.
    assert!(tree(&place.path("staging")).is_empty());

    // Nothing is written twice, and elsewhere it is the same.
    let again = Ran::of(place.backfill(&[])).expect(0).json();
    assert_eq!(
        endings(&again)
            .iter()
            .filter(|one| **one == "already-there")
            .count(),
        5
    );
    assert_eq!(place.bucket(), bucket);
    let elsewhere = Place::of_prometheus(&prometheus);
    Ran::of(elsewhere.backfill(&["--concurrency=7"])).expect(0);
    assert_eq!(elsewhere.bucket(), bucket);

    // What another plan brings would overlap it.
    let other = Place::new(&json!({
        "kind": "prometheus",
        "remote_read_url": format!("{}/api/v1/read", prometheus.url()),
        "headers": {"X-Scope-OrgID": "other"},
    }));
    copy_tree(&place.path("bucket"), &other.path("bucket"));
    let refused = Ran::of(other.backfill(&[])).expect(3);
    assert_eq!(endings(&refused.json())[..5], ["refused"; 5]);
    assert_eq!(other.bucket(), bucket);
}

/// S-24.5
#[test]
#[expect(clippy::print_stderr, reason = "tells the seed")]
fn a_backfill_that_is_killed_at_any_moment_goes_on_to_the_same_blocks() {
    let seed: u64 = std::process::id().into();
    eprintln!("seed {seed}");
    let mut state = seed;
    let mut random = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    let prometheus = prometheus();
    let whole = Place::of_prometheus(&prometheus);
    let ran = Ran::of(whole.backfill(&[])).expect(0);
    let longest = u64::try_from(ran.elapsed.as_millis()).unwrap();
    let place = Place::of_prometheus(&prometheus);
    let mut kills = 0;
    for _ in 0..12 {
        let running = Running::start(&mut place.backfill(&[]));
        thread::sleep(Duration::from_millis(random(longest)));
        signal("KILL", running.id());
        kills += u32::from(running.wait().status.code().is_none());
        // What is published is whole at any time.
        let (now, all) = (place.bucket(), whole.bucket());
        for id in blocks_with(&now, "meta.json") {
            let of = |tree: &Tree| {
                let files = tree.iter().filter(|(name, _)| name.starts_with(&id));
                files
                    .map(|(name, bytes)| (name.clone(), bytes.clone()))
                    .collect::<Vec<_>>()
            };
            assert_eq!(of(&now), of(&all), "{id}");
        }
    }
    eprintln!("{kills} of 12 were killed");
    Ran::of(place.backfill(&[])).expect(0);
    assert_eq!(place.bucket(), whole.bucket());
    assert!(tree(&place.path("staging")).is_empty());
}

/// S-24.4, S-24.6 with the real thing
#[test]
fn what_was_backfilled_into_an_object_store_is_compacted_and_goes_on_being_known() {
    let prometheus = prometheus();
    let place = Place::of_prometheus(&prometheus);
    let minio = Minio::start();
    let bucket = minio.bucket("cold");
    let config = bucket.config("cold.yaml");
    Ran::of(place.backfill_into(&config, &[])).expect(0);
    let before: BTreeSet<String> = blocks_with(&bucket.tree(), "meta.json")
        .into_iter()
        .collect();
    assert_eq!(before.len(), 5);
    let compactor = Compactor::start(&config);
    let began = std::time::Instant::now();
    loop {
        let now: BTreeSet<String> = blocks_with(&bucket.tree(), "meta.json")
            .into_iter()
            .collect();
        if now.len() < 5 && !now.is_subset(&before) {
            break;
        }
        assert!(
            began.elapsed() < Duration::from_mins(2),
            "{}",
            compactor.log()
        );
        thread::sleep(Duration::from_millis(200));
    }
    assert!(
        !compactor.log().contains("critical error"),
        "{}",
        compactor.log()
    );
    drop(compactor);
    is_the_same(&prometheus, &config);
    // What is a part of another block by now is not brought again.
    let again = Ran::of(place.backfill_into(&config, &[])).expect(0).json();
    assert_eq!(again["totals"]["windows"]["written"], 0, "{again}");
    assert_eq!(again["totals"]["windows"]["already-there"], 5, "{again}");
}

/// S-24.3, S-24.7
#[test]
fn openmetrics_text_makes_blocks_and_one_line_that_cannot_be_read_makes_none() {
    let place = Place::new(&json!({"kind": "openmetrics", "paths": ["metrics.om"]}));
    let text = fs::read_to_string(repository("examples/backfill/metrics.om")).unwrap();
    fs::write(place.path("metrics.om"), text).unwrap();
    let day = ["--start=2024-01-01", "--end=2024-01-02"];
    let document = Ran::of(place.backfill(&day)).expect(0).json();
    assert_eq!(document["totals"]["samples"], 5, "{document}");
    assert_eq!(document["totals"]["windows"]["written"], 2, "{document}");

    // A line that cannot be read ends the run before a block of it is published.
    let broken = Place::new(&json!({"kind": "openmetrics", "paths": ["metrics.om"]}));
    fs::write(broken.path("metrics.om"), "a 1 1704067260\nb{ 2\n# EOF\n").unwrap();
    let ran = Ran::of(broken.backfill(&day)).expect(1);
    assert!(ran.stderr.contains("metrics.om: line 2"), "{}", ran.stderr);
    assert!(broken.bucket().is_empty());
}
