//! Buckets in which a prefix or a block is a disk of its own, and disks that take no more.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::support::block::Block;
use crate::support::folders::{World, copy_tree, tree};
use crate::support::run::OLD;
use crate::support::system::{bind, can_mount, mount, take_away};
use crate::support::world::{blocks_with, without_marks};

/// A disk of its own, or, as containers have it, another folder of the same disk.
fn put_a_disk(world: &World, kind: &str, at: &Path) {
    fs::create_dir_all(at).unwrap();
    if kind == "disk" {
        mount(at);
    } else {
        let volume = tempfile::tempdir_in(world.path("")).unwrap().keep();
        bind(&volume, at);
    }
}

/// S-5.16
#[test]
fn a_prefix_that_is_a_disk_of_its_own_can_be_read_and_written() {
    if !can_mount(
        "providers::folder::mounts::a_prefix_that_is_a_disk_of_its_own_can_be_read_and_written",
    ) {
        return;
    }
    for kind in ["disk", "volume"] {
        let world = World::new(&[1, 2, 3].map(Block::new));
        let before = tree(&world.source);
        let (hot, cold) = (world.path("hot"), world.path("cold"));
        for (side, folder) in [("source", &hot), ("target", &cold)] {
            put_a_disk(&world, kind, &folder.join("pre/fix"));
            world.configure(side, folder, "pre/fix");
        }
        copy_tree(&world.source, &hot.join("pre/fix"));
        world.migrate(&[OLD]).expect(0);
        assert_eq!(tree(&cold.join("pre/fix")), before);
        let source = tree(&hot.join("pre/fix"));
        assert_eq!(blocks_with(&source, "deletion-mark.json").len(), 3);
        assert_eq!(without_marks(&source), before);
        for folder in [&hot, &cold] {
            assert_eq!(tree(folder).len(), tree(&folder.join("pre/fix")).len());
        }
    }
}

/// S-5.16: the block has leftovers of a dead run, which go; Thanos sees nothing of them.
#[test]
fn a_block_that_is_a_disk_of_its_own_can_be_read_and_written() {
    if !can_mount(
        "providers::folder::mounts::a_block_that_is_a_disk_of_its_own_can_be_read_and_written",
    ) {
        return;
    }
    for kind in ["disk", "volume"] {
        let blocks = [1, 2].map(Block::new);
        let world = World::new(&[]);
        for folder in [&world.source, &world.target] {
            put_a_disk(&world, kind, &folder.join(blocks[0].id()));
            let staging = folder.join(blocks[0].id()).join(".thanos-bucket-staging");
            fs::create_dir(&staging).unwrap();
            let old = File::create(staging.join("old")).unwrap();
            old.set_modified(SystemTime::now() - Duration::from_hours(25))
                .unwrap();
        }
        for block in &blocks {
            block.write_to(&world.source);
        }
        let mut before = tree(&world.source);
        before.retain(|name, _| !name.contains("staging"));
        world.migrate(&[OLD]).expect(0);
        assert_eq!(tree(&world.target), before);
        let source = tree(&world.source);
        assert_eq!(blocks_with(&source, "deletion-mark.json").len(), 2);
        assert_eq!(without_marks(&source), before);
    }
}

/// S-6.3: a disk without space, and one that cannot be written any more, end the run; what was marked is there.
#[test]
fn a_disk_that_takes_no_more_ends_the_run() {
    if !can_mount("providers::folder::mounts::a_disk_that_takes_no_more_ends_the_run") {
        return;
    }
    let blocks: Vec<_> = (1..=100)
        .map(|number| Block::new(number).chunk_bytes(&[20_000]))
        .collect();
    for (option, told) in [
        ("size=400k", "No space left on device"),
        ("nr_inodes=60", "No space left on device"),
        ("ro", "Read-only file system"),
    ] {
        let world = World::new(&blocks);
        fs::create_dir(&world.target).unwrap();
        mount(&world.target);
        remount(&world.target, option);
        let ran = world.migrate(&[OLD]);
        let ran = ran.expect(1);
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
        let (source, target) = (tree(&world.source), tree(&world.target));
        let published = blocks_with(&target, "meta.json");
        for block in blocks_with(&source, "deletion-mark.json") {
            assert!(published.contains(&block), "{block}");
        }
        assert!(target.keys().all(|name| !name.contains("staging")));
        take_away(&world.target);
    }
}

fn remount(disk: &Path, option: &str) {
    let option = format!("remount,{option}");
    let mut command = Command::new("mount");
    let ran = command.args(["-o", &option]).arg(disk).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
}
