//! Buckets that keep every version of an object, and buckets that lock them.

use crate::support::block::Block;
use crate::support::folders;
use crate::support::minio::Minio;
use crate::support::on_minio::{World, run};
use crate::support::run::{OLD, Ran, migrate};
use crate::support::world::{Contents, three};

/// S-5.4, S-7.4: what is deleted there leaves a marker that no listing shows, and what is put again leaves what it was.
#[test]
fn buckets_that_keep_versions_are_moved_between_like_others() {
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    for bucket in ["minio/hot", "minio/cold"] {
        minio.mc(&["version", "enable", bucket]);
    }
    // Every object has an older version, which nobody may see.
    for (name, content) in &world.before {
        world.source.put(name, "older");
        world.source.put(name, content.clone());
    }
    for copy in ["--copy=server", "--copy=client"] {
        run(&world.configs(), &[OLD, copy]).expect(0);
        world.assert_moved();
        let again = run(&world.configs(), &[OLD, copy, "--output=json"]).expect(0);
        assert_eq!(again.json()["totals"]["objects_put"], 0, "{}", again.stdout);
        world.reset();
    }
    // A block that was deleted is not there, whatever versions of it are kept.
    world.source.remove_block(&Block::new(2).id());
    run(&world.configs(), &[OLD]).expect(0);
    assert_eq!(
        world.target.published(),
        [Block::new(1).id(), Block::new(3).id()]
    );
}

/// S-3.12: both buckets lock what is put, marks included; they want a digest with it.
#[test]
fn buckets_that_lock_objects_are_moved_between() {
    let minio = Minio::start();
    let mut world = World::new(&minio, &three());
    world.target = minio.locked_bucket("locked-cold");
    world.source = minio.locked_bucket("locked-hot");
    let folders = folders::World::new(&three());
    let filled = world.source.config("filled.yaml");
    Ran::of(migrate(&folders.source_config(), &filled, &[OLD])).expect(0);
    run(&world.configs(), &[OLD]).expect(0);
    world.assert_moved();
    let again = run(&world.configs(), &[OLD, "--output=json"]).expect(0);
    assert_eq!(again.json()["totals"]["objects_put"], 0, "{}", again.stdout);
}
