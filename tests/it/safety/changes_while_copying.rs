//! What others do to a block while it is copied, on buckets in memory.

use thanos_bucket::block::Strength;

use crate::support::block::{Block, id, object};
use crate::support::memory::{World, three};
use crate::support::scripted::Request;
use crate::support::world::Contents;

/// S-5.5: a block that its compactor deletes under us is no failure.
#[tokio::test(start_paused = true)]
async fn a_vanished_block_is_no_failure() {
    let world = World::new(&three());
    let source = std::sync::Arc::clone(&world.source);
    world.target.on_request(move |request, path| {
        if request == Request::Put && path.starts_with(&id('A')) {
            let gone = object('A', "meta.json");
            source.remove(&gone);
        }
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending('A'), "vanished");
    assert_eq!(ran.ending('B'), "migrated");
}

/// S-5.5, S-5.17: what was published whole stays, for it may be all that is left.
#[tokio::test(start_paused = true)]
async fn a_source_that_vanishes_while_its_copy_is_read_does_not_take_the_copy_with_it() {
    let mut world = World::new(&three());
    world.task.rules.verify = Strength::Content;
    let meta = object('A', "meta.json");
    let source = std::sync::Arc::clone(&world.source);
    world.target.on_request(move |request, path| {
        let reads = request == Request::Get && path == object('A', "meta.json");
        if reads {
            for name in ["meta.json", "index", "chunks/000001", "chunks/000002"] {
                let gone = object('A', name);
                source.remove(&gone);
            }
        }
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending('A'), "vanished");
    assert_eq!(ran.ending('B'), "migrated");
    assert!(world.target.has(&meta));
}

/// S-5.5: a block compacted from ours that appears while we copy makes ours superfluous.
#[tokio::test(start_paused = true)]
async fn a_superseding_block_stops_the_publication() {
    let world = World::new(&three());
    let source = std::sync::Arc::clone(&world.source);
    world.target.on_request(move |request, _| {
        if request == Request::Put {
            let bigger = Block::new('Z').days(0, 2).sources("AB");
            bigger.write_to(&source);
        }
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending('A'), "superseded");
    assert_eq!(ran.ending('B'), "superseded");
    assert_eq!(ran.ending('C'), "migrated");
    assert!(!world.target.has(&object('A', "meta.json")));
}

/// S-5.5, S-5.11: a mark that somebody else writes meanwhile is kept, and the block is left alone.
#[tokio::test(start_paused = true)]
async fn a_mark_that_appears_meanwhile_is_respected() {
    let world = World::new(&three());
    let source = std::sync::Arc::clone(&world.source);
    let theirs = format!(
        r#"{{"id":"{}","version":1,"details":"by hand","deletion_time":1}}"#,
        id('A')
    );
    let mark = theirs.clone();
    world.target.on_request(move |request, path| {
        if request == Request::Put && path.starts_with(&id('A')) {
            let path = object('A', "deletion-mark.json");
            source.put(&path, mark.clone().into_bytes());
        }
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.ending('A'), "superseded");
    let path = object('A', "deletion-mark.json");
    assert_eq!(world.source.tree()[&path], theirs.into_bytes());
}
