//! What `examples/both-tiers` gives Thanos, given to real Thanos: it serves two buckets, and blocks that move from one to the other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tempfile::TempDir;

use super::example;
use crate::support::folders::tree;
use crate::support::http;
use crate::support::run::{Ran, binary};
use crate::support::servers::{Server, free_port, program};
use crate::support::thanos;
use crate::support::world::blocks_with;

/// How long each block is. Six lie around the cutoff, the third or the fourth across it.
const HOURS: i64 = 54;
const BLOCKS: i64 = 6;

/// What stands in the files for the ports of the stores and of the querier.
const PORTS: [&str; 6] = ["10901", "10902", "10911", "10912", "10931", "10932"];

/// Times that nobody has the patience for, and the same in small: they keep their order.
const TIMES: [(&str, &str); 6] = [
    ("--sync-block-duration=15m", "--sync-block-duration=1s"),
    (
        "--ignore-deletion-marks-delay=24h",
        "--ignore-deletion-marks-delay=8s",
    ),
    ("blocks_iter_ttl: 5m", "blocks_iter_ttl: 1s"),
    ("metafile_exists_ttl: 2h", "metafile_exists_ttl: 1s"),
    (
        "metafile_doesnt_exist_ttl: 15m",
        "metafile_doesnt_exist_ttl: 1s",
    ),
    ("metafile_content_ttl: 24h", "metafile_content_ttl: 1s"),
];

/// The compactor's `--delete-delay`, of two days, in small.
const DELETE_DELAY: Duration = Duration::from_secs(16);

/// The border of the hot store, once the first run has ended.
const BORDER: (&str, &str) = ("# --min-time=-120d", "--min-time=-120d");

/// Two folders that are buckets.
struct Tiers {
    folder: TempDir,
    start: i64,
    end: i64,
    /// Where a block of more than a year ago begins.
    old: i64,
}

impl Tiers {
    /// All blocks are in the hot one, and have samples of around ninety days ago.
    fn new() -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let (now, length) = (i64::try_from(now).unwrap(), HOURS * 3600);
        let start = (now - 96 * 86_400) / length * length;
        let folder = tempfile::tempdir().unwrap();
        let tiers = Self {
            folder,
            start,
            end: start + BLOCKS * length - 60,
            old: (now - 400 * 86_400) / length * length,
        };
        for bucket in ["hot", "cold"] {
            fs::create_dir(tiers.path(bucket)).unwrap();
            let text = format!(
                "type: FILESYSTEM\nconfig:\n  directory: {}\n",
                tiers.path(bucket).display()
            );
            fs::write(tiers.path(&format!("{bucket}.yaml")), text).unwrap();
        }
        thanos::sidecar_blocks(&tiers.path("hot"), "eu-1", start, (BLOCKS, HOURS));
        thanos::sidecar_blocks(&tiers.path("hot"), "eu-1", tiers.old, (1, HOURS));
        tiers
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn blocks_in(&self, bucket: &str) -> usize {
        blocks_with(&tree(&self.path(bucket)), "meta.json").len()
    }

    fn run(&self, subcommand: &str) {
        let mut command = binary();
        command
            .arg(subcommand)
            .arg(format!(
                "--objstore.config-file={}",
                self.path("hot.yaml").display()
            ))
            .arg(format!(
                "--objstore-to.config-file={}",
                self.path("cold.yaml").display()
            ))
            .arg("--older-than=90d");
        Ran::of(command).expect(0);
    }
}

/// Both stores and the querier, told what the files say.
struct Serving<'a> {
    tiers: &'a Tiers,
    ports: Vec<u16>,
    _servers: Vec<Server>,
}

impl<'a> Serving<'a> {
    /// The files of the examples, with other ports, folders and times, and with `changes`.
    fn start(tiers: &'a Tiers, changes: &[(&str, &str)]) -> Self {
        // Somebody else may take a port between its choice and its use.
        for _ in 0..5 {
            let ports: Vec<u16> = PORTS.iter().map(|_| free_port()).collect();
            let folder = tempfile::tempdir_in(tiers.folder.path()).unwrap().keep();
            let told = |name: &str| {
                let mut text = example(&format!("both-tiers/{name}"));
                for (port, free) in PORTS.iter().zip(&ports) {
                    text = text.replace(&format!(":{port}"), &format!(":{free}"));
                }
                for (from, to) in TIMES.iter().chain(changes) {
                    text = text.replace(from, to);
                }
                let buckets = tiers.folder.path().display();
                text.replace(
                    "/etc/thanos/caching-bucket.yaml",
                    &format!("{}/caching-bucket.yaml", folder.display()),
                )
                .replace("/etc/thanos", &buckets.to_string())
                .replace("/var/lib/thanos", &folder.display().to_string())
            };
            fs::write(
                folder.join("caching-bucket.yaml"),
                told("caching-bucket.yaml"),
            )
            .unwrap();
            let start = |component: &str, name: &str, port: u16| {
                let flags = folder.join(name);
                fs::write(&flags, told(name)).unwrap();
                let mut command = Command::new(program("thanos"));
                command.arg(component).arg(format!("@{}", flags.display()));
                let mut server = Server::start(&command, &flags.with_extension("log"));
                let is_ready = || matches!(http::get(port, "/-/ready"), Some((200, _)));
                server.wait_until(is_ready).then_some(server)
            };
            let all = [
                start("store", "store-hot.flags", ports[1]),
                start("store", "store-cold.flags", ports[3]),
                start("query", "query.flags", ports[5]),
            ];
            let servers: Vec<Server> = all.into_iter().flatten().collect();
            if servers.len() == 3 {
                let serving = Self {
                    tiers,
                    ports,
                    _servers: servers,
                };
                within_a_minute("the querier knows both stores", || serving.stores() == 2);
                return serving;
            }
        }
        panic!("Thanos does not start as the examples say");
    }

    fn stores(&self) -> usize {
        let (_, body) = http::get(self.ports[5], "/api/v1/stores").unwrap();
        let told: Value = serde_json::from_str(&body).unwrap();
        told["data"]["store"].as_array().map_or(0, Vec::len)
    }

    /// How many blocks a store shows.
    fn shown(&self, store: usize) -> usize {
        let (_, metrics) = http::get(self.ports[2 * store + 1], "/metrics").unwrap();
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix("thanos_bucket_store_blocks_loaded "));
        line.unwrap().parse().unwrap()
    }

    /// Answers over the border, which hang on every sample; an answer is no answer where a store is away.
    fn answers(&self) -> [String; 5] {
        let Tiers {
            start, end, old, ..
        } = *self.tiers;
        [
            ("made_up", start, end),
            ("sum(count_over_time(made_up[30m]))", start, end),
            ("avg_over_time(made_up[1h])", start, end),
            ("sum(made_up) * pi()", start, end),
            ("made_up", old, old + HOURS * 3600 - 60),
        ]
        .map(|(query, start, end)| {
            let query = http::query_escape(query);
            let path =
                format!("/api/v1/query_range?query={query}&start={start}&end={end}&step=300");
            let (status, body) = http::get(self.ports[5], &path).unwrap();
            assert_eq!(status, 200, "{query}");
            let mut told: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(told.get("warnings"), None, "{query}");
            let series = told["data"]["result"].as_array_mut().unwrap();
            series.sort_by_key(|series| series["metric"].to_string());
            told["data"].to_string()
        })
    }
}

fn within_a_minute(what: &str, mut happens: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happens() {
        assert!(
            began.elapsed() < Duration::from_mins(1),
            "waited in vain until {what}"
        );
        thread::sleep(Duration::from_millis(100));
    }
}

/// Each digit of each answer is the same all the time: asked again and again, and once more at each step.
fn asked_all_the_time(serving: &Serving<'_>, before: &[String; 5], steps: impl FnOnce()) {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut asked = 0;
            while !is_over.load(Ordering::Relaxed) {
                // They are long.
                assert!(serving.answers() == *before, "at the {asked}th time");
                asked += 1;
            }
            asked
        });
        steps();
        is_over.store(true, Ordering::Relaxed);
        assert!(asking.join().unwrap() > 10, "it was hardly asked");
    });
}

/// S-22.30
#[test]
fn a_query_over_the_border_has_one_answer_before_while_and_after_blocks_move() {
    let tiers = Tiers::new();
    let all = usize::try_from(BLOCKS).unwrap() + 1;
    let serving = Serving::start(&tiers, &[]);
    assert_eq!((serving.shown(0), serving.shown(1)), (all, 0));
    let before = serving.answers();
    // Every five minutes of each series, but for the last ones.
    let samples = (tiers.end - tiers.start) / 300 + 1;
    assert_eq!(
        before[0].matches("],[").count() + 3,
        usize::try_from(3 * samples).unwrap()
    );
    let same = |when: &str| assert!(serving.answers() == before, "{when}");
    asked_all_the_time(&serving, &before, || {
        tiers.run("replicate");
        let moved = tiers.blocks_in("cold");
        assert!((3..all).contains(&moved), "{moved} of {all}");
        within_a_minute("the cold store shows them", || serving.shown(1) == moved);
        same("copied, and not marked");
        tiers.run("migrate");
        let marked = Instant::now();
        assert_eq!(serving.shown(0), all);
        same("marked, and shown by both");
        within_a_minute("the hot store leaves them out", || {
            serving.shown(0) == all - moved
        });
        assert!(marked.elapsed() < DELETE_DELAY, "before they are deleted");
        assert_eq!(tiers.blocks_in("hot"), all);
        same("left out by the hot store, and not deleted");
        within_a_minute("they are deleted", || {
            cleanup(&tiers.path("hot.yaml"));
            tiers.blocks_in("hot") == all - moved
        });
        same("deleted");
        thread::sleep(Duration::from_secs(2));
        same("deleted, and both stores have looked since");
    });
    drop(serving);
    let with_border = Serving::start(&tiers, &[BORDER]);
    assert_eq!(with_border.shown(0), tiers.blocks_in("hot"));
    assert!(with_border.answers() == before, "with both borders");
    // What the test says is worth something: with borders that do not overlap samples are missed.
    let gap = Serving::start(&tiers, &[("--max-time=-60d", "--max-time=-95d")]);
    assert!(gap.answers() != before);
}

/// S-22.30: why `--min-time` of the hot store has to wait for the end of the first run.
#[test]
fn what_is_not_moved_yet_is_missed_behind_the_hot_stores_border() {
    let tiers = Tiers::new();
    let before = Serving::start(&tiers, &[]).answers();
    let serving = Serving::start(&tiers, &[BORDER]);
    assert!(serving.answers() != before);
    tiers.run("migrate");
    // The querier asks a store every five seconds what it has.
    within_a_minute("nothing is missed", || serving.answers() == before);
}

/// Deletes as a compactor does, once marks are as old as its `--delete-delay`.
fn cleanup(config: &Path) {
    let delay = format!("--delete-delay={}s", DELETE_DELAY.as_secs());
    thanos::tools(config, &["cleanup", &delay, "--consistency-delay=0s"]);
}
