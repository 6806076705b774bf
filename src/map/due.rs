//! What a migration would still move, by its plan.

use std::collections::HashMap;

use super::group::Sum;
use crate::block::Group;
use crate::plan::{Plan, Selected};

/// What a migration would still move.
#[derive(Debug, Default)]
pub struct Due {
    /// The blocks that it would select: neither marked nor left out.
    pub selected: Sum,
    /// Those of which it would put something into the target, and how much.
    pub to_put: Sum,
    /// Those that it would leave alone, or hold back.
    pub waiting: Sum,
    by_group: HashMap<Group, Sum>,
}

impl Due {
    /// By that plan.
    #[must_use]
    pub fn of_plan(plan: &Plan) -> Self {
        let mut due = Self::default();
        for selected in &plan.selected {
            due.note(selected);
        }
        due
    }

    fn note(&mut self, selected: &Selected) {
        let bytes = selected.block.objects().block_bytes();
        self.selected.add(bytes);
        let group = &selected.meta.block.group;
        self.by_group.entry(group.clone()).or_default().add(bytes);
        if !selected.goes_ahead() {
            self.waiting.add(bytes);
        } else if selected.objects_to_put > 0 {
            self.to_put.add(selected.bytes_to_put);
        }
    }

    /// How much of it is of that group.
    #[must_use]
    pub fn of(&self, group: &Group) -> Sum {
        self.by_group.get(group).copied().unwrap_or_default()
    }
}
