//! Storage tiers: what is put in them, and what nobody reads there.

use crate::support::block::{Block, id, object};
use crate::support::oci_server::World;
use crate::support::run::OLD;
use crate::support::world::Contents;

const MIB: usize = 1 << 20;

/// S-3.76, S-3.14
#[test]
fn objects_are_put_in_the_tiers_that_are_asked_for() {
    let world = World::new(&[Block::new(1).chunk_bytes(&[17 * MIB, 1000]), Block::new(2)]);
    world
        .migrate(&[OLD, "--target.storage-class=InfrequentAccess"])
        .expect(0);
    world.assert_moved();
    for (name, tier) in world.target.with(|objects| objects.tiers()) {
        let expected = if name.contains("/chunks/") {
            "InfrequentAccess"
        } else {
            "Standard"
        };
        assert_eq!(tier, expected, "{name}");
    }
    for wrong in ["COLD", "standard", "Archive"] {
        let asked = format!("--target.storage-class.meta={wrong}");
        let ran = world.migrate(&[OLD, &asked]).expect(2);
        assert_eq!(
            ran.stderr
                .lines()
                .filter(|line| line.contains("storage-class"))
                .count(),
            1,
            "{ran:?}"
        );
    }
}

/// S-3.76: a block that is archived is left where it is, and those of other times move.
#[test]
fn what_is_archived_is_not_read_and_not_marked() {
    let world = World::new(&[
        Block::new('A').days(0, 1),
        Block::new('B').days(20, 21),
        Block::new('C').days(40, 41),
    ]);
    for name in [object('A', "meta.json"), object('B', "chunks/000001")] {
        world.source.with(|objects| objects.archive(&name));
    }
    let ran = world.migrate(&[OLD]).expect(3);
    assert!(ran.stdout.contains("unreadable"), "{ran:?}");
    world.assert_sound();
    assert_eq!(world.source.marked(), [id('C')], "{ran:?}");
}
