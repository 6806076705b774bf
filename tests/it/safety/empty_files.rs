//! Files of no bytes, as a power cut leaves them: in the source nothing is made of them, and in the target they are put anew.

use std::fs;

use serde_json::Value;

use crate::support::block::Block;
use crate::support::folders::{World, tree};
use crate::support::run::OLD;
use crate::support::world::Contents;

/// Two blocks in units of their own; the first has no list of its files.
fn two() -> [Block; 2] {
    [
        Block::new(1)
            .without_file_list()
            .chunk_bytes(&[1000, 2000])
            .labels(&[("cluster", "a")]),
        Block::new(2).labels(&[("cluster", "b")]),
    ]
}

/// S-4.4, S-4.5
#[test]
fn a_file_of_no_bytes_in_the_source_keeps_its_block_from_being_moved() {
    for (object, reason, detail) in [
        ("index", "incomplete", "index is empty"),
        ("chunks/000001", "incomplete", "chunks/000001 is empty"),
        ("chunks/000002", "incomplete", "chunks/000002 is empty"),
        ("meta.json", "corrupted-meta-json", "it is no JSON: EOF"),
        (
            "deletion-mark.json",
            "corrupted-deletion-mark",
            "it is no JSON: EOF",
        ),
    ] {
        let [cut, other] = two();
        let world = World::new(&[cut.clone(), other.clone()]);
        fs::write(world.source.join(cut.id()).join(object), "").unwrap();
        let before = tree(&world.source.join(cut.id()));
        let document = world.migrate(&[OLD, "--output=json"]).expect(3).json();
        let excluded = &document["excluded"][0];
        assert_eq!(excluded["id"], cut.id());
        assert_eq!(excluded["reason"], reason);
        let told = excluded["detail"].as_str().unwrap();
        assert!(told.starts_with(detail), "{told}");
        assert_eq!(tree(&world.source.join(cut.id())), before, "{object}");
        assert_eq!(world.target.published(), [other.id()]);
        assert!(!world.target.join(cut.id()).exists());
    }
}

/// S-4.5: a list that was made of such files tells nothing else.
#[test]
fn a_file_list_that_tells_of_no_bytes_is_not_believed() {
    for (object, written) in [("index", "size_bytes"), ("chunks/000001", "unknown")] {
        let block = Block::new(1);
        let world = World::new(std::slice::from_ref(&block));
        let meta = world.source.join(block.id()).join("meta.json");
        let mut told: Value = serde_json::from_slice(&fs::read(&meta).unwrap()).unwrap();
        let files = told["thanos"]["files"].as_array_mut().unwrap();
        let file = files.iter_mut().find(|file| file["rel_path"] == object);
        *file.unwrap() = serde_json::json!({"rel_path": object, written: 0});
        fs::write(&meta, told.to_string()).unwrap();
        fs::write(world.source.join(block.id()).join(object), "").unwrap();
        let document = world.migrate(&[OLD, "--output=json"]).expect(3).json();
        let excluded = &document["excluded"][0];
        assert_eq!(excluded["detail"], format!("{object} is empty"));
        assert!(tree(&world.target).is_empty());
    }
}

/// S-5.1
#[test]
fn a_file_of_no_bytes_in_a_published_block_is_put_anew_before_the_source_is_marked() {
    for object in ["index", "chunks/000001", "chunks/000002"] {
        let [cut, other] = two();
        let world = World::new(&[cut.clone(), other.clone()]);
        world.migrate(&[OLD]).expect(0);
        let whole = tree(&world.target);
        fs::write(world.target.join(cut.id()).join(object), "").unwrap();
        // The mark that was written on the whole block is not borne out any more.
        let document = world.migrate(&[OLD, "--output=json"]).expect(3).json();
        assert_eq!(document["marked_not_held"][0]["block"], cut.id());
        fs::remove_file(world.source.join(cut.id()).join("deletion-mark.json")).unwrap();
        let document = world.migrate(&[OLD, "--output=json"]).expect(0).json();
        assert_eq!(document["blocks"][0]["outcome"]["ending"], "repaired");
        assert_eq!(tree(&world.target), whole, "{object}");
        let marked = world.source.marked();
        assert_eq!(marked, [cut.id(), other.id()]);
    }
}
