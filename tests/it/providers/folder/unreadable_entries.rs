//! What lies in a folder of the source and is no readable file: no block is taken for whole without it, and no other block minds.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::block::Block;
use crate::support::folders::World;
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

#[track_caller]
fn entry(document: &Value, list: &str, block: &Block) -> Value {
    let entries = document[list].as_array().unwrap();
    let entry = entries.iter().find(|entry| entry["id"] == block.id());
    entry.unwrap_or_else(|| panic!("{document}")).clone()
}

/// S-4.5: neither copied nor marked, with one warning for each.
#[test]
fn a_block_with_an_entry_that_is_left_out_of_listings_is_incomplete() {
    type Make = Box<dyn Fn(&Path, &Path)>;
    let odd_name = |path: &Path, name: &[u8]| {
        fs::write(path.join(OsStr::from_bytes(name)), "odd").unwrap();
    };
    let table: [(&str, Make); 6] = [
        (
            "chunks/000002 is left out: symbolic links are not followed",
            Box::new(|block, outside| {
                let segment = block.join("chunks/000002");
                fs::rename(&segment, outside).unwrap();
                symlink(outside, segment).unwrap();
            }),
        ),
        (
            "debug is left out: symbolic links are not followed",
            Box::new(|block, outside| symlink(outside, block.join("debug")).unwrap()),
        ),
        (
            "chunks/000003 is left out: it is neither a file nor a folder",
            Box::new(|block, _| make_fifo(&block.join("chunks/000003"))),
        ),
        (
            "chunks/a%0Ab is left out: its name cannot be an object's",
            Box::new(move |block, _| odd_name(&block.join("chunks"), b"a\nb")),
        ),
        (
            "a%01 is left out: its name cannot be an object's",
            Box::new(move |block, _| odd_name(block, b"a\x01")),
        ),
        (
            "b%FF is left out: its name cannot be an object's",
            Box::new(move |block, _| odd_name(block, b"b\xff")),
        ),
    ];
    for (detail, make) in table {
        let [odd, other] = two();
        let world = World::new(&[odd.clone(), other.clone()]);
        make(&world.source.join(odd.id()), &world.path("outside"));
        let ran = world.migrate(&[OLD, "--output=json"]).expect(3);
        let document = ran.json();
        let excluded = entry(&document, "excluded", &odd);
        assert_eq!(excluded["reason"], "incomplete", "{detail}");
        assert_eq!(excluded["detail"], detail);
        let ending = &entry(&document, "blocks", &other)["outcome"]["ending"];
        assert_eq!(ending, "migrated", "{detail}");
        assert!(!world.target.join(odd.id()).exists(), "{detail}");
        let mark = world.source.join(odd.id()).join("deletion-mark.json");
        assert!(!mark.exists(), "{detail}");
        assert_eq!(
            ran.stderr.matches("left out of the listing").count(),
            1,
            "{}",
            ran.stderr
        );
    }
}

/// S-4.5: Thanos follows links, so that nobody can say that the block is not live; and it holds up no other one.
#[test]
fn something_else_in_the_place_of_a_meta_json_or_of_a_blocks_folder_is_told() {
    type Make = fn(&Path, &Path);
    let table: [(&str, Make); 3] = [
        ("meta.json", |meta, _| make_fifo(meta)),
        ("meta.json", |meta, moved| symlink(moved, meta).unwrap()),
        ("", |block, moved| symlink(moved, block).unwrap()),
    ];
    for (name, make) in table {
        let [odd, other] = two();
        let world = World::new(&[odd.clone(), other.clone()]);
        let block = world.source.join(odd.id());
        let there = match name {
            "" => block,
            name => block.join(name),
        };
        let moved = world.path("moved");
        fs::rename(&there, &moved).unwrap();
        make(&there, &moved);
        let document = world.migrate(&[OLD, "--output=json"]).expect(3).json();
        assert_eq!(entry(&document, "excluded", &odd)["reason"], "unreadable");
        assert_eq!(world.target.published(), [other.id()]);
    }
}

/// S-6.2: no further try takes it away.
#[test]
fn what_lies_where_a_copy_is_to_be_fails_its_block_at_the_first_try() {
    type Make = fn(&Path);
    let table: [(&str, Make); 5] = [
        ("index", |path| fs::create_dir(path).unwrap()),
        ("meta.json", |path| fs::create_dir(path).unwrap()),
        ("chunks", |path| fs::write(path, "x").unwrap()),
        ("", |path| fs::write(path, "x").unwrap()),
        ("chunks/000001", |path| fs::create_dir(path).unwrap()),
    ];
    for (name, make) in table {
        let [odd, other] = two();
        let world = World::new(&[odd.clone(), other.clone()]);
        let path = world.target.join(odd.id());
        let path = match name {
            "" => path,
            name => path.join(name),
        };
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        make(&path);
        let ran = world.migrate(&[OLD, "--output=json"]).expect(3);
        let document = ran.json();
        let outcome = &entry(&document, "blocks", &odd)["outcome"];
        assert_eq!(outcome["ending"], "failed", "{name}: {document}");
        let outcome = &entry(&document, "blocks", &other)["outcome"];
        assert_eq!(outcome["ending"], "migrated", "{name}");
        assert!(
            !ran.stderr.contains("tried again"),
            "{name}: {}",
            ran.stderr
        );
    }
}

/// S-5.11: a folder is no mark, and nothing says that there is one.
#[test]
fn a_folder_in_the_place_of_a_mark_fails_its_block() {
    for content in [None, Some("x")] {
        let [odd, other] = two();
        let world = World::new(&[odd.clone(), other.clone()]);
        let mark = world.source.join(odd.id()).join("deletion-mark.json");
        fs::create_dir(&mark).unwrap();
        if let Some(content) = content {
            fs::write(mark.join(content), content).unwrap();
        }
        let document = world.migrate(&[OLD, "--output=json"]).expect(3).json();
        let outcome = &entry(&document, "blocks", &odd)["outcome"];
        assert_eq!(outcome["ending"], "failed", "{document}");
        assert_eq!(outcome["mark"], "none");
        let outcome = &entry(&document, "blocks", &other)["outcome"];
        assert_eq!(outcome["ending"], "migrated");
        assert!(mark.is_dir());
    }
}

fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}
