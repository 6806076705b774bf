//! Which windows a server was sent: a file in the staging folder, for the server does not tell.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tracing::warn;

use super::task::Task;
use crate::error::{Error, Kind, Result};
use crate::history::{Origin, Plan, Range};
use crate::promql::Access;

/// The windows that a server was sent.
#[derive(Debug, Clone)]
pub(super) struct Done {
    path: PathBuf,
    windows: Vec<Window>,
    /// Held locked as long as somebody sends; a dry run needs none.
    _lock: Option<Arc<fs::File>>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Window {
    start_ms: i64,
    end_ms: i64,
}

impl Done {
    /// What the file of this plan and this server tells; nothing where there is none. What else may be read or written to, or as whom, has another.
    ///
    /// Errors: another run is sending the same; the file cannot be read.
    pub(super) fn open(task: &Task, server: &Access) -> Result<Self> {
        let mut digest = Sha256::new();
        digest.update(task.plan.fingerprint.0);
        digest.update(server.identity());
        digest.update(task.plan.target.external_labels.packed());
        for told in files(&task.plan)? {
            digest.update((told.len() as u64).to_be_bytes());
            digest.update(told);
        }
        let digest = digest.finalize();
        let name = digest.first_chunk().copied().unwrap_or_default();
        let name = u64::from_be_bytes(name);
        let path = task
            .staging_dir
            .join(format!("thanos-bucket-written-{name}.json"));
        Self::at(path, !task.is_dry)
    }

    fn at(path: PathBuf, is_to_be_locked: bool) -> Result<Self> {
        let lock = is_to_be_locked.then(|| locked(&path)).transpose()?;
        let windows = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|err| {
                warn!(file = %path.display(), err = %err, "which windows were sent is not known: all are sent");
                Vec::new()
            }),
            Err(err) if err.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(err) => return Err(wrong(&path, err)),
        };
        Ok(Self {
            path,
            windows,
            _lock: lock.map(Arc::new),
        })
    }

    /// Whether it was sent all of that window.
    pub(super) fn has(&self, window: Range) -> bool {
        self.windows
            .iter()
            .any(|done| done.start_ms <= window.start_ms && window.end_ms <= done.end_ms)
    }

    /// How it is known that a window was sent.
    pub(super) fn says(&self) -> String {
        let path = self.path.to_string_lossy();
        format!("{path:?} says that it was sent: without that file it is sent again")
    }

    /// The window, cut where what was sent begins and ends.
    pub(super) fn cut(&self, window: Range) -> Vec<Range> {
        let mut cut = Vec::new();
        let mut next_ms = window.start_ms;
        let mut part = |start_ms: i64, end_ms: i64| {
            if start_ms < end_ms {
                cut.push(Range { start_ms, end_ms });
            }
        };
        for done in &self.windows {
            let start_ms = done.start_ms.clamp(next_ms, window.end_ms);
            let end_ms = done.end_ms.clamp(start_ms, window.end_ms);
            part(next_ms, start_ms);
            part(start_ms, end_ms);
            next_ms = end_ms;
        }
        part(next_ms, window.end_ms);
        cut
    }

    /// Notes one more.
    pub(super) fn note(&mut self, window: Range) -> Result<()> {
        let Range { start_ms, end_ms } = window;
        self.windows.push(Window { start_ms, end_ms });
        self.windows.sort_by_key(|window| window.start_ms);
        let mut union: Vec<Window> = Vec::new();
        for window in self.windows.drain(..) {
            match union.last_mut() {
                Some(last) if window.start_ms <= last.end_ms => {
                    last.end_ms = last.end_ms.max(window.end_ms);
                }
                _ => union.push(window),
            }
        }
        self.windows = union;
        let draft = self.path.with_extension("unfinished");
        let text = serde_json::to_vec(&self.windows).unwrap_or_default();
        let written = whole(&draft, &text).and_then(|()| fs::rename(&draft, &self.path));
        written.map_err(|err| {
            let attempt = format!("write {:?}", self.path.to_string_lossy());
            Error::new(Kind::Other, attempt).because(err)
        })
    }
}

/// A lock on the file, held until it is dropped; it has a file of its own, for what is locked is never replaced.
fn locked(path: &Path) -> Result<fs::File> {
    let lock = path.with_extension("lock");
    let folder = path.parent().unwrap_or(path);
    let opened = fs::create_dir_all(folder).and_then(|()| fs::File::create(&lock));
    let file = opened.map_err(|err| wrong(&lock, err))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(Errno::WOULDBLOCK) => {
            let attempt = format!("lock {:?}", lock.to_string_lossy());
            let why = "another run is writing the same to that server: wait for its end";
            Err(Error::new(Kind::Other, attempt).because(why))
        }
        Err(err) => Err(wrong(&lock, io::Error::from(err))),
    }
}

/// Writes a file that is on the disk once this returns.
fn whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// What tells files of a source from others, and from what they were: where they lie, how long they are and when they were written.
fn files(plan: &Plan) -> Result<Vec<String>> {
    let paths = match &plan.source.origin {
        Origin::Live(_) => return Ok(Vec::new()),
        Origin::Files { paths, .. } => paths.clone(),
        Origin::Capture { manifest, .. } => {
            let read = fs::File::open(manifest).map_err(|err| wrong(manifest, err))?;
            let listed: Vec<Listed> = serde_json::from_reader(io::BufReader::new(read))
                .map_err(|err| wrong(manifest, err))?;
            let named = listed.into_iter().filter_map(|one| one.path);
            let named = named.map(|path| plan.folder.join(path));
            std::iter::once(manifest.clone()).chain(named).collect()
        }
    };
    let told = paths.iter().map(|path| {
        let about = fs::metadata(path).map_err(|err| wrong(path, err))?;
        let place = path.canonicalize().map_err(|err| wrong(path, err))?;
        Ok(format!(
            "{} {} {:?}",
            place.display(),
            about.len(),
            about.modified().ok()
        ))
    });
    told.collect()
}

/// An entry of a manifest, as far as it names a file.
#[derive(Deserialize)]
struct Listed {
    path: Option<PathBuf>,
}

fn wrong(path: &Path, err: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let attempt = format!("look at {:?}", path.to_string_lossy());
    Error::new(Kind::Other, attempt).because(err)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    /// S-24.8
    #[test]
    fn windows_are_cut_by_what_was_sent() {
        let folder = std::env::temp_dir();
        let range = |start_ms, end_ms| Range { start_ms, end_ms };
        let done = |windows: &[(i64, i64)]| Done {
            path: folder.join("unwritten"),
            windows: windows
                .iter()
                .map(|(start_ms, end_ms)| Window {
                    start_ms: *start_ms,
                    end_ms: *end_ms,
                })
                .collect(),
            _lock: None,
        };
        for (sent, expected) in [
            (&[][..], vec![range(10, 20)]),
            (&[(0, 5)], vec![range(10, 20)]),
            (&[(0, 15)], vec![range(10, 15), range(15, 20)]),
            (&[(0, 30)], vec![range(10, 20)]),
            (
                &[(12, 14), (16, 40)],
                vec![range(10, 12), range(12, 14), range(14, 16), range(16, 20)],
            ),
        ] {
            assert_eq!(done(sent).cut(range(10, 20)), expected, "{sent:?}");
        }
    }

    /// S-24.103
    #[test]
    fn of_two_runs_that_send_the_same_one_is_told_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made").join("written.json");
        let mut one = Done::at(path.clone(), true).unwrap();
        let err = format!("{:#}", Done::at(path.clone(), true).unwrap_err());
        assert!(err.contains("another run is writing the same"), "{err}");
        // Who only looks is not kept from it, and others neither.
        let looks = Done::at(path.clone(), false).unwrap();
        let window = Range {
            start_ms: 0,
            end_ms: 10,
        };
        one.note(window).unwrap();
        drop(one.clone());
        assert!(Done::at(path.clone(), true).is_err());
        drop((one, looks));
        assert!(Done::at(path, true).unwrap().has(window));
    }
}
