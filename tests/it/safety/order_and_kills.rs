//! Whole runs on buckets in memory: what is written, in which order, and what a kill at any write leaves behind.

use thanos_bucket::block::Strength;

use crate::support::memory::{Block, World, id};
use crate::support::scripted::{Fault, Request, put, remove, tree};

const FIVE_MINUTES: i64 = 300_000;
const ONE_HOUR: i64 = 3_600_000;

fn three() -> [Block; 3] {
    [
        Block::new('A', (0, 1)),
        Block::new('B', (1, 2)),
        Block::new('C', (2, 3)).cluster("us-1"),
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
    let world = World::new().with(&three()).await;
    let before = tree(&world.source).await;
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings(), ["migrated"; 3]);
    let target = tree(&world.target).await;
    assert_eq!(target, before);
    for block in three() {
        let mark = format!("{}/deletion-mark.json", block.id);
        assert!(tree(&world.source).await.contains_key(&mark));
    }
    let again = world.run().await.unwrap();
    assert!(again.plan.selected.is_empty());
    assert!(again.plan.not_held.is_empty());
    assert_eq!(tree(&world.target).await, target);
}

/// S-6.6: whatever write is the last one, nothing is torn, and the next run finishes.
#[tokio::test(start_paused = true)]
async fn a_kill_at_any_write_is_healed_by_the_next_run() {
    let blocks = [
        Block::new('A', (0, 1)),
        Block::new('B', (1, 2)),
        Block::new('C', (0, 2))
            .resolution(FIVE_MINUTES)
            .sources("AB"),
    ];
    let whole = World::new().with(&blocks).await;
    whole.run().await.unwrap();
    let (source_writes, target_writes) = (whole.source.writes(), whole.target.writes());
    let expected = tree(&whole.target).await;
    let kills = (0..target_writes)
        .map(|target| (usize::MAX / 2, target))
        .chain((0..source_writes).map(|source| (source, usize::MAX / 2)));
    for (source, target) in kills {
        let world = World::new().with(&blocks).await;
        world.kill_after(source, target);
        let _ = world.run().await;
        let when = format!("killed after {source} marks and {target} writes to the target");
        world.assert_sound(&when).await;
        world.revive();
        let ran = world.run().await.unwrap();
        world.assert_sound(&when).await;
        assert!(ran.plan.not_held.is_empty(), "{when}");
        assert_eq!(tree(&world.target).await, expected, "{when}");
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
        Block::new('A', (0, 1)),
        Block::new('B', (1, 2)),
        Block::new('C', (0, 2))
            .resolution(FIVE_MINUTES)
            .sources("AB"),
        Block::new('D', (0, 2)).resolution(ONE_HOUR).sources("AB"),
    ];
    let world = World::new().with(&blocks).await;
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
        Block::new('A', (0, 1)),
        Block::new('B', (1, 2)),
        Block::new('C', (2, 3)),
        Block::new('D', (0, 1)).cluster("us-1"),
    ];
    let world = World::new().with(&blocks).await;
    world.source.fail(|request, path| {
        let index_of_b = path == format!("{}/index", id('B'));
        (request == Request::Get && index_of_b).then_some(Fault::Transient)
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending(&id('A')), "migrated");
    assert_eq!(ran.ending(&id('B')), "failed");
    assert_eq!(ran.ending(&id('C')), "held-back");
    assert_eq!(ran.ending(&id('D')), "migrated");
    world.assert_sound("after a failure").await;
}

/// S-5.9: an incomplete block is a gap in its unit too.
#[tokio::test(start_paused = true)]
async fn an_incomplete_block_holds_back_what_follows() {
    let blocks = [
        Block::new('A', (0, 1)),
        Block::new('B', (1, 2)),
        Block::new('C', (2, 3)),
    ];
    let world = World::new().with(&blocks).await;
    remove(&world.source, &format!("{}/index", id('B'))).await;
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending(&id('A')), "migrated");
    assert_eq!(ran.ending(&id('B')), "not selected");
    assert_eq!(ran.ending(&id('C')), "held-back");
}

/// S-5.10: a coarse block is not marked while a finer one of the same data lives.
#[tokio::test(start_paused = true)]
async fn a_downsampled_block_waits_for_its_raw_block() {
    let blocks = [
        Block::new('A', (0, 1)),
        Block::new('C', (0, 1))
            .resolution(FIVE_MINUTES)
            .sources("A"),
    ];
    let mut world = World::new().with(&blocks).await;
    world.rules.resolutions_ms.insert(FIVE_MINUTES);
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending(&id('C')), "mark-deferred");
    assert!(
        !tree(&world.source)
            .await
            .contains_key(&format!("{}/deletion-mark.json", id('C')))
    );
}

/// S-6.1: what fails in passing is tried again.
#[tokio::test(start_paused = true)]
async fn passing_errors_are_outlasted() {
    let mut world = World::new().with(&three()).await;
    world.settings.retry.max_retries = 9;
    for store in [&world.source, &world.target] {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        store.fail(move |_, _| {
            let number = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            (number % 3 == 1).then_some(Fault::Transient)
        });
    }
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings(), ["migrated"; 3]);
    world.assert_sound("after passing errors").await;
}

/// S-6.3: a refused mark ends the run.
#[tokio::test(start_paused = true)]
async fn a_refused_mark_ends_the_run() {
    let world = World::new().with(&three()).await;
    world
        .source
        .fail(|request, _| (request == Request::Put).then_some(Fault::Refused));
    let ran = world.run().await.unwrap();
    assert!(ran.results.aborted.is_some());
    world.assert_sound("after a refused mark").await;
}

/// S-6.3: such a run did not come to its end, even if no block is left to be worked on.
#[tokio::test(start_paused = true)]
async fn a_run_that_the_last_block_ends_is_not_complete() {
    let world = World::new().with(&[Block::new('A', (0, 1))]).await;
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
    let world = World::new().with(&three()).await;
    let source = std::sync::Arc::clone(&world.source);
    world.source.fail(|request, path| {
        let theirs = [id('A'), id('Z')].iter().any(|id| path.starts_with(id));
        let refused = request == Request::Get && theirs && path.ends_with("/meta.json");
        refused.then_some(Fault::Refused)
    });
    world.target.fail(move |request, _| {
        if request == Request::Put {
            let new = Block::new('Z', (7, 8));
            futures::executor::block_on(new.write_to(&source));
        }
        None
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending(&id('A')), "not selected");
    assert_eq!(ran.endings(), ["migrated"; 2]);
}

/// S-6.3: a target that refuses everything ends the run before every block has failed in turn.
#[tokio::test(start_paused = true)]
async fn a_target_that_takes_nothing_ends_the_run() {
    let world = World::new().with(&three()).await;
    world
        .target
        .fail(|request, _| (request == Request::Put).then_some(Fault::Refused));
    let ran = world.run().await.unwrap();
    assert!(ran.results.aborted.is_some());
    assert!(tree(&world.target).await.is_empty());
}

/// S-6.3: one block after the other, with nothing taken in between.
#[tokio::test(start_paused = true)]
async fn a_target_that_takes_nothing_any_more_ends_the_run() {
    for (refused, ends) in [("BC", false), ("BCEF", false), ("BCD", true)] {
        let blocks = ('A'..='F').zip(0..).map(|(letter, day)| {
            let cluster: &'static str = format!("c-{letter}").leak();
            Block::new(letter, (day, day + 1)).cluster(cluster)
        });
        let mut world = World::new().with(&blocks.collect::<Vec<_>>()).await;
        world.settings.concurrency = std::num::NonZeroUsize::MIN;
        world.target.fail(move |request, path| {
            let of_one = refused.chars().any(|letter| path.starts_with(&id(letter)));
            (request == Request::Put && of_one).then_some(Fault::Refused)
        });
        let ran = world.run().await.unwrap();
        assert_eq!(ran.results.aborted.is_some(), ends, "{refused}");
        let failed = ran
            .endings()
            .iter()
            .filter(|ending| **ending == "failed")
            .count();
        assert_eq!(failed, refused.len(), "{:?}", ran.endings());
        world.assert_sound(refused).await;
    }
}

/// S-5.4, S-5.7: a write that is acknowledged and lost is noticed before anybody relies on it.
#[tokio::test(start_paused = true)]
async fn a_lost_write_is_never_relied_upon() {
    for name in ["chunks/000002", "index", "meta.json"] {
        let world = World::new().with(&three()).await;
        let lost = std::sync::atomic::AtomicBool::new(false);
        world.target.fail(move |request, path| {
            let first = request == Request::Put
                && path.ends_with(name)
                && !lost.swap(true, std::sync::atomic::Ordering::SeqCst);
            first.then_some(Fault::Lost)
        });
        let ran = world.run().await.unwrap();
        assert_eq!(ran.endings(), ["migrated"; 3], "{name}");
        world.assert_sound(name).await;
    }
}

/// S-5.5: a block that its compactor deletes under us is no failure.
#[tokio::test(start_paused = true)]
async fn a_vanished_block_is_no_failure() {
    let world = World::new().with(&three()).await;
    let source = std::sync::Arc::clone(&world.source);
    world.target.fail(move |request, path| {
        if request == Request::Put && path.starts_with(&id('A')) {
            let gone = format!("{}/meta.json", id('A'));
            futures::executor::block_on(remove(&source, &gone));
        }
        None
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending(&id('A')), "vanished");
    assert_eq!(ran.ending(&id('B')), "migrated");
}

/// S-5.5, S-5.17: what was published whole stays, for it may be all that is left.
#[tokio::test(start_paused = true)]
async fn a_source_that_vanishes_while_its_copy_is_read_does_not_take_the_copy_with_it() {
    let mut world = World::new().with(&three()).await;
    world.rules.verify = Strength::Content;
    let meta = format!("{}/meta.json", id('A'));
    let source = std::sync::Arc::clone(&world.source);
    world.target.fail(move |request, path| {
        let reads = request == Request::Get && path == format!("{}/meta.json", id('A'));
        if reads {
            for name in ["meta.json", "index", "chunks/000001", "chunks/000002"] {
                let gone = format!("{}/{name}", id('A'));
                futures::executor::block_on(remove(&source, &gone));
            }
        }
        None
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending(&id('A')), "vanished");
    assert_eq!(ran.ending(&id('B')), "migrated");
    assert!(tree(&world.target).await.contains_key(&meta));
}

/// S-5.5: a block compacted from ours that appears while we copy makes ours superfluous.
#[tokio::test(start_paused = true)]
async fn a_superseding_block_stops_the_publication() {
    let world = World::new().with(&three()).await;
    let source = std::sync::Arc::clone(&world.source);
    world.target.fail(move |request, _| {
        if request == Request::Put {
            let bigger = Block::new('Z', (0, 2)).sources("AB");
            futures::executor::block_on(bigger.write_to(&source));
        }
        None
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending(&id('A')), "superseded");
    assert_eq!(ran.ending(&id('B')), "superseded");
    assert_eq!(ran.ending(&id('C')), "migrated");
    assert!(
        !tree(&world.target)
            .await
            .contains_key(&format!("{}/meta.json", id('A')))
    );
}

/// S-5.5, S-5.11: a mark that somebody else writes meanwhile is kept, and the block is left alone.
#[tokio::test(start_paused = true)]
async fn a_mark_that_appears_meanwhile_is_respected() {
    let world = World::new().with(&three()).await;
    let source = std::sync::Arc::clone(&world.source);
    let theirs = format!(
        r#"{{"id":"{}","version":1,"details":"by hand","deletion_time":1}}"#,
        id('A')
    );
    let mark = theirs.clone();
    world.target.fail(move |request, path| {
        if request == Request::Put && path.starts_with(&id('A')) {
            let path = format!("{}/deletion-mark.json", id('A'));
            futures::executor::block_on(put(&source, &path, mark.clone().into_bytes()));
        }
        None
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending(&id('A')), "superseded");
    let path = format!("{}/deletion-mark.json", id('A'));
    assert_eq!(tree(&world.source).await[&path], theirs.into_bytes());
}

/// S-6.7: two runs side by side publish and mark every block once.
#[tokio::test(start_paused = true)]
async fn two_runs_at_once_end_sound() {
    let world = World::new().with(&three()).await;
    let (one, other) = futures::join!(world.run(), world.run());
    for ran in [one.unwrap(), other.unwrap()] {
        for ending in ran.endings() {
            assert!(
                ["migrated", "already-there", "superseded"].contains(&ending),
                "{ending}"
            );
        }
    }
    world.assert_sound("after two runs").await;
    assert!(world.run().await.unwrap().plan.selected.is_empty());
}

/// S-6.4: enough failures, and no further block is started.
#[tokio::test(start_paused = true)]
async fn enough_failures_stop_the_run() {
    let mut world = World::new().with(&three()).await;
    world.settings.max_failures = std::num::NonZeroUsize::new(1);
    world.settings.concurrency = std::num::NonZeroUsize::MIN;
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
    let mut world = World::new().with(&three()).await;
    world.run().await.unwrap();
    remove(&world.target, &format!("{}/index", id('A'))).await;
    let ran = world.run().await.unwrap();
    assert_eq!(ran.plan.not_held.len(), 1);
    assert_eq!(ran.plan.not_held[0].why, "index is missing");
    world.rules.exclude_delete_marked = false;
    world.rules.ids.insert(id('A').parse().unwrap());
    let saved = world.run().await.unwrap();
    assert_eq!(saved.ending(&id('A')), "repaired");
    world.rules.exclude_delete_marked = true;
    assert!(world.run().await.unwrap().plan.not_held.is_empty());
}

/// S-5.8, S-6.6: an overwrite that is killed anywhere is finished by the next run.
#[tokio::test(start_paused = true)]
async fn an_overwrite_killed_at_any_write_is_finished_by_the_next_run() {
    let ours = Block::new('A', (0, 1));
    let theirs = Block::new('A', (0, 1)).sources("AB");
    let prepared = async || {
        let mut world = World::new().with(std::slice::from_ref(&ours)).await;
        theirs.write_to(&world.target).await;
        put(
            &world.target,
            &format!("{}/chunks/000003", id('A')),
            b"old".to_vec(),
        )
        .await;
        world.rules.existing = thanos_bucket::plan::Existing::Overwrite;
        world
    };
    let whole = prepared().await;
    assert_eq!(whole.run().await.unwrap().endings(), ["overwritten"]);
    let expected = tree(&whole.target).await;
    assert!(!expected.contains_key(&format!("{}/chunks/000003", id('A'))));
    for kill in 0..whole.target.writes() {
        let world = prepared().await;
        world.kill_after(usize::MAX / 2, kill);
        let _ = world.run().await;
        world.revive();
        world.run().await.unwrap();
        assert_eq!(
            tree(&world.target).await,
            expected,
            "killed after {kill} writes"
        );
        world.assert_sound("after an overwrite").await;
    }
}

/// S-5.14: the cleaner of the target counts from now.
#[tokio::test(start_paused = true)]
async fn a_resumed_copy_puts_one_object_anew() {
    let block = Block::new('A', (0, 1));
    let world = World::new().with(std::slice::from_ref(&block)).await;
    block.write_to(&world.target).await;
    remove(&world.target, &format!("{}/meta.json", block.id)).await;
    world.run().await.unwrap();
    let puts: Vec<_> = world
        .target
        .requests()
        .into_iter()
        .filter(|(request, path)| *request == Request::Put && path.starts_with(&block.id))
        .collect();
    assert_eq!(puts.len(), 2, "one object and meta.json: {puts:?}");
    assert!(puts[1].1.ends_with("/meta.json"), "{puts:?}");
}
