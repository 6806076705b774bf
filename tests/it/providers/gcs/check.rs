//! `thanos-bucket check` on two buckets of the service.

use crate::support::fake_gcs::{EMULATOR, World, host, port};
use crate::support::run::{Ran, binary};
use crate::support::world::{Contents, assert_same, three};

/// S-12.3: what it understood, what it tried, and the least rights.
#[test]
fn a_check_tries_what_a_migration_needs_and_leaves_nothing() {
    let world = World::new(&three());
    let (source, target) = world.configs();
    let mut command = binary();
    command
        .arg("check")
        .arg(format!("--objstore.config-file={}", source.display()))
        .arg(format!("--objstore-to.config-file={}", target.display()))
        .arg("--write-probe")
        .env(EMULATOR, host(port()));
    let ran = Ran::of(command).expect(0);
    for expected in [
        "conditional-put",
        "an object that exists is not overwritten",
        "an upload in parts",
        "the service has copied a meta.json",
        "by checksum, where",
        "storage.objects.create",
        "none: an emulator is asked",
    ] {
        assert!(ran.stdout.contains(expected), "{expected}: {}", ran.stdout);
    }
    assert_same(&world.source.tree(), &world.before);
    assert!(world.target.tree().is_empty());
}
