//! Every decision about blocks, made of values alone: which are left out and why, what happens to each of the others, and in which order.
//! Nothing here waits, reads a clock or touches a bucket.

mod agreed;
mod bring_back;
mod decide;
mod drift;
mod duplicate;
mod exclude;
mod facts;
mod hot;
mod left_behind;
mod look_back;
mod moved_again;
mod odd_mark;
mod order;
mod outlook;
mod overwritten;
mod relatives;
mod replica;
mod rules;
mod selected;
mod shape;
mod standing;
mod supersede;
mod take_back;
mod unit;
mod verified;
mod warning;

pub use agreed::{Agreed, AgreedBlock, Work};
pub use bring_back::{Among, Beside, BringBack, Candidate, Missing, NotBack, PastBlock, Recall};
pub use decide::{Action, Conflict, Put, objects_to_put};
pub use exclude::Reason;
pub use facts::{Mark, SourceBlock, SourceMeta, TargetBlock, TargetIndex, TargetMeta};
pub use left_behind::{
    Fate, Stays, fate_of_copy, fate_of_overwrite, fate_of_upload, kept, last_written, too_young,
    wholly_held,
};
pub use look_back::{NotHeld, all_not_held, to_be_read};
pub use moved_again::moved_again;
pub use order::{Rank, mark_rank, publish_rank};
pub use relatives::Relatives;
pub use replica::{Likeness, Replica, replica};
pub use rules::{Existing, NewMarks, PublishOrder, Purpose, Rules, Scope, Shard};
pub use shape::{Excluded, Gap, Outlook, Plan, Selected, Warning};
pub use standing::{Halt, Standing, standing};
pub use supersede::supersedes;
pub use take_back::{Refusal, TakeBack, Verdict, not_whole};
pub use unit::Unit;
pub use verified::{Neighbours, Note, Pair, State, Verified, judge, judge_alone};

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
        held_bytes: hot::held(source),
        ..Plan::default()
    };
    let mut came_to_selector = Vec::new();
    for block in source {
        let passed = drift::exclusion(block, &index, &units, rules);
        let came = |(reason, _): &Exclusion| *reason >= Reason::LabelExcluded;
        if passed.as_ref().err().is_none_or(came) {
            came_to_selector.push(block);
        }
        let decided = passed.and_then(|(meta, unit)| {
            let action = decide::decide(block, meta, target, &index, rules);
            match exclude::archived(block) {
                Some(why) if !action.needs_nothing_read() => {
                    return Err(drift::left_out_after_all(block, rules, why));
                }
                _ => {}
            }
            let selected = select(block, meta, unit, target, action);
            drift::other_work(&selected, rules).map_or(Ok(selected), Err)
        });
        match decided {
            Ok(selected) => plan.selected.push(selected),
            Err(exclusion) => {
                plan.not_held
                    .extend(look_back::not_held(block, target, target_name));
                plan.leave_out(block, exclusion, &units);
            }
        }
    }
    if let Some(agreed) = &rules.agreed {
        let gaps = drift::gaps(&plan, agreed, &units);
        plan.gaps.extend(gaps);
    }
    outlook::hold_back(&mut plan, rules.publish_order);
    if rules.purpose == Purpose::Move {
        duplicate::select_with_their_keepers(&mut plan, target, &index, &units);
        if let Some(agreed) = &rules.agreed {
            drift::judge_duplicates(&mut plan, agreed);
        }
    }
    overwritten::leave_to_what_is_put(&mut plan, target);
    if rules.purpose == Purpose::Move {
        outlook::defer_marks(&mut plan, &index);
        if let Some(most) = rules.hot_bytes {
            hot::keep(&mut plan, most.get());
        }
    }
    plan.selected.sort_unstable_by(|one, other| {
        let key = |selected: &Selected| (selected.meta.block.min_time_ms, selected.block.id);
        one.unit
            .cmp(&other.unit)
            .then_with(|| key(one).cmp(&key(other)))
    });
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

    /// S-4.12: nobody reads more than `meta.json` of a block whose samples another one of the target holds, or will hold when this run ends.
    #[test]
    fn a_block_that_has_to_be_restored_is_left_out_unless_another_one_covers_it() {
        let archived = || block('A').archived("index");
        let cover = || block('C').sources("AB").range(0, 20);
        let action = |ours: &[Builder], theirs: &[Builder]| {
            let ours: Vec<_> = ours.iter().flat_map(|one| source([one.clone()])).collect();
            let theirs = theirs.iter().map(|one| one.clone().target()).collect();
            let plan = plan(&ours, &theirs, &rules(), "s3://cold");
            let mut selected = plan.selected.iter();
            let selected = selected.find(|one| one.block.id == id('A'));
            let mut excluded = plan.excluded.iter();
            let excluded = excluded.find(|one| one.block.id == id('A'));
            let excluded = excluded.map(|one| one.reason.as_str());
            let is_gap = plan.gaps.iter().any(|gap| gap.block == id('A'));
            assert_eq!(is_gap, excluded == Some("unreadable"));
            excluded
                .or_else(|| selected.map(|one| one.action.as_str()))
                .unwrap()
        };
        let table = [
            (&[archived()][..], &[][..], "unreadable"),
            (&[archived()], &[block('A')], "unreadable"),
            (
                &[archived()],
                &[block('A').without("meta.json")],
                "unreadable",
            ),
            (&[archived()], &[cover()], "covered"),
            (&[archived()], &[cover().series(2)], "unreadable"),
            (&[archived()], &[cover().without("index")], "unreadable"),
            (&[archived(), cover()], &[], "covered"),
            (&[archived(), cover().archived("index")], &[], "duplicate"),
            // Of what has to be restored nothing is said that nobody asked about.
            (&[archived().labels(&[])], &[cover()], "no-labels"),
        ];
        for (row, (ours, theirs, expected)) in table.into_iter().enumerate() {
            assert_eq!(action(ours, theirs), expected, "row {row}");
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

    /// S-14.6
    #[test]
    fn a_block_is_left_out_for_another_only_where_that_one_is_copied() {
        let blocks = || {
            source([
                block('A'),
                block('B').range(10, 20),
                block('C').sources("AB").range(0, 20).level(2),
            ])
        };
        let copied = |change: &dyn Fn(&mut Rules)| {
            let mut rules = rules();
            rules.purpose = Purpose::Copy;
            change(&mut rules);
            let plan = plan(&blocks(), &target([]), &rules, "s3://cold");
            assert!(
                plan.selected
                    .iter()
                    .all(|one| one.outlook == Outlook::Through)
            );
            plan.selected
                .iter()
                .map(|one| one.block.id)
                .collect::<Vec<_>>()
        };
        assert_eq!(copied(&|_| ()), [id('C')]);
        assert_eq!(
            copied(&|rules| rules.filter.levels = [1].into()),
            [id('A'), id('B')]
        );
        assert_eq!(
            copied(&|rules| rules.filter.ids = [id('B')].into()),
            [id('B')]
        );
        // Where blocks move, it is marked in the same run.
        let moved = plan(&blocks(), &target([]), &rules(), "s3://cold");
        assert_eq!(moved.selected.len(), 3);
    }

    /// S-14.1
    #[test]
    fn what_is_copied_waits_for_no_mark() {
        let mut rules = rules();
        rules.purpose = Purpose::Copy;
        rules.filter.resolutions_ms = [300_000].into();
        let blocks = source([block('A'), block('D').resolution(300_000).sources("A")]);
        let plan = plan(&blocks, &target([]), &rules, "s3://cold");
        assert_eq!(outlook(&plan, 'D'), Some(Outlook::Through));
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
