//! Two buckets, everybody who acts on them, and an observer who knows where every sample must be.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::blocks::{BEGINNING_MS, Block, HOUR_MS, Sample};
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
}

/// Everything that there is.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) rng: Rng,
    pub(crate) buckets: BTreeMap<Side, BTreeMap<String, Object>>,
    /// Every block that anybody ever made.
    pub(crate) known: BTreeMap<String, Block>,
    /// What lies in their directories when they are whole.
    whole: BTreeMap<String, BTreeMap<&'static str, Bytes>>,
    /// Blocks that no plan could foresee: made of what had been migrated already, or revived by an operator.
    pub(crate) late: BTreeSet<String>,
    /// Blocks whose deletion has begun, by side.
    pub(crate) doomed: BTreeSet<(Side, String)>,
    /// Partial blocks that the target's cleaner was at: a run may find them torn, and mends them.
    pub(crate) cleaned: BTreeSet<String>,
    pub(crate) queues: BTreeMap<(Side, u8), VecDeque<(Actor, Step)>>,
    /// Whether anybody but the migrators acts.
    pub(crate) busy: bool,
    pub(crate) violation: Option<String>,
    /// What happened, for whoever replays a seed.
    pub(crate) story: Vec<String>,
    /// Samples that nobody deleted on purpose.
    wanted: BTreeSet<Sample>,
    next_id: u32,
    begun: Instant,
    skipped_ms: i64,
}

/// Thanos' `--delete-delay`.
pub(crate) const DELETE_DELAY_MS: i64 = 48 * HOUR_MS;

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut world = Self {
            rng: Rng::new(seed),
            buckets: BTreeMap::from([
                (Side::Source, BTreeMap::new()),
                (Side::Target, BTreeMap::new()),
            ]),
            known: BTreeMap::new(),
            whole: BTreeMap::new(),
            late: BTreeSet::new(),
            doomed: BTreeSet::new(),
            cleaned: BTreeSet::new(),
            queues: BTreeMap::new(),
            busy: false,
            violation: None,
            story: Vec::new(),
            wanted: BTreeSet::new(),
            next_id: 0,
            begun: Instant::now(),
            skipped_ms: 400 * 24 * HOUR_MS,
        };
        world.busy = world.rng.once_in(2);
        world.fill();
        world
    }

    /// One to three hours of two clusters, some of it compacted and downsampled.
    fn fill(&mut self) {
        let clusters: &[&'static str] = if self.rng.once_in(2) {
            &["eu"]
        } else {
            &["eu", "us"]
        };
        for cluster in clusters {
            let mut raw = Vec::new();
            let mut begin = BEGINNING_MS;
            for number in 0..2 + self.rng.below(4) {
                let id = self.new_id();
                let end = begin + 2 * HOUR_MS;
                let first = u32::try_from(number * 3).unwrap();
                let mut block = Block::fresh(id, cluster, (begin, end), first);
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
                self.wanted.extend(&block.samples);
                let id = block.id.clone();
                let left_behind = self.rng.once_in(8);
                for (name, bytes) in self.introduce(block) {
                    // What a copier that was interrupted leaves: objects cut short, and no meta.json.
                    if left_behind && name != "meta.json" {
                        let cut = bytes.slice(..bytes.len() / 2);
                        self.write(Side::Target, format!("{id}/{name}"), cut);
                    }
                    self.write(Side::Source, format!("{id}/{name}"), bytes);
                }
            }
        }
    }

    /// Somebody makes a block; what will lie in its directory.
    pub(crate) fn introduce(&mut self, block: Block) -> BTreeMap<&'static str, Bytes> {
        let objects = block.objects();
        self.whole.insert(block.id.clone(), objects.clone());
        self.known.insert(block.id.clone(), block);
        objects
    }

    pub(crate) fn new_id(&mut self) -> String {
        self.next_id += 1;
        format!("01J9ZK3M7Q8T5V6W7X{:08}", self.next_id)
    }

    pub(crate) fn now_ms(&self) -> i64 {
        let elapsed = i64::try_from(self.begun.elapsed().as_millis()).unwrap();
        BEGINNING_MS + self.skipped_ms + elapsed
    }

    /// Nothing happens for some hours.
    pub(crate) fn skip_hours(&mut self, hours: i64) {
        self.skipped_ms += hours * HOUR_MS;
    }

    pub(crate) fn bucket(&self, side: Side) -> &BTreeMap<String, Object> {
        &self.buckets[&side]
    }

    fn write(&mut self, side: Side, path: String, bytes: Bytes) {
        let modified_ms = self.now_ms();
        let bucket = self.buckets.get_mut(&side).unwrap();
        let digest = Sha256::digest(&bytes);
        let tag = digest
            .iter()
            .take(16)
            .fold(String::new(), |tag, byte| format!("{tag}{byte:02x}"));
        bucket.insert(
            path,
            Object {
                bytes,
                modified_ms,
                tag,
            },
        );
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
        if actor == Actor::Migrator && side == Side::Source {
            self.violated(format!("the source's {path} was deleted"));
        }
        self.buckets.get_mut(&side).unwrap().remove(path);
        self.judge_target();
    }

    /// Every object of the block is there, bytes and all.
    pub(crate) fn holds(&self, side: Side, id: &str) -> bool {
        let bucket = self.bucket(side);
        self.whole.get(id).is_some_and(|objects| {
            objects.iter().all(|(name, bytes)| {
                bucket
                    .get(&format!("{id}/{name}"))
                    .is_some_and(|object| object.bytes == *bytes)
            })
        })
    }

    pub(crate) fn has(&self, side: Side, id: &str, name: &str) -> bool {
        self.bucket(side).contains_key(&format!("{id}/{name}"))
    }

    pub(crate) fn is_marked(&self, side: Side, id: &str) -> bool {
        self.has(side, id, "deletion-mark.json")
    }

    /// Whole blocks that nobody has marked or begun to delete.
    pub(crate) fn live(&self, side: Side) -> Vec<&Block> {
        let alive = |id: &&String| {
            self.has(side, id, "meta.json")
                && !self.is_marked(side, id)
                && !self.doomed.contains(&(side, (*id).clone()))
                && self.holds(side, id)
        };
        let ids: Vec<&String> = self.known.keys().filter(alive).collect();
        ids.into_iter().map(|id| &self.known[id]).collect()
    }

    /// The block's samples are in live blocks of that bucket.
    fn keeps_samples(&self, side: Side, id: &str) -> bool {
        let block = &self.known[id];
        let kept: BTreeSet<Sample> = self
            .live(side)
            .iter()
            .filter(|live| live.group == block.group)
            .flat_map(|live| live.samples.clone())
            .collect();
        block.samples.is_subset(&kept)
    }

    /// Samples that nobody wants any more, for an operator deletes their block.
    pub(crate) fn forget(&mut self, id: &str) {
        let samples = self.known[id].samples.clone();
        self.wanted.retain(|sample| !samples.contains(sample));
    }

    pub(crate) fn violated(&mut self, what: String) {
        self.story.push(format!("VIOLATION: {what}"));
        self.violation.get_or_insert(what);
    }

    /// What a migrator may put: into the source marks alone, each on a block that the target holds; `meta.json` as it is.
    fn judge_put(&mut self, side: Side, path: &str, bytes: &Bytes) {
        let Some((id, name)) = path.split_once('/') else {
            if side == Side::Source {
                self.violated(format!("{path} was put into the source"));
            }
            return;
        };
        match (side, name) {
            (Side::Source, "deletion-mark.json") => {
                if self.is_marked(side, id) {
                    self.violated(format!("a mark on {id} was overwritten"));
                }
                if !self.holds(Side::Target, id) && !self.keeps_samples(Side::Target, id) {
                    self.violated(format!("{id} is marked, and the target does not hold it"));
                }
            }
            (Side::Source, _) => self.violated(format!("{path} was put into the source")),
            (Side::Target, "meta.json") => {
                let same = self
                    .whole
                    .get(id)
                    .is_some_and(|objects| objects["meta.json"] == *bytes);
                if !same {
                    self.violated(format!("meta.json of {id} is another one"));
                }
            }
            (Side::Target, _) => {}
        }
    }

    /// Whoever reads the target now: a block with a `meta.json` must be whole, and a compactor must not have to halt.
    fn judge_target(&mut self) {
        let torn = self.known.keys().find(|id| {
            self.has(Side::Target, id, "meta.json")
                && !self.doomed.contains(&(Side::Target, (*id).clone()))
                && !self.cleaned.contains(*id)
                && !self.holds(Side::Target, id)
        });
        if let Some(id) = torn.cloned() {
            self.violated(format!("{id} is published, and torn"));
        }
        let live = self.live(Side::Target);
        let clash = live.iter().enumerate().find_map(|(position, one)| {
            let foreseen = |block: &Block| !self.late.contains(&block.id);
            let other = live[position + 1..]
                .iter()
                .find(|other| one.clashes_with(other) && foreseen(one) && foreseen(other))?;
            Some(format!("{} and {} overlap in the target", one.id, other.id))
        });
        if let Some(clash) = clash {
            self.violated(clash);
        }
    }

    /// A compactor is about to delete a block of the source: its samples must be elsewhere.
    pub(crate) fn judge_deletion(&mut self, id: &str) {
        let block = &self.known[id];
        let elsewhere: BTreeSet<Sample> = [Side::Source, Side::Target]
            .into_iter()
            .flat_map(|side| self.live(side))
            .flat_map(|block| block.samples.clone())
            .collect();
        let lost = block
            .samples
            .iter()
            .find(|sample| self.wanted.contains(*sample) && !elsewhere.contains(*sample));
        if let Some(lost) = lost {
            self.violated(format!(
                "{id} is deleted, and sample {lost:?} is nowhere else"
            ));
        }
    }

    /// Once everything is over: nothing is torn for good.
    pub(crate) fn judge_the_end(&mut self) {
        self.cleaned.clear();
        self.judge_target();
        let held = |id: &&String| self.holds(Side::Source, id) || self.holds(Side::Target, id);
        let kept: BTreeSet<Sample> = self
            .known
            .keys()
            .filter(held)
            .flat_map(|id| self.known[id].samples.clone())
            .collect();
        if let Some(lost) = self.wanted.iter().find(|sample| !kept.contains(*sample)) {
            self.violated(format!("sample {lost:?} is lost"));
        }
        if self.busy {
            return;
        }
        let left = self
            .known
            .keys()
            .find(|id| !self.holds(Side::Target, id) || !self.is_marked(Side::Source, id));
        if let Some(left) = left.cloned() {
            self.violated(format!("{left} has not moved"));
        }
    }
}
