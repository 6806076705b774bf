//! What real Thanos makes of both buckets afterwards.

mod backfill;
mod cutover;
mod written;

use std::path::Path;

use crate::support::block::{Block, EPOCH_MS, TWO_HOURS_MS};
use crate::support::folders::{World, tree};
use crate::support::minio::Minio;
use crate::support::run::{Ran, migrate};
use crate::support::thanos::{self, Compactor, Querier};
use crate::support::world::{blocks_with, without_marks};

/// Queries whose answers depend on every sample of the example blocks.
const QUERIES: [&str; 4] = [
    "up",
    "temperature_celsius",
    "http_requests_total",
    "sum by (cluster, code) (rate(http_requests_total[10m]))",
];

#[test]
fn queries_have_the_same_answers_before_during_and_after() {
    let (start, end) = (EPOCH_MS / 1000, (EPOCH_MS + 3 * TWO_HOURS_MS) / 1000 - 60);
    let answers = |querier: &Querier| QUERIES.map(|query| querier.query_range(query, start, end));

    let world = World::of_examples();
    let minio = Minio::start();
    let (hot, cold) = (minio.bucket("hot"), minio.bucket("cold"));
    hot.put_all(&world.source);
    let (source, target) = (hot.config("hot.yaml"), cold.config("cold.yaml"));

    let before = answers(&Querier::start(&[&source]));
    assert_eq!(before[1].len(), 2, "one series a cluster");
    assert_eq!(before[1][0]["values"].as_array().unwrap().len(), 360);
    Ran::of(migrate(&source, &target, &["--older-than=30d"])).expect(0);
    assert_eq!(answers(&Querier::start(&[&source, &target])), before);
    thanos::cleanup(&source);
    assert!(hot.tree().is_empty());
    assert_eq!(answers(&Querier::start(&[&target])), before);
}

/// S-6.9 with the real thing: whatever both compactors make of the blocks meanwhile, every sample has the same answer in the end.
#[test]
fn compactors_at_work_on_both_sides_cost_no_sample() {
    // Aligned to the compactor's range of eight hours, with blocks beyond it.
    let (start, blocks) = (1_736_121_600, 10);
    let end = start + blocks * 7200 - 60;
    let folder = tempfile::tempdir().unwrap();
    for cluster in ["eu-1", "us-1"] {
        thanos::sidecar_blocks(folder.path(), cluster, start, (blocks, 2));
    }
    let minio = Minio::start();
    let (hot, cold) = (minio.bucket("hot"), minio.bucket("cold"));
    hot.put_all(folder.path());
    let (source, target) = (hot.config("hot.yaml"), cold.config("cold.yaml"));
    let answers = |configs: &[&Path]| {
        let querier = Querier::start(configs);
        ["made_up", "sum(count_over_time(made_up[1m]))"]
            .map(|query| querier.query_range(query, start, end))
    };
    let before = answers(&[&source]);
    assert_eq!(before[0].len(), 6);
    assert_eq!(before[0][0]["values"].as_array().unwrap().len(), 1200);

    let compactors = [Compactor::start(&source), Compactor::start(&target)];
    within_two_minutes("the source is empty", || {
        // A block that is superseded or vanishes meanwhile needs nothing; what replaces it moves next time.
        let ran = Ran::of(migrate(&source, &target, &["--older-than=30d"]));
        assert!(
            [Some(0), Some(3)].contains(&ran.status.code()),
            "{}",
            ran.stderr
        );
        hot.is_empty()
    });
    for compactor in &compactors {
        let log = compactor.log();
        assert!(!log.contains("critical error"), "{log}");
    }
    let compacted = compactors
        .iter()
        .any(|compactor| compactor.log().contains("compacted blocks"));
    assert!(compacted, "neither compactor had anything to do");
    drop(compactors);
    assert_eq!(answers(&[&target]), before);
}

/// S-5.9, S-5.10 with the real thing: neither compactor downsamples anew what is downsampled already.
#[test]
fn what_is_downsampled_is_not_downsampled_again() {
    // Blocks of more than 40 hours are downsampled; these two lie in one window of 14 days.
    let (start, hours, blocks) = (1_736_186_400, 54, 2);
    let end = start + blocks * hours * 3600 - 60;
    let folder = tempfile::tempdir().unwrap();
    thanos::sidecar_blocks(folder.path(), "eu-1", start, (blocks, hours));
    let minio = Minio::start();
    let (hot, cold) = (minio.bucket("hot"), minio.bucket("cold"));
    hot.put_all(folder.path());
    let (source, target) = (hot.config("hot.yaml"), cold.config("cold.yaml"));
    let mut compactors = vec![Compactor::start(&source)];
    within_two_minutes("the source is downsampled", || {
        blocks_with(&hot.tree(), "meta.json").len() == 4
    });
    let answers = |configs: &[&Path]| {
        let querier = Querier::start(configs);
        ["0s", "5m"].map(|resolution| {
            let query = "sum_over_time(made_up[30m])";
            querier.query_resolution(query, start + 3600, end, resolution)
        })
    };
    let before = answers(&[&source]);
    assert_eq!(before[1].len(), 3);
    let moved = blocks_with(&hot.tree(), "meta.json");

    compactors.push(Compactor::start(&target));
    Ran::of(migrate(&source, &target, &["--older-than=30d"])).expect(0);
    within_two_minutes("the source is empty", || hot.is_empty());
    for compactor in &compactors {
        assert!(!compactor.log().contains("critical error"));
    }
    let log = compactors[1].log();
    assert!(log.contains("start second pass of downsampling"), "{log}");
    drop(compactors);
    assert_eq!(blocks_with(&cold.tree(), "meta.json"), moved);
    assert_eq!(answers(&[&target]), before);
}

fn within_two_minutes(what: &str, mut happens: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !happens() {
        assert!(
            began.elapsed() < std::time::Duration::from_mins(2),
            "waited in vain until {what}"
        );
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

#[test]
fn inspect_shows_the_target_as_it_showed_the_source_and_verify_finds_no_issue() {
    let world = World::of_examples();
    let inspect = |config: &Path| {
        let seen = thanos::tools(config, &["inspect", "--output=tsv"]);
        let mut lines: Vec<_> = seen.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let before = inspect(&world.source_config());
    assert_eq!(before.len(), 6, "a heading and five blocks");
    world.migrate(&["--older-than=30d"]).expect(0);
    assert_eq!(inspect(&world.target_config()), before);
    thanos::tools(&world.target_config(), &["verify"]);
}

/// S-4.2: minTime decides, strictly.
#[test]
fn cleanup_removes_exactly_what_was_moved() {
    let blocks = [1, 2, 3, 4].map(Block::new);
    let world = World::new(&blocks);
    let before = tree(&world.source);
    // In the middle of the third.
    world
        .migrate(&["--older-than=2025-01-06T05:00:00Z"])
        .expect(0);
    thanos::cleanup(&world.source_config());
    let left = tree(&world.source);
    assert_eq!(
        blocks_with(&left, "meta.json"),
        [blocks[2].id(), blocks[3].id()]
    );
    let mut both = left;
    both.extend(tree(&world.target));
    assert_eq!(both, before);
}

#[test]
fn a_mark_is_read_by_thanos_as_its_own() {
    let world = World::new(&[Block::new(1)]);
    world.migrate(&["--older-than=30d"]).expect(0);
    let config = world.source_config();
    assert_eq!(thanos::tools(&config, &["ls", "--exclude-delete"]), "");
    assert_eq!(thanos::list(&config), [Block::new(1).id()]);
    assert_eq!(tree(&world.target), without_marks(&tree(&world.source)));
}
