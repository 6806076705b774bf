//! What block directories were: one listing of what the bucket keeps of deleted objects, and of the blocks that may be meant each `meta.json` and
//! mark, as it lies there or as it was last.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use sha2::{Digest, Sha256};

use super::reading::{cause, read_mark};
use super::source::Slimming;
use crate::at_once::READS;
use crate::block::{
    BlockId, BlockMeta, DELETION_MARK, DeletionMark, Inventory, META_JSON, MetaFile,
    NO_COMPACT_MARK, NoCompactMark, OVERWRITE_MARKER, Object, ObjectPath, Provenance,
};
use crate::bucket::{BucketReader, Gone, Past};
use crate::error::{Error, Kind, Result};
use crate::plan::{PastBlock, SourceMeta};
use crate::progress::Progress;
use crate::stored::{SMALL_OBJECT_BYTES, read_meta};

/// Which directories are looked at.
#[derive(Debug, Clone)]
pub enum Directories {
    /// All in which something lies no more.
    Deleted,
    /// All that bear a deletion mark, or bore one.
    OnceMarked,
    /// These.
    Of(BTreeSet<BlockId>),
}

/// One directory, as listed.
#[derive(Debug)]
struct Listed {
    id: BlockId,
    now: Vec<Object>,
    gone: Vec<Gone>,
    lost: Vec<Box<str>>,
}

/// Looks at directories as they are and were, one after the other as they are listed, and keeps what `judged` makes of each.
///
/// Errors: a listing or a read that stays transient after its retries; a bucket of a kind that keeps nothing.
pub async fn survey_past<T>(
    bucket: &BucketReader,
    which: &Directories,
    judged: impl Fn(PastBlock) -> Option<T>,
) -> Result<Vec<T>> {
    let listed = match which {
        Directories::Of(ids) => {
            let one = |id: BlockId| async move { list_past(bucket, id).await };
            let listed = stream::iter(ids.iter().copied()).map(one).buffered(READS);
            listed.try_filter_map(async |one| Ok(one)).boxed()
        }
        Directories::Deleted | Directories::OnceMarked => directories(bucket, None),
    };
    let mut read = listed
        .try_filter(|listed| std::future::ready(listed.concerns(which)))
        .map_ok(|listed| read(bucket, listed))
        .try_buffer_unordered(READS);
    let mut slimming = Slimming::new();
    let mut all = Vec::new();
    while let Some(mut block) = read.try_next().await? {
        Progress::sees();
        if let SourceMeta::Read(meta) = &mut block.meta
            && let Some(meta) = Arc::get_mut(meta)
        {
            slimming.slim(meta);
        }
        all.extend(judged(block));
    }
    Ok(all)
}

/// One directory as it is and was now; `None` of one in which nothing lies, and nothing is kept.
///
/// Errors: as [`survey_past`].
pub async fn look_at_past(bucket: &BucketReader, id: BlockId) -> Result<Option<PastBlock>> {
    match list_past(bucket, id).await? {
        Some(listed) => read(bucket, listed).await.map(Some),
        None => Ok(None),
    }
}

async fn list_past(bucket: &BucketReader, id: BlockId) -> Result<Option<Listed>> {
    let listed = directories(bucket, Some(id)).try_next().await?;
    Ok(listed.filter(|listed| !(listed.now.is_empty() && listed.gone.is_empty())))
}

/// The directories of a listing: what lies in one comes together.
fn directories(bucket: &BucketReader, of: Option<BlockId>) -> BoxStream<'_, Result<Listed>> {
    let begin = (bucket.past(of), None::<Listed>, BTreeSet::new());
    stream::try_unfold(begin, move |(mut all, mut open, mut seen)| async move {
        loop {
            let Some((path, past)) = all.try_next().await? else {
                // Nothing follows, and the listing is not asked again.
                let ended = stream::empty().boxed();
                return Ok(open.take().map(|last| (last, (ended, None, seen))));
            };
            Progress::lists();
            let Some((id, name)) = in_a_block(&path) else {
                continue;
            };
            let next = match &mut open {
                Some(listed) if listed.id == id => {
                    listed.take(name, past);
                    continue;
                }
                _ => Listed::beginning(id, name, past),
            };
            if !seen.insert(id) {
                let attempt = format!("list the versions kept in {}", bucket.location());
                let why = format!("the names of {id} came in two places");
                return Err(Error::new(Kind::Other, attempt).because(why));
            }
            if let Some(whole) = open.replace(next) {
                return Ok(Some((whole, (all, open, seen))));
            }
        }
    })
    .boxed()
}

fn in_a_block(path: &ObjectPath) -> Option<(BlockId, &str)> {
    let (directory, name) = path.as_str().split_once('/')?;
    Some((directory.parse().ok()?, name))
}

impl Listed {
    fn beginning(id: BlockId, name: &str, past: Past) -> Self {
        let mut listed = Self {
            id,
            now: Vec::new(),
            gone: Vec::new(),
            lost: Vec::new(),
        };
        listed.take(name, past);
        listed
    }

    fn take(&mut self, name: &str, past: Past) {
        let name: Box<str> = name.into();
        match past {
            Past::Lost => self.lost.push(name),
            Past::There(object) => self.now.push(Object { name, ..object }),
            Past::Gone(gone) => self.gone.push(Gone {
                object: Object {
                    name,
                    ..gone.object
                },
                ..gone
            }),
        }
    }

    /// Whether it is worth a closer look.
    fn concerns(&self, which: &Directories) -> bool {
        let is_mark = |object: &Object| &*object.name == DELETION_MARK;
        match which {
            Directories::Of(_) => true,
            Directories::Deleted => self.gone.iter().any(|gone| !is_mark(&gone.object)),
            Directories::OnceMarked => {
                self.now.iter().any(is_mark) || self.gone.iter().any(|gone| is_mark(&gone.object))
            }
        }
    }

    fn gone(&self, name: &str) -> Option<&Gone> {
        self.gone.iter().find(|gone| &*gone.object.name == name)
    }
}

/// Reads its `meta.json` and its marks.
async fn read(bucket: &BucketReader, listed: Listed) -> Result<PastBlock> {
    let id = listed.id;
    let now: Inventory = listed.now.iter().cloned().collect();
    let meta = read_newest_meta(bucket, &listed, &now);
    let mark = read_mark(bucket, id, &now);
    let marked_by = provenance(bucket, &listed, DELETION_MARK, |bytes| {
        DeletionMark::parse(id, bytes).ok()?.provenance()
    });
    let ours = provenance(bucket, &listed, NO_COMPACT_MARK, |bytes| {
        NoCompactMark::parse(bytes).ok()?.provenance()
    });
    let (meta, mark, marked_by, ours) = futures::try_join!(meta, mark, marked_by, ours)?;
    // What this tool wrote for itself is no part of a block, nor is the mark by which it was deleted.
    let is_ours = |name: &str| match name {
        DELETION_MARK | OVERWRITE_MARKER => true,
        NO_COMPACT_MARK => ours.is_some(),
        _ => false,
    };
    let gone = listed.gone.into_iter();
    Ok(PastBlock {
        id,
        now,
        gone: gone.filter(|gone| !is_ours(&gone.object.name)).collect(),
        lost: listed.lost,
        meta,
        mark,
        marked_by,
    })
}

async fn read_newest_meta(
    bucket: &BucketReader,
    listed: &Listed,
    now: &Inventory,
) -> Result<SourceMeta> {
    let id = listed.id;
    if let Some(why) = now.meta_left_out() {
        return Ok(SourceMeta::Unreadable(why.to_string().into()));
    }
    let read = if now.meta().is_some() {
        let read = read_meta(bucket, id, now.meta()).await;
        read.map(|read| read.map(|(meta, _)| meta))
    } else if let Some(gone) = listed.gone(META_JSON) {
        match read_gone(bucket, id, gone).await {
            Ok(Ok(bytes)) => match BlockMeta::parse(id, &bytes) {
                Ok(block) => Ok(Some(MetaFile {
                    block,
                    digest: Sha256::digest(&bytes).into(),
                    bytes: None,
                })),
                Err(err) => return Ok(SourceMeta::Corrupted(err.to_string().into())),
            },
            Ok(Err(why)) => return Ok(SourceMeta::Unreadable(why)),
            Err(err) => Err(err),
        }
    } else {
        return Ok(SourceMeta::Absent);
    };
    match read {
        Ok(Some(meta)) => Ok(SourceMeta::Read(Arc::new(meta))),
        Ok(None) => Ok(SourceMeta::Absent),
        Err(err) if err.kind() == Kind::Corrupt => Ok(SourceMeta::Corrupted(cause(&err).into())),
        Err(err) if err.kind().refuses_one_object() => {
            Ok(SourceMeta::Unreadable(cause(&err).into()))
        }
        Err(err) => Err(err),
    }
}

/// The bytes of the newest version of an object that was deleted, or why they cannot be had.
async fn read_gone(
    bucket: &BucketReader,
    id: BlockId,
    gone: &Gone,
) -> Result<std::result::Result<Bytes, Box<str>>> {
    let object = &gone.object;
    if let Some(why) = &object.left_out {
        return Ok(Err(why.to_string().into()));
    }
    if object.archived {
        return Ok(Err("it is archived, and has to be restored first".into()));
    }
    let path = id.object(&object.name);
    match bucket.read_gone(&path, gone, SMALL_OBJECT_BYTES).await {
        Ok(bytes) => Ok(Ok(bytes)),
        Err(err) if err.kind().spoils_one_object() => Ok(Err(cause(&err).into())),
        // It is kept no longer.
        Err(err) if err.kind() == Kind::NotFound => Ok(Err(cause(&err).into())),
        Err(err) => Err(err),
    }
}

/// Whether this tool wrote the mark that was deleted.
async fn provenance(
    bucket: &BucketReader,
    listed: &Listed,
    name: &str,
    parse: impl Fn(&[u8]) -> Option<Provenance>,
) -> Result<Option<Provenance>> {
    let Some(gone) = listed.gone(name) else {
        return Ok(None);
    };
    let read = read_gone(bucket, listed.id, gone).await?;
    Ok(read.ok().and_then(|bytes| parse(&bytes)))
}
