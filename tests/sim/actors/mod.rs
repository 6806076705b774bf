//! Whoever acts beside the migrators, and what each does when its turn comes: compactors on both sides, the target's cleaner of partial
//! blocks, an operator, and somebody who meddles with what migrators are at.

mod cleaner;
mod compactor;
mod meddler;
mod operator;

use std::collections::VecDeque;

use bytes::Bytes;
use thanos_bucket::plan::PublishOrder;

use crate::world::{Side, Who, World};
pub(crate) use meddler::Deed;

/// One thing that somebody will do when its turn comes.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Put(Side, String, Bytes),
    Delete(Side, String),
    /// Delete whatever lies in this block's directory of the target by then.
    Clean(String),
    /// The deletion of a block has come to its end.
    Gone(Side, String),
    Meddle(Deed, String),
    Wait,
}

/// Queues: what a compactor does, what deletes, and what meddles.
const WORK: u8 = 0;
const DELETIONS: u8 = 1;
const MEDDLING: u8 = 2;

impl World {
    /// Time passes: everybody may take a step.
    pub(crate) fn tick(&mut self) {
        if !self.others_act {
            return;
        }
        for side in [Side::Source, Side::Target] {
            for queue in [WORK, DELETIONS, MEDDLING] {
                // Deleting one block takes a compactor moments.
                let takes = queue != WORK || self.rng.once_in(2);
                if takes && !self.is_idle(side, queue) {
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
        while let Some((side, queue)) = self
            .queues
            .iter()
            .find(|(_, steps)| !steps.is_empty())
            .map(|(key, _)| *key)
        {
            self.take_step(side, queue);
        }
    }

    fn take_step(&mut self, side: Side, queue: u8) {
        let step = self
            .queues
            .get_mut(&(side, queue))
            .and_then(VecDeque::pop_front);
        match step {
            Some((who, Step::Put(side, path, bytes))) => self.put(who, side, &path, bytes, 0),
            Some((who, Step::Delete(side, path))) => self.delete(who, side, &path),
            Some((who, Step::Clean(id))) => {
                if self.has(Side::Target, &id, "meta.json") {
                    // It was published since the cleaner looked, a moment ago.
                    self.lose_in_the_target(&id);
                }
                self.doom(Side::Target, &id, who);
                // It is not the block that goes, only what lies there now.
                self.doomed.remove(&(Side::Target, id));
            }
            Some((_, Step::Gone(side, id))) => {
                if side == Side::Source {
                    self.remembered.remove(&id);
                }
                self.doomed.remove(&(side, id));
            }
            Some((_, Step::Meddle(deed, id))) => self.carry_out(deed, &id),
            Some((_, Step::Wait)) | None => {}
        }
    }

    /// Whether somebody has begun to delete what lies in the block's directory of the target, and no request of a migrator can tell yet.
    pub(crate) fn is_going_from_the_target(&self, id: &str) -> bool {
        let mut steps = self.queues.values().flatten();
        steps.any(|(_, step)| match step {
            Step::Delete(Side::Target, path) => path.starts_with(id),
            _ => false,
        })
    }

    fn is_idle(&self, side: Side, queue: u8) -> bool {
        let queue = self.queues.get(&(side, queue));
        queue.is_none_or(VecDeque::is_empty)
    }

    fn plan(&mut self, side: Side) {
        // Whoever runs a compactor on the target asks for an order.
        let compacts = side == Side::Source || self.nature.order == PublishOrder::Strict;
        let may_work = self.is_idle(side, WORK) && compacts;
        let may_delete = self.is_idle(side, DELETIONS);
        match self.rng.below(7) {
            0 | 1 if may_work => self.compact(side),
            2 if may_work => self.downsample(side),
            3 if may_work => self.collect_garbage(side),
            4 if may_delete => self.delete_what_is_marked(side),
            5 if may_delete && self.rng.once_in(8) => match side {
                Side::Source => self.operator_deletes(),
                Side::Target => self.operator_deletes_in_the_target(),
            },
            6 if side == Side::Source && self.rng.once_in(24) => self.operator_rewrites(),
            _ => {}
        }
    }

    /// `meta.json` first, the mark last.
    fn doom(&mut self, side: Side, id: &str, who: Who) {
        self.doomed.insert((side, id.to_owned()));
        let rank = |name: &str| match name {
            "meta.json" => 0,
            "deletion-mark.json" => 2,
            _ => 1,
        };
        let there = self.storage.directory(side, id);
        let mut names: Vec<String> = there.keys().cloned().collect();
        names.sort_by_key(|name| rank(name));
        let steps = names
            .into_iter()
            .map(|name| Step::Delete(side, format!("{id}/{name}")))
            .chain([Step::Gone(side, id.to_owned())])
            .collect();
        self.enqueue(side, DELETIONS, who, steps);
    }

    fn enqueue(&mut self, side: Side, queue: u8, who: Who, steps: Vec<Step>) {
        let queue = self.queues.entry((side, queue)).or_default();
        queue.extend(steps.into_iter().map(|step| (who, step)));
    }
}

/// A deletion mark as Thanos writes it.
fn mark(id: &str, details: &str, now_ms: i64) -> Bytes {
    let mark = serde_json::json!({
        "id": id,
        "version": 1,
        "details": details,
        "deletion_time": now_ms / 1000,
    });
    serde_json::to_vec(&mark).unwrap().into()
}
