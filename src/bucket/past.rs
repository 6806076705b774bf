//! What a bucket keeps of objects that were deleted: of each its newest version, which can be read, and brought back under its name. It is put together
//! here of all versions that a listing shows.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};
use object_store::path::Path;

use super::backend::Backend;
use super::history::{Lost, Next, Row, Way, What};
use super::listing::described;
use super::opened::Opened;
use super::reader::BucketReader;
use super::writer::Bucket;
use crate::block::{BlockId, Object, ObjectPath};
use crate::error::{Error, Kind, Result};

/// What is known of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Past {
    /// An object lies there.
    There(Object),
    /// None does, and its newest version is kept.
    Gone(Gone),
    /// None does, and nothing is kept but that it was deleted: there was one.
    Lost,
}

/// An object that was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// Its newest version.
    pub object: Object,
    /// When it was deleted, where the bucket tells.
    pub deleted: Option<DateTime<Utc>>,
    /// By what it is found again.
    pub lost: Lost,
}

/// So many pages in a row without a version, and nothing else is expected.
const EMPTY_PAGES: usize = 1000;

impl BucketReader {
    /// Whether this kind of bucket can keep what is deleted.
    #[must_use]
    pub fn has_history(&self) -> bool {
        self.backend().store.history().is_some()
    }

    /// Every object of which something lies there or is kept, in one block's directory or in all of the bucket, by its name below the prefix.
    ///
    /// Errors: those of a page that has outlasted its retries, and names that are not sorted, for such a listing may not be whole.
    #[must_use]
    pub fn past(&self, of: Option<BlockId>) -> BoxStream<'_, Result<(ObjectPath, Past)>> {
        let prefix = &self.backend().prefix;
        let below = of.map_or_else(|| prefix.root(), |block| prefix.directory(block));
        let rows = self.opened().rows(below);
        let rows = rows.map_ok(|rows| stream::iter(rows.into_iter().map(Ok)));
        let attempt = format!("list the versions kept in {}", self.location());
        objects(rows.try_flatten().boxed(), attempt)
            .try_filter_map(async |rows| Ok(told(self.backend(), &rows)))
            .boxed()
    }

    /// Reads the newest version of an object that was deleted, whole. One that is larger than `limit_bytes` is [`Kind::Corrupt`]: nobody writes
    /// such a one.
    pub async fn read_gone(
        &self,
        path: &ObjectPath,
        gone: &Gone,
        limit_bytes: usize,
    ) -> Result<Bytes> {
        let full = self.full(path)?;
        let size_bytes = gone.object.size_bytes;
        let attempt = format!("read what {path} was in {}", self.location());
        if size_bytes > limit_bytes as u64 {
            let why = format!("it has {size_bytes} bytes, at most {limit_bytes} are read");
            return Err(Error::new(Kind::Corrupt, attempt).because(why));
        }
        let Some(history) = self.backend().store.history() else {
            return Err(Error::new(Kind::Unsupported, attempt));
        };
        self.retrying(&attempt, || async {
            let read = history.read(&full, &gone.lost.version, size_bytes).await;
            let bytes = read.map_err(|err| self.backend().error(err, attempt.clone()))?;
            if bytes.len() as u64 == size_bytes {
                return Ok(bytes);
            }
            let why = format!("{} bytes came, and {size_bytes} are listed", bytes.len());
            Err(Error::new(Kind::Transient, attempt.clone()).because(why))
        })
        .await
    }
}

impl Bucket {
    /// Brings a deleted object back. What lies under its name by now stays, and is a success: whoever asked looks at what that is.
    pub async fn bring_back(&self, path: &ObjectPath, gone: &Gone) -> Result<Option<Way>> {
        let reader = self.reader();
        let full = reader.full(path)?;
        let attempt = format!("bring back {path} in {}", reader.location());
        let Some(history) = reader.backend().store.history() else {
            return Err(Error::new(Kind::Unsupported, attempt));
        };
        reader
            .retrying(&attempt, || async {
                let brought = history.bring_back(&full, &gone.lost).await;
                match brought.map_err(|err| reader.backend().error(err, attempt.clone())) {
                    Ok(way) => Ok(Some(way)),
                    Err(err) if err.kind() == Kind::AlreadyExists => Ok(None),
                    Err(err) => Err(err),
                }
            })
            .await
    }
}

impl Opened {
    /// The rows of page after page.
    fn rows(&self, below: Option<Path>) -> BoxStream<'_, Result<Vec<Row>>> {
        let begin = (Some(None::<Next>), 0);
        stream::try_unfold(begin, move |(next, empty)| {
            let below = below.clone();
            async move {
                let Some(next) = next else {
                    return Ok(None);
                };
                let attempt = format!("list the versions kept in {}", self.backend.location);
                let Some(history) = self.backend.store.history() else {
                    return Err(Error::new(Kind::Unsupported, attempt));
                };
                let page = self
                    .retrying(&attempt, || async {
                        let page = history.page(below.as_ref(), next.as_ref()).await;
                        page.map_err(|err| self.error(err, attempt.clone()))
                    })
                    .await?;
                let empty = if page.rows.is_empty() { empty + 1 } else { 0 };
                let is_endless = (page.next.is_some() && page.next == next) || empty >= EMPTY_PAGES;
                if is_endless {
                    let why = "page after page brings nothing new, and more are said to come";
                    return Err(Error::new(Kind::Other, attempt).because(why));
                }
                let next = page.next.map(Some);
                Ok(Some((page.rows, (next, empty))))
            }
        })
        .boxed()
    }
}

/// The rows of one object after the other. `attempt` is what is being attempted, as in "could not …".
fn objects(
    rows: BoxStream<'_, Result<Row>>,
    attempt: String,
) -> impl Stream<Item = Result<Vec<Row>>> {
    let begin = (rows, Vec::<Row>::new(), String::new());
    stream::try_unfold(begin, move |(mut rows, mut open, mut last)| {
        let attempt = attempt.clone();
        async move {
            loop {
                let Some(row) = rows.try_next().await? else {
                    // Nothing follows, and the listing is not asked again.
                    let ended = stream::empty().boxed();
                    let whole = (!open.is_empty()).then_some(open);
                    return Ok(whole.map(|whole| (whole, (ended, Vec::new(), last))));
                };
                let key = &row.entry.key;
                // A name that is altered may sort elsewhere than where it came.
                if row.entry.left_out.is_none() {
                    if *key < last {
                        let why = format!("{key} comes too late: names are not sorted");
                        return Err(Error::new(Kind::Other, attempt).because(why));
                    }
                    last.clone_from(key);
                }
                let is_next = open.first().is_some_and(|first| first.entry.key != *key);
                if is_next {
                    let whole = std::mem::replace(&mut open, vec![row]);
                    return Ok(Some((whole, (rows, open, last))));
                }
                open.push(row);
            }
        }
    })
}

/// What all rows of an object tell of it.
fn told(backend: &Backend, rows: &[Row]) -> Option<(ObjectPath, Past)> {
    if let Some(row) = rows.iter().find(|row| row.what == What::Current) {
        let (path, object) = described(backend, row.entry.clone())?;
        return Some((path, Past::There(object)));
    }
    let Some((former, deleted, lost)) = lost(rows) else {
        let (path, _) = described(backend, rows.first()?.entry.clone())?;
        return Some((path, Past::Lost));
    };
    let (path, object) = described(backend, former.entry.clone())?;
    let gone = Gone {
        object,
        deleted,
        lost,
    };
    Some((path, Past::Gone(gone)))
}

/// The newest version of a deleted object, when it was deleted, and by what it is found again.
fn lost(rows: &[Row]) -> Option<(&Row, Option<DateTime<Utc>>, Lost)> {
    let ranked = rows.iter().zip((0..=i64::MAX).rev());
    let ranked = ranked.map(|(row, place)| (row.rank.unwrap_or(place), row));
    let formers = ranked.clone().filter(|(_, row)| row.what == What::Former);
    let (its_rank, former) = formers.max_by_key(|(rank, _)| *rank)?;
    let hides = |(rank, row): &(i64, &Row)| match row.what {
        What::Deletion { is_latest } => is_latest || *rank >= its_rank,
        What::Current | What::Former => false,
    };
    // The newest comes first, where there are any.
    let mut hiding: Vec<&Row> = ranked.filter(hides).map(|(_, row)| row).collect();
    hiding.reverse();
    let first = hiding.first().and_then(|row| row.ended);
    let lost = Lost {
        size_bytes: former.entry.size_bytes.unwrap_or_default(),
        etag: former.entry.etag.clone(),
        version: former.version.clone().unwrap_or_default(),
        hidden_by: hiding.iter().map(|row| row.version.clone()).collect(),
    };
    Some((former, first.or(former.ended), lost))
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::bucket::entry::Entry;

    /// Of that name and version; a name in capitals is one that says that the object is deleted.
    fn row(key: &str, version: &str, rank: Option<i64>) -> Row {
        let is_deletion = version.chars().all(char::is_uppercase);
        Row {
            entry: Entry {
                key: key.to_owned(),
                ..Entry::default()
            },
            version: Some(version.to_owned()),
            what: if is_deletion {
                What::Deletion { is_latest: false }
            } else {
                What::Former
            },
            rank,
            ended: None,
        }
    }

    fn found(rows: &[Row]) -> Option<(String, Vec<String>)> {
        let (_, _, lost) = lost(rows)?;
        let hidden_by = lost.hidden_by.into_iter().flatten().collect();
        Some((lost.version, hidden_by))
    }

    /// S-19.3
    #[test]
    fn the_newest_version_counts_and_what_hides_it() {
        let found_in = |rows: &[(&str, Option<i64>)]| {
            let rows: Vec<Row> = rows
                .iter()
                .map(|(version, rank)| row("a", version, *rank))
                .collect();
            let found = found(&rows);
            found.map(|(version, hidden_by)| format!("{version} {}", hidden_by.join(" ")))
        };
        for (rows, expected) in [
            // As S3 shows them: the newest first.
            (&[("B", None), ("b", None), ("a", None)][..], Some("b B")),
            (
                &[
                    ("C", None),
                    ("B", None),
                    ("b", None),
                    ("A", None),
                    ("a", None),
                ],
                Some("b B C"),
            ),
            // As others do: the oldest first.
            (&[("a", Some(1)), ("b", Some(2))], Some("b ")),
            (&[("A", None)], None),
            (&[], None),
        ] {
            assert_eq!(found_in(rows).as_deref(), expected, "{rows:?}");
        }
        // A server that shows all that says so behind all versions.
        let mut latest = row("a", "B", None);
        latest.what = What::Deletion { is_latest: true };
        let rows = [row("a", "b", None), row("a", "a", None), latest];
        let expected = ("b".to_owned(), vec!["B".to_owned()]);
        assert_eq!(found(&rows), Some(expected));
    }

    /// S-19.3: also where a page ends among the versions of an object.
    #[tokio::test]
    async fn versions_of_an_object_come_together_and_objects_in_their_order() {
        let listed = async |names: &[&str]| {
            let rows: Vec<Row> = names.iter().map(|name| row(name, "a", None)).collect();
            let rows = stream::iter(rows.into_iter().map(Ok)).boxed();
            let all: Result<Vec<Vec<Row>>> = objects(rows, "list".to_owned()).try_collect().await;
            all.map(|all| all.iter().map(Vec::len).collect::<Vec<usize>>())
        };
        assert_eq!(listed(&["a", "a", "b", "c", "c"]).await.unwrap(), [2, 1, 2]);
        assert_eq!(listed(&[]).await.unwrap(), [0_usize; 0]);
        let err = listed(&["a", "c", "b"]).await.unwrap_err();
        assert!(
            format!("{err:#}").contains("names are not sorted"),
            "{err:#}"
        );
    }
}
