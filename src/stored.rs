//! One block in one bucket: its `meta.json` and its marks, as a listing of a moment ago showed them.
//!
//! A server that denies what it lists says nothing about the block, so that it is never taken for gone on such an answer alone.

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::block::{
    BlockId, BlockMeta, Inventory, META_JSON, MetaFile, NO_COMPACT_MARK, NoCompactMark,
};
use crate::bucket::BucketReader;
use crate::error::{Error, Kind, Result};

/// The largest `meta.json` or mark that is read; real ones stay far below.
const SMALL_OBJECT_BYTES: usize = 4 << 20;

/// Reads a `meta.json` that was listed, with its bytes; `None` where it is gone by now.
///
/// Errors: as [`read_small`]; bytes that are no `meta.json` of this block are of the kind [`Kind::Corrupt`].
pub async fn read_meta(bucket: &BucketReader, id: BlockId) -> Result<Option<(MetaFile, Bytes)>> {
    let Some(bytes) = read_small(bucket, id, META_JSON).await? else {
        return Ok(None);
    };
    let block = BlockMeta::parse(id, &bytes).map_err(|err| {
        Error::new(
            Kind::Corrupt,
            format!(
                "make sense of {} in {}",
                id.object(META_JSON),
                bucket.location()
            ),
        )
        .because(err)
    })?;
    let digest = Sha256::digest(&bytes).into();
    Ok(Some((MetaFile { block, digest }, bytes)))
}

/// Reads one of a block's small objects that was listed; `None` where a fresh listing lacks it too.
///
/// Errors: one of the kind [`Kind::Transient`] where listings go on showing what reading denies.
pub async fn read_small(bucket: &BucketReader, id: BlockId, name: &str) -> Result<Option<Bytes>> {
    let path = id.object(name);
    let attempt = format!("read {path} in {}", bucket.location());
    // What comes back inside has outlasted its own retries, or needs none.
    bucket
        .retrying(&attempt, || async {
            match bucket.read(&path, SMALL_OBJECT_BYTES).await {
                Err(err) if err.kind() == Kind::NotFound => match bucket.list_block(id).await {
                    Ok(now) if now.get(name).is_none() => Ok(Ok(None)),
                    Ok(_) => {
                        let why = format!("it is listed, and said not to be there: {err:#}");
                        Err(Error::new(Kind::Transient, attempt.clone()).because(why))
                    }
                    Err(err) => Ok(Err(err)),
                },
                read => Ok(read.map(Some)),
            }
        })
        .await?
}

/// Whether the block carries a no-compact mark that this tool wrote: it belongs to the migration, not to the block.
pub async fn no_compact_mark_is_ours(
    bucket: &BucketReader,
    id: BlockId,
    objects: &Inventory,
) -> Result<bool> {
    if objects.get(NO_COMPACT_MARK).is_none() {
        return Ok(false);
    }
    match read_small(bucket, id, NO_COMPACT_MARK).await {
        Ok(bytes) => Ok(bytes.is_some_and(|bytes| {
            NoCompactMark::parse(&bytes).is_ok_and(|mark| mark.provenance().is_some())
        })),
        Err(err) if err.kind() == Kind::Corrupt || is_of_one_object(&err) => Ok(false),
        Err(err) => Err(err),
    }
}

/// Whether other objects of the same bucket may be readable all the same.
#[must_use]
pub fn is_of_one_object(err: &Error) -> bool {
    matches!(err.kind(), Kind::Unreadable | Kind::Refused)
}
