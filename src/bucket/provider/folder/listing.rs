//! Lists a folder in the order of full keys, holding one directory's names at each depth and nothing more.
//!
//! The bucket's own folder is a bucket of blocks: other folders in it are shown and not looked into, for they may be a disk's `lost+found` or
//! the snapshots of years.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::vec;

use futures::stream::{self, BoxStream, StreamExt};
use object_store::path::{Path as Location, PathPart};
use object_store::{Extensions, ListResult, Result};
use rustix::fs::FileType;

use super::blocking::in_folder;
use super::directory::{Directory, is_absence, is_link};
use super::failure::Attempt::{self, Read};
use super::failure::{failed, is_of_one_entry};
use super::identity::{entry, left_out, object, stand_in};
use super::root::{Root, STAGING, is_of_a_block};
use crate::block::LeftOut;
use crate::bucket::store::Entry;

/// Folders of blocks lie one in another, and no deeper than this. Each level is held open.
const DEPTH: usize = 32;

/// How many objects are looked up in one go.
const BATCH: usize = 512;

/// What lies below `prefix`, sorted by name, and only what comes after a name where one is given. What vanishes meanwhile is left out; an error
/// ends the listing.
///
/// What may not be looked at is an error, too, in the listing of one folder. In a listing of the whole bucket it shows as left out, so that
/// others are seen all the same.
pub(super) fn list(
    root: Arc<Root>,
    prefix: Location,
    after: Option<&str>,
) -> BoxStream<'static, Result<Entry>> {
    let closed = if prefix.is_root() {
        Closed::Shown
    } else {
        Closed::Refused
    };
    let walk = Walk {
        view: View { closed },
        after: after.unwrap_or_default().to_owned(),
        start: Some(prefix),
        levels: Vec::new(),
    };
    stream::unfold(Some(walk), move |walk| {
        let root = Arc::clone(&root);
        async move {
            let mut walk = walk?;
            let batch = in_folder(root, move |root| {
                let mut batch = Vec::new();
                while batch.len() < BATCH {
                    match walk.next(root) {
                        Ok(None) => return Ok((batch, None)),
                        Ok(Some(found)) => batch.push(Ok(found)),
                        Err(err) => {
                            batch.push(Err(err));
                            return Ok((batch, None));
                        }
                    }
                }
                Ok((batch, Some(walk)))
            });
            let (batch, rest) = batch.await.unwrap_or_else(|err| (vec![Err(err)], None));
            Some((stream::iter(batch), rest))
        }
    })
    .flatten()
    .boxed()
}

/// The objects and folders that lie in `prefix` itself.
pub(super) fn list_one_level(root: &Root, prefix: &Location) -> Result<ListResult> {
    let mut found = ListResult {
        common_prefixes: Vec::new(),
        objects: Vec::new(),
        extensions: Extensions::new(),
    };
    let view = View {
        closed: Closed::Shown,
    };
    let Some(level) = view.level_of_prefix(root, prefix)? else {
        return Ok(found);
    };
    for child in level.children {
        match child.shape {
            Shape::File => {
                let facts = level.directory.look(&child.name());
                let facts = facts
                    .ok()
                    .filter(|facts| facts.kind == FileType::RegularFile);
                let object = facts.map(|facts| object(child.location, &facts));
                found.objects.extend(object);
            }
            Shape::LeftOut(_) => {}
            _ => found.common_prefixes.push(child.location),
        }
    }
    found.common_prefixes.sort_unstable();
    Ok(found)
}

/// A walk through all objects below a prefix.
struct Walk {
    view: View,
    /// What is listed comes after this name.
    after: String,
    /// Where to begin; `None` once the walk has.
    start: Option<Location>,
    /// The directories that the walk is in, outermost first.
    levels: Vec<Level>,
}

impl Walk {
    fn next(&mut self, root: &Root) -> Result<Option<Entry>> {
        if let Some(prefix) = self.start.take() {
            self.levels
                .extend(self.view.level_of_prefix(root, &prefix)?);
        }
        while let Some(level) = self.levels.last_mut() {
            let Some(child) = level.children.next() else {
                self.levels.pop();
                continue;
            };
            if child.comes_before(&self.after) {
                continue;
            }
            let shown = if child.shape == Shape::Folder {
                let inside = self.view.inside(root, &level.directory, &child.location)?;
                match inside {
                    Inside::Level(_) if self.levels.len() == DEPTH => {
                        let why = LeftOut::Odd("it lies deeper than a block's files do".into());
                        root.tell_of(&child.location, &why);
                        Some(left_out(child.location, why))
                    }
                    Inside::Vanished => None,
                    Inside::Closed(why) => {
                        root.tell_of(&child.location, &why);
                        Some(left_out(child.location, why))
                    }
                    Inside::Level(inside) => {
                        // Thanos sees nothing in it either; it is a block's directory all the same.
                        let is_empty_block =
                            inside.children.len() == 0 && self.levels.len() == 1 && self.is_whole();
                        self.levels.push(inside);
                        is_empty_block.then(|| stand_in(child.location))
                    }
                }
            } else {
                self.view.show(root, child, &level.directory)?
            };
            if shown.is_some() {
                return Ok(shown);
            }
        }
        if self.is_whole() && self.after.is_empty() {
            root.all_found();
        }
        Ok(None)
    }

    /// Whether it goes through the whole bucket.
    fn is_whole(&self) -> bool {
        self.view.closed == Closed::Shown
    }
}

/// How a listing looks at what it meets.
#[derive(Debug, Clone, Copy)]
struct View {
    closed: Closed,
}

/// What becomes of what may not be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closed {
    /// It is left out, and that is told.
    Shown,
    /// It is an error.
    Refused,
}

/// What is in a folder.
enum Inside {
    Vanished,
    Closed(LeftOut),
    Level(Level),
}

/// One directory, with those of its children that are still to be shown.
struct Level {
    directory: Arc<Directory>,
    children: vec::IntoIter<Child>,
}

/// Something in a directory that is, or holds, objects, or looks as if it did.
#[derive(Debug)]
struct Child {
    location: Location,
    shape: Shape,
}

#[derive(Debug, PartialEq, Eq)]
enum Shape {
    File,
    Folder,
    /// It lies beside the blocks, and nobody looks into it.
    OtherFolder,
    LeftOut(LeftOut),
}

impl Child {
    /// By full key: a folder's name sorts as if it ended in `/`, which comes after `-` and `.`. Of two entries with the same key, the first counts.
    fn by_key(one: &Self, other: &Self) -> std::cmp::Ordering {
        let is_object = |child: &Self| !matches!(child.shape, Shape::LeftOut(_));
        one.key()
            .cmp(other.key())
            .then_with(|| is_object(one).cmp(&is_object(other)))
    }

    fn key(&self) -> impl Iterator<Item = u8> {
        let slash = (self.shape == Shape::Folder).then_some(b'/');
        self.location.as_ref().bytes().chain(slash)
    }

    /// Whether all that it shows comes before the name, or is it.
    fn comes_before(&self, name: &str) -> bool {
        let begins_name = || {
            let inside = name.strip_prefix(self.location.as_ref());
            inside.is_some_and(|inside| inside.starts_with('/'))
        };
        self.key().le(name.bytes()) && !(self.shape == Shape::Folder && begins_name())
    }

    fn name(&self) -> OsString {
        self.location.filename().unwrap_or_default().into()
    }
}

impl View {
    /// The directory that `prefix` names; `None` if there is none.
    fn level_of_prefix(self, root: &Root, prefix: &Location) -> Result<Option<Level>> {
        let directory = if prefix.is_root() {
            root.anchor().folder()?
        } else if prefix.parts().any(|part| part.as_ref() == STAGING) {
            None
        } else if let Some(spot) = root.spot(prefix)? {
            root.enter(&spot.folder, &spot.name)?
        } else {
            None
        };
        let Some(directory) = directory else {
            return Ok(None);
        };
        match self.children(&directory, prefix)? {
            Ok(children) => Ok(Some(Level {
                directory,
                children: children.into_iter(),
            })),
            Err(err) if is_absence(&err) => Ok(None),
            Err(err) => Err(failed(Read("list"), directory.path())(err)),
        }
    }

    /// What is in the folder at `location`, which lies in `parent`.
    fn inside(self, root: &Root, parent: &Directory, location: &Location) -> Result<Inside> {
        let name = OsString::from(location.filename().unwrap_or_default());
        let listed = match root.try_to_enter(parent, &name)? {
            Ok(directory) => self
                .children(&directory, location)?
                .map(|children| (directory, children)),
            Err(err) => Err(err),
        };
        let path = parent.path().join(&name);
        match listed {
            Ok((directory, children)) => Ok(Inside::Level(Level {
                directory,
                children: children.into_iter(),
            })),
            Err(err) if is_absence(&err) || is_link(&err) => Ok(Inside::Vanished),
            Err(err) => self.closed(err, Read("list"), &path).map(Inside::Closed),
        }
    }

    /// Whether something that cannot be looked at is left out, and why, or is an error.
    fn closed(self, err: io::Error, attempt: Attempt, path: &Path) -> Result<LeftOut> {
        if self.closed == Closed::Shown && is_of_one_entry(&err) {
            let why = format!("it cannot be looked into: {err}");
            Ok(LeftOut::Closed(why.into()))
        } else {
            Err(failed(attempt, path)(err))
        }
    }

    /// The entries of `directory`, sorted; the inner error says why they cannot be read.
    fn children(
        self,
        directory: &Directory,
        location: &Location,
    ) -> Result<io::Result<Vec<Child>>> {
        let entries = match directory.entries() {
            Ok(entries) => entries,
            Err(err) => return Ok(Err(err)),
        };
        let mut children = Vec::with_capacity(entries.len());
        for (name, kind) in entries {
            children.extend(self.child(directory, location, &name, kind)?);
        }
        children.sort_unstable_by(Child::by_key);
        Ok(Ok(children))
    }

    fn child(
        self,
        directory: &Directory,
        parent: &Location,
        name: &OsStr,
        kind: FileType,
    ) -> Result<Option<Child>> {
        if name == STAGING {
            return Ok(None);
        }
        let Some(part) = name.to_str().and_then(|name| PathPart::parse(name).ok()) else {
            let part = PathPart::from(name.as_bytes());
            let why = LeftOut::Odd("its name cannot be an object's".into());
            return Ok(Some(Child {
                location: parent.clone().join(part),
                shape: Shape::LeftOut(why),
            }));
        };
        let location = parent.clone().join(part);
        // Not every file system tells with the names.
        let kind = match kind {
            FileType::Unknown => directory.look(name).map(|facts| facts.kind),
            kind => Ok(kind),
        };
        let shape = match kind {
            Ok(FileType::RegularFile) => Shape::File,
            Ok(FileType::Directory) if parent.is_root() && !is_of_a_block(&location) => {
                Shape::OtherFolder
            }
            Ok(FileType::Directory) => Shape::Folder,
            Ok(FileType::Symlink) => {
                Shape::LeftOut(LeftOut::Odd("symbolic links are not followed".into()))
            }
            Ok(_) => Shape::LeftOut(LeftOut::Odd("it is neither a file nor a folder".into())),
            Err(err) if is_absence(&err) => return Ok(None),
            Err(err) => {
                let path = directory.path().join(name);
                Shape::LeftOut(self.closed(err, Read("look at"), &path)?)
            }
        };
        Ok(Some(Child { location, shape }))
    }

    /// How this shows in a listing; `None` if it has vanished, or something else took its place.
    fn show(self, root: &Root, child: Child, directory: &Directory) -> Result<Option<Entry>> {
        let name = child.name();
        let location = child.location;
        let why = match child.shape {
            Shape::OtherFolder => return Ok(Some(stand_in(location))),
            Shape::LeftOut(why) => why,
            Shape::File | Shape::Folder => match directory.look(&name) {
                Ok(facts) if facts.kind == FileType::RegularFile => {
                    return Ok(Some(entry(location, &facts)));
                }
                Ok(_) => return Ok(None),
                Err(err) if is_absence(&err) => return Ok(None),
                Err(err) => self.closed(err, Read("look at"), &directory.path().join(&name))?,
            },
        };
        root.tell_of(&location, &why);
        Ok(Some(left_out(location, why)))
    }
}
