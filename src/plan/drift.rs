//! What is no longer as the plan that is carried out says of it: it is left to a person.

use std::collections::HashSet;
use std::sync::Arc;

use super::agreed::{Agreed, AgreedBlock, Work};
use super::decide::{Action, Put};
use super::exclude::{self, Exclusion, Reason};
use super::facts::{Mark, SourceBlock, SourceIndex, SourceMeta, TargetIndex};
use super::order::publish_place;
use super::rules::Rules;
use super::shape::{Gap, Plan, Selected};
use super::unit::{Unit, Units};
use crate::block::{BlockId, Contents, MetaFile};

/// The meta and the unit of a block that passes and is what the plan says, where one is carried out; or why it is left out.
pub(super) fn exclusion<'a>(
    block: &'a SourceBlock,
    source: &SourceIndex<'_>,
    units: &Units,
    rules: &Rules,
) -> Result<(&'a Arc<MetaFile>, Unit), Exclusion> {
    let judged = exclude::exclusion(block, source, units, rules);
    let Some((agreed, planned)) = rules.agreed_on(block.id) else {
        return judged;
    };
    let (meta, unit) = judged.map_err(|exclusion| left_out(planned, block, agreed, exclusion))?;
    drift(planned, block, meta, agreed).map_or(Ok((meta, unit)), Err)
}

/// Why a block that passed is left out after all, as the plan that is carried out sees it.
pub(super) fn left_out_after_all(
    block: &SourceBlock,
    rules: &Rules,
    exclusion: Exclusion,
) -> Exclusion {
    match rules.agreed_on(block.id) {
        Some((agreed, planned)) => left_out(planned, block, agreed, exclusion),
        None => exclusion,
    }
}

/// Why what is decided for the block now is not what the plan does.
pub(super) fn other_work(selected: &Selected, rules: &Rules) -> Option<Exclusion> {
    let (_, AgreedBlock { work, .. }) = rules.agreed_on(selected.block.id)?;
    let action = &selected.action;
    if is_done_by(*work, action) {
        return None;
    }
    let (planned, now) = (work.as_str(), action.as_str());
    let detail = action.detail().map(|detail| format!(" ({detail})"));
    let detail = detail.unwrap_or_default();
    Some(drifted(format!(
        "the plan was {planned}, and it would be {now} now{detail}"
    )))
}

/// The blocks that the source no longer has.
pub(super) fn gone<'a>(
    agreed: &'a Agreed,
    source: &'a [Arc<SourceBlock>],
) -> impl Iterator<Item = BlockId> + 'a {
    let ids = agreed.blocks().iter().map(|block| block.id);
    ids.filter(|id| source.binary_search_by_key(id, |block| block.id).is_err())
}

/// Duplicates that the plan marks and that nothing covers are not what the plan says.
pub(super) fn judge_duplicates(plan: &mut Plan, agreed: &Agreed) {
    for excluded in &mut plan.excluded {
        if excluded.reason == Reason::Duplicate && agreed.get(excluded.block.id).is_some() {
            let of = excluded.detail.as_deref().unwrap_or_default();
            let why =
                format!("the plan was covered, and it is a duplicate {of}, which does not move");
            (excluded.reason, excluded.detail) = drifted(why);
        }
    }
}

/// The places in units that stay empty for what has drifted, by what the plan says of it: what comes after it is held back, though nobody may be able
/// to read it now. What is gone, or going, leaves none: it will not come under its id, and what holds its samples is another block.
pub(super) fn gaps(plan: &Plan, agreed: &Agreed, units: &Units) -> Vec<Gap> {
    let drifted = plan.excluded.iter();
    let drifted = drifted.filter(|one| one.reason == Reason::Drifted);
    let may_come = drifted.filter(|one| !matches!(one.block.meta, SourceMeta::Absent));
    let places = may_come.filter_map(|one| agreed.get(one.block.id));
    let gap = |block: &AgreedBlock| Gap {
        block: block.id,
        unit: units.unit_at(&block.group.labels, block.min_time_ms),
        rank: publish_place(block.group.resolution_ms, block.min_time_ms, block.id),
    };
    places.map(gap).collect()
}

fn drifted(why: String) -> Exclusion {
    (Reason::Drifted, Some(why))
}

/// Those of the blocks that the target does not hold: neither under their ids, nor in blocks that were made of them.
pub(super) fn not_in_target(gone: Vec<BlockId>, target: &TargetIndex) -> Vec<BlockId> {
    if gone.is_empty() {
        return gone;
    }
    let mut held = HashSet::new();
    for there in target.iter().filter(|one| !one.objects().is_marked()) {
        let Some(meta) = there.meta() else { continue };
        held.insert(there.id);
        held.extend(meta.block.sources.iter().copied());
        held.extend(meta.block.details.get().parents);
    }
    gone.into_iter().filter(|id| !held.contains(id)).collect()
}

/// Whether the block bears a mark of this tool that leads to the plan's target: the work on it is done.
fn has_marked(agreed: &Agreed, block: &SourceBlock) -> bool {
    block.is_marked_for(agreed.target())
}

/// Why a block that the rules leave out for this reason is not what the plan says; the same reason where it says that the work is done, or
/// is another's.
fn left_out(
    planned: &AgreedBlock,
    block: &SourceBlock,
    agreed: &Agreed,
    (reason, detail): Exclusion,
) -> Exclusion {
    let waits_for_its_keeper = reason == Reason::Duplicate && planned.work == Work::Covered;
    if reason == Reason::ShardExcluded || waits_for_its_keeper || has_marked(agreed, block) {
        return (reason, detail);
    }
    drifted(match detail {
        Some(detail) => format!("it is {reason} now: {detail}"),
        None => format!("it is {reason} now"),
    })
}

/// Why a block that the rules take is not what the plan says.
fn drift(
    planned: &AgreedBlock,
    block: &SourceBlock,
    meta: &MetaFile,
    agreed: &Agreed,
) -> Option<Exclusion> {
    match (&block.mark, planned.is_marked) {
        (Mark::Present(mark), false) if has_marked(agreed, block) => {
            let details = mark.details().to_owned();
            return Some((Reason::MarkedForDeletion, Some(details)));
        }
        (Mark::Present(mark), false) => {
            let details = mark.details();
            return Some(drifted(format!("it is marked for deletion now: {details}")));
        }
        (Mark::Absent, true) => {
            return Some(drifted("its deletion mark is gone".to_owned()));
        }
        _ => {}
    }
    let now = Contents::of(meta, &block.objects());
    let changed = planned.contents.changed(&now)?;
    Some(drifted(format!("since the plan was made, {changed}")))
}

/// Whether this action is that work, or what a run that was killed in the midst of it has left to do.
fn is_done_by(work: Work, action: &Action) -> bool {
    match (work, action) {
        (Work::Copy, Action::Copy(_) | Action::AlreadyThere(_))
        | (Work::AlreadyThere, Action::AlreadyThere(_))
        | (Work::Repair, Action::Repair(_) | Action::AlreadyThere(_))
        | (
            Work::Overwrite,
            Action::Overwrite(_)
            | Action::Copy(Put::All)
            | Action::Repair(Put::All)
            | Action::AlreadyThere(_),
        )
        | (Work::Covered, Action::Covered(_) | Action::CoveredLater { .. }) => true,
        (Work::Copy | Work::AlreadyThere | Work::Repair | Work::Overwrite | Work::Covered, _) => {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::block::NO_COMPACT_MARK;
    use crate::plan::facts::testing::{Builder, block, id, rules};
    use crate::plan::{Outlook, plan};
    use crate::select::Filter;

    const OURS: &str =
        "migrated to s3://cold by thanos-bucket 0.1.0 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";

    fn planned(ours: &[Builder], theirs: &[Builder], rules: &Rules) -> Plan {
        let ours: Vec<_> = ours
            .iter()
            .map(|one| Arc::new(one.clone().source()))
            .collect();
        let theirs = theirs.iter().map(|one| one.clone().target()).collect();
        plan(&ours, &theirs, rules, "s3://cold")
    }

    /// The rules by which that plan is carried out.
    fn agreed(plan: &Plan, rules: &Rules) -> Rules {
        let acting = plan.selected.iter().filter(|one| one.goes_ahead());
        let blocks = acting.map(|one| AgreedBlock {
            id: one.block.id,
            work: Work::ALL
                .into_iter()
                .find(|work| work.as_str() == one.action.as_str())
                .unwrap(),
            is_marked: one.bears_a_mark(),
            contents: Contents::of(&one.meta, &one.block.objects()),
            group: one.meta.block.group.clone(),
            min_time_ms: one.meta.block.min_time_ms,
        });
        let agreed = Agreed::new("s3://cold".to_owned(), blocks.collect()).unwrap();
        Rules {
            filter: Filter::default(),
            agreed: Some(Arc::new(agreed)),
            ..rules.clone()
        }
    }

    /// What becomes of the block of that letter: its action, or why it is left out.
    fn word(plan: &Plan, last: char) -> String {
        let selected = plan.selected.iter().find(|one| one.block.id == id(last));
        let excluded = plan.excluded.iter().find(|one| one.block.id == id(last));
        match (selected, excluded) {
            (Some(selected), None) => selected.action.as_str().to_owned(),
            (None, Some(excluded)) => excluded.reason.as_str().to_owned(),
            _ => "nothing".to_owned(),
        }
    }

    fn outlooks(plan: &Plan) -> Vec<Outlook> {
        plan.selected.iter().map(|one| one.outlook).collect()
    }

    fn words(plan: &Plan, letters: &str) -> Vec<String> {
        letters.chars().map(|last| word(plan, last)).collect()
    }

    /// S-17.4
    #[test]
    fn a_plan_takes_its_blocks_and_no_others() {
        let ours = || {
            vec![
                block('A'),
                block('B').range(10, 20),
                block('C').labels(&[("cluster", "b")]),
                block('D').labels(&[("cluster", "c")]),
            ]
        };
        let theirs = [
            block('C').labels(&[("cluster", "b")]),
            block('D').labels(&[("cluster", "c")]).level(2),
        ];
        let rules = agreed(&planned(&ours(), &theirs, &rules()), &rules());
        let with_new = [
            ours(),
            vec![block('E').range(20, 30), block('F').range(2000, 3000)],
        ];
        let again = planned(&with_new.concat(), &theirs, &rules);
        assert_eq!(
            words(&again, "ABCDEF"),
            [
                "copy",
                "copy",
                "already-there",
                "not-in-plan",
                "not-in-plan",
                "not-in-plan"
            ]
        );
        assert!(again.absent_ids.is_empty() && again.gaps.is_empty());
    }

    /// S-17.5: whatever is not as it was is left to a person, and holds back what comes after it.
    #[test]
    fn what_is_another_than_planned_has_drifted() {
        let later = || block('Z').range(20, 30);
        let first = planned(&[block('A'), later()], &[], &rules());
        let rules = agreed(&first, &rules());
        for (what, now, theirs) in [
            ("meta.json", block('A').series(9), vec![]),
            ("size", block('A').object("index", 4), vec![]),
            ("one more", block('A').object("tombstones", 4), vec![]),
            ("lost", block('A').without("index"), vec![]),
            ("archived", block('A').archived("index"), vec![]),
            ("marked", block('A').marked("by hand"), vec![]),
            ("conflict", block('A'), vec![block('A').level(2)]),
            ("torn", block('A'), vec![block('A').without("index")]),
            (
                "covered",
                block('A'),
                vec![block('C').sources("AB").range(0, 20)],
            ),
            ("overlap", block('A'), vec![block('C').range(5, 8)]),
        ] {
            let again = planned(&[now, later()], &theirs, &rules);
            assert_eq!(word(&again, 'A'), "drifted", "{what}");
            let outlook = again.selected.iter().find(|one| one.block.id == id('Z'));
            let outlook = outlook.map(|one| one.outlook);
            assert_eq!(outlook, Some(Outlook::HeldBack(id('A'))), "{what}");
        }
        // Elsewhere by its meta.json of now, which is not where the plan had it.
        let moved = block('A').labels(&[("cluster", "b")]);
        let again = planned(&[moved, later()], &[], &rules);
        assert_eq!(word(&again, 'A'), "drifted");
        assert_eq!(outlooks(&again), [Outlook::HeldBack(id('A'))]);
        for (meta, outlook) in [
            (
                SourceMeta::Unreadable("denied".into()),
                Outlook::HeldBack(id('A')),
            ),
            (
                SourceMeta::Corrupted("no JSON".into()),
                Outlook::HeldBack(id('A')),
            ),
            (SourceMeta::Absent, Outlook::Through),
        ] {
            let [now, later] = [block('A'), later()].map(Builder::source);
            let now = SourceBlock { meta, ..now };
            let blocks = [now, later].map(Arc::new);
            let again = plan(&blocks, &TargetIndex::default(), &rules, "s3://cold");
            assert_eq!(word(&again, 'A'), "drifted");
            assert_eq!(outlooks(&again), [outlook]);
        }
        let compacted = block('C').sources("AZ").range(0, 30);
        let again = planned(&[block('A'), later(), compacted], &[], &rules);
        assert_eq!(words(&again, "AZC"), ["drifted", "drifted", "not-in-plan"]);
    }

    /// S-17.5: marks of other kinds are not what a block holds.
    #[test]
    fn a_mark_against_compaction_is_no_drift() {
        let rules = agreed(&planned(&[block('A')], &[], &rules()), &rules());
        let again = planned(&[block('A').object(NO_COMPACT_MARK, 9)], &[], &rules);
        assert_eq!(word(&again, 'A'), "copy");
    }

    /// S-17.6
    #[test]
    fn what_an_earlier_run_of_the_plan_has_done_is_no_drift() {
        let first = planned(&[block('A'), block('B').range(10, 20)], &[], &rules());
        let rules = agreed(&first, &rules());
        let part = block('A').without("meta.json").without("index");
        for (now, theirs, expected) in [
            (vec![block('A')], vec![part], "copy"),
            (vec![block('A')], vec![block('A')], "already-there"),
            (
                vec![block('A').marked(OURS)],
                vec![block('A')],
                "marked-for-deletion",
            ),
            (
                vec![block('A').marked(OURS).without("meta.json")],
                vec![block('A')],
                "no-meta-json",
            ),
            (vec![], vec![block('A')], "nothing"),
            (
                vec![],
                vec![block('C').sources("AX").range(0, 10)],
                "nothing",
            ),
        ] {
            let again = planned(
                &[now, vec![block('B').range(10, 20)]].concat(),
                &theirs,
                &rules,
            );
            assert_eq!(word(&again, 'A'), expected);
            assert!(
                again.absent_ids.is_empty() && again.gaps.is_empty(),
                "{expected}"
            );
        }
    }

    /// S-17.6
    #[test]
    fn what_is_gone_from_both_buckets_is_named() {
        let first = planned(&[block('A'), block('B').range(10, 20)], &[], &rules());
        let rules = agreed(&first, &rules());
        let torn = block('A').without("meta.json");
        let marked = block('A').marked("by hand");
        for theirs in [vec![], vec![torn], vec![marked]] {
            let again = planned(&[block('B').range(10, 20)], &theirs, &rules);
            assert_eq!(again.absent_ids, [id('A')]);
            assert!(again.gaps.is_empty());
        }
    }

    /// S-17.5
    #[test]
    fn duplicates_move_with_their_keepers_or_have_drifted() {
        let keeper = || block('K').sources("AB").range(0, 20);
        let first = planned(&[block('A'), keeper()], &[], &rules());
        assert_eq!(words(&first, "AK"), ["covered", "copy"]);
        let rules = agreed(&first, &rules());
        let again = planned(&[block('A'), keeper()], &[], &rules);
        assert_eq!(words(&again, "AK"), ["covered", "copy"]);
        let other = keeper().object("tombstones", 4);
        let again = planned(&[block('A'), other], &[], &rules);
        assert_eq!(words(&again, "AK"), ["drifted", "drifted"]);
        let done = planned(&[block('A'), keeper().marked(OURS)], &[keeper()], &rules);
        assert_eq!(words(&done, "AK"), ["covered", "marked-for-deletion"]);
    }

    /// S-17.2
    #[test]
    fn a_block_takes_little_memory() {
        assert_eq!(size_of::<AgreedBlock>(), 112);
    }

    #[test]
    fn an_overwrite_that_was_killed_goes_on() {
        for (now, is_same) in [
            (Action::Copy(Put::All), true),
            (Action::Repair(Put::All), true),
            (Action::AlreadyThere(Put::Unproven), true),
            (Action::Copy(Put::Differing), false),
            (Action::Repair(Put::Differing), false),
        ] {
            assert_eq!(is_done_by(Work::Overwrite, &now), is_same, "{now:?}");
        }
    }
}
