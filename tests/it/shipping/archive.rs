//! The archive of a release.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::folders::tree;
use crate::support::run::{Ran, binary, repository};

/// The binary of the tests is large, and takes long to pack: a script that runs it takes its place.
fn packed(folder: &Path) -> Vec<u8> {
    let tool = folder.join("tool");
    let script = format!(
        "#!/bin/sh\nexec {} \"$@\"\n",
        env!("CARGO_BIN_EXE_thanos-bucket")
    );
    fs::write(&tool, script).unwrap();
    fs::set_permissions(&tool, Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(repository(".ci/package"));
    command
        .arg(tool)
        .arg("thanos-bucket-v1")
        .arg(folder)
        .env("SOURCE_DATE_EPOCH", "1700000000");
    Ran::of(command).expect(0);
    fs::read(folder.join("thanos-bucket-v1.tar.gz")).unwrap()
}

/// S-22.5
#[test]
fn an_archive_has_the_binary_with_documents_completions_and_pages() {
    let folder = tempfile::tempdir().unwrap();
    packed(folder.path());
    let mut command = Command::new("tar");
    command
        .args(["--extract", "--file", "thanos-bucket-v1.tar.gz"])
        .current_dir(folder.path());
    Ran::of(command).expect(0);
    let found = tree(&folder.path().join("thanos-bucket-v1"));
    for name in [
        "LICENSE",
        "README.md",
        "completions/_thanos-bucket",
        "completions/thanos-bucket.bash",
        "completions/thanos-bucket.fish",
        "examples/s3-aws.yaml",
        "man/man1/thanos-bucket.1",
        "man/man1/thanos-bucket-migrate.1",
    ] {
        assert!(
            found.get(name).is_some_and(|text| !text.is_empty()),
            "{name}"
        );
    }
    let mut shown = binary();
    shown.args(["completion", "bash"]);
    let shown = Ran::of(shown).expect(0).stdout;
    assert_eq!(found["completions/thanos-bucket.bash"], shown.as_bytes());
    let mut command = Command::new(folder.path().join("thanos-bucket-v1/thanos-bucket"));
    command.arg("--version");
    Ran::of(command).expect(0);
}

/// S-22.5
#[test]
fn an_archive_that_is_packed_again_is_the_same() {
    let [one, other] = [(), ()].map(|()| tempfile::tempdir().unwrap());
    assert!(packed(one.path()) == packed(other.path()));
}
