//! What real Thanos makes of both buckets afterwards.

use std::path::Path;

use crate::support::blocks::{Block, EPOCH_MS, TWO_HOURS_MS};
use crate::support::minio::Minio;
use crate::support::run::{Ran, World, blocks_with, migrate, tree, without_marks};
use crate::support::thanos::{self, Querier};

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
    hot.put_all(&world.source());
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
    let before = tree(&world.source());
    // In the middle of the third.
    world
        .migrate(&["--older-than=2025-01-06T05:00:00Z"])
        .expect(0);
    thanos::cleanup(&world.source_config());
    let left = tree(&world.source());
    assert_eq!(
        blocks_with(&left, "meta.json"),
        [blocks[2].id(), blocks[3].id()]
    );
    let mut both = left;
    both.extend(tree(&world.target()));
    assert_eq!(both, before);
}

#[test]
fn a_mark_is_read_by_thanos_as_its_own() {
    let world = World::new(&[Block::new(1)]);
    world.migrate(&["--older-than=30d"]).expect(0);
    let config = world.source_config();
    assert_eq!(thanos::tools(&config, &["ls", "--exclude-delete"]), "");
    assert_eq!(thanos::list(&config), [Block::new(1).id()]);
    assert_eq!(tree(&world.target()), without_marks(&tree(&world.source())));
}
