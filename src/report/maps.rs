//! Maps of small and of large worlds, as each form shows them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should panic"
)]

use serde_json::Value;

use super::testing::{map_written, map_written_as};
use super::{Form, Output, Rows};
use crate::outcome::testing::{World, block, id};
use crate::outcome::{Charted, Overview};

const OURS: &str = "migrated to s3://cold by thanos-bucket 9.9.9 run 01JZK3M7Q8T5V6W7X8Y9Z0A1BC";
const EARLIER: &str = "migrated to s3://cold by thanos-bucket 9.9.9 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";

/// Two clusters, and one of everything that may be told of.
fn small() -> World {
    let hours = |number, day: i64| block(number).hours(24 * day, 24 * (day + 1));
    let held = |day: i64| hours(u32::try_from(day).unwrap(), day);
    World::of([
        held(4).marked_at("2025-06-28T10:00:00Z", EARLIER),
        held(5).marked_at("2025-06-30T10:00:00Z", OURS),
        held(6).marked_at("2025-06-30T11:30:00Z", OURS),
        held(7),
        held(8),
        hours(9, 9),
        hours(10, 12),
        hours(11, 13),
        hours(12, 13).hours(24 * 13 + 12, 24 * 15),
        hours(20, 2).label("cluster", "us-1"),
        hours(21, 3)
            .label("cluster", "us-1")
            .marked_at("2025-06-30T12:00:00Z", OURS),
        hours(22, 4).label("cluster", "us-1").without("index"),
        hours(23, 0).resolution(300_000),
        hours(30, 0)
            .without("meta.json")
            .written("2025-06-30T20:00:00Z"),
        hours(31, 0).without("meta.json"),
    ])
    .holding([
        held(0),
        held(1),
        held(2),
        held(3),
        held(4),
        held(5),
        held(6),
        held(7),
        hours(20, 2).label("cluster", "us-1").level(9),
        hours(9, 9)
            .without("meta.json")
            .written("2025-06-30T23:00:00Z"),
    ])
}

/// Labels whose characters are two columns wide.
fn wide() -> World {
    World::of([
        block(1).label("場所", &"東京".repeat(60)),
        block(2).label("場所", &"東京 ".repeat(60)).without("index"),
    ])
}

fn text(charted: &Charted) -> String {
    map_written(charted, Output::Text, Some(80))
}

fn widest(text: &str) -> usize {
    let widths = text.lines().map(|line| line.chars().count());
    widths.max().unwrap_or_default()
}

/// S-15.9, S-15.10
#[test]
fn a_small_map_reads_like_this() {
    let text = text(&small().charted());
    assert_eq!(text, include_str!("text/golden/status.txt"), "{text}");
}

/// S-15.1
#[test]
fn a_map_of_one_bucket_reads_like_this() {
    let text = text(&small().charted_alone());
    assert_eq!(
        text,
        include_str!("text/golden/status-of-one.txt"),
        "{text}"
    );
}

/// A thousand tenants with three resolutions each, of which one has a gap, and one something torn.
fn thousand() -> World {
    let blocks = (0..3000_u32).flat_map(|number| {
        let tenant = format!("tenant-{:04}", number / 3);
        let resolution_ms = [0, 300_000, 3_600_000].get(number as usize % 3).copied();
        let days = [0, if number == 2100 { 20 } else { 1 }];
        days.into_iter().zip(0..).map(move |(day, nth)| {
            let block = block(number * 2 + nth)
                .label("tenant", &tenant)
                .resolution(resolution_ms.unwrap_or_default())
                .hours(24 * day, 24 * (day + 1));
            if number == 2700 {
                block.without("index")
            } else {
                block
            }
        })
    });
    World::of(blocks)
}

/// S-15.9
#[test]
fn many_groups_are_summed_up_and_what_a_person_should_look_at_is_shown() {
    let charted = thousand().charted();
    let shown = text(&charted);
    assert!(shown.lines().count() < 250, "{shown}");
    assert!(widest(&shown) <= 80, "{shown}");
    for words in [
        "all 3,000 groups, by resolution\n",
        "tenant=\"tenant-0700\"}\n  0s ",
        "tenant=\"tenant-0900\"}\n! 0s ",
        "    gap 2025-01-03 00:00 to 2025-01-22 00:00 (19d)",
        "… and 2,940 more groups, which are in the sums above (--output.groups=all shows",
    ] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    let rows = |rows| {
        let form = Form {
            output: Output::Text,
            rows,
            columns: Some(80),
        };
        map_written_as(&charted, form)
    };
    let (all, none) = (rows(Rows::All), rows(Rows::None));
    assert_eq!(all.matches("tenant=").count(), 1002);
    assert!(!all.contains("more groups"));
    assert_eq!(none.matches("tenant=").count(), 0, "{none}");
    assert!(none.contains("all 3,000 groups"), "{none}");
    let table = map_written(&charted, Output::Tsv, None);
    assert_eq!(table.lines().count(), 3001);
    let json: Value = serde_json::from_str(&map_written(&charted, Output::Json, None)).unwrap();
    assert_eq!(json["groups"].as_array().map(Vec::len), Some(3000));
}

/// S-15.9
#[test]
fn nothing_on_a_map_is_wider_than_the_screen() {
    for columns in [40, 50, 76, 80, 100, 200] {
        let of_two = map_written(&small().charted(), Output::Text, Some(columns));
        let of_one = map_written(&small().charted_alone(), Output::Text, Some(columns));
        let wide = map_written(&wide().charted(), Output::Text, Some(columns));
        for shown in [of_two, of_one, wide] {
            let lines = || shown.lines().map(crate::human::width);
            assert!(lines().all(|width| width <= columns), "{columns}\n{shown}");
        }
    }
}

/// S-15.9
#[test]
fn hostile_labels_cannot_forge_lines_cells_or_drive_the_terminal() {
    let world = World::of([
        block(1).label("a\tb\n! c", "d\te\nf\u{1b}[2J\u{202e}\"\\"),
        block(2).label("a\tb\n! c", "").before_time(),
    ]);
    let charted = world.charted();
    let shown = text(&charted);
    let unprintable = |c| c != '\n' && crate::printable::is_unprintable(c);
    assert!(!shown.contains(unprintable), "{shown:?}");
    let table = map_written(&charted, Output::Tsv, None);
    assert_eq!(table.lines().count(), 3, "{table}");
    for line in table.lines() {
        assert_eq!(line.split('\t').count(), 21, "{line}");
        assert!(!line.replace('\t', "").contains(unprintable), "{line:?}");
    }
}

/// S-15.11
#[test]
fn a_table_has_a_line_for_each_group_and_one_for_what_is_of_none() {
    let table = map_written(&small().charted(), Output::Tsv, None);
    let lines: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    let names = lines.first().unwrap();
    let cell = |line: usize, name: &str| {
        let place = names.iter().position(|other| *other == name).unwrap();
        lines.get(line).and_then(|line| line.get(place)).copied()
    };
    assert_eq!(lines.len(), 5);
    assert_eq!(cell(1, "labels"), Some("{cluster=\"eu-1\"}"));
    assert_eq!(cell(1, "resolution"), Some("0s"));
    assert_eq!(cell(1, "cold_only_blocks"), Some("4"));
    assert_eq!(cell(1, "cold_only_bytes"), Some("4294967296"));
    assert_eq!(cell(1, "marked_blocks"), Some("3"));
    assert_eq!(cell(1, "gaps"), Some("1"));
    assert_eq!(cell(1, "gap_seconds"), Some("172800"));
    assert_eq!(cell(1, "overlaps"), Some("1"));
    assert_eq!(cell(1, "min_time"), Some("2025-01-02T00:00:00.000Z"));
    assert_eq!(cell(1, "deletion_from"), Some("2025-06-30T10:00:00Z"));
    assert_eq!(cell(1, "due_blocks"), Some("6"));
    assert_eq!(cell(4, "labels"), Some(""));
    assert_eq!(cell(4, "partial_blocks"), Some("2"));
    let alone = map_written(&small().charted_alone(), Output::Tsv, None);
    let first = alone.lines().nth(1).unwrap();
    assert_eq!(first.split('\t').nth(6), Some(""));
}

/// Every member of a map in JSON; `*` stands for the members of a map.
const MEMBERS: &str = "schema_version kind tool tool.name tool.version run started source target cutoff complete exit_code \
    elapsed_seconds aborted signal limit warnings delete_delay_seconds \
    groups groups[].labels groups[].labels.* groups[].resolution groups[].resolution_ms groups[].min_time \
    groups[].min_time_ms groups[].max_time groups[].max_time_ms groups[].hot_only groups[].hot_only.blocks \
    groups[].hot_only.bytes groups[].both groups[].both.blocks groups[].both.bytes groups[].marked groups[].marked.blocks \
    groups[].marked.bytes groups[].cold_only groups[].cold_only.blocks groups[].cold_only.bytes groups[].partial \
    groups[].partial.blocks groups[].partial.bytes groups[].due groups[].due.blocks groups[].due.bytes \
    groups[].deletion_from groups[].deletion_until groups[].intervals groups[].intervals[].state \
    groups[].intervals[].min_time groups[].intervals[].min_time_ms groups[].intervals[].max_time \
    groups[].intervals[].max_time_ms groups[].overlaps groups[].overlaps[].bucket groups[].overlaps[].min_time \
    groups[].overlaps[].min_time_ms groups[].overlaps[].max_time groups[].overlaps[].max_time_ms groups[].overlaps[].blocks \
    groups[].overlaps[].examples \
    flaws flaws[].id flaws[].bucket flaws[].reason flaws[].detail flaws[].needs_a_person flaws[].labels flaws[].labels.* \
    flaws[].resolution flaws[].resolution_ms flaws[].size_bytes flaws[].written flaws[].marked \
    marked_not_held marked_not_held[].block marked_not_held[].why marked_not_held[].marked_at marked_not_held[].command \
    marked_not_held[].what_to_do \
    deletions deletions[].bucket deletions[].when deletions[].from deletions[].until deletions[].blocks deletions[].bytes \
    runs runs[].run runs[].target runs[].time runs[].marked_from runs[].marked_until runs[].blocks runs[].bytes \
    due due.blocks due.bytes due.to_put due.to_put.blocks due.to_put.bytes due.waiting due.waiting.blocks due.waiting.bytes \
    totals totals.groups totals.hot_only totals.hot_only.blocks totals.hot_only.bytes totals.both totals.both.blocks \
    totals.both.bytes totals.marked totals.marked.blocks totals.marked.bytes totals.cold_only totals.cold_only.blocks \
    totals.cold_only.bytes totals.partial totals.partial.blocks totals.partial.bytes totals.gaps totals.overlaps \
    totals.needs_a_person totals.needs_a_person.*";

/// Paths of all members, each once, in the order in which they come first.
fn members(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            let is_map = path.ends_with("labels") || path.ends_with("needs_a_person");
            for (name, value) in object {
                let name = if is_map { "*" } else { name };
                let dot = if path.is_empty() { "" } else { "." };
                let path = format!("{path}{dot}{name}");
                if !found.contains(&path) {
                    found.push(path.clone());
                }
                members(value, &path, found);
            }
        }
        Value::Array(array) => {
            for value in array {
                members(value, &format!("{path}[]"), found);
            }
        }
        _ => {}
    }
}

/// S-15.11
#[test]
fn every_member_of_a_map_is_one_of_the_schema_and_every_one_of_the_schema_is_used() {
    let charted = small().charted();
    let text = map_written(&charted, Output::Json, None);
    assert!(text.ends_with("}\n") && text.lines().count() == 1, "{text}");
    let map: Value = serde_json::from_str(&text).unwrap();
    let mut found = Vec::new();
    members(&map, "", &mut found);
    let mut schema: Vec<&str> = MEMBERS.split_whitespace().collect();
    schema.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, schema);
    assert_eq!(map["kind"], "status");
    assert_eq!(map["exit_code"], 3);
    assert_eq!(map["groups"][0]["intervals"][0]["state"], "cold");
    assert_eq!(map["deletions"][0]["when"], "now");
    assert_eq!(map["totals"]["needs_a_person"]["marked-not-held"], 1);
    let one = map_written(&small().charted_alone(), Output::Json, None);
    let one: Value = serde_json::from_str(&one).unwrap();
    for absent in ["target", "due", "cutoff"] {
        assert!(one[absent].is_null(), "{absent}");
    }
    assert!(one["groups"][0]["both"].is_null() && one["totals"]["cold_only"].is_null());
}

/// S-15.8
#[test]
fn a_map_needs_a_person_for_what_does_not_pass_by_itself() {
    let fresh = || {
        block(9)
            .without("meta.json")
            .written("2025-06-30T00:00:00Z")
    };
    let overlapping = block(3).hours(1, 3);
    let not_held = block(4).marked(OURS);
    for (world, code) in [
        (World::of([]), 0),
        (World::of([block(1), overlapping, fresh()]), 0),
        (World::of([block(1), block(2).hours(30, 32)]), 0),
        (World::of([block(1).without("meta.json")]), 3),
        (World::of([block(1).without("index")]), 3),
        (World::of([not_held.clone()]), 3),
        (World::of([not_held]).holding([block(4)]), 0),
        (World::of([block(4).marked("by hand")]), 0),
        (World::of([block(1)]).holding([block(1).level(2)]), 3),
    ] {
        let charted = world.charted();
        let exit = Overview::new(&charted).exit();
        assert_eq!(exit.code(), code, "{}", text(&charted));
    }
    let marked = small().charted();
    let ids: Vec<_> = marked.not_held.iter().map(|(block, _)| block.id).collect();
    assert_eq!(ids, [id(21)]);
}
