//! Compactors, on both sides: blocks of one range become one, raw blocks are downsampled, what is superfluous is marked, and what is marked
//! is deleted after two days.

use std::collections::BTreeMap;

use super::{Step, WORK, mark};
use crate::blocks::{Block, FIVE_MINUTES_MS, HOUR_MS};
use crate::world::{DELETE_DELAY_MS, Side, Who, World};

/// Compactors make blocks of this range, aligned to the epoch, once something lies beyond it.
const RANGE_MS: i64 = 8 * HOUR_MS;

impl World {
    /// All blocks of one group in one range become one, if another block lies beyond the range and none that lies in it is to be left as it is, or
    /// lacks anything.
    pub(super) fn compact(&mut self, side: Side) {
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
        let free = |blocks: &[&Block]| {
            let marked = |block: &&Block| self.has(side, &block.id, "no-compact-mark.json");
            let made = Block::compacted(String::new(), blocks);
            let halts = |id: &&String| {
                let there = self.known.get(*id).filter(|there| made.clashes_with(there));
                there.is_some() && self.has(side, id, "meta.json") && !self.holds(side, id)
            };
            !blocks.iter().any(marked) && !self.storage.ids(side).iter().any(halts)
        };
        let Some(from) = ranges
            .iter()
            .find(|(key, blocks)| blocks.len() > 1 && complete(key) && free(blocks))
            .map(|(_, blocks)| blocks.clone())
        else {
            return;
        };
        let from: Vec<Block> = from.into_iter().cloned().collect();
        let id = self.new_id();
        let made = Block::compacted(id.clone(), &from.iter().collect::<Vec<_>>());
        self.note_if_late(side, &id, &from);
        let mut steps = self.upload(side, made);
        for block in from {
            steps.extend(self.marking(side, &block.id, "source of compacted block"));
        }
        self.enqueue(side, WORK, Who::Compactor, steps);
    }

    /// What is made of blocks that have moved, or of such that no plan could foresee, cannot be foreseen either.
    pub(super) fn note_if_late(&mut self, side: Side, made: &str, from: &[Block]) {
        let late = side == Side::Source
            && from
                .iter()
                .any(|block| self.has(Side::Target, &block.id, "meta.json"));
        let unforeseen =
            |block: &Block| self.late.contains(&block.id) || self.foreign.contains(&block.id);
        if late || from.iter().any(unforeseen) {
            self.late.insert(made.to_owned());
        }
    }

    fn marking(&self, side: Side, id: &str, details: &str) -> Option<Step> {
        let path = format!("{id}/deletion-mark.json");
        (!self.is_marked(side, id)).then(|| Step::Put(side, path, mark(id, details, self.now_ms())))
    }

    /// A marked block may be compacted until half the delay has passed; one that another is made of is left out.
    fn compactable(&self, side: Side) -> Vec<&Block> {
        let whole = self.in_the_working_set(side);
        let newest = |block: &&&Block| !whole.iter().any(|other| other.supersedes(block));
        whole.iter().filter(newest).copied().collect()
    }

    /// Whole blocks that a compactor works with: what was marked lately is among them.
    fn in_the_working_set(&self, side: Side) -> Vec<&Block> {
        let ids = self.storage.ids(side).into_iter();
        let blocks = ids.filter_map(|id| self.known.get(id));
        blocks
            .filter(|block| self.holds(side, &block.id) && !self.is_doomed(side, &block.id))
            .filter(|block| {
                let marked_ms = self.marked_at_ms(side, &block.id);
                marked_ms.is_none_or(|marked_ms| self.now_ms() - marked_ms <= DELETE_DELAY_MS / 2)
            })
            .collect()
    }

    /// Marks a block that another one of the working set makes superfluous.
    pub(super) fn collect_garbage(&mut self, side: Side) {
        if side == Side::Source && !self.damaged.is_empty() {
            return;
        }
        let whole = self.in_the_working_set(side);
        let superfluous = whole.iter().find(|block| {
            !self.is_marked(side, &block.id) && whole.iter().any(|other| other.supersedes(block))
        });
        if let Some(id) = superfluous.map(|block| block.id.clone()) {
            let steps = self
                .marking(side, &id, "outdated block")
                .into_iter()
                .collect();
            self.enqueue(side, WORK, Who::Compactor, steps);
        }
    }

    /// A compacted raw block of which no coarser one is made yet.
    pub(super) fn downsample(&mut self, side: Side) {
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
        // Where it was downsampled before, somebody has lost that since.
        let was_made = self.known.values().any(|other| {
            other.group == (from.group.0, FIVE_MINUTES_MS)
                && !other.sources.is_disjoint(&from.sources)
        });
        let unforeseen =
            was_made || self.late.contains(&from.id) || self.foreign.contains(&from.id);
        if side == Side::Source || unforeseen {
            self.late.insert(id.clone());
        }
        let steps = self.upload(side, Block::downsampled(id, &from));
        self.enqueue(side, WORK, Who::Compactor, steps);
    }

    /// `meta.json` goes last.
    pub(super) fn upload(&mut self, side: Side, block: Block) -> Vec<Step> {
        let id = block.id.clone();
        let mut objects: Vec<_> = self.introduce(block).into_iter().collect();
        objects.sort_by_key(|(name, _)| *name == "meta.json");
        objects
            .into_iter()
            .map(|(name, bytes)| Step::Put(side, format!("{id}/{name}"), bytes))
            .collect()
    }

    /// A run has put something: perhaps the source's compactor sees the mark.
    pub(crate) fn remember(&mut self, side: Side, path: &str) {
        if side != Side::Source || !self.nature.remembers || self.rng.once_in(2) {
            return;
        }
        if let Some((id, "deletion-mark.json")) = path.split_once('/')
            && let Some(marked_ms) = self.marked_at_ms(side, id)
        {
            self.remembered.entry(id.to_owned()).or_insert(marked_ms);
        }
    }

    /// Somebody starts the source's compactor anew, as whoever takes marks back is told to do.
    pub(crate) fn restart_the_compactor(&mut self) {
        self.tell(|_| "the source's compactor is started anew".to_owned());
        self.remembered.clear();
    }

    pub(super) fn delete_what_is_marked(&mut self, side: Side) {
        let due = self.storage.ids(side).into_iter().find(|id| {
            let remembered = self.remembered.get(*id).filter(|_| side == Side::Source);
            let marked_ms = remembered.copied().or_else(|| self.marked_at_ms(side, id));
            !self.is_doomed(side, id)
                && self.known.contains_key(*id)
                && marked_ms.is_some_and(|marked_ms| self.now_ms() - marked_ms > DELETE_DELAY_MS)
        });
        if let Some(id) = due.cloned() {
            self.doom(side, &id, Who::Compactor);
            if side == Side::Source {
                self.judge_deletion(&id);
            }
        }
    }
}
