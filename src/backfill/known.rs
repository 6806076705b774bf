//! Which times of a plan the bucket holds: those that blocks tell which it has made, and those that only ids tell, for a compactor hands on the ids of
//! what it has compacted and nothing else of them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::held::Kin;
use crate::block::{BlockId, Labels, Sha256Sum};
use crate::history::{Made, Range, cell_ms, key, usual_starts_ms};

/// What the bucket holds of a plan.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Windows, by time, each with a block that holds it.
    pub(super) held: Vec<(Range, BlockId)>,
    /// Ids that only blocks of the plan can have.
    pub(super) ids: HashSet<BlockId>,
}

/// Of so many ids that end before it in the same two hours, a window may begin where one ends.
const MOST_NEIGHBOURS: usize = 64;

/// What of the plan the blocks hold, whole and unmarked ones of any labels: compactors that deduplicate take labels off.
///
/// An id tells when its window ends, and a hash of all that the window is: where it begins is found by trying what it may be. Any other id passes
/// for one once in a trillion tries.
pub(super) fn known(
    kin: &[Arc<Kin>],
    windows: &[Range],
    (plan, labels): (Sha256Sum, &Labels),
) -> Known {
    let holding = || kin.iter().filter(|one| one.holds_samples());
    let mut known = Known::default();
    let plan_name = plan.to_string();
    for one in holding().filter(|one| one.is_of(&plan_name)) {
        if let Some(made) = &one.made {
            known.held.push((made.window(), one.id));
            known.ids.insert(one.id);
        }
    }
    let begins_ms = windows.first().map_or(i64::MAX, |first| first.start_ms);
    let end_of = |id: &BlockId| i64::try_from(key(*id).0).unwrap_or(i64::MAX);
    let ids = holding().flat_map(|one| one.sources.iter());
    let ends: BTreeSet<i64> = ids.map(end_of).filter(|end| *end > begins_ms).collect();
    let asked: HashMap<i64, i64> = windows
        .iter()
        .map(|one| (one.end_ms, one.start_ms))
        .collect();
    let mut found: HashMap<BlockId, Option<Range>> = HashMap::new();
    for one in holding() {
        for id in &one.sources {
            let end_ms = end_of(id);
            if end_ms <= begins_ms {
                continue;
            }
            let range = found.entry(*id).or_insert_with(|| {
                let is_it = |start_ms: &i64| {
                    let window = Range {
                        start_ms: *start_ms,
                        end_ms,
                    };
                    Made::of(plan, window).key(labels) == key(*id)
                };
                let cell_ms = cell_ms(end_ms);
                let neighbours = ends.range(cell_ms..end_ms).rev().take(MOST_NEIGHBOURS);
                let usual = asked
                    .get(&end_ms)
                    .copied()
                    .into_iter()
                    .chain([cell_ms, begins_ms]);
                let mut starts = usual
                    .chain(neighbours.copied())
                    .chain(usual_starts_ms(end_ms));
                let start_ms = starts.find(|start_ms| *start_ms < end_ms && is_it(start_ms))?;
                Some(Range { start_ms, end_ms })
            });
            if let Some(range) = range {
                known.held.push((*range, one.id));
                known.ids.insert(*id);
            }
        }
    }
    known.held.sort_unstable();
    known
}
