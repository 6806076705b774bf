//! What fails, and what becomes of the other blocks and of the run, on buckets in memory.

use crate::support::block::{Block, id, object};
use crate::support::memory::{World, three};
use crate::support::scripted::{Fault, Request};
use crate::support::world::Contents;

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

/// S-7.11: more than a share of failures, among those that have ended, and no further block is started; fewer end nothing.
#[tokio::test(start_paused = true)]
async fn too_high_a_share_of_failures_stops_the_run() {
    // Which of a hundred blocks fail; how many of them have ended then.
    let first = |many: u64| (0..many).collect::<Vec<_>>();
    let table = [
        ("10%", first(1), None),
        ("10%", first(3), Some(20)),
        ("0.1", vec![4, 9, 29], None),
        ("10%", vec![4, 29, 30, 31, 32], Some(32)),
        ("5%", vec![95, 96, 97, 98, 99], None),
        ("0%", vec![7], Some(8)),
        ("2.5%", first(3), Some(3)),
    ];
    for (share, failing, ended) in table {
        let cluster = |number: u64| format!("eu-{number:03}");
        let block = |number| Block::new(number).cluster(&cluster(number));
        let blocks: Vec<Block> = (0..100).map(block).collect();
        let indexes: Vec<String> = failing
            .iter()
            .map(|number| format!("{}/index", block(*number).id()))
            .collect();
        let mut world = World::new(&blocks);
        world.task.settings.max_error_rate = share.parse().ok();
        world.task.settings.retry.max_retries = 0;
        world.task.settings.concurrency = std::num::NonZeroUsize::MIN;
        world.source.fail(move |request, path| {
            let fails = request == Request::Get && indexes.iter().any(|index| path == index);
            fails.then_some(Fault::Transient)
        });
        let ran = world.run().await.unwrap();
        let endings = ran.endings();
        let unfinished = endings.iter().filter(|one| **one == "not-finished").count();
        let expected = ended.map_or(0, |ended| blocks.len() - ended);
        let limit = ran.results.limit.map(thanos_bucket::outcome::Limit::as_str);
        assert_eq!(
            limit,
            ended.map(|_| "--max-error-rate"),
            "{share} {failing:?} {endings:?}"
        );
        // One more may have begun before it was known.
        assert!(
            unfinished.abs_diff(expected) <= 1,
            "{share} {failing:?}: {unfinished} for {expected}"
        );
        assert_eq!(ran.results.complete, ended.is_none());
        world.assert_sound();
    }
}
