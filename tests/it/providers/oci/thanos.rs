//! Real Thanos asks the same server with the same file: its client, which is Oracle's own SDK, signs, lists and reads as ours does.
//!
//! It finds the server by a region that a variable describes, through a proxy that leads to us, and within TLS that nobody verifies.

use std::process::{Command, Output};

use crate::support::folders;
use crate::support::oci_server::{Bucket, DESCRIBED, REGION, as_machine, endpoint, port};
use crate::support::run::{OLD, Ran, migrate};
use crate::support::servers::program;
use crate::support::world::{Contents, blocks_with};

/// A file that both understand.
fn config(bucket: &Bucket, file: &str) -> std::path::PathBuf {
    let text = bucket.text().replace("us-phoenix-1", REGION);
    let path = bucket.file(file);
    let insecure = "  http_config:\n    insecure_skip_verify: true\n";
    std::fs::write(&path, text + insecure).unwrap();
    path
}

fn with_variables(command: &mut Command) {
    command
        .env("OCI_REGION_METADATA", DESCRIBED)
        .env("HTTPS_PROXY", format!("http://127.0.0.1:{}", port()));
}

fn thanos(arguments: &[String]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(program("thanos"));
    command
        .args(arguments)
        .env_clear()
        .env("HOME", folder.path());
    with_variables(&mut command);
    as_machine(&mut command, port(), 10_000);
    // Oracle's SDK knows no path before that of the service for sessions.
    command.env("OCI_SDK_AUTH_CLIENT_REGION_URL", endpoint(port()));
    command.output().unwrap()
}

/// S-3.72, S-3.73, S-3.74
#[test]
fn thanos_sees_what_was_written_with_the_same_file() {
    let world = folders::World::of_examples();
    let bucket = Bucket::new("thanos");
    let config = config(&bucket, "thanos.yaml");
    let mut command = migrate(&world.source_config(), &config, &[OLD]);
    with_variables(&mut command);
    Ran::of(command).expect(0);
    let from = format!("--objstore.config-file={}", config.display());
    let words = ["tools", "bucket", "ls"].map(str::to_owned);
    let listed = thanos(&[&words[..], std::slice::from_ref(&from)].concat());
    assert!(
        listed.status.success(),
        "{}",
        String::from_utf8_lossy(&listed.stderr)
    );
    let said = String::from_utf8_lossy(&listed.stderr).into_owned();
    let mut ids: Vec<_> = String::from_utf8(listed.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    ids.sort();
    assert_eq!(ids, blocks_with(&bucket.tree(), "meta.json"), "{said}");
    // What it writes is read here, too: a mark of its own keeps a block from moving.
    let words = [
        "tools",
        "bucket",
        "mark",
        "--marker=deletion-mark.json",
        "--details=by thanos",
    ];
    let id = format!("--id={}", ids[0]);
    let words = words.into_iter().map(str::to_owned).chain([id, from]);
    let marked = thanos(&words.collect::<Vec<_>>());
    assert!(
        marked.status.success(),
        "{}",
        String::from_utf8_lossy(&marked.stderr)
    );
    assert_eq!(bucket.marked(), [ids[0].clone()]);
    let mut command = migrate(&config, &world.target_config(), &[OLD]);
    with_variables(&mut command);
    Ran::of(command).expect(0);
    let moved = blocks_with(&folders::tree(&world.target), "meta.json");
    assert_eq!(moved, ids[1..]);
}

/// S-3.71: as a machine of the cloud.
#[test]
fn thanos_sees_what_was_written_as_a_machine_with_the_same_file() {
    let world = folders::World::of_examples();
    let bucket = Bucket::new("machine");
    let config = bucket.machines_config("thanos.yaml");
    let mut command = migrate(&world.source_config(), &config, &[OLD]);
    as_machine(&mut command, port(), 10_000);
    with_variables(&mut command);
    Ran::of(command).expect(0);
    let from = format!("--objstore.config-file={}", config.display());
    let words = ["tools", "bucket", "ls"].map(str::to_owned);
    let listed = thanos(&[&words[..], &[from]].concat());
    let said = String::from_utf8_lossy(&listed.stderr);
    assert!(listed.status.success(), "{said}");
    let ids = String::from_utf8(listed.stdout).unwrap();
    assert_eq!(ids.lines().count(), 5, "{said}");
    assert_eq!(bucket.published().len(), 5);
}
