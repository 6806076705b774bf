//! What whoever cleans up may remove in the target: what is old, and nothing but a part of what the source wholly holds; never anything of a block
//! that is published.

use super::Before;
use crate::blocks::is_data;
use crate::migrator::{Errand, Sweep};
use crate::world::{MOMENT_MS, Object, Side, World};

impl World {
    pub(super) fn judge_cleaning(
        &mut self,
        run: usize,
        sweep: &Sweep,
        (side, path): (Side, &str),
        before: &Before,
    ) {
        let circumstances = &self.runs[run].circumstances;
        if circumstances.is_dry || side == Side::Source {
            self.violated(format!("{path} was deleted in {side:?}"));
            return;
        }
        if circumstances.has_a_wrong_clock() {
            self.violated(format!("{path} was removed by a clock that is wrong"));
        }
        let Some(there) = &before.there else { return };
        self.runs[run].writes += 1;
        let young_ms = self.young_ms(run, sweep);
        let Some((id, name)) = path.split_once('/') else {
            let is_probe = path.starts_with("thanos-bucket-probe-");
            if !is_probe || there.modified_ms >= young_ms {
                self.violated(format!("{path} was removed, and is no old probe"));
            }
            return;
        };
        if !self.known.contains_key(id) || !sweep.takes(id) {
            self.violated(format!("{path} was removed, and nobody asked for it"));
            return;
        }
        let Some(looked_ms) = self.last_look(run, Side::Target, id) else {
            self.violated(format!("{path} was removed, and nobody looked again"));
            return;
        };
        let now_ms = self.now_ms();
        let cleaned_ms = self.runs[run].cleaned_ms.insert(id.to_owned(), now_ms);
        let is_told = !self.nature.pages_may_be_asked_for && self.nature.lag_ms == 0;
        let in_source_ms = self.last_look(run, Side::Source, id).unwrap_or(i64::MAX);
        let both_ms = looked_ms.min(in_source_ms);
        if is_told && cleaned_ms.is_some_and(|cleaned_ms| both_ms < cleaned_ms) {
            self.violated(format!("{path} was removed, and nobody looked again"));
        }
        self.judge_its_age(id, there, (young_ms, looked_ms));
        match name {
            "thanos-bucket-overwrite.json" => self.judge_calling_off(id, there, looked_ms),
            _ if is_copied(name) => {
                self.judge_removing_a_copy(run, sweep, (id, name), before, looked_ms);
            }
            _ => self.violated(format!("{path} was removed")),
        }
        let now_ms = self.now_ms();
        self.history.note_cleaned(id, now_ms);
    }

    /// By the clock of the run, what was written since then is young.
    pub(super) fn young_ms(&self, run: usize, sweep: &Sweep) -> i64 {
        let this = &self.runs[run];
        this.begun_ms + this.circumstances.clock_ahead_ms - sweep.older_than_ms
    }

    /// When the run last began to list the block by itself, as far as that is known here; nothing where it never did.
    fn last_look(&self, run: usize, side: Side, id: &str) -> Option<i64> {
        let a_moment_ago = self.now_ms() - MOMENT_MS;
        if self.nature.pages_may_be_asked_for {
            // Whose look a page belongs to is not known.
            return Some(a_moment_ago);
        }
        let looks = &self.runs[run].looked_ms;
        let looks = looks.get(&(side, id.to_owned()));
        looks.map(|[last, _]| *last - self.nature.lag_ms)
    }

    fn judge_its_age(&mut self, id: &str, gone: &Object, (young_ms, looked_ms): (i64, i64)) {
        let there = self.storage.directory(Side::Target, id).values();
        let is_young = |it: &&Object| (young_ms..looked_ms).contains(&it.modified_ms);
        if there.chain([gone]).any(|it| is_young(&it)) {
            self.violated(format!("{id} was cleaned up, and something of it is young"));
        }
    }

    fn judge_removing_a_copy(
        &mut self,
        run: usize,
        sweep: &Sweep,
        (id, name): (&str, &str),
        before: &Before,
        looked_ms: i64,
    ) {
        if !sweep.has_source {
            self.violated(format!("{id}/{name} was removed, and no source was given"));
        }
        let in_target = self.storage.directory(Side::Target, id);
        let published = in_target.get("meta.json").map(|meta| meta.modified_ms);
        if published.is_some_and(|at_ms| at_ms < looked_ms) {
            self.violated(format!(
                "{id}/{name} was removed, and the block is published"
            ));
        }
        if before.was_published && !before.was_torn && self.is_torn(id) {
            self.late.insert(id.to_owned());
            if self.is_marked_by_a_run(id) {
                self.violated(format!(
                    "{id} is marked in the source, and a cleanup tears it"
                ));
            }
        }
        let Some(looked_ms) = self.last_look(run, Side::Source, id) else {
            self.violated(format!(
                "{id}/{name} was removed, and nobody looked at the source"
            ));
            return;
        };
        // The last listing may have been for a mark alone.
        let looks = &self.runs[run].looked_ms;
        let looks = looks.get(&(Side::Source, id.to_owned()));
        let before_that = looks.map_or(0, |[_, before]| *before);
        let since_ms = before_that.max(self.now_ms() - MOMENT_MS);
        if self.was_disturbed_since(Side::Source, id, since_ms.min(looked_ms)) {
            return;
        }
        if !self.source_is_whole(id) {
            self.violated(format!(
                "{id}/{name} was removed, and the source is not whole"
            ));
        }
        let mark = self
            .storage
            .directory(Side::Source, id)
            .get("deletion-mark.json");
        if mark.is_some_and(|mark| mark.modified_ms < looked_ms) {
            self.violated(format!(
                "{id}/{name} was removed, and the source's is marked"
            ));
        }
        let original = self.storage.directory(Side::Source, id).get(name);
        let size = |object: Option<&Object>| object.map(|it| it.bytes.len());
        if size(original) != size(before.there.as_ref()) {
            self.violated(format!("{id}/{name} was removed, and is no copy"));
        }
    }

    /// The file that says that a published block is to be overwritten goes only where nothing was done yet; else it goes last.
    fn judge_calling_off(&mut self, id: &str, gone: &Object, looked_ms: i64) {
        let there = self.storage.directory(Side::Target, id);
        let is_known = |it: &&Object| it.modified_ms < looked_ms;
        let data = there.iter().filter(|(name, _)| is_data(name));
        let mut data = data.map(|(_, it)| it).filter(is_known);
        let meta = there.get("meta.json");
        let published = meta.as_ref().is_some_and(is_known);
        let is_begun = if published {
            data.any(|it| it.modified_ms > gone.modified_ms)
        } else {
            data.next().is_some()
        };
        if is_begun {
            self.violated(format!(
                "nothing says any more that {id} is being overwritten"
            ));
        }
    }

    /// An upload is ended by whoever cleans up.
    pub(crate) fn judge_ending_an_upload(&mut self, run: usize, number: u64) {
        let Errand::CleanUp(sweep) = self.runs[run].circumstances.errand.clone() else {
            self.violated("an upload is ended by a run that does not clean up".to_owned());
            return;
        };
        let Some(upload) = self.storage.uploads.get(&number) else {
            return;
        };
        let (path, owner) = (upload.path.clone(), upload.run);
        let young_ms = self.young_ms(run, &sweep);
        let is_young = upload.touched_ms >= young_ms;
        let owner = &self.runs[owner];
        let is_in_use = owner.is_alive && !owner.has_ended && sweep.older_than_ms > 0;
        let (id, name) = path.split_once('/').unwrap_or((&path, ""));
        let is_ours = if name.is_empty() {
            path.starts_with("thanos-bucket-probe-")
        } else {
            self.known.contains_key(id) && is_copied(name) && sweep.takes(id) && sweep.has_source
        };
        let dry = self.runs[run].circumstances.is_dry;
        if dry || is_young || is_in_use || !is_ours {
            self.violated(format!("an upload of {path} was ended, and was not to be"));
        }
    }
}

/// Data, and the marks that belong to the block.
pub(super) fn is_copied(name: &str) -> bool {
    is_data(name) || name == "no-compact-mark.json"
}
