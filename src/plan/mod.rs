//! Every decision about blocks, made of values alone: which are left out and why, what happens to each of the others, and in which order.
//! Nothing here waits, reads a clock or touches a bucket.

mod agreed;
mod decide;
mod drift;
mod duplicate;
mod exclude;
mod facts;
mod look_back;
mod odd_mark;
mod order;
mod outlook;
mod relatives;
mod replica;
mod rules;
mod selected;
mod shape;
mod standing;
mod supersede;
mod take_back;
mod unit;
mod warning;

pub use agreed::{Agreed, AgreedBlock, Work};
pub use decide::{Action, Conflict, Put, objects_to_put};
pub use exclude::Reason;
pub use facts::{Mark, SourceBlock, SourceMeta, TargetBlock, TargetIndex, TargetMeta};
pub use look_back::{NotHeld, to_be_read};
pub use order::{Rank, mark_rank, publish_rank};
pub use relatives::Relatives;
pub use replica::{Likeness, Replica, replica};
pub use rules::{Existing, PublishOrder, Rules, Scope, Shard};
pub use shape::{Excluded, Gap, Outlook, Plan, Selected, Warning};
pub use standing::{Halt, Standing, standing};
pub use supersede::supersedes;
pub use take_back::{Refusal, TakeBack, Verdict};
pub use unit::Unit;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::block::BlockId;
use crate::select::{Effect, Selector};
use exclude::Exclusion;
use facts::SourceIndex;
use selected::select;
use unit::Units;

/// Whether planning needs the target's metas: some block passes every filter, or the listing alone does not bear out a mark of this tool.
#[must_use]
pub fn needs_target_metas(
    source: &[Arc<SourceBlock>],
    target: &TargetIndex,
    rules: &Rules,
    target_name: &str,
) -> bool {
    let index = SourceIndex::new(source);
    let units = Units::of(source);
    let is_gone = |agreed: &Arc<Agreed>| drift::gone(agreed, source).next().is_some();
    if rules.agreed.as_ref().is_some_and(is_gone) {
        return true;
    }
    source.iter().any(|block| {
        drift::exclusion(block, &index, &units, rules).is_ok()
            || look_back::not_held_by_listing(block, target, target_name)
    })
}

/// Makes the plan.
///
/// `target_name` is how marks of this tool name the target.
#[must_use]
pub fn plan(
    source: &[Arc<SourceBlock>],
    target: &TargetIndex,
    rules: &Rules,
    target_name: &str,
) -> Plan {
    let index = SourceIndex::new(source);
    let units = Units::of(source);
    let mut plan = Plan {
        absent_ids: absent_ids(source, target, rules),
        // What grows may be in memory twice for a moment, and what is not used costs nothing.
        selected: Vec::with_capacity(source.len()),
        ..Plan::default()
    };
    let mut came_to_selector = Vec::new();
    for block in source {
        match drift::exclusion(block, &index, &units, rules) {
            Err(exclusion) => {
                if exclusion.0 >= Reason::LabelExcluded {
                    came_to_selector.push(block);
                }
                plan.not_held
                    .extend(look_back::not_held(block, target, target_name));
                plan.leave_out(block, exclusion, &units);
            }
            Ok((meta, unit)) => {
                came_to_selector.push(block);
                let action = decide::decide(block, meta, target, &index, rules);
                let selected = select(block, meta, unit, target, action);
                match drift::other_work(&selected, rules) {
                    Some(exclusion) => plan.leave_out(block, exclusion, &units),
                    None => plan.selected.push(selected),
                }
            }
        }
    }
    outlook::hold_back(&mut plan, rules.publish_order);
    duplicate::select_with_their_keepers(&mut plan, target, &index, &units);
    if let Some(agreed) = &rules.agreed {
        drift::judge_duplicates(&mut plan, agreed);
    }
    plan.selected.sort_unstable_by(|one, other| {
        let key = |selected: &Selected| (selected.meta.block.min_time_ms, selected.block.id);
        one.unit
            .cmp(&other.unit)
            .then_with(|| key(one).cmp(&key(other)))
    });
    outlook::defer_marks(&mut plan, &index);
    plan.selector = effects(&rules.filter.selector, &came_to_selector);
    plan.warnings = warning::warnings(&plan, source, rules);
    plan
}

fn effects(selector: &Selector, blocks: &[&Arc<SourceBlock>]) -> Vec<Effect> {
    let blocks = blocks.iter().filter_map(|block| block.meta());
    selector.effects(blocks.map(|meta| (&meta.block.group.labels, meta.block.id)))
}

impl Plan {
    fn leave_out(&mut self, block: &Arc<SourceBlock>, (reason, detail): Exclusion, units: &Units) {
        if let (true, Some(meta)) = (exclude::leaves_a_gap(reason, block), block.meta()) {
            self.gaps.push(Gap {
                block: block.id,
                unit: units.unit_of(&meta.block),
                rank: publish_rank(meta),
            });
        }
        self.excluded.push(Excluded {
            block: Arc::clone(block),
            reason,
            detail,
        });
    }
}

/// The blocks that were asked for, or planned, and that the source does not have. What the target holds of a plan is done.
fn absent_ids(source: &[Arc<SourceBlock>], target: &TargetIndex, rules: &Rules) -> Vec<BlockId> {
    if let Some(agreed) = &rules.agreed {
        return drift::not_in_target(drift::gone(agreed, source).collect(), target);
    }
    if rules.filter.ids.is_empty() {
        return Vec::new();
    }
    let present: BTreeSet<BlockId> = source.iter().map(|block| block.id).collect();
    rules.filter.ids.difference(&present).copied().collect()
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::facts::testing::{Builder, block, id, rules, source, target};
    use super::*;

    fn planned<const N: usize, const M: usize>(ours: [Builder; N], theirs: [Builder; M]) -> Plan {
        plan(&source(ours), &target(theirs), &rules(), "s3://cold")
    }

    fn outlook(plan: &Plan, last: char) -> Option<Outlook> {
        let selected = plan.selected.iter().find(|one| one.block.id == id(last));
        selected.map(|selected| selected.outlook)
    }

    #[test]
    fn blocks_come_by_unit_then_time_then_id() {
        let blocks = [
            block('A').range(20, 30),
            block('B').range(10, 20),
            block('C').range(10, 20).resolution(300_000),
            block('D').labels(&[("cluster", "a")]),
        ];
        let plan = planned(blocks, []);
        let order: Vec<_> = plan.selected.iter().map(|one| one.block.id).collect();
        assert_eq!(order, [id('D'), id('B'), id('C'), id('A')]);
    }

    #[test]
    fn gaps_hold_back_what_would_be_published_after_them() {
        let blocks = || {
            [
                block('A'),
                block('B').range(10, 20).without("index"),
                block('C').range(20, 30),
                block('D').range(0, 30).resolution(300_000).sources("ABC"),
            ]
        };
        let plan = planned(blocks(), []);
        assert_eq!(outlook(&plan, 'A'), Some(Outlook::Through));
        assert_eq!(outlook(&plan, 'C'), Some(Outlook::HeldBack(id('B'))));
        assert_eq!(outlook(&plan, 'D'), Some(Outlook::MarkDeferred(id('B'))));
        let published = planned(blocks(), [block('C').range(20, 30)]);
        assert_eq!(outlook(&published, 'C'), Some(Outlook::Through));
    }

    #[test]
    fn an_overlap_in_the_target_is_a_gap_too() {
        let blocks = [block('A'), block('B').range(10, 20)];
        let plan = planned(blocks, [block('Z').range(5, 8)]);
        assert_eq!(outlook(&plan, 'B'), Some(Outlook::HeldBack(id('A'))));
    }

    /// S-3.13
    #[test]
    fn an_object_that_the_target_cannot_take_is_a_conflict_and_a_gap() {
        let blocks = || {
            source([
                block('A').object("chunks/000002", 1000),
                block('B').range(10, 20),
            ])
        };
        for (most_bytes, action, other) in [
            (None, "copy", Outlook::Through),
            (Some(1000), "copy", Outlook::Through),
            (Some(999), "conflict", Outlook::HeldBack(id('A'))),
        ] {
            let target = target([]).with_largest_object(most_bytes);
            let plan = plan(&blocks(), &target, &rules(), "s3://cold");
            let first = plan.selected.first().unwrap();
            assert_eq!(first.action.as_str(), action, "{most_bytes:?}");
            assert_eq!(first.bytes_to_put == 0, action == "conflict");
            assert_eq!(outlook(&plan, 'B'), Some(other));
        }
    }

    /// S-11.2
    #[test]
    fn what_the_target_holds_of_a_block_is_kept() {
        for (theirs, kept) in [
            (
                block('A').without("meta.json"),
                vec!["chunks/000001", "index"],
            ),
            (
                block('A').without("meta.json").without("index"),
                vec!["chunks/000001"],
            ),
            (
                block('A').without("meta.json").object("index", 9),
                vec!["chunks/000001"],
            ),
            (block('B').range(10, 20), vec![]),
        ] {
            let plan = planned([block('A')], [theirs]);
            let first = plan.selected.first().unwrap();
            assert_eq!(first.action.as_str(), "copy");
            let names: Vec<&str> = first.kept.iter().map(|name| &**name).collect();
            assert_eq!(names, kept);
        }
    }

    /// S-4.8
    #[test]
    fn ids_that_are_absent_are_named() {
        let mut rules = rules();
        rules.filter.ids = [id('A'), id('B'), id('Z')].into();
        let blocks = source([block('A'), block('B').range(2000, 3000)]);
        let plan = plan(&blocks, &target([]), &rules, "s3://cold");
        assert_eq!(plan.absent_ids, [id('Z')]);
        assert_eq!(plan.selected.len(), 1);
    }

    /// S-5.12
    #[test]
    fn our_marks_are_borne_out_or_reported() {
        let ours = "migrated to s3://cold by thanos-bucket 0.1.0 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
        let elsewhere = ours.replace("cold", "other");
        let cover = || block('C').sources("AB").range(0, 20);
        for (details, theirs, expected) in [
            (ours, target([block('A')]), None),
            (
                ours,
                target([]),
                Some("chunks/000001 is missing, index is missing, meta.json is missing"),
            ),
            (
                ours,
                target([block('A').without("index")]),
                Some("index is missing"),
            ),
            (
                ours,
                target([block('A').object("deletion-mark.json", 9)]),
                Some("it is marked for deletion"),
            ),
            (ours, target([cover()]), None),
            (&elsewhere, target([]), None),
            ("by hand", target([]), None),
        ] {
            let blocks = source([block('A').marked(details)]);
            let plan = plan(&blocks, &theirs, &rules(), "s3://cold");
            let why = plan.not_held.first().map(|not_held| not_held.why.as_str());
            assert_eq!(why, expected, "{details}");
        }
    }

    /// S-7.2
    #[test]
    fn metas_of_the_target_are_read_only_when_they_decide() {
        let needs = |ours| needs_target_metas(&source([ours]), &target([]), &rules(), "s3://cold");
        assert!(needs(block('A')));
        assert!(!needs(block('A').range(2000, 3000)));
        assert!(!needs(block('A').marked("by hand")));
    }
}
