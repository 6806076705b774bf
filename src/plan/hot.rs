//! How many bytes the source may hold: of what the filters select, the oldest goes until it holds no more, and the rest stays.

use std::collections::HashSet;
use std::sync::Arc;

use super::decide::Action;
use super::exclude::Reason;
use super::facts::{Mark, SourceBlock};
use super::shape::{Excluded, Outlook, Plan, Selected};
use crate::block::BlockId;

/// The bytes of every block of the source that bears no mark, whether a filter takes it or not: what is marked is about to go.
pub(super) fn held(source: &[Arc<SourceBlock>]) -> u64 {
    let live = source
        .iter()
        .filter(|block| !matches!(block.mark, Mark::Present(_)));
    let bytes = live.map(|block| block.objects().block_bytes());
    bytes.fold(0, u64::saturating_add)
}

/// Leaves out of a plan, of which all else is decided, what has not to go for the source to hold no more than `most` bytes.
///
/// Blocks that begin at the same time go together, and so does what the mark of one of them waits for: its coarser and finer forms are no use alone.
pub(super) fn keep(plan: &mut Plan, most: u64) {
    let mut excess = plan.held_bytes.saturating_sub(most);
    let begins = |selected: &Selected| selected.meta.block.min_time_ms;
    let mut oldest: Vec<&Selected> = plan.selected.iter().collect();
    oldest.sort_by_key(|selected| (begins(selected), selected.block.id));
    // What was begun is finished, and what is about to be deleted is saved.
    let begun = oldest.iter().filter(|selected| is_begun(selected));
    let mut go: HashSet<BlockId> = begun.clone().map(|selected| selected.block.id).collect();
    let freed = begun.map(|selected| frees(selected));
    excess = excess.saturating_sub(freed.fold(0, u64::saturating_add));
    oldest.retain(|selected| !is_begun(selected));
    for of_one_time in oldest.chunk_by(|one, other| begins(one) == begins(other)) {
        if excess == 0 {
            break;
        }
        go.extend(of_one_time.iter().map(|selected| selected.block.id));
        let freed = of_one_time.iter().map(|selected| frees(selected));
        excess = excess.saturating_sub(freed.fold(0, u64::saturating_add));
    }
    while let Some(more) = waited_for(plan, &go) {
        go.extend(more);
    }
    let (go, stay) = std::mem::take(&mut plan.selected)
        .into_iter()
        .partition(|selected| go.contains(&selected.block.id));
    plan.selected = go;
    plan.excluded
        .extend(stay.into_iter().map(|selected: Selected| Excluded {
            block: selected.block,
            reason: Reason::WithinHotBytes,
            detail: None,
        }));
    plan.excluded
        .sort_unstable_by_key(|excluded| excluded.block.id);
}

/// Whether the target holds some of it already, or it bears a mark: left as it is, two compactors would each make something of it.
fn is_begun(selected: &Selected) -> bool {
    let is_there = matches!(
        selected.action,
        Action::AlreadyThere(_) | Action::Repair(_) | Action::Covered(_)
    );
    is_there || !selected.kept.is_empty() || selected.bears_a_mark()
}

/// How many bytes of the source its mark frees, as far as the plan can tell.
fn frees(selected: &Selected) -> u64 {
    let is_marked = selected.goes_ahead() && selected.outlook == Outlook::Through;
    if is_marked && !selected.bears_a_mark() {
        selected.block.objects().block_bytes()
    } else {
        0
    }
}

/// Selected blocks that are not among those that go, and that one of these waits for; `None` where there are none.
fn waited_for(plan: &Plan, go: &HashSet<BlockId>) -> Option<Vec<BlockId>> {
    let selected: HashSet<BlockId> = plan.selected.iter().map(|one| one.block.id).collect();
    let going = plan
        .selected
        .iter()
        .filter(|one| go.contains(&one.block.id));
    let wanted = going.flat_map(|one| {
        let keeper = match one.action {
            Action::CoveredLater { by } => Some(by),
            _ => None,
        };
        one.finer_kin.iter().copied().chain(keeper)
    });
    let more: Vec<BlockId> = wanted
        .filter(|id| selected.contains(id) && !go.contains(id))
        .collect();
    (!more.is_empty()).then_some(more)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::num::NonZeroU64;

    use super::*;
    use crate::plan::facts::testing::{Builder, block, id, rules, source, target};
    use crate::plan::plan;

    /// Each has 15 bytes of its own and so many more.
    fn sized(last: char, min: i64, more: u64) -> Builder {
        block(last)
            .range(min, min + 10)
            .object("chunks/000002", more)
    }

    fn moved<const N: usize, const M: usize>(
        blocks: [Builder; N],
        held: [Builder; M],
        most: u64,
    ) -> (String, Plan) {
        let mut rules = rules();
        rules.hot_bytes = NonZeroU64::new(most);
        let plan = plan(&source(blocks), &target(held), &rules, "s3://cold");
        let mut moved: Vec<char> = plan
            .selected
            .iter()
            .filter_map(|one| one.block.id.to_string().chars().last())
            .collect();
        moved.sort_unstable();
        (moved.into_iter().collect(), plan)
    }

    /// S-23.10
    #[test]
    fn the_oldest_goes_until_the_source_holds_no_more_than_it_may() {
        let three = || [sized('C', 20, 85), sized('A', 0, 85), sized('B', 10, 85)];
        for (most, expected) in [
            (301, ""),
            (300, ""),
            (299, "A"),
            (200, "A"),
            (199, "AB"),
            (100, "AB"),
            (1, "ABC"),
        ] {
            let (moved, plan) = moved(three(), [], most);
            assert_eq!(moved, expected, "{most}");
            assert_eq!(plan.held_bytes, 300);
            let kept = plan.excluded.iter();
            assert!(kept.clone().all(|one| one.reason == Reason::WithinHotBytes));
            assert_eq!(kept.count(), 3 - expected.len());
        }
    }

    /// S-23.10
    #[test]
    fn what_filters_leave_out_counts_and_what_is_marked_does_not() {
        let young = || sized('D', 2000, 85);
        let marked = || sized('E', 0, 85).marked("");
        let old = || sized('A', 0, 85);
        assert_eq!(moved([old(), young()], [], 200).0, "");
        assert_eq!(moved([old(), young()], [], 199).0, "A");
        assert_eq!(moved([old(), young()], [], 1).0, "A");
        assert_eq!(moved([old(), marked()], [], 100).0, "");
        assert_eq!(moved([old(), marked()], [], 99).0, "A");
    }

    /// S-23.10
    #[test]
    fn what_goes_in_vain_frees_nothing() {
        let two = || [sized('A', 0, 85), sized('B', 40, 85)];
        let other = sized('A', 0, 85).series(9);
        let (conflict, plan) = moved(two(), [other], 150);
        assert_eq!(conflict, "AB");
        assert!(matches!(
            plan.selected.first().unwrap().action,
            Action::Conflict(_)
        ));
        assert_eq!(moved(two(), [], 150).0, "A");
    }

    /// S-23.10
    #[test]
    fn what_was_begun_is_finished_however_much_the_source_may_hold() {
        let three = || [sized('A', 0, 85), sized('B', 20, 85), sized('C', 40, 85)];
        assert_eq!(moved(three(), [sized('C', 40, 85)], 1000).0, "C");
        // It counts as freed.
        assert_eq!(moved(three(), [sized('C', 40, 85)], 200).0, "C");
        assert_eq!(moved(three(), [sized('C', 40, 85)], 199).0, "AC");
        let part = sized('B', 20, 85).without("meta.json").without("index");
        assert_eq!(moved(three(), [part], 1000).0, "B");
        let mut rules = rules();
        rules.hot_bytes = NonZeroU64::new(1000);
        rules.scope = crate::plan::Scope::Marked;
        let marked = source([block('A').marked("by hand"), block('B').range(20, 30)]);
        let plan = plan(&marked, &target([]), &rules, "s3://cold");
        let saved: Vec<BlockId> = plan.selected.iter().map(|one| one.block.id).collect();
        assert_eq!(saved, [id('A')]);
    }

    /// S-23.10
    #[test]
    fn what_a_mark_waits_for_goes_along() {
        let coarse = block('D').resolution(300_000).sources("AB").range(0, 40);
        let blocks = [
            block('A').range(0, 20),
            block('B').range(20, 40),
            block('C').range(50, 60),
            coarse,
        ];
        let (moved, plan) = moved(blocks, [], 45);
        assert_eq!(moved, "ABD");
        let through = |one: &Selected| one.outlook == Outlook::Through;
        assert!(plan.selected.iter().all(through));
        assert_eq!(plan.excluded.first().unwrap().block.id, id('C'));
    }
}
