//! `check`: what it says of buckets, and that it leaves nothing in them.

use std::fs;

use serde_json::Value;

use crate::support::block::Block;
use crate::support::folders;
use crate::support::minio::{Credentials, Minio};
use crate::support::on_minio;
use crate::support::run::{Ran, binary};
use crate::support::world::Contents;

pub(super) fn check(configs: &[&std::path::Path], arguments: &[&str]) -> Ran {
    let flags = ["--objstore.config-file", "--objstore-to.config-file"];
    let mut command = binary();
    command.arg("check").args(arguments);
    for (flag, config) in flags.iter().zip(configs) {
        command.arg(format!("{flag}={}", config.display()));
    }
    Ran::of(command)
}

/// What was found about one side: names and states, but for what was merely understood.
fn states(document: &Value, about: &str) -> Vec<(String, String)> {
    let findings = document["findings"].as_array().unwrap();
    let of_it = findings.iter().filter(|finding| finding["about"] == about);
    let text = |finding: &Value, member: &str| finding[member].as_str().unwrap().to_owned();
    of_it
        .filter(|finding| finding["name"] != "understood" && finding["name"] != "warning")
        .map(|finding| (text(finding, "name"), text(finding, "state")))
        .collect()
}

fn pairs(states: &[(String, String)]) -> Vec<(&str, &str)> {
    let pairs = states.iter();
    pairs
        .map(|(name, state)| (name.as_str(), state.as_str()))
        .collect()
}

/// S-12.1, S-12.2
#[test]
fn without_a_probe_nothing_is_written() {
    let world = folders::World::new(&[Block::new(1), Block::new(2)]);
    let before = world.source.tree();
    let configs = [world.source_config(), world.target_config()];
    let configs = configs.each_ref().map(std::path::PathBuf::as_path);
    let document = check(&configs, &["--output=json"]).expect(0).json();
    assert_eq!(document["kind"], "check");
    assert_eq!(document["exit_code"], 0);
    assert_eq!(document["cutoff"], Value::Null);
    let (source, target) = (states(&document, "source"), states(&document, "target"));
    assert_eq!(
        pairs(&source),
        [
            ("list", "ok"),
            ("read", "ok"),
            // A folder tells the time by a file of this run's own.
            ("clock", "untried"),
            ("mark", "untried")
        ]
    );
    assert_eq!(
        pairs(&target),
        [
            // There is no such folder yet.
            ("list", "note"),
            ("read", "untried"),
            ("clock", "untried"),
            ("write", "untried")
        ]
    );
    assert_eq!(world.source.tree(), before);
    assert!(!world.target.exists());
    // One bucket is enough.
    let alone = check(&configs[..1], &[]).expect(0);
    assert!(alone.stdout.contains("2 blocks"), "{}", alone.stdout);
    assert!(!alone.stdout.contains("\ntarget\n"), "{}", alone.stdout);
    let end = "Whatever was tried works. 2 things were not tried.\n";
    assert!(alone.stdout.ends_with(end), "{}", alone.stdout);
}

/// S-12.2, S-12.3
#[test]
fn a_probe_shows_what_may_be_written_and_is_gone_again() {
    let minio = Minio::start();
    let world = on_minio::World::new(&minio, &[Block::new(1)]);
    let (source, target) = world.configs();
    let ran = check(&[&source, &target], &["--write-probe", "--output=json"]).expect(0);
    let document = ran.json();
    let target_states = states(&document, "target");
    for tried in ["list", "put", "conditional-put", "multipart", "delete"] {
        let found = target_states.iter().find(|(name, _)| name == tried);
        assert_eq!(
            found.map(|(_, state)| state.as_str()),
            Some("ok"),
            "{tried}"
        );
    }
    let both = states(&document, "both");
    assert!(pairs(&both).contains(&("two-buckets", "ok")), "{both:?}");
    assert!(pairs(&both).contains(&("copy", "ok")), "{both:?}");
    assert!(world.target.is_empty());
    assert!(minio.uploads().is_empty());
    // What is printed as the least rights is what a user needs.
    let policies = document["policies"].as_array().unwrap();
    let rights = |index: usize| -> Value {
        let policy: Value =
            serde_json::from_str(policies[index]["policy"].as_str().unwrap()).unwrap();
        policy["Statement"].clone()
    };
    let (reader, writer) = (
        minio.user("hot-user", &rights(0)),
        minio.user("cold-user", &rights(1)),
    );
    let source = world
        .source
        .config_for("hot-least.yaml", &reader, minio.port(), "");
    let target = world
        .target
        .config_for("cold-least.yaml", &writer, minio.port(), "");
    check(&[&source, &target], &["--write-probe"]).expect(0);
    on_minio::run(&(source, target), &[crate::support::run::OLD]).expect(0);
    world.assert_moved();
}

/// S-12.3: a bucket that is written alone needs what a target needs, below whatever prefix.
#[test]
fn one_bucket_that_is_written_is_told_what_it_needs_as_a_target_too() {
    let minio = Minio::start();
    let bucket = minio.bucket("one");
    let prefix = "prefix: 'a*b?/${aws:username}'\n";
    let seen = |file: &str, user: &Credentials| bucket.config_for(file, user, minio.port(), prefix);
    let root = seen("root.yaml", bucket.root());
    let roles = |arguments: &[&str]| -> Vec<(String, Value)> {
        let document = check(&[&root], arguments).expect(0).json();
        let text = |policy: &Value, member: &str| policy[member].as_str().unwrap().to_owned();
        let policies = document["policies"].as_array().unwrap().iter();
        policies
            .map(|policy| {
                let rights: Value = serde_json::from_str(&text(policy, "policy")).unwrap();
                (text(policy, "bucket"), rights["Statement"].clone())
            })
            .collect()
    };
    let merely_read = roles(&["--output=json"]);
    assert_eq!(merely_read.len(), 1, "{merely_read:?}");
    let written = roles(&["--output=json", "--write-probe"]);
    let [(_, source), (role, target)] = written.as_slice() else {
        panic!("{written:?}");
    };
    assert_eq!(role, "target");
    let least = seen("least.yaml", &minio.user("least", target));
    check(&[&least], &["--write-probe"]).expect(0);
    let marks = seen("marks.yaml", &minio.user("marks", source));
    check(&[&marks], &["--write-probe", "--max-retries=0"]).expect(1);
}

/// S-12.2, S-12.4
#[test]
fn what_does_not_work_is_told_in_one_line_and_by_the_exit_code() {
    let minio = Minio::start();
    let world = on_minio::World::new(&minio, &[Block::new(1)]);
    let (source, target) = world.configs();
    let changed = |from: &str, to: &str| {
        let text = fs::read_to_string(&source).unwrap().replace(from, to);
        let path = source.with_file_name("changed.yaml");
        fs::write(&path, text).unwrap();
        path
    };
    let failed = |ran: &Ran| {
        let findings = ran.json()["findings"].clone();
        let findings = findings.as_array().unwrap().clone();
        let failed: Vec<String> = findings
            .iter()
            .filter(|finding| finding["state"] == "failed")
            .map(|finding| finding["text"].as_str().unwrap().to_owned())
            .collect();
        failed
    };
    let quick = ["--output=json", "--max-retries=0"];
    for (from, to, expected) in [
        ("bucket: hot", "bucket: nowhere", "NoSuchBucket"),
        ("access_key: ", "access_key: x", "InvalidAccessKeyId"),
    ] {
        let config = changed(from, to);
        let ran = check(&[&config, &target], &quick).expect(1);
        let failed = failed(&ran);
        assert_eq!(failed.len(), 1, "{failed:?}");
        assert!(failed[0].contains(expected), "{failed:?}");
    }
    // The same bucket under another name.
    let port = minio.port();
    let config = changed("127.0.0.1", "localhost");
    assert!(
        fs::read_to_string(&config)
            .unwrap()
            .contains(&format!("localhost:{port}"))
    );
    let ran = check(&[&config, &source], &["--write-probe", "--output=json"]).expect(2);
    assert!(failed(&ran)[0].contains("are the same bucket"), "{ran:?}");
    assert_eq!(world.source.tree(), world.before);
    check(&[&source, &source], &[]).expect(2);
}

/// S-12.2
#[test]
fn how_a_bucket_keeps_objects_is_told_with_what_it_means() {
    let minio = Minio::start();
    let hot = minio.bucket("hot");
    let cold = minio.locked_bucket("cold");
    minio.mc(&["version", "enable", "minio/hot"]);
    minio.mc(&["ilm", "rule", "add", "--expire-days", "400", "minio/hot"]);
    let (source, target) = (hot.config("hot.yaml"), cold.config("cold.yaml"));
    let ran = check(&[&source, &target], &[]).expect(0);
    for told in [
        "holds no block",
        "versions are kept: what the compactor deletes stays paid for",
        "deletes all objects after 400 days: blocks are torn or lost",
        "versions are locked for 1 day (governance): a run is not hindered",
    ] {
        assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
    }
}

/// S-12.2: what is deleted in a bucket that keeps versions is not gone, and that is said.
#[test]
fn a_probe_in_a_bucket_that_keeps_versions_is_told_to_stay() {
    let minio = Minio::start();
    let (hot, cold) = (minio.bucket("hot"), minio.locked_bucket("cold"));
    minio.mc(&["ilm", "rule", "add", "--expire-days", "30", "minio/cold"]);
    let (source, target) = (hot.config("hot.yaml"), cold.config("cold.yaml"));
    let ran = check(&[&source, &target], &["--write-probe"]).expect(0);
    for told in [
        "the probe is deleted, and its versions stay",
        "! risk     lifecycle",
        "One line tells of a risk to blocks.",
    ] {
        assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
    }
    assert!(cold.is_empty());
}
