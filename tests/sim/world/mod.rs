//! Two buckets, everybody who acts on them, and everything that an observer has to know.

mod fill;
mod history;
mod storage;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use thanos_bucket::plan::Existing;
use tokio::time::Instant;

use crate::actors::Step;
use crate::blocks::{Block, FIVE_MINUTES_MS, HOUR_MS, Objects, Sample, WINDOW_MS};
use crate::migrator::Run;
use crate::nature::{Buckets, Nature, Oddity};
use crate::rng::Rng;
use history::History;
pub(crate) use history::MOMENT_MS;
use storage::Storage;
pub(crate) use storage::{Object, Upload};

/// One of the two buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Source,
    Target,
}

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// The run of that number.
    Run(usize),
    Compactor,
    Cleaner,
    Operator,
}

/// Whether what happens is written down, for whoever replays a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Story {
    Told,
    Untold,
}

/// Everything that there is.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) nature: Nature,
    pub(crate) rng: Rng,
    pub(crate) storage: Storage,
    pub(crate) history: History,
    /// Every block that anybody ever made.
    pub(crate) known: BTreeMap<String, Block>,
    /// What lies in their directories when they are whole; the last is what the source has.
    pub(crate) versions: BTreeMap<String, Vec<Objects>>,
    /// Blocks that were there from the beginning, in time for every plan.
    pub(crate) first: BTreeSet<String>,
    /// Blocks that no plan could foresee: made of what had been migrated already, rewritten, or revived by an operator.
    pub(crate) late: BTreeSet<String>,
    /// Clusters with a block whose `meta.json` was rewritten: what a run takes for superseded leaves no gap, and is published late.
    pub(crate) rewritten: BTreeSet<&'static str>,
    /// Blocks of the source that lack an object.
    pub(crate) damaged: BTreeSet<String>,
    /// Blocks whose id another block of the target bore.
    pub(crate) namesakes: BTreeSet<String>,
    /// Blocks of the target that have nothing to do with the source.
    pub(crate) foreign: BTreeSet<String>,
    /// Blocks of the source whose data nobody can read for now.
    pub(crate) archived: BTreeSet<String>,
    /// How often a byte arrived as another one.
    pub(crate) flips: usize,
    /// The block whose data takes long to be read.
    pub(crate) slow: Option<String>,
    /// When the source's compactor, which has not been started anew since, saw a block marked: it goes by that, whatever lies there now.
    pub(crate) remembered: BTreeMap<String, i64>,
    /// Blocks whose deletion has begun, by side.
    pub(crate) doomed: BTreeSet<(Side, String)>,
    pub(crate) queues: BTreeMap<(Side, u8), VecDeque<(Who, Step)>>,
    /// Whether anybody but the migrators acts now.
    pub(crate) others_act: bool,
    pub(crate) runs: Vec<Run>,
    pub(crate) violation: Option<String>,
    telling: Story,
    /// What happened, for whoever replays a seed.
    pub(crate) story: Vec<String>,
    /// Samples that nobody deleted on purpose.
    pub(crate) wanted: BTreeSet<Sample>,
    next_id: u32,
    begun: Instant,
    skipped_ms: i64,
}

/// Thanos' `--delete-delay`.
pub(crate) const DELETE_DELAY_MS: i64 = 48 * HOUR_MS;

impl World {
    pub(crate) fn new(seed: u64, telling: Story) -> Self {
        let mut rng = Rng::new(seed);
        let nature = Nature::new(&mut rng);
        let mut world = Self {
            storage: Storage::new(&nature),
            nature,
            rng,
            history: History::default(),
            known: BTreeMap::new(),
            versions: BTreeMap::new(),
            first: BTreeSet::new(),
            late: BTreeSet::new(),
            rewritten: BTreeSet::new(),
            damaged: BTreeSet::new(),
            namesakes: BTreeSet::new(),
            foreign: BTreeSet::new(),
            archived: BTreeSet::new(),
            flips: 0,
            slow: None,
            remembered: BTreeMap::new(),
            doomed: BTreeSet::new(),
            queues: BTreeMap::new(),
            others_act: nature.busy,
            runs: Vec::new(),
            violation: None,
            telling,
            story: Vec::new(),
            wanted: BTreeSet::new(),
            next_id: 0,
            begun: Instant::now(),
            skipped_ms: 400 * 24 * HOUR_MS,
        };
        world.tell(|world| format!("{:?}", world.nature));
        world.fill();
        world
    }

    pub(crate) fn tell(&mut self, line: impl FnOnce(&Self) -> String) {
        if self.telling == Story::Told {
            let line = format!("{:>9} {}", self.now_ms() % 1_000_000_000, line(self));
            self.story.push(line);
        }
    }

    pub(crate) fn violated(&mut self, what: String) {
        self.tell(|_| format!("VIOLATION: {what}"));
        self.violation.get_or_insert(what);
    }

    /// Somebody makes a block; what will lie in its directory.
    pub(crate) fn introduce(&mut self, block: Block) -> Objects {
        self.tell(|_| format!("somebody makes {block:?}"));
        let objects = block.objects(0);
        let versions = self.versions.entry(block.id.clone()).or_default();
        versions.push(objects.clone());
        self.known.insert(block.id.clone(), block);
        objects
    }

    /// Somebody writes the block's `meta.json` anew; its bytes.
    pub(crate) fn rewrite(&mut self, id: &str) -> Bytes {
        let versions = self.versions.get_mut(id).unwrap();
        let objects = self.known[id].objects(versions.len());
        let meta = objects["meta.json"].clone();
        versions.push(objects);
        meta
    }

    pub(crate) fn new_id(&mut self) -> String {
        self.next_id += 1;
        format!("01J9ZK3M7Q8T5V6W7X{:08}", self.next_id)
    }

    pub(crate) fn now_ms(&self) -> i64 {
        let elapsed = i64::try_from(self.begun.elapsed().as_millis()).unwrap();
        WINDOW_MS + self.skipped_ms + elapsed
    }

    /// Nothing happens for a while.
    pub(crate) fn skip_ms(&mut self, milliseconds: i64) {
        self.skipped_ms += milliseconds;
    }

    pub(crate) fn put(&mut self, who: Who, side: Side, path: &str, bytes: Bytes, parts: u64) {
        self.tell(|_| format!("{who:?} puts {path} into {side:?}"));
        let before = self.before(side, path);
        let now_ms = self.now_ms();
        self.storage.put(side, path, bytes, parts, now_ms);
        self.history.note(who, side, path, now_ms);
        self.note_how_it_stands(path);
        match who {
            Who::Run(run) => {
                self.judge_put(run, side, path, &before);
                self.remember(side, path);
                self.meddle(side, path);
            }
            _ if side == Side::Target && path.ends_with("meta.json") => self.judge_overlaps(),
            _ => {}
        }
    }

    pub(crate) fn delete(&mut self, who: Who, side: Side, path: &str) {
        self.tell(|_| format!("{who:?} deletes {path} in {side:?}"));
        let before = self.before(side, path);
        let now_ms = self.now_ms();
        self.storage.delete(side, path, now_ms);
        self.history.note(who, side, path, now_ms);
        self.note_how_it_stands(path);
        match who {
            Who::Run(run) => self.judge_runs_deletion(run, side, path, &before),
            _ if side == Side::Target && before.was_published => {
                if let Some((id, _)) = path.split_once('/') {
                    self.history.rob(id);
                }
            }
            _ => {}
        }
    }

    /// Every object of the source's version is there, bytes and all.
    pub(crate) fn holds(&self, side: Side, id: &str) -> bool {
        let version = self.versions.get(id).and_then(|versions| versions.last());
        version.is_some_and(|objects| self.holds_version(side, id, objects))
    }

    /// The same, though its `meta.json` may have been rewritten in the source since.
    pub(crate) fn holds_some_version(&self, side: Side, id: &str) -> bool {
        let namesake = usize::from(self.namesakes.contains(id));
        self.versions[id][namesake..]
            .iter()
            .any(|objects| self.holds_version(side, id, objects))
    }

    pub(crate) fn holds_version(&self, side: Side, id: &str, objects: &Objects) -> bool {
        let there = self.storage.directory(side, id);
        objects.iter().all(|(name, bytes)| {
            there
                .get(*name)
                .is_some_and(|object| object.bytes == *bytes)
        })
    }

    pub(crate) fn has(&self, side: Side, id: &str, name: &str) -> bool {
        self.storage.directory(side, id).get(name).is_some()
    }

    pub(crate) fn is_marked(&self, side: Side, id: &str) -> bool {
        self.has(side, id, "deletion-mark.json")
    }

    /// When the deletion mark says that it was made, which is all that Thanos goes by.
    pub(crate) fn marked_at_ms(&self, side: Side, id: &str) -> Option<i64> {
        let there = self.storage.directory(side, id);
        let mark = there.get("deletion-mark.json")?;
        let mark: serde_json::Value = serde_json::from_slice(&mark.bytes).ok()?;
        Some(mark.get("deletion_time")?.as_i64()? * 1000)
    }

    pub(crate) fn is_doomed(&self, side: Side, id: &str) -> bool {
        self.doomed.contains(&(side, id.to_owned()))
    }

    /// A whole block that nobody has marked or begun to delete.
    pub(crate) fn is_live(&self, side: Side, id: &str) -> bool {
        self.has(side, id, "meta.json")
            && !self.is_marked(side, id)
            && !self.is_doomed(side, id)
            && self.holds_some_version(side, id)
    }

    /// Whole blocks that nobody has marked or begun to delete.
    pub(crate) fn live(&self, side: Side) -> Vec<&Block> {
        let ids = self.storage.ids(side);
        ids.into_iter()
            .filter(|id| self.known.contains_key(*id) && self.is_live(side, id))
            .map(|id| &self.known[id])
            .collect()
    }

    /// Downsampled blocks that were there from the beginning and hold what this raw block would be downsampled to.
    pub(crate) fn coarser<'a>(&'a self, raw: &'a Block) -> impl Iterator<Item = &'a Block> {
        self.known.values().filter(|block| {
            block.group == (raw.group.0, FIVE_MINUTES_MS)
                && self.first.contains(&block.id)
                && !raw.sources.is_disjoint(&block.sources)
        })
    }

    /// Samples that nobody wants any more, for somebody deletes their block knowingly.
    pub(crate) fn forget(&mut self, id: &str) {
        let samples = self.known[id].samples.clone();
        self.wanted.retain(|sample| !samples.contains(sample));
    }

    /// Whether the migrators alone can move everything.
    pub(crate) fn must_move_all(&self) -> bool {
        let kept = self.nature.existing == Existing::Keep && !self.namesakes.is_empty();
        !self.nature.busy
            && self.nature.buckets == Buckets::Two
            && self.nature.oddity != Oddity::Overlap
            && self.damaged.is_empty()
            && !kept
    }
}
