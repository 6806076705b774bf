//! Lists a folder in the order of full keys, holding one directory's names at each depth and nothing more.

use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::vec;

use futures::stream::{self, BoxStream, StreamExt};
use object_store::path::{Path as Location, PathPart};
use object_store::{Extensions, ListResult, ObjectMeta, Result};

use super::blocking;
use super::failure::failed;
use super::identity::{left_out, object, same_file, stand_in};
use super::root::{Root, is_absence, is_staging};

/// How many objects are looked up in one go.
const BATCH: usize = 512;

/// All objects below `prefix`, sorted by name. What vanishes meanwhile is left out; an error ends the listing.
pub(super) fn list(root: Arc<Root>, prefix: Location) -> BoxStream<'static, Result<ObjectMeta>> {
    let walk = Walk {
        root,
        start: Some(prefix),
        entered: None,
        levels: Vec::new(),
    };
    stream::unfold(Some(walk), |walk| async {
        let mut walk = walk?;
        let batch = blocking(move || {
            let batch: Vec<_> = walk.by_ref().take(BATCH).collect();
            let rest = (batch.len() == BATCH).then_some(walk);
            Ok((batch, rest))
        });
        let (batch, rest) = batch.await.unwrap_or_else(|err| (vec![Err(err)], None));
        Some((stream::iter(batch), rest))
    })
    .flatten()
    .boxed()
}

/// The objects and folders that lie in `prefix` itself. Empty folders are among the folders.
pub(super) fn list_one_level(root: &Root, prefix: &Location) -> Result<ListResult> {
    let mut found = ListResult {
        common_prefixes: Vec::new(),
        objects: Vec::new(),
        extensions: Extensions::new(),
    };
    let Some(level) = Level::of_prefix(root, prefix)? else {
        return Ok(found);
    };
    for child in level.children {
        match child.shape {
            Shape::File => found.objects.extend(child.show(&level.directory)?),
            Shape::LeftOut(_) => {}
            _ => found.common_prefixes.push(child.location),
        }
    }
    found.common_prefixes.sort_unstable();
    Ok(found)
}

/// A walk through all objects below a prefix. It ends with its first error.
struct Walk {
    root: Arc<Root>,
    /// Where to begin; `None` once the walk has.
    start: Option<Location>,
    /// The root as the walk entered it.
    entered: Option<Metadata>,
    /// The directories that the walk is in, outermost first.
    levels: Vec<Level>,
}

impl Iterator for Walk {
    type Item = Result<ObjectMeta>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.advance().transpose();
        if matches!(found, Some(Err(_))) {
            self.levels.clear();
            self.entered = None;
        }
        found
    }
}

impl Walk {
    fn advance(&mut self) -> Result<Option<ObjectMeta>> {
        if let Some(prefix) = self.start.take() {
            self.entered = self.root.metadata()?;
            self.levels.extend(Level::of_prefix(&self.root, &prefix)?);
        }
        while let Some(level) = self.levels.last_mut() {
            let Some(child) = level.children.next() else {
                self.levels.pop();
                continue;
            };
            if let Shape::LeftOut(why) = child.shape {
                self.root.warn_of(&child.location, why);
            }
            if matches!(
                child.shape,
                Shape::File | Shape::EmptyFolder | Shape::LeftOut(_)
            ) {
                if let Some(shown) = child.show(&level.directory)? {
                    return Ok(Some(shown));
                }
                continue;
            }
            let directory = child.path_in(&level.directory);
            let Some(inside) = Level::of_directory(directory, &child.location)? else {
                continue;
            };
            if inside.children.len() == 0 && child.shape == Shape::Folder {
                if let Some(shown) = child.show(&level.directory)? {
                    return Ok(Some(shown));
                }
                continue;
            }
            self.levels.push(inside);
        }
        self.refuse_other_root().map(|()| None)
    }

    /// A disk that is unmounted under the walk makes all that is left vanish: that is no end of the list.
    fn refuse_other_root(&mut self) -> Result<()> {
        let Some(entered) = self.entered.take() else {
            return Ok(());
        };
        match self.root.metadata()? {
            Some(metadata) if same_file(&entered, &metadata) => Ok(()),
            _ => Err(self.root.gone(io::ErrorKind::NotFound.into())),
        }
    }
}

/// One directory, with those of its children that are still to be shown.
struct Level {
    directory: PathBuf,
    children: vec::IntoIter<Child>,
}

impl Level {
    /// The directory that `prefix` names; `None` if there is none.
    fn of_prefix(root: &Root, prefix: &Location) -> Result<Option<Self>> {
        if root.metadata()?.is_none() || is_staging(prefix) {
            return Ok(None);
        }
        if prefix.is_root() {
            return Self::of_directory(root.directory().to_owned(), prefix);
        }
        match root.look(prefix)? {
            Some((directory, metadata)) if metadata.is_dir() => {
                Self::of_directory(directory, prefix)
            }
            _ => Ok(None),
        }
    }

    /// The directory at `location`; `None` if it has vanished.
    fn of_directory(directory: PathBuf, location: &Location) -> Result<Option<Self>> {
        let Some(mut children) = children(&directory, location)? else {
            return Ok(None);
        };
        children.sort_unstable_by(Child::by_key);
        if settle_stand_ins(&mut children, &directory)? {
            children.sort_unstable_by(Child::by_key);
        }
        Ok(Some(Self {
            directory,
            children: children.into_iter(),
        }))
    }
}

/// Something in a directory that is, or holds, objects, or looks as if it did.
struct Child {
    location: Location,
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    File,
    /// Nobody has looked into it yet.
    Folder,
    /// Known to be empty: its stand-in sorts as a file does.
    EmptyFolder,
    /// Found to hold something. Should that vanish, a stand-in would come out of order, and there is none.
    FilledFolder,
    /// No object, and why.
    LeftOut(&'static str),
}

impl Child {
    /// By name; what lies in a folder has a `/` behind the folder's name, which sorts behind `-` and `.`. Of two that are listed under one
    /// name, the first counts.
    fn by_key(one: &Self, other: &Self) -> std::cmp::Ordering {
        let is_object = |child: &Self| !matches!(child.shape, Shape::LeftOut(_));
        one.key()
            .cmp(other.key())
            .then_with(|| is_object(one).cmp(&is_object(other)))
    }

    fn key(&self) -> impl Iterator<Item = u8> {
        let slash = matches!(self.shape, Shape::Folder | Shape::FilledFolder).then_some(b'/');
        self.location.as_ref().bytes().chain(slash)
    }

    fn path_in(&self, directory: &Path) -> PathBuf {
        directory.join(self.location.filename().unwrap_or_default())
    }

    /// How this shows in a listing; `None` if it has vanished, or something else took its place.
    fn show(self, directory: &Path) -> Result<Option<ObjectMeta>> {
        if let Shape::LeftOut(why) = self.shape {
            return Ok(Some(left_out(self.location, why)));
        }
        let path = self.path_in(directory);
        match (self.shape, fs::symlink_metadata(&path)) {
            (Shape::File, Ok(metadata)) if metadata.is_file() => {
                Ok(Some(object(self.location, &metadata)))
            }
            (Shape::Folder | Shape::EmptyFolder, Ok(metadata)) if metadata.is_dir() => {
                Ok(Some(stand_in(self.location, &metadata)))
            }
            (_, Ok(_)) => Ok(None),
            (_, Err(err)) if is_absence(&err) => Ok(None),
            (_, Err(err)) => Err(failed("look at", &path)(err)),
        }
    }
}

/// Finds out which folders are empty where the order depends on it. Tells whether any is.
///
/// The stand-in of `a` goes before `a-b`, but what lies in `a` behind it.
fn settle_stand_ins(children: &mut [Child], directory: &Path) -> Result<bool> {
    let mut any_empty = false;
    let mut before = String::new();
    for child in children {
        let name = child.location.as_ref();
        if child.shape == Shape::Folder && !before.is_empty() && before.starts_with(name) {
            let inside = self::children(&child.path_in(directory), &child.location)?;
            child.shape = if inside.is_some_and(|inside| inside.is_empty()) {
                any_empty = true;
                Shape::EmptyFolder
            } else {
                Shape::FilledFolder
            };
        }
        before.clear();
        before.push_str(child.location.as_ref());
    }
    Ok(any_empty)
}

/// What lies in `directory`, in no order; `None` if it has vanished.
fn children(directory: &Path, location: &Location) -> Result<Option<Vec<Child>>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(err) if is_absence(&err) => return Ok(None),
        Err(err) => return Err(failed("list", directory)(err)),
    };
    let mut children = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed("list", directory))?;
        children.extend(child(&entry, location)?);
    }
    Ok(Some(children))
}

fn child(entry: &DirEntry, parent: &Location) -> Result<Option<Child>> {
    let name = entry.file_name();
    let Some(part) = name.to_str().and_then(|name| PathPart::parse(name).ok()) else {
        let part = PathPart::from(name.as_bytes());
        return Ok(Some(Child {
            location: parent.clone().join(part),
            shape: Shape::LeftOut("its name cannot be an object's"),
        }));
    };
    let location = parent.clone().join(part);
    if is_staging(&location) {
        return Ok(None);
    }
    let file_type = match entry.file_type() {
        Ok(file_type) => file_type,
        Err(err) if is_absence(&err) => return Ok(None),
        Err(err) => return Err(failed("look at", &entry.path())(err)),
    };
    let shape = if file_type.is_file() {
        Shape::File
    } else if file_type.is_dir() {
        Shape::Folder
    } else if file_type.is_symlink() {
        Shape::LeftOut("symbolic links are not followed")
    } else {
        Shape::LeftOut("it is neither a file nor a folder")
    };
    Ok(Some(Child { location, shape }))
}
