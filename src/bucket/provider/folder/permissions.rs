//! Who may read what is written: what lies beside it decides, and not the umask of whoever runs this. A deletion mark that Thanos may not read
//! ends every sync of its compactor.

use std::fs::File;
use std::io;
use std::os::unix::fs::{PermissionsExt, fchown};

use rustix::fs::fstat;
use rustix::process::{getegid, geteuid};

use super::identity::{Facts, Permissions};

const ROOT: u32 = 0;
const READ: u32 = 0o444;
const READ_AND_WRITE: u32 = 0o666;
/// A folder that everybody may write to makes no file that everybody may write to.
const FROM_FOLDER: u32 = 0o664;
const ALL: u32 = 0o777;
const WRITE_OF_OTHERS: u32 = 0o022;
const SET_GROUP: u32 = 0o2000;
const STICKY: u32 = 0o1000;

/// The user and the group that files of ours belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Us {
    user: u32,
    group: u32,
}

impl Us {
    /// Those of this process.
    pub(super) fn of_process() -> Self {
        Self {
            user: geteuid().as_raw(),
            group: getegid().as_raw(),
        }
    }
}

/// What a new file has to go by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Models {
    /// A file of the same block, or of another.
    pub(super) neighbour: Option<Permissions>,
    /// The file that it is a copy of, in another folder.
    pub(super) original: Option<Permissions>,
    /// The folder that it lies in, or the nearest above that.
    pub(super) folder: Permissions,
    pub(super) us: Us,
}

impl Models {
    /// The permissions of a new file: whoever may read its neighbour or its original may read it. It gets the owner and group of the neighbour;
    /// without one those of the folder; and where the folder's owner is this process's user, those of the original.
    pub(super) fn file(&self) -> Permissions {
        let bits = |model: Option<Permissions>| model.map_or(0, |model| model.mode);
        let mode = match bits(self.neighbour) | bits(self.original) {
            0 => self.folder.mode & FROM_FOLDER,
            mode => mode & READ_AND_WRITE,
        };
        let original = self.original.unwrap_or(self.folder);
        let mut belongs = match self.neighbour {
            Some(neighbour) => neighbour,
            None if self.folder.owner == self.us.user => original,
            None => self.folder,
        };
        if self.neighbour.is_none() && self.folder.mode & SET_GROUP != 0 {
            belongs.group = self.folder.group;
        }
        Permissions { mode, ..belongs }
    }
}

impl Permissions {
    /// The permissions of a folder made in this one, for a file with these permissions: those of this folder, and whoever may read the file may
    /// enter.
    pub(super) fn of_folder_for(&self, file: Option<&Permissions>, us: Us) -> Permissions {
        let mut mode = self.mode & ALL;
        let mut belongs = *self;
        let sticky = self.mode & STICKY != 0;
        if sticky {
            // Everybody may make folders there, each for himself.
            mode &= !WRITE_OF_OTHERS;
            (belongs.owner, belongs.group) = (us.user, us.group);
        }
        if let Some(file) = file {
            let read = file.mode & READ;
            mode |= read | (read >> 2);
            if belongs.owner == us.user {
                belongs.owner = file.owner;
                if self.mode & SET_GROUP == 0 {
                    belongs.group = file.group;
                }
            }
        }
        Permissions { mode, ..belongs }
    }

    /// The same, and everybody may look into it: for folders that lie above a bucket, or are its own.
    pub(super) fn open_to_all(self) -> Self {
        Self {
            mode: self.mode | 0o755,
            ..self
        }
    }

    /// Whether anybody may read a file with these permissions but not one with `other`, as far as the bits tell.
    fn has_readers_that_lack(&self, other: &Permissions) -> bool {
        if other.mode & 0o004 != 0 {
            return false;
        }
        let group_reads = other.mode & 0o040 != 0 && self.group == other.group;
        // Where a user has a group of his own, both have one number.
        let owner_reads = self.owner == other.owner || (group_reads && self.owner == self.group);
        let owner_lacks = self.mode & 0o400 != 0 && !owner_reads;
        let group_lacks = self.mode & 0o040 != 0 && !group_reads;
        self.mode & 0o004 != 0 || owner_lacks || group_lacks
    }
}

/// Gives these permissions to a file or folder of ours, as far as the system lets us: only root gives files away. Tells whether all who may
/// read by them can read now.
pub(super) fn give(file: &File, wanted: &Permissions, us: Us) -> io::Result<bool> {
    let facts = |file: &File| -> io::Result<Permissions> {
        let facts: Facts = fstat(file)?.into();
        Ok(facts.permissions)
    };
    let has = facts(file)?;
    let owner = (has.owner != wanted.owner && us.user == ROOT).then_some(wanted.owner);
    let group = (has.group != wanted.group).then_some(wanted.group);
    if owner.is_some() || group.is_some() {
        unless_refused(fchown(file, owner, group))?;
    }
    let has = facts(file)?;
    if has.mode & ALL != wanted.mode {
        // The bits that are set on folders are inherited, and stay.
        let mode = (has.mode & !ALL) | wanted.mode;
        let mode = std::fs::Permissions::from_mode(mode);
        unless_refused(file.set_permissions(mode))?;
    }
    Ok(!wanted.has_readers_that_lack(&facts(file)?))
}

/// Ignores refusals by the system or the file system: the caller checks the result.
fn unless_refused(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(err)
            if matches!(
                err.kind(),
                io::ErrorKind::PermissionDenied
                    | io::ErrorKind::Unsupported
                    | io::ErrorKind::InvalidInput
            ) =>
        {
            Ok(())
        }
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: Us = Us {
        user: ROOT,
        group: 0,
    };

    fn permissions(mode: u32, owner: u32) -> Permissions {
        Permissions {
            mode,
            owner,
            group: owner,
        }
    }

    /// S-5.19
    #[test]
    fn a_file_is_as_readable_as_its_neighbour_and_its_original() {
        let some = |mode, owner| Some(permissions(mode, owner));
        for (neighbour, original, folder, expected) in [
            (some(0o644, 7), None, (0o700, 0), (0o644, 7)),
            (some(0o640, 7), some(0o604, 8), (0o700, 0), (0o644, 7)),
            (None, some(0o640, 8), (0o755, 0), (0o640, 8)),
            (None, some(0o640, 8), (0o755, 9), (0o640, 9)),
            (None, None, (0o755, 9), (0o644, 9)),
            (None, None, (0o1777, 0), (0o664, 0)),
            (some(0o4755, 7), None, (0o755, 0), (0o644, 7)),
        ] {
            let models = Models {
                neighbour,
                original,
                folder: permissions(folder.0, folder.1),
                us: US,
            };
            let (mode, owner) = expected;
            assert_eq!(models.file(), permissions(mode, owner), "{models:?}");
        }
        let inherited = Models {
            neighbour: None,
            original: some(0o640, 8),
            folder: Permissions {
                group: 20,
                ..permissions(0o2775, 0)
            },
            us: US,
        };
        assert_eq!((inherited.file().owner, inherited.file().group), (8, 20));
    }

    /// S-5.19
    #[test]
    fn a_folder_is_as_open_as_its_parent_and_lets_readers_to_their_file() {
        for (parent, file, expected) in [
            ((0o755, 0), None, (0o755, 0)),
            ((0o750, 9), Some((0o640, 8)), (0o750, 9)),
            ((0o700, 0), Some((0o644, 8)), (0o755, 8)),
            ((0o1777, 9), Some((0o640, 8)), (0o755, 8)),
            ((0o1777, 9), None, (0o755, ROOT)),
        ] {
            let file = file.map(|(mode, owner)| permissions(mode, owner));
            let made = permissions(parent.0, parent.1).of_folder_for(file.as_ref(), US);
            assert_eq!(
                made,
                permissions(expected.0, expected.1),
                "{parent:?} {file:?}"
            );
        }
    }

    #[test]
    fn who_cannot_read_any_more_is_known() {
        for (wanted, has, lacks) in [
            ((0o640, 7), (0o640, 7), false),
            ((0o640, 7), (0o640, 8), true),
            ((0o640, 7), (0o644, 8), false),
            ((0o644, 7), (0o640, 7), true),
            ((0o600, 7), (0o600, 8), true),
        ] {
            let [wanted, has] = [wanted, has].map(|(mode, owner)| permissions(mode, owner));
            assert_eq!(
                wanted.has_readers_that_lack(&has),
                lacks,
                "{wanted:?} {has:?}"
            );
        }
        let of_group = |owner| Permissions {
            owner,
            ..permissions(0o640, 7)
        };
        assert!(!of_group(7).has_readers_that_lack(&of_group(8)));
        assert!(of_group(9).has_readers_that_lack(&of_group(8)));
    }
}
