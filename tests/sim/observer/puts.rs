//! What a run may put: into the source marks alone, into the target what belongs to blocks that may be moved.

use thanos_bucket::block::NoCompactMark;
use thanos_bucket::plan::Existing;

use super::Before;
use crate::migrator::Errand;
use crate::nature::Leftovers;
use crate::world::{Side, World};

impl World {
    pub(crate) fn judge_put(&mut self, run: usize, side: Side, path: &str, before: &Before) {
        let this = &mut self.runs[run];
        let cleans = matches!(this.circumstances.errand, Errand::CleanUp(_));
        if cleans && side == Side::Target && path.ends_with("/thanos-bucket-overwrite.json") {
            // It is put back where an overwrite began in that very moment.
            return;
        }
        if this.circumstances.is_dry || !this.circumstances.migrates() {
            self.violated(format!(
                "a run that is to put nothing puts {path} into {side:?}"
            ));
            return;
        }
        let Some((id, name)) = path.split_once('/') else {
            let is_probe = side == Side::Target && path.starts_with("thanos-bucket-probe-");
            if !is_probe {
                self.violated(format!("{path} was put into {side:?}"));
            }
            return;
        };
        this.writes += 1;
        if side == Side::Source && this.circumstances.only_copies() {
            self.violated(format!(
                "{path} was put into the source by a run that only copies"
            ));
            return;
        }
        match (side, name) {
            (Side::Source, "deletion-mark.json") => self.judge_mark(run, id, before),
            (Side::Source, "no-compact-mark.json") => self.judge_no_compact_mark(run, id, before),
            (Side::Source, _) => self.violated(format!("{path} was put into the source")),
            (Side::Target, _) => {
                let nobody_else_acts = this.circumstances.is_calm && this.is_alone;
                let nature = &self.nature;
                // What lies there with other bytes makes others of its block doubtful, too.
                let must_know = nobody_else_acts
                    && !nature.busy
                    && nature.lag_ms == 0
                    && nature.leftovers == Leftovers::Cut;
                if !this.put.insert(path.to_owned()) && must_know && self.flips == 0 {
                    self.violated(format!("{path} is put twice, and nobody had touched it"));
                    return;
                }
                let this = &mut self.runs[run];
                if name != "thanos-bucket-overwrite.json" {
                    *this.puts.entry(id.to_owned()).or_default() += 1;
                }
                self.judge_put_into_the_target(run, id, name, before);
            }
        }
    }

    fn judge_put_into_the_target(&mut self, run: usize, id: &str, name: &str, before: &Before) {
        let path = format!("{id}/{name}");
        if !self.known.contains_key(id) || self.foreign.contains(id) {
            self.violated(format!("{path} was put, and is none of the source's"));
            return;
        }
        if self.damaged.contains(id) {
            self.violated(format!("{id} is damaged, and {name} was copied"));
        }
        // What was on its way may arrive late.
        let looked_ms = self.runs[run].last_look_at(Side::Target, id, false);
        let is_known = !self.was_disturbed_since(Side::Target, id, looked_ms);
        if self.is_marked(Side::Target, id) && is_known {
            self.violated(format!("{id} is marked in the target, and {name} was put"));
        }
        match name {
            "deletion-mark.json" => self.violated(format!("{path} was put into the target")),
            "meta.json" => {
                self.runs[run].published.insert(id.to_owned());
                self.judge_publication(run, id, before);
                return;
            }
            "thanos-bucket-overwrite.json" => {
                if self.nature.existing == Existing::Keep {
                    self.violated(format!("{id} is overwritten, and nobody asked for it"));
                }
            }
            "no-compact-mark.json" => {
                let put = self.storage.get(Side::Target, &path).cloned();
                let ours = put.is_some_and(|mark| {
                    let mark = NoCompactMark::parse(&mark.bytes);
                    mark.is_ok_and(|mark| mark.provenance().is_some())
                });
                if ours {
                    self.violated(format!("our own no-compact mark of {id} was copied"));
                }
            }
            _ => {
                let belongs = self.versions[id]
                    .iter()
                    .any(|version| version.contains_key(name));
                if !belongs {
                    self.violated(format!("{path} was put, and the source has none"));
                }
            }
        }
        self.judge_tearing(id, before);
    }

    /// Whoever reads a published block reads it at any time.
    pub(super) fn judge_tearing(&mut self, id: &str, before: &Before) {
        if !before.was_torn && self.is_torn(id) {
            self.violated(format!("{id} is published, and was torn"));
        }
    }
}
