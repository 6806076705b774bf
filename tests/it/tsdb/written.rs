//! Blocks are written as Prometheus writes them, and everybody reads them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use thanos_bucket::samples::{Chunk, Labels};
use thanos_bucket::tsdb::read;
use thanos_bucket::tsdb::write::{About, Writer, Written};

use super::block::Memory;
use crate::support::servers::program;

fn about(max_time_ms: i64) -> About {
    About {
        max_time_ms,
        labels: BTreeMap::from([("cluster".to_owned(), "eu-1".to_owned())]),
        extensions: None,
    }
}

fn read_all(folder: &Path) -> Vec<(Labels, Vec<Chunk>)> {
    let block = read::Block::open(folder).unwrap();
    block.series().map(Result::unwrap).collect()
}

fn write(folder: &Path, series: &[(Labels, Vec<Chunk>)], about: &About) -> Written {
    let mut writer = Writer::create(folder).unwrap();
    for (labels, chunks) in series {
        writer.series(labels, chunks).unwrap();
    }
    writer.finish(about).unwrap().unwrap()
}

/// S-24.42
#[test]
fn blocks_of_prometheus_are_written_again_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("blocks");
    let ran = Command::new(program("tsdb-blocks"))
        .arg(&made)
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let mut same = 0;
    for entry in fs::read_dir(&made).unwrap() {
        let theirs = entry.unwrap().path();
        let name = theirs.file_name().unwrap().to_str().unwrap().to_owned();
        // Thanos' aggregates are nothing that is written here, and segments are cut where theirs are with the size that is theirs.
        if name.contains("five-minutes")
            || name.contains("one-hour")
            || name.contains("downsampled")
            || name == "segments"
        {
            continue;
        }
        let ours = folder.path().join("ours").join(&name);
        let series = read_all(&theirs);
        let meta = Memory::read(&theirs);
        let written = write(&ours, &series, &about(meta.max_time));
        for file in &written.files {
            let (theirs, ours) = (
                fs::read(theirs.join(&file.path)).unwrap(),
                fs::read(ours.join(&file.path)).unwrap(),
            );
            if theirs != ours {
                let at = theirs
                    .iter()
                    .zip(&ours)
                    .position(|(one, other)| one != other);
                println!(
                    "{name} {}: {} and {} bytes differ at {at:?}",
                    file.path,
                    theirs.len(),
                    ours.len()
                );
            }
        }
        same += 1;
    }
    assert!(same > 30, "{same}");
}
