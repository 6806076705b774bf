//! Blocks that come back out of generations which are no longer live, on the emulator.

use crate::support::fake_gcs::{Bucket, EMULATOR, World, host, port};
use crate::support::run::{OLD, Ran, binary};
use crate::support::world::{Contents, Tree, assert_same, three};

/// S-19.1, S-19.4
#[test]
fn deleted_blocks_come_back_out_of_their_generations() {
    let (hot, cold) = (Bucket::versioned("hot"), Bucket::new("cold"));
    let world = World::filled(hot, cold, (), &three());
    let (config, _) = world.configs();
    let migrated = world.migrate(&[OLD, "--output=json"]).expect(0).json();
    for name in world.source.tree().keys() {
        world.source.remove(name);
    }
    let undelete = |arguments: &[&str]| {
        let mut command = binary();
        command
            .env(EMULATOR, host(port()))
            .arg("undelete")
            .arg(format!("--objstore.config-file={}", config.display()))
            .arg(format!("--run={}", migrated["run"].as_str().unwrap()))
            .args(arguments);
        Ran::of(command)
    };
    undelete(&[]).expect(0);
    assert_same(&world.source.tree(), &Tree::new());
    let done = undelete(&["--no-dry-run", "--output=json"])
        .expect(0)
        .json();
    assert_eq!(done["copied_objects"], world.before.len());
    assert_same(&world.source.tree(), &world.before);
}

/// S-19.2
#[test]
fn a_bucket_without_generations_says_so() {
    let world = World::new(&three());
    let mut command = binary();
    let config = format!("--objstore.config-file={}", world.configs().0.display());
    command
        .env(EMULATOR, host(port()))
        .args(["undelete", &config, OLD]);
    let line = Ran::of(command).expect(1).stderr;
    assert!(line.contains("the bucket keeps no versions"), "{line}");
}
