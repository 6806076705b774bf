//! Whole runs on buckets in memory: what is written, in which order, and what a kill at any write leaves behind.

use thanos_bucket::plan::Scope;

use crate::support::block::{Block, FIVE_MINUTES_MS, ONE_HOUR_MS, id, object};
use crate::support::memory::{World, three};
use crate::support::scripted::{Fault, Request};
use crate::support::world::Contents;

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
    world
        .task
        .rules
        .filter
        .resolutions_ms
        .insert(FIVE_MINUTES_MS);
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending('C'), "mark-deferred");
    assert!(
        !world
            .source
            .tree()
            .contains_key(&object('C', "deletion-mark.json"))
    );
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

/// S-5.12: a mark of ours that the target does not bear out is found, and the block can be saved.
#[tokio::test(start_paused = true)]
async fn a_marked_block_that_the_target_lost_is_found_and_saved() {
    let mut world = World::new(&three());
    world.run().await.unwrap();
    world.target.remove(&object('A', "index"));
    let ran = world.run().await.unwrap();
    assert_eq!(ran.plan.not_held.len(), 1);
    assert_eq!(ran.plan.not_held[0].why, "index is missing");
    world.task.rules.scope = Scope::Marked;
    world.task.rules.filter.ids.insert(id('A').parse().unwrap());
    let saved = world.run().await.unwrap();
    assert_eq!(saved.ending('A'), "repaired");
    world.task.rules.scope = Scope::Unmarked;
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
        world.task.rules.scope = Scope::Overwriting;
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
