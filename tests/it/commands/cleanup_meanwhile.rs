//! `cleanup` beside others: it may be killed at any write, and what changes before its turn stays.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;
use thanos_bucket::bucket::{Begun, BegunForm};
use thanos_bucket::outcome::Cleaned;

use crate::support::block::{Block, id, object};
use crate::support::memory::{World, now, three};
use crate::support::scripted::{Fault, Request};
use crate::support::world::{Contents, Tree, assert_same};

/// Everything that is there is old.
const ANY_AGE: TimeDelta = TimeDelta::hours(-1);

/// A world whose target holds all of A but `meta.json`, and half of B.
fn half_copied() -> World {
    let world = World::new(&three());
    let names = [
        object('A', "chunks/000001"),
        object('A', "chunks/000002"),
        object('A', "index"),
        object('B', "chunks/000002"),
    ];
    for name in names {
        world.target.put(&name, world.before[&name].clone());
    }
    world
}

fn endings(cleaned: &Cleaned) -> Vec<(&str, &'static str)> {
    let leftovers = cleaned.leftovers.iter();
    leftovers
        .map(|one| (one.name.as_str(), one.ending.as_str()))
        .collect()
}

/// S-18.6: whatever a kill leaves is a smaller copy, which the next cleanup removes and the next migration completes.
#[tokio::test(start_paused = true)]
async fn a_kill_at_any_write_leaves_what_is_healed() {
    let whole = half_copied();
    let cleaned = whole.clean_up(ANY_AGE, false).await.unwrap();
    assert_eq!(
        endings(&cleaned),
        [(id('A').as_str(), "removed"), (id('B').as_str(), "removed")]
    );
    assert!(whole.target.tree().is_empty());
    assert_same(&whole.source.tree(), &whole.before);
    let writes = whole.target.writes();
    assert_eq!(writes, 4, "one for each object");
    for kill in 0..writes {
        for heals_by_migrating in [false, true] {
            let world = half_copied();
            world.kill_after(usize::MAX / 2, kill);
            let _ = world.clean_up(ANY_AGE, false).await;
            assert_eq!(world.target.tree().len(), 4 - kill);
            assert_same(&world.source.tree(), &world.before);
            world.revive();
            if heals_by_migrating {
                world.run().await.unwrap();
                world.assert_moved();
            } else {
                let cleaned = world.clean_up(ANY_AGE, false).await.unwrap();
                assert_eq!(cleaned.exit().code(), 0);
                assert!(world.target.tree().is_empty());
            }
        }
    }
}

/// S-18.6: what any killed migration leaves is removed, and what it has published stays.
#[tokio::test(start_paused = true)]
async fn what_a_killed_migration_left_is_removed() {
    let whole = World::new(&three());
    whole.run().await.unwrap();
    for kill in 0..whole.target.writes() {
        let world = World::new(&three());
        world.kill_after(usize::MAX / 2, kill);
        let _ = world.run().await;
        world.revive();
        let published = world.target.published();
        world.clean_up(ANY_AGE, false).await.unwrap();
        world.assert_sound();
        assert_eq!(world.target.published(), published);
        let left = world.target.tree();
        let of_published = |name: &String| published.iter().any(|id| name.starts_with(id));
        assert!(
            left.keys().all(of_published),
            "{:?} after {kill}",
            left.keys()
        );
        world.run().await.unwrap();
        world.assert_moved();
    }
}

/// S-18.6: each object goes only as long as the source wholly holds the block.
#[tokio::test(start_paused = true)]
async fn what_the_source_loses_meanwhile_stays_in_the_target() {
    let world = half_copied();
    let source = Arc::clone(&world.source);
    world.target.on_request(move |request, name| {
        if request == Request::Delete && name == object('A', "chunks/000001") {
            source.remove(&object('A', "index"));
        }
    });
    let cleaned = world.clean_up(ANY_AGE, false).await.unwrap();
    assert_eq!(endings(&cleaned)[0], (id('A').as_str(), "source-not-whole"));
    assert_eq!(cleaned.exit().code(), 3);
    assert!(world.target.has(&object('A', "index")));
    assert!(!world.target.has(&object('A', "chunks/000001")));
}

/// S-18.6
#[tokio::test(start_paused = true)]
async fn a_mark_that_appears_in_the_source_keeps_the_copy() {
    let world = half_copied();
    let source = Arc::clone(&world.source);
    let mark = Block::new('A').marked("by hand");
    let (name, content) = mark
        .objects()
        .into_iter()
        .find(|(name, _)| name.ends_with("deletion-mark.json"))
        .unwrap();
    world.target.on_request(move |request, deleted| {
        if request == Request::Delete && deleted == object('A', "chunks/000002") {
            source.put(&name, content.clone());
        }
    });
    let cleaned = world.clean_up(ANY_AGE, false).await.unwrap();
    assert_eq!(endings(&cleaned)[0], (id('A').as_str(), "source-marked"));
    assert!(world.target.has(&object('A', "index")));
}

/// S-18.6: a migration that goes on with a block ends its removal; one that publishes what is being removed is told of.
#[tokio::test(start_paused = true)]
async fn a_block_that_is_published_meanwhile_is_told() {
    for (publishes_all, expected) in [(true, "taken-up"), (false, "published-meanwhile")] {
        let world = half_copied();
        let (target, before) = (Arc::clone(&world.target), world.before.clone());
        let is_done = AtomicBool::new(false);
        world.source.on_request(move |request, name| {
            // Right after the first object is gone.
            let has_begun = !target.has(&object('A', "chunks/000001"));
            if request == Request::List && name == id('A') && has_begun {
                if is_done.swap(true, Ordering::SeqCst) {
                    return;
                }
                let of_block = before.iter().filter(|(name, _)| name.starts_with(&id('A')));
                for (name, content) in of_block {
                    if publishes_all || name.ends_with("/meta.json") {
                        target.put(name, content.clone());
                    }
                }
            }
        });
        let cleaned = world.clean_up(ANY_AGE, false).await.unwrap();
        assert_eq!(endings(&cleaned)[0], (id('A').as_str(), expected));
        assert_eq!(cleaned.exit().code(), if publishes_all { 0 } else { 3 });
        assert!(world.target.has(&object('A', "index")));
    }
}

/// S-18.2: what a run wrote a moment ago is left to it.
#[tokio::test(start_paused = true)]
async fn what_is_young_stays() {
    let world = half_copied();
    let before = world.target.tree();
    let cleaned = world.clean_up(TimeDelta::hours(12), false).await.unwrap();
    assert_eq!(
        endings(&cleaned),
        [
            (id('A').as_str(), "too-young"),
            (id('B').as_str(), "too-young")
        ]
    );
    assert_eq!(cleaned.exit().code(), 0);
    assert_same(&world.target.tree(), &before);
}

/// S-18.2: checksums that differ may be none, so that such objects are read, and once more before it is said.
#[tokio::test(start_paused = true)]
async fn what_has_other_bytes_stays() {
    let world = half_copied();
    for bucket in [&world.source, &world.target] {
        bucket.tell_digests();
    }
    let name = object('B', "chunks/000002");
    let mut other = world.before[&name].clone();
    other[0] ^= 1;
    world.target.put(&name, other.clone());
    let cleaned = world.clean_up(ANY_AGE, false).await.unwrap();
    assert_eq!(
        endings(&cleaned),
        [
            (id('A').as_str(), "removed"),
            (id('B').as_str(), "different")
        ]
    );
    assert_eq!(world.source.asked(Request::Get, &name), 2);
    assert_eq!(world.target.tree().get(&name), Some(&other));
}

/// S-18.1
#[tokio::test(start_paused = true)]
async fn a_dry_run_writes_nothing_and_says_what_would_go() {
    let world = half_copied();
    let before = world.target.tree();
    let cleaned = world.clean_up(ANY_AGE, true).await.unwrap();
    assert_eq!(
        endings(&cleaned),
        [
            (id('A').as_str(), "to-remove"),
            (id('B').as_str(), "to-remove")
        ]
    );
    assert_eq!((world.source.writes(), world.target.writes()), (0, 0));
    assert_same(&world.target.tree(), &before);
}

/// S-18.6: an answer that is lost is asked for again, and what is said to be deleted and is not ends as failed.
#[tokio::test(start_paused = true)]
async fn a_deletion_counts_once_the_target_no_longer_shows_it() {
    let world = half_copied();
    world.target.fail(|request, name| {
        (request == Request::Delete && name == object('A', "index")).then_some(Fault::Lost)
    });
    let cleaned = world.clean_up(ANY_AGE, false).await.unwrap();
    assert_eq!(
        endings(&cleaned),
        [(id('A').as_str(), "failed"), (id('B').as_str(), "removed")]
    );
    assert_eq!(cleaned.exit().code(), 3);

    let world = half_copied();
    let is_first = AtomicBool::new(true);
    world.target.fail(move |request, _| {
        let is_lost = request == Request::Delete && is_first.swap(false, Ordering::SeqCst);
        is_lost.then_some(Fault::Transient)
    });
    let cleaned = world.clean_up(ANY_AGE, false).await.unwrap();
    assert_eq!(cleaned.exit().code(), 0);
    assert!(world.target.tree().is_empty());
}

/// S-18.6
#[tokio::test(start_paused = true)]
async fn what_went_though_its_answer_was_lost_is_removed() {
    let world = half_copied();
    for name in world.target.tree().into_keys() {
        if !name.starts_with(&id('A')) || !name.ends_with("/index") {
            world.target.remove(&name);
        }
    }
    let (target, is_first) = (Arc::clone(&world.target), AtomicBool::new(true));
    world.target.fail(move |request, name| {
        let is_lost = request == Request::Delete && is_first.swap(false, Ordering::SeqCst);
        is_lost.then(|| {
            target.remove(name);
            Fault::Transient
        })
    });
    let cleaned = world.clean_up(ANY_AGE, false).await.unwrap();
    assert_eq!(endings(&cleaned), [(id('A').as_str(), "removed")]);
}

/// S-18.6: wrong clocks make every age wrong.
#[tokio::test(start_paused = true)]
async fn nothing_goes_where_clocks_differ() {
    let mut world = half_copied();
    world.target.times.set(Some(0), Some(0));
    world.task.clock = Arc::new(|| now() + TimeDelta::days(30));
    let before = world.target.tree();
    let err = world
        .clean_up(TimeDelta::hours(48), false)
        .await
        .unwrap_err();
    let said = format!("{err:#}");
    assert!(
        said.starts_with("tell how old what lies in s3://memory/cold is"),
        "{said}"
    );
    assert_same(&world.target.tree(), &before);
}

fn upload(key: &str, hours: i64) -> Begun {
    Begun {
        form: BegunForm::Upload,
        key: key.to_owned(),
        id: key.to_owned(),
        touched: Some(now() - TimeDelta::hours(hours)),
    }
}

/// S-18.4
#[tokio::test(start_paused = true)]
async fn uploads_go_where_the_source_wholly_holds_what_they_are_of() {
    let blocks = [Block::new('A'), Block::new('B').days(1, 2).without("index")];
    let world = World::new(&blocks);
    let probe = "thanos-bucket-probe-01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
    let ours = [object('A', "chunks/000001"), probe.to_owned()];
    let others = [
        object('A', "chunks/000003"),
        object('B', "chunks/000001"),
        object('C', "index"),
        "debug/index".to_owned(),
    ];
    for key in ours.iter().chain(&others) {
        world.target.begin(upload(key, 72));
    }
    world.target.begin(upload(&object('A', "index"), 1));
    let cleaned = world.clean_up(TimeDelta::hours(48), false).await.unwrap();
    let expected = [
        (others[0].as_str(), "not-ours"),
        (&others[1], "source-not-whole"),
        (&others[2], "not-in-source"),
        (&others[3], "not-ours"),
        (probe, "removed"),
    ];
    for row in expected {
        assert!(
            endings(&cleaned).contains(&row),
            "{row:?}: {:?}",
            endings(&cleaned)
        );
    }
    let young = object('A', "index");
    assert!(endings(&cleaned).contains(&(young.as_str(), "too-young")));
    let mut left = world.target.begun_names();
    left.sort();
    let mut expected: Vec<String> = others.into_iter().chain([young]).collect();
    expected.sort();
    assert_eq!(left, expected);
    assert_eq!(world.target.tree(), Tree::new());
}

/// S-18.2: a large object may be on its way for days.
#[tokio::test(start_paused = true)]
async fn a_copy_stays_while_an_upload_of_the_block_goes_on() {
    let world = half_copied();
    world.target.begin(upload(&object('A', "meta-to-be"), -2));
    world.target.begin(upload(&object('B', "index"), -2));
    let cleaned = world.clean_up(ANY_AGE, false).await.unwrap();
    assert_eq!(
        endings(&cleaned)[..2],
        [
            (id('A').as_str(), "removed"),
            (id('B').as_str(), "too-young")
        ]
    );
    assert!(world.target.has(&object('B', "chunks/000002")));
}

/// S-18.4, S-18.6
#[tokio::test(start_paused = true)]
async fn an_upload_of_what_the_source_loses_meanwhile_stays() {
    let world = World::new(&three());
    let key = object('A', "index");
    world.target.begin(upload(&key, 72));
    let source = Arc::clone(&world.source);
    let lost = key.clone();
    let looks = std::sync::atomic::AtomicUsize::new(0);
    world.target.on_request(move |request, name| {
        if request == Request::List && name == lost && looks.fetch_add(1, Ordering::SeqCst) == 0 {
            source.remove(&object('A', "chunks/000001"));
        }
    });
    let cleaned = world.clean_up(TimeDelta::hours(48), false).await.unwrap();
    assert_eq!(endings(&cleaned), [(key.as_str(), "source-not-whole")]);
    assert_eq!(world.target.begun_names(), [key]);
}
