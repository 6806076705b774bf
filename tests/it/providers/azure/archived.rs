//! Blobs in the archive, which nobody reads before they are restored.

use super::{World, run};
use crate::support::azurite::{Azurite, Container};
use crate::support::block::{Block, id, object};
use crate::support::proxy::Line;
use crate::support::run::OLD;
use crate::support::world::Contents;

/// Puts a blob into another tier.
fn into_tier(container: &Container, name: &str, tier: &str) {
    let path = format!("/{}/{name}?comp=tier", container.name);
    let (status, body) = Azurite::shared().ask("PUT", &path, &[("x-ms-access-tier", tier)], "");
    assert!(matches!(status, 200 | 202), "{status} {body}");
}

/// S-4.12, S-4.6: what its mark rests on is the block that covers it, which is in the target whole.
#[test]
fn a_block_in_the_archive_is_marked_where_another_one_covers_it_and_left_where_it_is_otherwise() {
    let world = World::new(&[
        Block::new('A').days(0, 1),
        Block::new('B').days(1, 2),
        Block::new('K').days(0, 2).sources("AB"),
        Block::new('M').days(5, 6),
    ]);
    let archived = ['A', 'M'].map(|block| object(block, "chunks/000001"));
    for name in &archived {
        into_tier(&world.source, name, "Archive");
    }
    let proxy = Line::to(Azurite::shared().port()).open();
    let ran = run(&world.configs_through(&proxy), &[OLD]).expect_an_end();
    let asked = proxy.requests();
    let of_archived = |path: &str| archived.iter().any(|name| path.contains(name));
    assert!(!asked.iter().any(|one| of_archived(&one.path)), "{asked:?}");
    for name in &archived {
        into_tier(&world.source, name, "Hot");
    }
    assert_eq!(
        world.source.marked(),
        [id('A'), id('B'), id('K')],
        "{ran:?}"
    );
    assert_eq!(world.target.published(), [id('K')]);
    assert!(ran.stdout.contains("has to be restored"), "{}", ran.stdout);
    // What covers it may have been in the target before; and one that is restored is a block like any other.
    world.source.remove(&object('A', "deletion-mark.json"));
    into_tier(&world.source, &archived[0], "Archive");
    // What was put a moment ago has the times of what was copied.
    run(&world.configs(), &[OLD, "--allow-replica-target"]).expect(0);
    into_tier(&world.source, &archived[0], "Hot");
    assert_eq!(world.source.marked().len(), 4);
    assert_eq!(world.target.published(), [id('K'), id('M')]);
}
