//! What the target's block directories hold, as far as that can decide something.

use std::sync::Arc;

use futures::{StreamExt, stream};
use tracing::warn;

use super::reading::{cause, none_readable, read_mark};
use super::unreadable::Unreadable;
use crate::at_once::READS;
use crate::block::{BlockId, Inventory, Likeness, MarkError, Packed, ReadBack};
use crate::bucket::BucketReader;
use crate::error::{Error, Result};
use crate::plan::{Mark, SourceBlock, TargetBlock, TargetMeta};
use crate::progress::Progress;
use crate::stored::read_meta;

/// Reads each `meta.json` that the source does not tell, and each mark, in the order of their ids. Tells too which blocks may not be read.
///
/// Errors: a read that stays transient after its retries; not one `meta.json` that may be read, of at least one that was tried.
pub(super) async fn read_target(
    bucket: &BucketReader,
    directories: Vec<(BlockId, Packed<Inventory>)>,
    source: &[Arc<SourceBlock>],
) -> Result<(Vec<TargetBlock>, Unreadable)> {
    let mut readable = 0_usize;
    let mut unreadable = Unreadable::default();
    let mut blocks = Vec::with_capacity(directories.len());
    let mut read = stream::iter(directories)
        .map(async |(id, objects)| {
            let twin = source
                .binary_search_by_key(&id, |block| block.id)
                .ok()
                .and_then(|position| source.get(position));
            let listed = objects.get();
            let meta = target_meta(bucket, id, &listed, twin);
            let mark = target_mark(bucket, id, &listed);
            let (meta, mark) = futures::join!(meta, mark);
            (id, meta, mark, objects)
        })
        .buffered(READS);
    while let Some((id, meta, mark, objects)) = read.next().await {
        Progress::sees();
        let meta = match meta {
            Ok((meta, Known::Read)) => {
                readable += 1;
                meta
            }
            Ok((meta, Known::Otherwise)) => meta,
            Err(err) => {
                let meta = unusable(bucket, id, err)?;
                if let TargetMeta::Unreadable(why) = &meta {
                    unreadable.note(id, why);
                }
                meta
            }
        };
        blocks.push(TargetBlock {
            id,
            objects,
            meta,
            mark: mark?,
            read: ReadBack::default(),
        });
    }
    if let Some(why) = unreadable.why.clone().filter(|_| readable == 0) {
        return Err(none_readable(bucket, why));
    }
    Ok((blocks, unreadable))
}

/// Reads the `meta.json` that the source does not tell, and the mark, of one block.
///
/// Errors: a read that stays transient after its retries.
pub(super) async fn read_target_block(
    bucket: &BucketReader,
    id: BlockId,
    objects: Packed<Inventory>,
    twin: Option<&Arc<SourceBlock>>,
) -> Result<TargetBlock> {
    let listed = objects.get();
    let meta = target_meta(bucket, id, &listed, twin);
    let mark = target_mark(bucket, id, &listed);
    let (meta, mark) = futures::join!(meta, mark);
    let meta = match meta {
        Ok((meta, _)) => meta,
        Err(err) => unusable(bucket, id, err)?,
    };
    Ok(TargetBlock {
        id,
        objects,
        meta,
        mark: mark?,
        read: ReadBack::default(),
    })
}

/// What becomes of a `meta.json` that cannot be used.
fn unusable(bucket: &BucketReader, id: BlockId, err: Error) -> Result<TargetMeta> {
    if !err.kind().spoils_one_object() {
        return Err(err);
    }
    let why = cause(&err);
    warn!(bucket = %bucket.location(), block = %id, err = why, "meta.json of the target cannot be read; the block is not taken into account");
    Ok(if err.kind().refuses_one_object() {
        TargetMeta::Unreadable(why)
    } else {
        TargetMeta::Corrupted(why)
    })
}

/// How it is known what a `meta.json` of the target says.
enum Known {
    /// It was read.
    Read,
    /// It is not there, need not be read, or is the source's by its entity tag.
    Otherwise,
}

async fn target_meta(
    bucket: &BucketReader,
    id: BlockId,
    objects: &Inventory,
    twin: Option<&Arc<SourceBlock>>,
) -> Result<(TargetMeta, Known)> {
    let Some(listed) = objects.meta() else {
        return Ok((unread_meta(objects), Known::Otherwise));
    };
    let known = twin.and_then(|twin| {
        let in_source = twin.objects();
        let in_source = in_source.meta()?;
        let same = in_source.size_bytes == listed.size_bytes
            && in_source.fingerprint.likeness(listed.fingerprint) == Likeness::Same;
        twin.meta().filter(|_| same)
    });
    if let Some(meta) = known {
        return Ok((TargetMeta::Read(Arc::clone(meta)), Known::Otherwise));
    }
    let meta = match read_meta(bucket, id, Some(listed)).await? {
        Some((meta, _)) => TargetMeta::Read(Arc::new(meta)),
        None => TargetMeta::Absent,
    };
    Ok((meta, Known::Read))
}

/// A directory of which nothing was read.
pub(super) fn unread(id: BlockId, objects: Packed<Inventory>) -> TargetBlock {
    let listed = objects.get();
    TargetBlock {
        id,
        objects,
        meta: unread_meta(&listed),
        mark: unread_mark(&listed),
        read: ReadBack::default(),
    }
}

fn unread_meta(objects: &Inventory) -> TargetMeta {
    if let Some(why) = objects.meta_left_out() {
        TargetMeta::Unreadable(why.to_string())
    } else if objects.meta().is_some() {
        TargetMeta::Unread
    } else {
        TargetMeta::Absent
    }
}

/// The mark of a block of the target. Thanos reads it where there is a `meta.json`, and so it counts only there.
async fn target_mark(bucket: &BucketReader, id: BlockId, objects: &Inventory) -> Result<Mark> {
    if objects.meta().is_none() {
        return Ok(unread_mark(objects));
    }
    let mark = read_mark(bucket, id, objects).await?;
    if let Mark::Corrupted(err) = &mark {
        let will = match err {
            MarkError::Undecodable(_) => "Thanos takes the block for unmarked",
            MarkError::OtherVersion(_) => "no component of Thanos can sync the bucket",
            MarkError::OfAnother(_) => "Thanos deletes the block that it names",
        };
        warn!(bucket = %bucket.location(), block = %id, err = %err, "a deletion mark of the target is no mark of its block: {will}");
    }
    Ok(mark)
}

fn unread_mark(objects: &Inventory) -> Mark {
    if objects.is_marked() {
        Mark::Unreadable("it was not read".into())
    } else {
        Mark::Absent
    }
}
