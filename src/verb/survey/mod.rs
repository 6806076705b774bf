//! Looks at both buckets: one flat listing of each, one read of each `meta.json` and mark of the source, and of the target only what can
//! decide. Whatever it cannot be sure of ends the run here, before anything is written.

mod beside;
mod suspects;
mod unreadable;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use tracing::{info, warn};

use crate::block::{
    BlockId, DELETION_MARK, DeletionMark, Inventory, Labels, LeftOut, Likeness, MarkError, Object,
    ObjectPath, ReadBack, Strength, is_loose_block_id,
};
use crate::bucket::BucketReader;
use crate::error::{Error, Kind, Result};
use crate::plan::{
    Mark, Rules, SourceBlock, SourceMeta, TargetBlock, TargetIndex, TargetMeta, Warning,
    needs_target_metas,
};
use crate::stored::{read_listed, read_meta, with_marks_read};
use crate::verb::probe;
use beside::Beside;
use unreadable::Unreadable;

/// What was found.
#[derive(Debug)]
pub struct Survey {
    /// Every block directory of the source, by id.
    pub source: Vec<Arc<SourceBlock>>,
    /// The block directories of the target.
    pub target: TargetIndex,
    /// What looks like a probe in the target and is older than a day: its run was killed.
    pub leftover_probes: Vec<ObjectPath>,
    /// Buckets that may not be those that were meant.
    pub warnings: Vec<Warning>,
}

/// Small objects being read at once.
const READS: usize = 32;

/// Surveys both buckets.
///
/// Errors: a listing or a read that stays transient after its retries; a refusal that holds for all of a bucket's blocks.
pub async fn survey(
    source: &BucketReader,
    target: &BucketReader,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Survey> {
    let (ours, theirs) = futures::try_join!(listing(source), listing(target))?;
    info!(
        source = ours.blocks.len(),
        target = theirs.blocks.len(),
        "block directories listed"
    );
    let mut warnings = Vec::new();
    if ours.blocks.is_empty() {
        warnings.push(ours.beside.in_source(source.location()));
    }
    if theirs.blocks.is_empty() {
        warnings.extend(theirs.beside.in_target(target.location()));
    }
    let source_blocks = read_source(source, ours.blocks).await?;
    let day_ago = now - TimeDelta::days(1);
    let leftover_probes = theirs
        .probes
        .into_iter()
        .filter(|(_, modified)| modified.is_some_and(|time| time < day_ago))
        .map(|(probe, _)| probe)
        .collect();
    let theirs = theirs.blocks;
    let read = match rules.verify {
        // Then entity tags that differ are left alone.
        Strength::Size => BTreeMap::new(),
        _ => suspects::read(&source_blocks, &theirs, source, target).await,
    };
    let read_of = |id| read.get(&id).cloned().unwrap_or_default();
    let listed: TargetIndex = theirs
        .iter()
        .map(|(id, objects)| TargetBlock {
            read: read_of(*id),
            ..unread(*id, objects.clone())
        })
        .collect();
    let target_name = target.location().to_string();
    let target_blocks = if needs_target_metas(&source_blocks, &listed, rules, &target_name) {
        let (blocks, unreadable) = read_target(target, theirs, &source_blocks).await?;
        warnings.extend(unreadable.warning(target.location()));
        let with_readings = blocks.into_iter().map(|block| TargetBlock {
            read: read_of(block.id),
            ..block
        });
        with_readings.collect()
    } else {
        listed
    };
    Ok(Survey {
        source: source_blocks,
        target: target_blocks.with_largest_object(target.largest_object()),
        leftover_probes,
        warnings,
    })
}

/// What one flat listing of a bucket shows.
struct Listing {
    blocks: BTreeMap<BlockId, Inventory>,
    beside: Beside,
    probes: Vec<(ObjectPath, Option<DateTime<Utc>>)>,
}

async fn listing(bucket: &BucketReader) -> Result<Listing> {
    let mut blocks: BTreeMap<BlockId, Vec<Object>> = BTreeMap::new();
    let mut beside = Beside::default();
    let mut probes = Vec::new();
    let mut resembling: HashSet<String> = HashSet::new();
    let mut objects = bucket.list();
    while let Some((path, object)) = objects.try_next().await? {
        let (directory, name) = match path.as_str().split_once('/') {
            Some(split) => split,
            // A link, say, in the place of a block's folder: Thanos takes it for one.
            None if path.as_str().parse::<BlockId>().is_ok() && object.left_out.is_some() => {
                (path.as_str(), "")
            }
            None if matches!(object.left_out, Some(LeftOut::Odd(_))) => {
                beside.note(&path, &object);
                continue;
            }
            None if object.size_bytes == 0 => (path.as_str(), ""),
            None => {
                if probe::is_one(&path, &object) {
                    probes.push((path, object.modified));
                } else {
                    beside.note(&path, &object);
                }
                continue;
            }
        };
        let Ok(id) = directory.parse::<BlockId>() else {
            beside.note(&path, &object);
            if is_loose_block_id(directory) && resembling.insert(directory.to_owned()) {
                warn!(
                    bucket = %bucket.location(),
                    directory,
                    "directory left alone: Thanos may take it for a block, but its name is no ULID"
                );
            }
            continue;
        };
        let name = name.into();
        blocks
            .entry(id)
            .or_default()
            .push(Object { name, ..object });
    }
    Ok(Listing {
        blocks: blocks
            .into_iter()
            .map(|(id, objects)| (id, objects.into_iter().collect()))
            .collect(),
        beside,
        probes,
    })
}

async fn read_source(
    bucket: &BucketReader,
    directories: BTreeMap<BlockId, Inventory>,
) -> Result<Vec<Arc<SourceBlock>>> {
    let mut blocks: Vec<SourceBlock> = stream::iter(directories)
        .map(|(id, objects)| read_source_block(bucket, id, objects))
        .buffered(READS)
        .try_collect()
        .await?;
    let mut label_sets: HashSet<Labels> = HashSet::new();
    let mut readable = 0_usize;
    let mut refused = None;
    for block in &mut blocks {
        // A link says nothing of other blocks.
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

/// What one refusal may concern alone, all of them concern as a whole.
fn none_readable(bucket: &BucketReader, why: String) -> Error {
    let attempt = format!("read any block's meta.json in {}", bucket.location());
    Error::new(Kind::Refused, attempt).because(why)
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
            Ok(Some((meta, _))) => Ok(SourceMeta::Read(Arc::new(meta))),
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

async fn read_mark(bucket: &BucketReader, id: BlockId, objects: &Inventory) -> Result<Mark> {
    let Some(listed) = objects.get(DELETION_MARK) else {
        return Ok(Mark::Absent);
    };
    match read_listed(bucket, id, listed).await {
        Ok(Some(bytes)) => Ok(match DeletionMark::parse(id, &bytes) {
            Ok(mark) => Mark::Present(mark),
            Err(err) => Mark::Corrupted(err),
        }),
        Ok(None) => Ok(Mark::Absent),
        Err(err) if err.kind().spoils_one_object() => Ok(Mark::Unreadable(cause(&err))),
        Err(err) => Err(err),
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
        Mark::Unreadable("it was not read".to_owned())
    } else {
        Mark::Absent
    }
}

async fn read_target(
    bucket: &BucketReader,
    directories: BTreeMap<BlockId, Inventory>,
    source: &[Arc<SourceBlock>],
) -> Result<(Vec<TargetBlock>, Unreadable)> {
    let mut readable = 0_usize;
    let mut unreadable = Unreadable::default();
    let mut blocks = Vec::new();
    let mut read = stream::iter(directories)
        .map(async |(id, objects)| {
            let twin = source
                .binary_search_by_key(&id, |block| block.id)
                .ok()
                .and_then(|position| source.get(position));
            let meta = target_meta(bucket, id, &objects, twin);
            let mark = target_mark(bucket, id, &objects);
            let (meta, mark) = futures::join!(meta, mark);
            (id, meta, mark, objects)
        })
        .buffered(READS);
    while let Some((id, meta, mark, objects)) = read.next().await {
        let meta = match meta {
            Ok((meta, Known::Read)) => {
                readable += 1;
                meta
            }
            Ok((meta, Known::Otherwise)) => meta,
            Err(err) if err.kind().spoils_one_object() => {
                let why = cause(&err);
                warn!(bucket = %bucket.location(), block = %id, err = why, "meta.json of the target cannot be read; the block is not taken into account");
                if err.kind().refuses_one_object() {
                    unreadable.note(id, &why);
                }
                TargetMeta::Corrupted(why)
            }
            Err(err) => return Err(err),
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
        return Ok((unread(id, objects.clone()).meta, Known::Otherwise));
    };
    let known = twin.and_then(|twin| {
        let ours = twin.objects.meta()?;
        let same = ours.size_bytes == listed.size_bytes
            && ours.fingerprint.likeness(listed.fingerprint) == Likeness::Same;
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

fn unread(id: BlockId, objects: Inventory) -> TargetBlock {
    let meta = if let Some(why) = objects.meta_left_out() {
        TargetMeta::Corrupted(why.to_string())
    } else if objects.meta().is_some() {
        TargetMeta::Unread
    } else {
        TargetMeta::Absent
    };
    let mark = unread_mark(&objects);
    TargetBlock {
        id,
        objects,
        meta,
        mark,
        read: ReadBack::default(),
    }
}

/// The deepest cause: plans name the block and the object already.
fn cause(err: &Error) -> String {
    let mut deepest: &dyn std::error::Error = err;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    deepest.to_string()
}
