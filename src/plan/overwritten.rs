//! Blocks of which the target holds all in a block that this run overwrites: what counts for them is what will lie there then.

use std::collections::HashMap;
use std::sync::Arc;

use super::decide::Action;
use super::facts::TargetIndex;
use super::shape::{Plan, Selected};
use crate::block::{BlockId, Inventory, MetaFile, NoCover};

/// What is put in the place of blocks of the target, by their ids.
type Replacements = HashMap<BlockId, (Arc<MetaFile>, Inventory)>;

/// Leaves each block that is covered by one which is overwritten to what is put in its place, and to a person where that does not hold all of it.
pub(super) fn leave_to_what_is_put(plan: &mut Plan, target: &TargetIndex) {
    let overwrites = |selected: &&Selected| matches!(selected.action, Action::Overwrite(_));
    let replacements: Replacements = plan
        .selected
        .iter()
        .filter(overwrites)
        .map(|selected| {
            let objects = selected.block.objects();
            (selected.block.id, (Arc::clone(&selected.meta), objects))
        })
        .collect();
    for selected in &mut plan.selected {
        match &selected.action {
            Action::Covered(cover) if replacements.contains_key(&cover.by()) => {
                selected.action = action(&selected.meta, cover.by(), &replacements, target);
            }
            _ => {}
        }
    }
}

/// By another block that stays, else by what is put in the place of `by`.
fn action(
    meta: &MetaFile,
    by: BlockId,
    replacements: &Replacements,
    target: &TargetIndex,
) -> Action {
    let stays = target
        .covers(&meta.block)
        .filter(|(by, _)| !replacements.contains_key(by))
        .find_map(|(_, judged)| judged.ok());
    if let Some(cover) = stays {
        return Action::Covered(cover);
    }
    let no_cover = replacements
        .get(&by)
        .and_then(|(put, objects)| NoCover::of(&meta.block, &put.block, objects));
    match no_cover {
        None => Action::CoveredLater { by },
        Some(why) => Action::CoveredUnproven { by, why },
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::plan::facts::testing::{Builder, block, id, rules, source};
    use crate::plan::{Rules, Scope, plan};

    fn overwriting() -> Rules {
        Rules {
            scope: Scope::Overwriting,
            ..rules()
        }
    }

    fn action(ours: &[Builder], theirs: &[Builder]) -> Action {
        let ours: Vec<_> = ours.iter().flat_map(|one| source([one.clone()])).collect();
        let theirs = theirs.iter().map(|one| one.clone().target()).collect();
        let plan = plan(&ours, &theirs, &overwriting(), "s3://cold");
        let mut selected = plan.selected.iter();
        let found = selected.find(|one| one.block.id == id('A')).unwrap();
        found.action.clone()
    }

    /// S-5.1
    #[test]
    fn what_is_overwritten_in_this_run_covers_nothing_before() {
        let keeper = || block('K').sources("ABC").range(0, 30);
        let other = || keeper().object("meta.json", 8).series(9);
        let ours = [block('A'), keeper()];
        assert_eq!(
            action(&ours, &[other()]),
            Action::CoveredLater { by: id('K') }
        );
        // What is put instead was not made of it.
        let unrelated = [block('A'), block('K').sources("BC").range(0, 30)];
        let why = NoCover::Unrelated;
        assert_eq!(
            action(&unrelated, &[other()]),
            Action::CoveredUnproven { by: id('K'), why }
        );
        let stays = block('M').sources("A").range(0, 10);
        for ours in [&ours, &unrelated] {
            let Action::Covered(cover) = action(ours, &[other(), stays.clone()]) else {
                panic!("it stays covered");
            };
            assert_eq!(cover.by(), id('M'));
        }
    }
}
