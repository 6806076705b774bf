//! Maps of small worlds.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use chrono::{DateTime, TimeDelta, Utc};

use super::testing::Random;
use super::*;
use crate::block::MarkError;
use crate::outcome::testing::{World, block, id};
use crate::plan::Mark;

const OURS: &str = "migrated to s3://cold by thanos-bucket 9.9.9 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
const LATER: &str = "migrated to s3://cold by thanos-bucket 9.9.9 run 01JZZZZZZZZZZZZZZZZZZZZZZZ";

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn mapped(world: &World) -> Map {
    let question = Question {
        filter: Filter {
            cutoff: None,
            ..world.rules.filter.clone()
        },
        delete_delay: TimeDelta::hours(48),
        now: time("2025-07-01T00:00:00Z"),
    };
    Map::of(world.source(), Some(&world.target()), &question)
}

fn blocks(sums: &Sums) -> [u64; 5] {
    let Sums {
        hot_only,
        both,
        marked,
        cold_only,
        partial,
    } = sums;
    [hot_only, both, marked, cold_only, partial].map(|sum| sum.blocks)
}

/// S-15.2
#[test]
fn blocks_are_summed_by_group_and_where_they_are() {
    let world = World::of([
        block(1),
        block(2).hours(2, 4),
        block(3).hours(4, 6).marked(OURS),
        block(4).hours(0, 6).resolution(300_000),
        block(5).label("cluster", "us-1"),
        block(6).without("meta.json"),
    ])
    .holding([
        block(2).hours(2, 4),
        block(3).hours(4, 6),
        block(7).hours(-2, 0),
        block(4).hours(0, 6).resolution(300_000).without("index"),
    ]);
    let map = mapped(&world);
    let groups: Vec<_> = map.groups.iter().map(|one| blocks(&one.sums)).collect();
    assert_eq!(groups, [[1, 1, 1, 1, 0], [1, 0, 0, 0, 1], [1, 0, 0, 0, 0]]);
    assert_eq!(blocks(&map.sums()), [3, 1, 1, 1, 2]);
    assert_eq!(map.sums().hot_only.bytes, 3 << 30);
    let raw = map.groups.first().unwrap();
    let states: Vec<_> = raw.intervals.iter().map(|one| one.state.as_str()).collect();
    assert_eq!(states, ["cold", "hot", "both"]);
    let flaws: Vec<_> = map.flaws.iter().map(|one| (one.id, one.flaw)).collect();
    assert_eq!(
        flaws,
        [(id(4), Flaw::Incomplete), (id(6), Flaw::NoMetaJson)]
    );
    assert_eq!(map.of_no_group.blocks, 1);
}

/// S-15.2
#[test]
fn a_block_of_the_target_counts_only_where_it_is_the_sources_and_stays() {
    let marked_there = block(1).marked("by hand");
    let other = block(2).hours(2, 4).level(9);
    let world = World::of([block(1), block(2).hours(2, 4)]).holding([marked_there, other]);
    let map = mapped(&world);
    assert_eq!(blocks(&map.sums()), [2, 0, 0, 0, 1]);
    assert_eq!(map.flaws.first().unwrap().flaw, Flaw::Different);
    let deletions: Vec<_> = map.deletions.iter().map(|one| one.bucket).collect();
    assert_eq!(deletions, [Role::Target]);
}

/// S-15.5
#[test]
fn marked_blocks_are_told_by_the_day_from_which_they_may_be_deleted() {
    let names = block(6).with_mark(Mark::Corrupted(MarkError::OtherVersion(2)));
    let closed = block(7).with_mark(Mark::Unreadable("AccessDenied".into()));
    let world = World::of([
        block(1).marked_at("2025-06-28T23:59:59Z", OURS),
        block(2).marked_at("2025-06-29T00:00:00Z", OURS),
        block(3).marked_at("2025-06-29T00:00:01Z", LATER),
        block(4).marked_at("2025-06-29T23:59:59Z", "by hand"),
        block(5).marked_at("2025-06-30T00:00:00Z", LATER),
        names,
        closed,
        // Its deletion has begun.
        block(8).marked(OURS).without("meta.json"),
    ]);
    let map = mapped(&world);
    let day = |text: &str| When::Day(text.parse().unwrap());
    let whens: Vec<_> = map
        .deletions
        .iter()
        .map(|one| (one.when, one.sum.blocks))
        .collect();
    assert_eq!(
        whens,
        [
            (When::Now, 2),
            (day("2025-07-01"), 2),
            (day("2025-07-02"), 1),
            (When::Unknown, 1)
        ]
    );
    let between = map.deletions.get(1).unwrap().between;
    let expected = ("2025-07-01T00:00:01Z", "2025-07-01T23:59:59Z");
    assert_eq!(between, Some((time(expected.0), time(expected.1))));
    let flaws: Vec<_> = map.flaws.iter().map(|one| one.flaw).collect();
    assert_eq!(
        flaws,
        [
            Flaw::CorruptedDeletionMark,
            Flaw::UnreadableDeletionMark,
            Flaw::NoMetaJson
        ]
    );
    assert_eq!(blocks(&map.sums()), [1, 0, 6, 0, 1]);
}

/// S-15.6
#[test]
fn runs_are_told_by_their_marks_the_latest_first() {
    let world = World::of([
        block(1).marked_at("2025-06-28T00:00:00Z", OURS),
        block(2).marked_at("2025-06-28T01:00:00Z", OURS),
        block(3).marked_at("2025-06-29T00:00:00Z", "by hand"),
        block(4).marked_at("2025-06-30T00:00:00Z", LATER),
        block(5).marked_at(
            "2024-01-01T00:00:00Z",
            "migrated to s3://b by thanos-bucket 0.1 run odd",
        ),
        block(6),
    ]);
    let map = mapped(&world);
    let runs: Vec<_> = map
        .runs
        .iter()
        .map(|one| {
            let run = one.run.as_ref().map(|(run, _)| run.as_str());
            (run, one.sum.blocks)
        })
        .collect();
    assert_eq!(
        runs,
        [
            (Some("01JZZZZZZZZZZZZZZZZZZZZZZZ"), 1),
            (Some("01J9ZK3M7Q8T5V6W7X8Y9Z0A1B"), 2),
            (None, 2)
        ]
    );
    // What names no run is not of this tool.
    let others = map.runs.get(2).unwrap();
    assert_eq!(others.time, Some(time("2024-01-01T00:00:00Z")));
    let second = map.runs.get(1).unwrap();
    assert_eq!(second.time.map(|time| time.date_naive()), {
        "2024-10-12".parse().ok()
    });
}

/// S-15.1
#[test]
fn filters_say_which_blocks_are_on_the_map() {
    let all = || {
        World::of([
            block(1),
            block(2).label("cluster", "us-1"),
            block(3).without("meta.json"),
            block(4).younger(),
        ])
    };
    let selected = all().selecting("- {action: keep, source_labels: [cluster], regex: eu-1}");
    assert_eq!(blocks(&mapped(&selected).sums()), [2, 0, 0, 0, 1]);
    let named = all().asking_for([2]);
    assert_eq!(blocks(&mapped(&named).sums()), [1, 0, 0, 0, 0]);
    let partial = all().asking_for([3]);
    assert_eq!(blocks(&mapped(&partial).sums()), [0, 0, 0, 0, 1]);
}

/// S-15.7
#[test]
fn what_is_due_is_what_a_plan_selects() {
    let world = World::of([
        block(1),
        block(2).hours(2, 4),
        block(3).younger(),
        block(4).hours(4, 6).marked(OURS),
        block(5).hours(6, 8).without("index"),
        block(6).hours(8, 10),
    ])
    .holding([block(1), block(4).hours(4, 6)]);
    let due = Due::of_plan(&world.plan());
    assert_eq!(due.selected.blocks, 3);
    assert_eq!(due.selected.bytes, 3 << 30);
    assert_eq!(due.to_put.blocks, 1);
    assert_eq!(due.waiting.blocks, 1);
    let mut map = mapped(&world);
    map.note_due(&due);
    let by_group: u64 = map.groups.iter().map(|one| one.due.blocks).sum();
    assert_eq!(by_group, 3);
}

/// S-15.2: sums add up.
#[test]
fn every_whole_block_counts_once_and_every_torn_directory_once() {
    let mut random = Random::new(152);
    for _ in 0..50 {
        let mut side = || {
            let mut found = Vec::new();
            for number in 0..30 {
                let hours = i64::from(number % 7);
                let made = block(number)
                    .hours(hours, hours + 2)
                    .label("cluster", ["a", "b"].get(number as usize % 2).unwrap())
                    .resolution(i64::from(number % 3) * 300_000);
                match random.below(6) {
                    0 => {}
                    1 => found.push(made.without("meta.json")),
                    2 => found.push(made.without("index")),
                    3 => found.push(made.marked(OURS)),
                    _ => found.push(made),
                }
            }
            found
        };
        let world = World::of(side()).holding(side());
        let map = mapped(&world);
        let target = world.target();
        let is_whole = |seen: &seen::Seen<'_>| seen.is_whole();
        let (mut whole, mut torn) = (0, 0);
        for pair in pairs(world.source(), Some(&target)) {
            whole += u64::from(pair.both().any(|(_, seen)| is_whole(seen)));
            torn += pair.both().filter(|(_, seen)| !is_whole(seen)).count() as u64;
        }
        let [hot, both, marked, cold, partial] = blocks(&map.sums());
        assert_eq!(hot + both + marked + cold, whole);
        assert_eq!(partial, torn);
        let of_block = map.flaws.iter().filter(|one| one.flaw.is_of_block());
        assert_eq!(of_block.count() as u64, torn);
        let mut sums = Sums::default();
        for group in &map.groups {
            sums.add(&group.sums);
        }
        sums.partial.blocks += map.of_no_group.blocks;
        assert_eq!(blocks(&sums), blocks(&map.sums()));
    }
}
