//! Gives staged files their names and takes names away, so that what was acknowledged outlives a power cut.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use object_store::Result;
use object_store::path::Path as Location;

use super::failure::{failed, generic, link};
use super::identity::same_file;
use super::root::{ATTEMPTS, Root, is_absence, sync_folder};
use super::staging::Staged;

/// What becomes of an object that has the name already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    Replace,
    Keep,
}

/// Makes the staged file appear at `location`, whole and at once. Its content must be on disk already.
pub(super) fn place(
    root: &Root,
    staged: &Staged,
    location: &Location,
    existing: Existing,
) -> Result<()> {
    let path = root.path_of(location)?;
    for _ in 0..ATTEMPTS {
        if !make_parents(root, location)? {
            continue;
        }
        if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink()) {
            return Err(link(&path));
        }
        let placed = match existing {
            Existing::Replace => fs::rename(staged.path(), &path),
            Existing::Keep => create(root, staged, &path),
        };
        match placed {
            Ok(()) => return sync_up_to_root(root, &path),
            // A delete pruned the folder between our making it and our using it.
            Err(err) if err.kind() == io::ErrorKind::NotFound => {}
            Err(err) if err.kind() == io::ErrorKind::AlreadyExists => {
                return Err(object_store::Error::AlreadyExists {
                    path: location.to_string(),
                    source: err.into(),
                });
            }
            Err(err) => return Err(failed("write", &path)(err)),
        }
    }
    Err(generic(format!(
        "the folder of {} is removed faster than a file can be put there",
        path.display()
    )))
}

/// Makes the folders that `location` lies in. `false`: one was removed meanwhile, begin again.
fn make_parents(root: &Root, location: &Location) -> Result<bool> {
    let mut folder = root.directory().to_owned();
    let depth = location.parts_count().saturating_sub(1);
    for part in location.parts().take(depth) {
        folder.push(part.as_ref());
        match fs::create_dir(&folder) {
            Ok(()) => {}
            Err(err) if err.kind() == io::ErrorKind::AlreadyExists => {
                match fs::symlink_metadata(&folder) {
                    Ok(metadata) if metadata.is_symlink() => return Err(link(&folder)),
                    Ok(metadata) if metadata.is_dir() => {}
                    Ok(_) => {
                        let obstacle = io::ErrorKind::NotADirectory.into();
                        return Err(failed("create the folder", &folder)(obstacle));
                    }
                    Err(err) if is_absence(&err) => return Ok(false),
                    Err(err) => return Err(failed("look at", &folder)(err)),
                }
            }
            Err(err) if err.kind() == io::ErrorKind::NotFound => {
                return match root.metadata()? {
                    Some(_) => Ok(false),
                    None => Err(root.gone(err)),
                };
            }
            Err(err) => return Err(failed("create the folder", &folder)(err)),
        }
    }
    Ok(true)
}

/// Gives the staged file the name `path` unless something has it.
fn create(root: &Root, staged: &Staged, path: &Path) -> io::Result<()> {
    match fs::hard_link(staged.path(), path) {
        Err(err)
            if matches!(
                err.kind(),
                io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
            ) =>
        {
            create_under_lock(root, staged, path)
        }
        // A network file system that repeats a request whose answer was lost meets its own link.
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists && is_ours(staged, path) => Ok(()),
        linked => linked,
    }
}

/// For file systems without hard links: creators take turns, and whoever finds nothing there renames.
///
/// The lock is on the root itself, so that it leaves nothing behind and ends with its holder.
fn create_under_lock(root: &Root, staged: &Staged, path: &Path) -> io::Result<()> {
    let turn = File::open(root.directory())?;
    turn.lock()?;
    match fs::symlink_metadata(path) {
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(err) if err.kind() == io::ErrorKind::NotFound => fs::rename(staged.path(), path),
        Err(err) => Err(err),
    }
}

fn is_ours(staged: &Staged, path: &Path) -> bool {
    match (staged.metadata(), fs::symlink_metadata(path)) {
        (Ok(ours), Ok(theirs)) => same_file(&ours, &theirs),
        _ => false,
    }
}

/// Brings the name `path` to the disk, and the names of all the folders above it: whoever made those may not have done so yet.
fn sync_up_to_root(root: &Root, path: &Path) -> Result<()> {
    for folder in path.ancestors().skip(1) {
        match sync_folder(folder) {
            // Deleted by somebody else right after it was put.
            Err(err) if is_absence(&err) => {}
            synced => synced.map_err(failed("write to disk", folder))?,
        }
        if folder == root.directory() {
            break;
        }
    }
    Ok(())
}

/// Removes the object at `location`, and the folders above it that are empty then; fine if there is none.
///
/// Given an empty folder's name, as a listing shows it, removes that. A folder with something in it is no object.
pub(super) fn remove(root: &Root, location: &Location) -> Result<()> {
    root.refuse_reader()?;
    let Some((path, seen)) = root.look(location)? else {
        root.metadata()?;
        return Ok(());
    };
    let removed = if seen.is_dir() {
        fs::remove_dir(&path)
    } else {
        fs::remove_file(&path)
    };
    match removed {
        Ok(()) => {}
        Err(err) if is_absence(&err) || err.kind() == io::ErrorKind::DirectoryNotEmpty => {
            return Ok(());
        }
        Err(err) => return Err(failed("delete", &path)(err)),
    }
    let survivor = path
        .ancestors()
        .skip(1)
        .find(|folder| *folder == root.directory() || !is_pruned(folder));
    match survivor.map(sync_folder) {
        Some(Err(err)) if !is_absence(&err) => Err(failed("delete on disk", &path)(err)),
        _ => Ok(()),
    }
}

/// Whether the folder is gone now. Only an empty one can be removed.
fn is_pruned(folder: &Path) -> bool {
    match fs::remove_dir(folder) {
        Ok(()) => true,
        Err(err) => is_absence(&err),
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::thread;

    use super::*;
    use crate::bucket::folder::{Access, MissingRoot};

    #[test]
    fn without_hard_links_one_of_several_creators_wins_as_well() {
        let folder = tempfile::TempDir::new().unwrap();
        let directory = folder.path().to_owned();
        let root = Root::new(directory.clone(), Access::Write, MissingRoot::Error);
        for round in 0..20 {
            let path = directory.join(round.to_string());
            let winners = thread::scope(|scope| {
                let creators: Vec<_> = (0..8)
                    .map(|_| {
                        scope.spawn(|| {
                            let staged = Staged::create(&root).unwrap();
                            create_under_lock(&root, &staged, &path)
                        })
                    })
                    .collect();
                creators
                    .into_iter()
                    .map(|creator| creator.join().unwrap())
                    .filter(|created| match created {
                        Ok(()) => true,
                        Err(err) => {
                            assert_eq!(err.kind(), io::ErrorKind::AlreadyExists);
                            false
                        }
                    })
                    .count()
            });
            assert_eq!(winners, 1);
            assert!(path.is_file());
        }
    }
}
