//! A folder of one run alone: nobody else reads it, it is gone once the run has ended, and what killed runs left behind goes with the next one.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use tracing::{debug, warn};

use crate::block::RunId;
use crate::error::{Error, Kind, Result};

/// The folder, which is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct RunFolder {
    path: PathBuf,
    /// Held locked as long as somebody works here.
    _lock: File,
}

const LOCK: &str = "lock";

impl RunFolder {
    /// Makes a folder in `within`, whose name begins with `kind`, and removes those of that kind in which nobody works any more.
    pub(crate) fn create(within: &Path, kind: &str, run: &RunId) -> Result<Self> {
        let made = sweep(within, kind).and_then(|()| make(within, kind, run));
        made.map_err(|err| {
            let attempt = format!("make a folder in {:?}", within.to_string_lossy());
            Error::new(Kind::Other, attempt).because(err)
        })
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if let Err(err) = fs::remove_dir_all(&self.path) {
            warn!(folder = %self.path.display(), err = %err, "the staging folder is left behind");
        }
    }
}

fn make(within: &Path, kind: &str, run: &RunId) -> io::Result<RunFolder> {
    fs::create_dir_all(within)?;
    let path = within.join(format!("{kind}{run}"));
    // What lies there may be for nobody else to read.
    DirBuilder::new().mode(0o700).create(&path)?;
    let lock = File::create(path.join(LOCK))?;
    flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
    Ok(RunFolder { path, _lock: lock })
}

fn sweep(within: &Path, kind: &str) -> io::Result<()> {
    let entries = match fs::read_dir(within) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(kind) {
            continue;
        }
        // One that is being made has no lock yet, and is left alone.
        let Ok(lock) = File::open(entry.path().join(LOCK)) else {
            continue;
        };
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            debug!(folder = %entry.path().display(), "the staging folder of a killed run is removed");
            // Another process may be faster.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    /// S-24.67
    #[test]
    fn what_a_killed_run_has_left_goes_with_the_next_one_of_its_kind() {
        let folder = tempfile::tempdir().unwrap();
        let within = folder.path().join("made");
        let create = |kind| RunFolder::create(&within, kind, &RunId::generate()).unwrap();
        let names = || fs::read_dir(&within).unwrap().count();
        let (at_work, other) = (create("a-"), create("b-"));
        // The lock of a process that was killed is gone, and its folder stays.
        let killed = within.join("a-killed");
        fs::create_dir(&killed).unwrap();
        File::create(killed.join(LOCK)).unwrap();
        drop(create("b-"));
        assert!(killed.exists());
        let next = create("a-");
        assert!(!killed.exists() && at_work.path().exists() && other.path().exists());
        assert_eq!(names(), 3);
        drop((at_work, other, next));
        assert_eq!(names(), 0);
    }
}
