//! Small objects that were read before, kept in a folder of this machine from one run to the next.
//!
//! What is kept lies under its own MD5, and is taken only where a fresh listing says that an object has this MD5 and the bytes have it, too. So a folder
//! that is old, damaged or another bucket's changes nothing: what does not fit is read from the bucket.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::task::spawn_blocking;
use tracing::{debug, warn};

use crate::block::Fingerprint;
use crate::error::{Error, Result};

/// The folder, if there is one. Cheap to clone: clones share it.
#[derive(Debug, Clone, Default)]
pub struct Cache(Option<Arc<Folder>>);

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// Numbers what is being written.
    written: AtomicU64,
    /// Whether it was told that the folder cannot be used.
    is_told: AtomicBool,
}

/// What nobody has asked for so long is removed.
const KEPT_FOR: Duration = Duration::from_hours(24 * 60);

/// An object's time is set anew when it is asked for, but no more often than this.
const USED: Duration = Duration::from_hours(24);

/// How long a run is spent on that; what is left is the next one's.
const TIDYING: Duration = Duration::from_secs(2);

/// Nothing larger is ever kept.
const LARGEST: u64 = 4 << 20;

/// What is being written has a name that begins so.
const UNFINISHED: &str = ".unfinished-";

impl Cache {
    /// A folder, which is made where it does not exist; without one nothing is kept.
    ///
    /// Errors: it cannot be made or is no folder.
    pub fn open(path: Option<PathBuf>) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self(None));
        };
        std::fs::create_dir_all(&path)
            .map_err(|err| Error::usage(format!("--cache-dir {}: {err}", path.display())))?;
        Ok(Self(Some(Arc::new(Folder {
            path,
            written: AtomicU64::new(0),
            is_told: AtomicBool::new(false),
        }))))
    }

    /// The bytes that have this fingerprint, where they are kept.
    pub(super) async fn get(&self, fingerprint: Fingerprint) -> Option<Bytes> {
        let (folder, path) = self.place(fingerprint)?;
        let read = spawn_blocking(move || read(&path)).await.ok()?;
        match read {
            Ok(bytes) if fingerprint.is_of(&bytes) => Some(bytes),
            Ok(_) => None,
            Err(err) => {
                folder.complain(&err);
                None
            }
        }
    }

    /// Keeps bytes that have this fingerprint; others are not kept.
    pub(super) async fn keep(&self, fingerprint: Fingerprint, bytes: &Bytes) {
        let Some((folder, path)) = self.place(fingerprint).filter(|_| fingerprint.is_of(bytes))
        else {
            return;
        };
        let number = folder.written.fetch_add(1, Ordering::Relaxed);
        let bytes = bytes.clone();
        // Every container numbers its processes from 1.
        let began = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let began = began.unwrap_or_default().as_nanos();
        let unfinished = format!("{UNFINISHED}{began}-{}-{number}", std::process::id());
        let written = spawn_blocking(move || write(&path, &unfinished, &bytes)).await;
        if let Ok(Err(err)) = written {
            folder.complain(&err);
        }
    }

    /// Removes what nobody has asked for in two months.
    pub async fn tidy(&self) {
        let Some(folder) = self.0.clone() else {
            return;
        };
        let tidied = spawn_blocking(move || {
            let removed = tidy(&folder.path, SystemTime::now() - KEPT_FOR);
            (folder, removed)
        });
        if let Ok((folder, Err(err))) = tidied.await {
            folder.complain(&err);
        }
    }

    /// Where what has this fingerprint lies; `None` for one that is not of the bytes themselves.
    fn place(&self, fingerprint: Fingerprint) -> Option<(Arc<Folder>, PathBuf)> {
        let (folder, md5) = (self.0.as_ref()?, fingerprint.known_md5()?);
        let name = format!("{:032x}", u128::from_be_bytes(md5));
        let path = folder.path.join(name.get(..2)?).join(&name);
        Some((Arc::clone(folder), path))
    }
}

impl Folder {
    /// Once is enough: what cannot be kept is read again.
    fn complain(&self, err: &io::Error) {
        let path = self.path.display();
        if err.kind() == io::ErrorKind::NotFound {
            return;
        }
        if self.is_told.swap(true, Ordering::Relaxed) {
            debug!(%path, %err, "the cache cannot be used");
        } else {
            warn!(%path, %err, "the cache cannot be used: what it should hold is read from the bucket");
        }
    }
}

fn read(path: &Path) -> io::Result<Bytes> {
    let file = std::fs::metadata(path)?;
    if file.len() > LARGEST {
        return Err(io::ErrorKind::NotFound.into());
    }
    let bytes = std::fs::read(path)?;
    let used = file.modified()?;
    if used.elapsed().is_ok_and(|since| since > USED) {
        // Where that is not allowed, it is removed some day, and read again.
        let opened = File::options().append(true).open(path);
        let _ = opened.and_then(|file| file.set_modified(SystemTime::now()));
    }
    Ok(bytes.into())
}

/// Appears whole or not at all.
fn write(path: &Path, unfinished: &str, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().unwrap_or(path);
    std::fs::create_dir_all(parent)?;
    let unfinished = parent.join(unfinished);
    let written = std::fs::write(&unfinished, bytes);
    written
        .and_then(|()| std::fs::rename(&unfinished, path))
        .inspect_err(|_| {
            let _ = std::fs::remove_file(&unfinished);
        })
}

/// Removes the files of this cache that were used last before then; nothing else that may lie there.
fn tidy(folder: &Path, before: SystemTime) -> io::Result<()> {
    let began = SystemTime::now();
    for directory in std::fs::read_dir(folder)? {
        let directory = directory?;
        if began.elapsed().is_ok_and(|elapsed| elapsed > TIDYING) {
            return Ok(());
        }
        let is_ours = directory.file_name().len() == 2 && directory.file_type()?.is_dir();
        if !is_ours {
            continue;
        }
        for file in std::fs::read_dir(directory.path())? {
            let file = file?;
            let name = file.file_name();
            let name = name.to_string_lossy();
            let is_kept = name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
            let is_ours = is_kept || name.starts_with(UNFINISHED);
            if is_ours && file.metadata()?.modified()? < before {
                std::fs::remove_file(file.path())?;
            }
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

    use md5::{Digest as _, Md5};

    use super::*;

    fn md5(bytes: &[u8]) -> Fingerprint {
        Fingerprint::md5(Md5::digest(bytes).into())
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for directory in std::fs::read_dir(folder).unwrap() {
            let inside = std::fs::read_dir(directory.unwrap().path()).unwrap();
            files.extend(inside.map(|file| file.unwrap().path()));
        }
        files.sort();
        files
    }

    /// S-7.8
    #[tokio::test]
    async fn what_is_kept_is_had_again_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("a/b");
        let cache = Cache::open(Some(inside.clone())).unwrap();
        let (one, other) = (Bytes::from_static(b"one"), Bytes::from_static(b"other"));
        assert_eq!(cache.get(md5(&one)).await, None);
        cache.keep(md5(&one), &one).await;
        cache.keep(md5(&one), &other).await;
        cache.keep(Fingerprint::UNKNOWN, &other).await;
        assert_eq!(cache.get(md5(&one)).await, Some(one.clone()));
        assert_eq!(cache.get(md5(&other)).await, None);
        assert_eq!(cache.get(Fingerprint::UNKNOWN).await, None);
        let kept = files(&inside);
        let [file] = kept.as_slice() else {
            panic!("{kept:?}");
        };
        for damaged in [&b"on"[..], b"onf", b""] {
            std::fs::write(file, damaged).unwrap();
            assert_eq!(cache.get(md5(&one)).await, None);
            cache.keep(md5(&one), &one).await;
            assert_eq!(cache.get(md5(&one)).await, Some(one.clone()));
        }
        assert_eq!(files(&inside).len(), 1);
    }

    #[tokio::test]
    async fn what_nobody_asks_for_goes_and_what_is_not_of_the_cache_stays() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(Some(folder.path().to_owned())).unwrap();
        let long_ago = SystemTime::now() - 2 * KEPT_FOR;
        let age = |path: &Path| {
            let file = File::options().append(true).open(path).unwrap();
            file.set_modified(long_ago).unwrap();
        };
        for content in ["old", "used", "new"] {
            let content = Bytes::from(content);
            cache.keep(md5(&content), &content).await;
            if content != "new" {
                age(&cache.place(md5(&content)).unwrap().1);
            }
        }
        let (foreign, broken_off) = (
            folder.path().join("ab/notes"),
            format!("ab/{UNFINISHED}1-1"),
        );
        let broken_off = folder.path().join(broken_off);
        std::fs::create_dir_all(folder.path().join("ab")).unwrap();
        for path in [&foreign, &broken_off] {
            std::fs::write(path, "x").unwrap();
            age(path);
        }
        assert!(cache.get(md5(b"used")).await.is_some());
        cache.tidy().await;
        for (content, stays) in [("old", false), ("used", true), ("new", true)] {
            let is_there = cache.get(md5(content.as_bytes())).await.is_some();
            assert_eq!(is_there, stays, "{content}");
        }
        assert!(foreign.exists() && !broken_off.exists());
    }

    #[test]
    fn a_cache_that_cannot_be_made_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "x").unwrap();
        let refused = Cache::open(Some(file.join("cache"))).unwrap_err();
        assert!(refused.to_string().contains("--cache-dir"), "{refused}");
    }
}
