//! Blocks of every sort that the libraries of Prometheus and Thanos make.

use std::fs;
use std::process::Command;

use super::block::Memory;
use crate::support::folders::copy_tree;
use crate::support::servers::program;

#[test]
fn nothing_is_found_in_what_prometheus_and_thanos_write() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("blocks");
    let ran = Command::new(program("tsdb-blocks"))
        .arg(&made)
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let mut blocks = 0;
    for entry in fs::read_dir(&made).unwrap() {
        let path = entry.unwrap().path();
        let block = Memory::read(&path);
        let (counts, findings) = block.check();
        let found: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert!(found.is_empty(), "{}: {found:#?}", path.display());
        assert!(counts.samples > 0, "{}", path.display());
        assert_eq!(
            block.stats.samples,
            Some(counts.samples),
            "{}",
            path.display()
        );
        blocks += 1;
    }
    assert!(blocks > 60, "{blocks}");

    // Another reader counts as many samples.
    let database = folder.path().join("database");
    let id = "01JGWNE9800000000000000001";
    copy_tree(&made.join("overlapping"), &database.join(id));
    fs::create_dir(database.join("wal")).unwrap();
    let dumped = Command::new(program("promtool"))
        .args(["tsdb", "dump", "--sandbox-dir-root"])
        .args([folder.path(), &database])
        .output()
        .unwrap();
    assert!(dumped.status.success(), "{dumped:?}");
    let lines = String::from_utf8_lossy(&dumped.stdout).lines().count() as u64;
    assert_eq!(
        Memory::read(&made.join("overlapping")).check().0.samples,
        lines
    );
}
