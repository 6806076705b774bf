//! The look back at what was moved: it warns where something can be lost, and only there.

use std::fs;

use serde_json::{Value, json};

use crate::support::block::{Block, TWO_HOURS_MS};
use crate::support::folders::World;

const ARGUMENTS: [&str; 2] = ["--older-than=30d", "--output=json"];

/// What a run says is marked and not held.
fn not_held(world: &World, code: i32) -> Value {
    world.migrate(&ARGUMENTS).expect(code).json()["marked_not_held"].take()
}

/// S-5.12: a compactor marks and deletes the block of the source as it likes.
#[test]
fn what_becomes_of_a_source_block_that_the_target_holds_worries_nobody() {
    let block = Block::new(1).chunk_bytes(&[1000, 1000]);
    let world = World::new(std::slice::from_ref(&block));
    world.migrate(&ARGUMENTS).expect(0);
    let ours = world.source.join(block.id());
    for name in [
        "no-compact-mark.json",
        "no-downsample-mark.json",
        "tombstones",
    ] {
        let mark =
            json!({"id": block.id(), "version": 1, "no_compact_time": 1, "reason": "manual"});
        fs::write(ours.join(name), mark.to_string()).unwrap();
    }
    assert_eq!(not_held(&world, 0), json!([]));
    for name in ["meta.json", "chunks/000001", "chunks/000002", "index"] {
        fs::remove_file(ours.join(name)).unwrap();
        assert_eq!(not_held(&world, 0), json!([]), "{name}");
    }
}

/// S-5.12: the target's compactor has made another block of it, and the source's deletes it.
#[test]
fn a_block_that_goes_in_the_source_and_was_compacted_in_the_target_worries_nobody() {
    let blocks = [Block::new(1), Block::new(2)];
    let world = World::new(&blocks);
    world.migrate(&ARGUMENTS).expect(0);
    let start = crate::support::block::EPOCH_MS + TWO_HOURS_MS;
    let compacted = Block::new(3)
        .range(start, start + 2 * TWO_HOURS_MS)
        .level(2)
        .made_of(&[&blocks[0], &blocks[1]]);
    compacted.write_to(&world.target);
    for block in &blocks {
        fs::remove_file(world.source.join(block.id()).join("meta.json")).unwrap();
        fs::remove_dir_all(world.target.join(block.id())).unwrap();
    }
    assert_eq!(not_held(&world, 0), json!([]));
    // Without it there is something to worry about.
    fs::remove_file(world.target.join(compacted.id()).join("index")).unwrap();
    let worries = not_held(&world, 3);
    assert_eq!(worries.as_array().unwrap().len(), 2, "{worries}");
    assert_eq!(
        worries[0]["why"],
        "chunks/000001 is missing, index is missing, meta.json is missing"
    );
}
