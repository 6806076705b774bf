//! Whether what a run says of each block is so.

use thanos_bucket::block::Strength;
use thanos_bucket::outcome::{BlockEnding, MarkState, Outcome, Results};
use thanos_bucket::plan::{Plan, Selected};

use crate::world::{Side, World};

impl World {
    pub(super) fn judge_outcomes(&mut self, run: usize, plan: &Plan, results: &Results) {
        let unfinished = |outcome: &Outcome| outcome.ending == BlockEnding::NotFinished;
        let expected = results.aborted.is_none() && !results.outcomes.iter().any(unfinished);
        if results.complete != expected || results.outcomes.len() != plan.selected.len() {
            self.violated(format!("run {run} does not know whether it is complete"));
        }
        for (selected, outcome) in plan.selected.iter().zip(&results.outcomes) {
            if let Some(what) = self.falsehood(run, plan, results, selected, outcome) {
                let id = selected.block.id;
                let detail = outcome.detail.as_deref().unwrap_or_default();
                let ending = outcome.ending.as_str();
                self.violated(format!(
                    "{id} is said to be {ending} ({detail}), and {what}"
                ));
            }
        }
    }

    /// What is wrong with the outcome of one block.
    fn falsehood(
        &self,
        run: usize,
        plan: &Plan,
        results: &Results,
        selected: &Selected,
        outcome: &Outcome,
    ) -> Option<String> {
        let id = selected.block.id.to_string();
        let this = &self.runs[run];
        let circumstances = &this.circumstances;
        let since = this.begun_ms;
        let others_at_it = self.was_another_run_at(run, Side::Source, &id, since)
            || self.was_another_run_at(run, Side::Target, &id, since);
        let disturbed = self.was_disturbed_around(&id, since) || others_at_it;
        let untouched = |holds: bool, what: &str| (!holds).then(|| what.to_owned());
        match outcome.ending {
            BlockEnding::Migrated if circumstances.only_copies() => {
                Some("it was to be copied".to_owned())
            }
            BlockEnding::Replicated | BlockEnding::MarkedInTarget
                if !circumstances.only_copies() =>
            {
                Some("it was to move".to_owned())
            }
            BlockEnding::Migrated
            | BlockEnding::Replicated
            | BlockEnding::AlreadyThere
            | BlockEnding::Repaired
            | BlockEnding::Overwritten
            | BlockEnding::Covered => self.falsehood_about_moving(run, &id, outcome, disturbed),
            _ if outcome.mark == MarkState::Written => Some("it was marked".to_owned()),
            BlockEnding::Vanished => untouched(
                disturbed || !self.has(Side::Source, &id, "meta.json"),
                "the source has it",
            ),
            BlockEnding::Superseded => untouched(
                disturbed || !this.is_alone || self.is_marked(Side::Source, &id),
                "nobody was at it",
            ),
            BlockEnding::MarkDeferred => {
                let block = &self.known[&id];
                let mut kin = self.known.values().filter(|kin| kin.is_finer_kin_of(block));
                untouched(
                    kin.any(|kin| {
                        self.has(Side::Source, &kin.id, "meta.json")
                            || self.was_disturbed_since(Side::Source, &kin.id, since)
                    }),
                    "the source has nothing finer of it",
                )
            }
            BlockEnding::HeldBack => {
                let stuck = plan.selected.iter().zip(&results.outcomes);
                let mut stuck = stuck.filter(|(other, outcome)| {
                    other.unit == selected.unit
                        && other.block.id != selected.block.id
                        && outcome.mark == MarkState::Absent
                });
                untouched(
                    stuck.next().is_some() || !plan.gaps.is_empty(),
                    "nothing before it is missing",
                )
            }
            BlockEnding::Conflict => {
                let there = self.storage.get(Side::Target, &format!("{id}/meta.json"));
                let other = there.is_some_and(|there| {
                    let version = self.versions[&id].last();
                    version.is_some_and(|objects| objects["meta.json"] != there.bytes)
                });
                untouched(
                    disturbed || other || self.is_marked(Side::Target, &id),
                    "the target has nothing else under its id",
                )
            }
            BlockEnding::CoveredUnproven => {
                let lags = self.nature.lag_ms > 0;
                untouched(self.nature.busy || lags, "nothing that covers it is wrong")
            }
            BlockEnding::WouldOverlap => untouched(
                self.nature.busy || !self.foreign.is_empty() || !self.namesakes.is_empty(),
                "nothing overlaps it",
            ),
            BlockEnding::Failed => {
                let nature = &self.nature;
                let trouble = circumstances.one_fails_in > 0
                    || circumstances.forbidden.is_some()
                    || !circumstances.is_calm && (nature.flips || nature.denies)
                    || nature.lag_ms > 0
                    || self.archived.contains(&id);
                untouched(disturbed || trouble, "nothing went wrong")
            }
            BlockEnding::MarkedInTarget => untouched(
                disturbed || self.is_marked(Side::Target, &id),
                "it is not marked in the target",
            ),
            BlockEnding::NotFinished => untouched(
                circumstances.may_end_early() || results.aborted.is_some(),
                "nobody stopped it",
            ),
        }
    }

    /// Of a block that is said to be held and, where blocks move, marked.
    fn falsehood_about_moving(
        &self,
        run: usize,
        id: &str,
        outcome: &Outcome,
        disturbed: bool,
    ) -> Option<String> {
        let this = &self.runs[run];
        let only_copies = this.circumstances.only_copies();
        let is_right = match outcome.mark {
            MarkState::Written => this.marked.contains(id),
            MarkState::Kept => !only_copies && (disturbed || self.is_marked(Side::Source, id)),
            MarkState::Absent => only_copies,
        };
        if !is_right {
            let mark = outcome.mark.as_str();
            return Some(format!("its mark is said to be {mark}"));
        }
        let covered = outcome.ending == BlockEnding::Covered;
        let held = disturbed
            || if covered {
                self.is_kept_by_others(id)
            } else {
                self.holds(Side::Target, id)
            };
        if !held {
            return Some("the target does not hold it".to_owned());
        }
        let asked = this.circumstances.verify;
        let right_proof = match outcome.proof {
            None => covered,
            Some(proof) => {
                let least = if asked == Strength::Content
                    || this.circumstances.is_calm && self.nature.tags_tell()
                {
                    asked
                } else {
                    Strength::Size
                };
                !covered && proof >= least
            }
        };
        if !right_proof {
            return Some(format!("its proof is {:?}", outcome.proof));
        }
        let put = this.puts.get(id).copied().unwrap_or_default();
        let counted = outcome.objects_put;
        // What another run put at the same moment may be taken for one's own.
        let others = self.was_another_run_at(run, Side::Target, id, this.begun_ms);
        let miscounted = !others && this.circumstances.one_fails_in == 0 && counted != put;
        miscounted.then(|| format!("{put} objects were put, and {counted} are counted"))
    }
}
