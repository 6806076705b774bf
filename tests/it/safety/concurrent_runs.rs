//! Runs on the same buckets at once: what one does between two requests of another.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should panic"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::executor::block_on;
use thanos_bucket::block::Strength;

use crate::support::memory::{Block, World, id};
use crate::support::scripted::{Fault, Request, Scripted, put, remove, tree};

fn name(name: &str) -> String {
    format!("{}/{name}", id('A'))
}

async fn world() -> World {
    World::new().with(&[Block::new('A', (0, 1))]).await
}

/// Takes the index out of the target at the first listing after the publication; `published` goes from 0 to 1 with the one and to 2 with the
/// other. Tells whether that was now.
fn loses_its_index(
    published: &AtomicUsize,
    target: &Scripted,
    request: Request,
    path: &str,
) -> bool {
    if request == Request::Put && path == name("meta.json") {
        published.store(1, Ordering::SeqCst);
    } else if request == Request::List && published.load(Ordering::SeqCst) == 1 {
        published.store(2, Ordering::SeqCst);
        block_on(remove(target, &name("index")));
        return true;
    }
    false
}

/// S-6.7: whoever publishes first, the bytes are the same.
#[tokio::test(start_paused = true)]
async fn a_meta_json_that_another_run_put_a_moment_before_is_no_conflict() {
    let world = world().await;
    let meta = tree(&world.source).await[&name("meta.json")].clone();
    let (target, first) = (Arc::clone(&world.target), AtomicUsize::new(0));
    world.target.fail(move |request, path| {
        let publishes = request == Request::Put && path == name("meta.json");
        if publishes && first.fetch_add(1, Ordering::SeqCst) == 0 {
            block_on(put(&target, path, meta.clone()));
        }
        None
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings(), ["migrated"]);
}

/// S-5.7: a published block that cannot be mended is taken back, unless another run has marked its source: what lies there may soon be all
/// that there is.
#[tokio::test(start_paused = true)]
async fn what_another_run_has_marked_is_not_taken_back() {
    for marked in [false, true] {
        let world = world().await;
        let mark = format!(
            r#"{{"id":"{}","version":1,"details":"{}","deletion_time":1}}"#,
            id('A'),
            "migrated to s3://cold by thanos-bucket 0.1.0 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B",
        );
        let (source, target) = (Arc::clone(&world.source), Arc::clone(&world.target));
        let published = AtomicUsize::new(0);
        world.target.fail(move |request, path| {
            if loses_its_index(&published, &target, request, path) && marked {
                let path = name("deletion-mark.json");
                block_on(put(&source, &path, mark.clone().into_bytes()));
            }
            let mends = published.load(Ordering::SeqCst) == 2 && path == name("index");
            (mends && request == Request::Put).then_some(Fault::Transient)
        });
        world.run().await.unwrap();
        let stays = tree(&world.target).await.contains_key(&name("meta.json"));
        assert_eq!(stays, marked);
    }
}

/// S-5.7: what is whole again is not taken back, whoever mended it.
#[tokio::test(start_paused = true)]
async fn what_another_run_has_mended_is_not_taken_back() {
    let world = world().await;
    let index = tree(&world.source).await[&name("index")].clone();
    let target = Arc::clone(&world.target);
    let (published, tries) = (AtomicUsize::new(0), AtomicUsize::new(0));
    world.target.fail(move |request, path| {
        loses_its_index(&published, &target, request, path);
        let mends = published.load(Ordering::SeqCst) == 2 && path == name("index");
        if !mends || request != Request::Put {
            return None;
        }
        // The last try of this run fails too, and the other run is faster.
        if tries.fetch_add(1, Ordering::SeqCst) == 2 {
            published.store(3, Ordering::SeqCst);
            block_on(put(&target, path, index.clone()));
        }
        Some(Fault::Transient)
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings(), ["migrated"]);
    world.assert_sound("after the other run mended it").await;
}

/// S-5.17: what somebody left behind in the right size is not shown to readers before its content is known.
#[tokio::test(start_paused = true)]
async fn a_leftover_with_other_bytes_is_replaced_before_it_is_published() {
    let mut world = world().await;
    world.rules.verify = Strength::Content;
    let ours = tree(&world.source).await[&name("index")].clone();
    let flipped: Vec<u8> = ours.iter().map(|byte| byte ^ 1).collect();
    put(&world.target, &name("index"), flipped).await;
    let (target, tries) = (Arc::clone(&world.target), AtomicUsize::new(0));
    world.target.fail(move |request, path| {
        if request == Request::Put && path == name("meta.json") {
            assert_eq!(block_on(tree(&target))[&name("index")], ours);
        }
        // The block is tried twice.
        let fails = path == name("chunks/000001")
            && request == Request::Put
            && tries.fetch_add(1, Ordering::SeqCst) < 3;
        fails.then_some(Fault::Transient)
    });
    let ran = world.run().await.unwrap();
    assert_eq!(ran.endings(), ["migrated"]);
    let puts = world.target.requests();
    let puts = puts
        .iter()
        .filter(|(request, path)| *request == Request::Put && *path == name("index"));
    assert_eq!(puts.count(), 1, "what this run has put is not put again");
}
