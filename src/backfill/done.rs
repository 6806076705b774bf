//! Which windows a server was sent: a file in the staging folder, for the server does not tell.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

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
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Window {
    start_ms: i64,
    end_ms: i64,
}

impl Done {
    /// What the file of this plan and this server tells; nothing where there is none. What else may be read or written to, or as whom, has another.
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
        let windows = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|err| {
                warn!(file = %path.display(), err = %err, "which windows were sent is not known: all are sent");
                Vec::new()
            }),
            Err(err) if err.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(err) => return Err(wrong(&path, err)),
        };
        Ok(Self { path, windows })
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
        let draft = self
            .path
            .with_extension(format!("{}.unfinished", std::process::id()));
        let text = serde_json::to_vec(&self.windows).unwrap_or_default();
        let written = whole(&draft, &text).and_then(|()| fs::rename(&draft, &self.path));
        written.map_err(|err| {
            let attempt = format!("write {:?}", self.path.to_string_lossy());
            Error::new(Kind::Other, attempt).because(err)
        })
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
}
