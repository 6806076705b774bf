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
