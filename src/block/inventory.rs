//! The objects of one block as a listing shows them, and what each of them is for.

use std::collections::HashMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::file_id::FileId;
use super::fingerprint::Fingerprint;
use super::id::BlockId;
use super::meta::BlockMeta;
use super::names::{DELETION_MARK, META_JSON, NO_COMPACT_MARK, OVERWRITE_MARKER};

/// An object's full name in a bucket, below the bucket's prefix.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectPath(String);

impl ObjectPath {
    /// Takes the name without checking it: the bucket refuses what it cannot hold.
    pub fn new(path: impl Into<String>) -> Self {
        Self(path.into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ObjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl BlockId {
    /// The full name of one of this block's objects.
    #[must_use]
    pub fn object(self, name: &str) -> ObjectPath {
        ObjectPath(format!("{self}/{name}"))
    }
}

/// One object of a block, as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Name below the block's directory; empty for a marker of the directory itself.
    pub name: Box<str>,
    /// Size in bytes.
    pub size_bytes: u64,
    /// When it was last written, by the bucket's clock, where the bucket tells.
    pub modified: Option<DateTime<Utc>>,
    /// The bucket's version of it; equal versions in one bucket are the same bytes.
    pub version: Option<Box<str>>,
    /// What the bucket tells of the content.
    pub fingerprint: Fingerprint,
    /// Whether it is in a storage class from which nobody can read it before it is restored.
    pub archived: bool,
    /// Which file it is, in a folder.
    pub file: Option<FileId>,
    /// Why there is nothing to be read under this name.
    pub left_out: Option<LeftOut>,
}

impl Object {
    /// Whether both are one version of one object, as one bucket lists it: it tells versions, and all but digests is the same.
    #[must_use]
    pub fn is_same_version(&self, other: &Self) -> bool {
        let known = self.clone();
        let other = Self {
            fingerprint: known.fingerprint,
            ..other.clone()
        };
        known.version.is_some() && known == other
    }

    /// Takes what is known of the other, where it is the same version.
    fn learn(&mut self, other: &Self) {
        if self.is_same_version(other) {
            self.fingerprint = self.fingerprint.and(other.fingerprint);
        }
    }
}

/// Why there is nothing to be read under a name that is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LeftOut {
    /// It is no object of a block: a link, a pipe, or something under a name that no such object has.
    Odd(Box<str>),
    /// It may not be looked at, so that nobody can say what it is.
    Closed(Box<str>),
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (LeftOut::Odd(why) | LeftOut::Closed(why)) = self;
        f.write_str(why)
    }
}

/// What an object of a block is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Chunks, index, and every other file that belongs to the block: copied.
    Data,
    /// `meta.json`: published last.
    Meta,
    /// `deletion-mark.json`: never copied.
    DeletionMark,
    /// A zero-byte stand-in for a directory: never copied.
    DirectoryMarker,
    /// Something that this tool wrote for itself: never copied.
    Ours,
}

/// The objects of one block, sorted by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inventory {
    objects: Vec<(Role, Object)>,
    /// Entries that are listed but cannot be read as objects, in the order of the listing.
    left_out: Vec<Object>,
    /// Whether a listing of these versions showed that what it tells of contents is none of it.
    tags_tell_nothing: bool,
}

impl FromIterator<Object> for Inventory {
    fn from_iter<I: IntoIterator<Item = Object>>(objects: I) -> Self {
        let (left_out, mut objects): (Vec<Object>, Vec<Object>) = objects
            .into_iter()
            .partition(|object| object.left_out.is_some());
        objects.sort_by(|one, other| one.name.cmp(&other.name));
        objects.dedup_by(|one, other| one.name == other.name);
        let roles: Vec<Role> = objects
            .iter()
            .map(|object| role(object, &objects))
            .collect();
        let tags_tell_nothing = tags_tell_nothing(&objects);
        let mut listed = Self {
            objects: roles.into_iter().zip(objects).collect(),
            left_out,
            tags_tell_nothing,
        };
        if tags_tell_nothing {
            listed.forget_digests();
        }
        listed
    }
}

/// Whether objects of two sizes have the same tag: then no tag of the block is a digest, whatever it looks like.
fn tags_tell_nothing(objects: &[Object]) -> bool {
    let mut sizes = HashMap::new();
    objects.iter().any(|object| {
        let Some(tag) = object.fingerprint.tag() else {
            return false;
        };
        let size = sizes.entry(tag).or_insert(object.size_bytes);
        *size != object.size_bytes
    })
}

/// What the object is for; `all` must be sorted by name.
fn role(object: &Object, all: &[Object]) -> Role {
    match &*object.name {
        META_JSON => Role::Meta,
        DELETION_MARK => Role::DeletionMark,
        OVERWRITE_MARKER => Role::Ours,
        "" => Role::DirectoryMarker,
        name if name.ends_with('/') => Role::DirectoryMarker,
        name if object.size_bytes == 0 => {
            let inside = format!("{name}/");
            let first = all.partition_point(|other| *other.name < *inside);
            let has_inside = all
                .get(first)
                .is_some_and(|other| other.name.starts_with(&inside));
            if name == "chunks" || has_inside {
                Role::DirectoryMarker
            } else {
                Role::Data
            }
        }
        _ => Role::Data,
    }
}

impl Inventory {
    /// What was judged before: objects sorted by name, with their roles, and entries that cannot be read as objects.
    pub(super) fn judged(
        objects: Vec<(Role, Object)>,
        left_out: Vec<Object>,
        tags_tell_nothing: bool,
    ) -> Self {
        Self {
            objects,
            left_out,
            tags_tell_nothing,
        }
    }

    /// Whether no digest was taken from the listing, for it showed that its tags are none.
    pub(super) fn tags_tell_nothing(&self) -> bool {
        self.tags_tell_nothing
    }

    /// What is to be copied: sorted by name.
    pub fn data(&self) -> impl Iterator<Item = &Object> {
        self.objects
            .iter()
            .filter(|(role, _)| *role == Role::Data)
            .map(|(_, object)| object)
    }

    /// Entries that are listed but cannot be read as objects, in the order of the listing.
    pub fn left_out(&self) -> impl Iterator<Item = &Object> {
        self.left_out.iter()
    }

    /// Why the `meta.json` cannot be read, where an entry that is no object lies under its name or in the place of the block's own folder; `None`
    /// where no such entry does. Other programs may read it all the same: Thanos follows links.
    #[must_use]
    pub fn meta_left_out(&self) -> Option<&LeftOut> {
        self.left_out
            .iter()
            .filter(|object| matches!(&*object.name, "" | META_JSON))
            .find_map(|object| object.left_out.as_ref())
    }

    /// Whether a `deletion-mark.json` lies there, or something else under that name, which others may take for one.
    #[must_use]
    pub fn may_be_marked(&self) -> bool {
        self.is_marked() || self.left_out().any(|entry| &*entry.name == DELETION_MARK)
    }

    /// Every object with its role, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (Role, &Object)> {
        self.objects.iter().map(|(role, object)| (*role, object))
    }

    /// The object of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Object> {
        let place = self.place(name)?;
        self.objects.get(place).map(|(_, object)| object)
    }

    fn place(&self, name: &str) -> Option<usize> {
        let named = |(_, object): &(Role, Object)| (*object.name).cmp(name);
        self.objects.binary_search_by(named).ok()
    }

    /// The first object of the block that has to be restored before anybody can read it.
    #[must_use]
    pub fn archived(&self) -> Option<&Object> {
        self.of_the_block().find(|object| object.archived)
    }

    /// `meta.json`, if the block is published.
    #[must_use]
    pub fn meta(&self) -> Option<&Object> {
        self.get(META_JSON)
    }

    /// Whether a `deletion-mark.json` lies there, readable or not.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        self.get(DELETION_MARK).is_some()
    }

    /// Whether this tool began to overwrite the block and has not finished.
    #[must_use]
    pub fn is_being_overwritten(&self) -> bool {
        self.get(OVERWRITE_MARKER).is_some()
    }

    /// Whether nothing lies there but stand-ins for directories.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let mut roles = self.objects.iter().map(|(role, _)| *role);
        self.left_out.is_empty() && roles.all(|role| role == Role::DirectoryMarker)
    }

    /// Number of objects that make up the block: data and `meta.json`.
    #[must_use]
    pub fn block_objects(&self) -> u64 {
        self.of_the_block().count() as u64
    }

    /// Size of what makes up the block, in bytes; [`u64::MAX`] where a listing claims more.
    #[must_use]
    pub fn block_bytes(&self) -> u64 {
        let sizes = self.of_the_block().map(|object| object.size_bytes);
        sizes.fold(0, u64::saturating_add)
    }

    fn of_the_block(&self) -> impl Iterator<Item = &Object> {
        self.objects
            .iter()
            .filter(|(role, _)| matches!(role, Role::Data | Role::Meta))
            .map(|(_, object)| object)
    }

    /// The same inventory, with the object of that name moved to those that are left out.
    #[must_use]
    pub fn leaving_out(mut self, name: &str, why: LeftOut) -> Self {
        if let Some(place) = self.place(name) {
            let (_, object) = self.objects.remove(place);
            self.left_out.push(Object {
                left_out: Some(why),
                ..object
            });
        }
        self
    }

    /// The same inventory, where objects that are the same version still have the digests of an earlier listing too. Where one of the two listings
    /// showed that tags tell nothing, no tag of the other counts: what was learnt by reading since the first such listing does.
    #[must_use]
    pub fn knowing(mut self, earlier: &Self) -> Self {
        match (self.tags_tell_nothing, earlier.tags_tell_nothing) {
            (true, false) => return self,
            (false, true) => {
                self.forget_digests();
                self.tags_tell_nothing = true;
            }
            (false, false) | (true, true) => {}
        }
        for (_, object) in &mut self.objects {
            if let Some(before) = earlier.get(&object.name) {
                object.learn(before);
            }
        }
        self
    }

    /// The same inventory, with digests that were learnt of some objects by reading them: of these versions.
    #[must_use]
    pub fn learning<'a>(mut self, learnt: impl IntoIterator<Item = &'a Object>) -> Self {
        for learnt in learnt {
            let place = self.place(&learnt.name);
            if let Some((_, object)) = place.and_then(|place| self.objects.get_mut(place)) {
                object.learn(learnt);
            }
        }
        self
    }

    fn forget_digests(&mut self) {
        for (_, object) in &mut self.objects {
            object.fingerprint = Fingerprint::UNKNOWN;
        }
    }

    /// The same inventory, with the no-compact mark known to be written by this tool and so no part of the block.
    #[must_use]
    pub fn with_our_no_compact_mark(mut self) -> Self {
        for (role, object) in &mut self.objects {
            if &*object.name == NO_COMPACT_MARK {
                *role = Role::Ours;
            }
        }
        self
    }

    /// What Thanos reads of the block: its segments, its index, whatever else its file list names, and `meta.json`. Marks say nothing of samples,
    /// and `tombstones`, `change.log` and files of others are read by nobody.
    #[must_use]
    pub fn what_thanos_reads(&self, meta: Option<&BlockMeta>) -> Self {
        let files = meta.map(BlockMeta::files).unwrap_or_default();
        let is_read = |name: &str| {
            name == META_JSON
                || name == "index"
                || name.starts_with("chunks/")
                || files.iter().any(|file| file.path == name)
        };
        let read = self
            .objects
            .iter()
            .filter(|(_, object)| is_read(&object.name));
        Self {
            objects: read.cloned().collect(),
            left_out: self.left_out.clone(),
            tags_tell_nothing: self.tags_tell_nothing,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
