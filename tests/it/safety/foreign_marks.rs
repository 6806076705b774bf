//! Deletion marks that are no marks of the blocks in whose directories they lie: what real Thanos does with them, and what this tool says before.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::block::{Block, EPOCH_MS};
use crate::support::folders::World;
use crate::support::run::OLD;
use crate::support::thanos;
use crate::support::world::Contents;

fn two() -> [Block; 2] {
    [
        Block::new(1).labels(&[("cluster", "a")]),
        Block::new(2).labels(&[("cluster", "b")]),
    ]
}

/// Puts a mark into the directory of a block of a folder.
fn mark(bucket: &Path, directory: &Block, text: &str) {
    let path = bucket.join(directory.id()).join("deletion-mark.json");
    fs::write(path, text).unwrap();
}

fn naming(block: &Block) -> String {
    let time = EPOCH_MS / 1000;
    format!(
        r#"{{"id":"{}","version":1,"deletion_time":{time}}}"#,
        block.id()
    )
}

#[track_caller]
fn detail(document: &Value) -> &str {
    let excluded = &document["excluded"][0];
    assert_eq!(excluded["reason"], "corrupted-deletion-mark");
    excluded["detail"].as_str().unwrap()
}

/// S-4.4: Thanos deletes the block that the mark names. It is moved before, and the report says so of the other.
#[test]
fn a_mark_that_names_another_block_of_the_source_is_told_and_that_block_is_moved() {
    let [bearer, named] = two();
    let world = World::new(&[bearer.clone(), named.clone()]);
    mark(&world.source, &bearer, &naming(&named));
    let document = world.migrate(&[OLD, "--output=json"]).expect(3).json();
    let told = detail(&document);
    for part in [
        format!("it names {}, which lies in this bucket", named.id()),
        format!("deletes {} from 2025-01-08 00:00 UTC on", named.id()),
        "leaves this block out of queries and compactions from 2025-01-07 00:00 UTC on".to_owned(),
        format!("delete {}/deletion-mark.json now", bearer.id()),
    ] {
        assert!(told.contains(&part), "{told}");
    }
    assert_eq!(world.target.published(), [named.id()]);
    // Without the mark that the run wrote on it, too.
    fs::remove_file(world.source.join(named.id()).join("deletion-mark.json")).unwrap();
    thanos::cleanup(&world.source_config());
    let left = world.source.published();
    assert_eq!(left, [bearer.id()]);
}

/// S-4.4
#[test]
fn a_mark_that_names_no_block_of_the_bucket_and_one_of_another_version_are_told() {
    for (text, expected) in [
        (
            naming(&Block::new(7)),
            "which is not in this bucket: Thanos leaves this block out",
        ),
        (
            r#"{"version":1}"#.to_owned(),
            "it names 00000000000000000000000000, which is not in this bucket",
        ),
        (
            naming(&Block::new(1)).replace(r#""version":1"#, r#""version":2"#),
            "version is 2, expected 1: no compactor and no store gateway of Thanos can sync the bucket",
        ),
        (
            "{".to_owned(),
            "Thanos takes the block for unmarked: delete ",
        ),
    ] {
        let [bearer, other] = two();
        let world = World::new(&[bearer.clone(), other.clone()]);
        mark(&world.source, &bearer, &text);
        let document = world.migrate(&[OLD, "--output=json"]).expect(3).json();
        let told = detail(&document);
        assert!(told.contains(expected), "{told}");
        let moved = world.target.published();
        assert_eq!(moved, [other.id()]);
        let kept = world.source.join(bearer.id()).join("deletion-mark.json");
        assert_eq!(fs::read_to_string(kept).unwrap(), text);
    }
}

/// S-5.1: what the target's compactor is about to delete proves nothing, though nothing in its own directory says so.
#[test]
fn a_block_that_a_mark_of_the_target_names_is_not_relied_on() {
    let [moving, bearer] = two();
    for already_there in [true, false] {
        let world = World::new(std::slice::from_ref(&moving));
        bearer.write_to(&world.target);
        if already_there {
            moving.write_to(&world.target);
        }
        mark(&world.target, &bearer, &naming(&moving));
        let document = world.migrate(&[OLD, "--output=json"]).expect(3).json();
        let block = &document["blocks"][0];
        assert_eq!(block["outcome"]["ending"], "conflict");
        let reason = block["reason"].as_str().unwrap();
        let by = format!("the deletion mark of {} names it", bearer.id());
        assert!(reason.contains(&by), "{reason}");
        assert!(world.source.marked().is_empty());
        assert_eq!(world.target.join(moving.id()).exists(), already_there);
        thanos::cleanup(&world.target_config());
        assert!(!world.target.join(moving.id()).exists());
        // The mark is mended, as the report says: now it moves.
        fs::remove_file(world.target.join(bearer.id()).join("deletion-mark.json")).unwrap();
        world.migrate(&[OLD]).expect(0);
    }
}

/// S-5.1: a compactor that still works with a marked block takes what went into it for outdated, and both are deleted.
#[test]
fn a_cover_that_is_marked_for_deletion_is_waited_for() {
    let [part, rest] = [Block::new(1), Block::new(2)];
    let cover = Block::new(3)
        .range(EPOCH_MS, EPOCH_MS + 40_000_000)
        .level(2)
        .made_of(&[&part, &rest])
        .marked("by hand");
    let world = World::new(std::slice::from_ref(&part));
    cover.write_to(&world.target);
    let document = world.migrate(&[OLD, "--output=json"]).expect(3).json();
    let block = &document["blocks"][0];
    assert_eq!(block["outcome"]["ending"], "covered-unproven");
    let reason = format!("{} is marked for deletion", cover.id());
    assert_eq!(block["reason"], reason);
    assert!(!world.target.join(part.id()).exists());
    thanos::cleanup(&world.target_config());
    world.migrate(&[OLD]).expect(0);
    assert!(world.target.join(part.id()).exists());
}

/// S-4.5: a mark of a version that Thanos does not know stops every sync of the compactor whose bucket holds it.
#[test]
fn a_mark_against_compaction_that_would_stop_the_targets_compactor_is_not_copied() {
    for name in ["no-compact-mark.json", "no-downsample-mark.json"] {
        let [bearer, other] = two();
        let world = World::new(&[bearer.clone(), other.clone()]);
        let path = world.source.join(bearer.id()).join(name);
        fs::write(&path, format!(r#"{{"id":"{}","version":2}}"#, bearer.id())).unwrap();
        let document = world.migrate(&[OLD, "--output=json"]).expect(3).json();
        let excluded = &document["excluded"][0];
        assert_eq!(excluded["reason"], "incomplete");
        let why = "version is 2, expected 1, and no compactor can sync a bucket that holds it";
        assert_eq!(excluded["detail"], format!("{name} is left out: {why}"));
        let moved = world.target.published();
        assert_eq!(moved, [other.id()]);
        // One that Thanos cannot decode is to it as if it were not there, and is copied as it is.
        fs::write(&path, "").unwrap();
        world.migrate(&[OLD]).expect(0);
        assert!(world.target.join(bearer.id()).join(name).exists());
    }
}
