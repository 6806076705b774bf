//! Who may read what is written in folders, and what may not be read by us.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;
use std::slice;

use crate::support::block::Block;
use crate::support::folders::{World, copy_tree};
use crate::support::minio::Minio;
use crate::support::run::{OLD, Ran, migrate};
use crate::support::system::{is_root, with_umask, without_privilege};
use crate::support::world::Contents;

fn run(world: &World, umask: &str) -> Ran {
    let command = migrate(&world.source_config(), &world.target_config(), &[OLD]);
    Ran::of(with_umask(umask, &command))
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Every entry below a folder, by its path there, with its permission bits.
fn modes(folder: &Path) -> Vec<(String, u32)> {
    fn walk(top: &Path, folder: &Path, found: &mut Vec<(String, u32)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let name = path.strip_prefix(top).unwrap().display().to_string();
            found.push((name, metadata.mode() & 0o7777));
            if metadata.is_dir() {
                walk(top, &path, found);
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}

/// Gives all files and folders these permission bits.
fn chmod_all(folder: &Path, files: u32, folders: u32) {
    for (name, _) in modes(folder) {
        let path = folder.join(name);
        chmod(&path, if path.is_dir() { folders } else { files });
    }
    chmod(folder, folders);
}

#[track_caller]
fn assert_modes(folder: &Path, files: u32, folders: u32) {
    for (name, mode) in modes(folder) {
        let expected = if folder.join(&name).is_dir() {
            folders
        } else {
            files
        };
        assert_eq!(format!("{mode:o}"), format!("{expected:o}"), "{name}");
    }
}

/// S-5.19: a mark that Thanos may not read ends every sync of its compactor.
#[test]
fn what_is_written_is_as_readable_as_what_lies_beside_it_whatever_the_umask() {
    for umask in ["077", "027", "000"] {
        for (files, folders) in [
            (0o644, 0o755),
            (0o664, 0o775),
            (0o640, 0o750),
            (0o600, 0o700),
        ] {
            let world = World::new(&[1, 2, 3].map(Block::new));
            chmod_all(&world.source, files, folders);
            fs::create_dir(&world.target).unwrap();
            chmod(&world.target, folders);
            run(&world, umask).expect(0);
            assert_eq!(world.target.published().len(), 3);
            assert_modes(&world.source, files, folders);
            assert_modes(&world.target, files, folders);
        }
    }
}

/// S-5.19: a target that is not there yet, and a prefix in it.
#[test]
fn a_target_that_is_made_is_as_open_as_its_source() {
    for prefix in ["", "a/b"] {
        let world = World::new(&[1, 2].map(Block::new));
        world.configure("target", &world.path("new/target"), prefix);
        run(&world, "077").expect(0);
        assert_modes(&world.path("new"), 0o644, 0o755);
    }
}

/// S-5.19: blocks from elsewhere have no permissions of their own.
#[test]
fn blocks_out_of_s3_are_as_readable_as_those_that_are_there() {
    let minio = Minio::start();
    let bucket = minio.bucket("hot");
    for number in [1, 2, 3] {
        Block::new(number).write_to(&bucket);
    }
    for (files, folders) in [(0o664, 0o775), (0o640, 0o750)] {
        let world = World::new(&[]);
        Block::new(9).write_to(&world.target);
        chmod_all(&world.target, files, folders);
        let arguments = [OLD, "--exclude-delete-marked=false"];
        let command = migrate(
            &bucket.config("hot.yaml"),
            &world.target_config(),
            &arguments,
        );
        Ran::of(with_umask("077", &command)).expect(0);
        assert_modes(&world.target, files, folders);
    }
    let world = World::new(&[]);
    fs::create_dir(&world.target).unwrap();
    chmod(&world.target, 0o755);
    let arguments = [OLD, "--exclude-delete-marked=false"];
    let command = migrate(
        &bucket.config("hot.yaml"),
        &world.target_config(),
        &arguments,
    );
    Ran::of(with_umask("077", &command)).expect(0);
    assert_modes(&world.target, 0o644, 0o755);
}

/// S-5.19: root gives files to whom the rest belongs, or to whom the source's belong where nobody was chosen yet.
#[test]
fn what_root_writes_belongs_to_whom_the_rest_belongs() {
    const THANOS: (u32, u32) = (65_001, 65_001);
    const COLD: (u32, u32) = (65_002, 65_003);
    if !is_root() {
        // Nobody else can give files away; what is told then is held below.
        return;
    }
    for (of_target, expected) in [(None, THANOS), (Some((0, 0)), THANOS), (Some(COLD), COLD)] {
        let world = World::new(&[1, 2].map(Block::new));
        chmod_all(&world.source, 0o640, 0o750);
        chown_all(&world.source, THANOS);
        if let Some((user, group)) = of_target {
            fs::create_dir(&world.target).unwrap();
            chown(&world.target, Some(user), Some(group)).unwrap();
        }
        run(&world, "077").expect(0);
        assert_owner(&world.source, THANOS);
        assert_owner(&world.target, expected);
        let own = world.target.metadata().unwrap();
        let expected = of_target.unwrap_or(THANOS);
        assert_eq!((own.uid(), own.gid()), expected, "the bucket's folder");
    }
}

fn chown_all(folder: &Path, (user, group): (u32, u32)) {
    for (name, _) in modes(folder) {
        chown(folder.join(name), Some(user), Some(group)).unwrap();
    }
    chown(folder, Some(user), Some(group)).unwrap();
}

#[track_caller]
fn assert_owner(folder: &Path, expected: (u32, u32)) {
    for (name, _) in modes(folder) {
        let metadata = folder.join(&name).metadata().unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), expected, "{name}");
    }
}

/// S-5.19: files that cannot be given away are written all the same, and it is told that somebody may not be able to read them.
#[test]
fn a_mark_that_its_reader_may_not_read_is_told() {
    if !is_root() {
        // Only root can make files that belong to others.
        return;
    }
    for (mode, told) in [(0o660, true), (0o666, false)] {
        let world = World::new(&[1, 2].map(Block::new));
        chmod_all(&world.source, mode, 0o777);
        for (name, _) in modes(&world.source) {
            chown(world.source.join(name), Some(65_001), None).unwrap();
        }
        let command = migrate(&world.source_config(), &world.target_config(), &[OLD]);
        // Group root may read and write; user 65001 is not in it.
        let ran = Ran::of(without_privilege(&command)).expect(0);
        let warned = ran.stderr.matches("may not be readable").count();
        assert_eq!(warned > 0, told, "{}", ran.stderr);
    }
}

/// S-1.1: whatever lies beside the blocks is nobody's business, readable or not.
#[test]
fn what_lies_beside_the_blocks_and_cannot_be_read_is_ignored() {
    let blocks = [1, 2].map(Block::new);
    let world = World::new(&blocks);
    Block::new(9).write_to(&world.target);
    for side in [&world.source, &world.target] {
        for name in [
            "lost+found",
            ".snapshot",
            "#recycle",
            "01HX0000000000000000000lower",
        ] {
            fs::create_dir_all(side.join(name).join("inner")).unwrap();
            chmod(&side.join(name), 0);
        }
        let long = "x".repeat(255);
        for name in ["a\nb", "tab\t", "\u{1b}[31m", "\u{7f}", "%2e%2e", &long] {
            fs::write(side.join(name), "x").unwrap();
            fs::create_dir(side.join(format!("{}-", &name[..name.len().min(200)]))).unwrap();
        }
        let pipe = side.join("pipe");
        assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
        std::os::unix::net::UnixListener::bind(side.join("socket")).unwrap();
        fs::write(side.join("closed"), "x").unwrap();
        chmod(&side.join("closed"), 0);
    }
    let command = migrate(&world.source_config(), &world.target_config(), &[OLD]);
    let ran = Ran::of(without_privilege(&command)).expect(0);
    assert!(!ran.stderr.contains("level=warn"), "{}", ran.stderr);
    for block in &blocks {
        let mark = world.source.join(block.id()).join("deletion-mark.json");
        assert!(mark.exists(), "{ran:?}");
    }
}

/// S-4.1, S-4.5: a block that cannot be looked into is told, and holds up no other.
#[test]
fn a_block_that_cannot_be_read_is_told_and_others_move() {
    for (closed, mode, reason) in [
        ("", 0o000, "unreadable"),
        ("", 0o444, "unreadable"),
        ("", 0o111, "unreadable"),
        ("chunks", 0o000, "incomplete"),
        ("chunks", 0o444, "incomplete"),
        ("meta.json", 0o000, "unreadable"),
    ] {
        let [odd, other] = [Block::new(2), Block::new(1)];
        let world = World::new(&[odd.clone(), other.clone()]);
        let path = world.source.join(odd.id()).join(closed);
        chmod(&path, mode);
        let arguments = [OLD, "--output=json"];
        let command = migrate(&world.source_config(), &world.target_config(), &arguments);
        let ran = Ran::of(without_privilege(&command)).expect(3);
        chmod(&path, 0o755);
        let document = ran.json();
        let excluded = &document["excluded"][0];
        assert_eq!(excluded["id"], odd.id(), "{closed} {mode:o}: {ran:?}");
        assert_eq!(excluded["reason"], reason, "{closed} {mode:o}");
        let detail = excluded["detail"].as_str().unwrap();
        assert!(detail.contains("Permission denied"), "{detail}");
        let moved = world.target.published();
        assert_eq!(moved, [other.id()], "{closed} {mode:o}");
    }
}

/// S-5.1: nobody can tell what a block of the target holds that cannot be looked into.
#[test]
fn a_target_block_that_cannot_be_read_is_left_alone() {
    let [odd, other] = [Block::new(2), Block::new(1)];
    let world = World::new(&[odd.clone(), other.clone()]);
    copy_tree(&world.source, &world.target);
    let path = world.target.join(odd.id());
    chmod(&path, 0);
    let arguments = [OLD, "--output=json"];
    let command = migrate(&world.source_config(), &world.target_config(), &arguments);
    let ran = Ran::of(without_privilege(&command)).expect(3);
    chmod(&path, 0o755);
    let document = ran.json();
    let blocks = document["blocks"].as_array().unwrap();
    let odd = blocks.iter().find(|block| block["id"] == odd.id()).unwrap();
    assert_eq!(odd["outcome"]["ending"], "conflict", "{document}");
    let mark = world.source.join(other.id()).join("deletion-mark.json");
    assert!(mark.exists(), "{ran:?}");
}

/// S-6.3: a right that is taken away in mid-run fails the blocks that need it, and no block is told to have vanished.
#[test]
fn a_block_that_is_closed_in_mid_run_has_not_vanished() {
    let blocks: Vec<_> = (1..=100).map(Block::new).collect();
    let world = World::new(&blocks);
    let last = Block::new(100);
    let path = world.source.join(last.id());
    let arguments = [OLD, "--output=json"];
    let command = migrate(&world.source_config(), &world.target_config(), &arguments);
    let mut command = without_privilege(&command);
    let ran = crate::support::system::in_mid_run(
        &mut command,
        &world.source,
        "deletion-mark.json",
        3,
        || chmod(&path, 0),
    );
    chmod(&path, 0o755);
    let ran = ran.expect(3);
    let document = ran.json();
    let closed = document["blocks"].as_array().unwrap().last().unwrap();
    assert_eq!(closed["id"], last.id());
    assert_eq!(
        closed["outcome"]["ending"], "failed",
        "{}",
        closed["outcome"]
    );
    let moved = slice::from_ref(&closed["outcome"]["mark"]);
    assert_eq!(moved, ["none"]);
}
