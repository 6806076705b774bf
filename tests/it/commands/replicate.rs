//! `replicate`: blocks arrive whole, the source stays as it was, and in a script it stands in for Thanos' own command.

use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::Value;
use thanos_bucket::plan::{Purpose, Scope};

use crate::support::block::{Block, FIVE_MINUTES_MS, ONE_HOUR_MS};
use crate::support::folders::{self, tree};
use crate::support::memory::{self, three};
use crate::support::minio::Minio;
use crate::support::on_minio;
use crate::support::run::{Ran, binary};
use crate::support::scripted::{Fault, Request, Scripted};
use crate::support::thanos;
use crate::support::world::{Contents, assert_same, blocks_with, without_marks};

fn replicate(source: &Path, target: &Path, arguments: &[&str]) -> Ran {
    let mut command = binary();
    command
        .arg("replicate")
        .arg(format!("--objstore.config-file={}", source.display()))
        .arg(format!("--objstore-to.config-file={}", target.display()))
        .args(arguments);
    Ran::of(command)
}

/// From the source of a world to its target.
fn forth(world: &folders::World, arguments: &[&str]) -> Ran {
    replicate(&world.source_config(), &world.target_config(), arguments)
}

/// The other way round.
fn back(world: &folders::World, arguments: &[&str]) -> Ran {
    replicate(&world.target_config(), &world.source_config(), arguments)
}

fn endings(document: &Value) -> Vec<&str> {
    let blocks = document["blocks"].as_array().unwrap().iter();
    blocks
        .map(|block| block["outcome"]["ending"].as_str().unwrap())
        .collect()
}

/// S-14.1
#[test]
fn blocks_are_copied_and_the_source_is_not_written() {
    let marked = Block::new(3).marked("source of compacted block");
    let world = folders::World::new(&[Block::new(1), Block::new(2), marked.clone()]);
    let plan = forth(&world, &["--output=json", "--dry-run"])
        .expect(0)
        .json();
    assert_eq!(plan["kind"], "replication-plan");
    assert!(!world.target.exists());
    let report = forth(&world, &["--output=json"]).expect(0).json();
    assert_eq!(report["kind"], "replication-report");
    assert_eq!(report["cutoff"], Value::Null);
    assert_eq!(endings(&report), ["replicated"; 3]);
    for block in report["blocks"].as_array().unwrap() {
        assert_eq!(block["outcome"]["mark"], "none");
        assert_eq!(block["outcome"]["proof"], "size");
    }
    assert_same(&tree(&world.source), &world.before);
    assert_same(&tree(&world.target), &without_marks(&world.before));
    // Once more there is nothing to do.
    let again = forth(&world, &["--output=json"]).expect(0).json();
    assert_eq!(endings(&again), ["already-there"; 3]);
    assert_eq!(again["totals"]["objects_put"], 0);
    let text = forth(&world, &[]).expect(0).stdout;
    assert!(text.starts_with("replication report of run "), "{text}");
    let end = "each is in the target, or needed nothing, and nothing was written into the source.";
    assert!(text.contains(end), "{text}");
}

/// S-14.1: on a server, with a source that may only be read.
#[test]
fn rights_to_read_are_enough_in_the_source() {
    let minio = Minio::start();
    let world = on_minio::World::new(&minio, &[Block::new(1), Block::new(2)]);
    let reader = minio.reader();
    let source = world
        .source
        .config_for("hot-reader.yaml", &reader, minio.port(), "");
    let (_, target) = world.configs();
    let report = replicate(&source, &target, &["--output=json"])
        .expect(0)
        .json();
    assert_eq!(endings(&report), ["replicated"; 2]);
    assert_same(&world.source.tree(), &world.before);
    assert_same(&world.target.tree(), &world.before);
}

fn copying() -> memory::World {
    let mut world = memory::World::new(&three());
    world.task.rules.purpose = Purpose::Copy;
    world.task.rules.filter.cutoff = None;
    world
}

/// S-14.1, S-6.6
#[tokio::test(start_paused = true)]
async fn a_kill_at_any_write_is_healed_by_the_next_replication() {
    let whole = copying();
    let ran = whole.run().await.unwrap();
    assert_eq!(ran.endings(), ["replicated"; 3]);
    assert_eq!(whole.source.writes(), 0);
    let expected = whole.target.tree();
    assert_same(&expected, &whole.before);
    for writes in 0..whole.target.writes() {
        let world = copying();
        world.kill_after(0, writes);
        let _ = world.run().await;
        let when = format!("killed after {writes} writes to the target");
        world.assert_sound_after(&when);
        world.revive();
        world.run().await.unwrap();
        assert_eq!(world.target.tree(), expected, "{when}");
        assert_eq!(world.source.writes(), 0, "{when}");
        let again = world.run().await.unwrap();
        assert_eq!(again.endings(), ["already-there"; 3], "{when}");
    }
}

/// S-14.1: nothing is marked, so that it does not matter what time it is.
#[tokio::test(start_paused = true)]
async fn clocks_do_not_matter_to_copies() {
    let mut world = copying();
    world.task.clock = Arc::new(|| memory::now() - TimeDelta::days(3));
    world.source.times.set(Some(1_000_000), Some(1_000_000));
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings(), ["replicated"; 3]);
}

/// Somebody marks block A in that bucket, once its index is being put into the target.
fn mark_when_its_index_is_put(world: &memory::World, bucket: &Arc<Scripted>) {
    let bucket = Arc::downgrade(bucket);
    let block = three()[0].clone().marked("by hand");
    let (index, mark) = ["index", "deletion-mark.json"]
        .map(|name| format!("{}/{name}", block.id()))
        .into();
    world.target.on_request(move |request, path| {
        let objects = block.objects().into_iter();
        let there = bucket.upgrade().filter(|there| !there.has(&mark));
        if request == Request::Put
            && path == index
            && let Some(there) = there
        {
            let mut marks = objects.filter(|(name, _)| *name == mark);
            let (name, content) = marks.next().unwrap();
            there.put(&name, content);
        }
    });
}

/// S-14.1, S-5.7: what cannot be completed is taken back, and what somebody marks in the target meanwhile is left to them.
#[tokio::test(start_paused = true)]
async fn what_happens_in_the_target_meanwhile_is_heeded() {
    let world = copying();
    let block = three()[0].clone();
    let index = format!("{}/index", block.id());
    let lost = index.clone();
    world.target.fail(move |request, path| {
        (request == Request::Put && path == lost).then_some(Fault::Lost)
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending('A'), "failed");
    assert!(!world.target.published().contains(&block.id()));

    let world = copying();
    mark_when_its_index_is_put(&world, &world.target);
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending('A'), "marked-in-target");
    assert_eq!(ran.endings_of("BC"), ["replicated"; 2]);
    assert!(ran.results.complete);
}

/// S-14.2: who wants marked blocks too wants one that is marked meanwhile.
#[tokio::test(start_paused = true)]
async fn a_mark_that_appears_in_the_source_counts_only_where_marks_do() {
    for (scope, ending) in [
        (Scope::Unmarked, "superseded"),
        (Scope::Marked, "replicated"),
    ] {
        let mut world = copying();
        world.task.rules.scope = scope;
        mark_when_its_index_is_put(&world, &world.source);
        let ran = world.run().await.unwrap();
        assert_eq!(ran.ending('A'), ending);
        assert_eq!(ran.endings_of("BC"), ["replicated"; 2]);
        assert_eq!(world.source.marked().len(), 1);
        assert_eq!(world.target.marked().len(), 0);
    }
}

/// S-14.4, S-14.5
#[test]
fn what_is_marked_in_the_target_is_unmarked_first() {
    let world = folders::World::new(&[Block::new(1), Block::new(2)]);
    let moved = world
        .migrate(&["--older-than=30d", "--output=json"])
        .expect(0)
        .json();
    let before = tree(&world.source);
    for arguments in [
        &["--output=json", "--dry-run"] as &[&str],
        &["--output=json"],
    ] {
        let document = back(&world, arguments).expect(3).json();
        assert_eq!(document["totals"]["needs_a_person"]["marked-in-target"], 2);
        for block in document["blocks"].as_array().unwrap() {
            assert_eq!(block["action"], "marked-in-target");
            let by = format!(
                "moved to file://{} by run {}",
                world.target.display(),
                moved["run"].as_str().unwrap()
            );
            assert_eq!(block["reason"], by);
        }
        assert_eq!(document["warnings"].as_array().unwrap().len(), 0);
    }
    assert_same(&tree(&world.source), &before);
    // Of the two the older one is brought back, and the newer one tells that it would move away again.
    let (older, newer) = (Block::new(1), Block::new(2));
    world.source.remove_block(&older.id());
    let document = back(&world, &["--output=json"]).expect(3).json();
    assert_eq!(endings(&document), ["replicated", "marked-in-target"]);
    let warning = &document["warnings"][0];
    assert_eq!(warning["name"], "moved-again");
    assert_eq!(warning["ids"], serde_json::json!([older.id()]));
    assert_eq!(world.source.marked(), [newer.id()]);
    // And so it does.
    world.migrate(&["--older-than=30d"]).expect(0);
    assert_eq!(world.source.marked().len(), 2);
}

/// S-14.5: what the source's compactor has deleted comes back, by time or by id, and Thanos reads it as before.
#[test]
fn blocks_are_brought_back_by_time_and_by_id() {
    let world = folders::World::of_examples();
    let before = tree(&world.source);
    world.migrate(&["--older-than=30d"]).expect(0);
    thanos::cleanup(&world.source_config());
    assert!(tree(&world.source).is_empty());
    let morning = [
        "--min-time=2025-01-06T03:00:00Z",
        "--max-time=2025-01-06T03:00:00Z",
    ];
    back(&world, &morning).expect(0);
    let ids = blocks_with(&tree(&world.source), "meta.json");
    assert_eq!(
        ids,
        ["01JGWWA0G00000000000000001", "01JGWWA0G00000000000000002"]
    );
    back(&world, &["--id=01JGX35QR00000000000000001"]).expect(0);
    assert_eq!(thanos::list(&world.source_config()).len(), 3);
    let report = back(&world, &["--output=json"]).expect(0).json();
    assert_eq!(report["totals"]["by_outcome"]["already-there"]["blocks"], 3);
    assert_same(&tree(&world.source), &before);
    assert_same(&tree(&world.target), &before);
    assert!(world.source.marked().is_empty());
}

/// Blocks of several clusters, tenants, resolutions and levels, one marked, one partial and one without labels.
fn of_all_kinds() -> Vec<Block> {
    let day =
        |first| Block::new(char::from(b'A' + u8::try_from(first).unwrap())).days(first, first + 1);
    vec![
        day(0),
        day(1).level(2),
        day(2).cluster("us-1").resolution(FIVE_MINUTES_MS).level(3),
        day(3)
            .labels(&[("cluster", "eu-2"), ("tenant", "a,b")])
            .resolution(ONE_HOUR_MS)
            .level(4),
        day(4).level(5),
        day(5).marked("by hand"),
        day(6).labels(&[]),
        day(7).without("meta.json"),
    ]
}

/// The flags that are compared.
const COMPARED: [&[&str]; 14] = [
    &["--compaction-min=1", "--compaction-max=9"],
    &["--matcher=cluster=\"eu-1\"", "--compaction-max=9"],
    &[
        "--matcher={cluster=~\"eu-.*\", tenant!=\"\",}",
        "--compaction-max=9",
    ],
    &["--matcher=cluster!~eu-.+"],
    &["--matcher=tenant=\"a,b\""],
    &["--resolution=5m0s"],
    &[
        "--resolution=0s",
        "--resolution=3600s",
        "--compaction-max=9",
    ],
    &["--compaction=2", "--compaction=5", "--compaction-max=3"],
    &["--compaction-min=2", "--compaction-max=3"],
    &[
        "--min-time=2025-01-02T12:00:00Z",
        "--max-time=2025-01-04T00:00:00Z",
    ],
    &["--max-time=2025-01-03T00:00:00Z", "--matcher=cluster=eu-1"],
    &[
        "--ignore-marked-for-deletion",
        "--resolution=0s",
        "--compaction-max=9",
    ],
    &[
        "--id=01J9ZK3M7Q8T5V6W7X8Y9Z0A1E",
        "--id=01J9ZK3M7Q8T5V6W7X8Y9Z0A1F",
        "--matcher=cluster=none",
        "--resolution=1h",
    ],
    &[
        "--id=01J9ZK3M7Q8T5V6W7X8Y9Z0A1F",
        "--id=01J9ZK3M7Q8T5V6W7X8Y9Z0A1A",
        "--max-time=2025-01-03T00:00:00Z",
    ],
];

/// S-14.2, S-14.3: the same flags to both, on the same source, in folders.
#[test]
fn thanos_copies_the_same_blocks_between_folders() {
    let world = folders::World::new(&of_all_kinds());
    for flags in COMPARED {
        let theirs = world.path("theirs");
        world.configure("theirs", &theirs, "");
        thanos::replicate(&world.source_config(), &world.path("theirs.yaml"), flags);
        let ran = forth(
            &world,
            &[flags, &["--single-run", "--http-address=127.0.0.1:0"]].concat(),
        );
        // A block that is asked for by id and left out by another flag needs a person.
        let excluded = flags.contains(&"--id=01J9ZK3M7Q8T5V6W7X8Y9Z0A1A") && flags.len() == 3;
        let ran = ran.expect(if excluded { 3 } else { 0 });
        assert!(
            ran.stderr.contains("--http-address has no effect"),
            "{}",
            ran.stderr
        );
        let (ours, theirs) = (tree(&world.target), tree(&theirs));
        assert!(!ours.is_empty(), "{flags:?}");
        assert_eq!(
            blocks_with(&ours, "meta.json"),
            blocks_with(&theirs, "meta.json"),
            "{flags:?}"
        );
        assert_same(&ours, &theirs);
        for target in [world.target.clone(), world.path("theirs")] {
            std::fs::remove_dir_all(target).unwrap();
        }
    }
    assert_same(&tree(&world.source), &world.before);
}

/// S-14.2: on a server; and what this tool copies besides.
#[test]
fn thanos_copies_the_same_blocks_between_buckets_of_s3_but_for_what_it_leaves_behind() {
    let minio = Minio::start();
    let world = on_minio::World::new(&minio, &of_all_kinds());
    let (source, target) = world.configs();
    let other = minio.bucket("theirs");
    let theirs = other.config("theirs.yaml");
    let flags = ["--compaction-max=9", "--matcher=cluster=~\"eu.*\""];
    thanos::replicate(&source, &theirs, &flags);
    replicate(&source, &target, &flags).expect(0);
    assert_same(&world.target.tree(), &other.tree());
    // Without flags, levels above 4 stay behind there; marks against compaction and files of others always do.
    let level_5 = Block::new('E');
    let extra = ["no-compact-mark.json", "change.log"]
        .map(|name| format!("{}/{name}", Block::new('A').id()));
    let id = Block::new('A').id();
    let mark = format!(r#"{{"id":"{id}","version":1,"no_compact_time":1,"reason":"manual"}}"#);
    world.source.put(&extra[0], mark.into_bytes());
    world.source.put(&extra[1], b"who and when".to_vec());
    for bucket in [&world.target, &other] {
        bucket.tree().keys().for_each(|name| bucket.remove(name));
    }
    thanos::replicate(&source, &theirs, &[]);
    replicate(&source, &target, &[]).expect(0);
    let (mut ours, theirs) = (world.target.tree(), other.tree());
    for name in &extra {
        assert!(ours.remove(name).is_some(), "{name}");
    }
    ours.retain(|name, _| !name.starts_with(&level_5.id()));
    assert_same(&ours, &theirs);
    assert!(world.target.published().contains(&level_5.id()));
}
