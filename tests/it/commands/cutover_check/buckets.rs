//! The buckets are part of the answer, and what was found is written down.

use std::fs;

use serde_json::json;

use super::{HOUR_MS, START, Two, findings, querier, up};
use crate::support::block::Block;
use crate::support::folders::World;
use crate::support::querier::{Querier, matrix, numbers};
use crate::support::run::{OLD, Ran};

/// S-21.14
#[test]
fn with_the_buckets_the_range_is_that_of_the_moved_blocks_and_verify_is_part_of_the_answer() {
    let blocks = [
        Block::new('A').range(1_000 * HOUR_MS, 1_002 * HOUR_MS),
        Block::new('B').range(1_002 * HOUR_MS, 1_004 * HOUR_MS),
    ];
    let world = World::new(&blocks);
    world.migrate(&[OLD]).expect(0);
    let both = || {
        Querier::guarded(|asked| {
            (asked.path == "/api/v1/query_range").then(|| {
                let start: f64 = asked.member("start").unwrap().parse().unwrap();
                matrix(&[json!({"metric": {"job": "a"}, "values": [[start, "1"]]})])
            })
        })
    };
    let two = Two::new(both(), both());
    let buckets = [
        format!("--objstore.config-file={}", world.source_config().display()),
        format!(
            "--objstore-to.config-file={}",
            world.target_config().display()
        ),
    ];
    let buckets: Vec<&str> = buckets.iter().map(String::as_str).collect();
    let run =
        |further: &[&str]| Ran::of(two.bare(&[&buckets[..], &["--output=json"], further].concat()));
    let ran = run(&[]).expect(0);
    let document = ran.json();
    assert_eq!(document["verdict"], "yes");
    assert_eq!(document["range"]["min_time_ms"], 1_000 * HOUR_MS);
    assert_eq!(document["range"]["max_time_ms"], 1_004 * HOUR_MS);
    assert_eq!(document["blocks"].as_array().unwrap().len(), 2);
    assert_eq!(document["buckets_compared"], true);
    // What verify finds stands against it, however alike both sides answer.
    fs::remove_file(world.path("target").join(blocks[1].id()).join("index")).unwrap();
    let ran = run(&[]).expect(3);
    assert_eq!(ran.json()["verdict"], "no");
    let text = Ran::of(two.bare(&buckets)).expect(3).stdout;
    assert!(
        text.contains("of the buckets something needs a person"),
        "{text}"
    );
    assert!(text.contains("marked-not-held"), "{text}");
    // Its report file has a line for each block, as that of verify.
    let trail = two.path("trail.ndjson");
    run(&[&two.flag("report-file", "trail.ndjson")]).expect(3);
    let lines = fs::read_to_string(trail).unwrap();
    assert!(lines.contains(r#""verb":"cutover-check""#), "{lines}");
    assert!(lines.contains("marked-not-held"), "{lines}");
}

/// S-21.15
#[test]
fn without_the_buckets_nothing_is_proven() {
    let both = || querier(&[up(&[(10, "1")])]);
    let two = Two::new(both(), both());
    let ran = Ran::of(two.command(&["--output=json"])).expect(3);
    assert_eq!(findings(&ran), ["buckets-not-compared unseen both 1"]);
    assert_eq!(ran.json()["verdict"], "not-proven");
    two.run(&[]).expect(0);
}

/// S-21.16
#[test]
fn a_page_for_a_ticket_is_written_whole() {
    let two = Two::new(
        querier(&[numbers(&json!({"a": "x|y`<b>"}), &[(START + 600, "1")])]),
        querier(&[up(&[(10, "2")])]),
    );
    let page = two.flag("markdown", "ticket.md");
    two.run(&[&page]).expect(3);
    let shown = fs::read_to_string(two.path("ticket.md")).unwrap();
    for words in [
        "# Cutover check of ",
        "**May the hot blocks go? No:",
        "`missing-series`: 1",
        "`extra-series`: 1",
        "| `up` | differs |",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!shown.contains("<b>"), "{shown}");
    // What lies there is replaced only where that was asked for.
    two.run(&[&page]).expect(2);
    two.run(&[&page, "--overwrite"]).expect(3);
    let left: Vec<_> = fs::read_dir(two.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

/// A querier that answers one sample of the first time that it is asked for.
fn answering() -> Querier {
    Querier::guarded(|asked| {
        (asked.path == "/api/v1/query_range").then(|| {
            let start: f64 = asked.member("start").unwrap().parse().unwrap();
            matrix(&[json!({"metric": {"job": "a"}, "values": [[start, "1"]]})])
        })
    })
}

fn with_buckets(two: &Two, world: &World, further: &[&str]) -> Ran {
    let mut command = two.bare(&["--output=json"]);
    command
        .arg(format!(
            "--objstore.config-file={}",
            world.source_config().display()
        ))
        .arg(format!(
            "--objstore-to.config-file={}",
            world.target_config().display()
        ))
        .args(further);
    Ran::of(command)
}

/// S-21.14
#[test]
fn blocks_that_were_not_moved_cut_the_range_and_stand_against_nothing() {
    let block = |name, first: i64, end: i64| Block::new(name).range(first * HOUR_MS, end * HOUR_MS);
    let moved = [
        block('A', 1_000, 1_010).cluster("a"),
        block('B', 1_000, 1_004).cluster("b"),
    ];
    let world = World::new(&moved);
    world.migrate(&[OLD]).expect(0);
    block('C', 1_004, 1_006)
        .cluster("b")
        .write_to(&world.source);
    block('D', 1_010, 1_012)
        .cluster("a")
        .write_to(&world.source);
    let two = Two::new(answering(), answering());
    let ran = with_buckets(&two, &world, &[]).expect(0);
    let document = ran.json();
    assert_eq!(document["range"]["max_time_ms"], 1_004 * HOUR_MS);
    assert_eq!(document["verdict"], "yes");
    assert!(findings(&ran).contains(&"range-cut note both 1".to_owned()));
    // A range that was said is that range: there the target lacks a block.
    let said = [
        "--min-time=1970-02-11T16:00:00Z",
        "--max-time=1970-02-12T02:00:00Z",
    ];
    let ran = with_buckets(&two, &world, &said).expect(3);
    assert_eq!(ran.json()["verdict"], "no");
    // What only touches it is not in it.
    let said = [
        "--min-time=1970-02-11T16:00:00Z",
        "--max-time=1970-02-11T20:00:00Z",
    ];
    with_buckets(&two, &world, &said).expect(0);
    // One that lies over all of it leaves nothing to compare.
    block('E', 900, 1_100).cluster("c").write_to(&world.source);
    let ran = with_buckets(&two, &world, &[]).expect(3);
    assert!(
        findings(&ran).contains(&"not-moved unseen both 1".to_owned()),
        "{}",
        ran.stdout
    );
}

/// S-21.14
#[test]
fn buckets_without_a_moved_block_are_no_yes() {
    let world = World::new(&[]);
    let two = Two::new(answering(), answering());
    let said = ["--min-time=2025-06-01", "--max-time=2025-06-02"];
    let ran = with_buckets(&two, &world, &said).expect(3);
    assert!(
        findings(&ran).contains(&"no-moved-block unseen both 1".to_owned()),
        "{}",
        ran.stdout
    );
    assert_eq!(ran.json()["verdict"], "not-proven");
}

/// S-21.16
#[test]
fn what_was_found_is_told_where_the_page_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("gone");
    fs::create_dir(&place).unwrap();
    let gone = place.clone();
    // The folder goes while both sides are asked.
    let source = Querier::guarded(move |_| {
        let _ = fs::remove_dir(&gone);
        None
    })
    .series("up", &[up(&[(10, "1")])]);
    let two = Two::new(source, querier(&[up(&[(10, "2")])]));
    let page = format!("--markdown={}", place.join("ticket.md").display());
    let ran = two.run(&[&page]).expect(1);
    assert_eq!(ran.json()["verdict"], "no");
    assert!(ran.stderr.contains("write the page"), "{}", ran.stderr);
}
