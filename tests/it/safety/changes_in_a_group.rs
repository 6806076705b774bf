//! What happens between the look that a group of blocks had together and the turn of one of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use thanos_bucket::block::Strength;

use crate::support::block::{Block, object};
use crate::support::memory::World;
use crate::support::scripted::{Fault, Request};
use crate::support::world::Contents;

const SLOW: Duration = Duration::from_secs(10);

/// S-5.5: one that takes long to be published makes the looks of those behind it old.
#[tokio::test(start_paused = true)]
async fn a_block_whose_group_was_slow_is_looked_at_again() {
    for appears in [false, true] {
        let world = World::new(&[Block::new('A').days(1, 2), Block::new('B').days(2, 3)]);
        let first = object('A', "meta.json");
        world.target.fail(move |request, path| {
            let is_slow = request == Request::Put && path == first;
            is_slow.then_some(Fault::Slow(SLOW))
        });
        let act = async {
            tokio::time::sleep(SLOW / 2).await;
            assert!(world.target.has(&object('B', "index")));
            if appears {
                let made = Block::new('Z').days(2, 4).sources("BD");
                made.write_to(&world.source);
            }
        };
        let (ran, ()) = futures::join!(world.run(), act);
        let ending = if appears { "superseded" } else { "migrated" };
        assert_eq!(ran.unwrap().endings_of("AB"), ["migrated", ending]);
        let there = world.target.has(&object('B', "meta.json"));
        assert_eq!(there, !appears);
    }
}

/// S-5.7: what has other bytes is not taken back where the source is gone meanwhile: it may be all that there is.
#[tokio::test(start_paused = true)]
async fn a_block_with_other_bytes_stays_where_its_source_is_gone() {
    for goes in [false, true] {
        let mut world = World::new(&[Block::new('A')]);
        world.task.rules.verify = Strength::Content;
        let index = object('A', "index");
        let garbled = Arc::new(AtomicBool::new(false));
        let (target, source) = (Arc::clone(&world.target), Arc::clone(&world.source));
        let (published, is_garbled) = (AtomicBool::new(false), Arc::clone(&garbled));
        let name = index.clone();
        world.target.on_request(move |request, path| {
            if request == Request::Put && path == object('A', "meta.json") {
                published.store(true, Ordering::SeqCst);
            } else if request == Request::List && published.swap(false, Ordering::SeqCst) {
                let mut bytes = target.tree()[&name].clone();
                bytes[0] ^= 1;
                target.put(&name, bytes);
                is_garbled.store(true, Ordering::SeqCst);
            } else if goes
                && request == Request::Put
                && path == name
                && is_garbled.load(Ordering::SeqCst)
            {
                source.tree().keys().for_each(|name| source.remove(name));
            }
        });
        world.target.fail(move |request, path| {
            let mends = request == Request::Put && path == index;
            (mends && garbled.load(Ordering::SeqCst)).then_some(Fault::Transient)
        });
        world.run().await.unwrap();
        assert_eq!(world.target.has(&object('A', "meta.json")), goes);
    }
}
