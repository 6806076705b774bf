//! The workflows, as far as that can be seen without running them.

use std::fs;
use std::process::Command;

use regex::Regex;

use crate::support::folders::tree;
use crate::support::run::{Ran, repository};
use crate::support::servers::program;

/// S-22.5
#[test]
fn the_workflows_are_well_formed() {
    let mut command = Command::new(program("actionlint"));
    command.current_dir(repository(""));
    let workflows = tree(&repository(".github/workflows"));
    assert_eq!(workflows.len(), 2);
    command.args(
        workflows
            .keys()
            .map(|name| format!(".github/workflows/{name}")),
    );
    let ran = Ran::of(command).expect(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
}

/// S-22.5: a tag may be moved, and a commit may not.
#[test]
fn every_action_is_named_by_its_commit() {
    let commit = Regex::new(r"^[\w/.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$").unwrap();
    let mut count = 0;
    for (name, content) in tree(&repository(".github/workflows")) {
        let text = String::from_utf8(content).unwrap();
        for used in text.lines().filter_map(|line| line.split("uses: ").nth(1)) {
            assert!(commit.is_match(used), "{name}: {used}");
            count += 1;
        }
    }
    assert!(count > 5);
}

/// S-22.5: what is told to be run is there, and made of what Cargo.toml asks for.
#[test]
fn the_workflows_use_the_rust_and_the_scripts_that_are_here() {
    let manifest = fs::read_to_string(repository("Cargo.toml")).unwrap();
    let script = Regex::new(r"(?m)(?:^|[ =])(\.ci/[a-z-]+|examples/demo)\b").unwrap();
    let toolchain = Regex::new(r"rustup (?:toolchain install|default) (\S+)").unwrap();
    let mut scripts = 0;
    for (name, content) in tree(&repository(".github/workflows")) {
        let text = String::from_utf8(content).unwrap();
        let code: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let code = code.join("\n");
        for found in script.captures_iter(&code) {
            assert!(repository(&found[1]).is_file(), "{name}: {}", &found[1]);
            scripts += 1;
        }
        for found in toolchain.captures_iter(&code) {
            let version = format!("rust-version = \"{}\"", &found[1]);
            assert!(manifest.contains(&version), "{name}: {version}");
        }
    }
    assert_eq!(scripts, 3);
}
