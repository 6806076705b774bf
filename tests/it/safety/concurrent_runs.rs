//! Runs on the same buckets at once: what one does between two requests of another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use thanos_bucket::block::Strength;

use crate::support::block::{Block, id, object};
use crate::support::memory::{World, three};
use crate::support::scripted::{Fault, Request};
use crate::support::world::Contents;

fn name(name: &str) -> String {
    object('A', name)
}

fn world() -> World {
    World::new(&[Block::new('A').days(0, 1)])
}

/// Takes the index out of the target at the first listing after the publication, and then does something more. Tells whether it is lost.
fn lose_the_index(world: &World, then: impl Fn() + Send + Sync + 'static) -> Arc<AtomicBool> {
    let is_lost = Arc::new(AtomicBool::new(false));
    let (lost, target) = (Arc::clone(&is_lost), Arc::clone(&world.target));
    let published = AtomicBool::new(false);
    world.target.on_request(move |request, path| {
        if request == Request::Put && path == name("meta.json") {
            published.store(true, Ordering::SeqCst);
            lost.store(false, Ordering::SeqCst);
        } else if request == Request::List && published.swap(false, Ordering::SeqCst) {
            target.remove(&name("index"));
            lost.store(true, Ordering::SeqCst);
            then();
        }
    });
    is_lost
}

/// S-6.7: whoever publishes first, the bytes are the same.
#[tokio::test(start_paused = true)]
async fn a_meta_json_that_another_run_put_a_moment_before_is_no_conflict() {
    let world = world();
    let meta = world.source.tree()[&name("meta.json")].clone();
    let (target, first) = (Arc::clone(&world.target), AtomicUsize::new(0));
    world.target.on_request(move |request, path| {
        let publishes = request == Request::Put && path == name("meta.json");
        if publishes && first.fetch_add(1, Ordering::SeqCst) == 0 {
            target.put(path, meta.clone());
        }
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings(), ["migrated"]);
}

/// What becomes of the source while a published block cannot be mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Stays,
    MarkedByAnother,
    Gone,
}

/// S-5.7: a published block that cannot be mended is taken back, unless another run has marked its source, or the source is gone: what lies there may
/// be all that there is.
#[tokio::test(start_paused = true)]
async fn what_may_be_all_that_is_left_is_not_taken_back() {
    for becomes in [Source::Stays, Source::MarkedByAnother, Source::Gone] {
        let world = world();
        let mark = format!(
            r#"{{"id":"{}","version":1,"details":"{}","deletion_time":1}}"#,
            id('A'),
            "migrated to s3://cold by thanos-bucket 0.1.0 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B",
        );
        let source = Arc::clone(&world.source);
        let is_lost = lose_the_index(&world, move || match becomes {
            Source::Stays => {}
            Source::MarkedByAnother => {
                source.put(&name("deletion-mark.json"), mark.clone().into_bytes());
            }
            Source::Gone => source.tree().keys().for_each(|name| source.remove(name)),
        });
        world.target.fail(move |request, path| {
            let mends = request == Request::Put && path == name("index");
            (mends && is_lost.load(Ordering::SeqCst)).then_some(Fault::Transient)
        });
        world.run().await.unwrap();
        let stays = world.target.has(&name("meta.json"));
        assert_eq!(stays, becomes != Source::Stays, "{becomes:?}");
    }
}

/// S-5.7: what is whole again is not taken back, whoever mended it.
#[tokio::test(start_paused = true)]
async fn what_another_run_has_mended_is_not_taken_back() {
    let world = world();
    let index = world.source.tree()[&name("index")].clone();
    let is_lost = lose_the_index(&world, || ());
    let mends = move |request, path: &str| {
        request == Request::Put && path == name("index") && is_lost.load(Ordering::SeqCst)
    };
    // The last try of this run fails too, and the other run is faster.
    let (target, tries, mending) = (
        Arc::clone(&world.target),
        AtomicUsize::new(0),
        mends.clone(),
    );
    world.target.on_request(move |request, path| {
        if mending(request, path) && tries.fetch_add(1, Ordering::SeqCst) == 2 {
            target.put(path, index.clone());
        }
    });
    world
        .target
        .fail(move |request, path| mends(request, path).then_some(Fault::Transient));
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings(), ["migrated"]);
    world.assert_sound();
}

/// S-5.7: between two attempts to take a block back another run may complete it.
#[tokio::test(start_paused = true)]
async fn what_is_completed_between_two_attempts_to_take_it_back_stays() {
    let world = world();
    let before = world.source.tree();
    let index = before[&name("index")].clone();
    let is_lost = lose_the_index(&world, || ());
    let takes_back =
        |request: Request, path: &str| request == Request::Delete && path == name("meta.json");
    let target = Arc::clone(&world.target);
    world.target.on_request(move |request, path| {
        if takes_back(request, path) {
            target.put(&name("index"), index.clone());
        }
    });
    let tried = AtomicBool::new(false);
    world.target.fail(move |request, path| {
        let mends = request == Request::Put && path == name("index");
        let is_first = takes_back(request, path) && !tried.swap(true, Ordering::SeqCst);
        let fails = (mends && is_lost.load(Ordering::SeqCst)) || is_first;
        fails.then_some(Fault::Transient)
    });
    world.run().await.unwrap();
    assert_eq!(world.target.tree(), before);
}

/// S-5.17: what somebody left behind in the right size is not shown to readers before its content is known.
#[tokio::test(start_paused = true)]
async fn a_leftover_with_other_bytes_is_replaced_before_it_is_published() {
    let mut world = world();
    world.task.rules.verify = Strength::Content;
    let ours = world.source.tree()[&name("index")].clone();
    let flipped: Vec<u8> = ours.iter().map(|byte| byte ^ 1).collect();
    world.target.put(&name("index"), flipped);
    let target = Arc::clone(&world.target);
    world.target.on_request(move |request, path| {
        if request == Request::Put && path == name("meta.json") {
            assert_eq!(target.tree()[&name("index")], ours);
        }
    });
    let tries = AtomicUsize::new(0);
    world.target.fail(move |request, path| {
        // The block is tried twice.
        let fails = path == name("chunks/000001")
            && request == Request::Put
            && tries.fetch_add(1, Ordering::SeqCst) < 3;
        fails.then_some(Fault::Transient)
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings(), ["migrated"]);
    let puts = world.target.asked(Request::Put, &name("index"));
    assert_eq!(puts, 1, "what this run has put is not put again");
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
