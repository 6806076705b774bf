//! `thanos-bucket check` on two buckets of the service.

use serde_json::json;

use crate::support::oci_server::{ENDPOINT, World, endpoint, port};
use crate::support::run::{Ran, binary};
use crate::support::world::{Contents, assert_same, three};

fn check(world: &World) -> Ran {
    let (source, target) = world.configs();
    let mut command = binary();
    command
        .arg("check")
        .arg(format!("--objstore.config-file={}", source.display()))
        .arg(format!("--objstore-to.config-file={}", target.display()))
        .arg("--write-probe")
        .env(ENDPOINT, endpoint(port()));
    Ran::of(command)
}

/// S-3.79, S-12.3: what it understood, what it tried, and the least rights.
#[test]
fn a_check_tries_what_a_migration_needs_and_leaves_nothing() {
    let world = World::new(&three());
    let ran = check(&world).expect(0);
    for expected in [
        "conditional-put",
        "an object that exists is not overwritten",
        "an upload in parts",
        "us-phoenix-1",
        "of ocid1.user.oc1..aaaaaaaamover, by the configuration; secrets hidden",
        "request.permission='OBJECT_DELETE'",
        "Allow group GROUP to manage objects in compartment COMPARTMENT",
    ] {
        assert!(ran.stdout.contains(expected), "{expected}: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("PRIVATE KEY"), "{}", ran.stdout);
    assert_same(&world.source.tree(), &world.before);
    assert!(world.target.tree().is_empty());
    assert_eq!(world.target.with(|objects| objects.uploads()), 0);
}

/// S-3.77: how the bucket keeps its objects, where that may be asked.
#[test]
fn a_check_tells_how_the_bucket_keeps_its_objects() {
    let world = World::new(&three());
    world.target.with(|objects| {
        objects.about = json!({"versioning": "Enabled", "autoTiering": "InfrequentAccess"});
        objects.retention = vec![json!({"id": "1", "duration": {"timeAmount": 30, "timeUnit": "DAYS"}})];
        objects.lifecycle = Some(json!({"items": [{
            "name": "to the archive", "action": "ARCHIVE", "timeAmount": 90, "timeUnit": "DAYS", "isEnabled": true, "target": "objects"}]}));
    });
    let ran = check(&world);
    for expected in ["30 days", "90 days", "to the archive", "InfrequentAccess"] {
        assert!(ran.stdout.contains(expected), "{expected}: {}", ran.stdout);
    }
    world
        .source
        .with(|objects| objects.lacking.insert("BUCKET_READ"));
    let ran = check(&world);
    assert!(ran.stdout.contains("BucketNotFound"), "{}", ran.stdout);
}
