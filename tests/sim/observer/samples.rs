//! Where every sample must be.

use std::collections::BTreeSet;

use crate::blocks::Sample;
use crate::world::{Side, World};

impl World {
    /// The block's samples are in live blocks of the target, other than itself.
    pub(super) fn is_kept_by_others(&self, id: &str) -> bool {
        let block = &self.known[id];
        let others = self.known.values().filter(|other| {
            other.id != id
                && other.group == block.group
                && !other.samples.is_disjoint(&block.samples)
        });
        let kept: BTreeSet<&Sample> = others
            .filter(|other| self.is_live(Side::Target, &other.id))
            .flat_map(|other| &other.samples)
            .collect();
        block.samples.iter().all(|sample| kept.contains(sample))
    }

    /// A compactor is about to delete a block of the source: its samples must be elsewhere.
    pub(crate) fn judge_deletion(&mut self, id: &str) {
        let elsewhere: BTreeSet<&Sample> = [Side::Source, Side::Target]
            .into_iter()
            .flat_map(|side| self.live(side))
            .flat_map(|block| &block.samples)
            .collect();
        let lost = self.known[id]
            .samples
            .iter()
            .find(|sample| self.wanted.contains(*sample) && !elsewhere.contains(*sample));
        if let Some(lost) = lost.copied() {
            self.violated(format!(
                "{id} is deleted, and sample {lost:?} is nowhere else"
            ));
        }
    }

    /// Once everything is over nothing is lost.
    pub(super) fn judge_what_is_kept(&mut self) {
        let kept: BTreeSet<&Sample> = self
            .known
            .values()
            .filter(|block| {
                self.holds(Side::Source, &block.id)
                    || self.holds_some_version(Side::Target, &block.id)
            })
            .flat_map(|block| &block.samples)
            .collect();
        let lost = self.wanted.iter().find(|sample| !kept.contains(sample));
        if let Some(lost) = lost.copied() {
            self.violated(format!("sample {lost:?} is lost"));
        }
    }
}
