//! Figures in a file, for node_exporter's textfile collector: it finds the file before or after a run, and never a part of it.
//!
//! Each run is a process of its own, whose counters begin at nothing: what the file says of earlier runs is added, as if one process had done it all.

use std::collections::HashMap;
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::text::of_rules;
use crate::board::Known;
use crate::draft::Draft;
use crate::error::{Error, Kind, Result};
use crate::small_file;

/// A file that was asked for.
#[derive(Debug, Clone)]
pub struct Textfile(PathBuf);

/// Why node_exporter will not read a file of that name; `None` where it will.
#[must_use]
pub fn warning(path: &Path) -> Option<&'static str> {
    let is_read = path
        .extension()
        .is_some_and(|extension| extension == "prom");
    (!is_read).then_some("node_exporter reads no file whose name does not end in .prom")
}

impl Textfile {
    /// At that path, in a folder that is there.
    ///
    /// Errors, of kind [`Kind::Usage`]: there is no such folder, or something else than a file lies there.
    pub fn at(path: PathBuf) -> Result<Self> {
        let shown = path.to_string_lossy().into_owned();
        let folder = path.parent().filter(|above| !above.as_os_str().is_empty());
        if !folder.unwrap_or(Path::new(".")).is_dir() {
            return Err(Error::usage(format!(
                "{shown:?}: expected a path in a folder that is there"
            )));
        }
        let there = fs::symlink_metadata(&path);
        if path.file_name().is_none() || there.is_ok_and(|about| !about.is_file()) {
            return Err(Error::usage(format!(
                "{shown:?}: expected the path of a file, for another one takes its place after each run"
            )));
        }
        Ok(Self(path))
    }

    /// What the rule of a run by hand or by cron is called: as the file is, so that those of several files can be told apart.
    #[must_use]
    pub fn rule(&self) -> String {
        let stem = self.0.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }

    /// Writes what is known of a run that does this operation, whole or not at all.
    ///
    /// Errors: it cannot be written. What lay there is there still.
    pub fn write(&self, known: &Known, operation: &'static str) -> Result<()> {
        let before = small_file::read(&self.0).unwrap_or_default();
        let before = String::from_utf8_lossy(&before);
        let text = with_what_was_seen(with_earlier(&of_rules(known, operation)?, &before), &before);
        put(&self.0, text.as_bytes()).map_err(|err| {
            let attempt = format!("write the textfile {:?}", self.0.to_string_lossy());
            Error::new(Kind::Other, attempt).because(err)
        })
    }
}

fn put(path: &Path, content: &[u8]) -> io::Result<()> {
    let draft = Draft::beside(path)?;
    let mut file = File::create_new(draft.path())?;
    file.write_all(content)?;
    // node_exporter is somebody else, whatever the umask.
    file.set_permissions(Permissions::from_mode(0o644))?;
    file.sync_all()?;
    draft.replaces_file(path)
}

/// The text, in which what counters said before is added.
fn with_earlier(text: &str, before: &str) -> String {
    let samples = before.lines().filter(|line| !line.starts_with('#'));
    let samples = samples.filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        let value: f64 = value.parse().ok()?;
        (value.is_finite() && value >= 0.0).then_some((series, value))
    });
    let earlier: HashMap<&str, f64> = samples.collect();
    let mut is_counter = false;
    let mut added = String::with_capacity(text.len());
    for line in text.lines() {
        if line.starts_with("# TYPE ") {
            is_counter = line.ends_with(" counter");
        }
        let sum = line.rsplit_once(' ').and_then(|(series, value)| {
            let earlier = earlier.get(series).filter(|_| is_counter)?;
            Some(format!("{series} {}", value.parse::<f64>().ok()? + earlier))
        });
        added.push_str(sum.as_deref().unwrap_or(line));
        added.push('\n');
    }
    added
}

/// Families that stay as they were where a run has nothing to say of any of them: it had no success, or saw no plan.
const KEPT: [&[&str]; 2] = [
    &["thanos_bucket_last_run_success_timestamp_seconds"],
    &[
        "thanos_bucket_pending_blocks",
        "thanos_bucket_pending_bytes",
        "thanos_bucket_oldest_pending_timestamp_seconds",
        "thanos_bucket_needs_attention",
    ],
];

/// The text, behind which stands what an earlier run saw and this one did not.
fn with_what_was_seen(mut text: String, before: &str) -> String {
    // Each run has ended, and says so of its rule.
    let ended = text
        .lines()
        .find_map(|line| line.strip_prefix("thanos_bucket_last_run_exit_code{"));
    let Some((rule, _)) = ended.and_then(|line| line.rsplit_once('}')) else {
        return text;
    };
    let rule = rule.to_owned();
    for families in KEPT {
        let name = |line: &str| {
            let line = line.strip_prefix("# HELP ").unwrap_or(line);
            let line = line.strip_prefix("# TYPE ").unwrap_or(line);
            let name = line.split(['{', ' ']).next().unwrap_or_default();
            families.contains(&name)
        };
        if text.lines().any(name) {
            continue;
        }
        let is_sound = |line: &str| {
            line.starts_with("# ")
                || line.rsplit_once(' ').is_some_and(|(series, value)| {
                    series.contains(&rule) && value.parse::<f64>().is_ok()
                })
        };
        let kept = before.lines().filter(|line| name(line) && is_sound(line));
        let kept: String = kept.flat_map(|line| [line, "\n"]).collect();
        text.push_str(&kept);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "\
# HELP thanos_bucket_runs_total Runs.
# TYPE thanos_bucket_runs_total counter
thanos_bucket_runs_total{rule=\"a\",exit_code=\"0\"} 4
thanos_bucket_runs_total{rule=\"a\",exit_code=\"1\"} NaN
# TYPE thanos_bucket_last_run_exit_code gauge
thanos_bucket_last_run_exit_code{rule=\"a\"} 0
# TYPE thanos_bucket_last_run_success_timestamp_seconds gauge
thanos_bucket_last_run_success_timestamp_seconds{rule=\"a\"} 100
# TYPE thanos_bucket_pending_blocks gauge
thanos_bucket_pending_blocks{rule=\"a\"} 7
thanos_bucket_pending_blocks{rule=\"b\"} 8
nonsense
";

    /// S-23.50
    #[test]
    fn counters_go_on_and_what_was_seen_stays_where_nothing_was() {
        let now = "\
# TYPE thanos_bucket_runs_total counter
thanos_bucket_runs_total{rule=\"a\",exit_code=\"0\"} 0
thanos_bucket_runs_total{rule=\"a\",exit_code=\"1\"} 1
# TYPE thanos_bucket_last_run_exit_code gauge
thanos_bucket_last_run_exit_code{rule=\"a\"} 1
";
        let expected = "\
# TYPE thanos_bucket_runs_total counter
thanos_bucket_runs_total{rule=\"a\",exit_code=\"0\"} 4
thanos_bucket_runs_total{rule=\"a\",exit_code=\"1\"} 1
# TYPE thanos_bucket_last_run_exit_code gauge
thanos_bucket_last_run_exit_code{rule=\"a\"} 1
# TYPE thanos_bucket_last_run_success_timestamp_seconds gauge
thanos_bucket_last_run_success_timestamp_seconds{rule=\"a\"} 100
# TYPE thanos_bucket_pending_blocks gauge
thanos_bucket_pending_blocks{rule=\"a\"} 7
";
        let text = with_what_was_seen(with_earlier(now, BEFORE), BEFORE);
        assert_eq!(text, expected);
        // A run that has seen a plan says all there is.
        let seen = format!(
            "{now}# TYPE thanos_bucket_pending_blocks gauge\nthanos_bucket_pending_blocks{{rule=\"a\"}} 0\n"
        );
        let text = with_what_was_seen(seen, BEFORE);
        assert!(!text.contains("} 7"), "{text}");
        // What is no file of ours adds nothing.
        assert_eq!(
            with_what_was_seen(with_earlier(now, "<html>"), "<html>"),
            now
        );
    }
}
