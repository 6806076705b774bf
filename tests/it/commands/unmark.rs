//! `unmark`: which marks it takes back, and that it touches nothing else.

use std::sync::Arc;

use serde_json::Value;
use thanos_bucket::select::Filter;

use crate::support::block::{Block, id, object};
use crate::support::run::{OLD, Ran, binary};
use crate::support::scripted::{Fault, Request};
use crate::support::world::{Contents, assert_same, blocks_with, without_marks};
use crate::support::{folders, memory};

fn unmark(world: &folders::World, arguments: &[&str]) -> Ran {
    let mut command = binary();
    command
        .arg("unmark")
        .arg(format!(
            "--objstore.config-file={}",
            world.source_config().display()
        ))
        .args(arguments);
    Ran::of(command)
}

/// Ids and endings, in the order of the document.
fn endings(document: &Value) -> Vec<(String, String)> {
    let blocks = document["blocks"].as_array().unwrap().iter();
    let text = |block: &Value, member: &str| block[member].as_str().unwrap().to_owned();
    blocks
        .map(|block| (text(block, "id"), text(block, "ending")))
        .collect()
}

fn all_are(document: &Value, ending: &str) -> usize {
    let endings = endings(document);
    assert!(endings.iter().all(|(_, one)| one == ending), "{endings:?}");
    endings.len()
}

/// S-16.1, S-16.2
#[test]
fn marks_of_a_run_are_taken_back_and_nothing_else() {
    let theirs = Block::new(9).days(8, 9).marked("by hand");
    let later = Block::new(3).days(2, 3);
    let left = [later.id(), theirs.id()];
    let blocks = [Block::new(1), Block::new(2).days(1, 2), theirs];
    let mut world = folders::World::new(&blocks);
    let first = world.migrate(&[OLD, "--no-compact-mark-source", "--output=json"]);
    let first = first.expect(0).json();
    later.write_to(&world.source);
    world.before.extend(later.objects());
    let second = world.migrate(&[OLD, "--output=json"]).expect(0).json();
    let (marked, target) = (world.source.tree(), world.target.tree());
    let of = |run: &Value| format!("--run={}", run["run"].as_str().unwrap());

    let dry = unmark(&world, &[&of(&first), "--output=json"])
        .expect(0)
        .json();
    assert_eq!(dry["kind"], "unmark");
    assert_eq!(dry["dry_run"], true);
    assert_eq!(dry["marked_blocks"], 4);
    assert_eq!(all_are(&dry, "to-unmark"), 2);
    assert_same(&world.source.tree(), &marked);

    let done = unmark(&world, &[&of(&first), "--no-dry-run", "--output=json"]);
    assert_eq!(all_are(&done.expect(0).json(), "unmarked"), 2);
    assert_eq!(
        blocks_with(&world.source.tree(), "deletion-mark.json"),
        left
    );
    assert!(blocks_with(&world.source.tree(), "no-compact-mark.json").is_empty());
    assert_same(&world.target.tree(), &target);

    let again = unmark(&world, &[&of(&first), "--no-dry-run"]).expect(3);
    assert!(
        again.stdout.contains("No mark in the bucket is of run"),
        "{}",
        again.stdout
    );
    let mut rollback = binary();
    let config = format!("--objstore.config-file={}", world.source_config().display());
    rollback.args(["rollback", &config, &of(&second), "--no-dry-run"]);
    let said = Ran::of(rollback).expect(0).stdout;
    assert!(said.contains("1 mark was taken back."), "{said}");
    assert!(said.contains("restart the source's compactor"), "{said}");
    assert_same(&world.source.tree(), &world.before);

    // What was taken back moves again.
    world.migrate(&[OLD]).expect(0);
    assert_eq!(
        blocks_with(&world.source.tree(), "deletion-mark.json").len(),
        4
    );
    assert_same(&world.target.tree(), &target);
}

/// S-16.2, S-16.5: what was asked for by its id and stays is told, and its mark is left alone.
#[test]
fn what_stays_though_it_was_asked_for_needs_a_person() {
    let theirs = Block::new(2).days(1, 2).marked("by hand");
    let blocks = [Block::new(1), theirs, Block::new(3).days(2, 3)];
    let world = folders::World::new(&blocks);
    world
        .migrate(&[OLD, &format!("--id={}", Block::new(1).id())])
        .expect(0);
    let torn = format!("{}/index", Block::new(1).id());
    world.source.remove(&torn);
    let before = world.source.tree();
    let absent = Block::new(7).id();
    let ids: Vec<String> = blocks.iter().map(Block::id).collect();
    let mut arguments: Vec<String> = ids
        .iter()
        .chain([&absent])
        .map(|id| format!("--id={id}"))
        .collect();
    arguments.extend(["--no-dry-run", "--output=json"].map(str::to_owned));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let document = unmark(&world, &arguments).expect(3).json();
    let expected = ["not-whole", "not-ours", "not-marked"];
    let mut expected: Vec<_> = ids.into_iter().zip(expected.map(str::to_owned)).collect();
    expected.sort();
    assert_eq!(endings(&document), expected);
    assert_eq!(document["absent_ids"], serde_json::json!([absent]));
    assert_same(&world.source.tree(), &before);
}

/// S-16.3
#[test]
fn a_mark_that_is_old_is_taken_back_by_force_alone() {
    let world = folders::World::new(&[Block::new(1)]);
    world.migrate(&[OLD]).expect(0);
    let arguments = [OLD, "--delete-delay=1ms", "--output=json"];
    // Marks count seconds.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let document = unmark(&world, &[&arguments[..], &["--no-dry-run"]].concat());
    assert_eq!(all_are(&document.expect(3).json(), "too-old"), 1);
    assert_eq!(
        blocks_with(&world.source.tree(), "deletion-mark.json").len(),
        1
    );
    let document = unmark(
        &world,
        &[&arguments[..], &["--no-dry-run", "--force"]].concat(),
    );
    assert_eq!(all_are(&document.expect(0).json(), "unmarked"), 1);
    assert_same(&world.source.tree(), &world.before);
}

/// S-16.1
#[test]
fn marks_are_taken_back_only_where_it_is_said_which() {
    let world = folders::World::new(&[Block::new(1)]);
    let line = unmark(&world, &["--no-dry-run"]).expect(2).stderr;
    assert!(
        line.starts_with("thanos-bucket: one of --run, --id"),
        "{line}"
    );
    let line = unmark(&world, &["--run=mine"]).expect(2).stderr;
    assert!(
        line.contains("--run \"mine\": expected the id of a run"),
        "{line}"
    );
}

/// S-16.4: the deletion mark, by which a block is found again, goes last.
#[tokio::test(start_paused = true)]
async fn a_kill_at_any_write_leaves_marks_that_the_next_run_takes_back() {
    let migrated = async || {
        let mut world = memory::World::new(&memory::three());
        world.task.settings.no_compact_mark_source = true;
        world.run().await.unwrap();
        world
    };
    let whole = migrated().await;
    let before = whole.source.writes();
    whole.take_back(Filter::default(), false).await.unwrap();
    assert_same(&whole.source.tree(), &whole.before);
    let writes = whole.source.writes() - before;
    assert_eq!(writes, 6, "two marks of each block");
    for kill in 0..writes {
        let world = migrated().await;
        world.kill_after(kill, usize::MAX / 2);
        let _ = world.take_back(Filter::default(), false).await;
        let source = world.source.tree();
        let mut data = without_marks(&source);
        data.retain(|name, _| !name.ends_with("/no-compact-mark.json"));
        assert_same(&data, &world.before);
        let marked = blocks_with(&source, "deletion-mark.json");
        for kept in blocks_with(&source, "no-compact-mark.json") {
            assert!(marked.contains(&kept), "{kept} after {kill} writes");
        }
        world.revive();
        world.take_back(Filter::default(), false).await.unwrap();
        assert_same(&world.source.tree(), &world.before);
    }
}

/// S-16.1: whatever a killed run has left of its marks goes, and so it does where another run has finished its work.
#[tokio::test(start_paused = true)]
async fn what_a_killed_migration_has_left_of_its_marks_is_taken_back() {
    for kill in 0..6 {
        for goes_on in [false, true] {
            let mut world = memory::World::new(&memory::three());
            world.task.settings.no_compact_mark_source = true;
            world.kill_after(kill, usize::MAX / 2);
            let _ = world.run().await;
            world.revive();
            if goes_on {
                world.task.settings.no_compact_mark_source = false;
                world.run().await.unwrap();
            }
            let taken = world.take_back(Filter::default(), false).await.unwrap();
            assert_same(&world.source.tree(), &world.before);
            let marked = if goes_on { 3 } else { kill.div_ceil(2) };
            assert_eq!(taken.blocks.len(), marked, "killed after {kill} writes");
            assert_eq!(taken.exit().code(), 0);
        }
    }
}

/// S-16.1: marks against compaction of others stay, whoever asks.
#[test]
fn a_no_compact_mark_of_somebody_else_stays() {
    let blocks = [Block::new(1), Block::new(2).days(1, 2), Block::new(3)];
    let world = folders::World::new(&blocks[..2]);
    let ours = "migrated to file:///cold by thanos-bucket 0.1.0 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
    let mark = |block: &Block, details: &str| {
        let id = block.id();
        let text = format!(
            r#"{{"id":"{id}","version":1,"details":"{details}","no_compact_time":1,"reason":"manual"}}"#
        );
        let name = format!("{id}/no-compact-mark.json");
        world.source.put(&name, text.into_bytes());
    };
    mark(&blocks[0], "by hand");
    mark(&blocks[1], &format!("{ours}, proven by size"));
    // Of a block that is gone it is left to whoever clears such away.
    mark(&blocks[2], ours);
    let run = "--run=01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
    let ran = unmark(&world, &[run]).expect(0);
    assert!(
        ran.stdout.contains("a no-compact mark alone"),
        "{}",
        ran.stdout
    );
    let done = unmark(&world, &[run, "--no-dry-run", "--output=json"]);
    assert_eq!(all_are(&done.expect(0).json(), "unmarked"), 1);
    let left = blocks_with(&world.source.tree(), "no-compact-mark.json");
    let mut expected = [blocks[0].id(), blocks[2].id()];
    expected.sort();
    assert_eq!(left, expected);
    for (block, ending) in [(&blocks[0], "not-marked"), (&blocks[2], "not-whole")] {
        let named = format!("--id={}", block.id());
        let document = unmark(&world, &[&named, "--no-dry-run", "--output=json"]).expect(3);
        assert_eq!(all_are(&document.json(), ending), 1);
    }
}

/// S-16.4
#[tokio::test(start_paused = true)]
async fn a_mark_that_is_replaced_after_the_last_look_stays() {
    let world = memory::World::new(&memory::three());
    world.run().await.unwrap();
    let mark = object('A', "deletion-mark.json");
    let theirs = format!(
        r#"{{"id":"{}","version":1,"deletion_time":1,"details":"by hand"}}"#,
        id('A')
    );
    let (source, content, name) = (Arc::clone(&world.source), theirs.clone(), mark.clone());
    let turns = std::sync::atomic::AtomicUsize::new(0);
    world.source.on_request(move |request, path| {
        // The survey reads it, the last look does, and then whoever deletes it.
        if request == Request::Get
            && path == name
            && turns.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 2
        {
            source.put(path, content.clone().into_bytes());
        }
    });
    let taken = world.take_back(Filter::default(), false).await.unwrap();
    let endings: Vec<_> = taken.blocks.iter().map(|one| one.ending.as_str()).collect();
    assert_eq!(endings, ["gone", "unmarked", "unmarked"]);
    assert_eq!(world.source.tree().get(&mark), Some(&theirs.into_bytes()));
}

/// S-16.2, S-16.5: what a person reads of what stays, and of marks that speak in this tool's words without being of it.
#[test]
fn what_stays_is_told_with_what_to_do_about_it() {
    let hostile = "migrated to s3://x by thanos-bucket 1 run \u{1b}[2J";
    let theirs = Block::new(2).days(1, 2).marked(hostile);
    let world = folders::World::new(&[Block::new(1), theirs.clone()]);
    let named = |block: &Block| format!("--id={}", block.id());
    world.migrate(&[OLD, &named(&Block::new(1))]).expect(0);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let absent = Block::new(7);
    let ran = unmark(
        &world,
        &[
            &named(&Block::new(1)),
            &named(&theirs),
            &named(&absent),
            "--delete-delay=1ms",
        ],
    );
    let said = ran.expect(3).stdout;
    assert!(!said.contains('\u{1b}'), "{said:?}");
    let places: Vec<_> = [
        "  mode          dry run",
        "asked for by --id, and not in the source\n! ",
        "\ntotals\n",
        "\nneeds a person\n  1 not-ours: ",
        "--force takes the mark back all the same",
        "There is no mark that it would take back. 3 blocks need a person (exit code 3).",
    ]
    .into_iter()
    .map(|words| {
        said.find(words)
            .unwrap_or_else(|| panic!("{words}\n{said}"))
    })
    .collect();
    assert!(places.is_sorted(), "{said}");
    unmark(&world, &[OLD, "--delete-delay=2days"]).expect(2);
}

/// S-16.4
#[tokio::test(start_paused = true)]
async fn what_changes_before_its_turn_is_left_alone() {
    let world = memory::World::new(&memory::three());
    world.run().await.unwrap();
    let mark = object('A', "deletion-mark.json");
    let theirs = format!(
        r#"{{"id":"{}","version":1,"deletion_time":1,"details":"by hand"}}"#,
        id('A')
    );
    let source = Arc::clone(&world.source);
    let content = theirs.clone();
    let turns = std::sync::atomic::AtomicUsize::new(0);
    let marked = mark.clone();
    world.source.on_request(move |request, name| {
        // The survey reads it once.
        if request == Request::Get
            && name == marked
            && turns.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 1
        {
            source.put(name, content.clone().into_bytes());
        }
    });
    let taken = world.take_back(Filter::default(), false).await.unwrap();
    let endings: Vec<_> = taken.blocks.iter().map(|one| one.ending.as_str()).collect();
    assert_eq!(endings, ["gone", "unmarked", "unmarked"]);
    assert_eq!(world.source.tree().get(&mark), Some(&theirs.into_bytes()));
}

/// S-16.4
#[tokio::test(start_paused = true)]
async fn a_block_that_is_deleted_all_the_same_is_told() {
    let world = memory::World::new(&memory::three());
    world.run().await.unwrap();
    let source = Arc::clone(&world.source);
    world.source.on_request(move |request, name| {
        if request == Request::Delete && name == object('B', "deletion-mark.json") {
            source.remove(&object('B', "index"));
        }
    });
    let taken = world.take_back(Filter::default(), false).await.unwrap();
    let endings: Vec<_> = taken.blocks.iter().map(|one| one.ending.as_str()).collect();
    assert_eq!(endings, ["unmarked", "lost-meanwhile", "unmarked"]);
    assert_eq!(taken.exit().code(), 3);
}

/// S-16.4
#[tokio::test(start_paused = true)]
async fn a_meta_json_that_is_read_wrong_once_is_no_loss() {
    let world = memory::World::new(&memory::three());
    world.run().await.unwrap();
    let source = Arc::clone(&world.source);
    let (path, reads) = (
        object('B', "meta.json"),
        std::sync::atomic::AtomicUsize::new(0),
    );
    let right = world.source.tree()[&path].clone();
    world.source.on_request(move |request, name| {
        if request == Request::Get && name == path {
            // The survey reads it, then the look before its mark goes, then the one after.
            let wrong = reads.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 2;
            let content = if wrong {
                vec![b'?'; right.len()]
            } else {
                right.clone()
            };
            source.put(name, content);
        }
    });
    let taken = world.take_back(Filter::default(), false).await.unwrap();
    let endings: Vec<_> = taken.blocks.iter().map(|one| one.ending.as_str()).collect();
    assert_eq!(endings, ["unmarked", "unmarked", "unmarked"]);
}

/// S-16.4: a refusal of one is told of one, and of all of them ends nothing before its time.
#[tokio::test(start_paused = true)]
async fn a_mark_that_may_not_be_deleted_is_told() {
    let world = memory::World::new(&memory::three());
    world.run().await.unwrap();
    world.source.fail(|request, name| {
        (request == Request::Delete && name == object('A', "deletion-mark.json"))
            .then_some(Fault::Refused)
    });
    let taken = world.take_back(Filter::default(), false).await.unwrap();
    let endings: Vec<_> = taken.blocks.iter().map(|one| one.ending.as_str()).collect();
    assert_eq!(endings, ["failed", "unmarked", "unmarked"]);
    assert_eq!(taken.exit().code(), 3);
}
