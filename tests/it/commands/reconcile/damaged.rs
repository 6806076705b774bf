//! What is wrong with the bucket or with a server is named, and never taken for equal.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use serde_json::{Value, json};

use super::{World, change_meta, found, notes, ones};
use crate::support::run::{Running, signal};
use crate::support::told::Sample;

/// A damage, and what is to be found of it, by kind and count; and what is only told.
type Damage = (
    &'static str,
    fn(&Path),
    &'static [&'static str],
    &'static [&'static str],
);

const MISSING: &str = "subject missing-samples 120";

const DAMAGES: [Damage; 8] = [
    ("none", |_| {}, &[], &[]),
    (
        "it is gone",
        |block| fs::remove_dir_all(block).unwrap(),
        &[MISSING],
        &[],
    ),
    (
        "it is partial",
        |block| fs::remove_file(block.join("meta.json")).unwrap(),
        &[MISSING],
        &["partial-blocks"],
    ),
    (
        "it has other external labels",
        |block| {
            change_meta(block, |meta| {
                meta["thanos"]["labels"]["cluster"] = json!("eu-2");
            });
        },
        &[MISSING],
        &["other-external-labels"],
    ),
    (
        "it is marked for deletion",
        |block| {
            let id = block.file_name().unwrap().to_str().unwrap();
            let mark = json!({"id": id, "deletion_time": 1, "details": "", "version": 1});
            fs::write(block.join("deletion-mark.json"), mark.to_string()).unwrap();
        },
        &[MISSING],
        &["marked-blocks"],
    ),
    (
        "it is downsampled",
        |block| {
            change_meta(block, |meta| {
                meta["thanos"]["downsample"]["resolution"] = json!(300_000);
            });
        },
        &[MISSING],
        &["downsampled-blocks"],
    ),
    (
        "a segment is missing",
        |block| fs::remove_file(block.join("chunks/000001")).unwrap(),
        &[MISSING, "unreadable-blocks 1"],
        &[],
    ),
    (
        "a bit of a chunk is another",
        |block| {
            let path = block.join("chunks/000001");
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(path, bytes).unwrap();
        },
        &[MISSING, "unreadable-blocks 1"],
        &[],
    ),
];

/// S-24.62 with the real thing
#[test]
fn each_damage_of_a_block_is_named() {
    let days = |day| vec![ones("subject", &[], day)];
    for (what, damage, expected, told) in DAMAGES {
        let world = World::of(vec![days(0), days(1)], vec![days(0), days(1)]);
        let plan = world.plan(&json!({"selectors": ["subject"]}));
        damage(world.blocks().last().unwrap());
        let code = if expected.is_empty() { 0 } else { 3 };
        let document = world.ran("verify", 0..2, &plan).expect(code).json();
        let (kinds, shown) = found(&document);
        assert_eq!(kinds, *expected, "{what}: {shown}");
        for note in told {
            assert!(notes(&document).contains(note), "{what}: {document}");
        }
    }
}

/// S-24.62 with the real thing
#[test]
fn a_side_that_cannot_be_read_ends_it_and_is_named_in_the_report() {
    let days = |day| vec![ones("subject", &[], day)];
    let world = World::of(vec![days(0)], vec![days(0)]);
    let nowhere = "http://127.0.0.1:1/api/v1/read";
    let artifacts = world.path("report");
    let artifact_dir = format!("--artifact-dir={}", artifacts.display());
    let left = |name: &str| fs::read_to_string(artifacts.join(name)).unwrap();
    let plan = world.plan(&json!({}));
    let arguments = [artifact_dir.as_str()];
    let ran = world.ran_with("verify", 0..1, &plan, &arguments).expect(3);
    assert_eq!(left("report.json"), ran.stdout);
    assert!(left("report.md").starts_with("# Verification of a backfill"));
    for (changes, named) in [
        (
            json!({"source": {"remote_read_url": nowhere}}),
            "read the source",
        ),
        (
            json!({"target": {
                "objstore_config_path": null,
                "write_url": "http://127.0.0.1:1/api/v1/write",
                "read_url": nowhere,
            }}),
            "read the target",
        ),
    ] {
        let plan = world.plan(&changes);
        let ran = world.ran_with("verify", 0..1, &plan, &arguments).expect(1);
        assert!(ran.stderr.contains(named), "{}", ran.stderr);
        for text in [&ran.stdout, &left("report.json")] {
            let document: Value = serde_json::from_str(text).unwrap();
            assert_eq!(document["kind"], "error");
            let why = document["aborted"].as_str().unwrap();
            assert!(why.contains(named) && why.contains("127.0.0.1:1"), "{why}");
        }
        assert!(left("report.md").contains("127.0.0.1:1"));
    }
    // What is not read anywhere was not looked at.
    let plan = world.plan(&json!({"target": {
        "objstore_config_path": null,
        "write_url": "http://127.0.0.1:1/api/v1/write",
    }}));
    let ran = world.ran("verify", 0..1, &plan).expect(3);
    let (kinds, _) = found(&ran.json());
    assert_eq!(kinds, ["nothing-compared 1", "target-not-read 1"]);
    assert_eq!(ran.json()["verdict"], "not-proven");
}

/// S-24.62 with the real thing
#[test]
fn blocks_that_contradict_each_other_are_found_and_those_that_agree_are_one() {
    let one = ones("subject", &[], 0);
    let other = one.clone().changed(60, Sample::Number("2"));
    for (second, code, expected) in [
        (&one, 0, &[][..]),
        (&other, 3, &["conflicting-blocks 1"][..]),
    ] {
        let cold = vec![vec![one.clone()], vec![second.clone()]];
        let world = World::of(vec![vec![one.clone()]], cold);
        let plan = world.plan(&json!({"selectors": ["subject"]}));
        let document = world.ran("verify", 0..1, &plan).expect(code).json();
        let (kinds, shown) = found(&document);
        let kinds: Vec<&str> = kinds.iter().map(std::string::String::as_str).collect();
        let is_expected = |kind: &&str| *kind != "subject different-values 1";
        assert_eq!(
            kinds
                .iter()
                .copied()
                .filter(is_expected)
                .collect::<Vec<_>>(),
            expected,
            "{shown}"
        );
        assert_eq!(document["target_blocks"], 2);
    }
}

/// S-24.60
#[test]
fn a_signal_ends_it_while_a_side_is_silent() {
    let world = World::of(vec![vec![ones("subject", &[], 0)]], Vec::new());
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/api/v1/read", silent.local_addr().unwrap());
    let plan = world.plan(&json!({"source": {"remote_read_url": url}}));
    let running = Running::start(&mut world.command("verify", 0..1, &plan, &[]));
    // Somebody asks, and hears nothing.
    let (_connection, _) = silent.accept().unwrap();
    signal("TERM", running.id());
    let ran = running.wait().expect(143);
    assert_eq!(ran.json()["signal"], "SIGTERM");
    world.expect_nothing_left();
}
