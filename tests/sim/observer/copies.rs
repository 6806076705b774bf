//! What the service copies by itself: the version that was listed, nothing whose digest is to be seen on its way, and of what it copies not a
//! byte comes here.

use std::collections::BTreeSet;

use thanos_bucket::block::Strength;
use thanos_bucket::bucket::CopiedBy;

use crate::blocks::{FileList, is_data};
use crate::migrator::Errand;
use crate::nature::{Conditions, Leftovers};
use crate::world::{Object, Side, World};

impl World {
    /// The service has found what a run asks it to copy.
    pub(crate) fn judge_copy(&mut self, run: usize, from: &str, found: &Object, to: &str) {
        self.tell(|_| format!("the service copies {from} for run {run}"));
        let this = &self.runs[run];
        let by = this.circumstances.settings.copied_by;
        if from != to {
            self.violated(format!("{from} is copied to {to}"));
            return;
        }
        if by == CopiedBy::Client {
            self.violated(format!("the service copies {from}, and is not to"));
            return;
        }
        let was_shown = this.shown.contains(&(from.to_owned(), found.tag.clone()));
        if !was_shown && self.nature.conditions == Conditions::Honoured {
            self.violated(format!("a version of {from} is copied that was not listed"));
        }
        let (id, name) = from.split_once('/').unwrap_or_default();
        let has_hashes = |id| {
            let block = self.known.get(id);
            block.is_some_and(|block| block.files == FileList::SizesAndHashes)
        };
        if by == CopiedBy::Auto && is_data(name) && has_hashes(id) {
            self.violated(format!("{from} is copied, and nobody sees its digest"));
        }
    }

    /// Who insists on the service puts no data; where the service copies everything and entity tags tell content, nobody does, nor reads any.
    pub(super) fn judge_what_passed_through(&mut self, run: usize) {
        let this = &self.runs[run];
        let circumstances = &this.circumstances;
        let (read, sent) = (this.read_bytes, this.sent_bytes);
        let insists = circumstances.settings.copied_by == CopiedBy::Server;
        let nature = &self.nature;
        let all_is_copied = circumstances.is_calm && nature.is_served() && !nature.hashes;
        // Of what lies there with other bytes both forms are read, be it left by somebody or put by a run that got a wrong byte.
        let tags_tell = circumstances.verify == Strength::Checksum
            && nature.tags_tell()
            && nature.leftovers == Leftovers::Cut
            && self.flips == 0;
        if sent > 0 && (insists || all_is_copied) {
            self.violated(format!("run {run} puts {sent} bytes by itself"));
        } else if read > 0 && all_is_copied && tags_tell {
            self.violated(format!(
                "run {run} reads {read} bytes, and the service copies everything"
            ));
        }
    }

    /// Notes that a run looked at a block.
    pub(crate) fn note_look(&mut self, run: usize, side: Side, id: &str) {
        self.tell(|_| format!("Run({run}) lists {id} in {side:?}"));
        let now_ms = self.now_ms();
        let looks = &mut self.runs[run].looked_ms;
        let [last, _] = looks
            .get(&(side, id.to_owned()))
            .copied()
            .unwrap_or_default();
        looks.insert((side, id.to_owned()), [now_ms, last]);
        let takes_back = matches!(self.runs[run].circumstances.errand, Errand::Unmark(_));
        if takes_back && side == Side::Source {
            self.meddle_with_a_mark(id);
        }
    }

    /// What lies in the source under names that a listing shows to a run, and which blocks begin on that page.
    pub(crate) fn note_shown(&mut self, run: usize, after: &str, page: &[(String, Object)]) {
        let now_ms = self.now_ms();
        if !self.runs[run].circumstances.migrates() {
            let ids = page.iter().filter_map(|(path, _)| path.split_once('/'));
            let ids: BTreeSet<&str> = ids.map(|(id, _)| id).collect();
            for id in ids {
                if *after < *format!("{id}/") {
                    self.runs[run].shown_ms.insert(id.to_owned(), now_ms);
                }
            }
            return;
        }
        let shown = page.iter().map(|(path, it)| (path.clone(), it.tag.clone()));
        self.runs[run].shown.extend(shown);
    }
}
