//! What is asked for and may not be what was meant: a selector with a slip, a bucket without blocks.

use std::fs;

use serde_json::Value;

use crate::support::block::Block;
use crate::support::folders::{World, tree};
use crate::support::run::OLD;

/// S-2.3, S-4.3: Thanos ignores it, and every block would be moved.
#[test]
fn a_slip_in_the_selector_is_refused_with_what_was_meant() {
    let world = World::new(&[Block::new(1)]);
    let before = tree(&world.source);
    for (rule, names) in [
        (
            "{action: keep, source_labels: [cluster], regexp: eu-1}",
            ["rule 1.regexp", "did you mean regex?"],
        ),
        (
            "{action: keep, source_label: [cluster], regex: eu-1}",
            ["rule 1.source_label", "did you mean source_labels?"],
        ),
        (
            "{actoin: keep, source_labels: [cluster], regex: eu-1}",
            ["rule 1.actoin", "did you mean action?"],
        ),
        (
            "{action: kepe, source_labels: [cluster], regex: eu-1}",
            ["action \"kepe\"", "did you mean keep?"],
        ),
        (
            "{action: keep, source_labels: [cluster], regex: eu-1, regex: .*}",
            ["rule 1.regex", "given twice"],
        ),
    ] {
        let flag = format!("--selector.relabel-config=[{rule}]");
        let ran = world.migrate(&[OLD, &flag]).expect(2);
        assert!(ran.stdout.is_empty(), "{ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        for name in ["--selector.relabel-config", names[0], names[1]] {
            assert!(ran.stderr.contains(name), "{ran:?} does not name {name:?}");
        }
        assert_eq!(tree(&world.source), before);
    }
}

/// The warnings of the document, by name.
fn warnings(document: &Value, name: &str) -> Vec<String> {
    let warnings = document["warnings"].as_array().unwrap().iter();
    let named = warnings.filter(|warning| warning["name"] == name);
    named
        .map(|warning| warning["text"].as_str().unwrap().to_owned())
        .collect()
}

/// S-8.4
#[test]
fn a_label_that_no_block_bears_is_told_wherever_one_looks() {
    let world = World::new(&[Block::new(1), Block::new(2)]);
    let flag = "--selector.relabel-config=[{action: drop, source_labels: [clutser], regex: eu-1}]";
    let told = "rule 1 looks at the label clutser, which no block of the source bears: did you mean cluster?";
    let text = world.migrate(&[OLD, flag, "--dry-run"]).expect(0);
    assert!(text.stdout.contains(told), "{}", text.stdout);
    assert!(text.stderr.contains(told), "{}", text.stderr);
    assert!(
        text.stdout.contains("drops 0 of 2 blocks"),
        "{}",
        text.stdout
    );
    let json = ["--dry-run", "--output=json"];
    let plan = world
        .migrate(&[&[OLD, flag], &json[..]].concat())
        .expect(0)
        .json();
    assert_eq!(warnings(&plan, "strange-label"), [told]);
    let keeps_all = "the selector keeps all of the 2 blocks that came to it";
    assert_eq!(warnings(&plan, "selector-keeps-all"), [keeps_all]);
    assert_eq!(plan["selector"][0]["blocks"], 2);
    assert_eq!(plan["selector"][0]["dropped"], 0);
    let fits = "--selector.relabel-config=[{action: keep, source_labels: [cluster], regex: eu-2}]";
    let plan = world
        .migrate(&[&[OLD, fits], &json[..]].concat())
        .expect(0)
        .json();
    assert_eq!(plan["warnings"].as_array().unwrap().len(), 0);
    assert_eq!(plan["selector"][0]["dropped"], 2);
}

/// S-4.3
#[test]
fn a_selector_without_rules_is_warned_about() {
    let world = World::new(&[Block::new(1)]);
    for rules in [
        "[]",
        "# - {action: keep, source_labels: [cluster], regex: eu-2}",
    ] {
        let flag = format!("--selector.relabel-config={rules}");
        let ran = world.migrate(&[OLD, &flag, "--dry-run"]).expect(0);
        assert!(ran.stderr.contains("keeps every block"), "{}", ran.stderr);
    }
}

/// S-8.4
#[test]
fn a_bucket_without_blocks_is_told_wherever_one_looks() {
    let world = World::new(&[]);
    let run = |arguments: &[&str]| world.migrate(&[&[OLD], arguments].concat()).expect(0);
    let assert_told = |told: &str| {
        for arguments in [&["--dry-run"] as &[&str], &[]] {
            let ran = run(arguments);
            assert!(ran.stdout.contains(told), "{told}\n{}", ran.stdout);
            assert!(ran.stderr.contains(told), "{told}\n{}", ran.stderr);
        }
        let document = run(&["--output=json"]).json();
        let texts = warnings(&document, "no-blocks");
        assert!(texts.iter().any(|text| text.contains(told)), "{texts:?}");
    };
    assert_told("nothing lies in source file://");
    fs::write(world.source.join("notes.txt"), "x").unwrap();
    assert_told("holds no block, but 1 other name (notes.txt): is it the right bucket");
    Block::new(1).write_to(&world.source.join("thanos"));
    assert_told("holds no block, but 2 other names (notes.txt, thanos/)");
    fs::create_dir_all(world.target.join("backup")).unwrap();
    assert_told("holds no block, but 1 other name (backup/)");
    // A target that is empty is what a first run finds.
    let world = World::new(&[Block::new(1)]);
    let ran = world.migrate(&[OLD, "--output=json"]).expect(0);
    assert!(warnings(&ran.json(), "no-blocks").is_empty(), "{ran:?}");
}
