//! Duplicates whose samples move with the block that holds all of them, their keeper: once that one is in the target it covers them there, and they
//! are marked in the same run. Others stay where they are.

use super::decide::{self, Action};
use super::exclude::Reason;
use super::facts::{SourceIndex, TargetIndex};
use super::selected::select;
use super::shape::{Plan, Selected};
use super::unit::Units;
use crate::block::{BlockId, MetaFile, NoCover};

/// Selects the duplicates of blocks that are selected and go ahead.
pub(super) fn select_with_their_keepers(
    plan: &mut Plan,
    target: &TargetIndex,
    source: &SourceIndex<'_>,
    units: &Units,
) {
    let keepers = plan.selected.iter().filter(|keeper| keeper.goes_ahead());
    let mut keepers: Vec<&Selected> = keepers.collect();
    keepers.sort_unstable_by_key(|keeper| keeper.block.id);
    let keeper = |id: BlockId| {
        let place = keepers.binary_search_by_key(&id, |keeper| keeper.block.id);
        place.ok().and_then(|place| keepers.get(place).copied())
    };
    let mut found = Vec::new();
    plan.excluded.retain(|excluded| {
        let meta = excluded.block.meta();
        let Some(meta) = meta.filter(|_| excluded.reason == Reason::Duplicate) else {
            return true;
        };
        let unit = units.unit_of(&meta.block);
        let own: Vec<&Selected> = source
            .superseding(&meta.block)
            .filter_map(|other| keeper(other.block.id))
            .filter(|keeper| keeper.unit == unit)
            .collect();
        let Some(action) = action(meta, &own, target) else {
            return true;
        };
        found.push(select(&excluded.block, meta, unit, target, action));
        false
    });
    // A block that bears this tool's mark, and that the target does not hold, is saved with its keeper.
    let is_found = |block: BlockId| found.iter().any(|selected| selected.block.id == block);
    plan.not_held.retain(|not_held| !is_found(not_held.block));
    plan.selected.extend(found);
}

/// What the next run would say of the block, once its keepers are moved and no longer live in the source; `None` where it has none.
fn action(meta: &MetaFile, keepers: &[&Selected], target: &TargetIndex) -> Option<Action> {
    if keepers.is_empty() {
        return None;
    }
    let mut unproven = match decide::covered(meta, target) {
        Some(covered @ Action::Covered(_)) => return Some(covered),
        unproven => unproven,
    };
    let mut moved: Vec<&&Selected> = keepers
        .iter()
        .filter(|keeper| keeper.action.put().is_some())
        .collect();
    moved.sort_by_key(|keeper| keeper.block.id);
    for keeper in moved {
        let by = keeper.block.id;
        match NoCover::of(&meta.block, &keeper.meta.block, &keeper.block.objects()) {
            None => return Some(Action::CoveredLater { by }),
            Some(why) => {
                unproven.get_or_insert(Action::CoveredUnproven { by, why });
            }
        }
    }
    unproven
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use crate::block::NoCover;
    use crate::plan::facts::testing::{Builder, block, id, rules, source};
    use crate::plan::{Action, Outlook, Plan, Rules, Scope, plan};

    fn planned(ours: &[Builder], theirs: &[Builder], rules: &Rules) -> Plan {
        let ours: Vec<_> = ours.iter().flat_map(|one| source([one.clone()])).collect();
        let theirs = theirs.iter().map(|one| one.clone().target()).collect();
        plan(&ours, &theirs, rules, "s3://cold")
    }

    /// What is planned for the block; `None` where it is left out.
    fn action(plan: &Plan, last: char) -> Option<Action> {
        let selected = plan.selected.iter().find(|one| one.block.id == id(last));
        selected.map(|selected| selected.action.clone())
    }

    fn later(last: char) -> Action {
        Action::CoveredLater { by: id(last) }
    }

    fn keeper() -> Builder {
        block('K').sources("ABC").range(0, 30)
    }

    /// S-4.6: of one keeper, or of several one after the other.
    #[test]
    fn duplicates_go_with_the_block_that_holds_all_of_them() {
        let chain = [
            block('A'),
            block('B').range(10, 20),
            block('D').sources("AB").range(0, 20),
            keeper(),
        ];
        let all = rules();
        for (theirs, held) in [
            (vec![], false),
            // What holds all of it already covers it now.
            (vec![keeper()], true),
            (vec![keeper().without("index")], false),
            (vec![keeper().without("meta.json")], false),
        ] {
            let plan = planned(&chain, &theirs, &all);
            for last in ['A', 'B', 'D'] {
                let action = action(&plan, last).unwrap();
                assert_eq!(action == later('K'), !held, "{action:?}");
                assert_eq!(action.as_str(), "covered");
            }
            assert!(plan.excluded.is_empty());
        }
        // Equal sources: the smaller id stays.
        let twins = [block('A').sources("XY"), block('B').sources("XY")];
        let plan = planned(&twins, &[], &all);
        assert_eq!(action(&plan, 'B'), Some(later('A')));
        assert!(action(&plan, 'A').unwrap().publishes());
    }

    /// S-4.6
    #[test]
    fn duplicates_of_what_does_not_move_stay() {
        let both = [block('A'), keeper()];
        let only = |last: char| {
            let mut rules = rules();
            rules.filter.ids.insert(id(last));
            rules
        };
        let mut low = rules();
        low.filter.compaction_max = Some(1);
        let gap = block('C').range(0, 5).without("index");
        let other = keeper().object("meta.json", 8).series(9);
        for (ours, theirs, rules) in [
            (vec![block('A'), keeper()], vec![], only('A')),
            (vec![block('A'), keeper().level(2)], vec![], low),
            (vec![block('A'), keeper(), gap], vec![], rules()),
            (both.to_vec(), vec![other], rules()),
            (both.to_vec(), vec![block('Z').range(25, 35)], rules()),
        ] {
            let plan = planned(&ours, &theirs, &rules);
            assert_eq!(action(&plan, 'A'), None);
            assert!(plan.excluded.iter().any(|one| one.block.id == id('A')));
        }
        // The other way round the keeper moves, and the duplicate was not asked for.
        let plan = planned(&both, &[], &only('K'));
        assert_eq!(action(&plan, 'A'), None);
        assert!(action(&plan, 'K').is_some());
    }

    /// S-4.6: what the next run would say is said by this one.
    #[test]
    fn a_keeper_that_would_be_no_cover_leaves_its_duplicates_to_a_person() {
        for (keeper, why) in [
            (keeper().series(2), NoCover::FewerSeries),
            (keeper().rewritten(), NoCover::Rewritten),
            (keeper().without_file_list(), NoCover::NotWhole),
            (keeper().range(5, 30), NoCover::ShorterRange),
        ] {
            let plan = planned(&[block('A'), keeper], &[], &rules());
            let expected = Action::CoveredUnproven { by: id('K'), why };
            assert_eq!(action(&plan, 'A'), Some(expected));
        }
    }

    /// S-4.6, S-5.10: the mark of a downsampled block waits for no duplicate that is marked in the same run.
    #[test]
    fn coarse_blocks_are_marked_in_the_run_that_marks_the_duplicates() {
        let coarse = || block('M').sources("ABC").range(0, 30).resolution(300_000);
        let plan = planned(&[block('A'), keeper(), coarse()], &[], &rules());
        let outlook = |last| {
            let mut selected = plan.selected.iter();
            selected
                .find(|one| one.block.id == id(last))
                .unwrap()
                .outlook
        };
        assert_eq!(outlook('M'), Outlook::Through);
        assert_eq!(outlook('A'), Outlook::Through);
    }

    /// S-5.13: a duplicate that is marked already keeps its mark.
    #[test]
    fn marked_duplicates_go_with_their_keepers_when_they_are_asked_for() {
        let marked = [block('A').marked("by hand"), keeper()];
        assert_eq!(action(&planned(&marked, &[], &rules()), 'A'), None);
        let mut rules = rules();
        rules.scope = Scope::Marked;
        let plan = planned(&marked, &[], &rules);
        assert_eq!(action(&plan, 'A'), Some(later('K')));
        let ours = "migrated to s3://cold by thanos-bucket 0.1.0 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
        let plan = planned(&[block('A').marked(ours), keeper()], &[], &rules);
        assert_eq!(action(&plan, 'A'), Some(later('K')));
        assert_eq!(plan.not_held, []);
    }
}
