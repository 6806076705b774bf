//! Who did something to a block, and when: a run need not know what happened in the very moment before it writes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Side, Who, World};

/// So long a run may rely on what it saw: a few seconds, and what requests and their repetitions take.
pub(crate) const MOMENT_MS: i64 = 10_000;

/// What was done to blocks, by side and id.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// When somebody who is no migrator last changed something.
    disturbed_ms: BTreeMap<(Side, String), i64>,
    /// Which runs changed something, and when last.
    runs: BTreeMap<(Side, String), BTreeMap<usize, i64>>,
    /// Blocks that lost something in the target after they were published.
    robbed: BTreeSet<String>,
    /// When a mark of a run was last taken back.
    unmarked_ms: BTreeMap<String, i64>,
    /// When something of it was last removed by whoever cleans up.
    cleaned_ms: BTreeMap<String, i64>,
    /// The run that published a block last.
    publishers: BTreeMap<String, usize>,
}

impl History {
    pub(super) fn note(&mut self, who: Who, side: Side, path: &str, now_ms: i64) {
        let id = path.split_once('/').map_or(path, |(id, _)| id);
        let key = (side, id.to_owned());
        match who {
            Who::Run(run) => {
                if side == Side::Target && path.ends_with("meta.json") {
                    self.publishers.insert(id.to_owned(), run);
                }
                self.runs.entry(key).or_default().insert(run, now_ms);
            }
            Who::Compactor | Who::Cleaner | Who::Operator => {
                self.disturbed_ms.insert(key, now_ms);
            }
        }
    }

    pub(crate) fn rob(&mut self, id: &str) {
        self.robbed.insert(id.to_owned());
    }

    pub(crate) fn note_unmarked(&mut self, id: &str, now_ms: i64) {
        self.unmarked_ms.insert(id.to_owned(), now_ms);
    }

    pub(crate) fn note_cleaned(&mut self, id: &str, now_ms: i64) {
        self.cleaned_ms.insert(id.to_owned(), now_ms);
    }

    /// Whether a mark of it was ever taken back.
    pub(crate) fn was_unmarked(&self, id: &str) -> bool {
        self.unmarked_ms.contains_key(id)
    }

    pub(crate) fn publisher(&self, id: &str) -> Option<usize> {
        self.publishers.get(id).copied()
    }

    /// When the run last put or deleted an object of the block in the target.
    pub(crate) fn last_write(&self, run: usize, id: &str) -> i64 {
        let runs = self.runs.get(&(Side::Target, id.to_owned()));
        let at_ms = runs.and_then(|runs| runs.get(&run));
        at_ms.copied().unwrap_or_default()
    }

    pub(crate) fn was_robbed(&self, id: &str) -> bool {
        self.robbed.contains(id)
    }
}

impl World {
    /// Whether somebody who is no migrator changed something about the block in the last moment.
    pub(crate) fn is_disturbed(&self, side: Side, id: &str) -> bool {
        self.was_disturbed_since(side, id, self.now_ms() - MOMENT_MS)
    }

    /// Whether a mark of it was taken back since then.
    pub(crate) fn was_unmarked_since(&self, id: &str, since_ms: i64) -> bool {
        let at_ms = self.history.unmarked_ms.get(id);
        at_ms.is_some_and(|at_ms| *at_ms >= since_ms)
    }

    /// Whether whoever cleans up has removed something of it since then.
    pub(crate) fn was_cleaned_since(&self, id: &str, since_ms: i64) -> bool {
        let at_ms = self.history.cleaned_ms.get(id);
        at_ms.is_some_and(|at_ms| *at_ms >= since_ms)
    }

    pub(crate) fn was_disturbed_since(&self, side: Side, id: &str, since_ms: i64) -> bool {
        let at_ms = self.history.disturbed_ms.get(&(side, id.to_owned()));
        at_ms.is_some_and(|at_ms| *at_ms >= since_ms)
    }

    /// Whether a run other than this one has changed something about the block since then.
    pub(crate) fn was_another_run_at(
        &self,
        run: usize,
        side: Side,
        id: &str,
        since_ms: i64,
    ) -> bool {
        let runs = self.history.runs.get(&(side, id.to_owned()));
        runs.is_some_and(|runs| {
            runs.iter()
                .any(|(other, at_ms)| *other != run && *at_ms >= since_ms)
        })
    }
}
