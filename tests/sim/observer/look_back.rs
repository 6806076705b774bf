//! Which marks are not borne out by the target, and whether a run says so: of all of them, and of no other.

use std::collections::BTreeSet;

use thanos_bucket::plan::Plan;

use crate::blocks::FileList;
use crate::world::{Side, World};

impl World {
    /// What a run says must be so, unless somebody changed something since it began.
    pub(super) fn judge_look_back(&mut self, run: usize, plan: &Plan) {
        let begun_ms = self.runs[run].begun_ms;
        if self.nature.lag_ms > 0 {
            // Listings say what they like.
            return;
        }
        let said: BTreeSet<String> = plan
            .not_held
            .iter()
            .map(|one| one.block.to_string())
            .collect();
        let marked: Vec<String> = self
            .known
            .keys()
            .filter(|id| self.is_marked_by_a_run(id))
            .cloned()
            .collect();
        for id in marked {
            if self.was_changed_around(&id, begun_ms) || self.was_disturbed_around(&id, begun_ms) {
                continue;
            }
            let held = self.holds_what_matters(&id) || self.is_covered(&id);
            if held && said.contains(&id) && !self.is_another_form(&id) {
                let why = plan.not_held.iter().find(|one| one.block.to_string() == id);
                let why = why.map(|one| one.why.as_str()).unwrap_or_default();
                self.violated(format!(
                    "{id} is held, and a run says that it is not: {why}"
                ));
            }
            let lost = !held && !self.is_kept_by_others(&id) && self.has_something_left(&id);
            // What a run selects it tells of otherwise.
            let selected = plan
                .selected
                .iter()
                .any(|one| one.block.id.to_string() == id);
            if lost && !selected && !said.contains(&id) {
                self.violated(format!("{id} is marked and not held, and no run says so"));
            }
        }
    }

    pub(super) fn was_disturbed_around(&self, id: &str, since_ms: i64) -> bool {
        let block = &self.known[id];
        let related = self.known.values().filter(|other| {
            other.group == block.group && !other.sources.is_disjoint(&block.sources)
        });
        let mut related = related.map(|other| &other.id);
        related.any(|id| {
            [Side::Source, Side::Target].into_iter().any(|side| {
                self.was_disturbed_since(side, id, since_ms) || self.is_doomed(side, id)
            })
        })
    }

    /// By anybody, this run included: it may have moved what covers the block since it looked.
    pub(super) fn was_changed_around(&self, id: &str, since_ms: i64) -> bool {
        let block = &self.known[id];
        let related = self.known.values().filter(|other| {
            other.group == block.group && !other.sources.is_disjoint(&block.sources)
        });
        let mut related = related.map(|other| &other.id);
        related.any(|id| {
            [Side::Source, Side::Target].into_iter().any(|side| {
                self.was_disturbed_since(side, id, since_ms)
                    || self.was_another_run_at(usize::MAX, side, id, since_ms)
            })
        })
    }

    /// `meta.json` and data; marks are of no importance for what is lost.
    pub(super) fn holds_what_matters(&self, id: &str) -> bool {
        let there = self.storage.directory(Side::Target, id);
        let namesake = usize::from(self.namesakes.contains(id));
        let has_all = self.versions[id][namesake..].iter().any(|version| {
            version
                .iter()
                .filter(|(name, _)| !name.ends_with("-mark.json"))
                .all(|(name, bytes)| {
                    there
                        .get(*name)
                        .is_some_and(|object| object.bytes == *bytes)
                })
        });
        has_all && !self.is_marked(Side::Target, id) && !self.is_torn(id)
    }

    /// By one live block that was made of it, and that the target's compactor does not delete in favour of what lies under its own id.
    fn is_covered(&self, id: &str) -> bool {
        let block = &self.known[id];
        let is_there = self.has(Side::Target, id, "meta.json");
        let mut covers = self.known.values().filter(|other| {
            other.id != id
                && !(is_there && block.supersedes(other))
                && other.group == block.group
                && other.files != FileList::Nothing
                && block.sources.is_subset(&other.sources)
        });
        covers.any(|cover| {
            self.is_live(Side::Target, &cover.id) && self.holds(Side::Target, &cover.id)
        })
    }

    /// Whether the source has anything but marks of it.
    fn has_something_left(&self, id: &str) -> bool {
        let there = self.storage.directory(Side::Source, id);
        there.keys().any(|name| !name.ends_with("-mark.json"))
    }
}
