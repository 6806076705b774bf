//! Two buckets, everybody who acts on them, and everything that an observer has to know.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use thanos_bucket::plan::Existing;
use tokio::time::Instant;

use crate::blocks::{Block, FIVE_MINUTES_MS, HOUR_MS, Objects, Sample, WINDOW_MS};
use crate::nature::{Leftovers, Nature, Oddity};
use crate::rng::Rng;

/// One of the two buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Source,
    Target,
}

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor {
    Migrator,
    Compactor,
    Cleaner,
    Operator,
}

/// An object.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) bytes: Bytes,
    pub(crate) modified_ms: i64,
    /// A digest of the bytes.
    pub(crate) tag: String,
}

/// One write that somebody will do when its turn comes.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Put(Side, String, Bytes),
    Delete(Side, String),
    /// Delete whatever lies in this block's directory of the target by then.
    Clean(String),
    Wait,
}

/// Everything that there is.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) nature: Nature,
    pub(crate) rng: Rng,
    buckets: BTreeMap<Side, BTreeMap<String, Object>>,
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
    /// Blocks that an operator deleted in the target, perhaps a moment before another run marks them.
    pub(crate) mistaken: BTreeSet<String>,
    /// Blocks whose deletion has begun, by side.
    pub(crate) doomed: BTreeSet<(Side, String)>,
    /// Partial blocks that the target's cleaner was at: a run may find them torn, and mends them.
    pub(crate) cleaned: BTreeSet<String>,
    /// Blocks of the target that the store gateway has loaded.
    pub(crate) served: BTreeSet<String>,
    pub(crate) queues: BTreeMap<(Side, u8), VecDeque<(Actor, Step)>>,
    pub(crate) violation: Option<String>,
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
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let mut world = Self {
            nature: Nature::new(&mut rng),
            rng,
            buckets: BTreeMap::from([
                (Side::Source, BTreeMap::new()),
                (Side::Target, BTreeMap::new()),
            ]),
            known: BTreeMap::new(),
            versions: BTreeMap::new(),
            first: BTreeSet::new(),
            late: BTreeSet::new(),
            rewritten: BTreeSet::new(),
            damaged: BTreeSet::new(),
            namesakes: BTreeSet::new(),
            mistaken: BTreeSet::new(),
            doomed: BTreeSet::new(),
            cleaned: BTreeSet::new(),
            served: BTreeSet::new(),
            queues: BTreeMap::new(),
            violation: None,
            story: Vec::new(),
            wanted: BTreeSet::new(),
            next_id: 0,
            begun: Instant::now(),
            skipped_ms: 400 * 24 * HOUR_MS,
        };
        let nature = format!("{:?}", world.nature);
        world.story.push(nature);
        world.fill();
        world
    }

    /// Some hours of one or two clusters, some of it downsampled; perhaps across the border of two windows.
    fn fill(&mut self) {
        let clusters: &[&'static str] = if self.rng.once_in(2) {
            &["eu"]
        } else {
            &["eu", "us"]
        };
        // A block that begins an hour before the border straddles it.
        let begins = [0, 0, -4 * HOUR_MS, -3 * HOUR_MS];
        for cluster in clusters {
            let mut raw = Vec::new();
            let mut begin = WINDOW_MS + begins[self.rng.index(4)];
            let level = 1 + u32::from(self.rng.once_in(2));
            for number in 0..2 + self.rng.below(4) {
                let id = self.new_id();
                let end = begin + 2 * HOUR_MS;
                let first = u32::try_from(number * 3).unwrap();
                let mut block = Block::fresh(id, cluster, (begin, end), first);
                block.level = level;
                block.lists_files = !self.rng.once_in(8);
                begin = end;
                raw.push(block);
            }
            // Old as they are, either all of them are downsampled or none.
            let mut coarse = Vec::new();
            if self.rng.once_in(2) {
                for block in &raw {
                    let id = self.new_id();
                    coarse.push(Block::downsampled(id, block));
                }
            }
            for block in raw.into_iter().chain(coarse) {
                self.add(block);
            }
        }
        self.damage_one();
    }

    /// Puts a block into the source, and what others have left of it into the target.
    fn add(&mut self, block: Block) {
        self.wanted.extend(&block.samples);
        let id = block.id.clone();
        self.first.insert(id.clone());
        let namesake = self.nature.oddity == Oddity::Namesake
            && self.namesakes.is_empty()
            && self.rng.once_in(4);
        if namesake {
            let objects = block.namesake();
            self.namesakes.insert(id.clone());
            self.versions.insert(id.clone(), vec![objects.clone()]);
            for (name, bytes) in objects {
                self.write(Side::Target, format!("{id}/{name}"), bytes);
            }
        }
        let left_behind = !namesake && self.rng.once_in(self.nature.one_left_behind_in);
        for (name, bytes) in self.introduce(block) {
            // What a copier that was interrupted leaves has no meta.json.
            if left_behind && name != "meta.json" {
                let left = match (self.rng.below(4), self.nature.leftovers) {
                    (0, _) => None,
                    (1, Leftovers::Flipped) => Some(bytes.iter().map(|byte| byte ^ 1).collect()),
                    (1, Leftovers::Cut) => Some(bytes.slice(..bytes.len() / 2)),
                    _ => Some(bytes.clone()),
                };
                if let Some(left) = left {
                    self.write(Side::Target, format!("{id}/{name}"), left);
                }
            }
            self.write(Side::Source, format!("{id}/{name}"), bytes);
        }
    }

    fn damage_one(&mut self) {
        let listed: Vec<String> = self
            .known
            .values()
            .filter(|block| block.lists_files)
            .map(|block| block.id.clone())
            .collect();
        let picked = self.rng.pick(&listed).cloned();
        let Some(id) = picked.filter(|_| self.nature.oddity == Oddity::Damaged) else {
            return;
        };
        let name = ["chunks/000001", "chunks/000002", "index"][self.rng.index(3)];
        self.bucket_mut(Side::Source)
            .remove(&format!("{id}/{name}"));
        self.forget(&id);
        self.damaged.insert(id);
    }

    /// Somebody makes a block; what will lie in its directory.
    pub(crate) fn introduce(&mut self, block: Block) -> Objects {
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

    /// Nothing happens for some hours.
    pub(crate) fn skip_hours(&mut self, hours: i64) {
        self.skipped_ms += hours * HOUR_MS;
    }

    pub(crate) fn bucket(&self, side: Side) -> &BTreeMap<String, Object> {
        &self.buckets[&side]
    }

    fn bucket_mut(&mut self, side: Side) -> &mut BTreeMap<String, Object> {
        self.buckets.get_mut(&side).unwrap()
    }

    fn write(&mut self, side: Side, path: String, bytes: Bytes) {
        let modified_ms = self.now_ms();
        let digest = Sha256::digest(&bytes);
        let tag = digest
            .iter()
            .take(16)
            .fold(String::new(), |tag, byte| format!("{tag}{byte:02x}"));
        let object = Object {
            bytes,
            modified_ms,
            tag,
        };
        self.bucket_mut(side).insert(path, object);
    }

    pub(crate) fn put(&mut self, actor: Actor, side: Side, path: &str, bytes: Bytes) {
        self.story
            .push(format!("{actor:?} puts {path} into {side:?}"));
        if actor == Actor::Migrator {
            self.judge_put(side, path, &bytes);
        }
        self.write(side, path.to_owned(), bytes);
        self.judge_target();
    }

    pub(crate) fn delete(&mut self, actor: Actor, side: Side, path: &str) {
        self.story
            .push(format!("{actor:?} deletes {path} in {side:?}"));
        if actor == Actor::Migrator {
            self.judge_migrators_deletion(side, path);
        }
        self.bucket_mut(side).remove(path);
        self.judge_target();
    }

    /// Every object of the source's version is there, bytes and all.
    pub(crate) fn holds(&self, side: Side, id: &str) -> bool {
        let version = self.versions.get(id).and_then(|versions| versions.last());
        version.is_some_and(|objects| self.holds_version(side, id, objects))
    }

    /// The same, though its `meta.json` may have been rewritten in the source since.
    fn holds_some_version(&self, side: Side, id: &str) -> bool {
        let namesake = usize::from(self.namesakes.contains(id));
        self.versions[id][namesake..]
            .iter()
            .any(|objects| self.holds_version(side, id, objects))
    }

    pub(crate) fn holds_version(&self, side: Side, id: &str, objects: &Objects) -> bool {
        let bucket = self.bucket(side);
        objects.iter().all(|(name, bytes)| {
            bucket
                .get(&format!("{id}/{name}"))
                .is_some_and(|object| object.bytes == *bytes)
        })
    }

    pub(crate) fn has(&self, side: Side, id: &str, name: &str) -> bool {
        self.bucket(side).contains_key(&format!("{id}/{name}"))
    }

    pub(crate) fn is_marked(&self, side: Side, id: &str) -> bool {
        self.has(side, id, "deletion-mark.json")
    }

    pub(crate) fn is_doomed(&self, side: Side, id: &str) -> bool {
        self.doomed.contains(&(side, id.to_owned()))
    }

    /// Whole blocks that nobody has marked or begun to delete.
    pub(crate) fn live(&self, side: Side) -> Vec<&Block> {
        let alive = |id: &&String| {
            self.has(side, id, "meta.json")
                && !self.is_marked(side, id)
                && !self.is_doomed(side, id)
                && self.holds_some_version(side, id)
        };
        let ids: Vec<&String> = self.known.keys().filter(alive).collect();
        ids.into_iter().map(|id| &self.known[id]).collect()
    }

    /// Whether downsampled blocks that were there from the beginning hold what this raw block would be downsampled to.
    pub(crate) fn coarser<'a>(&'a self, raw: &'a Block) -> impl Iterator<Item = &'a Block> {
        self.known.values().filter(|block| {
            block.group == (raw.group.0, FIVE_MINUTES_MS)
                && self.first.contains(&block.id)
                && !raw.sources.is_disjoint(&block.sources)
        })
    }

    /// Samples that nobody wants any more, for an operator deletes their block.
    pub(crate) fn forget(&mut self, id: &str) {
        let samples = self.known[id].samples.clone();
        self.wanted.retain(|sample| !samples.contains(sample));
    }

    /// Whether the migrators alone can move everything.
    pub(crate) fn must_move_all(&self) -> bool {
        let kept = self.nature.existing == Existing::Keep && !self.namesakes.is_empty();
        !self.nature.busy && self.damaged.is_empty() && !kept
    }

    pub(crate) fn violated(&mut self, what: String) {
        self.story.push(format!("VIOLATION: {what}"));
        self.violation.get_or_insert(what);
    }
}
