//! An operator, who deletes what nobody wants any more, deletes in the target by mistake, and rewrites a `meta.json`.

use std::collections::BTreeSet;

use crate::blocks::{Block, Sample};
use crate::world::{Side, Who, World};

impl World {
    pub(super) fn operator_deletes(&mut self) {
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
            self.give_up_in_the_source(&id);
            self.doom(Side::Source, &id, Who::Operator);
        }
    }

    /// The block is about to go in the source, and nobody minds.
    pub(super) fn give_up_in_the_source(&mut self, id: &str) {
        self.forget(id);
        // What it was made of, if still there, comes back to life after others have been published without it.
        let gone = self.known[id].clone();
        let revived = self
            .known
            .values()
            .filter(|block| block.group == gone.group && block.sources.is_subset(&gone.sources));
        let revived: Vec<String> = revived.map(|block| block.id.clone()).collect();
        self.late.extend(revived);
    }

    /// A block of the target is deleted by mistake, marked in the source or not.
    pub(super) fn operator_deletes_in_the_target(&mut self) {
        let ids: Vec<String> = self
            .live(Side::Target)
            .iter()
            .map(|block| block.id.clone())
            .filter(|id| !self.foreign.contains(id))
            .collect();
        let Some(id) = self.rng.pick(&ids).cloned() else {
            return;
        };
        self.lose_in_the_target(&id);
        self.doom(Side::Target, &id, Who::Operator);
    }

    /// What is lost then is the operator's loss, unless the source has it and will keep it. The next run has to say so.
    pub(crate) fn lose_in_the_target(&mut self, id: &str) {
        if self.has(Side::Target, id, "meta.json") {
            // It is published once more, after others.
            self.late.insert(id.to_owned());
        }
        // What another block supersedes is garbage, marked or not: whoever made that block is about to mark it.
        let kept = |side: Side, block: &&&Block| match side {
            // What was marked goes all the same where the compactor remembers it.
            Side::Source => {
                !self.is_a_duplicate(&block.id) && !self.remembered.contains_key(&block.id)
            }
            Side::Target => block.id != id && !self.known[id].supersedes(block),
        };
        let elsewhere: BTreeSet<Sample> = [Side::Source, Side::Target]
            .into_iter()
            .flat_map(|side| {
                let live = self.live(side);
                live.iter()
                    .filter(|block| kept(side, block))
                    .flat_map(|block| block.samples.clone())
                    .collect::<Vec<_>>()
            })
            .collect();
        let lost = self.known[id].samples.clone();
        self.wanted
            .retain(|sample| !lost.contains(sample) || elsewhere.contains(sample));
    }

    /// `meta.json` of a block that is not published yet is written anew.
    pub(super) fn operator_rewrites(&mut self) {
        let ids: Vec<String> = self
            .live(Side::Source)
            .iter()
            .map(|block| block.id.clone())
            .filter(|id| !self.has(Side::Target, id, "meta.json"))
            .collect();
        if let Some(id) = self.rng.pick(&ids).cloned() {
            self.rewrite_in_the_source(&id);
        }
    }

    pub(super) fn rewrite_in_the_source(&mut self, id: &str) {
        self.late.insert(id.to_owned());
        self.rewritten.insert(self.known[id].group.0);
        let meta = self.rewrite(id);
        let path = format!("{id}/meta.json");
        self.put(Who::Operator, Side::Source, &path, meta, 0);
    }
}
