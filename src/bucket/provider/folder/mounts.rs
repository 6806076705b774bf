//! Folders below the bucket's own that are mounts of their own: a block's, say. They stay the same ones too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use object_store::Result;

use super::directory::Directory;
use super::failure::RootMissing;

/// The mounts of a bucket, as they were found.
#[derive(Debug, Default)]
pub(super) struct Mounts {
    /// Held open, by path.
    known: Mutex<BTreeMap<PathBuf, Arc<Directory>>>,
    /// Whether all were found.
    all_found: AtomicBool,
}

impl Mounts {
    /// Notes a folder that was entered. Fails where it is not the mount that was found there before, or is a mount that the first full walk did not
    /// find.
    pub(super) fn entered(&self, parent: &Directory, folder: &Arc<Directory>) -> Result<()> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_mount = !folder.same_mount(parent);
        let path = folder.path();
        match known.get(path) {
            None if !is_mount => Ok(()),
            None if self.all_found.load(Ordering::Relaxed) => Err(RootMissing::gone(path, None)),
            None => {
                known.insert(path.to_owned(), Arc::clone(folder));
                Ok(())
            }
            Some(mount) if mount.same_mount(folder) => Ok(()),
            Some(_) => Err(RootMissing::gone(path, None)),
        }
    }

    /// Fails where a mount was that is not there any more.
    pub(super) fn missed(&self, path: &Path) -> Result<()> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains_key(path) {
            Err(RootMissing::gone(path, None))
        } else {
            Ok(())
        }
    }

    /// A walk through the whole bucket is complete: a mount that is met from now on is new, and so an error.
    pub(super) fn all_found(&self) {
        self.all_found.store(true, Ordering::Relaxed);
    }
}
