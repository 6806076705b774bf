//! Real blocks to and from servers of S3 that are not `MinIO`.

use std::fs::File;
use std::time::{Duration, SystemTime};

use crate::support::folders::{World, tree};
use crate::support::killed;
use crate::support::proxy::Line;
use crate::support::run::{OLD, Ran, migrate};
use crate::support::s3_server::{Bucket, S3Server};
use crate::support::world::{Contents, Tree, assert_same, blocks_with, without_marks};

/// S-5.4, S-7.4
#[test]
fn blocks_move_from_a_folder_to_seaweedfs_and_on_into_another_folder() {
    there_and_back(&S3Server::seaweedfs());
}

/// S-5.4, S-7.4
#[test]
fn blocks_move_from_a_folder_to_versitygw_and_on_into_another_folder() {
    there_and_back(&S3Server::versitygw());
}

/// S-5.4, S-7.4
#[test]
fn blocks_move_from_a_folder_to_moto_and_on_into_another_folder() {
    there_and_back(&S3Server::moto());
}

/// S-5.4, S-7.4
#[test]
fn blocks_move_from_a_folder_to_s3proxy_and_on_into_another_folder() {
    there_and_back(&S3Server::s3proxy());
}

/// From a folder into one bucket, from there into another one on the same server, and on into a folder: byte for byte, each once.
fn there_and_back(server: &S3Server) {
    let world = World::of_examples();
    // These servers tell times in whole seconds: what is put now must not look like what was written now.
    let old = SystemTime::now() - Duration::from_hours(1);
    for name in world.before.keys() {
        let file = File::options().append(true).open(world.source.join(name));
        file.unwrap().set_modified(old).unwrap();
    }
    let blocks = without_marks(&world.before);
    let (one, two) = (server.bucket("one"), server.bucket("two"));
    let (first, second) = (one.config("one.yaml"), two.config("two.yaml"));
    let target = world.target_config();
    kill_and_heal(&world, &one);
    for (from, to) in [
        (&world.source_config(), &first),
        (&first, &second),
        (&second, &target),
    ] {
        Ran::of(migrate(from, to, &[OLD])).expect(0);
        let again = Ran::of(migrate(from, to, &[OLD, "--output=json"])).expect(0);
        assert_eq!(again.json()["totals"]["objects_put"], 0, "{}", again.stdout);
    }
    for bucket in [&one, &two] {
        assert_same(&without_marks(&without_probes(bucket.tree())), &blocks);
    }
    assert_same(&tree(&world.target), &blocks);
}

/// A run that is killed may leave its probe.
fn without_probes(mut tree: Tree) -> Tree {
    tree.retain(|name, _| !name.starts_with("thanos-bucket-probe-"));
    tree
}

/// Runs that are killed before and after the server has acted on some of their requests leave nothing torn; the last one is healed by the caller's.
fn kill_and_heal(world: &World, target: &Bucket) {
    let server = target.server();
    for (number, has_acted) in [(3, true), (9, false), (14, true), (21, false), (28, true)] {
        let line = Line::to(server.port());
        killed::at(line, number, has_acted, |proxy| {
            let to = target.config_through("killed.yaml", proxy.port());
            migrate(&world.source_config(), &to, &[OLD])
        });
        let there = target.tree();
        for id in blocks_with(&there, "meta.json") {
            for (name, content) in &world.before {
                if name.starts_with(&id) && !name.ends_with("/deletion-mark.json") {
                    assert!(there.get(name) == Some(content), "{name} is torn");
                }
            }
        }
    }
}
