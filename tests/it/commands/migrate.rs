//! The binary between folders: what is chosen, what happens to it, and what the report says.

use std::fs;
use std::slice;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::support::block::{Block, EPOCH_MS, TWO_HOURS_MS};
use crate::support::folders::{World, change_meta, copy_tree, tree};
use crate::support::run::{OLD, Ran, Running, migrate};
use crate::support::world::{Contents, blocks_with, without_marks};

const FIVE_MINUTES_MS: i64 = 300_000;

/// What became of a block: its ending in a report, its action in a plan, or the reason why it is left out.
#[track_caller]
fn fate(document: &Value, block: &Block) -> String {
    let find = |list: &str| {
        let entries = document[list].as_array().unwrap();
        entries
            .iter()
            .find(|entry| entry["id"] == block.id())
            .cloned()
    };
    let fate = match (find("blocks"), find("excluded")) {
        (Some(selected), None) if document["kind"] == "plan" => selected["action"].clone(),
        (Some(selected), None) => selected["outcome"]["ending"].clone(),
        (None, Some(excluded)) => excluded["reason"].clone(),
        (both, _) => panic!("{}: {both:?} in {document}", block.id()),
    };
    fate.as_str().unwrap().to_owned()
}

/// The report of a run, which must end with that exit code.
#[track_caller]
fn report(world: &World, code: i32, arguments: &[&str]) -> Value {
    let arguments = [&[OLD, "--output=json"], arguments].concat();
    let planned = world
        .migrate(&[arguments.as_slice(), &["--dry-run"]].concat())
        .json();
    let report = world.migrate(&arguments).expect(code).json();
    assert_eq!(report["exit_code"], code);
    assert_eq!(
        report["blocks"].as_array().unwrap().len(),
        planned["blocks"].as_array().unwrap().len()
    );
    report
}

/// S-4.1, S-4.4, S-4.5, S-4.6, S-1.1: one block for each reason, and what is no block is not looked at.
#[test]
fn every_reason_to_leave_a_block_out_is_told() {
    let moved = Block::new(1);
    let without_meta = Block::new(2).without("meta.json");
    let corrupted_meta = Block::new(3);
    let marked = Block::new(4).marked("by hand");
    let corrupted_mark = Block::new(5).marked("by hand");
    let young = Block::new(6).range(4_000_000_000_000, 4_000_007_200_000);
    let other_cluster = Block::new(7).labels(&[("cluster", "us-1")]);
    let coarse = Block::new(8).resolution(FIVE_MINUTES_MS);
    let compacted = Block::new(9).level(4);
    let unlabelled = Block::new(10).labels(&[]);
    let incomplete = Block::new(11).without("chunks/000001");
    // What holds all of them is left out, or they would move with it. In a unit of their own, for the incomplete block holds back what follows.
    let elsewhere = [("cluster", "eu-2")];
    let [part, other_part] = [12, 13].map(|number| Block::new(number).labels(&elsewhere));
    let compaction = Block::new(14)
        .labels(&elsewhere)
        .range(EPOCH_MS + 12 * TWO_HOURS_MS, EPOCH_MS + 14 * TWO_HOURS_MS)
        .level(4)
        .made_of(&[&part, &other_part]);
    let expected = [
        (&moved, "migrated"),
        (&without_meta, "no-meta-json"),
        (&corrupted_meta, "corrupted-meta-json"),
        (&marked, "marked-for-deletion"),
        (&corrupted_mark, "corrupted-deletion-mark"),
        (&young, "time-excluded"),
        (&other_cluster, "label-excluded"),
        (&coarse, "resolution-excluded"),
        (&compacted, "compaction-excluded"),
        (&unlabelled, "no-labels"),
        (&incomplete, "incomplete"),
        (&part, "duplicate"),
        (&compaction, "compaction-excluded"),
    ];
    let world = World::new(&expected.map(|(block, _)| block.clone()));
    other_part.write_to(&world.source);
    let source = &world.source;
    fs::write(source.join(corrupted_meta.id()).join("meta.json"), "{").unwrap();
    fs::write(
        source.join(corrupted_mark.id()).join("deletion-mark.json"),
        "{",
    )
    .unwrap();
    for stranger in [
        "debug/metas",
        "01ARZ3NDEKTSV4RRFFQ69G5FAv",
        "81JGWNE9800000000000000001",
    ] {
        fs::create_dir_all(source.join(stranger)).unwrap();
        fs::write(source.join(stranger).join("meta.json"), "{}").unwrap();
    }
    let document = report(
        &world,
        3,
        &[
            "--resolution=0s",
            "--compaction-max=3",
            "--selector.relabel-config=[{action: drop, source_labels: [cluster], regex: us-1}]",
        ],
    );
    for (block, expected) in expected {
        assert_eq!(fate(&document, block), expected, "{}", block.id());
    }
    assert_eq!(fate(&document, &other_part), "duplicate");
    assert_eq!(
        document["blocks"].as_array().unwrap().len()
            + document["excluded"].as_array().unwrap().len(),
        14,
        "each block in exactly one place"
    );
    assert_eq!(world.target.published().len(), 1);
}

/// S-4.8: the other filters still apply, and what was asked for and does not move needs a person.
#[test]
fn ids_that_do_not_move_are_told() {
    let blocks = [1, 2, 3].map(Block::new);
    let world = World::new(&blocks);
    let absent = Block::new(9);
    let document = report(
        &world,
        3,
        &[
            &format!("--id={}", blocks[0].id()),
            &format!("--id={}", absent.id()),
        ],
    );
    assert_eq!(fate(&document, &blocks[0]), "migrated");
    assert_eq!(fate(&document, &blocks[1]), "id-excluded");
    assert_eq!(document["absent_ids"][0], absent.id());
    let one = format!("--id={}", blocks[1].id());
    report(&world, 3, &[&one, "--resolution=1h"]);
    report(&world, 0, &[&one]);
}

/// S-4.10
#[test]
fn blocks_in_a_window_that_is_not_finished_are_counted() {
    let world = World::new(&[1, 2, 3].map(Block::new));
    let ran = world
        .migrate(&[
            "--older-than=2025-01-06T05:00:00Z",
            "--dry-run",
            "--output=json",
        ])
        .expect(0);
    let document = ran.json();
    assert_eq!(document["warnings"][0]["name"], "unfinished-windows");
    assert_eq!(document["warnings"][0]["blocks"], 2);
    let told: Vec<_> = ran
        .stderr
        .lines()
        .filter(|line| line.contains("level=warn"))
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
}

/// S-5.1, S-5.6: rows of the decision table on real files.
#[test]
fn what_the_target_holds_decides() {
    let (part, other_part) = (Block::new(20), Block::new(21));
    let compaction = Block::new(22)
        .range(EPOCH_MS + 20 * TWO_HOURS_MS, EPOCH_MS + 22 * TWO_HOURS_MS)
        .level(2)
        .made_of(&[&part, &other_part]);
    let absent = Block::new(1);
    let there = Block::new(2);
    let partial = Block::new(3);
    let damaged = Block::new(4);
    let different = Block::new(5);
    let dying = Block::new(6);
    let expected = [
        (&absent, "migrated"),
        (&there, "already-there"),
        (&partial, "migrated"),
        (&damaged, "repaired"),
        (&different, "conflict"),
        (&dying, "conflict"),
        (&part, "covered"),
    ];
    let world = World::new(&expected.map(|(block, _)| block.clone()));
    let target = &world.target;
    for block in [&there, &different] {
        block.write_to(target);
    }
    partial
        .clone()
        .without("meta.json")
        .without("index")
        .write_to(target);
    damaged.clone().without("chunks/000001").write_to(target);
    dying.clone().marked("by its compactor").write_to(target);
    change_meta(target, &different, |meta| {
        meta["stats"]["numSamples"] = 1.into();
    });
    compaction.write_to(target);
    let before = tree(target);

    let document = report(&world, 3, &[]);
    for (block, expected) in expected {
        assert_eq!(fate(&document, block), expected, "{}", block.id());
    }
    let (source, after) = (tree(&world.source), tree(target));
    for block in [&absent, &there, &partial, &damaged] {
        for (name, content) in without_marks(&source) {
            if name.starts_with(&block.id()) {
                assert!(after[&name] == content, "{name}");
            }
        }
    }
    for (name, content) in before {
        if name.starts_with(&different.id()) || name.starts_with(&dying.id()) {
            assert!(after[&name] == content, "{name} was touched");
        }
    }
    let mut marked = blocks_with(&source, "deletion-mark.json");
    marked.sort();
    let mut held = [&absent, &there, &partial, &damaged, &part].map(Block::id);
    held.sort();
    assert_eq!(marked, held);
    let document = report(&world, 3, &["--overwrite-existing"]);
    assert_eq!(fate(&document, &different), "overwritten");
    assert_eq!(fate(&document, &dying), "conflict");
}

/// S-5.2, S-5.9: what would overlap in the target is touched in neither bucket, and holds its unit back.
#[test]
fn overlaps_in_the_target_are_not_made() {
    let (ours, later) = (Block::new(1), Block::new(2));
    let world = World::new(&[ours.clone(), later.clone()]);
    Block::new(30)
        .range(EPOCH_MS + TWO_HOURS_MS / 2, EPOCH_MS + 3 * TWO_HOURS_MS / 2)
        .write_to(&world.target);
    let before = (tree(&world.source), tree(&world.target));
    let document = report(&world, 3, &[]);
    assert_eq!(fate(&document, &ours), "would-overlap");
    assert_eq!(fate(&document, &later), "held-back");
    assert_eq!(tree(&world.source), before.0);
    assert!(
        before
            .1
            .iter()
            .all(|(name, content)| &tree(&world.target)[name] == content)
    );
}

/// S-5.13: they are copied along; their marks neither move nor change.
#[test]
fn marked_blocks_are_copied_where_that_is_asked_for() {
    let (marked, other) = (Block::new(1).marked("by its compactor"), Block::new(2));
    let world = World::new(&[marked.clone(), other.clone()]);
    let mark = format!("{}/deletion-mark.json", marked.id());
    let before = tree(&world.source)[&mark].clone();
    let document = report(&world, 0, &["--no-exclude-delete-marked"]);
    assert_eq!(fate(&document, &marked), "migrated");
    assert_eq!(tree(&world.source)[&mark], before);
    assert_eq!(tree(&world.target), without_marks(&tree(&world.source)));
}

/// S-5.15: a damaged object is not laundered by a move.
#[test]
fn content_that_contradicts_its_hash_fails_the_block() {
    let (damaged, other) = (Block::new(2), Block::new(1));
    let world = World::new(&[damaged.clone(), other.clone()]);
    change_meta(&world.source, &damaged, |meta| {
        let hash = "0".repeat(64);
        meta["thanos"]["files"][0]["hash"] =
            serde_json::json!({"hashFunc": "SHA256", "value": hash});
    });
    let document = report(&world, 3, &[]);
    assert_eq!(fate(&document, &damaged), "failed");
    assert_eq!(fate(&document, &other), "migrated");
    assert_eq!(world.target.published(), [other.id()]);
    assert_eq!(world.source.marked(), [other.id()]);
}

/// S-5.12, S-2.4: the command that the report gives saves the block.
#[test]
fn a_block_that_is_marked_and_not_held_is_saved_by_the_command_of_the_report() {
    let blocks = [1, 2].map(Block::new);
    let world = World::new(&blocks);
    report(&world, 0, &[]);
    fs::remove_file(world.target.join(blocks[0].id()).join("index")).unwrap();
    let document = report(&world, 3, &[]);
    let lost = &document["marked_not_held"][0];
    assert_eq!(lost["block"], blocks[0].id());
    let command = lost["command"].as_str().unwrap();
    let arguments: Vec<_> = command
        .split_whitespace()
        .filter(|word| word.starts_with("--") && !word.starts_with("--objstore"))
        .collect();
    assert!(!arguments.is_empty(), "{command}");
    let _ = Ran::of(migrate(
        &world.source_config(),
        &world.target_config(),
        &arguments,
    ));
    report(&world, 0, &[]);
    assert_eq!(tree(&world.target), without_marks(&tree(&world.source)));
}

/// S-3.6: the same inodes.
#[test]
fn a_target_that_is_a_replica_is_refused() {
    let world = World::new(&[1, 2].map(Block::new));
    for name in tree(&world.source).keys() {
        let path = world.target.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::hard_link(world.source.join(name), path).unwrap();
    }
    let before = tree(&world.source);
    for mode in ["--dry-run", "--no-dry-run"] {
        let ran = world.migrate(&[OLD, mode]).expect(2);
        assert!(ran.stderr.contains("--allow-replica-target"), "{ran:?}");
        assert_eq!(tree(&world.source), before);
    }
    world.migrate(&[OLD, "--allow-replica-target"]).expect(0);
    assert_eq!(world.source.marked().len(), 2);
}

/// S-3.5: two paths that only the file system knows to be one folder.
#[test]
fn a_folder_under_two_names_is_refused() {
    let world = World::new(&[1, 2].map(Block::new));
    std::os::unix::fs::symlink(&world.source, &world.target).unwrap();
    let before = tree(&world.source);
    let ran = world.migrate(&[OLD]).expect(2);
    assert!(ran.stderr.contains("the same bucket"), "{ran:?}");
    assert_eq!(tree(&world.source), before);
}

/// S-7.3
#[test]
fn a_dry_run_leaves_no_trace() {
    let world = World::of_examples();
    let before = tree(&world.source);
    world.migrate(&[OLD, "--dry-run"]).expect(0);
    assert_eq!(tree(&world.source), before);
    assert!(!world.target.exists());
}

/// S-5.11: the compactor is kept from a block before it is marked.
#[test]
fn a_no_compact_mark_is_written_where_that_is_asked_for() {
    let block = Block::new(1);
    let world = World::new(slice::from_ref(&block));
    report(&world, 0, &["--no-compact-mark-source"]);
    let source = tree(&world.source);
    let mark = &source[&format!("{}/no-compact-mark.json", block.id())];
    let mark: Value = serde_json::from_slice(mark).unwrap();
    assert_eq!(mark["id"], block.id());
    assert_eq!(mark["version"], 1);
    assert!(source.contains_key(&format!("{}/deletion-mark.json", block.id())));
    let target = tree(&world.target);
    assert!(
        target.keys().all(|name| !name.contains("mark")),
        "{:?}",
        target.keys()
    );
}

/// S-4.7: three machines do the work of one.
#[test]
fn shards_part_the_work() {
    let blocks: Vec<_> = (1..30)
        .map(|number| {
            let days = i64::try_from(number).unwrap() * 12 * TWO_HOURS_MS;
            Block::new(number).range(EPOCH_MS + days, EPOCH_MS + days + TWO_HOURS_MS)
        })
        .collect();
    let (world, whole) = (World::new(&blocks), World::new(&blocks));
    let mut moved = 0;
    for shard in ["--shard=0/3", "--shard=1/3", "--shard=2/3"] {
        let document = report(&world, 0, &[shard]);
        moved += document["blocks"].as_array().unwrap().len();
    }
    assert_eq!(moved, blocks.len());
    report(&whole, 0, &[]);
    assert_eq!(tree(&world.target), tree(&whole.target));
}

/// S-7.1: neither large objects nor many blocks take more memory.
#[test]
fn memory_is_bounded() {
    const MIB: usize = 1 << 20;
    let large: Vec<_> = (1..5)
        .map(|number| Block::new(number).chunk_bytes(&[150 * MIB]))
        .collect();
    let many: Vec<_> = (1..1000).map(Block::new).collect();
    for blocks in [large, many] {
        let world = World::new(&blocks);
        let peak = peak_bytes(&world);
        assert!(peak < 256 * MIB, "{} MiB", peak / MIB);
        assert_eq!(world.target.published().len(), blocks.len());
    }
}

/// The most memory that a run had at once, as Linux counts it.
fn peak_bytes(world: &World) -> usize {
    let running = Running::start(&mut migrate(
        &world.source_config(),
        &world.target_config(),
        &[OLD],
    ));
    let status = format!("/proc/{}/status", running.id());
    let mut peak = 0;
    // A process that has ended has no memory any more.
    while let Some(kib) = fs::read_to_string(&status).ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse::<usize>().ok()
    }) {
        peak = peak.max(kib * 1024);
        thread::sleep(Duration::from_millis(1));
    }
    running.wait().expect(0);
    assert!(peak > 0);
    peak
}

/// S-6.7: each block once.
#[test]
fn two_runs_at_once_share_the_work() {
    let blocks: Vec<_> = (1..40).map(Block::new).collect();
    let world = World::new(&blocks);
    let before = tree(&world.source);
    let runs: Vec<_> = (0..2)
        .map(|_| {
            Running::start(&mut migrate(
                &world.source_config(),
                &world.target_config(),
                &[OLD],
            ))
        })
        .collect();
    for run in runs {
        run.wait().expect(0);
    }
    assert_eq!(tree(&world.target), before);
    assert_eq!(world.source.marked().len(), blocks.len());
    assert_eq!(without_marks(&tree(&world.source)), before);
}

#[test]
fn a_block_that_hides_behind_a_link_is_not_read() {
    let block = Block::new(1);
    let world = World::new(slice::from_ref(&block));
    let elsewhere = world.path("elsewhere");
    copy_tree(&world.source.join(block.id()), &elsewhere);
    fs::remove_dir_all(world.source.join(block.id())).unwrap();
    std::os::unix::fs::symlink(&elsewhere, world.source.join(block.id())).unwrap();
    let document = report(&world, 3, &[]);
    assert!(document["blocks"].as_array().unwrap().is_empty());
    assert_eq!(document["excluded"][0]["reason"], "unreadable");
}
