//! What the source's block directories hold: each `meta.json` and mark is read.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use super::reading::{cause, none_readable, read_mark};
use crate::at_once::READS;
use crate::block::{BlockId, Inventory, Labels, LeftOut};
use crate::bucket::BucketReader;
use crate::error::{Kind, Result};
use crate::plan::{SourceBlock, SourceMeta};
use crate::stored::{read_meta, with_marks_read};

/// So many bytes of `meta.json` are kept until blocks are published; what is not kept is read again then.
const KEPT_BYTES: usize = 16 << 20;

/// Reads all of them, in the order of their ids.
///
/// Errors: a read that stays transient after its retries; a refusal that holds for every block.
pub(super) async fn read_source(
    bucket: &BucketReader,
    directories: BTreeMap<BlockId, Inventory>,
) -> Result<Vec<Arc<SourceBlock>>> {
    let mut blocks: Vec<SourceBlock> = Vec::new();
    let mut room = KEPT_BYTES;
    let mut read = stream::iter(directories)
        .map(|(id, objects)| read_source_block(bucket, id, objects))
        .buffered(READS);
    while let Some(mut block) = read.try_next().await? {
        if let SourceMeta::Read(meta) = &mut block.meta
            && let Some(meta) = Arc::get_mut(meta)
        {
            let bytes = meta.bytes.as_ref().map_or(0, Bytes::len);
            match room.checked_sub(bytes) {
                Some(less) => room = less,
                None => meta.bytes = None,
            }
        }
        blocks.push(block);
    }
    let mut label_sets: HashSet<Labels> = HashSet::new();
    let mut readable = 0_usize;
    let mut refused = None;
    for block in &mut blocks {
        // A link in the place of `meta.json` says nothing of other blocks.
        let is_odd = matches!(block.objects.meta_left_out(), Some(LeftOut::Odd(_)));
        match &mut block.meta {
            SourceMeta::Read(meta) => {
                readable += 1;
                // Thousands of blocks share a handful of label sets.
                if let Some(meta) = Arc::get_mut(meta) {
                    meta.block.group.labels = shared(&mut label_sets, &meta.block.group.labels);
                }
            }
            SourceMeta::Unreadable(why) if !is_odd => refused = Some(why.clone()),
            SourceMeta::Absent | SourceMeta::Unreadable(_) | SourceMeta::Corrupted(_) => {}
        }
    }
    if let Some(why) = refused.filter(|_| readable == 0) {
        return Err(none_readable(bucket, why));
    }
    Ok(blocks.into_iter().map(Arc::new).collect())
}

fn shared(sets: &mut HashSet<Labels>, labels: &Labels) -> Labels {
    if let Some(known) = sets.get(labels) {
        return known.clone();
    }
    sets.insert(labels.clone());
    labels.clone()
}

async fn read_source_block(
    bucket: &BucketReader,
    id: BlockId,
    objects: Inventory,
) -> Result<SourceBlock> {
    let meta = async {
        if let Some(why) = objects.meta_left_out() {
            return Ok(SourceMeta::Unreadable(why.to_string()));
        }
        let Some(listed) = objects.meta() else {
            return Ok(SourceMeta::Absent);
        };
        match read_meta(bucket, id, Some(listed)).await {
            Ok(Some((mut meta, bytes))) => {
                let is_proven = listed.fingerprint.is_of(&bytes);
                // A copy of its own, lest it keep a larger piece of memory alive.
                meta.bytes = is_proven.then(|| Bytes::copy_from_slice(&bytes));
                Ok(SourceMeta::Read(Arc::new(meta)))
            }
            Ok(None) => Ok(SourceMeta::Absent),
            Err(err) if err.kind() == Kind::Corrupt => Ok(SourceMeta::Corrupted(cause(&err))),
            Err(err) if err.kind().refuses_one_object() => Ok(SourceMeta::Unreadable(cause(&err))),
            Err(err) => Err(err),
        }
    };
    let mark = read_mark(bucket, id, &objects);
    let judged = with_marks_read(bucket, id, objects.clone());
    let (meta, mark, objects) = futures::try_join!(meta, mark, judged)?;
    Ok(SourceBlock {
        id,
        objects,
        meta,
        mark,
    })
}
