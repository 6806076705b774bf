//! What a run looks at again before it relies on it, on buckets in memory.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use thanos_bucket::bucket::Listings;
use thanos_bucket::plan::Scope;
use tokio::time::Instant;

use crate::support::block::{Block, id, object};
use crate::support::memory::World;
use crate::support::scripted::{Fault, Request, Scripted};
use crate::support::world::Contents;

/// Reading the object is denied from the `first` time on, and then so many times.
fn deny(store: &Scripted, object: String, first: usize, times: usize) {
    let asked = AtomicUsize::new(0);
    store.fail(move |request, path| {
        if request != Request::Get || path != object {
            return None;
        }
        let number = asked.fetch_add(1, Ordering::SeqCst);
        (number >= first && number - first < times).then_some(Fault::Denied)
    });
}

/// The listing of the block with that number, counted from one, shows nothing of it.
fn list_nothing_once(store: &Scripted, block: &str, number: usize) {
    let (listed, block) = (Arc::new(AtomicUsize::new(0)), block.to_owned());
    let (count, below) = (Arc::clone(&listed), block.clone());
    store.fail(move |request, path| {
        if request == Request::List && path == block {
            count.fetch_add(1, Ordering::SeqCst);
        }
        None
    });
    store.hide(move |path| path.starts_with(&below) && listed.load(Ordering::SeqCst) == number);
}

/// Two of one unit, and one of another.
fn three() -> [Block; 3] {
    [
        Block::new('A').days(1, 2),
        Block::new('B').days(2, 3),
        Block::new('C').days(3, 4).cluster("us-1"),
    ]
}

/// S-5.5: a published block, or a mark, that no listing shows yet is not written over.
#[tokio::test(start_paused = true)]
async fn what_a_lagging_listing_does_not_show_is_found_by_name() {
    for scope in [Scope::Unmarked, Scope::Overwriting] {
        for name in ["meta.json", "deletion-mark.json"] {
            let mut world = World::new(&[Block::new('A').days(0, 1)]);
            world.task.rules.scope = scope;
            world.target.lists(Listings::Lagging);
            let another = Block::new('A').days(0, 1).sources("AB");
            world
                .target
                .put(&format!("{}/index", another.id()), b"of another".to_vec());
            world
                .target
                .put(&format!("{}/{name}", another.id()), another.meta_json());
            world.target.hide(|path| path.starts_with(&id('A')));
            let before = world.target.tree();
            let ran = world.run().await.unwrap();
            assert_eq!(ran.endings(), ["conflict"], "{name}");
            assert_eq!(world.target.tree(), before, "{name}");
        }
    }
}

/// S-5.5: where listings are strong, nothing is asked for by name.
#[tokio::test(start_paused = true)]
async fn listings_that_lag_cost_their_questions_where_they_lag_alone() {
    let mut asked = Vec::new();
    for listings in [Listings::Strong, Listings::Lagging] {
        let world = World::new(&[Block::new('A').days(0, 1)]);
        world.target.lists(listings);
        let ran = world.run().await.unwrap();
        assert_eq!(ran.endings(), ["migrated"]);
        asked.push(world.target.requests().len());
    }
    assert_eq!(
        asked[0] + 9 - 1,
        asked[1],
        "three names for each of three listings; but no listing is searched for the probe"
    );
}

/// S-5.7: what a lagging listing does not show yet is waited for before it is put again, and nothing is taken back.
#[tokio::test(start_paused = true)]
async fn a_proof_waits_for_a_listing_that_lags() {
    let world = World::new(&[Block::new('A').days(0, 1)]);
    world.target.lists(Listings::Lagging);
    let published: Arc<OnceLock<Instant>> = Arc::default();
    let since = Arc::clone(&published);
    world.target.on_request(move |request, path| {
        if request == Request::Put && path.ends_with("/meta.json") {
            since.get_or_init(Instant::now);
        }
    });
    world.target.hide(move |path| {
        let lags = |since: &Instant| since.elapsed() < Duration::from_millis(5);
        path.ends_with("/index") && published.get().is_some_and(lags)
    });
    assert_eq!(world.run().await.unwrap().endings(), ["migrated"]);
    let writes = world.target.requests().into_iter();
    let writes = writes.filter(|(request, _)| matches!(request, Request::Put | Request::Delete));
    assert_eq!(writes.count(), 4);
}

/// S-4.9: what is listed and denied is asked for again, and if that goes on, nobody knows whether the block is there.
#[tokio::test(start_paused = true)]
async fn a_meta_json_or_mark_that_is_listed_and_denied_is_not_taken_for_absent() {
    for name in ["meta.json", "deletion-mark.json"] {
        let prepared = || {
            let world = World::new(&three());
            let mark = format!(r#"{{"id":"{}","version":1,"deletion_time":1}}"#, id('A'));
            let path = object('A', "deletion-mark.json");
            world.source.put(&path, mark.into_bytes());
            world
        };
        let object = || object('A', name);
        let world = prepared();
        deny(&world.source, object(), 0, 2);
        let ran = world.run().await.unwrap();
        assert_eq!(ran.plan.excluded[0].reason.as_str(), "marked-for-deletion");
        assert_eq!(ran.endings(), ["migrated"; 2]);

        let world = prepared();
        deny(&world.source, object(), 0, usize::MAX);
        let err = world.run().await.err().unwrap();
        assert_eq!(err.kind(), thanos_bucket::Kind::Transient, "{err:#}");
        assert!(format!("{err:#}").contains(&object()), "{err:#}");
        assert!(world.target.tree().is_empty());
    }
}

/// S-5.5, S-5.9: a block that is listed and denied has not vanished: it fails, and what comes after it in its unit is held back.
#[tokio::test(start_paused = true)]
async fn a_block_that_is_listed_and_denied_has_not_vanished() {
    let world = World::new(&three());
    deny(&world.source, object('A', "meta.json"), 1, usize::MAX);
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending('A'), "failed");
    assert_eq!(ran.ending('B'), "held-back");
    assert_eq!(ran.ending('C'), "migrated");

    let world = World::new(&three());
    deny(&world.source, object('A', "meta.json"), 1, 2);
    assert_eq!(world.run().await.unwrap().endings(), ["migrated"; 3]);
}

/// S-5.1: a published block of the target that is denied for a while is not written over.
#[tokio::test(start_paused = true)]
async fn a_block_of_the_target_that_is_listed_and_denied_is_not_written_over() {
    for scope in [Scope::Unmarked, Scope::Overwriting] {
        let mut world = World::new(&three());
        world.task.rules.scope = scope;
        Block::new('A').days(1, 2).write_to(&world.target);
        deny(&world.target, object('A', "meta.json"), 1, usize::MAX);
        let ran = world.run().await.unwrap();
        assert_eq!(ran.ending('A'), "failed");
        assert_eq!(ran.ending('C'), "migrated");
        let writes = world
            .target
            .requests()
            .into_iter()
            .filter(|(request, path)| {
                matches!(request, Request::Put | Request::Delete) && path.starts_with(&id('A'))
            });
        assert_eq!(writes.count(), 0);
    }
}

/// S-5.5: by a single listing nothing is gone, whichever it is.
#[tokio::test(start_paused = true)]
async fn a_block_of_which_one_listing_shows_nothing_has_not_vanished() {
    for number in 1..8 {
        let world = World::new(&three());
        list_nothing_once(&world.source, &id('A'), number);
        assert_eq!(world.run().await.unwrap().endings(), ["migrated"; 3]);
        world.assert_moved();

        let mut world = World::new(&three());
        world.task.rules.scope = Scope::Overwriting;
        let other = Block::new('A').days(1, 2).sources("AD");
        other.write_to(&world.target);
        list_nothing_once(&world.target, &id('A'), number);
        let ran = world.run().await.unwrap();
        assert_eq!(ran.endings(), ["overwritten", "migrated", "migrated"]);
        world.assert_moved();
    }
}

/// S-8.4: nobody can say whether a copy overlaps a block that may not be read, and everybody is told.
#[tokio::test(start_paused = true)]
async fn a_block_of_the_target_that_may_not_be_read_is_told() {
    let world = World::new(&three());
    Block::new('X').days(1, 2).write_to(&world.target);
    Block::new('Y').days(9, 10).write_to(&world.target);
    world.target.fail(|request, path| {
        let is_closed = request == Request::Get && *path == object('X', "meta.json");
        is_closed.then_some(Fault::Refused)
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings(), ["migrated"; 3]);
    let [warning] = &ran.plan.warnings[..] else {
        panic!("{:?}", ran.plan.warnings);
    };
    assert_eq!(warning.name, "unreadable-in-target");
    assert!(warning.text.contains(&id('X')), "{}", warning.text);
}
