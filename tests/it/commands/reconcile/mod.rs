//! `verify --config` and `cutover-check --config`: real Prometheus as the source, and blocks of its own writer as the target.

mod backfilled;
mod beside;
mod damaged;
mod exported;
mod refused;
mod seeded;
mod served;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::prometheus::Prometheus;
use crate::support::run::{Ran, binary};
use crate::support::seeded::{DAY_MS, START_MS, histograms as seeded_histograms, minutes, ones};
use crate::support::told::{self, Series};

fn histograms(day: i64, more: i64) -> Series {
    seeded_histograms("h", day, more)
}

/// A source that real Prometheus serves, a bucket that is a folder, and a plan for both.
struct World {
    folder: TempDir,
    prometheus: Prometheus,
}

impl World {
    /// The source and the bucket with a block for each of these.
    fn of(hot: Vec<Vec<Series>>, cold: Vec<Vec<Series>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hot = hot.into_iter().map(|series| ("hot", series));
        let cold = cold.into_iter().map(|series| ("cold", series));
        let blocks: Vec<_> = hot.chain(cold).collect();
        told::make(folder.path(), &blocks);
        let cold = folder.path().join("cold");
        fs::create_dir_all(&cold).unwrap();
        let config = format!(
            "type: FILESYSTEM\nconfig:\n  directory: '{}'\n",
            cold.display()
        );
        fs::write(folder.path().join("cold.yaml"), config).unwrap();
        let prometheus = Prometheus::start(&folder.path().join("hot"));
        Self { folder, prometheus }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The blocks of the bucket, by time.
    fn blocks(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path("cold")).unwrap();
        let mut blocks: Vec<(i64, PathBuf)> = entries
            .map(|entry| {
                let path = entry.unwrap().path();
                let meta = meta(&path);
                (meta["minTime"].as_i64().unwrap(), path)
            })
            .collect();
        blocks.sort();
        blocks.into_iter().map(|(_, path)| path).collect()
    }

    /// A plan, with changes, of which each member takes the place of the usual one.
    fn plan(&self, changes: &Value) -> Value {
        let mut plan = json!({
            "source": {
                "kind": "prometheus",
                "remote_read_url": format!("{}/api/v1/read", self.prometheus.url()),
                "query_range_url": format!("{}/api/v1/query_range", self.prometheus.url()),
            },
            "target": {
                "objstore_config_path": "cold.yaml",
                "external_labels": {"cluster": "eu-1"},
            },
            "selectors": ["subject", "{__name__=\"steady\"}"],
        });
        merge(&mut plan, changes);
        plan
    }

    /// What a subcommand finds out about some days.
    fn ran(&self, subcommand: &str, days: std::ops::Range<i64>, plan: &Value) -> Ran {
        self.ran_with(subcommand, days, plan, &[])
    }

    fn ran_with(
        &self,
        subcommand: &str,
        days: std::ops::Range<i64>,
        plan: &Value,
        arguments: &[&str],
    ) -> Ran {
        let ran = Ran::of(self.command(subcommand, days, plan, arguments));
        self.expect_nothing_left();
        ran
    }

    fn command(
        &self,
        subcommand: &str,
        days: std::ops::Range<i64>,
        plan: &Value,
        arguments: &[&str],
    ) -> Command {
        let path = self.path("plan.json");
        fs::write(&path, plan.to_string()).unwrap();
        let time = |day: i64| (START_MS + day * DAY_MS).to_string();
        let mut command = binary();
        command
            .args([subcommand, "--output=json"])
            .args([
                "--retry.initial-backoff=1ms",
                "--retry.max-backoff=10ms",
                "--max-retries=1",
            ])
            .arg(format!("--config={}", path.display()))
            .arg(format!("--start={}", time(days.start)))
            .arg(format!("--end={}", time(days.end)))
            .arg(format!("--staging-dir={}", self.folder.path().display()))
            .args(arguments);
        command
    }

    /// No file or folder of a comparison lies there any more.
    fn expect_nothing_left(&self) {
        for entry in fs::read_dir(self.folder.path()).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(!name.contains("comparison"), "{name} is left behind");
        }
    }
}

fn merge(into: &mut Value, changes: &Value) {
    let (Some(into), Some(changes)) = (into.as_object_mut(), changes.as_object()) else {
        *into = changes.clone();
        return;
    };
    for (name, change) in changes {
        if change.is_null() {
            into.remove(name);
        } else {
            merge(into.entry(name).or_insert(Value::Null), change);
        }
    }
}

fn meta(block: &Path) -> Value {
    serde_json::from_slice(&fs::read(block.join("meta.json")).unwrap()).unwrap()
}

fn change_meta(block: &Path, change: impl FnOnce(&mut Value)) {
    let mut changed = meta(block);
    change(&mut changed);
    fs::write(block.join("meta.json"), changed.to_string()).unwrap();
}

/// What stands against a yes, by place and kind, in order; and all that is shown of it.
fn found(document: &Value) -> (Vec<String>, String) {
    let (mut found, mut shown) = (Vec::new(), String::new());
    for finding in document["findings"].as_array().unwrap() {
        let kind = finding["kind"].as_str().unwrap();
        if finding["weight"] == "note" {
            continue;
        }
        let place = finding["place"].as_str().unwrap_or_default();
        let count = &finding["count"];
        found.push(format!("{place} {kind} {count}").trim_start().to_owned());
        for example in finding["examples"].as_array().unwrap() {
            for member in ["series", "time", "source", "target", "text"] {
                match &example[member] {
                    Value::Null => {}
                    Value::String(text) => shown += text,
                    value => shown += &value.to_string(),
                }
                shown.push('\n');
            }
        }
    }
    found.sort();
    (found, shown)
}

/// The kinds of what is only good to know.
fn notes(document: &Value) -> Vec<&str> {
    let findings = document["findings"].as_array().unwrap().iter();
    let notes = findings.filter(|finding| finding["weight"] == "note");
    notes.map(|note| note["kind"].as_str().unwrap()).collect()
}
