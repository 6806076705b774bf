//! Which windows a server was sent: a file in the staging folder, for the server does not tell.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

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
        let name: String = digest
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let path = task
            .staging_dir
            .join(format!("thanos-bucket-written-{name}.json"));
        let windows = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|err| wrong(&path, err))?,
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

    /// Notes one more.
    pub(super) fn note(&mut self, window: Range) -> Result<()> {
        let Range { start_ms, end_ms } = window;
        match self.windows.last_mut() {
            Some(last) if last.end_ms == start_ms => last.end_ms = end_ms,
            _ => self.windows.push(Window { start_ms, end_ms }),
        }
        let draft = self.path.with_extension("unfinished");
        let text = serde_json::to_vec(&self.windows).unwrap_or_default();
        let written = fs::write(&draft, text).and_then(|()| fs::rename(&draft, &self.path));
        written.map_err(|err| {
            let attempt = format!("write {:?}", self.path.to_string_lossy());
            Error::new(Kind::Other, attempt).because(err)
        })
    }
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
            "{place:?} {} {:?}",
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
