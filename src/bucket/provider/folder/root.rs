//! The folder that stands for the bucket, with what may be done to it, and how a file in it is reached without following a link.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use object_store::Result;
use object_store::path::Path as Location;
use rustix::fs::{FileType, fstat};
use tracing::{debug, warn};

use super::anchor::{self, Anchor};
use super::beside::Beside;
use super::directory::{Directory, is_absence, is_link};
use super::failure::Attempt::{Read, Write};
use super::failure::{RootMissing, failed, generic, link, not_found, unsupported};
use super::health::Health;
use super::identity::{Facts, Permissions};
use super::mounts::Mounts;
use crate::block::{BlockId, LeftOut};
use crate::bucket::access::{Access, MissingRoot};

/// The folder in which objects are written before they appear under their names.
pub(super) const STAGING: &str = ".thanos-bucket-staging";

/// How often something is tried again that another process undid in between.
pub(super) const ATTEMPTS: usize = 64;

/// The folder of one bucket.
#[derive(Debug)]
pub(super) struct Root {
    anchor: Anchor,
    mounts: Mounts,
    access: Access,
    beside: Beside,
    health: Health,
    /// What was told: a block is listed several times.
    told: Mutex<HashSet<Location>>,
    written: AtomicBool,
}

/// Where an object lies, or would lie.
#[derive(Debug)]
pub(super) struct Spot {
    /// The folders that it lies in, beginning with the bucket's own.
    pub(super) folders: Vec<Arc<Directory>>,
    /// The last of them.
    pub(super) folder: Arc<Directory>,
    pub(super) name: OsString,
}

impl Spot {
    /// Its path, to be told.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }
}

impl Root {
    pub(super) fn new(
        directory: PathBuf,
        prefix: &Path,
        access: Access,
        missing: MissingRoot,
    ) -> Self {
        Self {
            anchor: Anchor::new(directory, prefix, missing),
            mounts: Mounts::default(),
            access,
            beside: Beside::new(),
            health: Health::default(),
            told: Mutex::default(),
            written: AtomicBool::new(false),
        }
    }

    /// What lies beside a file that is to be written.
    pub(super) fn beside(&self) -> &Beside {
        &self.beside
    }

    /// The permissions of a new file at `location`, which may be a copy of an `original` in another folder.
    pub(super) fn permissions_of_file(
        &self,
        location: &Location,
        original: Option<Permissions>,
    ) -> Result<Permissions> {
        let mut names = names(location)?;
        let mut name = names.pop();
        let mut folders: Vec<_> = self.anchor.folder()?.into_iter().collect();
        for inner in names {
            let Some(folder) = folders.last() else { break };
            let Some(inner) = self.enter(folder, &inner)? else {
                name = None;
                break;
            };
            folders.push(inner);
        }
        let permissions = self.beside.of_file(&folders, name.as_deref(), original)?;
        permissions.ok_or_else(|| not_found(location))
    }

    /// The bucket's own folder, and how it is made.
    pub(super) fn anchor(&self) -> &Anchor {
        &self.anchor
    }

    /// The path of the bucket's own folder.
    pub(super) fn path(&self) -> &Path {
        self.anchor.path()
    }

    /// Everything was walked through.
    pub(super) fn all_found(&self) {
        self.mounts.all_found();
    }

    /// Tells the log, once, of an entry that is left out of listings: loudly, where it may belong to a block.
    pub(super) fn tell_of(&self, location: &Location, why: &LeftOut) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if !told.insert(location.clone()) {
            return;
        }
        let path = self.path().join(location.as_ref());
        let path = path.display();
        if is_of_a_block(location) {
            warn!(%path, reason = %why, "left out of the listing");
        } else {
            debug!(%path, reason = %why, "left out of the listing");
        }
    }

    /// Refuses whoever was to read only.
    pub(super) fn refuse_reader(&self) -> Result<()> {
        match self.access {
            Access::Write => Ok(()),
            Access::Read => Err(failed(Write("write to"), self.path())(io::Error::new(
                io::ErrorKind::ReadOnlyFilesystem,
                "the folder was opened for reading only",
            ))),
        }
    }

    /// The folder of that name; `None` if there is none. A link is refused.
    pub(super) fn enter(&self, parent: &Directory, name: &OsStr) -> Result<Option<Arc<Directory>>> {
        match self.try_to_enter(parent, name)? {
            Ok(folder) => Ok(Some(folder)),
            Err(err) => anchor::absence(parent, name, err),
        }
    }

    /// The folder of that name, or why it cannot be entered. A mount that is no longer the same one is the outer error.
    pub(super) fn try_to_enter(
        &self,
        parent: &Directory,
        name: &OsStr,
    ) -> Result<io::Result<Arc<Directory>>> {
        let entered = parent.enter(name).map(Arc::new);
        match &entered {
            Ok(folder) => self.mounts.entered(parent, folder)?,
            Err(_) => self.mounts.missed(&parent.path().join(name))?,
        }
        Ok(entered)
    }

    /// Where the object at `location` lies; `None` where a folder on the way is missing.
    pub(super) fn spot(&self, location: &Location) -> Result<Option<Spot>> {
        self.spot_or(location, |_, _| Ok(None))
    }

    /// The same, after asking `missing` for each folder that is not there.
    pub(super) fn spot_or(
        &self,
        location: &Location,
        missing: impl Fn(&Directory, &OsStr) -> Result<Option<Arc<Directory>>>,
    ) -> Result<Option<Spot>> {
        let mut names = names(location)?;
        let (Some(name), Some(mut folder)) = (names.pop(), self.anchor.folder()?) else {
            return Ok(None);
        };
        let mut folders = vec![Arc::clone(&folder)];
        for name in names {
            let there = self.enter(&folder, &name)?;
            let Some(inner) =
                there.map_or_else(|| missing(&folder, &name), |inner| Ok(Some(inner)))?
            else {
                return Ok(None);
            };
            folders.push(Arc::clone(&inner));
            folder = inner;
        }
        Ok(Some(Spot {
            folders,
            folder,
            name,
        }))
    }

    /// What lies at `location`; `None` when nothing does. A symbolic link at any place is refused.
    pub(super) fn look(&self, location: &Location) -> Result<Option<(Spot, Facts)>> {
        let Some(spot) = self.spot(location)? else {
            return Ok(None);
        };
        match spot.folder.look(&spot.name) {
            Ok(facts) if facts.kind == FileType::Symlink => Err(link(&spot.path())),
            Ok(facts) => Ok(Some((spot, facts))),
            Err(err) if is_absence(&err) => Ok(None),
            Err(err) => Err(failed(Read("look at"), &spot.path())(err)),
        }
    }

    /// Opens the object at `location` for reading. Folders are no objects; what is neither file nor folder is refused.
    pub(super) fn open(&self, location: &Location) -> Result<(File, Facts)> {
        for _ in 0..ATTEMPTS {
            let Some((spot, seen)) = self.look(location)? else {
                return Err(not_found(location));
            };
            let path = spot.path();
            match seen.kind {
                FileType::Directory => return Err(not_found(location)),
                FileType::RegularFile => {}
                _ => return Err(unsupported(format!("{} is no file", path.display()))),
            }
            let file = match spot.folder.open(&spot.name) {
                Ok(file) => file,
                // Something else took its place after we looked.
                Err(err) if is_absence(&err) || is_link(&err) => continue,
                Err(err) => return Err(self.unreadable(location, "open", err)),
            };
            let facts = fstat(&file).map_err(io::Error::from);
            let facts: Facts = facts.map_err(failed(Read("look at"), &path))?.into();
            if facts.kind == FileType::RegularFile {
                return Ok((file, facts));
            }
        }
        Err(generic(format!(
            "{location} is replaced faster than it can be opened"
        )))
    }

    /// A read succeeded.
    pub(super) fn note_read(&self) {
        self.health.note_read();
    }

    /// The object at `location` could not be read.
    pub(super) fn unreadable(
        &self,
        location: &Location,
        attempt: &'static str,
        err: io::Error,
    ) -> object_store::Error {
        if self.health.is_gone(location, &err) {
            RootMissing::gone(self.path(), Some(err))
        } else {
            failed(Read(attempt), &self.path().join(location.as_ref()))(err)
        }
    }

    /// Whether this is the first call.
    pub(super) fn is_first_write(&self) -> bool {
        !self.written.swap(true, Ordering::Relaxed)
    }
}

/// The names that lead from the bucket's folder to the object at `location`.
pub(super) fn names(location: &Location) -> Result<Vec<OsString>> {
    let mut names = Vec::new();
    for part in location.parts() {
        let name = Path::new(part.as_ref());
        let mut components = name.components();
        match (components.next(), components.next()) {
            (Some(Component::Normal(only)), None) if only == name => names.push(only.to_owned()),
            _ => return Err(unsupported(format!("{location:?} is no name for a file"))),
        }
    }
    if names.is_empty() || names.iter().any(|name| name == STAGING) {
        return Err(unsupported(format!(
            "{location:?} is no name for an object"
        )));
    }
    Ok(names)
}

/// Whether `location` lies in a folder that may be a block's, or is one.
pub(super) fn is_of_a_block(location: &Location) -> bool {
    let first = location.parts().next();
    first.is_some_and(|first| first.as_ref().parse::<BlockId>().is_ok())
}
