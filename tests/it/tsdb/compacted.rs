//! What real Prometheus and Thanos make of blocks that are written here.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use thanos_bucket::samples::{
    Buckets, Chunk, Histogram, Labels, ResetHint, STALE, Sample, Span, Value,
};
use thanos_bucket::tsdb::encode;

use super::block::Memory;
use super::written::{START, TWO_HOURS, about, labels, read_all, write};
use crate::support::folders::copy_tree;
use crate::support::servers::{free_port, program};

/// Series of all kinds, a sample each half minute of two hours.
fn series(from: i64) -> Vec<(Labels, Vec<Chunk>)> {
    let kinds = ["floats", "histograms", "of_floats"];
    let all = kinds.iter().flat_map(|kind| {
        (0..5_u32).map(move |number| {
            let labels = labels(&[("__name__", kind), ("number", &number.to_string())]);
            let samples = (0..240_u32).map(|step| Sample {
                time_ms: from + i64::from(step) * 30_000,
                value: match *kind {
                    "floats" if step % 100 == 99 => Value::Float(f64::from_bits(STALE)),
                    "floats" => Value::Float(f64::from(step * number) / 3.0),
                    kind => histogram(kind, step + number),
                },
            });
            let chunks = encode::chunks(samples).map(Result::unwrap);
            (labels, chunks.collect())
        })
    });
    all.collect()
}

/// One whose buckets come one by one, and that is reset.
fn histogram(kind: &str, step: u32) -> Value {
    let many = step % 90 / 10 + 1;
    let count = u64::from(step % 90);
    let spans = vec![Span {
        offset: -2,
        length: many,
    }];
    let mut positive = vec![0; many as usize];
    positive[0] = i64::try_from(count).unwrap();
    if many > 1 {
        positive[1] = -positive[0];
    }
    let buckets = if kind == "histograms" {
        Buckets::Integers {
            count,
            zero_count: 0,
            positive,
            negative: Vec::new(),
        }
    } else {
        let first = f64::from(step % 90);
        let others = std::iter::repeat_n(0.0, positive.len() - 1);
        Buckets::Floats {
            count: first,
            zero_count: 0.0,
            positive: std::iter::once(first).chain(others).collect(),
            negative: Vec::new(),
        }
    };
    Value::Histogram(Box::new(Histogram {
        reset_hint: ResetHint::Unknown,
        schema: 2,
        zero_threshold: 1e-128,
        sum: f64::from(step),
        positive_spans: spans,
        negative_spans: Vec::new(),
        custom_values: Vec::new(),
        buckets,
    }))
}

fn succeed(ran: &Output) -> String {
    let said = String::from_utf8_lossy(&ran.stderr) + String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}");
    said.into_owned()
}

/// A bucket in a folder with blocks of two hours each.
fn bucket(folder: &Path, blocks: i64) -> Vec<String> {
    let ids = (0..blocks).map(|number| {
        let from = START + number * TWO_HOURS;
        let staged = folder.join("staged");
        let written = write(&staged, &series(from), &about(from + TWO_HOURS));
        let id = written.id.to_string();
        fs::create_dir_all(folder.join("bucket")).unwrap();
        fs::rename(&staged, folder.join("bucket").join(&id)).unwrap();
        id
    });
    ids.collect()
}

/// S-24.47
#[test]
fn promtool_and_the_checks_here_find_nothing_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let id = bucket(folder.path(), 1).remove(0);
    let block = folder.path().join("bucket").join(&id);
    let (counts, findings) = Memory::read(&block).check();
    let found: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{found:#?}");
    assert_eq!(Memory::read(&block).stats.samples, Some(counts.samples));
    let database = folder.path().join("database");
    copy_tree(&block, &database.join(&id));
    fs::create_dir(database.join("wal")).unwrap();
    let promtool = |arguments: &[&str]| {
        let ran = Command::new(program("promtool"))
            .arg("tsdb")
            .args(arguments)
            .arg(&database)
            .output()
            .unwrap();
        succeed(&ran)
    };
    let listed = promtool(&["list"]);
    assert!(listed.contains(&id), "{listed}");
    let analyzed = promtool(&["analyze", "--extended"]);
    for expected in [
        &format!("Block ID: {id}"),
        "Total Series: 15",
        "Label names: 2",
        "Postings (unique label pairs): 8",
        "Postings entries (total label pairs): 30",
    ] {
        assert!(analyzed.contains(expected), "{analyzed}");
    }
    let sandbox = format!("--sandbox-dir-root={}", folder.path().display());
    let dumped = promtool(&["dump", &sandbox]);
    // It tries one kind after the other, and each try takes a sample: of each series of histograms it passes over the first, or the first two.
    assert_eq!(dumped.lines().count(), 15 * 240 - (5 + 2 * 5));
}

/// S-24.47
#[test]
fn thanos_verifies_and_compacts_them_without_a_loss() {
    let folder = tempfile::tempdir().unwrap();
    let ids = bucket(folder.path(), 6);
    let bucket = folder.path().join("bucket");
    let config = format!(
        "type: FILESYSTEM\nconfig:\n  directory: {}\n",
        bucket.display()
    );
    let thanos = |arguments: &[&str]| {
        let ran = Command::new(program("thanos"))
            .args(arguments)
            .args(["--objstore.config", &config])
            .output()
            .unwrap();
        succeed(&ran)
    };
    let verified = thanos(&["tools", "bucket", "verify"]);
    assert!(
        !verified.contains("level=warn") && !verified.contains("detected"),
        "{verified}"
    );
    let inspected = thanos(&["tools", "bucket", "inspect"]);
    assert!(
        ids.iter().all(|id| inspected.contains(id.as_str())),
        "{inspected}"
    );
    assert_eq!(inspected.matches("backfill").count(), 6, "{inspected}");

    let data = format!("--data-dir={}", folder.path().join("data").display());
    let address = format!("--http-address=127.0.0.1:{}", free_port());
    let compacted = thanos(&[
        "compact",
        "--consistency-delay=0s",
        "--delete-delay=0s",
        // It ends where it cannot go on, and does not wait for somebody to look.
        "--no-debug.halt-on-error",
        &data,
        &address,
    ]);
    assert!(!compacted.contains("level=error"), "{compacted}");
    let entries = fs::read_dir(&bucket).unwrap();
    let left = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let new: Vec<_> = left
        .filter(|name| name.len() == 26 && !ids.contains(name))
        .collect();
    let [new] = &new[..] else {
        panic!("{new:?} {compacted}");
    };
    let mut expected = series(START);
    for number in 1..4 {
        for ((_, all), (_, next)) in expected.iter_mut().zip(series(START + number * TWO_HOURS)) {
            all.extend(next);
        }
    }
    assert!(read_all(&bucket.join(new)) == expected);
}
