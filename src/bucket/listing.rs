//! One flat listing that goes on where it was when a page fails, and that never takes a disordered one for whole.

use std::collections::VecDeque;

use futures::stream::{BoxStream, StreamExt, TryStreamExt, unfold};
use object_store::path::Path;
use tracing::warn;

use super::backend::Backend;
use super::opened::Opened;
use super::store::Entry;
use crate::block::{Object, ObjectPath};
use crate::error::{Error, Kind, Result};
use crate::retry::Backoff;

/// Where a listing is.
struct Cursor {
    page: BoxStream<'static, object_store::Result<Entry>>,
    place: Place,
    backoff: Backoff,
    ended: bool,
}

/// So many names at the end are remembered: a page of the usual size that comes twice is known by them.
const REMEMBERED: usize = 1000;

/// What was listed so far. Names come sorted; what follows the last one is still to come.
#[derive(Default)]
struct Place {
    /// Where the listing was begun, or begun again.
    begun_after: Option<String>,
    /// Whether it was begun again.
    is_resumed: bool,
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
    /// The store does not begin where it is told.
    Elsewhere,
    /// Nothing but what was listed before comes.
    Endless,
    /// It should have come earlier: others may be missing.
    Disordered,
}

impl Place {
    fn after(begun_after: Option<String>) -> Self {
        Self {
            begun_after,
            ..Self::default()
        }
    }

    fn take(&mut self, entry: &Entry) -> Coming {
        let name = entry.key.as_str();
        // Not every store begins where it was told.
        let is_before = self.begun_after.as_deref().is_some_and(|at| name <= at);
        if is_before && self.listed == 0 {
            return Coming::Elsewhere;
        }
        if self.last().is_none_or(|last| name > last) {
            self.remember(name.to_owned());
            return Coming::New;
        }
        if entry.left_out.is_some() {
            // Such a name is altered, so that it may sort elsewhere than where it came.
            return Coming::New;
        }
        let known = self
            .recent
            .binary_search_by(|known| known.as_str().cmp(name));
        self.repeated += 1;
        let may_come_again = is_before && self.is_resumed;
        if !may_come_again && known.is_err() {
            Coming::Disordered
        } else if self.repeated > self.listed + REMEMBERED {
            Coming::Endless
        } else {
            Coming::Again
        }
    }

    /// Where to begin again.
    fn last(&self) -> Option<&str> {
        self.recent.back().map(String::as_str)
    }

    /// Begins again after what was listed; tells where that is.
    fn resume(&mut self) -> Option<&str> {
        if let Some(last) = self.last().map(str::to_owned) {
            self.begun_after = Some(last);
            self.is_resumed = true;
        }
        self.repeated = 0;
        self.begun_after.as_deref()
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
    bucket: &Opened,
    below: Option<Path>,
) -> BoxStream<'_, Result<(ObjectPath, Object)>> {
    entries(bucket, below, None)
        .try_filter_map(|entry| std::future::ready(Ok(described(&bucket.backend, entry))))
        .boxed()
}

/// What a listing shows below a directory that comes after a name: nothing where the store does not begin there.
pub(super) fn entries(
    bucket: &Opened,
    below: Option<Path>,
    after: Option<String>,
) -> BoxStream<'_, Result<Entry>> {
    let backend = &bucket.backend;
    let start = Cursor {
        page: backend.store.entries(below.as_ref(), after.as_deref()),
        place: Place::after(after),
        backoff: Backoff::new(&bucket.retry),
        ended: false,
    };
    unfold(start, move |cursor| next(bucket, below.clone(), cursor)).boxed()
}

async fn next(
    bucket: &Opened,
    below: Option<Path>,
    mut cursor: Cursor,
) -> Option<(Result<Entry>, Cursor)> {
    let backend = &bucket.backend;
    let failed = |kind, why: &str| {
        Error::new(kind, format!("list {}", backend.location)).because(why.to_owned())
    };
    while !cursor.ended {
        let err = match cursor.page.next().await? {
            Ok(entry) => match cursor.place.take(&entry) {
                Coming::New => {
                    cursor.backoff.reset();
                    return Some((Ok(entry), cursor));
                }
                Coming::Again => continue,
                Coming::Elsewhere => return None,
                Coming::Endless => failed(Kind::Transient, "the same names come again and again"),
                Coming::Disordered => {
                    let why = format!("{} comes too late: names are not sorted", entry.key);
                    failed(Kind::Other, &why)
                }
            },
            Err(err) => bucket.error(err, format!("list {}", backend.location)),
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
        warn!(bucket = %backend.location, ?delay, err = format!("{err:#}"), "the listing failed, and is tried again after the delay");
        tokio::time::sleep(delay).await;
        let after = cursor.place.resume();
        cursor.page = backend.store.entries(below.as_ref(), after);
    }
    None
}

/// An object as the store tells of it, by its name below the bucket's prefix; `None` for what does not lie below the prefix: nobody asked for it.
pub(super) fn described(backend: &Backend, entry: Entry) -> Option<(ObjectPath, Object)> {
    let path = backend.prefix.below(&entry.key)?;
    // Where it is unknown, nothing is read.
    let size_bytes = entry.size_bytes.unwrap_or_default();
    let by_tag = backend.etags.fingerprint(entry.etag.as_deref(), size_bytes);
    let object = Object {
        name: path.into(),
        size_bytes,
        modified: entry.modified,
        fingerprint: entry.digests.and(by_tag),
        left_out: entry.left_out,
        archived: entry.archived,
        file: entry.file,
        version: entry.etag.map(String::into_boxed_str),
    };
    Some((ObjectPath::new(path), object))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::LeftOut;

    /// Takes the names one after another; the letters tell what became of each.
    fn taken(place: &mut Place, names: &[&str]) -> String {
        let letter = |name: &&str| match place.take(&entry(name)) {
            Coming::New => 'n',
            Coming::Again => 'a',
            Coming::Elsewhere => 'l',
            Coming::Endless => 'e',
            Coming::Disordered => 'd',
        };
        names.iter().map(letter).collect()
    }

    fn entry(name: &str) -> Entry {
        Entry {
            key: name.to_owned(),
            ..Entry::default()
        }
    }

    #[test]
    fn a_name_that_comes_again_is_known_and_one_that_comes_late_is_an_error() {
        let mut place = Place::default();
        assert_eq!(taken(&mut place, &["a", "c", "d"]), "nnn");
        assert_eq!(taken(&mut place, &["a", "c", "d", "e"]), "aaan");
        assert_eq!(taken(&mut place, &["b"]), "d");
        place.begun_after = Some("c".to_owned());
        place.is_resumed = true;
        assert_eq!(taken(&mut place, &["a", "b", "c", "cc", "f"]), "aaadn");
    }

    #[test]
    fn a_store_that_begins_elsewhere_than_it_is_told_shows_nothing() {
        let mut place = Place::after(Some("c".to_owned()));
        assert_eq!(taken(&mut place, &["a", "c", "d", "e", "b"]), "llnnd");
        assert_eq!(place.resume(), Some("e"));
        assert_eq!(Place::after(Some("c".to_owned())).resume(), Some("c"));
    }

    #[test]
    fn names_come_in_the_order_of_their_bytes() {
        let mut place = Place::default();
        assert_eq!(
            taken(&mut place, &["a", "a-b/c", "a/", "a//b", "a/b", "a\u{e9}"]),
            "nnnnnn"
        );
        assert_eq!(taken(&mut place, &["a", "a-b/c", "a/", "a"]), "aaaa");
        assert_eq!(taken(&mut place, &["a.b"]), "d");
    }

    #[test]
    fn a_name_that_is_not_told_as_it_is_may_come_late() {
        let mut place = Place::default();
        assert_eq!(taken(&mut place, &["b"]), "n");
        let odd = Entry {
            left_out: Some(LeftOut::Odd("odd".into())),
            ..entry("a\u{fffd}")
        };
        assert_eq!(place.take(&odd), Coming::New);
        assert_eq!(place.last(), Some("b"));
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
