//! Whoever acts beside the migrators: compactors on both sides, the target's cleaner of partial blocks, its store gateway, and an operator.

use std::collections::{BTreeMap, VecDeque};

use thanos_bucket::plan::PublishOrder;

use crate::blocks::{Block, FIVE_MINUTES_MS, HOUR_MS};
use crate::world::{Actor, DELETE_DELAY_MS, Side, Step, World};

/// Compactors make blocks of this range, aligned to the epoch, once something lies beyond it.
const RANGE_MS: i64 = 8 * HOUR_MS;

/// The cleaner deletes what has lain there without a `meta.json` for so long.
const PARTIAL_MS: i64 = 48 * HOUR_MS;

/// Requests of others between the cleaner's look and its deletion, at most.
const CLEANING: u64 = 6;

/// Queues: what a compactor does, and what deletes.
const WORK: u8 = 0;
const DELETIONS: u8 = 1;

impl World {
    /// Time passes by one request: everybody may take a step.
    pub(crate) fn tick(&mut self) {
        self.serve();
        if !self.nature.busy {
            return;
        }
        for side in [Side::Source, Side::Target] {
            for queue in [WORK, DELETIONS] {
                let waits = self
                    .queues
                    .get(&(side, queue))
                    .is_some_and(|queue| !queue.is_empty());
                // Deleting one block takes a compactor moments.
                if waits && (queue == DELETIONS || self.rng.once_in(2)) {
                    self.take_step(side, queue);
                }
            }
            if self.rng.once_in(12) {
                self.plan(side);
            }
        }
        if self.rng.once_in(6) && self.is_idle(Side::Target, DELETIONS) {
            self.clean();
        }
    }

    /// Everybody ends what was begun.
    pub(crate) fn finish_steps(&mut self) {
        let queues: Vec<_> = self.queues.keys().copied().collect();
        for (side, queue) in queues {
            while self
                .queues
                .get(&(side, queue))
                .is_some_and(|queue| !queue.is_empty())
            {
                self.take_step(side, queue);
            }
        }
    }

    fn take_step(&mut self, side: Side, queue: u8) {
        let step = self
            .queues
            .get_mut(&(side, queue))
            .and_then(VecDeque::pop_front);
        match step {
            Some((actor, Step::Put(side, path, bytes))) => self.put(actor, side, &path, bytes),
            Some((actor, Step::Delete(side, path))) => self.delete(actor, side, &path),
            Some((actor, Step::Clean(id))) => {
                self.doom(Side::Target, &id, actor);
                // It is not the block that goes, only what lies there now.
                self.doomed.remove(&(Side::Target, id));
            }
            Some((_, Step::Wait)) | None => {}
        }
    }

    fn is_idle(&self, side: Side, queue: u8) -> bool {
        let queue = self.queues.get(&(side, queue));
        queue.is_none_or(VecDeque::is_empty)
    }

    fn plan(&mut self, side: Side) {
        // Whoever runs a compactor on the target asks for an order.
        let compacts = side == Side::Source || self.nature.order == PublishOrder::Strict;
        let may_work = self.is_idle(side, WORK) && compacts;
        match self.rng.below(6) {
            0 | 1 if may_work => self.compact(side),
            2 if may_work => self.downsample(side),
            3 if self.is_idle(side, DELETIONS) => self.delete_what_is_marked(side),
            4 if self.is_idle(side, DELETIONS) && self.rng.once_in(8) => match side {
                Side::Source => self.operator_deletes(),
                Side::Target => self.operator_deletes_what_was_moved(),
            },
            5 if side == Side::Source && self.rng.once_in(24) => self.operator_rewrites(),
            _ => {}
        }
    }

    /// The store gateway loads what is published, and reads what it has loaded.
    fn serve(&mut self) {
        match self.rng.below(16) {
            0 => {
                let published = self
                    .known
                    .keys()
                    .filter(|id| self.has(Side::Target, id, "meta.json") && !self.may_be_torn(id));
                self.served = published.cloned().collect();
            }
            1 => {
                let served: Vec<String> = self.served.iter().cloned().collect();
                let Some(id) = self.rng.pick(&served).cloned() else {
                    return;
                };
                // What was taken back or replaced since is loaded again.
                let there = self.has(Side::Target, &id, "meta.json") && !self.may_be_torn(&id);
                let names = ["chunks/000001", "index"];
                let name = names[self.rng.index(names.len())];
                if there && !self.has(Side::Target, &id, name) {
                    self.violated(format!("a store gateway finds no {name} of {id}"));
                }
            }
            _ => {}
        }
    }

    /// All blocks of one group in one range become one, if another block lies beyond the range.
    fn compact(&mut self, side: Side) {
        if side == Side::Source && !self.damaged.is_empty() {
            // It halts at the damaged block.
            return;
        }
        let mut ranges: BTreeMap<_, Vec<&Block>> = BTreeMap::new();
        let candidates = self.compactable(side);
        for block in &candidates {
            let range = block.range_ms.0.div_euclid(RANGE_MS);
            if block.range_ms.1 <= (range + 1) * RANGE_MS {
                ranges.entry((block.group, range)).or_default().push(block);
            }
        }
        let complete = |(group, range): &(_, i64)| {
            candidates
                .iter()
                .any(|block| block.group == *group && block.range_ms.0 >= (range + 1) * RANGE_MS)
        };
        let Some(from) = ranges
            .iter()
            .find(|(key, blocks)| blocks.len() > 1 && complete(key))
            .map(|(_, blocks)| blocks.clone())
        else {
            return;
        };
        let from: Vec<Block> = from.into_iter().cloned().collect();
        let id = self.new_id();
        let made = Block::compacted(id.clone(), &from.iter().collect::<Vec<_>>());
        let late = side == Side::Source
            && from
                .iter()
                .any(|block| self.has(Side::Target, &block.id, "meta.json"));
        if late || from.iter().any(|block| self.late.contains(&block.id)) {
            self.late.insert(id);
        }
        let mut steps = self.upload(side, made);
        for block in from {
            let path = format!("{}/deletion-mark.json", block.id);
            if !self.is_marked(side, &block.id) {
                steps.push(Step::Put(side, path, mark(&block.id, self.now_ms())));
            }
        }
        self.enqueue(side, WORK, Actor::Compactor, steps);
    }

    /// A marked block may be compacted until half the delay has passed; one that another is made of is left out.
    fn compactable(&self, side: Side) -> Vec<&Block> {
        let whole: Vec<&Block> = self
            .known
            .values()
            .filter(|block| {
                self.holds(side, &block.id) && !self.doomed.contains(&(side, block.id.clone()))
            })
            .filter(|block| {
                let mark = self
                    .bucket(side)
                    .get(&format!("{}/deletion-mark.json", block.id));
                mark.is_none_or(|mark| self.now_ms() - mark.modified_ms < DELETE_DELAY_MS / 2)
            })
            .collect();
        let newest = |block: &&&Block| {
            !whole.iter().any(|other| {
                other.id != block.id
                    && other.group == block.group
                    && block.sources.is_subset(&other.sources)
                    && (block.sources != other.sources || other.id > block.id)
            })
        };
        whole.iter().filter(newest).copied().collect()
    }

    /// A compacted raw block of which no coarser one is made yet.
    fn downsample(&mut self, side: Side) {
        let live = self.live(side);
        let made = |block: &&Block| {
            live.iter().any(|other| {
                other.group == (block.group.0, FIVE_MINUTES_MS)
                    && !block.sources.is_disjoint(&other.sources)
            })
        };
        let found = live.iter().find(|block| {
            block.group.1 == 0 && (block.level > 1 || side == Side::Target) && !made(block)
        });
        let Some(from) = found.map(|block| (*block).clone()) else {
            return;
        };
        self.judge_downsampling(side, &from);
        let id = self.new_id();
        if side == Side::Source || self.late.contains(&from.id) {
            self.late.insert(id.clone());
        }
        let steps = self.upload(side, Block::downsampled(id, &from));
        self.enqueue(side, WORK, Actor::Compactor, steps);
    }

    fn upload(&mut self, side: Side, block: Block) -> Vec<Step> {
        let id = block.id.clone();
        let objects = self.introduce(block);
        // meta.json sorts after chunks and index.
        objects
            .into_iter()
            .map(|(name, bytes)| Step::Put(side, format!("{id}/{name}"), bytes))
            .collect()
    }

    fn delete_what_is_marked(&mut self, side: Side) {
        let due = self.known.keys().find(|id| {
            let mark = self.bucket(side).get(&format!("{id}/deletion-mark.json"));
            !self.doomed.contains(&(side, (*id).clone()))
                && mark.is_some_and(|mark| self.now_ms() - mark.modified_ms > DELETE_DELAY_MS)
        });
        if let Some(id) = due.cloned() {
            self.doom(side, &id, Actor::Compactor);
            if side == Side::Source {
                self.judge_deletion(&id);
            }
        }
    }

    /// `meta.json` first, the mark last.
    fn doom(&mut self, side: Side, id: &str, actor: Actor) {
        self.doomed.insert((side, id.to_owned()));
        let rank = |name: &str| match name {
            "meta.json" => 0,
            "deletion-mark.json" => 2,
            _ => 1,
        };
        let below = format!("{id}/");
        let names = self.bucket(side).range(below.clone()..);
        let mut names: Vec<String> = names
            .map_while(|(path, _)| path.strip_prefix(&below).map(str::to_owned))
            .collect();
        names.sort_by_key(|name| rank(name));
        let steps = names
            .into_iter()
            .map(|name| Step::Delete(side, format!("{id}/{name}")))
            .collect();
        self.enqueue(side, DELETIONS, actor, steps);
    }

    fn clean(&mut self) {
        let mut newest: BTreeMap<String, i64> = BTreeMap::new();
        for (path, object) in self.bucket(Side::Target) {
            if let Some((id, _)) = path.split_once('/') {
                let newest = newest.entry(id.to_owned()).or_insert(i64::MIN);
                *newest = object.modified_ms.max(*newest);
            }
        }
        let partial = newest.into_iter().find(|(id, newest)| {
            !self.has(Side::Target, id, "meta.json")
                && !self.doomed.contains(&(Side::Target, id.clone()))
                && self.now_ms() - newest > PARTIAL_MS
        });
        if let Some((id, _)) = partial {
            // A moment passes between the look and the deletion.
            let moment = usize::try_from(self.rng.below(CLEANING)).unwrap();
            let mut steps = vec![Step::Wait; moment];
            steps.push(Step::Clean(id.clone()));
            self.enqueue(Side::Target, DELETIONS, Actor::Cleaner, steps);
            self.cleaned.insert(id);
        }
    }

    fn operator_deletes(&mut self) {
        let ids: Vec<String> = self
            .live(Side::Source)
            .iter()
            .map(|block| block.id.clone())
            .collect();
        let Some(picked) = self.rng.pick(&ids).map(|id| self.known[id].clone()) else {
            return;
        };
        // A time that nobody wants any more is unwanted in every resolution.
        let unwanted = ids.into_iter().filter(|id| {
            let block = &self.known[id];
            block.group.0 == picked.group.0 && !block.sources.is_disjoint(&picked.sources)
        });
        for id in unwanted.collect::<Vec<_>>() {
            self.forget(&id);
            // What it was made of, if still there, comes back to life after others have been published without it.
            let gone = self.known[&id].clone();
            let revived = self.known.values().filter(|block| {
                block.group == gone.group && block.sources.is_subset(&gone.sources)
            });
            let revived: Vec<String> = revived.map(|block| block.id.clone()).collect();
            self.late.extend(revived);
            self.doom(Side::Source, &id, Actor::Operator);
        }
    }

    /// A block that was moved is deleted in the target by mistake, while the source still has it. What is lost then is the operator's loss, but
    /// the next run has to say so.
    fn operator_deletes_what_was_moved(&mut self) {
        let moved: Vec<String> = self
            .live(Side::Target)
            .iter()
            .map(|block| block.id.clone())
            .filter(|id| {
                self.is_marked_by_us(id)
                    && self.holds(Side::Source, id)
                    && !self.is_doomed(Side::Source, id)
            })
            .collect();
        let Some(id) = self.rng.pick(&moved).cloned() else {
            return;
        };
        self.forget(&id);
        self.late.insert(id.clone());
        self.mistaken.insert(id.clone());
        self.doom(Side::Target, &id, Actor::Operator);
    }

    /// `meta.json` of a block that is not published yet is written anew.
    fn operator_rewrites(&mut self) {
        let ids: Vec<String> = self
            .live(Side::Source)
            .iter()
            .map(|block| block.id.clone())
            .filter(|id| !self.has(Side::Target, id, "meta.json"))
            .collect();
        let Some(id) = self.rng.pick(&ids).cloned() else {
            return;
        };
        self.late.insert(id.clone());
        self.rewritten.insert(self.known[&id].group.0);
        let meta = self.rewrite(&id);
        self.put(
            Actor::Operator,
            Side::Source,
            &format!("{id}/meta.json"),
            meta,
        );
    }

    fn enqueue(&mut self, side: Side, queue: u8, actor: Actor, steps: Vec<Step>) {
        let queue = self.queues.entry((side, queue)).or_default();
        queue.extend(steps.into_iter().map(|step| (actor, step)));
    }
}

fn mark(id: &str, now_ms: i64) -> bytes::Bytes {
    let mark = serde_json::json!({
        "id": id,
        "version": 1,
        "details": "source of a compacted block",
        "deletion_time": now_ms / 1000,
    });
    serde_json::to_vec(&mark).unwrap().into()
}
