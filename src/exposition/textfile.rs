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

    /// Writes what is known, whole or not at all.
    ///
    /// Errors: it cannot be written. What lay there is there still.
    pub fn write(&self, known: &Known) -> Result<()> {
        let before = small_file::read(&self.0).unwrap_or_default();
        let text = with_earlier(&of_rules(known)?, &String::from_utf8_lossy(&before));
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
