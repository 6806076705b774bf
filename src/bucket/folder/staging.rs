//! Files that are being written: they lie in the staging folder, unseen, until they are whole and on disk.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use object_store::{PutPayload, Result};
use tracing::debug;
use ulid::Ulid;

use super::failure::{failed, generic, link};
use super::identity::e_tag;
use super::root::{ATTEMPTS, Root, STAGING};

/// A file that nobody has written to for so long belongs to a process that is dead.
const LEFTOVER_AGE: Duration = Duration::from_hours(24);

/// A file in the staging folder. When it is dropped, its name there is removed.
#[derive(Debug)]
pub(super) struct Staged {
    file: File,
    path: PathBuf,
}

impl Staged {
    /// Makes an empty staged file, and the root and the staging folder if need be. The first one of a root sweeps up.
    pub(super) fn create(root: &Root) -> Result<Self> {
        let first = root.prepare()?;
        let folder = root.directory().join(STAGING);
        for _ in 0..ATTEMPTS {
            make_staging_folder(root, &folder)?;
            let path = folder.join(Ulid::generate().to_string());
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => {
                    let staged = Self { file, path };
                    if first {
                        staged.sweep_leftovers();
                    }
                    return Ok(staged);
                }
                // Another writer was the last one, and took the folder away.
                Err(err) if err.kind() == io::ErrorKind::NotFound => {}
                Err(err) => return Err(failed("create", &path)(err)),
            }
        }
        Err(generic(format!(
            "{} is removed faster than a file can be put there",
            folder.display()
        )))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file's own metadata, whatever names it has.
    pub(super) fn metadata(&self) -> Result<Metadata> {
        self.file.metadata().map_err(failed("look at", &self.path))
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
            .map_err(failed("write", &self.path))
    }

    /// Fills the file with what `from` holds.
    pub(super) fn fill(&self, mut from: File) -> Result<()> {
        io::copy(&mut from, &mut &self.file)
            .map(drop)
            .map_err(failed("write", &self.path))
    }

    /// Brings the content to the disk, and tells the entity tag that the object will have.
    pub(super) fn sync(&self) -> Result<String> {
        self.file
            .sync_all()
            .map_err(failed("write to disk", &self.path))?;
        Ok(e_tag(&self.metadata()?))
    }

    /// Removes the staged name, and the staging folder with its last file. An object that got a name of its own stays.
    pub(super) fn discard(&self) {
        fs::remove_file(&self.path).ok();
        if let Some(folder) = self.path.parent() {
            fs::remove_dir(folder).ok();
        }
    }

    /// Removes what dead processes left in the staging folder. The age is told by the file system's own clock.
    fn sweep_leftovers(&self) {
        let Some(folder) = self.path.parent() else {
            return;
        };
        let now = self.metadata().ok().and_then(|own| own.modified().ok());
        let (Some(now), Ok(entries)) = (now, fs::read_dir(folder)) else {
            return;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            if is_leftover(&path, now) && fs::remove_file(&path).is_ok() {
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

fn make_staging_folder(root: &Root, folder: &Path) -> Result<()> {
    match fs::create_dir(folder) {
        Ok(()) => Ok(()),
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists => {
            match fs::symlink_metadata(folder) {
                Ok(metadata) if metadata.is_symlink() => Err(link(folder)),
                _ => Ok(()),
            }
        }
        Err(err) if err.kind() == io::ErrorKind::NotFound => Err(root.gone(err)),
        Err(err) => Err(failed("create", folder)(err)),
    }
}

fn is_leftover(path: &Path, now: SystemTime) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| {
        metadata.is_file()
            && metadata.modified().is_ok_and(|written| {
                now.duration_since(written)
                    .is_ok_and(|age| age > LEFTOVER_AGE)
            })
    })
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::error::Error;

    use super::*;

    #[test]
    fn a_full_disk_is_found_among_the_causes() {
        let full = Staged {
            file: OpenOptions::new().write(true).open("/dev/full").unwrap(),
            path: PathBuf::from("staged"),
        };
        let err = full.write(&"x".into(), 0).unwrap_err();
        let cause = err.source().and_then(Error::source).unwrap();
        let cause = cause.downcast_ref::<io::Error>().unwrap();
        assert_eq!(cause.kind(), io::ErrorKind::StorageFull);
    }
}
