//! The bucket's own folder: found once, and held open ever after, so that it stays the same one from the first request to the last.
//!
//! A disk that is unmounted leaves behind the empty folder that it was mounted on. Nothing there says that it is another one, and everything
//! would seem to have been deleted; so would it where a folder is renamed and another takes its name.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use object_store::Result;
use rustix::fs::FileType;

use super::directory::{Directory, facts_at, is_absence, is_link};
use super::failure::Attempt::{Read, Write};
use super::failure::{RootMissing, failed, generic, is_dead, link};
use crate::bucket::access::MissingRoot;

/// Where the bucket's own folder is.
#[derive(Debug)]
pub(super) struct Anchor {
    /// As configured.
    directory: PathBuf,
    /// The bucket's own: the prefix below that.
    path: PathBuf,
    missing: MissingRoot,
    held: Mutex<Held>,
}

/// What was found, and is held open: no other folder can take its number.
#[derive(Debug, Clone)]
enum Held {
    Nothing,
    /// The bucket's folder is missing. This one above it is there, and these names lead from it to the bucket's.
    Above(Arc<Directory>, VecDeque<OsString>),
    Folder(Arc<Directory>),
}

/// Whether a folder lies above the prefix: it is the configured one, or above that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AbovePrefix(pub(super) bool);

/// How many folders are made, and how often another process may undo that.
const ATTEMPTS: usize = 256;

impl Anchor {
    /// The folder `prefix` in `directory`. Nothing is touched.
    pub(super) fn new(directory: PathBuf, prefix: &Path, missing: MissingRoot) -> Self {
        // Joined with nothing it would end with a slash.
        let path = directory.join(prefix).components().collect();
        Self {
            path,
            directory,
            missing,
            held: Mutex::new(Held::Nothing),
        }
    }

    /// The path of the bucket's folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The bucket's folder; `None` while it is missing and that stands for an empty bucket.
    pub(super) fn folder(&self) -> Result<Option<Arc<Directory>>> {
        self.verify()?;
        let mut held = self.lock();
        let (mut folder, mut names) = match &*held {
            Held::Folder(folder) => return Ok(Some(Arc::clone(folder))),
            Held::Above(above, names) => (Arc::clone(above), names.clone()),
            Held::Nothing => self.look_for()?,
        };
        while let Some(name) = names.pop_front() {
            if let Some(next) = enter(&folder, &name)? {
                folder = Arc::new(next);
            } else {
                names.push_front(name);
                *held = Held::Above(folder, names);
                return Ok(None);
            }
        }
        *held = Held::Folder(Arc::clone(&folder));
        Ok(Some(folder))
    }

    /// The configured folder, or the deepest above it that is there, and the names that lead to the bucket's.
    fn look_for(&self) -> Result<(Arc<Directory>, VecDeque<OsString>)> {
        for above in self.directory.ancestors() {
            let err = match Directory::at(above) {
                Ok(found) => {
                    let names = self.path.strip_prefix(above).unwrap_or(Path::new(""));
                    let names = names.components().map(|name| name.as_os_str().to_owned());
                    return Ok((Arc::new(found), names.collect()));
                }
                Err(err) => err,
            };
            if err.kind() == io::ErrorKind::NotFound && self.missing == MissingRoot::Empty {
                continue;
            }
            return Err(if is_absence(&err) || is_dead(&err) {
                RootMissing::error(&self.directory, err)
            } else {
                failed(Read("look at"), above)(err)
            });
        }
        let absent = io::ErrorKind::NotFound.into();
        Err(RootMissing::error(&self.directory, absent))
    }

    /// Fails where the name of the folder that was found leads to another one by now, or to none.
    pub(super) fn verify(&self) -> Result<()> {
        let folder = match &*self.lock() {
            Held::Nothing => return Ok(()),
            Held::Above(folder, _) | Held::Folder(folder) => Arc::clone(folder),
        };
        let path = folder.path();
        let found = folder
            .facts()
            .and_then(|ours| Ok(facts_at(path)?.same_file(&ours)));
        match found {
            Ok(true) => Ok(()),
            Ok(false) => Err(RootMissing::gone(path, None)),
            Err(err) if is_absence(&err) || is_dead(&err) => {
                Err(RootMissing::gone(path, Some(err)))
            }
            Err(err) => Err(failed(Read("look at"), path)(err)),
        }
    }

    /// The bucket's folder, made if it is missing: within the very folder that was found when it was first looked for. `make` gets that folder, the
    /// name, and whether the new folder lies above the prefix; it must not fail if another process makes the folder first.
    pub(super) fn made(
        &self,
        make: impl Fn(&Directory, &OsStr, AbovePrefix) -> io::Result<()>,
    ) -> Result<Arc<Directory>> {
        for _ in 0..ATTEMPTS {
            if let Some(folder) = self.folder()? {
                return Ok(folder);
            }
            let Held::Above(parent, names) = self.lock().clone() else {
                continue;
            };
            let Some(name) = names.front() else {
                continue;
            };
            let path = parent.path().join(name);
            let above = AbovePrefix(self.directory.starts_with(&path));
            match make(&parent, name, above).and_then(|()| parent.sync()) {
                Ok(()) => {}
                // A folder above the bucket's may be one that this process may pass through but not open.
                Err(err)
                    if err.kind() == io::ErrorKind::PermissionDenied && is_there(&parent, name) => {
                }
                Err(err) if is_absence(&err) => {
                    return Err(RootMissing::gone(parent.path(), Some(err)));
                }
                Err(err) => return Err(failed(Write("make"), &path)(err)),
            }
        }
        let path = self.path.display();
        Err(generic(format!(
            "{path} is removed faster than it can be made"
        )))
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_there(parent: &Directory, name: &OsStr) -> bool {
    parent.look(name).is_ok()
}

/// The folder of that name; `None` where there is none. A link is refused.
pub(super) fn enter(parent: &Directory, name: &OsStr) -> Result<Option<Directory>> {
    match parent.enter(name) {
        Ok(folder) => Ok(Some(folder)),
        Err(err) => absence(parent, name, err),
    }
}

/// Turns an error on entering a folder into `None` where there is no such folder, else into an error.
pub(super) fn absence<T>(parent: &Directory, name: &OsStr, err: io::Error) -> Result<Option<T>> {
    let path = parent.path().join(name);
    if !is_absence(&err) && !is_link(&err) {
        return Err(failed(Read("enter"), &path)(err));
    }
    match parent.look(name) {
        Ok(facts) if facts.kind == FileType::Symlink => Err(link(&path)),
        _ => Ok(None),
    }
}
