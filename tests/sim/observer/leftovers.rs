//! Whether what is said of what was left behind is so, by whoever cleans it up.

use thanos_bucket::exit::Exit;
use thanos_bucket::outcome::{CleanEnding, Cleaned, Leftover, LeftoverKind};
use thanos_bucket::plan::Stays;

use super::cleanups::is_copied;
use crate::blocks::is_data;
use crate::migrator::{Errand, Sweep};
use crate::world::{Side, World};

impl World {
    /// The run that cleans up has come to its end.
    pub(super) fn judge_cleanup(&mut self, run: usize, cleaned: &Cleaned) {
        let Errand::CleanUp(sweep) = self.runs[run].circumstances.errand.clone() else {
            return;
        };
        for leftover in &cleaned.leftovers {
            if let Some(what) = self.falsehood_about_a_leftover(run, &sweep, leftover) {
                let (name, ending) = (&leftover.name, leftover.ending.as_str());
                let detail = leftover.detail.as_deref().unwrap_or_default();
                self.violated(format!(
                    "{name} is said to be {ending} ({detail}), and {what}"
                ));
            }
        }
        let exit_code = cleaned.exit().code();
        self.judge_exit_of_a_cleanup(run, cleaned, exit_code);
        self.runs[run].exit_code = Some(exit_code);
        if self.nature.lag_ms > 0 {
            return;
        }
        let is_told = |id: &str| cleaned.leftovers.iter().any(|one| one.name == id);
        let passed_over = self.known.keys().find(|id| {
            let there = self.storage.directory(Side::Target, id);
            sweep.takes(id)
                && !is_told(id)
                && !there.contains_key("meta.json")
                && there.keys().any(|name| is_data(name))
                && !self.was_at_either_since(run, id)
        });
        if let Some(id) = passed_over.cloned() {
            self.violated(format!("run {run} passes over what was left of {id}"));
        }
    }

    fn judge_exit_of_a_cleanup(&mut self, run: usize, cleaned: &Cleaned, exit_code: u8) {
        let needs = |leftover: &Leftover| {
            matches!(
                leftover.ending,
                CleanEnding::PublishedMeanwhile
                    | CleanEnding::Failed
                    | CleanEnding::Stays(
                        Stays::SourceNotWhole | Stays::MarkedNotHeld | Stays::OverwriteBegun
                    )
            )
        };
        let untold = cleaned.uploads_untold.as_ref();
        let mut all = cleaned.leftovers.iter();
        let expected = if let Some(signal) = cleaned.signal {
            Exit::Stopped(signal)
        } else if all.any(|one| one.ending == CleanEnding::NotFinished) {
            Exit::Aborted
        } else if cleaned.leftovers.iter().any(needs) || untold.is_some_and(|it| it.needs_a_person)
        {
            Exit::Attention
        } else {
            Exit::Done
        };
        if exit_code != expected.code() {
            let expected = expected.code();
            self.violated(format!(
                "run {run} exits with {exit_code} instead of {expected}"
            ));
        }
    }

    /// What is wrong with what is said of something that was left behind.
    fn falsehood_about_a_leftover(
        &self,
        run: usize,
        sweep: &Sweep,
        leftover: &Leftover,
    ) -> Option<&'static str> {
        let circumstances = &self.runs[run].circumstances;
        let nature = &self.nature;
        let trouble = circumstances.one_fails_in > 0 || nature.denies || nature.flips;
        let may_not_be_read = circumstances.forbidden.is_some() || !self.archived.is_empty();
        let right_for_all = match leftover.ending {
            CleanEnding::ToRemove => circumstances.is_dry,
            CleanEnding::NotFinished => circumstances.may_end_early() || trouble,
            CleanEnding::Removed | CleanEnding::TakenUp | CleanEnding::PublishedMeanwhile => {
                !circumstances.is_dry
            }
            CleanEnding::Gone | CleanEnding::Stays(_) | CleanEnding::Failed => true,
        };
        if !right_for_all {
            return Some("it is not so");
        }
        if leftover.kind != LeftoverKind::PartialCopy || nature.lag_ms > 0 {
            return None;
        }
        let id = &leftover.name;
        if !self.known.contains_key(id) || self.was_at_either_since(run, id) {
            return None;
        }
        let there = self.storage.directory(Side::Target, id);
        let partial = !there.contains_key("meta.json") && !there.is_empty();
        let young_ms = self.young_ms(run, sweep);
        let whole = self.source_is_whole(id);
        let marked = self.is_marked(Side::Source, id);
        let is_right = match leftover.ending {
            CleanEnding::ToRemove => partial && self.source_is_whole(id) && !marked,
            CleanEnding::Removed => there.is_empty(),
            CleanEnding::Gone | CleanEnding::TakenUp | CleanEnding::PublishedMeanwhile => false,
            CleanEnding::NotFinished => true,
            CleanEnding::Failed => trouble || may_not_be_read,
            CleanEnding::Stays(stays) => match stays {
                Stays::TooYoung => {
                    let mut uploads = self.storage.uploads.values();
                    there.values().any(|it| it.modified_ms >= young_ms)
                        || uploads.any(|it| it.path.starts_with(id) && it.touched_ms >= young_ms)
                }
                Stays::SourceNotGiven => !sweep.has_source,
                Stays::NotInSource => self.storage.directory(Side::Source, id).is_empty(),
                Stays::SourceNotWhole => !whole || trouble,
                Stays::SourceMarked => marked && !self.is_marked_by_a_run(id) || trouble,
                Stays::MarkedNotHeld => self.is_marked_by_a_run(id),
                Stays::MarkedInTarget => self.is_marked(Side::Target, id),
                Stays::Different => self.has_what_is_no_copy(id),
                Stays::AgeUnknown | Stays::NotOurs | Stays::OverwriteBegun => false,
            },
        };
        (!is_right).then_some("it is not so")
    }

    fn has_what_is_no_copy(&self, id: &str) -> bool {
        let there = self.storage.directory(Side::Target, id);
        let in_source = self.storage.directory(Side::Source, id);
        let mut data = there.iter().filter(|(name, _)| is_copied(name));
        data.any(|(name, it)| {
            in_source
                .get(name)
                .is_none_or(|other| other.bytes != it.bytes)
        })
    }

    /// Whether anybody but this run has been at the block in either bucket since it began, or is about to be.
    fn was_at_either_since(&self, run: usize, id: &str) -> bool {
        let since_ms = self.runs[run].begun_ms;
        [Side::Source, Side::Target].into_iter().any(|side| {
            self.was_disturbed_since(side, id, since_ms)
                || self.is_doomed(side, id)
                || self.was_another_run_at(run, side, id, since_ms)
        }) || self.is_going_from_the_target(id)
    }
}
