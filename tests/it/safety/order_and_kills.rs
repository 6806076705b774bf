//! Whole runs on buckets in memory: what is written, in which order, and what a kill at any write leaves behind.

use thanos_bucket::block::Strength;

use crate::support::block::{Block, FIVE_MINUTES_MS, ONE_HOUR_MS, id, object};
use crate::support::memory::World;
use crate::support::scripted::{Fault, Request};
use crate::support::world::Contents;

fn three() -> [Block; 3] {
    [
        Block::new('A').days(0, 1),
        Block::new('B').days(1, 2),
        Block::new('C').days(2, 3).cluster("us-1"),
    ]
}

/// Names of the blocks in the order in which an object of that name was put.
fn order_of(requests: &[(Request, String)], name: &str) -> String {
    requests
        .iter()
        .filter(|(request, _)| *request == Request::Put)
        .filter_map(|(_, path)| path.strip_suffix(name)?.strip_suffix('/')?.chars().last())
        .collect()
}

/// S-5.4: everything moves, meta.json byte for byte, and a second run has nothing to do.
#[tokio::test(start_paused = true)]
async fn blocks_move_whole_and_once() {
    let world = World::new(&three());
    let before = world.source.tree();
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings(), ["migrated"; 3]);
    let target = world.target.tree();
    assert_eq!(target, before);
    for block in three() {
        let mark = format!("{}/deletion-mark.json", block.id());
        assert!(world.source.has(&mark));
    }
    let again = world.run().await.unwrap();
    assert!(again.plan.selected.is_empty());
    assert!(again.plan.not_held.is_empty());
    assert_eq!(world.target.tree(), target);
}

/// S-6.6: whatever write is the last one, nothing is torn, and the next run finishes.
#[tokio::test(start_paused = true)]
async fn a_kill_at_any_write_is_healed_by_the_next_run() {
    let blocks = [
        Block::new('A').days(0, 1),
        Block::new('B').days(1, 2),
        Block::new('C')
            .days(0, 2)
            .resolution(FIVE_MINUTES_MS)
            .sources("AB"),
    ];
    let whole = World::new(&blocks);
    whole.run().await.unwrap();
    let (source_writes, target_writes) = (whole.source.writes(), whole.target.writes());
    let expected = whole.target.tree();
    let kills = (0..target_writes)
        .map(|target| (usize::MAX / 2, target))
        .chain((0..source_writes).map(|source| (source, usize::MAX / 2)));
    for (source, target) in kills {
        let world = World::new(&blocks);
        world.kill_after(source, target);
        let _ = world.run().await;
        let when = format!("killed after {source} marks and {target} writes to the target");
        world.assert_sound_after(&when);
        world.revive();
        let ran = world.run().await.unwrap();
        world.assert_sound_after(&when);
        assert!(ran.plan.not_held.is_empty(), "{when}");
        assert_eq!(world.target.tree(), expected, "{when}");
        assert!(
            world.run().await.unwrap().plan.selected.is_empty(),
            "{when}"
        );
    }
}

/// S-5.9, S-5.10: published 1h, 5m, raw; marked raw, 5m, 1h; each by time.
#[tokio::test(start_paused = true)]
async fn coarse_blocks_are_published_first_and_marked_last() {
    let blocks = [
        Block::new('A').days(0, 1),
        Block::new('B').days(1, 2),
        Block::new('C')
            .days(0, 2)
            .resolution(FIVE_MINUTES_MS)
            .sources("AB"),
        Block::new('D')
            .days(0, 2)
            .resolution(ONE_HOUR_MS)
            .sources("AB"),
    ];
    let world = World::new(&blocks);
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings(), ["migrated"; 4]);
    assert_eq!(order_of(&world.target.requests(), "meta.json"), "DCAB");
    assert_eq!(
        order_of(&world.source.requests(), "deletion-mark.json"),
        "ABCD"
    );
}

/// S-5.9, S-6.2: a block that fails holds back what follows in its unit, and nothing else.
#[tokio::test(start_paused = true)]
async fn a_failed_block_holds_back_its_unit_alone() {
    let blocks = [
        Block::new('A').days(0, 1),
        Block::new('B').days(1, 2),
        Block::new('C').days(2, 3),
        Block::new('D').days(0, 1).cluster("us-1"),
    ];
    let world = World::new(&blocks);
    world.source.fail(|request, path| {
        let index_of_b = path == object('B', "index");
        (request == Request::Get && index_of_b).then_some(Fault::Transient)
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending('A'), "migrated");
    assert_eq!(ran.ending('B'), "failed");
    assert_eq!(ran.ending('C'), "held-back");
    assert_eq!(ran.ending('D'), "migrated");
    world.assert_sound();
}

/// S-5.9: an incomplete block is a gap in its unit too.
#[tokio::test(start_paused = true)]
async fn an_incomplete_block_holds_back_what_follows() {
    let blocks = [
        Block::new('A').days(0, 1),
        Block::new('B').days(1, 2),
        Block::new('C').days(2, 3),
    ];
    let world = World::new(&blocks);
    world.source.remove(&object('B', "index"));
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending('A'), "migrated");
    assert_eq!(ran.ending('B'), "not selected");
    assert_eq!(ran.ending('C'), "held-back");
}

/// S-5.10: a coarse block is not marked while a finer one of the same data lives.
#[tokio::test(start_paused = true)]
async fn a_downsampled_block_waits_for_its_raw_block() {
    let blocks = [
        Block::new('A').days(0, 1),
        Block::new('C')
            .days(0, 1)
            .resolution(FIVE_MINUTES_MS)
            .sources("A"),
    ];
    let mut world = World::new(&blocks);
    world.task.rules.resolutions_ms.insert(FIVE_MINUTES_MS);
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending('C'), "mark-deferred");
    assert!(
        !world
            .source
            .tree()
            .contains_key(&object('C', "deletion-mark.json"))
    );
}

/// S-6.1: what fails in passing is tried again.
#[tokio::test(start_paused = true)]
async fn passing_errors_are_outlasted() {
    let mut world = World::new(&three());
    world.task.settings.retry.max_retries = 9;
    for store in [&world.source, &world.target] {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        store.fail(move |_, _| {
            let number = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            (number % 3 == 1).then_some(Fault::Transient)
        });
    }
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings(), ["migrated"; 3]);
    world.assert_sound();
}

/// S-6.3: a refused mark ends the run.
#[tokio::test(start_paused = true)]
async fn a_refused_mark_ends_the_run() {
    let world = World::new(&three());
    world
        .source
        .fail(|request, _| (request == Request::Put).then_some(Fault::Refused));
    let ran = world.run().await.unwrap();
    assert!(ran.results.aborted.is_some());
    world.assert_sound();
}

/// S-6.3: such a run did not come to its end, even if no block is left to be worked on.
#[tokio::test(start_paused = true)]
async fn a_run_that_the_last_block_ends_is_not_complete() {
    let world = World::new(&[Block::new('A').days(0, 1)]);
    world
        .source
        .fail(|request, _| (request == Request::Put).then_some(Fault::Refused));
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings(), ["failed"]);
    assert!(ran.results.aborted.is_some() && !ran.results.complete);
}

/// S-4.9: a `meta.json` that is refused concerns its own block, be it there from the beginning or new.
#[tokio::test(start_paused = true)]
async fn a_meta_json_that_is_refused_fails_no_other_block() {
    let world = World::new(&three());
    let source = std::sync::Arc::clone(&world.source);
    world.source.fail(|request, path| {
        let theirs = [id('A'), id('Z')].iter().any(|id| path.starts_with(id));
        let refused = request == Request::Get && theirs && path.ends_with("/meta.json");
        refused.then_some(Fault::Refused)
    });
    world.target.on_request(move |request, _| {
        if request == Request::Put {
            let new = Block::new('Z').days(7, 8);
            new.write_to(&source);
        }
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending('A'), "not selected");
    assert_eq!(ran.endings(), ["migrated"; 2]);
}

/// S-6.3: a target that refuses everything ends the run before every block has failed in turn.
#[tokio::test(start_paused = true)]
async fn a_target_that_takes_nothing_ends_the_run() {
    let world = World::new(&three());
    world
        .target
        .fail(|request, _| (request == Request::Put).then_some(Fault::Refused));
    let ran = world.run().await.unwrap();
    assert!(ran.results.aborted.is_some());
    assert!(world.target.tree().is_empty());
}

/// S-6.3: one block after the other, with nothing taken in between.
#[tokio::test(start_paused = true)]
async fn a_target_that_takes_nothing_any_more_ends_the_run() {
    let three_in_a_row = "BCD";
    for refused in ["BC", "BCEF", three_in_a_row] {
        let blocks = ('A'..='F').zip(0..).map(|(letter, day)| {
            let cluster: &'static str = format!("c-{letter}").leak();
            Block::new(letter).days(day, day + 1).cluster(cluster)
        });
        let mut world = World::new(&blocks.collect::<Vec<_>>());
        world.task.settings.concurrency = std::num::NonZeroUsize::MIN;
        world.target.fail(move |request, path| {
            let of_one = refused.chars().any(|letter| path.starts_with(&id(letter)));
            (request == Request::Put && of_one).then_some(Fault::Refused)
        });
        let ran = world.run().await.unwrap();
        let ended = ran.results.aborted.is_some();
        assert_eq!(ended, refused == three_in_a_row, "{refused}");
        let failed = ran
            .endings()
            .iter()
            .filter(|ending| **ending == "failed")
            .count();
        assert_eq!(failed, refused.len(), "{:?}", ran.endings());
        world.assert_sound_after(refused);
    }
}

/// S-5.4, S-5.7: a write that is acknowledged and lost is noticed before anybody relies on it.
#[tokio::test(start_paused = true)]
async fn a_lost_write_is_never_relied_upon() {
    for name in ["chunks/000002", "index", "meta.json"] {
        let world = World::new(&three());
        let lost = std::sync::atomic::AtomicBool::new(false);
        world.target.fail(move |request, path| {
            let first = request == Request::Put
                && path.ends_with(name)
                && !lost.swap(true, std::sync::atomic::Ordering::SeqCst);
            first.then_some(Fault::Lost)
        });
        let ran = world.run().await.unwrap();
        assert_eq!(ran.endings(), ["migrated"; 3], "{name}");
        world.assert_sound_after(name);
    }
}

/// S-5.5: a block that its compactor deletes under us is no failure.
#[tokio::test(start_paused = true)]
async fn a_vanished_block_is_no_failure() {
    let world = World::new(&three());
    let source = std::sync::Arc::clone(&world.source);
    world.target.on_request(move |request, path| {
        if request == Request::Put && path.starts_with(&id('A')) {
            let gone = object('A', "meta.json");
            source.remove(&gone);
        }
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending('A'), "vanished");
    assert_eq!(ran.ending('B'), "migrated");
}

/// S-5.5, S-5.17: what was published whole stays, for it may be all that is left.
#[tokio::test(start_paused = true)]
async fn a_source_that_vanishes_while_its_copy_is_read_does_not_take_the_copy_with_it() {
    let mut world = World::new(&three());
    world.task.rules.verify = Strength::Content;
    let meta = object('A', "meta.json");
    let source = std::sync::Arc::clone(&world.source);
    world.target.on_request(move |request, path| {
        let reads = request == Request::Get && path == object('A', "meta.json");
        if reads {
            for name in ["meta.json", "index", "chunks/000001", "chunks/000002"] {
                let gone = object('A', name);
                source.remove(&gone);
            }
        }
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending('A'), "vanished");
    assert_eq!(ran.ending('B'), "migrated");
    assert!(world.target.has(&meta));
}

/// S-5.5: a block compacted from ours that appears while we copy makes ours superfluous.
#[tokio::test(start_paused = true)]
async fn a_superseding_block_stops_the_publication() {
    let world = World::new(&three());
    let source = std::sync::Arc::clone(&world.source);
    world.target.on_request(move |request, _| {
        if request == Request::Put {
            let bigger = Block::new('Z').days(0, 2).sources("AB");
            bigger.write_to(&source);
        }
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending('A'), "superseded");
    assert_eq!(ran.ending('B'), "superseded");
    assert_eq!(ran.ending('C'), "migrated");
    assert!(!world.target.has(&object('A', "meta.json")));
}

/// S-5.5, S-5.11: a mark that somebody else writes meanwhile is kept, and the block is left alone.
#[tokio::test(start_paused = true)]
async fn a_mark_that_appears_meanwhile_is_respected() {
    let world = World::new(&three());
    let source = std::sync::Arc::clone(&world.source);
    let theirs = format!(
        r#"{{"id":"{}","version":1,"details":"by hand","deletion_time":1}}"#,
        id('A')
    );
    let mark = theirs.clone();
    world.target.on_request(move |request, path| {
        if request == Request::Put && path.starts_with(&id('A')) {
            let path = object('A', "deletion-mark.json");
            source.put(&path, mark.clone().into_bytes());
        }
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending('A'), "superseded");
    let path = object('A', "deletion-mark.json");
    assert_eq!(world.source.tree()[&path], theirs.into_bytes());
}

/// S-6.7: two runs side by side publish and mark every block once.
#[tokio::test(start_paused = true)]
async fn two_runs_at_once_end_sound() {
    let world = World::new(&three());
    let (one, other) = futures::join!(world.run(), world.run());
    for ran in [one.unwrap(), other.unwrap()] {
        for ending in ran.endings() {
            assert!(
                ["migrated", "already-there", "superseded"].contains(&ending),
                "{ending}"
            );
        }
    }
    world.assert_sound();
    assert!(world.run().await.unwrap().plan.selected.is_empty());
}

/// S-6.4: enough failures, and no further block is started.
#[tokio::test(start_paused = true)]
async fn enough_failures_stop_the_run() {
    let mut world = World::new(&three());
    world.task.settings.max_failures = std::num::NonZeroUsize::new(1);
    world.task.settings.concurrency = std::num::NonZeroUsize::MIN;
    world.source.fail(|request, path| {
        (request == Request::Get && path.ends_with("/index")).then_some(Fault::Transient)
    });
    let ran = world.run().await.unwrap();
    assert!(!ran.results.complete);
    let failed = ran
        .endings()
        .iter()
        .filter(|ending| **ending == "failed")
        .count();
    assert_eq!(failed, 1);
}

/// S-5.12: a mark of ours that the target does not bear out is found, and the block can be saved.
#[tokio::test(start_paused = true)]
async fn a_marked_block_that_the_target_lost_is_found_and_saved() {
    let mut world = World::new(&three());
    world.run().await.unwrap();
    world.target.remove(&object('A', "index"));
    let ran = world.run().await.unwrap();
    assert_eq!(ran.plan.not_held.len(), 1);
    assert_eq!(ran.plan.not_held[0].why, "index is missing");
    world.task.rules.exclude_delete_marked = false;
    world.task.rules.ids.insert(id('A').parse().unwrap());
    let saved = world.run().await.unwrap();
    assert_eq!(saved.ending('A'), "repaired");
    world.task.rules.exclude_delete_marked = true;
    assert!(world.run().await.unwrap().plan.not_held.is_empty());
}

/// S-5.8, S-6.6: an overwrite that is killed anywhere is finished by the next run.
#[tokio::test(start_paused = true)]
async fn an_overwrite_killed_at_any_write_is_finished_by_the_next_run() {
    let ours = Block::new('A').days(0, 1);
    let theirs = Block::new('A').days(0, 1).sources("AB");
    let prepared = || {
        let mut world = World::new(std::slice::from_ref(&ours));
        theirs.write_to(&world.target);
        world
            .target
            .put(&object('A', "chunks/000003"), b"old".to_vec());
        world.task.rules.existing = thanos_bucket::plan::Existing::Overwrite;
        world
    };
    let whole = prepared();
    assert_eq!(whole.run().await.unwrap().endings(), ["overwritten"]);
    let expected = whole.target.tree();
    assert!(!expected.contains_key(&object('A', "chunks/000003")));
    for kill in 0..whole.target.writes() {
        let world = prepared();
        world.kill_after(usize::MAX / 2, kill);
        let _ = world.run().await;
        world.revive();
        world.run().await.unwrap();
        assert_eq!(world.target.tree(), expected, "killed after {kill} writes");
        world.assert_sound();
    }
}

/// S-5.14: the cleaner of the target counts from now.
#[tokio::test(start_paused = true)]
async fn a_resumed_copy_puts_one_object_anew() {
    let block = Block::new('A').days(0, 1);
    let world = World::new(std::slice::from_ref(&block));
    block.write_to(&world.target);
    world.target.remove(&format!("{}/meta.json", block.id()));
    world.run().await.unwrap();
    let puts: Vec<_> = world
        .target
        .requests()
        .into_iter()
        .filter(|(request, path)| *request == Request::Put && path.starts_with(&block.id()))
        .collect();
    assert_eq!(puts.len(), 2, "one object and meta.json: {puts:?}");
    assert!(puts[1].1.ends_with("/meta.json"), "{puts:?}");
}
