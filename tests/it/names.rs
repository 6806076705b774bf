//! Names of objects as they are: prefixes of every letter.

use crate::support::blocks::Block;
use crate::support::minio::Minio;
use crate::support::pair::{OLD, assert_same, three};
use crate::support::run::{Ran, World, blocks_with, migrate, tree, without_marks};

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
    let before = tree(&world.source());
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
            assert_same(&tree(&plain.target()), &before);
        }
    }
}
