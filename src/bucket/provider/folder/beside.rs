//! What lies beside a file that is to be written, and what that means for the file and for folders that are made for it.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use object_store::Result;
use rustix::fs::FileType;
use tracing::warn;

use super::anchor::AbovePrefix;
use super::directory::Directory;
use super::failure::Attempt::Read;
use super::failure::failed;
use super::identity::Permissions;
use super::permissions::{Models, Us, give};
use crate::block::{BlockId, META_JSON};

/// The permissions that one bucket's files and folders show.
#[derive(Debug)]
pub(super) struct Beside {
    us: Us,
    /// Held by whoever makes a folder: between its being made and its being given its permissions, nobody goes by these.
    making: Mutex<()>,
    /// Of some block's `meta.json`, as found when it was first asked for.
    any: OnceLock<Option<Permissions>>,
    /// Folders that were made before it was known what would lie in them.
    made: Mutex<Vec<Made>>,
    told: AtomicBool,
}

#[derive(Debug)]
struct Made {
    folder: Directory,
    parent: Permissions,
    above: AbovePrefix,
}

impl Beside {
    pub(super) fn new() -> Self {
        Self {
            us: Us::of_process(),
            making: Mutex::default(),
            any: OnceLock::new(),
            made: Mutex::default(),
            told: AtomicBool::new(false),
        }
    }

    /// The permissions of a new file, which may be a copy of an `original` in another folder. `folders` are those that it lies in, as far as they
    /// are there, beginning with the bucket's own; `name` is its name in the last of them, where all are there.
    pub(super) fn of_file(
        &self,
        folders: &[Arc<Directory>],
        name: Option<&OsStr>,
        original: Option<Permissions>,
    ) -> Result<Option<Permissions>> {
        let (Some(bucket), Some(folder)) = (folders.first(), folders.last()) else {
            return Ok(None);
        };
        let replaced = || file_in(folder, name?);
        let of_block = || {
            let block = folders.get(1)?;
            [META_JSON, "index"]
                .iter()
                .find_map(|name| file_in(block, OsStr::new(name)))
        };
        let of_bucket = || *self.any.get_or_init(|| any_meta(bucket));
        let neighbour = replaced().or_else(of_block).or_else(of_bucket);
        let _made = self.making();
        let permissions = folder.facts().map(|facts| facts.permissions);
        let models = Models {
            neighbour,
            original,
            folder: permissions.map_err(failed(Read("look at"), folder.path()))?,
            us: self.us,
        };
        Ok(Some(models.file()))
    }

    /// Gives these permissions to a file that is to appear as `path`.
    pub(super) fn give(&self, file: &File, path: &Path, wanted: &Permissions) -> io::Result<()> {
        if !give(file, wanted, self.us)? && !self.told.swap(true, Ordering::Relaxed) {
            warn!(
                path = %path.display(),
                owner = wanted.owner,
                group = wanted.group,
                "what is written here may not be readable to all who read what lies beside it, for this user may not give files away"
            );
        }
        Ok(())
    }

    /// Makes a folder, for a file with these permissions, or for one that is not known yet. Fine if it is there already.
    pub(super) fn make_folder(
        &self,
        parent: &Directory,
        name: &OsStr,
        file: Option<&Permissions>,
    ) -> io::Result<()> {
        let _making = self.making();
        let of_parent = parent.facts()?.permissions;
        self.make(parent, name, &of_parent.of_folder_for(file, self.us))
            .map(drop)
    }

    /// The same, of the bucket's own folder or one above it.
    pub(super) fn make_own_folder(
        &self,
        parent: &Directory,
        name: &OsStr,
        above: AbovePrefix,
        file: Option<&Permissions>,
    ) -> io::Result<()> {
        let _making = self.making();
        let of_parent = parent.facts()?.permissions;
        let wanted = self.of_own_folder(of_parent, above, file);
        if let Some(folder) = self.make(parent, name, &wanted)?
            && file.is_none()
        {
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            made.push(Made {
                folder,
                parent: of_parent,
                above,
            });
        }
        Ok(())
    }

    /// Adjusts the folders that were made before their content was known to the permissions of a file in them.
    pub(super) fn adopt(&self, file: &Permissions) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        for made in made.drain(..) {
            let wanted = self.of_own_folder(made.parent, made.above, Some(file));
            if let Ok(folder) = made.folder.as_file() {
                give(&folder, &wanted, self.us).ok();
            }
        }
    }

    fn making(&self) -> MutexGuard<'_, ()> {
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of_own_folder(
        &self,
        parent: Permissions,
        above: AbovePrefix,
        file: Option<&Permissions>,
    ) -> Permissions {
        let wanted = parent.of_folder_for(file, self.us);
        if above.0 {
            wanted.open_to_all()
        } else {
            wanted
        }
    }

    /// The folder, if it was not there.
    fn make(
        &self,
        parent: &Directory,
        name: &OsStr,
        wanted: &Permissions,
    ) -> io::Result<Option<Directory>> {
        match parent.make(name, wanted.mode) {
            Err(err) if err.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
            made => made?,
        }
        // Should somebody remove it meanwhile, whoever writes into it will see.
        let Ok(folder) = parent.enter(name) else {
            return Ok(None);
        };
        if let Ok(file) = folder.as_file() {
            give(&file, wanted, self.us).ok();
        }
        Ok(Some(folder))
    }
}

fn file_in(folder: &Directory, name: &OsStr) -> Option<Permissions> {
    let facts = folder.look(name).ok()?;
    (facts.kind == FileType::RegularFile).then_some(facts.permissions)
}

fn any_meta(bucket: &Directory) -> Option<Permissions> {
    let entries = bucket.entries().ok()?;
    let mut names = entries.into_iter().map(|(name, _)| name);
    names.find_map(|name| {
        name.to_str()?.parse::<BlockId>().ok()?;
        let block = bucket.enter(&name).ok()?;
        file_in(&block, OsStr::new(META_JSON))
    })
}
