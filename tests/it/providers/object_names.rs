//! Names of objects as they are: prefixes of every letter, and names that nobody's tool would choose.

use crate::support::block::Block;
use crate::support::folders::{World, tree};
use crate::support::minio::{Bucket, Minio};
use crate::support::on_minio::{World as Servers, run};
use crate::support::run::{OLD, Ran, migrate};
use crate::support::world::{Contents, assert_same, blocks_with, three, without_marks};

/// Each printable letter of ASCII stands in one of them, and some that lie beyond.
fn prefixes() -> [String; 4] {
    let printable: String = (' '..='~').filter(|letter| *letter != '/').collect();
    [
        printable.clone(),
        printable.chars().rev().collect(),
        "a~b/100%/%41/[x]*?#{}/ + /...".to_owned(),
        "é/e\u{301}/漢字/🧊\u{a0}".to_owned(),
    ]
}

/// S-3.1: as a target and as a source, in S3 with both versions of listings, and in a folder.
#[test]
fn a_prefix_of_any_letters_holds_the_blocks_under_its_own_name() {
    let minio = Minio::start();
    let world = World::new(&three());
    let before = tree(&world.source);
    for (number, prefix) in (0..).zip(prefixes()) {
        let middle = minio.bucket(&format!("middle-{number}"));
        let quoted = serde_json::to_string(&prefix).unwrap();
        let config = |version: &str| {
            let more = format!("  list_objects_version: {version}\nprefix: {quoted}\n");
            middle.config_for(
                &format!("{number}-{version}.yaml"),
                middle.root(),
                minio.port(),
                &more,
            )
        };
        let into_s3 = migrate(
            &world.source_config(),
            &config("v2"),
            &[OLD, "--exclude-delete-marked=false"],
        );
        Ran::of(into_s3).expect(0);
        let inside = middle.tree();
        assert_eq!(blocks_with(&inside, "meta.json").len(), 3);
        for name in inside.keys() {
            assert!(name.starts_with(&format!("{prefix}/01J")), "{name}");
        }
        for version in ["v1", "v2"] {
            let folder = tempfile::tempdir().unwrap();
            let text = format!(
                "type: FILESYSTEM\nconfig: {{directory: {}}}\nprefix: {quoted}\n",
                folder.path().display()
            );
            let target = folder.path().join("target.yaml");
            std::fs::write(&target, text).unwrap();
            let arguments = [OLD, "--exclude-delete-marked=false"];
            Ran::of(migrate(&config(version), &target, &arguments)).expect(0);
            let moved = tree(&folder.path().join(&prefix));
            assert_same(&moved, &without_marks(&before));
            // And out of the folder again, into one without a prefix.
            let plain = World::new(&[] as &[Block]);
            Ran::of(migrate(&target, &plain.target_config(), &[OLD])).expect(0);
            assert_same(&tree(&plain.target), &before);
        }
    }
}

/// What real servers hold beside blocks.
const FOREIGN: [&str; 9] = [
    "a\nb",
    "\u{1}",
    "z\u{7f}",
    "100%/%zz",
    "%2Fa",
    "a+b c",
    "debug/metas/x.json",
    "\u{e9}\u{301}/\u{fffd}",
    "zz/",
];

/// S-1.1: on a real server, in both versions of listings.
#[test]
fn foreign_names_beside_blocks_are_ignored() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    let long = ["long", &"x".repeat(200), &"y".repeat(200)].join("/");
    let names = FOREIGN.into_iter().chain([long.as_str()]);
    let taken =
        names.filter(|name| servers.source.put_as_is(name) && servers.target.put_as_is(name));
    assert!(
        taken.count() > FOREIGN.len() / 2,
        "MinIO takes most of them"
    );
    for version in ["v1", "v2"] {
        let more = format!("  list_objects_version: {version}\n");
        let config =
            |bucket: &Bucket, file| bucket.config_for(file, bucket.root(), minio.port(), &more);
        let configs = (
            config(&servers.source, "h.yaml"),
            config(&servers.target, "c.yaml"),
        );
        let arguments = [OLD, "--output=json", "--exclude-delete-marked=false"];
        let report = run(&configs, &arguments).expect(0).json();
        assert_eq!(report["blocks"].as_array().unwrap().len(), 3, "{report}");
        assert_eq!(report["excluded"].as_array().unwrap().len(), 0, "{report}");
    }
}

/// S-4.5: inside a block on a real server they may be a part of it that nobody can copy.
#[test]
fn a_foreign_name_in_a_block_makes_it_incomplete() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    let id = three()[1].id();
    assert!(servers.source.put_as_is(&format!("{id}/chunks/00000\n")));
    let report = run(&servers.configs(), &[OLD, "--output=json"])
        .expect(3)
        .json();
    assert_eq!(report["excluded"][0]["id"], id, "{report}");
    assert_eq!(report["excluded"][0]["reason"], "incomplete", "{report}");
    assert!(servers.target.published().iter().all(|moved| *moved != id));
}
