//! `status`: the map of two buckets, and that nothing in them is changed by looking.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use thanos_bucket::map::Sum;
use thanos_bucket::outcome::Overview;

use crate::support::block::{Block, FIVE_MINUTES_MS};
use crate::support::folders;
use crate::support::memory;
use crate::support::minio::Minio;
use crate::support::on_minio;
use crate::support::run::{OLD, QUICK_RETRIES, Ran, Running, binary, signal};
use crate::support::world::Contents;

fn status(configs: &[&Path], arguments: &[&str]) -> Ran {
    let flags = ["--objstore.config-file", "--objstore-to.config-file"];
    let mut command = binary();
    command.arg("status").args(arguments);
    for (flag, config) in flags.iter().zip(configs) {
        command.arg(format!("{flag}={}", config.display()));
    }
    Ran::of(command)
}

/// How many blocks a member of a map counts: hot only, both, marked, cold only, partial.
fn counts(of: &Value) -> [u64; 5] {
    ["hot_only", "both", "marked", "cold_only", "partial"]
        .map(|class| of[class]["blocks"].as_u64().unwrap())
}

fn states(group: &Value) -> Vec<&str> {
    let intervals = group["intervals"].as_array().unwrap().iter();
    intervals
        .map(|one| one["state"].as_str().unwrap())
        .collect()
}

/// Through one migration: before, half way, done, and after the source's compactor.
fn through_a_migration(
    configs: &[&Path],
    source: &impl Contents,
    target: &impl Contents,
    migrate: &dyn Fn(&[&str]) -> Ran,
) {
    let map = || {
        let (before, there) = (source.tree(), target.tree());
        let map = status(configs, &["--output=json", "--older-than=30d"]);
        assert!(source.tree() == before && target.tree() == there);
        map
    };
    let first = map().expect(0).json();
    assert_eq!(first["kind"], "status");
    assert_eq!(counts(&first["totals"]), [7, 0, 0, 0, 0]);
    assert_eq!(first["due"]["blocks"], 7);
    assert_eq!(first["due"]["to_put"]["blocks"], 7);
    let group = &first["groups"][0];
    assert_eq!(group["labels"]["cluster"], "eu-1");
    assert_eq!(group["resolution"], "0s");
    assert_eq!(states(group), ["hot", "gap", "hot"]);
    assert_eq!(group["due"]["blocks"], 4);

    let half = migrate(&[OLD, "--resolution=5m", "--output=json"]).expect(0);
    let run = half.json()["run"].as_str().unwrap().to_owned();
    let second = map().expect(0).json();
    assert_eq!(counts(&second["totals"]), [4, 0, 3, 0, 0]);
    assert_eq!(second["due"]["blocks"], 4);
    assert_eq!(states(&second["groups"][1]), ["both"]);
    assert_eq!(second["runs"][0]["run"], *run);
    assert_eq!(second["runs"][0]["blocks"], 3);
    assert_eq!(second["runs"][0]["target"], second["target"]);
    assert_eq!(second["deletions"].as_array().map(Vec::len), Some(1));
    assert_eq!(second["deletions"][0]["bucket"], "source");
    assert_ne!(second["deletions"][0]["when"], "now");

    migrate(&[OLD]).expect(0);
    let third = map().expect(0).json();
    assert_eq!(counts(&third["totals"]), [0, 0, 7, 0, 0]);
    assert_eq!(third["due"]["blocks"], 0);
    let due = status(configs, &["--output=json", "--delete-delay=0s"]).json();
    assert_eq!(due["deletions"][0]["when"], "now");
    assert_eq!(due["deletions"][0]["blocks"], 7);
    assert_eq!(due["due"], Value::Null);

    for id in source.published() {
        source.remove_block(&id);
    }
    let last = map().expect(0).json();
    assert_eq!(counts(&last["totals"]), [0, 0, 0, 7, 0]);
    assert_eq!(states(&last["groups"][0]), ["cold", "gap", "cold"]);
    assert_eq!(last["runs"], json!([]));
}

/// Two resolutions of one cluster; the raw one has a gap of a day.
fn seven() -> Vec<Block> {
    let raw = [(0, 0), (1, 1), (3, 3), (4, 4)];
    let raw = raw.map(|(number, day)| Block::new(number).days(day, day + 1));
    let coarse = [(10, 0), (11, 1), (12, 2)].map(|(number, day)| {
        let block = Block::new(number).days(day, day + 1);
        block.resolution(FIVE_MINUTES_MS)
    });
    raw.into_iter().chain(coarse).collect()
}

/// S-15.1, S-15.2, S-15.3, S-15.5, S-15.6, S-15.7
#[test]
fn a_map_follows_a_migration_between_folders_and_writes_nothing() {
    let world = folders::World::new(&seven());
    let configs = [world.source_config(), world.target_config()];
    let configs = configs.each_ref().map(std::path::PathBuf::as_path);
    let migrate = |arguments: &[&str]| world.migrate(arguments);
    through_a_migration(&configs, &world.source, &world.target, &migrate);
}

/// S-15.1, S-15.2, S-15.3, S-15.5, S-15.6, S-15.7
#[test]
fn a_map_follows_a_migration_on_minio_and_writes_nothing() {
    let minio = Minio::start();
    let world = on_minio::World::new(&minio, &seven());
    let (source, target) = world.configs();
    let migrate = |arguments: &[&str]| on_minio::run(&(source.clone(), target.clone()), arguments);
    through_a_migration(&[&source, &target], &world.source, &world.target, &migrate);
}

/// S-15.8, S-15.9
#[test]
fn what_needs_a_person_is_told_with_exit_code_3_and_what_to_do() {
    let world = folders::World::new(&[Block::new(1), Block::new(2), Block::new(3)]);
    world.migrate(&[OLD]).expect(0);
    let configs = [world.source_config(), world.target_config()];
    let configs = configs.each_ref().map(std::path::PathBuf::as_path);
    let map = || status(&configs, &[]);
    let told = |ran: Ran, words: &[&str]| {
        for words in words {
            assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
        }
    };
    told(
        map().expect(0),
        &["Nothing was written; nothing on this map needs a person."],
    );
    // The target has lost one that is marked.
    let lost = Block::new(2).id();
    world.target.remove_block(&lost);
    told(
        map().expect(3),
        &[
            "!!! 1 BLOCK MARKED FOR DELETION IN THE SOURCE, AND NOT HELD BY THE TARGET",
            &format!("--id={lost}"),
            "! attention   1 marked-not-held",
        ],
    );
    // Whatever the filters say.
    let other = Block::new(1).id();
    let filtered = status(&configs, &[&format!("--id={other}"), "--output=json"]);
    let filtered = filtered.expect(3).json();
    assert_eq!(counts(&filtered["totals"]), [0, 0, 1, 0, 0]);
    assert_eq!(filtered["marked_not_held"][0]["block"], *lost);
    Block::new(2).write_to(&world.target);
    map().expect(0);
    // A torn copy may be under way, until it is two days old.
    let torn = Block::new(7);
    torn.clone().without("meta.json").write_to(&world.target);
    let fresh = map().expect(0);
    told(fresh, &["partial       1 directory"]);
    let old = UNIX_EPOCH.elapsed().unwrap().as_secs() - 49 * 60 * 60;
    let old = UNIX_EPOCH + std::time::Duration::from_secs(old);
    let set_time = |time: SystemTime| {
        for (name, _) in world.target.tree() {
            if name.starts_with(&torn.id()) {
                let file = fs::File::options()
                    .write(true)
                    .open(world.target.join(name));
                file.unwrap().set_modified(time).unwrap();
            }
        }
    };
    set_time(old);
    told(map().expect(3), &["! attention   1 no-meta-json"]);
    // A block that is torn and published needs somebody at once.
    torn.write_to(&world.target);
    world.target.remove(&format!("{}/index", torn.id()));
    set_time(SystemTime::now());
    told(map().expect(3), &["1 incomplete", "index is missing"]);
}

/// S-15.1
#[test]
fn one_bucket_has_a_map_of_its_own_and_filters_choose_from_it() {
    let mut blocks = seven();
    blocks.push(Block::new(20).cluster("us-1").days(0, 1));
    let world = folders::World::new(&blocks);
    let config = world.source_config();
    let map = |arguments: &[&str]| {
        let json = [&["--output=json"], arguments].concat();
        status(&[&config], &json).expect(0).json()
    };
    let all = map(&[]);
    assert_eq!(all["target"], Value::Null);
    assert_eq!(all["totals"]["hot_only"]["blocks"], 8);
    assert_eq!(all["totals"]["both"], Value::Null);
    assert_eq!(all["groups"].as_array().map(Vec::len), Some(3));
    let us = "--selector.relabel-config=[{action: keep, source_labels: [cluster], regex: us-1}]";
    for (arguments, expected) in [
        (vec!["--resolution=5m"], 3),
        (vec!["--max-time=2025-01-01"], 3),
        (vec![us], 1),
        (vec!["--older-than=2025-01-02"], 8),
    ] {
        let map = map(&arguments);
        assert_eq!(
            map["totals"]["hot_only"]["blocks"], expected,
            "{arguments:?}"
        );
    }
    assert_eq!(map(&["--older-than=2025-01-02"])["due"]["blocks"], 3);
    let text = status(&[&config], &[]).expect(0).stdout;
    assert!(text.contains("over time (UTC): # there  x gap\n"), "{text}");
    assert!(!text.contains("cold only"), "{text}");
}

/// S-15.8
#[test]
fn what_cannot_be_looked_at_is_an_error_and_wrong_flags_are_usage() {
    let world = folders::World::new(&[Block::new(1)]);
    let (source, target) = (world.source_config(), world.target_config());
    let none = world.path("none");
    world.configure("none", &none, "");
    let missing = world.path("none.yaml");
    let ran = status(&[&missing, &target], &["--output=json"]).expect(1);
    assert_eq!(ran.json()["kind"], "error");
    assert_eq!(status(&[&missing], &["--output=tsv"]).expect(1).stdout, "");
    // A target that is not there yet is empty.
    status(&[&source, &missing], &[]).expect(0);
    status(&[&source, &source], &[]).expect(2);
    for wrong in [
        "--delete-delay=-1h",
        "--delete-delay=two",
        "--output=csv",
        "--output.groups=some",
        "--older-than=tomorrow",
    ] {
        let ran = status(&[&source], &[wrong]).expect(2);
        let (flag, _) = wrong.split_once('=').unwrap();
        assert!(ran.stderr.contains(flag), "{}", ran.stderr);
    }
}

/// S-15.8
#[tokio::test(start_paused = true)]
async fn a_clock_that_differs_is_a_warning_and_no_more() {
    for (ahead, is_told) in [(0, false), (290, false), (-310, true), (48 * 3600, true)] {
        let world = memory::World::new(&memory::three());
        world.target.times.set(Some(ahead), Some(ahead));
        let charted = world.look().await.unwrap();
        let names: Vec<_> = charted.warnings.iter().map(|one| one.name).collect();
        let expected: &[&str] = if is_told { &["clock"] } else { &[] };
        assert_eq!(names, expected, "{ahead}");
        assert_eq!(Overview::new(&charted).exit().code(), 0);
    }
}

/// S-15.2, S-15.6: wherever a migration is killed, each block is on the map once, and where it is.
#[tokio::test(start_paused = true)]
async fn a_map_is_right_after_a_kill_at_any_write() {
    let mut kills = 0;
    for (into_source, into_target) in (0..60).map(|n| (n / 12, n)) {
        let world = memory::World::new(&memory::three());
        world.kill_after(into_source, into_target);
        let is_killed = world.run().await.is_err() || world.source.marked().len() < 3;
        world.revive();
        kills += u32::from(is_killed);
        let charted = world.look().await.unwrap();
        let sums = charted.map.sums();
        let count = |sum: Sum| usize::try_from(sum.blocks).unwrap();
        let (marked, published) = (world.source.marked(), world.target.published());
        assert_eq!(count(sums.marked), marked.len());
        assert_eq!(count(sums.both), published.len() - marked.len());
        assert_eq!(count(sums.hot_only), 3 - published.len());
        assert_eq!(count(sums.cold_only), 0);
        let by_runs: u64 = charted.map.runs.iter().map(|run| run.sum.blocks).sum();
        assert_eq!(by_runs, sums.marked.blocks);
        assert!(charted.not_held.is_empty());
    }
    assert!(kills > 20, "{kills}");
}

/// S-15.8
#[test]
fn a_signal_ends_a_map_that_is_not_finished() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = silent.local_addr().unwrap();
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let mut command = binary();
        command.args(["status", "--output=json"]).arg(format!(
            "--objstore.config={{type: S3, config: {{bucket: hot, endpoint: '{endpoint}', insecure: true, access_key: a, secret_key: b}}}}"
        ));
        let running = Running::start(&mut command);
        // It waits for the listing's first page.
        let connection = silent.accept().unwrap();
        signal(name, running.id());
        let ran = running.wait().expect(code);
        drop(connection);
        assert_eq!(ran.json()["kind"], "error");
        assert_eq!(ran.json()["exit_code"], code);
    }
}

/// S-15.1: where a migration would put objects is no matter to who looks.
#[test]
fn a_target_that_puts_objects_into_an_archive_can_be_looked_at() {
    let minio = Minio::start();
    let world = on_minio::World::new(&minio, &[Block::new(1)]);
    let (source, target) = world.configs();
    let archive = "  put_user_metadata: {X-Amz-Storage-Class: GLACIER}\n";
    let text = fs::read_to_string(&target).unwrap() + archive;
    let config = target.with_file_name("archive.yaml");
    fs::write(&config, text).unwrap();
    on_minio::run(&(source.clone(), config.clone()), &[OLD]).expect(2);
    status(&[&source, &config], &[]).expect(0);
}

/// S-15.1: what the target holds alone is on the map too, though no migration asks what it is.
#[test]
fn a_target_is_read_whole_where_the_source_has_nothing() {
    let minio = Minio::start();
    let world = on_minio::World::new(&minio, &[]);
    for block in seven() {
        block.write_to(&world.target);
    }
    let (source, target) = world.configs();
    let arguments = ["--output=json", "--older-than=1d"];
    let map = status(&[&source, &target], &arguments).expect(0).json();
    assert_eq!(counts(&map["totals"]), [0, 0, 0, 7, 0]);
    assert_eq!(map["warnings"][0]["name"], "no-blocks");
    let quick = QUICK_RETRIES.map(|flag| flag.replace("--older-than=30d", "--max-retries=0"));
    let quick: Vec<&str> = quick.iter().map(String::as_str).collect();
    let nowhere = fs::read_to_string(&target).unwrap();
    let config = target.with_file_name("nowhere.yaml");
    fs::write(&config, nowhere.replace("bucket: cold", "bucket: nowhere")).unwrap();
    status(&[&source, &config], &quick).expect(1);
}
