//! Files that are being written: they lie in a staging folder, unseen, until they are whole and on disk.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Seek, Write as _};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path as Location;
use object_store::{PutPayload, Result};
use rustix::fs::{FileType, copy_file_range, fstat, ioctl_ficlone};
use tracing::debug;
use ulid::Ulid;

use super::anchor;
use super::directory::{Directory, is_absence};
use super::failure::Attempt::{Read, Write};
use super::failure::{failed, generic, is_stale};
use super::identity::Facts;
use super::identity::Permissions;
use super::root::{ATTEMPTS, Root, STAGING};

/// A file that nobody has written to for so long belongs to a process that is dead.
const LEFTOVER_AGE_SECONDS: i64 = 24 * 60 * 60;

/// A file in a staging folder. When it is dropped, its name there is removed.
#[derive(Debug)]
pub(super) struct Staged {
    file: File,
    name: OsString,
    /// The staging folder.
    folder: Directory,
    /// The folder that this lies in.
    home: Arc<Directory>,
    /// The permissions of the file that this one is a copy of, in another folder.
    original: Option<Permissions>,
}

impl Staged {
    /// Makes an empty staged file in the bucket's own folder, which is made too if need be. The first one of a bucket sweeps up.
    pub(super) fn create(root: &Root, original: Option<Permissions>) -> Result<Self> {
        root.refuse_reader()?;
        let beside = root.beside();
        let home = root.anchor().made(|parent, name, above| {
            beside.make_own_folder(parent, name, above, original.as_ref())
        })?;
        if let Some(original) = &original {
            beside.adopt(original);
        }
        let staged = Self::create_in(root, home, original)?;
        if root.is_first_write() {
            staged.sweep_leftovers();
        }
        Ok(staged)
    }

    /// The same file once more, staged in another folder of the bucket: for file systems that do not let files move there.
    pub(super) fn again_in(&self, root: &Root, home: &Arc<Directory>) -> Result<Self> {
        let again = Self::create_in(root, Arc::clone(home), self.original)?;
        again.sweep_leftovers();
        let mut from = &self.file;
        from.rewind()
            .and_then(|()| io::copy(&mut from, &mut &again.file))
            .map_err(failed(Write("write"), &again.path()))?;
        Ok(again)
    }

    fn create_in(root: &Root, home: Arc<Directory>, original: Option<Permissions>) -> Result<Self> {
        let staging = OsStr::new(STAGING);
        let path = home.path().join(STAGING);
        for _ in 0..ATTEMPTS {
            let Some(folder) = anchor::enter(&home, staging)? else {
                let made = root.beside().make_folder(&home, staging, None);
                made.map_err(failed(Write("create"), &path))?;
                if home
                    .look(staging)
                    .is_ok_and(|facts| facts.kind != FileType::Directory)
                {
                    let obstacle = io::ErrorKind::NotADirectory.into();
                    return Err(failed(Write("create"), &path)(obstacle));
                }
                continue;
            };
            let name = OsString::from(Ulid::generate().to_string());
            match folder.create(&name) {
                Ok(file) => {
                    return Ok(Self {
                        file,
                        name,
                        folder,
                        home,
                        original,
                    });
                }
                // Another writer was the last to leave, and removed the folder.
                Err(err) if is_absence(&err) || is_stale(&err) => {}
                Err(err) => return Err(failed(Write("create"), &path.join(name))(err)),
            }
        }
        Err(generic(format!(
            "{} is removed faster than a file can be put there",
            path.display()
        )))
    }

    /// The staging folder, and the name that the file has there.
    pub(super) fn place(&self) -> (&Directory, &OsStr) {
        (&self.folder, &self.name)
    }

    /// The folder that the staging folder lies in.
    pub(super) fn home(&self) -> &Directory {
        &self.home
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }

    /// What the system tells of the file, whatever names it has.
    pub(super) fn facts(&self) -> Result<Facts> {
        let facts = fstat(&self.file).map_err(io::Error::from);
        Ok(facts.map_err(failed(Read("look at"), &self.path()))?.into())
    }

    /// Writes `payload` at `offset`.
    pub(super) fn write(&self, payload: &PutPayload, offset: u64) -> Result<()> {
        let mut offset = offset;
        for piece in payload {
            self.write_piece(piece, offset)?;
            offset += piece.len() as u64;
        }
        Ok(())
    }

    fn write_piece(&self, piece: &Bytes, offset: u64) -> Result<()> {
        self.file
            .write_all_at(piece, offset)
            .map_err(failed(Write("write"), &self.path()))
    }

    /// Fills the file with what `from` holds.
    pub(super) fn fill(&self, mut from: File) -> Result<()> {
        io::copy(&mut from, &mut &self.file)
            .map(drop)
            .map_err(failed(Write("write"), &self.path()))
    }

    /// Fills the file with what `from` holds by sharing its bytes; whether the file system can.
    pub(super) fn share(&self, from: &File) -> bool {
        ioctl_ficlone(&self.file, from).is_ok()
    }

    /// Lets the kernel append up to `bytes` of `from`, from its current position. Returns how many it copied; 0 where it does not copy.
    pub(super) fn append_from(&self, from: &File, bytes: u64) -> u64 {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        copy_file_range(from, None, &self.file, None, bytes).map_or(0, |copied| copied as u64)
    }

    /// Appends what was read elsewhere.
    pub(super) fn append(&self, bytes: &[u8]) -> Result<()> {
        let written = (&self.file).write_all(bytes);
        written.map_err(failed(Write("write"), &self.path()))
    }

    /// Makes the file ready to appear at `location`: as readable as what lies there, and on disk. Tells its permissions.
    pub(super) fn finish(&self, root: &Root, location: &Location) -> Result<Permissions> {
        let wanted = root.permissions_of_file(location, self.original)?;
        let path = root.path().join(location.as_ref());
        root.beside()
            .give(&self.file, &path, &wanted)
            .map_err(failed(Write("write to"), &self.path()))?;
        self.sync()?;
        Ok(wanted)
    }

    /// Brings the content to the disk.
    pub(super) fn sync(&self) -> Result<()> {
        let synced = self.file.sync_all();
        synced.map_err(failed(Write("write to disk"), &self.path()))
    }

    /// Removes the staged name, and the staging folder with its last file. An object that got a name of its own stays.
    pub(super) fn discard(&self) {
        self.folder.remove(&self.name).ok();
        self.home.remove_folder(OsStr::new(STAGING)).ok();
    }

    /// Removes what dead processes left in the staging folder. The age is told by the file system's own clock.
    fn sweep_leftovers(&self) {
        let (Ok(own), Ok(entries)) = (self.facts(), self.folder.entries()) else {
            return;
        };
        let limit = own.modified_seconds() - LEFTOVER_AGE_SECONDS;
        for (name, _) in entries {
            let is_leftover = self.folder.look(&name).is_ok_and(|facts| {
                facts.kind == FileType::RegularFile && facts.modified_seconds() < limit
            });
            if is_leftover && self.folder.remove(&name).is_ok() {
                let path = self.folder.path().join(name);
                debug!(path = %path.display(), "leftover of an earlier run removed");
            }
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        self.discard();
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::error::Error;
    use std::path::Path;

    use super::*;
    use crate::bucket::access::{Access, MissingRoot};

    #[test]
    fn a_full_disk_is_found_among_the_causes() {
        let folder = tempfile::TempDir::new().unwrap();
        let directory = folder.path().to_owned();
        let root = Root::new(directory, Path::new(""), Access::Write, MissingRoot::Error);
        let mut full = Staged::create(&root, None).unwrap();
        full.file = File::options().write(true).open("/dev/full").unwrap();
        let err = full.write(&"x".into(), 0).unwrap_err();
        let cause = err.source().and_then(Error::source).unwrap();
        let cause = cause.downcast_ref::<io::Error>().unwrap();
        assert_eq!(cause.kind(), io::ErrorKind::StorageFull);
    }
}
