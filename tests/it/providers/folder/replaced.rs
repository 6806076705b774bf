//! Folders that are replaced while a run goes on: a disk is unmounted, a folder is renamed, deleted or mounted over. Nothing is read from what
//! lies there then, and nothing is written to it.

use std::fs;
use std::path::Path;

use crate::support::block::Block;
use crate::support::folders::{World, copy_tree, tree};
use crate::support::run::{Ran, migrate};
use crate::support::system::{bind, can_mount, in_mid_run, mount, take_away};
use crate::support::world::{Tree, blocks_with};

const BLOCKS: u64 = 150;

fn many() -> Vec<Block> {
    (1..=BLOCKS).map(Block::new).collect()
}

/// Runs until some blocks have moved, acts, and lets the run come to its end.
fn acting_in_mid_run(world: &World, source: &Path, act: impl FnOnce()) -> Ran {
    let mut command = migrate(
        &world.source_config(),
        &world.target_config(),
        &["--older-than=30d", "--output=json"],
    );
    in_mid_run(&mut command, source, "deletion-mark.json", 3, act)
}

/// The run stopped because that folder is gone, and each block that is marked is wholly there.
#[track_caller]
fn assert_stopped(ran: Ran, gone: &Path, source: &Tree, target: &Tree) {
    let ran = ran.expect(1);
    let told = format!("the bucket is gone: {} ", gone.display());
    assert!(ran.stderr.contains(&told), "{}", ran.stderr);
    assert!(!ran.stdout.contains("\"vanished\""), "{}", ran.stdout);
    let document = ran.json();
    assert!(document["aborted"].as_str().unwrap().contains(&told));
    let marked = blocks_with(source, "deletion-mark.json");
    assert!(marked.len() < usize::try_from(BLOCKS).unwrap(), "too late");
    for block in marked {
        let of_block = |tree: &Tree| {
            let mut tree = tree.clone();
            tree.retain(|name, _| {
                name.starts_with(&block) && !name.ends_with("deletion-mark.json")
            });
            tree
        };
        assert_eq!(of_block(target), of_block(source), "{block} is marked");
    }
}

/// S-5.18: renamed, and an empty folder, a copy of it or nothing in its place; or deleted and made anew.
#[test]
fn a_bucket_whose_folder_is_replaced_in_mid_run_ends_the_run() {
    for side in ["source", "target"] {
        for replacement in ["nothing", "an empty folder", "a copy"] {
            let world = World::new(&many());
            let (folder, moved) = (world.path(side), world.path("moved"));
            let ran = acting_in_mid_run(&world, &world.source, || {
                fs::rename(&folder, &moved).unwrap();
                match replacement {
                    "an empty folder" => fs::create_dir(&folder).unwrap(),
                    "a copy" => copy_tree(&moved, &folder),
                    _ => {}
                }
            });
            let put = match replacement {
                "a copy" => Tree::new(),
                _ => tree(&folder),
            };
            assert_eq!(put, Tree::new(), "{side}, {replacement}");
            let (source, target) = match side {
                "source" => (tree(&moved), tree(&world.target)),
                _ => (tree(&world.source), tree(&moved)),
            };
            if replacement == "a copy" {
                let marks = |tree: &Tree| blocks_with(tree, "deletion-mark.json").len();
                assert!(marks(&tree(&folder)) <= marks(&source), "{side}");
            }
            assert_stopped(ran, &folder, &source, &target);
        }
    }
}

/// S-5.18: a target that was deleted and made anew holds nothing of what it held.
#[test]
fn a_target_that_is_deleted_and_made_anew_ends_the_run() {
    let world = World::new(&many());
    let target = &world.target;
    let ran = acting_in_mid_run(&world, &world.source, || {
        fs::remove_dir_all(target).unwrap();
        fs::create_dir(target).unwrap();
    });
    let ran = ran.expect(1);
    assert!(ran.stderr.contains("the bucket is gone"), "{}", ran.stderr);
    assert_eq!(tree(target), Tree::new());
}

/// S-5.18: real disks, at the folder, above it, at the prefix, at one block; unmounted, or mounted over.
#[test]
fn a_disk_that_goes_away_in_mid_run_ends_the_run() {
    if !can_mount("providers::folder::replaced::a_disk_that_goes_away_in_mid_run_ends_the_run") {
        return;
    }
    for side in ["source", "target"] {
        for below in ["", "cold/thanos"] {
            let world = World::new(&[]);
            let disk = world.path("disk");
            let kept = world.path("kept");
            for folder in [&disk, &kept] {
                fs::create_dir(folder).unwrap();
            }
            // The disk stays to be looked at when it is gone from its place.
            mount(&kept);
            bind(&kept, &disk);
            let bucket = disk.join(below);
            fs::create_dir_all(&bucket).unwrap();
            world.configure(side, &bucket, "");
            let source = if side == "source" {
                bucket.clone()
            } else {
                world.source.clone()
            };
            for block in many() {
                block.write_to(&source);
            }
            let ran = acting_in_mid_run(&world, &source, || take_away(&disk));
            assert_eq!(tree(&disk), Tree::new(), "{side} {below:?}");
            let kept = tree(&kept.join(below));
            let (source, target) = match side {
                "source" => (kept, tree(&world.target)),
                _ => (tree(&world.source), kept),
            };
            assert_stopped(ran, &bucket, &source, &target);
        }
    }
}

/// S-5.18
#[test]
fn a_disk_that_is_mounted_over_a_bucket_in_mid_run_ends_the_run() {
    if !can_mount(
        "providers::folder::replaced::a_disk_that_is_mounted_over_a_bucket_in_mid_run_ends_the_run",
    ) {
        return;
    }
    for side in ["source", "target"] {
        let world = World::new(&many());
        let folder = world.path(side);
        let ran = acting_in_mid_run(&world, &world.source, || mount(&folder));
        assert_eq!(tree(&folder), Tree::new(), "{side}");
        take_away(&folder);
        assert_stopped(ran, &folder, &tree(&world.source), &tree(&world.target));
    }
}

/// S-5.18: the folder of the configuration stays the same; the prefix in it is the disk.
#[test]
fn a_prefix_that_is_a_disk_and_goes_away_ends_the_run() {
    if !can_mount("providers::folder::replaced::a_prefix_that_is_a_disk_and_goes_away_ends_the_run")
    {
        return;
    }
    for side in ["source", "target"] {
        let world = World::new(&many());
        let (kept, folder) = (world.path("kept"), world.path("folder"));
        let prefix = folder.join("pre/fix");
        fs::create_dir_all(&prefix).unwrap();
        fs::create_dir(&kept).unwrap();
        mount(&kept);
        bind(&kept, &prefix);
        world.configure(side, &folder, "pre/fix");
        if side == "source" {
            copy_tree(&world.source, &prefix);
        }
        let source = if side == "source" {
            &prefix
        } else {
            &world.source
        };
        let ran = acting_in_mid_run(&world, source, || take_away(&prefix));
        assert_eq!(tree(&prefix), Tree::new(), "{side}");
        let (source, target) = match side {
            "source" => (tree(&kept), tree(&world.target)),
            _ => (tree(&world.source), tree(&kept)),
        };
        assert_stopped(ran, &prefix, &source, &target);
    }
}

/// S-5.18: of one block, the last to be moved; in the source it would seem to be deleted.
#[test]
fn a_block_that_is_a_disk_and_goes_away_ends_the_run() {
    if !can_mount("providers::folder::replaced::a_block_that_is_a_disk_and_goes_away_ends_the_run")
    {
        return;
    }
    let world = World::new(&many());
    let block = Block::new(BLOCKS);
    let folder = world.source.join(block.id());
    let kept = world.path("kept");
    fs::rename(&folder, &kept).unwrap();
    fs::create_dir(&folder).unwrap();
    bind(&kept, &folder);
    let ran = acting_in_mid_run(&world, &world.source, || take_away(&folder));
    assert_eq!(tree(&folder), Tree::new());
    assert_stopped(ran, &folder, &tree(&world.source), &tree(&world.target));
}
