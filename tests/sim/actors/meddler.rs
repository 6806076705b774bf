//! Somebody who meddles with the very blocks that migrators are at: what would be rare among many blocks is common here.

use super::{MEDDLING, Step, mark};
use crate::blocks::{Block, FileList, is_data, no_compact_mark};
use crate::world::{Side, Who, World};

/// What is done to a block that a migrator is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// The target loses one of its objects.
    LoseObject,
    /// The target loses all of it.
    LoseBlock,
    /// The source's compactor, or somebody by hand, marks it.
    MarkInSource,
    /// Somebody deletes it in the source.
    DeleteInSource,
    /// The target loses one of its objects, and the source all of it.
    LoseBoth,
    /// The target loses one of its objects, and the source's cannot be read any more.
    LoseAndArchive,
    /// The source's compactor makes another block of it and its neighbour, and is killed before it marks these.
    Compact,
    /// Somebody writes its `meta.json` anew.
    Rewrite,
    /// Somebody asks for it to be left as it is.
    NoCompact,
    /// Somebody puts one of the source's objects anew, byte for byte.
    PutAnew,
    /// Somebody puts a mark of his own in the place of a run's.
    MarkByHand,
    /// The source loses one of its objects, and keeps the mark.
    LoseMarkedObject,
    /// Somebody deletes the marked block in the source before its time.
    DeleteMarked,
}

const DEEDS: [Deed; 10] = [
    Deed::LoseObject,
    Deed::LoseBlock,
    Deed::MarkInSource,
    Deed::DeleteInSource,
    Deed::LoseBoth,
    Deed::LoseAndArchive,
    Deed::Compact,
    Deed::Rewrite,
    Deed::NoCompact,
    Deed::PutAnew,
];

const DEEDS_TO_MARKED: [Deed; 3] = [Deed::MarkByHand, Deed::LoseMarkedObject, Deed::DeleteMarked];

impl World {
    /// Somebody who takes marks back has just looked at a block, or at all of them: perhaps somebody else does something to it soon.
    pub(crate) fn meddle_with_a_mark(&mut self, looked_at: &str) {
        if !self.nature.meddled_with || !self.rng.once_in(4) {
            return;
        }
        let marked = self.storage.ids(Side::Source).into_iter();
        let marked: Vec<&String> = marked
            .filter(|id| looked_at.is_empty() || looked_at == *id)
            .filter(|id| self.known.contains_key(*id) && self.is_marked_by_a_run(id))
            .collect();
        if marked.is_empty() {
            return;
        }
        let id = marked[self.rng.clone().index(marked.len())].clone();
        let deed = DEEDS_TO_MARKED[self.rng.index(DEEDS_TO_MARKED.len())];
        let most = [1, 6, 60][self.rng.index(3)];
        let mut steps = vec![Step::Wait; self.rng.index(most)];
        steps.push(Step::Meddle(deed, id));
        self.enqueue(Side::Source, MEDDLING, Who::Operator, steps);
    }

    /// A migrator has just put something: perhaps somebody meddles with that block soon.
    pub(crate) fn meddle(&mut self, side: Side, path: &str) {
        if !self.nature.meddled_with || side == Side::Source {
            return;
        }
        let Some((id, name)) = path.split_once('/') else {
            return;
        };
        let often = if name == "meta.json" { 3 } else { 16 };
        if !self.rng.once_in(often) {
            return;
        }
        let deed = DEEDS[self.rng.index(DEEDS.len())];
        let most = [1, 6, 60][self.rng.index(3)];
        let later = self.rng.index(most);
        let mut steps = vec![Step::Wait; later];
        steps.push(Step::Meddle(deed, id.to_owned()));
        self.enqueue(Side::Target, MEDDLING, Who::Operator, steps);
    }

    pub(super) fn carry_out(&mut self, deed: Deed, id: &str) {
        let is_there = if DEEDS_TO_MARKED.contains(&deed) {
            self.is_marked_by_a_run(id) && !self.is_doomed(Side::Source, id)
        } else {
            self.is_live(Side::Source, id)
        };
        if !is_there {
            return;
        }
        self.tell(|_| format!("somebody meddles with {id}: {deed:?}"));
        match deed {
            Deed::LoseObject => self.lose_an_object(id),
            Deed::LoseBlock => {
                if self.has(Side::Target, id, "meta.json") && !self.is_doomed(Side::Target, id) {
                    self.lose_in_the_target(id);
                    self.doom(Side::Target, id, Who::Operator);
                }
            }
            Deed::MarkInSource | Deed::MarkByHand => self.mark_in_the_source(id),
            Deed::LoseMarkedObject => self.lose_an_object_of_the_source(id),
            Deed::DeleteInSource | Deed::DeleteMarked => {
                self.give_up_in_the_source(id);
                self.doom(Side::Source, id, Who::Operator);
            }
            Deed::LoseBoth => {
                self.lose_an_object(id);
                self.give_up_in_the_source(id);
                self.doom(Side::Source, id, Who::Operator);
            }
            Deed::LoseAndArchive => {
                self.lose_an_object(id);
                self.archived.insert(id.to_owned());
            }
            Deed::Compact => self.compact_and_die(id),
            Deed::Rewrite => {
                if !self.has(Side::Target, id, "meta.json") {
                    self.rewrite_in_the_source(id);
                }
            }
            Deed::PutAnew => self.put_anew(id),
            Deed::NoCompact => {
                let path = format!("{id}/no-compact-mark.json");
                if self.storage.get(Side::Source, &path).is_none() {
                    let mark = no_compact_mark(id);
                    self.put(Who::Operator, Side::Source, &path, mark, 0);
                }
            }
        }
    }

    fn lose_an_object(&mut self, id: &str) {
        let there = self.storage.directory(Side::Target, id);
        let data: Vec<String> = there.keys().filter(|name| is_data(name)).cloned().collect();
        if let Some(name) = self.rng.pick(&data).cloned() {
            self.lose_in_the_target(id);
            self.delete(Who::Operator, Side::Target, &format!("{id}/{name}"));
        }
    }

    fn lose_an_object_of_the_source(&mut self, id: &str) {
        let there = self.storage.directory(Side::Source, id);
        // A segment that no list names is missed by nobody.
        let listed = self.known[id].files != FileList::Nothing;
        let data = there.keys().filter(|name| is_data(name));
        let data = data.filter(|name| listed || *name == "index");
        let data: Vec<String> = data.cloned().collect();
        if let Some(name) = self.rng.pick(&data).cloned() {
            self.give_up_in_the_source(id);
            self.delete(Who::Operator, Side::Source, &format!("{id}/{name}"));
        }
    }

    fn put_anew(&mut self, id: &str) {
        let there = self.storage.directory(Side::Source, id);
        let data = there.iter().filter(|(name, _)| is_data(name));
        let data: Vec<_> = data.map(|(name, it)| (name.clone(), it.clone())).collect();
        if let Some((name, it)) = self.rng.pick(&data).cloned() {
            let path = format!("{id}/{name}");
            self.put(Who::Operator, Side::Source, &path, it.bytes, it.part_bytes);
        }
    }

    fn mark_in_the_source(&mut self, id: &str) {
        self.give_up_in_the_source(id);
        let path = format!("{id}/deletion-mark.json");
        let mark = mark(id, "by hand", self.now_ms());
        self.put(Who::Operator, Side::Source, &path, mark, 0);
    }

    fn compact_and_die(&mut self, id: &str) {
        let block = self.known[id].clone();
        let live = self.live(Side::Source);
        let beside = |other: &&&Block| {
            other.group == block.group
                && (other.range_ms.0 == block.range_ms.1 || other.range_ms.1 == block.range_ms.0)
        };
        let Some(other) = live.iter().find(beside).map(|other| (*other).clone()) else {
            return;
        };
        let made = Block::compacted(self.new_id(), &[&block, &other]);
        self.late.insert(made.id.clone());
        for step in self.upload(Side::Source, made) {
            if let Step::Put(side, path, bytes) = step {
                self.put(Who::Compactor, side, &path, bytes, 0);
            }
        }
    }
}
