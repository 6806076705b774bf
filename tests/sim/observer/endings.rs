//! What must hold when a run has come to its end by itself, and when everything is over.

use thanos_bucket::outcome::{BlockEnding, Results};
use thanos_bucket::plan::{Plan, Reason};
use thanos_bucket::{Error, Kind};

use crate::migrator::{Ended, Moved};
use crate::nature::Buckets;
use crate::world::{Side, World};

impl World {
    pub(crate) fn judge_ending(&mut self, run: usize, ended: Result<Ended, Error>) {
        self.judge_what_is_left(run);
        match ended {
            Err(err) => self.judge_refusal(run, &err),
            Ok(Ended::Migrated(moved)) => self.judge_migration(run, &moved),
            Ok(Ended::TakenBack(taken)) => self.judge_what_was_taken_back(run, &taken),
            Ok(Ended::CleanedUp(cleaned)) => self.judge_cleanup(run, &cleaned),
            Ok(Ended::Verified(found)) => self.judge_verdicts(run, &found),
        }
    }

    fn judge_migration(&mut self, run: usize, moved: &Moved) {
        self.judge_what_passed_through(run);
        let expected = expected_exit_code(&moved.plan, moved.results.as_ref());
        let exit_code = moved.ending.code();
        if expected.is_some_and(|expected| expected != exit_code) {
            self.violated(format!(
                "run {run} exits with {exit_code} instead of {expected:?}"
            ));
        }
        self.runs[run].exit_code = Some(exit_code);
        self.judge_look_back(run, &moved.plan);
        if let Some(results) = &moved.results {
            self.judge_outcomes(run, &moved.plan, results);
            if exit_code == 0 && results.complete {
                self.judge_that_nothing_was_passed_over(run);
            }
        }
        let is_dry = self.runs[run].circumstances.is_dry;
        let stops = self.nature.buckets == Buckets::Replica
            || self.nature.buckets == Buckets::One && moved.plan.writes() && !is_dry;
        if stops {
            self.violated(format!("run {run} takes one bucket for two"));
        }
    }

    /// A run that could not begin: by a failure, by a signal, or because source and target are one.
    fn judge_refusal(&mut self, run: usize, err: &Error) {
        let circumstances = &self.runs[run].circumstances;
        let (fails, stops) = (
            circumstances.one_fails_in > 0,
            circumstances.stops_at.is_some(),
        );
        let is_right = match err.kind() {
            Kind::Clock => circumstances.has_a_wrong_clock() && !circumstances.only_copies(),
            Kind::Usage => self.nature.buckets != Buckets::Two && circumstances.migrates(),
            Kind::Cancelled => stops,
            _ => fails,
        };
        if !is_right {
            self.violated(format!("run {run} could not begin: {err:#}"));
        }
        let exit_code = if err.kind() == Kind::Usage { 2 } else { 1 };
        self.runs[run].exit_code = Some(exit_code);
    }

    /// Nothing of its own, and nothing that it published and could neither complete nor take back.
    fn judge_what_is_left(&mut self, run: usize) {
        let probe = self.storage.top(Side::Target).keys().next().cloned();
        let circumstances = &self.runs[run].circumstances;
        let fails = circumstances.one_fails_in > 0 || circumstances.stops_at.is_some();
        if let Some(probe) = probe.filter(|_| !fails && self.runs.len() == 1) {
            self.violated(format!("{probe} stays in the target"));
        }
        let mut uploads = self.storage.uploads.iter();
        let left = uploads.find(|(number, upload)| {
            upload.run == run
                && !upload.is_unknown
                && !self.runs[run].aborted_uploads.contains(number)
        });
        if let Some(path) = left.map(|(_, upload)| upload.path.clone()) {
            self.violated(format!(
                "an upload of {path} was begun, and is neither completed nor aborted"
            ));
        }
        let this = &self.runs[run];
        let was_refused = this.circumstances.forbidden.is_some() || !self.archived.is_empty();
        let torn = this.published.iter().find(|id| {
            let looked_ms = if self.is_made_of_others(id) {
                // It is looked at for what it covers as well, and not by those who would mend it.
                self.history.last_write(run, id)
            } else {
                this.last_look_at(Side::Target, id, was_refused)
            };
            let looked_ms = looked_ms - self.nature.lag_ms;
            self.is_torn(id)
                && self.history.publisher(id) == Some(run)
                && !this.given_up.contains(*id)
                && !self.was_cleaned_since(id, looked_ms)
                && !self.was_disturbed_since(Side::Target, id, looked_ms)
                && self.has(Side::Source, id, "meta.json")
                && !self.is_marked_by_a_run(id)
                // The target's compactor has made another block of it, and deletes this one.
                && !self.is_marked(Side::Target, id)
        });
        if let Some(id) = torn.cloned() {
            self.violated(format!("{id} was published, is torn, and was left so"));
        }
    }

    /// Every whole and unmarked block of the source is in the target, and marked where blocks move, once a run says that all is done.
    fn judge_that_nothing_was_passed_over(&mut self, run: usize) {
        let this = &self.runs[run];
        if this.circumstances.shard.is_some() {
            return;
        }
        let (begun_ms, only_copies) = (this.begun_ms, this.circumstances.only_copies());
        let left = self.known.keys().find(|id| {
            let is_done = only_copies && self.holds_or_covers(id);
            !is_done
                && self.is_live(Side::Source, id)
                && !self.damaged.contains(*id)
                && !self.was_disturbed_around(id, begun_ms)
                && !self.was_another_run_at(run, Side::Source, id, begun_ms)
                && !self.was_another_run_at(run, Side::Target, id, begun_ms)
                && !self.is_a_duplicate(id)
        });
        if let Some(left) = left.cloned() {
            self.violated(format!(
                "run {run} exits with 0, and {left} was passed over"
            ));
        }
    }

    pub(crate) fn is_a_duplicate(&self, id: &str) -> bool {
        let block = &self.known[id];
        let mut others = self.known.values().filter(|other| other.supersedes(block));
        others.any(|other| self.holds(Side::Source, &other.id))
    }

    fn is_made_of_others(&self, id: &str) -> bool {
        let block = &self.known[id];
        let mut others = self.known.values();
        others.any(|other| block.supersedes(other))
    }

    /// Once everything is over: nothing is torn for good, and nothing is lost.
    pub(crate) fn judge_the_end(&mut self) {
        self.judge_what_is_kept();
        let torn = self.known.keys().find(|id| {
            self.is_torn(id)
                && self.is_live(Side::Source, id)
                && !self.is_marked(Side::Target, id)
                && !self.damaged.contains(*id)
                && !self.is_another_form(id)
                && !self.is_a_duplicate(id)
                && !self.is_obsolete_in_the_target(id)
                && self.nature.buckets == Buckets::Two
        });
        if let Some(torn) = torn.cloned() {
            self.violated(format!("{torn} stays torn in the target"));
        }
        if !self.must_move_all() {
            return;
        }
        let left = self
            .known
            .keys()
            .find(|id| !self.is_marked(Side::Source, id) || !self.holds_or_covers(id));
        if let Some(left) = left.cloned() {
            self.violated(format!("{left} has not moved"));
        }
        let ours = |name: &&String| name.contains("thanos-bucket-");
        let blocks = self.known.keys().map(String::as_str);
        let left = blocks
            .map(|id| self.storage.directory(Side::Target, id))
            .chain([self.storage.top(Side::Target)])
            .find_map(|there| there.keys().find(ours).cloned());
        if let Some(name) = left {
            // A probe goes once it is a day old.
            if !name.contains("probe") {
                self.violated(format!("{name} stays in the target"));
            }
        }
    }

    /// The target has the block under this id as it was before somebody rewrote it, or another one, which a run leaves alone.
    pub(super) fn is_another_form(&self, id: &str) -> bool {
        let there = self.storage.get(Side::Target, &format!("{id}/meta.json"));
        let current = self.versions[id]
            .last()
            .map(|objects| &objects["meta.json"]);
        there.map(|there| &there.bytes) != current
    }

    /// The target has a block that was made of it, so that neither is touched, be that a proof or not.
    fn is_obsolete_in_the_target(&self, id: &str) -> bool {
        let block = &self.known[id];
        let mut others = self.known.values().filter(|other| other.supersedes(block));
        others.any(|other| self.has(Side::Target, &other.id, "meta.json"))
    }

    fn holds_or_covers(&self, id: &str) -> bool {
        self.holds(Side::Target, id) || self.is_kept_by_others(id)
    }

    /// A run that follows one that moved everything changes nothing.
    pub(crate) fn judge_convergence(&mut self, done: usize, again: usize) {
        let writes = self.runs[again].writes;
        if self.runs[done].exit_code == Some(0) && writes > 0 {
            self.violated(format!(
                "run {again} writes {writes} times, and everything was done before"
            ));
        }
    }

    /// A dry run exits as the run would.
    pub(crate) fn judge_foretold(&mut self, dry: usize, run: usize) {
        let (foretold, came) = (self.runs[dry].exit_code, self.runs[run].exit_code);
        if foretold != came && self.nature.buckets == Buckets::Two {
            self.violated(format!(
                "a dry run exits with {foretold:?}, and the run with {came:?}"
            ));
        }
    }

    /// Pages of one listing of each bucket, one read of each `meta.json` and mark, and of both forms of an object whose tags differ; nothing
    /// else for a block.
    pub(crate) fn judge_requests_of_a_plan(&mut self, run: usize) {
        let (mut most, mut differing) = (0, 0);
        for side in [Side::Source, Side::Target] {
            // The page after the last shows that it was the last.
            most += self.storage.len(side) / self.nature.page + 2;
            for id in self.storage.ids(side) {
                let twin = self.storage.directory(Side::Source, id);
                for (name, object) in self.storage.directory(side, id) {
                    let is_small = *name == "meta.json" || name.ends_with("-mark.json");
                    most += usize::from(is_small);
                    let differs = twin.get(name).is_some_and(|twin| twin.tag != object.tag);
                    differing += usize::from(differs);
                }
            }
        }
        let most = most + 2 * differing;
        let asked = self.runs[run].requests;
        if asked > most as u64 {
            self.violated(format!("a plan takes {asked} requests instead of {most}"));
        }
    }
}

/// As the specification says; nothing where a signal may have come before or after the end.
fn expected_exit_code(plan: &Plan, results: Option<&Results>) -> Option<u8> {
    let damaged = plan.excluded.iter().any(|excluded| {
        matches!(
            excluded.reason,
            Reason::Unreadable
                | Reason::CorruptedMetaJson
                | Reason::CorruptedDeletionMark
                | Reason::Incomplete
        )
    });
    let concerns = damaged || !plan.not_held.is_empty();
    let Some(results) = results else {
        return concerns.then_some(3);
    };
    if results.aborted.is_some() {
        return Some(1);
    }
    if results.signal.is_some() {
        return Some(143);
    }
    let unfinished = results.outcomes.iter().any(|outcome| {
        matches!(
            outcome.ending,
            BlockEnding::MarkDeferred
                | BlockEnding::HeldBack
                | BlockEnding::Conflict
                | BlockEnding::MarkedInTarget
                | BlockEnding::CoveredUnproven
                | BlockEnding::WouldOverlap
                | BlockEnding::Failed
        )
    });
    Some(if concerns || unfinished { 3 } else { 0 })
}
