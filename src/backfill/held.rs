//! What the bucket holds of the same labels: which windows are done, and which blocks are in the way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::warn;

use crate::at_once::READS;
use crate::block::{BlockId, Labels, META_JSON, Sha256Sum};
use crate::bucket::BucketReader;
use crate::error::Result;
use crate::history::{EXTENSION, Made, Range};
use crate::plan::{Mark, SourceBlock, SourceMeta};
use crate::stored::read_meta;
use crate::verb::survey::{survey_block, survey_one};

/// A block of the same labels, or one of others that was made of several blocks: those may have had these labels.
#[derive(Debug, Clone)]
pub(super) struct Kin {
    pub(super) id: BlockId,
    /// Whether it has the same labels.
    pub(super) is_of_labels: bool,
    /// Whether it lacks objects that it says it has.
    pub(super) lacks: bool,
    pub(super) range: Range,
    pub(super) resolution_ms: i64,
    pub(super) is_marked: bool,
    pub(super) sources: Box<[BlockId]>,
    /// Where a backfill made it, and nobody has compacted it since.
    pub(super) made: Option<Made>,
}

/// What the bucket holds, as it was looked at last.
pub(super) struct Held {
    bucket: BucketReader,
    labels: Labels,
    asked: AtomicU64,
    seen: Mutex<Seen>,
    /// The kin, as the latest look left it, for those who wait for none.
    latest: std::sync::Mutex<Latest>,
    /// Those that this run has put since.
    put: std::sync::Mutex<Vec<Kin>>,
}

/// What a look found.
#[derive(Clone)]
struct Latest {
    began: Instant,
    kin: Kins,
}

/// Blocks by their ids.
pub(super) type Kins = Arc<[Arc<Kin>]>;

#[derive(Default)]
struct Seen {
    /// The latest listing serves every question with a smaller number.
    served: u64,
    /// Blocks of other labels, and those of which nobody can say what they are.
    others: BTreeSet<BlockId>,
    /// Those that had no `meta.json`, and may be published at any time.
    partial: BTreeSet<BlockId>,
    kin: BTreeMap<BlockId, Arc<Kin>>,
}

impl Held {
    /// Looks at the whole bucket.
    pub(super) async fn survey(bucket: BucketReader, labels: Labels) -> Result<Self> {
        let began = Instant::now();
        let found = survey_one(&bucket).await?.blocks;
        let mut seen = Seen::default();
        let looked = stream::iter(found).map(|block| look_at(&bucket, &labels, block));
        let mut looked = looked.buffer_unordered(READS);
        while let Some((id, found)) = looked.try_next().await? {
            seen.note(id, found);
        }
        drop(looked);
        Ok(Self {
            bucket,
            labels,
            asked: AtomicU64::new(0),
            latest: std::sync::Mutex::new(Latest {
                began,
                kin: seen.kins(),
            }),
            seen: Mutex::new(seen),
            put: std::sync::Mutex::default(),
        })
    }

    /// All of the same labels, as they were looked at last; by id. A look in hand is not waited for.
    pub(super) fn kin(&self) -> Kins {
        self.latest().kin
    }

    /// The same, where that look is not older than that.
    pub(super) fn kin_within(&self, age: Duration) -> Option<Kins> {
        let Latest { began, kin } = self.latest();
        (began.elapsed() < age).then_some(kin)
    }

    /// This run has published the block: looks that begin from now on need not read what it says.
    pub(super) fn is_put(&self, kin: Kin) {
        let put = self.put.lock();
        put.unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(kin);
    }

    fn latest(&self) -> Latest {
        let latest = self.latest.lock();
        latest
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// The same, looked at now: what is new is read. One listing serves all who asked before it began.
    pub(super) async fn kin_now(&self) -> Result<Kins> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        let mut seen = self.seen.lock().await;
        if seen.served > number {
            return Ok(self.kin());
        }
        let serves = self.asked.load(Ordering::SeqCst);
        let put = std::mem::take(
            &mut *self
                .put
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        let began = Instant::now();
        let ids = self.bucket.list_block_ids().await?;
        for kin in put {
            seen.note(kin.id, Found::Kin(kin));
        }
        seen.kin.retain(|id, _| ids.contains(id));
        seen.partial.retain(|id| ids.contains(id));
        let known = |id: &BlockId| seen.others.contains(id) || seen.kin.contains_key(id);
        let new: Vec<BlockId> = ids.into_iter().filter(|id| !known(id)).collect();
        let partial = seen.partial.clone();
        let looked = stream::iter(new).map(async |id| {
            let is_partial = partial.contains(&id);
            if is_partial && !self.bucket.exists(&id.object(META_JSON)).await? {
                return Ok((id, Found::Partial));
            }
            let block = survey_block(&self.bucket, id).await?;
            look_at(&self.bucket, &self.labels, Arc::new(block)).await
        });
        let mut looked = looked.buffer_unordered(READS);
        while let Some((id, found)) = looked.try_next().await? {
            seen.note(id, found);
        }
        seen.served = serves;
        let kin = seen.kins();
        let latest = Latest {
            began,
            kin: Arc::clone(&kin),
        };
        *self
            .latest
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = latest;
        Ok(kin)
    }
}

impl Seen {
    fn kins(&self) -> Kins {
        self.kin.values().cloned().collect()
    }

    fn note(&mut self, id: BlockId, found: Found) {
        match found {
            Found::Kin(kin) => {
                self.kin.insert(id, Arc::new(kin));
            }
            Found::Other => {
                self.others.insert(id);
            }
            // It may be complete when it is looked at next.
            Found::Partial => {
                self.partial.insert(id);
                return;
            }
        }
        self.partial.remove(&id);
    }
}

enum Found {
    Kin(Kin),
    Other,
    Partial,
}

async fn look_at(
    bucket: &BucketReader,
    labels: &Labels,
    block: Arc<SourceBlock>,
) -> Result<(BlockId, Found)> {
    let id = block.id;
    let meta = match &block.meta {
        SourceMeta::Absent => return Ok((id, Found::Partial)),
        SourceMeta::Unreadable(why) | SourceMeta::Corrupted(why) => {
            warn!(bucket = %bucket.location(), block = %id, err = %why, "meta.json cannot be read: whether the block holds the same time is not known");
            return Ok((id, Found::Other));
        }
        SourceMeta::Read(meta) => &meta.block,
    };
    let is_of_labels = meta.group.labels == *labels;
    let is_marked = !matches!(block.mark, Mark::Absent);
    let kin = Kin {
        id,
        is_of_labels,
        lacks: block.has_lost_objects(),
        range: Range {
            start_ms: meta.min_time_ms,
            end_ms: meta.max_time_ms,
        },
        resolution_ms: meta.group.resolution_ms,
        is_marked,
        sources: meta.sources.clone(),
        made: None,
    };
    if !is_of_labels {
        let is_made_of_others = kin.holds_samples() && *kin.sources != [id];
        let found = if is_made_of_others {
            Found::Kin(kin)
        } else {
            Found::Other
        };
        return Ok((id, found));
    }
    let made = match read_meta(bucket, id, block.objects().meta()).await {
        Ok(Some((_, bytes))) => made(&bytes),
        Ok(None) => return Ok((id, Found::Partial)),
        Err(err) if err.kind().spoils_one_object() => None,
        Err(err) => return Err(err),
    };
    let made = made.filter(|made| made.is_of(meta, labels));
    Ok((id, Found::Kin(Kin { made, ..kin })))
}

/// What `meta.json` says of a backfill.
fn made(meta_json: &[u8]) -> Option<Made> {
    #[derive(Deserialize)]
    struct Meta {
        thanos: Thanos,
    }
    #[derive(Deserialize)]
    struct Thanos {
        extensions: serde_json::Value,
    }
    let meta: Meta = serde_json::from_slice(meta_json).ok()?;
    let made = meta.thanos.extensions.get(EXTENSION)?.clone();
    serde_json::from_value(made).ok()
}

impl Kin {
    /// A block that was put a moment ago, of that window of that plan.
    pub(super) fn put(id: BlockId, range: Range, (plan, window): (Sha256Sum, Range)) -> Self {
        Self {
            id,
            is_of_labels: true,
            lacks: false,
            range,
            resolution_ms: 0,
            is_marked: false,
            sources: [id].into(),
            made: Some(Made::of(plan, window)),
        }
    }

    /// Whether it holds that window of that plan, or a part of it.
    pub(super) fn is_of(&self, plan: &str) -> bool {
        let made = self.made.as_ref();
        made.is_some_and(|made| made.plan == plan) && !self.is_marked && self.resolution_ms == 0
    }

    /// Whether it holds samples as they were taken, all of them, and stays.
    pub(super) fn holds_samples(&self) -> bool {
        !(self.is_marked || self.lacks) && self.resolution_ms == 0
    }

    /// Whether it holds all samples that the other one does, and stays.
    pub(super) fn holds_all_of(&self, other: &Self) -> bool {
        let mut sources = other.sources.iter();
        self.holds_samples()
            && !other.sources.is_empty()
            && sources.all(|id| self.sources.contains(id))
    }

    /// Whether both are there to stay, and neither holds all of what the other does: compactors take the smaller one of such away, and what they make of
    /// a block for other resolutions belongs beside it.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let is_held = |one: &Self, by: &Self| one.sources.iter().all(|id| by.sources.contains(id));
        self.id != other.id
            && self.is_of_labels
            && other.is_of_labels
            && !(self.is_marked || other.is_marked)
            && !(is_held(self, other) || is_held(other, self))
    }

    /// Whether a block of that window would overlap it.
    pub(super) fn is_in_the_way_of(&self, window: Range) -> bool {
        self.range.meets(window)
    }
}

/// Those of the same labels and of that time that are there to stay, or to go without another one that holds all of what they do: a compactor marks what it has made
/// into another. What it has made for other resolutions goes with the samples that it was made of.
pub(super) fn obstacles(kin: &[Arc<Kin>], of: Range) -> impl Iterator<Item = &Arc<Kin>> {
    kin.iter().filter(move |one| {
        let goes = one.is_marked || one.resolution_ms > 0;
        let is_in_the_way = one.is_of_labels && one.range.meets(of);
        is_in_the_way && !(goes && kin.iter().any(|other| other.holds_all_of(one)))
    })
}

impl Kin {
    /// Why a window is not written beside it.
    pub(super) fn says(&self) -> String {
        let what = match (self.is_marked, self.resolution_ms, &self.made) {
            (true, _, _) => ", which is marked for deletion",
            _ if self.lacks => ", which lacks objects",
            (false, 1.., _) => ", which is downsampled",
            (false, _, Some(_)) => {
                ", which a plan with another source or other selectors backfilled, or one in other windows"
            }
            (false, _, None) => "",
        };
        format!("{} holds {}{what}", self.id, self.range)
    }
}
