//! How far each selected block will come, as far as the plan can tell: gaps hold back what comes after them, and live finer blocks defer marks.

use std::collections::{HashMap, HashSet};

use super::facts::SourceIndex;
use super::order::{Rank, publish_rank};
use super::rules::PublishOrder;
use super::shape::{Gap, Outlook, Plan};
use super::unit::Unit;
use crate::block::BlockId;

/// Finds the selected blocks that are not published, for gaps before them.
pub(super) fn hold_back(plan: &mut Plan, order: PublishOrder) {
    let first_gaps = first_gaps(plan);
    for selected in &mut plan.selected {
        let gap = first_gaps.get(&selected.unit);
        if let Some((_, by)) = gap.filter(|(rank, _)| *rank < publish_rank(&selected.meta))
            && order == PublishOrder::Strict
            && selected.action.publishes()
        {
            selected.outlook = Outlook::HeldBack(*by);
        }
    }
}

/// Fills in which blocks the mark of each selected block waits for, and defers the marks that wait for a block that is not marked in this run.
pub(super) fn defer_marks(plan: &mut Plan, source: &SourceIndex<'_>) {
    for selected in &mut plan.selected {
        let finer = source.live().finer_kin_of(&selected.meta.block);
        let mut finer: Vec<_> = finer.map(|kin| kin.block.id).collect();
        finer.sort_unstable();
        finer.dedup();
        selected.finer_kin = finer.into();
    }
    // Raw blocks first: a 1h block waits for its 5m block, which may wait itself.
    let mut order: Vec<usize> = (0..plan.selected.len()).collect();
    order.sort_by_key(|position| {
        let selected = plan.selected.get(*position);
        selected.map(|selected| selected.meta.block.group.resolution_ms)
    });
    // What is marked in this run is waited for no longer.
    let finer_kin = plan.selected.iter().map(|selected| &selected.finer_kin);
    let mut waited_for: HashSet<BlockId> = finer_kin.flatten().copied().collect();
    for position in order {
        let Some(selected) = plan.selected.get_mut(position) else {
            continue;
        };
        if selected.action.leaves_alone() || selected.outlook != Outlook::Through {
            continue;
        }
        match selected
            .finer_kin
            .iter()
            .find(|kin| waited_for.contains(kin))
        {
            Some(kin) => selected.outlook = Outlook::MarkDeferred(*kin),
            None => {
                waited_for.remove(&selected.block.id);
            }
        }
    }
}

/// The first gap of each unit.
fn first_gaps(plan: &mut Plan) -> HashMap<Unit, (Rank, BlockId)> {
    let overlaps = plan
        .selected
        .iter()
        .filter(|selected| selected.action.leaves_a_gap());
    plan.gaps.extend(overlaps.map(|selected| Gap {
        block: selected.block.id,
        unit: selected.unit.clone(),
        rank: publish_rank(&selected.meta),
    }));
    let mut first: HashMap<Unit, (Rank, BlockId)> = HashMap::new();
    for gap in &plan.gaps {
        let place = first
            .entry(gap.unit.clone())
            .or_insert((gap.rank, gap.block));
        *place = (*place).min((gap.rank, gap.block));
    }
    first
}
