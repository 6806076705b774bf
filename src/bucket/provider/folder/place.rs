//! Gives staged files their names and takes names away, so that what was acknowledged outlives a power cut.

use std::io;
use std::sync::Arc;

use object_store::path::Path as Location;
use object_store::{Extensions, PutResult, Result};
use rustix::fs::FileType;

use super::blocking::in_folder;
use super::directory::{Directory, is_absence};
use super::failure::Attempt::Write;
use super::failure::{failed, generic, is_stale, link};
use super::identity::Permissions;
use super::root::{ATTEMPTS, Root, Spot};
use super::staging::Staged;

/// What becomes of an object that has the name already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    Replace,
    Keep,
}

/// Makes the staged file appear at `location`, whole and at once, and tells its entity tag. Its content must be on disk already.
pub(super) fn place(
    root: &Root,
    staged: &Staged,
    permissions: &Permissions,
    location: &Location,
    existing: Existing,
) -> Result<String> {
    for _ in 0..ATTEMPTS {
        let Some(spot) = make_folders(root, location, permissions)? else {
            continue;
        };
        let looked = spot.folder.look(&spot.name);
        if looked.is_ok_and(|facts| facts.kind == FileType::Symlink) {
            return Err(link(&spot.path()));
        }
        let err = match give_name(staged, &spot, existing) {
            Ok(()) => {
                sync(&spot)?;
                return Ok(staged.facts()?.e_tag());
            }
            Err(err) => err,
        };
        if err.kind() == io::ErrorKind::AlreadyExists {
            // A folder is no object, so that reading would find none.
            let there = spot.folder.look(&spot.name);
            if there.is_ok_and(|facts| facts.kind == FileType::Directory) {
                let obstacle = io::ErrorKind::IsADirectory.into();
                return Err(failed(Write("write"), &spot.path())(obstacle));
            }
            return Err(object_store::Error::AlreadyExists {
                path: location.to_string(),
                source: err.into(),
            });
        }
        // The block's folder is a mount of its own, or has a quota of its own.
        if err.kind() == io::ErrorKind::CrossesDevices
            && let Some(block) = spot.folders.get(1)
            && block.path() != staged.home().path()
        {
            let again = staged.again_in(root, block)?;
            let permissions = again.finish(root, location)?;
            return place(root, &again, &permissions, location, existing);
        }
        // A delete pruned the folder between our making it and our using it.
        if !is_absence(&err) && !is_stale(&err) {
            return Err(failed(Write("write"), &spot.path())(err));
        }
    }
    let path = root.path().join(location.as_ref());
    Err(generic(format!(
        "the folder of {} is removed faster than a file can be put there",
        path.display()
    )))
}

/// Makes the folders that `location` lies in. `None`: one was removed meanwhile, begin again.
fn make_folders(root: &Root, location: &Location, file: &Permissions) -> Result<Option<Spot>> {
    root.spot_or(location, |parent, name| {
        let path = || parent.path().join(name);
        match root.beside().make_folder(parent, name, Some(file)) {
            Err(err) if is_absence(&err) || is_stale(&err) => return Ok(None),
            made => made.map_err(failed(Write("create the folder"), &path()))?,
        }
        let folder = root.enter(parent, name)?;
        let obstacle = parent.look(name);
        if folder.is_none() && obstacle.is_ok_and(|facts| facts.kind != FileType::Directory) {
            let obstacle = io::ErrorKind::NotADirectory.into();
            return Err(failed(Write("create the folder"), &path())(obstacle));
        }
        Ok(folder)
    })
}

fn give_name(staged: &Staged, spot: &Spot, existing: Existing) -> io::Result<()> {
    let (folder, name) = staged.place();
    match existing {
        Existing::Replace => folder.rename(name, &spot.folder, &spot.name),
        Existing::Keep => match folder.link(name, &spot.folder, &spot.name) {
            Err(err)
                if matches!(
                    err.kind(),
                    io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
                ) =>
            {
                create_under_lock(staged, spot)
            }
            // A network file system that repeats a request whose answer was lost meets its own link.
            Err(err) if err.kind() == io::ErrorKind::AlreadyExists && is_ours(staged, spot) => {
                Ok(())
            }
            linked => linked,
        },
    }
}

/// For file systems without hard links: creators take turns, and whoever finds nothing there renames.
///
/// The lock is on the bucket's folder itself, so that it leaves nothing behind and ends with its holder.
fn create_under_lock(staged: &Staged, spot: &Spot) -> io::Result<()> {
    let turn = spot.folders.first().unwrap_or(&spot.folder).as_file()?;
    turn.lock()?;
    match spot.folder.look(&spot.name) {
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(err) if err.kind() == io::ErrorKind::NotFound => {
            let (folder, name) = staged.place();
            folder.rename(name, &spot.folder, &spot.name)
        }
        Err(err) => Err(err),
    }
}

fn is_ours(staged: &Staged, spot: &Spot) -> bool {
    match (staged.facts(), spot.folder.look(&spot.name)) {
        (Ok(ours), Ok(there)) => ours.same_file(&there),
        _ => false,
    }
}

/// Brings the name to the disk, and the names of all the folders above it: whoever made those may not have done so yet.
fn sync(spot: &Spot) -> Result<()> {
    for folder in spot.folders.iter().rev() {
        match folder.sync() {
            // Deleted by somebody else right after it was put.
            Err(err) if is_absence(&err) || is_stale(&err) => {}
            synced => synced.map_err(failed(Write("write to disk"), folder.path()))?,
        }
    }
    Ok(())
}

/// Removes the object at `location`, and the folders above it that are empty then; fine if there is none. A folder is no object.
pub(super) fn remove(root: &Root, location: &Location) -> Result<()> {
    root.refuse_reader()?;
    let Some((spot, seen)) = root.look(location)? else {
        return Ok(());
    };
    if seen.kind == FileType::Directory {
        return Ok(());
    }
    match spot.folder.remove(&spot.name) {
        Ok(()) => {}
        Err(err) if is_absence(&err) => return Ok(()),
        Err(err) => return Err(failed(Write("delete"), &spot.path())(err)),
    }
    match survivor(&spot).sync() {
        Err(err) if !is_absence(&err) => Err(failed(Write("delete on disk"), &spot.path())(err)),
        _ => Ok(()),
    }
}

/// Removes the folders of a removed object that are empty now, and tells the innermost that is left. The bucket's own stays.
fn survivor(spot: &Spot) -> &Directory {
    for pair in spot.folders.windows(2).rev() {
        let [parent, folder] = pair else {
            continue;
        };
        if !is_pruned(parent, folder) {
            return folder;
        }
    }
    spot.folders.first().unwrap_or(&spot.folder)
}

/// Whether the folder is gone now. Only an empty one can be removed.
fn is_pruned(parent: &Directory, folder: &Directory) -> bool {
    let Some(name) = folder.path().file_name() else {
        return false;
    };
    match parent.remove_folder(name) {
        Ok(()) => true,
        Err(err) => is_absence(&err),
    }
}

/// Brings the staged content to the disk, then gives it its name.
///
/// These are two steps, so that a caller who stops waiting for the long first one can be sure that the second will not follow.
pub(super) async fn put_staged(
    root: Arc<Root>,
    staged: Arc<Staged>,
    location: Location,
    existing: Existing,
) -> object_store::Result<PutResult> {
    let (permissions, staged, location) = in_folder(Arc::clone(&root), move |root| {
        let permissions = staged.finish(root, &location)?;
        Ok((permissions, staged, location))
    })
    .await?;
    let e_tag = in_folder(root, move |root| {
        let e_tag = place(root, &staged, &permissions, &location, existing)?;
        staged.discard();
        Ok(e_tag)
    })
    .await?;
    Ok(PutResult {
        e_tag: Some(e_tag),
        version: None,
        extensions: Extensions::new(),
    })
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::path::Path;
    use std::thread;

    use super::*;
    use crate::bucket::access::{Access, MissingRoot};

    #[test]
    fn without_hard_links_one_of_several_creators_wins_as_well() {
        let folder = tempfile::TempDir::new().unwrap();
        let directory = folder.path().to_owned();
        let root = Root::new(directory, Path::new(""), Access::Write, MissingRoot::Error);
        for round in 0..20 {
            let location = Location::from(round.to_string());
            let winners = thread::scope(|scope| {
                let creators: Vec<_> = (0..8)
                    .map(|_| {
                        scope.spawn(|| {
                            let staged = Staged::create(&root, None).unwrap();
                            let spot = root.spot(&location).unwrap().unwrap();
                            create_under_lock(&staged, &spot)
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
            assert!(folder.path().join(round.to_string()).is_file());
        }
    }
}
