//! Which windows a server was sent: a file in the staging folder, for the server does not tell.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tracing::warn;

use super::task::Task;
use crate::error::{Error, Kind, Result};
use crate::history::{Origin, Plan, Range};
use crate::promql::Access;
use crate::samples::Labels;

/// What a server was sent.
#[derive(Debug)]
pub(super) struct Done {
    path: PathBuf,
    file: Noted,
    /// Held locked as long as somebody sends; a dry run needs none.
    _lock: Option<fs::File>,
}

/// The file's content.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Noted {
    /// What was sent wholly, none of it twice, by time.
    sent: Sent,
    /// What was begun and not ended.
    begun: Vec<Begun>,
}

/// Times that a server was sent wholly, by time.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Sent(Vec<Window>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Window {
    start_ms: i64,
    end_ms: i64,
}

/// A time of which some series were sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Begun {
    #[serde(flatten)]
    window: Window,
    /// No series behind this one was.
    up_to: BTreeMap<String, String>,
    /// Whether the server refused any of it.
    refused: bool,
    /// So many samples a request may have had: what goes out together is cut by it.
    max_points: usize,
}

impl Window {
    fn contains(self, other: Self) -> bool {
        self.start_ms <= other.start_ms && other.end_ms <= self.end_ms
    }
}

impl From<Range> for Window {
    fn from(Range { start_ms, end_ms }: Range) -> Self {
        Self { start_ms, end_ms }
    }
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
        let file = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|err| {
                warn!(file = %path.display(), err = %err, "which windows were sent is not known: all are sent");
                Noted::default()
            }),
            Err(err) if err.kind() == io::ErrorKind::NotFound => Noted::default(),
            Err(err) => return Err(wrong(&path, err)),
        };
        Ok(Self {
            path,
            file,
            _lock: lock,
        })
    }

    /// What was sent so far.
    pub(super) fn sent(&self) -> &Sent {
        &self.file.sent
    }

    /// How it is known that a window was sent.
    pub(super) fn says(&self) -> String {
        let path = self.path.to_string_lossy();
        format!("{path:?} says that it was sent: without that file it is sent again")
    }

    /// A time is begun, in requests of at most so many samples. Where a run before was stopped within it, had sent the same of each series at once, and
    /// the server had refused nothing of it until then, the series up to the one that is returned may have been sent.
    pub(super) fn begin(&mut self, window: Range, max_points: usize) -> Option<Labels> {
        let window = Window::from(window);
        let meets = |one: &&Begun| {
            one.window.start_ms < window.end_ms && window.start_ms < one.window.end_ms
        };
        let found: Vec<Begun> = self.file.begun.iter().filter(meets).cloned().collect();
        self.file.begun.retain(|one| !meets(&one));
        // What was begun of another time tells nothing of what it leaves out.
        let (up_to, refused) = match found.as_slice() {
            [] => Default::default(),
            [one] if one.window.contains(window) && one.max_points == max_points => {
                (one.up_to.clone(), one.refused)
            }
            _ => (BTreeMap::new(), true),
        };
        self.file.begun.push(Begun {
            window,
            up_to: up_to.clone(),
            refused,
            max_points,
        });
        let may_have_been_sent = !refused && !up_to.is_empty();
        may_have_been_sent.then(|| up_to.into_iter().collect())
    }

    /// Series up to this one are sent next, of what was begun last.
    ///
    /// Errors: that cannot be noted.
    pub(super) fn sends(&mut self, last: &Labels) -> Result<()> {
        if let Some(begun) = self.file.begun.last_mut() {
            let noted: Labels = begun.up_to.clone().into_iter().collect();
            if noted < *last {
                let labels = last.iter();
                let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
                begun.up_to = labels.collect();
                return self.write();
            }
        }
        Ok(())
    }

    /// The server refused something of what was begun last.
    ///
    /// Errors: that cannot be noted.
    pub(super) fn refused(&mut self) -> Result<()> {
        match self.file.begun.last_mut() {
            Some(begun) if !begun.refused => {
                begun.refused = true;
                self.write()
            }
            _ => Ok(()),
        }
    }

    /// Notes that it was sent all of a time.
    ///
    /// Errors: that cannot be noted.
    pub(super) fn note(&mut self, window: Range) -> Result<()> {
        self.file.sent.add(window.into());
        let sent = &self.file.sent;
        self.file.begun.retain(|one| !sent.has_window(one.window));
        self.write()
    }

    fn write(&self) -> Result<()> {
        let draft = self.path.with_extension("unfinished");
        let text = serde_json::to_vec(&self.file).unwrap_or_default();
        let written = whole(&draft, &text).and_then(|()| fs::rename(&draft, &self.path));
        written.map_err(|err| {
            let attempt = format!("write {:?}", self.path.to_string_lossy());
            Error::new(Kind::Other, attempt).because(err)
        })
    }
}

impl Sent {
    /// Whether all of that window was sent.
    pub(super) fn has(&self, window: Range) -> bool {
        self.has_window(window.into())
    }

    fn has_window(&self, window: Window) -> bool {
        self.0
            .iter()
            .any(|done| done.start_ms <= window.start_ms && window.end_ms <= done.end_ms)
    }

    /// Whether anything of that window was.
    pub(super) fn meets(&self, window: &std::ops::Range<i64>) -> bool {
        self.0
            .iter()
            .any(|done| done.start_ms < window.end && window.start < done.end_ms)
    }

    /// Whether what is of that time was.
    pub(super) fn holds(&self, time_ms: i64) -> bool {
        self.0
            .iter()
            .any(|done| (done.start_ms..done.end_ms).contains(&time_ms))
    }

    /// From the first to the last time of the window that is still to be sent, if that is not all of it.
    pub(super) fn missing(&self, window: Range) -> Range {
        let Range {
            mut start_ms,
            mut end_ms,
        } = window;
        for done in &self.0 {
            if (done.start_ms..done.end_ms).contains(&start_ms) {
                start_ms = done.end_ms.min(end_ms);
            }
        }
        for done in self.0.iter().rev() {
            if done.start_ms < end_ms && end_ms <= done.end_ms {
                end_ms = done.start_ms.max(start_ms);
            }
        }
        Range { start_ms, end_ms }
    }

    fn add(&mut self, window: Window) {
        self.0.push(window);
        self.0.sort_by_key(|window| window.start_ms);
        let mut union: Vec<Window> = Vec::new();
        for window in self.0.drain(..) {
            match union.last_mut() {
                Some(last) if window.start_ms <= last.end_ms => {
                    last.end_ms = last.end_ms.max(window.end_ms);
                }
                _ => union.push(window),
            }
        }
        self.0 = union;
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

/// Writes a file that outlives a loss of power.
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

    fn range(start_ms: i64, end_ms: i64) -> Range {
        Range { start_ms, end_ms }
    }

    /// S-24.8
    #[test]
    fn what_is_still_to_be_sent_of_a_window_is_known() {
        for (sent, missing) in [
            (&[][..], (10, 20)),
            (&[(0, 5)], (10, 20)),
            (&[(0, 15)], (15, 20)),
            (&[(0, 30)], (20, 20)),
            (&[(12, 14), (16, 40)], (10, 16)),
            (&[(0, 12), (13, 14), (19, 20)], (12, 19)),
            (&[(0, 12), (12, 14)], (14, 20)),
        ] {
            let mut all = Sent::default();
            for (start_ms, end_ms) in sent {
                all.add(range(*start_ms, *end_ms).into());
            }
            let (start_ms, end_ms) = missing;
            assert_eq!(
                all.missing(range(10, 20)),
                range(start_ms, end_ms),
                "{sent:?}"
            );
            assert_eq!(all.has(range(10, 20)), start_ms == end_ms, "{sent:?}");
        }
    }

    /// S-24.107
    #[test]
    fn a_run_that_goes_on_knows_what_one_before_it_may_have_sent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("written.json");
        let labels = |name: &str| -> Labels {
            let name = ("__name__".to_owned(), name.to_owned());
            [name].into_iter().collect()
        };
        let mut killed = Done::at(path.clone(), true).unwrap();
        assert_eq!(killed.begin(range(0, 10), 5), None);
        killed.sends(&labels("a")).unwrap();
        killed.note(range(0, 10)).unwrap();
        assert_eq!(killed.begin(range(10, 20), 5), None);
        killed.sends(&labels("b")).unwrap();
        drop(killed);
        let mut next = Done::at(path.clone(), true).unwrap();
        assert!(next.sent().has(range(0, 10)));
        assert!(!next.sent().has(range(0, 20)));
        assert_eq!(next.begin(range(10, 20), 5), Some(labels("b")));
        // It is killed before it comes further.
        next.sends(&labels("a")).unwrap();
        drop(next);
        let mut next = Done::at(path.clone(), true).unwrap();
        assert_eq!(next.begin(range(10, 20), 5), Some(labels("b")));
        // As soon as it is known.
        next.refused().unwrap();
        drop(next);
        // What was refused while it was sent for the first time is refused.
        let mut next = Done::at(path.clone(), true).unwrap();
        assert_eq!(next.begin(range(10, 20), 5), None);
        assert_eq!(next.begin(range(20, 30), 5), None);
        next.sends(&labels("b")).unwrap();
        drop(next);
        let mut next = Done::at(path.clone(), true).unwrap();
        assert_eq!(next.begin(range(20, 30), 5), Some(labels("b")));
        drop(next);
        let mut next = Done::at(path, true).unwrap();
        assert_eq!(next.begin(range(20, 30), 7), None, "in other requests");
        // Of a time that was not wholly begun nobody knows what was sent.
        assert_eq!(next.begin(range(15, 30), 5), None);
        assert_eq!(
            next.begin(range(18, 25), 5),
            None,
            "it was refused, as far as anybody knows"
        );
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
        one.note(range(0, 10)).unwrap();
        drop((one, looks));
        let next = Done::at(path, true).unwrap();
        assert!(next.sent().has(range(0, 10)));
    }
}
