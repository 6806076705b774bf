//! Compares one object in two buckets byte by byte: what no listing can prove.

use futures::{StreamExt, TryStreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::budget::Budget;
use crate::at_once::PIECES_COMPARED_AT_ONCE;
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
    pub in_source: &'a Object,
    /// As listed in the target.
    pub in_target: &'a Object,
    /// Where one of them is read.
    pub source: &'a BucketReader,
    /// Where the other is read.
    pub target: &'a BucketReader,
    /// What is held in memory counts towards this.
    pub budget: &'a Budget,
    /// Ends it early, with an error of the kind [`Kind::Cancelled`].
    pub cancel: &'a CancellationToken,
}

/// Bytes of each bucket that are compared at a time.
const PIECE: u64 = 8 << 20;

/// Whether the listed versions have the same bytes.
///
/// Errors: [`Kind::Changed`] where either is another one by now, [`Kind::NotFound`], [`Kind::Cancelled`].
pub async fn same_content(comparison: Comparison<'_>) -> Result<bool> {
    let Comparison {
        path,
        in_source,
        in_target,
        ..
    } = comparison;
    if in_source.size_bytes != in_target.size_bytes {
        return Ok(false);
    }
    let versions = (Version::default(), Version::default());
    let compared = stream::iter(ranges(in_source.size_bytes, PIECE))
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
                read(comparison.source, in_source, &versions.0),
                read(comparison.target, in_target, &versions.1)
            )?;
            Ok(one == other)
        })
        .buffered(PIECES_COMPARED_AT_ONCE)
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
