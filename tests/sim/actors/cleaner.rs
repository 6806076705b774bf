//! The target's cleaner, which deletes partial blocks that it takes for abandoned.

use super::{DELETIONS, Step};
use crate::blocks::HOUR_MS;
use crate::nature::Cleaning;
use crate::world::{Side, Who, World};

/// What has lain there without a `meta.json` for so long is abandoned.
const PARTIAL_MS: i64 = 48 * HOUR_MS;

/// Turns of others between the cleaner's look and its deletion, at most.
const CLEANING: u64 = 6;

impl World {
    pub(super) fn clean(&mut self) {
        // It comes by every few minutes, and the age of an id does not spare anybody.
        if self.nature.cleaning == Cleaning::ByName && !self.rng.once_in(12) {
            return;
        }
        let partial = self.storage.ids(Side::Target).into_iter().find(|id| {
            !self.has(Side::Target, id, "meta.json")
                && !self.is_doomed(Side::Target, id)
                && match self.nature.cleaning {
                    // What a compactor makes has a new id.
                    Cleaning::ByName => self.first.contains(*id),
                    Cleaning::ByAge => self.now_ms() - self.newest_ms(id) > PARTIAL_MS,
                }
        });
        if let Some(id) = partial.cloned() {
            // A moment passes between the look and the deletion.
            let moment = usize::try_from(self.rng.below(CLEANING)).unwrap();
            let mut steps = vec![Step::Wait; moment];
            steps.push(Step::Clean(id));
            self.enqueue(Side::Target, DELETIONS, Who::Cleaner, steps);
        }
    }

    fn newest_ms(&self, id: &str) -> i64 {
        let there = self.storage.directory(Side::Target, id).values();
        there
            .map(|object| object.modified_ms)
            .max()
            .unwrap_or(i64::MIN)
    }
}
