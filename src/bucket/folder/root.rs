//! The folder that stands for the bucket: where its objects lie, and how a file is reached without following a link.

use std::collections::HashSet;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use object_store::Result;
use object_store::path::Path as Location;
use tracing::warn;

use super::failure::{RootMissing, failed, generic, link, not_found, unsupported};
use super::identity::same_file;
use super::{Access, MissingRoot};

/// The folder below the root in which objects are written before they appear under their names.
pub(super) const STAGING: &str = ".thanos-bucket-staging";

/// How often something is tried again that another process undid in between.
pub(super) const ATTEMPTS: usize = 64;

/// The folder of one bucket, with what may be done to it.
#[derive(Debug)]
pub(super) struct Root {
    directory: PathBuf,
    access: Access,
    missing: MissingRoot,
    /// Whether the root was seen or made by a write of ours. Should it vanish later, it is not made anew.
    prepared: Mutex<bool>,
    /// What was warned of: a block is listed several times.
    warned: Mutex<HashSet<Location>>,
}

impl Root {
    pub(super) fn new(directory: PathBuf, access: Access, missing: MissingRoot) -> Self {
        Self {
            directory,
            access,
            missing,
            prepared: Mutex::new(false),
            warned: Mutex::default(),
        }
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The root's metadata; `None` when it is missing and that stands for an empty bucket.
    pub(super) fn metadata(&self) -> Result<Option<Metadata>> {
        match fs::metadata(&self.directory) {
            Ok(metadata) if metadata.is_dir() => Ok(Some(metadata)),
            Ok(_) => Err(self.gone(io::ErrorKind::NotADirectory.into())),
            Err(err) if err.kind() == io::ErrorKind::NotFound => match self.missing {
                MissingRoot::Empty => Ok(None),
                MissingRoot::Error => Err(self.gone(err)),
            },
            Err(err) => Err(failed("look at", &self.directory)(err)),
        }
    }

    /// The root cannot be entered.
    pub(super) fn gone(&self, source: io::Error) -> object_store::Error {
        RootMissing::error(&self.directory, source)
    }

    /// Warns, once, of an entry that is left out of listings.
    pub(super) fn warn_of(&self, location: &Location, why: &str) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.insert(location.clone()) {
            let path = self.directory.join(location.as_ref());
            warn!(path = %path.display(), reason = why, "left out of the listing");
        }
    }

    /// Refuses whoever was to read only.
    pub(super) fn refuse_reader(&self) -> Result<()> {
        match self.access {
            Access::Write => Ok(()),
            Access::Read => Err(failed("write to", &self.directory)(io::Error::new(
                io::ErrorKind::ReadOnlyFilesystem,
                "the folder was opened for reading only",
            ))),
        }
    }

    /// Readies the root for a write: makes it if it may be missing. Tells whether this was the first time.
    pub(super) fn prepare(&self) -> Result<bool> {
        self.refuse_reader()?;
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        let first = !*prepared;
        if first {
            if self.metadata()?.is_none() {
                self.make().map_err(failed("make", &self.directory))?;
            }
            *prepared = true;
        }
        Ok(first)
    }

    fn make(&self) -> io::Result<()> {
        let missing: Vec<&Path> = self
            .directory
            .ancestors()
            .take_while(|folder| !folder.exists())
            .collect();
        fs::create_dir_all(&self.directory)?;
        missing
            .into_iter()
            .filter_map(Path::parent)
            .try_for_each(sync_folder)
    }

    /// Where the object at `location` lies, or would lie.
    pub(super) fn path_of(&self, location: &Location) -> Result<PathBuf> {
        let mut path = self.directory.clone();
        for part in location.parts() {
            let name = Path::new(part.as_ref());
            let mut components = name.components();
            match (components.next(), components.next()) {
                (Some(Component::Normal(only)), None) if only == name => path.push(name),
                _ => return Err(unsupported(format!("{location:?} is no name for a file"))),
            }
        }
        if location.is_root() || is_staging(location) {
            return Err(unsupported(format!(
                "{location:?} is no name for an object"
            )));
        }
        Ok(path)
    }

    /// What lies at `location`: its path, and its metadata; `None` when nothing does.
    ///
    /// A symbolic link at any place below the root is refused.
    pub(super) fn look(&self, location: &Location) -> Result<Option<(PathBuf, Metadata)>> {
        self.path_of(location)?;
        let mut path = self.directory.clone();
        let mut found = None;
        for part in location.parts() {
            path.push(part.as_ref());
            match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_symlink() => return Err(link(&path)),
                Ok(metadata) => found = Some(metadata),
                Err(err) if is_absence(&err) => return Ok(None),
                Err(err) => return Err(failed("look at", &path)(err)),
            }
        }
        Ok(found.map(|metadata| (path, metadata)))
    }

    /// Opens the object at `location` for reading. Folders are no objects; what is neither file nor folder is refused.
    pub(super) fn open(&self, location: &Location) -> Result<(File, Metadata)> {
        for _ in 0..ATTEMPTS {
            let Some((path, seen)) = self.look(location)? else {
                self.metadata()?;
                return Err(not_found(location));
            };
            if seen.is_dir() {
                return Err(not_found(location));
            }
            if !seen.is_file() {
                return Err(unsupported(format!("{} is no file", path.display())));
            }
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(err) if is_absence(&err) => continue,
                Err(err) => return Err(failed("open", &path)(err)),
            };
            let metadata = file.metadata().map_err(failed("look at", &path))?;
            // A link that took the file's place after we looked would have led us to another file.
            if same_file(&seen, &metadata) {
                return Ok((file, metadata));
            }
        }
        Err(generic(format!(
            "{location} is replaced faster than it can be opened"
        )))
    }
}

/// Whether `location` is the staging folder or lies in it.
pub(super) fn is_staging(location: &Location) -> bool {
    location
        .parts()
        .next()
        .is_some_and(|first| first.as_ref() == STAGING)
}

/// Whether the error says that nothing has this name.
pub(super) fn is_absence(err: &io::Error) -> bool {
    matches!(
        err.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Brings the names in `folder` to the disk, where the file system can.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        Err(err)
            if matches!(
                err.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
}
