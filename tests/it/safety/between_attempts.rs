//! What others do between a look and an act, and between two attempts at it, on buckets in memory: each attempt is preceded by looks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use thanos_bucket::plan::Scope;

use super::changes_while_waiting::{holds, mark};
use crate::support::block::{Block, id, object};
use crate::support::memory::World;
use crate::support::scripted::{Conditions, Fault, Request};
use crate::support::world::Contents;

fn lone_block() -> World {
    World::new(&[Block::new('A').days(1, 2)])
}

/// The first attempt to put an object of that name fails.
fn first_attempt_fails(name: &'static str) -> impl Fn(Request, &str) -> Option<Fault> {
    let tried = AtomicBool::new(false);
    move |request, path| {
        let is_first = is_put(request, path, name) && !tried.swap(true, Ordering::SeqCst);
        is_first.then_some(Fault::Transient)
    }
}

fn is_put(request: Request, path: &str, name: &str) -> bool {
    request == Request::Put && path.ends_with(name)
}

/// S-5.6: a server stalls between the proof and the mark, and the target loses an object meanwhile.
#[tokio::test(start_paused = true)]
async fn looks_that_have_grown_old_while_others_were_taken_are_taken_again() {
    let world = lone_block();
    let before = world.source.tree();
    let (source, target) = (Arc::clone(&world.source), Arc::clone(&world.target));
    let stalls = Arc::new(AtomicBool::new(false));
    let (lost, stalling) = (AtomicBool::new(false), Arc::clone(&stalls));
    world.source.on_request(move |request, path| {
        let is_held = holds(&source, &target, &id('A'), "meta.json");
        assert!(request != Request::Put || is_held, "marked and not held");
        let is_look = request == Request::List && path.starts_with(&id('A')) && is_held;
        if is_look && !lost.swap(true, Ordering::SeqCst) {
            target.remove(&object('A', "chunks/000001"));
            stalling.store(true, Ordering::SeqCst);
        }
    });
    let slow = Fault::Slow(Duration::from_secs(20));
    let first = move |_: Request, _: &str| stalls.swap(false, Ordering::SeqCst).then_some(slow);
    world.source.fail(first);
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings(), ["migrated"]);
    assert_eq!(world.target.tree(), before);
}

/// S-5.6, S-5.11: whatever the server makes of conditions.
#[tokio::test(start_paused = true)]
async fn what_happens_between_two_attempts_to_mark_is_seen() {
    for conditions in [
        Conditions::Honoured,
        Conditions::Ignored,
        Conditions::Lacking,
    ] {
        for (is_marked, ending) in [(true, "superseded"), (false, "migrated")] {
            let mut world = lone_block();
            if !is_marked {
                // A proof of a moment ago is good for a repetition that follows at once.
                world.task.settings.retry.initial_backoff = Duration::from_secs(10);
                world.task.settings.retry.max_backoff = Duration::from_secs(10);
            }
            world.source.conditions(conditions);
            let (source, target) = (Arc::clone(&world.source), Arc::clone(&world.target));
            let tried = AtomicBool::new(false);
            world.source.on_request(move |request, path| {
                if request != Request::Put {
                    return;
                }
                assert!(path.ends_with("deletion-mark.json"));
                if tried.swap(true, Ordering::SeqCst) {
                    assert!(holds(&source, &target, &id('A'), "meta.json"));
                } else if is_marked {
                    let (path, bytes) = mark('A');
                    source.put(&path, bytes);
                } else {
                    target.remove(&object('A', "index"));
                }
            });
            world.source.fail(first_attempt_fails("deletion-mark.json"));
            let ran = world.run().await.unwrap();
            assert_eq!(ran.endings(), [ending], "{conditions:?}");
            let (path, theirs) = mark('A');
            let there = world.source.tree();
            assert_eq!(there[&path] == theirs, is_marked, "{conditions:?}");
        }
    }
}

/// S-5.5
#[tokio::test(start_paused = true)]
async fn what_is_lost_between_two_attempts_to_publish_is_put_again() {
    let world = lone_block();
    let before = world.source.tree();
    let (source, target) = (Arc::clone(&world.source), Arc::clone(&world.target));
    let tried = AtomicBool::new(false);
    world.target.on_request(move |request, path| {
        if !is_put(request, path, "meta.json") {
            return;
        }
        if tried.swap(true, Ordering::SeqCst) {
            assert!(holds(&source, &target, &id('A'), ""), "published and torn");
        } else {
            target.remove(&object('A', "index"));
        }
    });
    world.target.fail(first_attempt_fails("meta.json"));
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings(), ["migrated"]);
    assert_eq!(world.target.tree(), before);
}

/// S-5.8
#[tokio::test(start_paused = true)]
async fn nothing_is_overwritten_below_a_meta_json_that_stays() {
    let mut world = lone_block();
    for (path, bytes) in World::new(&[Block::new('A').days(1, 3)]).source.tree() {
        world.target.put(&path, bytes);
    }
    let before = world.target.tree();
    world.task.rules.scope = Scope::Overwriting;
    world
        .target
        .fail(|request, _| (request == Request::Delete).then_some(Fault::Lost));
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings(), ["failed"]);
    let detail = ran.results.outcomes[0].detail.as_deref().unwrap();
    assert!(detail.contains("still there"), "{detail}");
    let mut there = world.target.tree();
    there.retain(|path, _| !path.ends_with("thanos-bucket-overwrite.json"));
    assert_eq!(there, before);
}
