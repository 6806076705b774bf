//! The SHA-256 of one object, which is read to its end and kept nowhere.

use futures::{StreamExt, TryStreamExt, stream};
use sha2::{Digest as _, Sha256};
use tokio::task::spawn_blocking;

use super::budget::Budget;
use crate::at_once::PIECES_COMPARED_AT_ONCE;
use crate::block::{Object, ObjectPath, Sha256Sum};
use crate::bucket::fetch::{Version, ranges};
use crate::bucket::reader::BucketReader;
use crate::error::{Error, Kind, Result};

/// Bytes that are read at a time.
const PIECE: u64 = 8 << 20;

/// The SHA-256 of an object as it was listed. What is held in memory counts towards `budget`.
///
/// Errors: [`Kind::Changed`] where it is another one by now, [`Kind::NotFound`], [`Kind::Unreadable`] where this object alone cannot be read.
pub async fn sha256(
    bucket: &BucketReader,
    path: &ObjectPath,
    object: &Object,
    budget: &Budget,
) -> Result<Sha256Sum> {
    let attempt = format!("read {path} in {}", bucket.location());
    let version = Version::default();
    let mut pieces = stream::iter(ranges(object.size_bytes, PIECE))
        .map(async |range| {
            let share = budget.take(range.end - range.start).await;
            let read = || bucket.fetch(path, object, range.clone(), &version);
            let bytes = bucket.retrying(&attempt, read).await?;
            Ok::<_, Error>((share, bytes))
        })
        .buffered(PIECES_COMPARED_AT_ONCE);
    let mut digest = Sha256::new();
    while let Some((share, bytes)) = pieces.try_next().await? {
        // It takes too long for the threads that wait for answers.
        let hashing = spawn_blocking(move || {
            digest.update(&bytes);
            drop(share);
            digest
        });
        let hashed = hashing.await;
        digest = hashed.map_err(|err| Error::new(Kind::Other, attempt.clone()).because(err))?;
    }
    Ok(Sha256Sum(digest.finalize().into()))
}
