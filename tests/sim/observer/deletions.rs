//! What a run may delete: nothing in the source, and in the target no more than has to make room, or has to be taken back.

use thanos_bucket::plan::Existing;

use super::Before;
use crate::migrator::Errand;
use crate::world::{MOMENT_MS, Side, World};

impl World {
    pub(crate) fn judge_runs_deletion(
        &mut self,
        run: usize,
        side: Side,
        path: &str,
        before: &Before,
    ) {
        match self.runs[run].circumstances.errand.clone() {
            Errand::Migrate => self.judge_migrators_deletion(run, side, path, before),
            Errand::Unmark(wish) => {
                self.judge_taking_a_mark_back(run, &wish, (side, path), before);
            }
            Errand::CleanUp(sweep) => self.judge_cleaning(run, &sweep, (side, path), before),
            Errand::Verify(_) => {
                self.violated(format!("{path} was deleted in {side:?}"));
            }
        }
    }

    fn judge_migrators_deletion(&mut self, run: usize, side: Side, path: &str, before: &Before) {
        if side == Side::Source || self.runs[run].circumstances.is_dry {
            self.violated(format!("{path} was deleted in {side:?}"));
            return;
        }
        let Some((id, name)) = path.split_once('/') else {
            if !path.starts_with("thanos-bucket-probe-") {
                self.violated(format!("{path} was deleted"));
            }
            return;
        };
        if before.there.is_none() {
            return;
        }
        self.runs[run].writes += 1;
        match name {
            "meta.json" => self.judge_taking_back(run, id, before),
            "thanos-bucket-overwrite.json" => {}
            _ => {
                let belongs = self.versions.get(id).and_then(|versions| versions.last());
                if belongs.is_none_or(|objects| objects.contains_key(name)) {
                    self.violated(format!("{path} was deleted, and is one of the block's"));
                }
                self.judge_tearing(id, before);
            }
        }
    }

    /// Either it makes room for the source's block, or the same run published it, it is torn, and nobody has relied on it.
    fn judge_taking_back(&mut self, run: usize, id: &str, before: &Before) {
        // Whose answer was lost cannot tell its own meta.json from another run's, which has the same bytes.
        let moment_ago = self.now_ms() - MOMENT_MS;
        let another_was_at_it = self.was_another_run_at(run, Side::Target, id, moment_ago);
        let is_its_own = self.runs[run].published.contains(id) || another_was_at_it;
        if !is_its_own && !before.was_torn {
            self.judge_making_room(id, before);
            return;
        }
        // Others may have been published after it, and it will be published after them.
        self.late.insert(id.to_owned());
        // Where listings lag, it may look torn for long.
        let mended =
            self.nature.lag_ms > 0 || self.is_disturbed(Side::Target, id) || another_was_at_it;
        if !before.was_torn && !mended {
            self.violated(format!(
                "{id} was taken back, and nothing was wrong with it"
            ));
        }
        let gone = !self.has(Side::Source, id, "meta.json");
        if gone && !self.is_disturbed(Side::Source, id) {
            self.violated(format!(
                "{id} was taken back, and the source has it no more"
            ));
        }
        let just_marked = self.was_another_run_at(run, Side::Source, id, moment_ago);
        let relied_on = self.is_marked_by_a_run(id) && !(before.was_torn && just_marked);
        if relied_on {
            self.violated(format!("{id} is marked in the source, and was taken back"));
        }
    }

    /// Another block under this id is replaced, or an older form of it.
    fn judge_making_room(&mut self, id: &str, before: &Before) {
        let current = self.versions[id]
            .last()
            .map(|objects| &objects["meta.json"]);
        let is_current = current == before.there.as_ref().map(|there| &there.bytes);
        if is_current || self.nature.existing == Existing::Keep {
            self.violated(format!("{id} was taken back, and another run published it"));
        }
        if !self.has(Side::Target, id, "thanos-bucket-overwrite.json") {
            self.violated(format!("{id} is overwritten, and nothing says so"));
        }
    }
}
