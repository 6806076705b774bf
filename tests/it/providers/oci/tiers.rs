//! Storage tiers: what is put in them, and what nobody reads there.

use crate::support::block::Block;
use crate::support::oci_server::World;
use crate::support::run::OLD;
use crate::support::world::{Contents, three};

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

/// S-3.76: a block that is archived is left where it is, and others move.
#[test]
fn what_is_archived_is_not_read_and_not_marked() {
    let world = World::new(&three());
    let (first, second) = (Block::new(1), Block::new(2));
    let names = [
        format!("{}/meta.json", first.id()),
        format!("{}/chunks/000001", second.id()),
    ];
    for name in &names {
        world.source.with(|objects| objects.archive(name));
    }
    let ran = world.migrate(&[OLD]).expect(3);
    assert!(ran.stdout.contains("unreadable"), "{ran:?}");
    world.assert_sound();
    assert_eq!(world.source.marked(), [Block::new(3).id().to_string()]);
}
