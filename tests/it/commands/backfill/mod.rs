//! `backfill`, as far as it needs no server but a bucket's: payloads become blocks, and what comes in between is told.

mod gaps;
mod labels;
mod looks;
mod report;
mod stopping;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::folders::tree;
use crate::support::run::binary;
use crate::support::world::Tree;

/// 2025-01-06T00:00:00Z
const START_S: i64 = 1_736_121_600;
const WINDOW_S: i64 = 7200;

/// A folder with a plan, of text that is its source, and with a bucket.
struct Place {
    folder: TempDir,
}

impl Place {
    /// Of that text, with external labels `cluster="eu-1"`.
    fn of(text: &str) -> Self {
        Self::with(text, &json!({}))
    }

    /// The same, with more members of the plan.
    fn with(text: &str, more: &Value) -> Self {
        let place = Self::of_source(
            &json!({"kind": "openmetrics", "paths": ["metrics.om"]}),
            more,
        );
        fs::write(place.path("metrics.om"), text).unwrap();
        place
    }

    fn of_source(source: &Value, more: &Value) -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let mut plan =
            json!({"source": source, "target": {"external_labels": {"cluster": "eu-1"}}});
        for (name, value) in more.as_object().unwrap() {
            plan[name] = value.clone();
        }
        fs::write(place.path("plan.json"), plan.to_string()).unwrap();
        let config = format!(
            "type: FILESYSTEM\nconfig: {{directory: '{}'}}",
            place.path("bucket").display()
        );
        fs::write(place.path("bucket.yaml"), config).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn bucket(&self) -> Tree {
        tree(&self.path("bucket"))
    }

    /// Into that bucket, of so many windows.
    fn backfill_into(&self, config: &Path, windows: i64, arguments: &[&str]) -> Command {
        let mut command = binary();
        command
            .args(["backfill", "--retry.initial-backoff=10ms"])
            .arg(format!("--config={}", self.path("plan.json").display()))
            .arg(format!("--objstore.config-file={}", config.display()))
            .arg(format!("--staging-dir={}", self.path("staging").display()))
            .arg("--start=2025-01-06")
            .arg(format!("--end={}", time(START_S + windows * WINDOW_S)))
            .args(arguments);
        command
    }

    fn backfill(&self, windows: i64, arguments: &[&str]) -> Command {
        self.backfill_into(&self.path("bucket.yaml"), windows, arguments)
    }
}

fn time(seconds: i64) -> String {
    let time = chrono::DateTime::from_timestamp(seconds, 0).unwrap();
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A sample of that value in each of so many windows, an hour after its beginning.
fn text(windows: i64, value: u32) -> String {
    let mut text = String::from("# TYPE a gauge\n");
    for window in 0..windows {
        let at = START_S + window * WINDOW_S + 3600;
        writeln!(text, "a {value} {at}").unwrap();
    }
    text + "# EOF\n"
}

/// How each window ended.
fn endings(document: &Value) -> Vec<&str> {
    let windows = document["windows"].as_array().unwrap();
    let endings = windows
        .iter()
        .map(|window| window["ending"].as_str().unwrap());
    endings.collect()
}
