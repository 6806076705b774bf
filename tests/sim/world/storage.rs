//! What lies in the two buckets, and what their listings show.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use md5::{Digest as _, Md5};
use thanos_bucket::bucket::EtagMeaning;

use super::Side;
use crate::nature::{Buckets, Nature};

/// An object.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) bytes: Bytes,
    pub(crate) modified_ms: i64,
    /// Its entity tag: a digest of the bytes, or the number of the write.
    pub(crate) tag: String,
    /// In parts of how many bytes it was put; 0 where it was put at once.
    pub(crate) part_bytes: u64,
}

/// An object that is put in parts and not completed yet.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) run: usize,
    pub(crate) path: String,
    pub(crate) parts: BTreeMap<usize, Bytes>,
    /// When it was begun, or a part of it came last.
    pub(crate) touched_ms: i64,
    /// The answer that names it was lost.
    pub(crate) is_unknown: bool,
}

/// Both buckets.
#[derive(Debug)]
pub(crate) struct Storage {
    /// One or two; by block directory, and what lies at the top under the name of [`TOP`].
    buckets: Vec<BTreeMap<String, Directory>>,
    /// Uploads into the target that were begun.
    pub(crate) uploads: BTreeMap<u64, Upload>,
    uploads_begun: u64,
    /// What was deleted in the target a moment ago, and when: listings may show it still.
    ghosts: Vec<(String, Object, i64)>,
    etags: EtagMeaning,
    buckets_are: Buckets,
    lag_ms: i64,
    writes: u64,
}

/// What lies in one directory, by name below it.
pub(crate) type Directory = BTreeMap<String, Object>;

static NOTHING: Directory = BTreeMap::new();

/// Stands for the directory of what lies in none. It sorts where probes do, behind all blocks.
const TOP: &str = "~";

impl Storage {
    pub(crate) fn new(nature: &Nature) -> Self {
        let buckets = match nature.buckets {
            Buckets::One => 1,
            Buckets::Two | Buckets::Replica => 2,
        };
        Self {
            buckets: vec![BTreeMap::new(); buckets],
            uploads: BTreeMap::new(),
            uploads_begun: 0,
            ghosts: Vec::new(),
            etags: nature.etags,
            buckets_are: nature.buckets,
            lag_ms: nature.lag_ms,
            writes: 0,
        }
    }

    /// Directories, by name.
    pub(crate) fn ids(&self, side: Side) -> Vec<&String> {
        let bucket = &self.buckets[self.place(side)];
        bucket.keys().filter(|id| *id != TOP).collect()
    }

    pub(crate) fn directory(&self, side: Side, id: &str) -> &Directory {
        self.buckets[self.place(side)].get(id).unwrap_or(&NOTHING)
    }

    pub(crate) fn get(&self, side: Side, path: &str) -> Option<&Object> {
        let (id, name) = split(path);
        self.directory(side, id).get(name)
    }

    /// `parts` is the number of bytes of each part; 0 for a put at once.
    pub(crate) fn put(&mut self, side: Side, path: &str, bytes: Bytes, parts: u64, now_ms: i64) {
        self.writes += 1;
        let object = Object {
            tag: self.tag(&bytes, parts),
            part_bytes: parts,
            bytes,
            modified_ms: now_ms,
        };
        self.ghosts.retain(|(ghost, ..)| ghost != path);
        let (id, name) = split(path);
        let both = self.buckets_are == Buckets::Replica && side == Side::Source;
        for side in [side].into_iter().chain(both.then_some(Side::Target)) {
            let place = self.place(side);
            let directory = self.buckets[place].entry(id.to_owned()).or_default();
            directory.insert(name.to_owned(), object.clone());
        }
    }

    pub(crate) fn delete(&mut self, side: Side, path: &str, now_ms: i64) {
        let (id, name) = split(path);
        let place = self.place(side);
        let Some(directory) = self.buckets[place].get_mut(id) else {
            return;
        };
        if let Some(object) = directory.remove(name)
            && side == Side::Target
            && self.lag_ms > 0
        {
            self.ghosts
                .retain(|(.., deleted)| now_ms - deleted < self.lag_ms);
            self.ghosts.push((path.to_owned(), object, now_ms));
        }
        if directory.is_empty() {
            self.buckets[place].remove(id);
        }
    }

    /// The number of an upload that begins.
    pub(crate) fn begin(&mut self, upload: Upload) -> u64 {
        self.uploads_begun += 1;
        self.uploads.insert(self.uploads_begun, upload);
        self.uploads_begun
    }

    /// Up to so many names after `after` that begin with `below`, in their order. A listing that `lags` lacks what was put a moment ago, and
    /// shows what was deleted.
    pub(crate) fn page(
        &self,
        side: Side,
        (below, after): (&str, &str),
        most: usize,
        lags: Option<i64>,
    ) -> Vec<(String, Object)> {
        let recent = |at_ms: i64| lags.is_some_and(|now_ms| now_ms - at_ms < self.lag_ms);
        let bucket = &self.buckets[self.place(side)];
        let from = below.max(after);
        let first = from.split_once('/').map_or(from, |(id, _)| id);
        let mut page: Vec<(String, Object)> = bucket
            .range(first.to_owned()..)
            .take_while(|(id, _)| below.is_empty() || below.starts_with(id.as_str()))
            .flat_map(|(id, directory)| {
                directory
                    .iter()
                    .map(move |(name, object)| (join(id, name), object))
            })
            .filter(|(path, object)| {
                path.as_str() > after && path.starts_with(below) && !recent(object.modified_ms)
            })
            .take(most)
            .map(|(path, object)| (path, object.clone()))
            .collect();
        let ghosts = self.ghosts.iter().filter(|(path, _, deleted)| {
            side == Side::Target
                && recent(*deleted)
                && path.as_str() > after
                && path.starts_with(below)
        });
        let ghosts: Vec<_> = ghosts
            .map(|(path, object, _)| (path.clone(), object.clone()))
            .collect();
        if !ghosts.is_empty() {
            page.extend(ghosts);
            page.sort_by(|(one, _), (other, _)| one.cmp(other));
            page.truncate(most);
        }
        page
    }

    /// From now on listings tell what is.
    pub(crate) fn forget_the_past(&mut self) {
        self.ghosts.clear();
        self.lag_ms = 0;
    }

    /// How many objects there are.
    pub(crate) fn len(&self, side: Side) -> usize {
        let bucket = &self.buckets[self.place(side)];
        bucket.values().map(BTreeMap::len).sum()
    }

    /// What lies at the top.
    pub(crate) fn top(&self, side: Side) -> &Directory {
        self.directory(side, TOP)
    }

    fn place(&self, side: Side) -> usize {
        match side {
            Side::Source => 0,
            Side::Target => self.buckets.len() - 1,
        }
    }

    fn tag(&self, bytes: &Bytes, parts: u64) -> String {
        match self.etags {
            EtagMeaning::Content => digest(bytes, parts),
            EtagMeaning::ContentOfOnePut if parts == 0 => digest(bytes, parts),
            EtagMeaning::ContentOfOnePut | EtagMeaning::VersionOnly => {
                format!("write-{}", self.writes)
            }
        }
    }
}

/// The MD5 of what was put at once; what looks like one, with the number of parts, of what was put in parts.
fn digest(bytes: &Bytes, parts: u64) -> String {
    if parts == 0 {
        let digest = u128::from_be_bytes(Md5::digest(bytes).into());
        return format!("{digest:032x}");
    }
    let hash = |salt: u8, bytes: &[u8]| {
        let mut hasher = DefaultHasher::new();
        (salt, parts, bytes).hash(&mut hasher);
        hasher.finish()
    };
    let (one, other) = (hash(1, bytes), hash(2, bytes));
    let number = (bytes.len() as u64).div_ceil(parts).max(1);
    format!("{one:016x}{other:016x}-{number}")
}

/// The directory and the name below it.
fn split(path: &str) -> (&str, &str) {
    path.split_once('/').unwrap_or((TOP, path))
}

fn join(id: &str, name: &str) -> String {
    if id == TOP {
        name.to_owned()
    } else {
        format!("{id}/{name}")
    }
}
