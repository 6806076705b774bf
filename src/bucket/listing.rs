//! One flat listing that goes on where it was when a page fails, and that never takes a disordered one for whole.

use std::collections::VecDeque;

use futures::stream::{BoxStream, StreamExt, TryStreamExt, unfold};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use tracing::warn;

use super::{BucketReader, EtagMeaning, classify, folder};
use crate::block::{Checksum, Object, ObjectPath};
use crate::error::{Error, Kind, Result};
use crate::retry::Backoff;

/// Where a listing is.
struct Cursor {
    page: BoxStream<'static, object_store::Result<ObjectMeta>>,
    place: Place,
    backoff: Backoff,
    ended: bool,
}

/// So many names at the end are remembered: a page of the usual size that comes twice is known by them.
const REMEMBERED: usize = 1000;

/// What was listed so far. Names come sorted; what follows the last one is still to come.
#[derive(Default)]
struct Place {
    /// Where to begin again.
    last: Option<Path>,
    /// Where the listing was begun again.
    resumed_after: Option<Path>,
    /// The latest names, sorted.
    recent: VecDeque<String>,
    listed: usize,
    /// How many names since the last new one were not new.
    repeated: usize,
}

/// What a name that comes is to a listing.
#[derive(Debug, PartialEq, Eq)]
enum Coming {
    New,
    /// It was listed before.
    Again,
    /// Nothing but what was listed before comes.
    Endless,
    /// It should have come earlier: others may be missing.
    Disordered,
}

impl Place {
    fn take(&mut self, name: &Path) -> Coming {
        let is_new = |name: &str| self.recent.back().is_none_or(|last| name > last.as_str());
        // The slash at the end of a directory's own object counts in the order, and is not told.
        let as_directory = || format!("{name}/");
        if is_new(name.as_ref()) {
            self.last = Some(name.clone());
            self.remember(name.to_string());
            return Coming::New;
        }
        let known = |name: &str| {
            let found = self
                .recent
                .binary_search_by(|known| known.as_str().cmp(name));
            found.is_ok()
        };
        let is_known = known(name.as_ref()) || known(&as_directory());
        if !is_known && is_new(&as_directory()) {
            self.remember(as_directory());
            return Coming::New;
        }
        self.repeated += 1;
        // Not every store begins where it was told.
        let is_before = self.resumed_after.as_ref().is_some_and(|at| name <= at);
        if !is_before && !is_known {
            Coming::Disordered
        } else if self.repeated > self.listed + REMEMBERED {
            Coming::Endless
        } else {
            Coming::Again
        }
    }

    fn resume(&mut self) {
        self.resumed_after.clone_from(&self.last);
        self.repeated = 0;
    }

    fn remember(&mut self, name: String) {
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(name);
        self.listed += 1;
        self.repeated = 0;
    }
}

/// Every object below a directory, by its name below the bucket's prefix; all of them where none is given.
pub(super) fn list(
    bucket: &BucketReader,
    below: Option<Path>,
) -> BoxStream<'_, Result<(ObjectPath, Object)>> {
    let backend = bucket.backend();
    let start = Cursor {
        page: backend.store.list(below.as_ref()),
        place: Place::default(),
        backoff: Backoff::new(&bucket.0.retry),
        ended: false,
    };
    unfold(start, move |cursor| next(bucket, below.clone(), cursor))
        .try_filter_map(|meta| std::future::ready(Ok(described(bucket, meta))))
        .boxed()
}

async fn next(
    bucket: &BucketReader,
    below: Option<Path>,
    mut cursor: Cursor,
) -> Option<(Result<ObjectMeta>, Cursor)> {
    let backend = bucket.backend();
    let failed = |kind, why: &str| {
        Error::new(kind, format!("list {}", backend.location)).because(why.to_owned())
    };
    while !cursor.ended {
        let err = match cursor.page.next().await? {
            Ok(meta) => match cursor.place.take(&meta.location) {
                Coming::New => {
                    cursor.backoff.reset();
                    return Some((Ok(meta), cursor));
                }
                Coming::Again => continue,
                Coming::Endless => failed(Kind::Transient, "the same names come again and again"),
                Coming::Disordered => {
                    let why = format!("{} comes too late: names are not sorted", meta.location);
                    failed(Kind::Other, &why)
                }
            },
            Err(err) => classify::listing_error(err, format!("list {}", backend.location)),
        };
        let delay = if err.kind().is_transient() {
            cursor.backoff.next_delay()
        } else {
            None
        };
        let Some(delay) = delay else {
            cursor.ended = true;
            return Some((Err(err), cursor));
        };
        warn!(bucket = %backend.location, ?delay, err = format!("{err:#}"), "listing goes on after a while");
        tokio::time::sleep(delay).await;
        cursor.place.resume();
        cursor.page = match &cursor.place.last {
            Some(last) => backend.store.list_with_offset(below.as_ref(), last),
            None => backend.store.list(below.as_ref()),
        };
    }
    None
}

/// An object as the store tells of it, by its name below the bucket's prefix; `None` for what does not lie below the prefix: nobody asked for it.
pub(super) fn described(bucket: &BucketReader, meta: ObjectMeta) -> Option<(ObjectPath, Object)> {
    let backend = bucket.backend();
    let path = backend.prefix.below(meta.location.as_ref())?;
    let checksum = match backend.etags {
        EtagMeaning::Content => meta.e_tag.as_deref().and_then(Checksum::of_entity_tag),
        EtagMeaning::VersionOnly => None,
    };
    let object = Object {
        name: path.into(),
        size_bytes: meta.size,
        modified: meta.last_modified,
        checksum,
        left_out: meta
            .version
            .as_deref()
            .and_then(folder::why_left_out)
            .map(Into::into),
        inode: meta.e_tag.as_deref().and_then(folder::inode_of_etag),
        etag: meta.e_tag.map(String::into_boxed_str),
    };
    Some((ObjectPath::new(path), object))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes the names one after another; the letters tell what became of each.
    fn taken(place: &mut Place, names: &[&str]) -> String {
        let letter = |name: &&str| match place.take(&Path::from(*name)) {
            Coming::New => 'n',
            Coming::Again => 'a',
            Coming::Endless => 'e',
            Coming::Disordered => 'd',
        };
        names.iter().map(letter).collect()
    }

    #[test]
    fn a_name_that_comes_again_is_known_and_one_that_comes_late_is_an_error() {
        let mut place = Place::default();
        assert_eq!(taken(&mut place, &["a", "c", "d"]), "nnn");
        assert_eq!(taken(&mut place, &["a", "c", "d", "e"]), "aaan");
        assert_eq!(taken(&mut place, &["b"]), "d");
        place.resumed_after = Some(Path::from("c"));
        assert_eq!(taken(&mut place, &["a", "b", "c", "cc", "f"]), "aaadn");
    }

    #[test]
    fn an_object_that_stands_for_a_directory_is_sorted_by_its_slash() {
        let mut place = Place::default();
        assert_eq!(taken(&mut place, &["a-b/c", "a", "a/b"]), "nnn");
        assert_eq!(taken(&mut place, &["a-b/c", "a", "a/b"]), "aaa");
    }

    #[test]
    fn a_listing_that_only_repeats_itself_ends() {
        let mut place = Place::default();
        assert_eq!(taken(&mut place, &["a", "b"]), "nn");
        let repeated = taken(&mut place, &["a", "b"].repeat(REMEMBERED));
        assert_eq!(repeated.find('e'), Some(REMEMBERED + 2));
        assert_eq!(taken(&mut place, &["c", "a"]), "na");
    }
}
