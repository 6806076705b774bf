//! Plans of every kind of source.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::example;
use crate::support::folders::tree;
use crate::support::run::{Ran, binary, repository};

/// What `backfill` says of an example.
fn backfill(plan: &str, bucket: &Path, arguments: &[&str]) -> Ran {
    let config = format!(
        "type: FILESYSTEM\nconfig: {{directory: '{}'}}",
        bucket.join("bucket").display()
    );
    let mut command = binary();
    command
        .args(["backfill", "--output=json"])
        .arg(format!(
            "--config={}",
            repository("examples/backfill").join(plan).display()
        ))
        .arg(format!("--objstore.config={config}"))
        .arg(format!(
            "--staging-dir={}",
            bucket.join("staging").display()
        ))
        .args(["--start=2024-01-01", "--end=2024-01-02"])
        .args(arguments);
    Ran::of(command)
}

/// S-24.1, S-24.3, S-24.7
#[test]
fn each_plan_is_carried_out_as_far_as_its_source_is_there() {
    let files = fs::read_dir(repository("examples/backfill")).unwrap();
    let plans: BTreeSet<String> = files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "json"))
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .filter(|name| !name.ends_with("-capture.json"))
        .filter(|name| name != "plan.schema.json")
        .collect();
    let mut done = BTreeSet::new();
    for (plan, samples) in [
        ("graphite.json", 2),
        ("influx.json", 3),
        ("openmetrics.json", 5),
        ("otlp.json", 1),
        ("statsd.json", 4),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let artifacts = folder.path().join("report");
        let asked = format!("--artifact-dir={}", artifacts.display());
        let document = backfill(plan, folder.path(), &[&asked]).expect(0).json();
        assert_eq!(document["totals"]["samples"], samples, "{plan}: {document}");
        let kept = fs::read(artifacts.join("report.json")).unwrap();
        let kept: Value = serde_json::from_slice(&kept).unwrap();
        assert_eq!(kept["totals"], document["totals"]);
        let page = fs::read_to_string(artifacts.join("report.md")).unwrap();
        assert!(page.contains("# Backfill of "), "{page}");
        assert!(!tree(&folder.path().join("bucket")).is_empty());
        done.insert(plan.to_owned());
    }
    for plan in ["prometheus.json", "victoriametrics.json"] {
        let folder = tempfile::tempdir().unwrap();
        let document = backfill(plan, folder.path(), &["--dry-run"])
            .expect(0)
            .json();
        assert_eq!(document["totals"]["windows"]["planned"], 12, "{document}");
        assert_eq!(tree(folder.path()).len(), 0);
        done.insert(plan.to_owned());
    }
    let folder = tempfile::tempdir().unwrap();
    let ran = backfill("remote-write.json", folder.path(), &[]).expect(2);
    assert!(
        ran.stderr
            .contains("target.write_url: a bucket is given, too"),
        "{}",
        ran.stderr
    );
    done.insert("remote-write.json".to_owned());
    assert_eq!(done, plans);
    let schema: Value = serde_json::from_str(&example("backfill/plan.schema.json")).unwrap();
    assert_eq!(schema["type"], "object");
}

/// S-24.2
#[test]
fn a_range_that_is_none_or_not_over_is_refused() {
    for (start, end, told) in [
        ("2024-01-02", "2024-01-02", "--end is no later than --start"),
        ("2024-01-01", "2224-01-01", "--end: it lies in the future"),
        ("soon", "2024-01-01", "--start \"soon\": expected a time"),
    ] {
        let mut command = binary();
        command
            .arg("backfill")
            .arg(format!(
                "--config={}",
                repository("examples/backfill/openmetrics.json").display()
            ))
            .arg("--objstore.config=type: FILESYSTEM\nconfig: {directory: /nowhere}")
            .arg(format!("--start={start}"))
            .arg(format!("--end={end}"));
        let ran = Ran::of(command).expect(2);
        assert!(ran.stderr.contains(told), "{told}: {}", ran.stderr);
    }
}
