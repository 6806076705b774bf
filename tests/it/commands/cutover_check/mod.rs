//! `cutover-check`: what two queriers answer is compared, and whatever differs or was not looked at stands against a yes.

mod access;
mod answers;
mod buckets;
mod differences;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::querier::{Querier, numbers};
use crate::support::run::{Ran, binary};

/// The range of most tests, in seconds: ten hours.
const START: i64 = 1_748_736_000;

const HOUR_MS: i64 = 3_600_000;

/// Both queriers and a file of queries.
struct Two {
    source: Querier,
    target: Querier,
    folder: TempDir,
}

impl Two {
    fn new(source: Querier, target: Querier) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            source,
            target,
            folder,
        }
        .asking("- up\n")
    }

    fn asking(self, queries: &str) -> Self {
        fs::write(self.path("queries.yaml"), queries).unwrap();
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn flag(&self, flag: &str, name: &str) -> String {
        format!("--{flag}={}", self.path(name).display())
    }

    /// Without buckets, over ten hours.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare(&[
            "--min-time=2025-06-01T00:00:00Z",
            "--max-time=2025-06-01T10:00:00Z",
        ]);
        command.args(arguments);
        command
    }

    fn bare(&self, arguments: &[&str]) -> Command {
        let mut command = binary();
        command
            .arg("cutover-check")
            .arg(format!("--query.source={}", self.source.url()))
            .arg(format!("--query.target={}", self.target.url()))
            .arg(self.flag("queries", "queries.yaml"))
            .args(["--retry.initial-backoff=1ms", "--retry.max-backoff=2ms"])
            // What is counted beside the queries has tests of its own.
            .arg("--no-parity")
            .args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(&[&[ALONE, "--output=json"], arguments].concat()))
    }
}

const ALONE: &str = "--waive=buckets-not-compared";

fn up(samples: &[(i64, &str)]) -> Value {
    let samples: Vec<(i64, &str)> = samples
        .iter()
        .map(|(minute, value)| (START + minute * 60, *value))
        .collect();
    numbers(&json!({"__name__": "up", "job": "a"}), &samples)
}

fn querier(series: &[Value]) -> Querier {
    Querier::start().series("up", series)
}

/// Kind, weight, side and count of each finding.
fn findings(ran: &Ran) -> Vec<String> {
    let document = ran.json();
    let found = document["findings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or("both").to_owned();
    found
        .filter(|one| one["waived"] == false && one["kind"] != "parity-skipped")
        .map(|one| {
            format!(
                "{} {} {} {}",
                text(&one["kind"]),
                text(&one["weight"]),
                text(&one["side"]),
                one["count"]
            )
        })
        .collect()
}
