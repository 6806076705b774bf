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

/// S-5.6: a server stalls between the proof and the mark, and the target loses an object meanwhile.
#[tokio::test(start_paused = true)]
async fn looks_that_have_grown_old_while_others_were_taken_are_taken_again() {
    let world = lone_block();
    let before = world.source.tree();
    let (source, target) = (Arc::clone(&world.source), Arc::clone(&world.target));
    let stalled = AtomicBool::new(false);
    world.source.fail(move |request, path| {
        let is_held = holds(&source, &target, &id('A'), "meta.json");
        assert!(request != Request::Put || is_held, "marked and not held");
        let may_stall = request == Request::List && path.starts_with(&id('A')) && is_held;
        if !may_stall || stalled.swap(true, Ordering::SeqCst) {
            return None;
        }
        target.remove(&object('A', "chunks/000001"));
        Some(Fault::Slow(Duration::from_secs(20)))
    });
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
            world.source.fail(move |request, path| {
                if request != Request::Put {
                    return None;
                }
                assert!(path.ends_with("deletion-mark.json"));
                if tried.swap(true, Ordering::SeqCst) {
                    assert!(holds(&source, &target, &id('A'), "meta.json"));
                    return None;
                }
                if is_marked {
                    let (path, bytes) = mark('A');
                    source.put(&path, bytes);
                } else {
                    target.remove(&object('A', "index"));
                }
                Some(Fault::Transient)
            });
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
    world.target.fail(move |request, path| {
        if request != Request::Put || !path.ends_with("meta.json") {
            return None;
        }
        if tried.swap(true, Ordering::SeqCst) {
            assert!(holds(&source, &target, &id('A'), ""), "published and torn");
            return None;
        }
        target.remove(&object('A', "index"));
        Some(Fault::Transient)
    });
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
