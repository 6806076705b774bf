//! What the source's block directories hold: each `meta.json` and mark is read, as soon as its directory is listed.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use bytes::Bytes;
use futures::channel::mpsc::Receiver;
use futures::{StreamExt, TryStreamExt};

use super::listing::{Directory, listed_once};
use super::reading::{cause, none_readable, read_mark};
use crate::at_once::READS;
use crate::block::{BlockId, Inventory, Labels, LeftOut, MetaFile, Packed};
use crate::bucket::BucketReader;
use crate::error::{Kind, Result};
use crate::plan::{SourceBlock, SourceMeta};
use crate::progress::Progress;
use crate::stored::{read_meta, with_marks_read};

/// So many bytes of `meta.json` are kept until blocks are published; what is not kept is read again then.
const KEPT_BYTES: usize = 16 << 20;

/// Reads all that come, and sorts them by their ids.
///
/// Errors: a read that stays transient after its retries; a refusal that holds for every block.
pub(super) async fn read_source(
    bucket: &BucketReader,
    directories: Receiver<Directory>,
) -> Result<Vec<Arc<SourceBlock>>> {
    let mut blocks: Vec<Arc<SourceBlock>> = Vec::new();
    let mut slimming = Slimming::new();
    let mut readable = 0_usize;
    let mut refused = None;
    let mut read = directories
        .map(|(id, objects)| read_source_block(bucket, id, objects))
        .buffer_unordered(READS);
    while let Some(mut block) = read.try_next().await? {
        Progress::sees();
        // A link in the place of `meta.json` says nothing of other blocks.
        let is_odd = matches!(block.objects().meta_left_out(), Some(LeftOut::Odd(_)));
        match &mut block.meta {
            SourceMeta::Read(meta) => {
                readable += 1;
                if let Some(meta) = Arc::get_mut(meta) {
                    slimming.slim(meta);
                }
            }
            SourceMeta::Unreadable(why) if !is_odd => refused = Some(why.to_string()),
            SourceMeta::Absent | SourceMeta::Unreadable(_) | SourceMeta::Corrupted(_) => {}
        }
        blocks.push(Arc::new(block));
    }
    if let Some(why) = refused.filter(|_| readable == 0) {
        return Err(none_readable(bucket, why));
    }
    blocks.sort_unstable_by_key(|block| block.id);
    listed_once(bucket, blocks.iter().map(|block| block.id))?;
    Ok(blocks)
}

/// Takes from a `meta.json` what is not to be kept a million times.
pub(super) struct Slimming {
    /// Thousands of blocks share a handful of label sets, and of names of who wrote them.
    labels: HashSet<Labels>,
    writers: HashSet<Arc<str>>,
    /// How many more bytes of `meta.json` may be kept.
    room: usize,
}

impl Slimming {
    pub(super) fn new() -> Self {
        Self {
            labels: HashSet::new(),
            writers: HashSet::new(),
            room: KEPT_BYTES,
        }
    }

    pub(super) fn slim(&mut self, meta: &mut MetaFile) {
        share(&mut self.labels, &mut meta.block.group.labels);
        share(&mut self.writers, &mut meta.block.source);
        let bytes = meta.bytes.as_ref().map_or(0, |bytes| bytes.len());
        match self.room.checked_sub(bytes) {
            Some(less) => self.room = less,
            None => meta.bytes = None,
        }
    }
}

/// Replaces a value by an equal one that is known.
fn share<T: Clone + Eq + Hash>(known: &mut HashSet<T>, value: &mut T) {
    match known.get(value) {
        Some(same) => value.clone_from(same),
        None => {
            known.insert(value.clone());
        }
    }
}

/// Reads its `meta.json` and its marks.
pub(super) async fn read_source_block(
    bucket: &BucketReader,
    id: BlockId,
    objects: Inventory,
) -> Result<SourceBlock> {
    let meta = async {
        if let Some(why) = objects.meta_left_out() {
            return Ok(SourceMeta::Unreadable(why.to_string().into()));
        }
        let Some(listed) = objects.meta() else {
            return Ok(SourceMeta::Absent);
        };
        match read_meta(bucket, id, Some(listed)).await {
            Ok(Some((mut meta, bytes))) => {
                let is_proven = listed.fingerprint.is_of(&bytes);
                // A copy of its own, lest it keep a larger piece of memory alive.
                meta.bytes = is_proven.then(|| Box::new(Bytes::copy_from_slice(&bytes)));
                Ok(SourceMeta::Read(Arc::new(meta)))
            }
            Ok(None) => Ok(SourceMeta::Absent),
            Err(err) if err.kind() == Kind::Corrupt => {
                Ok(SourceMeta::Corrupted(cause(&err).into()))
            }
            Err(err) if err.kind().refuses_one_object() => {
                Ok(SourceMeta::Unreadable(cause(&err).into()))
            }
            Err(err) => Err(err),
        }
    };
    let mark = read_mark(bucket, id, &objects);
    let judged = with_marks_read(bucket, id, objects.clone());
    let (meta, mark, objects) = futures::try_join!(meta, mark, judged)?;
    Ok(SourceBlock {
        id,
        objects: Packed::new(&objects),
        meta,
        mark,
    })
}
