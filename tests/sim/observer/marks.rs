//! What may be marked in the source: a block that the target holds, once nothing finer of the same data lives in the source.

use thanos_bucket::block::{BlockId, DeletionMark, NoCompactMark};

use super::Before;
use crate::migrator::TARGET_NAME;
use crate::nature::{Buckets, Conditions};
use crate::world::{MOMENT_MS, Side, World};

/// A mark's time has whole seconds, and its request may have been repeated.
const MARKS_CLOCK_MS: i64 = 10_000;

impl World {
    pub(super) fn judge_mark(&mut self, run: usize, id: &str, before: &Before) {
        self.runs[run].marked.insert(id.to_owned());
        if !self.known.contains_key(id) {
            self.violated(format!("{id} is marked, and there is no such block"));
            return;
        }
        if !self.runs[run].announced.contains(id) {
            self.violated(format!(
                "{id} is marked, and its report file does not say so"
            ));
        }
        if self.nature.buckets != Buckets::Two {
            self.violated(format!("{id} is marked, and there is only one bucket"));
        }
        self.judge_overwritten_mark(id, before);
        self.judge_what_the_mark_says(run, id);
        self.judge_that_it_is_held(id);
        self.judge_finer_kin(run, id);
        if self.is_going_from_the_target(id) {
            self.lose_in_the_target(id);
        }
        let wants_both = self.runs[run].circumstances.settings.no_compact_mark_source;
        let has_both = self.has(Side::Source, id, "no-compact-mark.json");
        let is_known = !self.is_disturbed(Side::Source, id)
            && !self.was_unmarked_since(id, self.now_ms() - MOMENT_MS);
        if wants_both && !has_both && is_known {
            self.violated(format!("{id} is marked before its no-compact mark"));
        }
    }

    pub(super) fn judge_no_compact_mark(&mut self, run: usize, id: &str, before: &Before) {
        if !self.runs[run].circumstances.settings.no_compact_mark_source {
            self.violated(format!("{id} got a no-compact mark that nobody asked for"));
        }
        let path = format!("{id}/no-compact-mark.json");
        let mark = self.storage.get(Side::Source, &path).cloned();
        let ours = mark.is_some_and(|mark| {
            let mark = NoCompactMark::parse(&mark.bytes);
            mark.is_ok_and(|mark| mark.provenance().is_some())
        });
        if !ours {
            self.violated(format!("the no-compact mark of {id} is not one of ours"));
        }
        self.judge_overwritten_mark(id, before);
        self.judge_that_it_is_held(id);
    }

    /// Where the server knows no condition, one of a moment ago may not have been seen.
    fn judge_overwritten_mark(&mut self, id: &str, before: &Before) {
        let Some(there) = &before.there else { return };
        let unseen = self.nature.conditions != Conditions::Honoured
            && self.now_ms() - there.modified_ms < MOMENT_MS;
        if !unseen {
            self.violated(format!("a mark of {id} was overwritten"));
        }
    }

    fn judge_what_the_mark_says(&mut self, run: usize, id: &str) {
        let path = format!("{id}/deletion-mark.json");
        let Some(there) = self.storage.get(Side::Source, &path) else {
            return;
        };
        let block = id.parse::<BlockId>().unwrap();
        let Ok(mark) = DeletionMark::parse(block, &there.bytes) else {
            self.violated(format!("Thanos cannot read the mark on {id}"));
            return;
        };
        let target = mark.provenance().map(|provenance| provenance.target);
        if target.as_deref() != Some(TARGET_NAME) {
            self.violated(format!("the mark on {id} is not one of ours"));
        }
        let circumstances = &self.runs[run].circumstances;
        if circumstances.has_a_wrong_clock() {
            self.violated(format!("{id} is marked by a clock that is wrong"));
            return;
        }
        let late_ms = self.now_ms() + circumstances.clock_ahead_ms - mark.deletion_time() * 1000;
        if !(0..MARKS_CLOCK_MS).contains(&late_ms) {
            self.violated(format!("the mark on {id} says that it is {late_ms} ms old"));
        }
    }

    fn judge_that_it_is_held(&mut self, id: &str) {
        let holds = self.holds(Side::Target, id);
        if self.is_kept_by_others(id) || holds && !self.is_doomed(Side::Target, id) {
            return;
        }
        if holds || self.is_disturbed(Side::Source, id) || self.is_cover_disturbed(id) {
            // Nobody could know. The next run has to say so.
            self.forget(id);
            return;
        }
        self.violated(format!("{id} is marked, and the target does not hold it"));
    }

    /// Whether the target lost it, or what was made of it, a moment ago, or is about to.
    fn is_cover_disturbed(&self, id: &str) -> bool {
        let block = &self.known[id];
        self.known
            .values()
            .filter(|other| other.id == id || block.sources.is_subset(&other.sources))
            .any(|other| {
                self.is_disturbed(Side::Target, &other.id)
                    || self.is_doomed(Side::Target, &other.id)
            })
    }

    fn judge_finer_kin(&mut self, run: usize, id: &str) {
        let begun_ms = self.runs[run].begun_ms;
        let block = &self.known[id];
        let kin = self
            .known
            .values()
            .filter(|other| other.is_finer_kin_of(block))
            .filter(|other| self.is_live(Side::Source, &other.id))
            // What it had marked itself it does not look at once more.
            .filter(|other| !self.was_unmarked_since(&other.id, begun_ms))
            .find(|other| !self.is_disturbed(Side::Source, &other.id));
        if let Some(kin) = kin.map(|kin| kin.id.clone()) {
            self.violated(format!(
                "{id} is marked, and the source's compactor will make it anew out of {kin}"
            ));
        }
    }
}
