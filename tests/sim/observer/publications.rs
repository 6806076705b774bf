//! What may be published: a block that the target wholly holds, and that the source has as it is, lately at least.

use thanos_bucket::block::BlockId;

use super::Before;
use crate::world::{MOMENT_MS, Side, World};

impl World {
    pub(super) fn judge_publication(&mut self, run: usize, id: &str, before: &Before) {
        self.judge_meta_json(id, before);
        if self.is_torn(id) {
            let a_moment_ago = self.now_ms() - MOMENT_MS;
            let is_known = !self.is_disturbed(Side::Target, id);
            if is_known && !self.was_cleaned_since(id, a_moment_ago) {
                self.violated(format!("{id} is published, and torn"));
            }
            self.history.rob(id);
        }
        self.judge_the_sources_block(run, id);
        self.judge_overlaps();
    }

    /// Byte for byte as the source has it, or had it a moment ago; and in the place of no other.
    fn judge_meta_json(&mut self, id: &str, before: &Before) {
        let namesake = usize::from(self.namesakes.contains(id));
        let versions = &self.versions[id][namesake..];
        let put = self.storage.get(Side::Target, &format!("{id}/meta.json"));
        let Some(put) = put.cloned() else { return };
        let version = versions
            .iter()
            .position(|objects| objects["meta.json"] == put.bytes);
        let Some(version) = version else {
            self.violated(format!("meta.json of {id} is another one"));
            return;
        };
        let is_old = version + 1 < versions.len();
        if is_old && !self.is_disturbed(Side::Source, id) {
            self.violated(format!(
                "meta.json of {id} was rewritten, and the old one is published"
            ));
        }
        let replaced = before
            .there
            .as_ref()
            .filter(|there| there.bytes != put.bytes);
        if replaced.is_some() && !self.is_disturbed(Side::Target, id) {
            self.violated(format!(
                "another meta.json of {id} was overwritten in its place"
            ));
        }
    }

    fn judge_the_sources_block(&mut self, run: usize, id: &str) {
        if self.is_disturbed(Side::Source, id) {
            return;
        }
        if !self.has(Side::Source, id, "meta.json") {
            self.violated(format!("{id} is published, and the source has it no more"));
        }
        let may_be_marked = self.runs[run].circumstances.includes_marked;
        let marked = self.is_marked(Side::Source, id) && !self.is_marked_by_a_run(id);
        if marked && !may_be_marked {
            self.violated(format!(
                "{id} is published, and somebody marked it in the source"
            ));
        }
        if let Some(by) = self.superseding(id) {
            self.violated(format!(
                "{id} is published, and the source has {by}, which holds all of it"
            ));
        }
    }

    /// A block of the source that has held all of this one for longer than a moment.
    fn superseding(&self, id: &str) -> Option<String> {
        let block = &self.known[id];
        self.known
            .values()
            .filter(|other| other.supersedes(block))
            .filter(|other| self.is_live(Side::Source, &other.id))
            .find(|other| !self.is_disturbed(Side::Source, &other.id))
            .map(|other| other.id.clone())
    }

    /// Whether the source's block bears a mark that one of the runs wrote.
    pub(crate) fn is_marked_by_a_run(&self, id: &str) -> bool {
        let path = format!("{id}/deletion-mark.json");
        self.storage.get(Side::Source, &path).is_some_and(|mark| {
            let block = id.parse::<BlockId>().unwrap();
            let mark = thanos_bucket::block::DeletionMark::parse(block, &mark.bytes);
            mark.is_ok_and(|mark| mark.provenance().is_some())
        })
    }
}
