//! Whether what is said of blocks by whoever compares the buckets was so at some moment.

use thanos_bucket::outcome::{Verification, VerifiedBlock};
use thanos_bucket::plan::State;

use crate::blocks::FileList;
use crate::migrator::{Errand, Run};
use crate::world::{Side, World};

impl World {
    /// How the blocks stand when a run begins that compares the buckets.
    pub(crate) fn note_what_is_held(&mut self, run: usize) {
        if !compares(&self.runs[run]) {
            return;
        }
        let among = |is_so: &dyn Fn(&str) -> bool| {
            let ids = self.known.keys().filter(|id| is_so(id));
            ids.cloned().collect()
        };
        let held = among(&|id| self.target_has_all_of(id));
        let at_stake = among(&|id| self.is_at_stake(id));
        let run = &mut self.runs[run];
        (run.held, run.at_stake) = (held, at_stake);
    }

    /// Something has changed about a block: perhaps it is held now, or is not.
    pub(crate) fn note_how_it_stands(&mut self, path: &str) {
        let Some((id, _)) = path.split_once('/') else {
            return;
        };
        if !self.runs.iter().any(compares) || !self.known.contains_key(id) {
            return;
        }
        let (held, at_stake) = (self.target_has_all_of(id), self.is_at_stake(id));
        for run in self.runs.iter_mut().filter(|run| compares(run)) {
            if held {
                run.held.insert(id.to_owned());
            }
            if at_stake {
                run.at_stake.insert(id.to_owned());
            }
        }
    }

    fn is_at_stake(&self, id: &str) -> bool {
        self.is_marked_by_a_run(id) && !self.holds_what_matters(id)
    }

    /// `meta.json` and data of one form of the block, whatever marks there are.
    fn target_has_all_of(&self, id: &str) -> bool {
        let there = self.storage.directory(Side::Target, id);
        let mut versions = self.versions.get(id).into_iter().flatten();
        there.contains_key("meta.json")
            && versions.any(|version| {
                let mut wanted = version.iter();
                wanted.all(|(name, bytes)| {
                    name.ends_with("-mark.json")
                        || there.get(*name).is_some_and(|it| it.bytes == *bytes)
                })
            })
    }

    pub(super) fn judge_verdicts(&mut self, run: usize, found: &Verification) {
        if self.nature.lag_ms > 0 {
            // Listings say what they like.
            return;
        }
        for block in &found.blocks {
            if let Some(what) = self.falsehood_about_a_block(run, block) {
                let (id, verified) = (block.id, &block.verified);
                let why = verified.why.as_deref().unwrap_or_default();
                let state = verified.state;
                self.violated(format!(
                    "{id} is verified to be {state:?} ({why}), and {what}"
                ));
            }
        }
        let untold = self.known.keys().find(|id| {
            let mut told = found.blocks.iter();
            !told.any(|block| block.id.to_string() == **id)
                && !self.was_changed_around(id, self.runs[run].begun_ms)
                && self.has(Side::Source, id, "meta.json")
        });
        if let Some(id) = untold.cloned() {
            self.violated(format!("run {run} says nothing of {id}"));
        }
    }

    /// What is wrong with what is said of a block.
    fn falsehood_about_a_block(&self, run: usize, block: &VerifiedBlock) -> Option<&'static str> {
        let id = block.id.to_string();
        let this = &self.runs[run];
        let held = this.held.contains(&id);
        let state = block.verified.state;
        // Where nobody lists its files, nobody else knows that the source's were more.
        let is_known = state != State::TargetOnly || self.known[&id].files != FileList::Nothing;
        let is_said = matches!(state, State::Held | State::HeldUnmarked | State::TargetOnly);
        if is_said && is_known && !held {
            return Some("the target held it at no time");
        }
        if state == State::MarkedNotHeld && !this.at_stake.contains(&id) {
            return Some("it was not so at any time");
        }
        let begun_ms = this.begun_ms;
        if self.was_changed_around(&id, begun_ms) || self.was_disturbed_around(&id, begun_ms) {
            return None;
        }
        // Nothing has changed since the run began.
        let marked = self.is_marked(Side::Source, &id);
        let published = self.has(Side::Source, &id, "meta.json");
        let is_right = match state {
            State::Held => marked,
            State::HeldUnmarked => !marked,
            State::TargetOnly => !published,
            State::SourceOnly => published && !self.has(Side::Target, &id, "meta.json"),
            State::Covered => self.is_kept_by_others(&id),
            State::MarkedNotHeld | State::TornTarget | State::Different => {
                !self.holds_what_matters(&id) || self.is_another_form(&id)
            }
            _ => true,
        };
        (!is_right).then_some("it is not so")
    }
}

/// Whether it is a run that compares the buckets just now.
fn compares(run: &Run) -> bool {
    matches!(run.circumstances.errand, Errand::Verify(_)) && run.is_alive && !run.has_ended
}
