//! What a run looks at again before it relies on it, on buckets in memory.

use thanos_bucket::bucket::Listings;
use thanos_bucket::plan::Existing;

use crate::support::memory::{Block, World, id};
use crate::support::scripted::{put, tree};

/// S-5.5: a published block, or a mark, that no listing shows yet is not written over.
#[tokio::test(start_paused = true)]
async fn what_a_lagging_listing_does_not_show_is_found_by_name() {
    for existing in [Existing::Keep, Existing::Overwrite] {
        for name in ["meta.json", "deletion-mark.json"] {
            let mut world = World::new().with(&[Block::new('A', (0, 1))]).await;
            world.rules.existing = existing;
            world.target_listings = Listings::Lagging;
            let another = Block::new('A', (0, 1)).sources("AB");
            put(
                &world.target,
                &format!("{}/index", another.id),
                b"of another".to_vec(),
            )
            .await;
            put(
                &world.target,
                &format!("{}/{name}", another.id),
                another.meta_json(),
            )
            .await;
            world.target.hide(|path| path.starts_with(&id('A')));
            let before = tree(&world.target).await;
            let ran = world.run().await.unwrap();
            assert_eq!(ran.endings(), ["conflict"], "{name}");
            assert_eq!(tree(&world.target).await, before, "{name}");
        }
    }
}

/// S-5.5: where listings are strong, nothing is asked for by name.
#[tokio::test(start_paused = true)]
async fn listings_that_lag_cost_their_questions_where_they_lag_alone() {
    let mut asked = Vec::new();
    for listings in [Listings::Strong, Listings::Lagging] {
        let mut world = World::new().with(&[Block::new('A', (0, 1))]).await;
        world.target_listings = listings;
        let ran = world.run().await.unwrap();
        assert_eq!(ran.endings(), ["migrated"]);
        asked.push(world.target.requests().len());
    }
    assert_eq!(
        asked[0] + 9,
        asked[1],
        "three names for each of three listings"
    );
}
