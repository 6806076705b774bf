//! Which leftovers a run removes.

use std::collections::BTreeSet;

use crate::blocks::HOUR_MS;
use crate::world::World;

/// Which leftovers are to be removed.
#[derive(Debug, Clone)]
pub(crate) struct Sweep {
    /// Only those that are so old.
    pub(crate) older_than_ms: i64,
    /// Only those of these blocks, where there are any.
    pub(crate) ids: BTreeSet<String>,
    /// Whether the source is given, which alone can tell what is a copy.
    pub(crate) has_source: bool,
}

impl Sweep {
    /// What an operator may want; nothing that is young where migrations go on.
    pub(super) fn any(world: &mut World, is_beside: bool) -> Self {
        let ids: Vec<String> = world.first.iter().cloned().collect();
        let rng = &mut world.rng;
        let ages = if is_beside { [13, 24, 48] } else { [0, 1, 48] };
        let named = if rng.once_in(4) { 1 + rng.below(2) } else { 0 };
        let named: Vec<_> = (0..named).filter_map(|_| rng.pick(&ids).cloned()).collect();
        Self {
            older_than_ms: ages[rng.index(3)] * HOUR_MS,
            ids: named.into_iter().collect(),
            has_source: !rng.once_in(12),
        }
    }

    pub(crate) fn takes(&self, id: &str) -> bool {
        self.ids.is_empty() || self.ids.contains(id)
    }
}
