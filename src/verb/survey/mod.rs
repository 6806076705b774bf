//! Looks at both buckets: one flat listing of each, one read of each `meta.json` and mark of the source, and of the target only what can
//! decide. Whatever it cannot be sure of ends the run here, before anything is written.

mod beside;
mod left;
mod listing;
mod past;
mod reading;
mod source;
mod suspects;
mod target;
mod unreadable;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use futures::channel::mpsc::{Receiver, channel};
use tracing::info;

use crate::at_once::READS;
use crate::block::{BlockId, Inventory, ObjectPath, Packed, Strength};
use crate::bucket::BucketReader;
use crate::error::Result;
use crate::plan::{Rules, SourceBlock, TargetBlock, TargetIndex, Warning, needs_target_metas};
pub use left::{Left, survey_left};
use listing::{Directory, Listed, listed_once, listing};
pub use past::{Directories, look_at_past, survey_past};
use source::{read_source, read_source_block};
use target::{read_target, read_target_block, unread};

/// What a survey found.
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

/// Surveys both buckets, as far as that can decide something.
///
/// Errors: a listing or a read that stays transient after its retries; a refusal that holds for all of a bucket's blocks.
pub async fn survey(
    source: &BucketReader,
    target: &BucketReader,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Survey> {
    survey_as(source, target, rules, now, Depth::AsItDecides).await
}

/// Surveys both buckets, and reads each `meta.json` and mark of the target too, whether it decides something or not.
///
/// Errors: those of [`survey`].
pub async fn survey_whole(
    source: &BucketReader,
    target: &BucketReader,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Survey> {
    survey_as(source, target, rules, now, Depth::Whole).await
}

/// How much is read of the target.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// Each `meta.json` and mark where one of them can decide something, and else none.
    AsItDecides,
    /// Each of them.
    Whole,
}

async fn survey_as(
    source: &BucketReader,
    target: &BucketReader,
    rules: &Rules,
    now: DateTime<Utc>,
    depth: Depth,
) -> Result<Survey> {
    let (found_in_source, of_source) = channel(READS);
    let (found_in_target, of_target) = channel(READS);
    let (in_source, source_blocks, in_target, directories) = futures::try_join!(
        listing(source, found_in_source),
        read_source(source, of_source),
        listing(target, found_in_target),
        packed(target, of_target),
    )?;
    let mut warnings = no_blocks((source, &in_source), (target, &in_target));
    let day_ago = now - TimeDelta::days(1);
    let leftover_probes = in_target
        .probes
        .into_iter()
        .filter(|(_, modified)| modified.is_some_and(|time| time < day_ago))
        .map(|(probe, _)| probe)
        .collect();
    let read = match rules.verify {
        // Then entity tags that differ are left alone.
        Strength::Size => BTreeMap::new(),
        _ => suspects::read(&source_blocks, &directories, source, target).await,
    };
    let read_of = |id| read.get(&id).cloned().unwrap_or_default();
    let target_name = target.location().to_string();
    let target_blocks = match depth {
        Depth::Whole => None,
        Depth::AsItDecides => {
            let listed = directories.iter().map(|(id, objects)| TargetBlock {
                read: read_of(*id),
                ..unread(*id, objects.clone())
            });
            let listed: TargetIndex = listed.collect();
            let is_decided = !needs_target_metas(&source_blocks, &listed, rules, &target_name);
            is_decided.then_some(listed)
        }
    };
    let target_blocks = if let Some(listed) = target_blocks {
        listed
    } else {
        let (blocks, unreadable) = read_target(target, directories, &source_blocks).await?;
        warnings.extend(unreadable.warning(target.location()));
        let with_readings = blocks.into_iter().map(|block| TargetBlock {
            read: read_of(block.id),
            ..block
        });
        with_readings.collect()
    };
    Ok(Survey {
        source: source_blocks,
        target: target_blocks.with_largest_object(target.largest_object()),
        leftover_probes,
        warnings,
    })
}

/// What lies in two buckets.
#[derive(Debug)]
pub struct Both {
    /// Every block directory of the source, by id, with its `meta.json` and its mark.
    pub source: Vec<Arc<SourceBlock>>,
    /// Every block directory of the target, with its `meta.json` and its mark.
    pub target: TargetIndex,
    /// That they may not be the buckets that were meant, or what cannot be read there.
    pub warnings: Vec<Warning>,
}

/// Surveys both buckets for what they hold: of the target too, each `meta.json` and mark is read.
///
/// Errors: those of [`survey`].
pub async fn survey_both(source: &BucketReader, target: &BucketReader) -> Result<Both> {
    let (found_in_source, of_source) = channel(READS);
    let (found_in_target, of_target) = channel(READS);
    let (in_source, blocks, in_target, directories) = futures::try_join!(
        listing(source, found_in_source),
        read_source(source, of_source),
        listing(target, found_in_target),
        packed(target, of_target),
    )?;
    let of_both = no_blocks((source, &in_source), (target, &in_target));
    let (there, unreadable) = read_target(target, directories, &blocks).await?;
    Ok(Both {
        source: blocks,
        target: there.into_iter().collect(),
        warnings: of_both
            .into_iter()
            .chain(unreadable.warning(target.location()))
            .collect(),
    })
}

/// Tells how many blocks were listed, and warns of a bucket without any.
fn no_blocks(
    (source, in_source): (&BucketReader, &Listed),
    (target, in_target): (&BucketReader, &Listed),
) -> Vec<Warning> {
    info!(
        source = in_source.blocks,
        target = in_target.blocks,
        "block directories listed"
    );
    let mut warnings = Vec::new();
    if in_source.blocks == 0 {
        warnings.push(in_source.beside.in_source(source.location()));
    }
    if in_target.blocks == 0 {
        warnings.extend(in_target.beside.in_target(target.location()));
    }
    warnings
}

/// Looks at one block of the target again, of which the source has this.
pub async fn look_at_target(
    bucket: &BucketReader,
    id: BlockId,
    twin: Option<&Arc<SourceBlock>>,
) -> Result<TargetBlock> {
    let objects = bucket.list_block(id).await?;
    read_target_block(bucket, id, Packed::new(&objects), twin).await
}

/// What lies in one bucket.
#[derive(Debug)]
pub struct Alone {
    /// Every block directory, by id, with its `meta.json` and its mark.
    pub blocks: Vec<Arc<SourceBlock>>,
    /// What looks like a probe of this tool, and when each was last written, where the listing tells.
    pub probes: Vec<(ObjectPath, Option<DateTime<Utc>>)>,
    /// That it may not be the bucket that was meant.
    pub warnings: Vec<Warning>,
}

/// Surveys one bucket by itself: one flat listing, and each `meta.json` and mark.
///
/// Errors: those of [`survey`].
pub async fn survey_one(bucket: &BucketReader) -> Result<Alone> {
    let (found, directories) = channel(READS);
    let (listed, blocks) =
        futures::try_join!(listing(bucket, found), read_source(bucket, directories))?;
    info!(bucket = %bucket.location(), blocks = listed.blocks, "block directories listed");
    let is_empty = listed.blocks == 0;
    Ok(Alone {
        blocks,
        warnings: is_empty
            .then(|| listed.beside.in_source(bucket.location()))
            .into_iter()
            .collect(),
        probes: listed.probes,
    })
}

/// One block of a bucket as [`survey_one`] would show it now.
///
/// Errors: a listing or a read that stays transient after its retries.
pub async fn survey_block(bucket: &BucketReader, id: BlockId) -> Result<SourceBlock> {
    let objects = bucket.list_block(id).await?;
    read_source_block(bucket, id, objects).await
}

/// All directories that come, sorted by their ids.
async fn packed(
    bucket: &BucketReader,
    directories: Receiver<Directory>,
) -> Result<Vec<(BlockId, Packed<Inventory>)>> {
    let packed = directories.map(|(id, objects)| (id, Packed::new(&objects)));
    let mut packed: Vec<_> = packed.collect().await;
    packed.sort_unstable_by_key(|(id, _)| *id);
    listed_once(bucket, packed.iter().map(|(id, _)| *id))?;
    Ok(packed)
}
