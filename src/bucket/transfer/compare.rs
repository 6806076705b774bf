//! Compares one object in two buckets byte by byte: what no listing can prove.

use futures::{StreamExt, TryStreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::budget::Budget;
use crate::block::{Object, ObjectPath};
use crate::bucket::fetch::{Version, ranges};
use crate::bucket::reader::BucketReader;
use crate::error::{Error, Kind, Result};

/// One object that lies in both buckets.
#[derive(Clone, Copy)]
pub struct Comparison<'a> {
    /// Its name in both.
    pub path: &'a ObjectPath,
    /// As listed in the source.
    pub ours: &'a Object,
    /// As listed in the target.
    pub theirs: &'a Object,
    /// The one bucket.
    pub source: &'a BucketReader,
    /// The other.
    pub target: &'a BucketReader,
    /// Memory.
    pub budget: &'a Budget,
    /// Ends it.
    pub cancel: &'a CancellationToken,
}

/// Bytes of each bucket that are compared at a time.
const PIECE: u64 = 8 << 20;

/// Pieces being read at once.
const PIECES_AT_ONCE: usize = 2;

/// Whether the listed versions have the same bytes.
///
/// Errors: [`Kind::Changed`] where either is another one by now, [`Kind::NotFound`], [`Kind::Cancelled`].
pub async fn same_content(comparison: Comparison<'_>) -> Result<bool> {
    let Comparison {
        path, ours, theirs, ..
    } = comparison;
    if ours.size_bytes != theirs.size_bytes {
        return Ok(false);
    }
    let versions = (Version::default(), Version::default());
    let compared = stream::iter(ranges(ours.size_bytes, PIECE))
        .map(async |range| {
            let bytes = range.end - range.start;
            let _share = comparison.budget.take(2 * bytes).await;
            let attempt = format!("compare {path}");
            let read = |bucket: &BucketReader, object: &Object, version| {
                let (bucket, object, range) = (bucket.clone(), object.clone(), range.clone());
                let attempt = attempt.clone();
                async move {
                    let read = || bucket.fetch(path, &object, range.clone(), version);
                    bucket.retrying(&attempt, read).await
                }
            };
            let (one, other) = futures::try_join!(
                read(comparison.source, ours, &versions.0),
                read(comparison.target, theirs, &versions.1)
            )?;
            Ok(one == other)
        })
        .buffered(PIECES_AT_ONCE)
        .try_all(std::future::ready);
    tokio::select! {
        // What is done counts, even if the end comes at the same moment.
        biased;
        same = compared => same,
        () = comparison.cancel.cancelled() => {
            Err(Error::new(Kind::Cancelled, format!("compare {path}")))
        }
    }
}
