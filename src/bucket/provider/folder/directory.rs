//! A folder that is held open. Whatever becomes of its name, everything below it is reached from it, name by name, and never through a
//! symbolic link: what was not in it when a name was looked up is neither read nor written.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, StatxFlags, fstat, linkat, mkdirat, openat,
    renameat, statat, statx, unlinkat,
};
use rustix::io::Errno;

use super::identity::Facts;

/// A folder that is held open.
#[derive(Debug)]
pub(super) struct Directory {
    handle: OwnedFd,
    path: PathBuf,
    mount: Mount,
}

/// The file system that a folder lies in: its device, and which of the places where that is mounted, where the kernel tells.
type Mount = (u64, Option<u64>);

/// The handle names the folder, and reads nothing: it needs no right to list it.
const NAMED: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// For folders that are listed, flushed or locked.
const READ: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

/// For files. A pipe that took a file's place holds nobody up.
const FILE: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

impl Directory {
    /// The folder of that path, on which links are followed.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        Self::of(openat(CWD, path, NAMED, Mode::empty())?, path.to_owned())
    }

    /// The folder of that name. A link or a file is an error of the kind [`io::ErrorKind::NotADirectory`].
    pub(super) fn enter(&self, name: &OsStr) -> io::Result<Self> {
        let flags = NAMED | OFlags::NOFOLLOW;
        let handle = openat(&self.handle, name, flags, Mode::empty())?;
        Self::of(handle, self.path.join(name))
    }

    fn of(handle: OwnedFd, path: PathBuf) -> io::Result<Self> {
        let device = fstat(&handle)?.st_dev;
        let told = statx(&handle, c"", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID);
        let number = told
            .ok()
            .filter(|told| told.stx_mask & StatxFlags::MNT_ID.bits() != 0)
            .map(|told| told.stx_mnt_id);
        Ok(Self {
            handle,
            path,
            mount: (device, number),
        })
    }

    /// Where it was when it was entered, to be told.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether both lie in the same file system, as mounted in the same place.
    pub(super) fn same_mount(&self, other: &Self) -> bool {
        self.mount == other.mount
    }

    /// What the system tells of the folder itself.
    pub(super) fn facts(&self) -> io::Result<Facts> {
        Ok(fstat(&self.handle)?.into())
    }

    /// What `stat` tells of the entry of that name; a link is not followed.
    pub(super) fn look(&self, name: &OsStr) -> io::Result<Facts> {
        Ok(statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW)?.into())
    }

    /// The names in it, in no order, and what each is, as far as the file system tells without being asked for each.
    pub(super) fn entries(&self) -> io::Result<Vec<(OsString, FileType)>> {
        let mut entries = Vec::new();
        for entry in Dir::new(self.read()?)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if !matches!(name, b"." | b"..") {
                entries.push((OsStr::from_bytes(name).to_owned(), entry.file_type()));
            }
        }
        Ok(entries)
    }

    /// The folder itself, as what can be flushed, locked and changed.
    pub(super) fn as_file(&self) -> io::Result<File> {
        Ok(self.read()?.into())
    }

    fn read(&self) -> io::Result<OwnedFd> {
        Ok(openat(&self.handle, c".", READ, Mode::empty())?)
    }

    /// Opens a file for reading. A link is an error.
    pub(super) fn open(&self, name: &OsStr) -> io::Result<File> {
        let flags = FILE | OFlags::RDONLY;
        Ok(openat(&self.handle, name, flags, Mode::empty())?.into())
    }

    /// Makes a file that nobody else can open, where nothing has the name.
    pub(super) fn create(&self, name: &OsStr) -> io::Result<File> {
        let flags = FILE | OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
        let mode = Mode::RUSR | Mode::WUSR;
        Ok(openat(&self.handle, name, flags, mode)?.into())
    }

    /// Makes a folder with no more than these permission bits.
    pub(super) fn make(&self, name: &OsStr, mode: u32) -> io::Result<()> {
        Ok(mkdirat(&self.handle, name, Mode::from_raw_mode(mode))?)
    }

    /// Removes an entry that is no folder.
    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.handle, name, AtFlags::empty())?)
    }

    /// Removes an empty folder.
    pub(super) fn remove_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.handle, name, AtFlags::REMOVEDIR)?)
    }

    /// Moves a file of this folder to a name in another, whatever has it.
    pub(super) fn rename(&self, name: &OsStr, to: &Self, new: &OsStr) -> io::Result<()> {
        Ok(renameat(&self.handle, name, &to.handle, new)?)
    }

    /// Gives a file of this folder another name in another, unless something has it.
    pub(super) fn link(&self, name: &OsStr, to: &Self, new: &OsStr) -> io::Result<()> {
        let flags = AtFlags::empty();
        Ok(linkat(&self.handle, name, &to.handle, new, flags)?)
    }

    /// Brings the names in it to the disk, where the file system can.
    pub(super) fn sync(&self) -> io::Result<()> {
        match self.as_file()?.sync_all() {
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
}

/// What the system tells of the file or folder of that path, on which links are followed.
pub(super) fn facts_at(path: &Path) -> io::Result<Facts> {
    Ok(statat(CWD, path, AtFlags::empty())?.into())
}

/// Whether the error says that nothing has this name.
pub(super) fn is_absence(err: &io::Error) -> bool {
    matches!(
        err.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Whether the error says that a link lies where none is followed.
pub(super) fn is_link(err: &io::Error) -> bool {
    Errno::from_io_error(err) == Some(Errno::LOOP)
}
