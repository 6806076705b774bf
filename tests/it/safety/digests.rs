//! What passes is hashed where the target tells a digest that the source does not tell, and compared with what the target has.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use thanos_bucket::block::Strength;

use crate::support::block::{Block, object};
use crate::support::memory::World;
use crate::support::scripted::{Fault, Request};
use crate::support::world::Contents;

const CHUNK: &str = "chunks/000001";

/// A block whose first segment has another byte on its first arrivals, so many of them, in a target that tells digests or not.
fn garbled(times: usize, tells: bool) -> World {
    let world = World::new(&[Block::new('A')]);
    if tells {
        world.target.tell_digests();
    }
    let came = Arc::new(AtomicUsize::new(0));
    world.target.fail(move |request, path| {
        let is_segment = request == Request::Put && path == object('A', CHUNK);
        let is_garbled = is_segment && came.fetch_add(1, Ordering::SeqCst) < times;
        is_garbled.then_some(Fault::Garbled)
    });
    world
}

/// S-5.6: without a download, and by this run alone, for the source tells nothing.
#[tokio::test(start_paused = true)]
async fn what_passes_is_proven_by_the_digest_that_the_target_tells() {
    for (tells, expected) in [(true, Strength::Checksum), (false, Strength::Size)] {
        let world = garbled(0, tells);
        let ran = world.run().await.unwrap();
        assert_eq!(ran.endings(), ["migrated"]);
        assert_eq!(ran.results.outcomes[0].proof, Some(expected));
        let reads = world.target.asked(Request::Get, &object('A', CHUNK));
        assert_eq!(reads, 0);
    }
}

/// S-5.6
#[tokio::test(start_paused = true)]
async fn a_byte_that_became_another_on_its_way_is_found_before_the_block_is_published() {
    for times in [1, 2] {
        let world = garbled(times, true);
        let target = Arc::clone(&world.target);
        let right = world.source.tree()[&object('A', CHUNK)].clone();
        world.target.on_request(move |request, path| {
            if request == Request::Put && path == object('A', "meta.json") {
                assert!(target.tree()[&object('A', CHUNK)] == right);
            }
        });
        let ran = world.run().await.unwrap();
        assert_eq!(ran.endings(), ["migrated"], "{times}");
        world.assert_moved();
    }
    // Where nothing tells, nothing is found.
    let world = garbled(1, false);
    world.run().await.unwrap();
    assert_ne!(
        world.target.tree()[&object('A', CHUNK)],
        world.source.tree()[&object('A', CHUNK)]
    );
}
