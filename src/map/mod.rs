//! Where blocks are, in one bucket or in two: by group, by class and over time. Values in, values out; nothing here touches a bucket.
//!
//! A directory counts as a block where it is *whole*: its `meta.json` can be read, and nothing that it tells of is missing by the listing. What is not
//! is told as a flaw.

mod class;
mod coverage;
mod deletions;
mod due;
mod flaw;
mod group;
mod overlap;
mod runs;
mod seen;

pub use class::Class;
pub use coverage::{Interval, LEAST_GAP, Range, State};
pub use deletions::{Deletion, When};
pub use due::Due;
pub use flaw::{Flaw, Flawed};
pub use group::{GroupMap, Sum, Sums};
pub use overlap::Overlap;
pub use runs::Marked;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::block::Group;
use crate::bucket::Role;
use crate::plan::{SourceBlock, TargetIndex};
use crate::select::Filter;
use class::class;
use deletions::Deletions;
use group::Gathered;
use runs::Runs;
use seen::{Pair, pairs};

/// What is looked at, and from when.
#[derive(Debug)]
pub struct Question {
    /// Which blocks. Directories whose `meta.json` nobody can read pass all of it but the ids.
    pub filter: Filter,
    /// How long after the time in its mark compactors delete a block.
    pub delete_delay: TimeDelta,
    /// What time it is.
    pub now: DateTime<Utc>,
}

/// Where blocks are.
#[derive(Debug)]
pub struct Map {
    /// By labels and resolution.
    pub groups: Vec<GroupMap>,
    /// Directories that are no whole block, and marks that are none; by id, the source's first.
    pub flaws: Vec<Flawed>,
    /// Flawed directories of which nobody can tell the group.
    pub of_no_group: Sum,
    /// When marked blocks may be deleted, the soonest first; the source's before the target's.
    pub deletions: Vec<Deletion>,
    /// What this tool has marked in the source, by run, the latest first; what others marked comes last.
    pub runs: Vec<Marked>,
    /// Whether there is a target.
    pub has_target: bool,
}

impl Map {
    /// The map of a source and, where there is one, a target. `source` is sorted by id.
    #[must_use]
    pub fn of(
        source: &[Arc<SourceBlock>],
        target: Option<&TargetIndex>,
        question: &Question,
    ) -> Self {
        let mut groups: BTreeMap<Group, Gathered> = BTreeMap::new();
        let mut flaws = Vec::new();
        let mut of_no_group = Sum::default();
        let mut deletions = Deletions::new(question.delete_delay, question.now);
        let mut runs = Runs::default();
        for pair in pairs(source, target) {
            if !question.takes(&pair) {
                continue;
            }
            let group = pair.meta().map(|meta| &meta.group);
            let mut gathered = group.map(|group| groups.entry(group.clone()).or_default());
            for (bucket, seen) in pair.both() {
                for flawed in seen.flaws(bucket, group) {
                    if flawed.flaw.is_of_block() {
                        let partial = match &mut gathered {
                            Some(gathered) => &mut gathered.sums.partial,
                            None => &mut of_no_group,
                        };
                        partial.add(seen.bytes);
                    }
                    flaws.push(flawed);
                }
                if let Some(at) = deletions.note(bucket, seen)
                    && let Some(gathered) = &mut gathered
                {
                    gathered.note_deletion(at);
                }
                if bucket == Role::Source {
                    runs.note(seen);
                }
            }
            let (there, here) = (pair.target.as_ref(), pair.source.as_ref());
            let of = class(here.map(seen::Seen::side), there.map(seen::Seen::side));
            if let (Some(class), Some(gathered)) = (of, gathered) {
                gathered.note(class, &pair);
            }
        }
        Self {
            groups: groups
                .into_iter()
                .map(|(group, gathered)| gathered.mapped(group))
                .collect(),
            flaws,
            of_no_group,
            deletions: deletions.sorted(),
            runs: runs.sorted(),
            has_target: target.is_some(),
        }
    }

    /// Sums over all groups, and what is of none.
    #[must_use]
    pub fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for group in &self.groups {
            sums.add(&group.sums);
        }
        sums.partial.add_all(self.of_no_group);
        sums
    }

    /// Takes down how much of each group is due.
    pub fn note_due(&mut self, due: &Due) {
        for group in &mut self.groups {
            group.due = due.of(&group.group);
        }
    }
}

impl Question {
    fn takes(&self, pair: &Pair<'_>) -> bool {
        let ids = &self.filter.ids;
        match pair.meta() {
            Some(meta) => self.filter.takes(meta),
            None => ids.is_empty() || pair.id().is_some_and(|id| ids.contains(&id)),
        }
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
