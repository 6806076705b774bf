//! Blocks that are brought back to where they moved away from: whoever moved them may do so again.

use std::collections::HashMap;

use super::facts::{Mark, TargetIndex};
use super::rules::{Purpose, Rules};
use super::shape::{Plan, Selected, Warning};
use crate::block::Labels;

/// The warning about blocks of the plan that a migration from the target to the source would move away again, as far as that is known: marks in the
/// target tell what moved to `source_name`, which is how they name the source; without such marks, a cutoff of this run tells what counts as old.
#[must_use]
pub fn moved_again(
    plan: &Plan,
    target: &TargetIndex,
    rules: &Rules,
    source_name: &str,
) -> Option<Warning> {
    if rules.purpose == Purpose::Move {
        return None;
    }
    let newest = newest_moved(target, source_name);
    let has_moved = |one: &Selected| {
        let block = &one.meta.block;
        let newest = newest.get(&block.group.labels);
        newest.is_some_and(|newest| block.min_time_ms <= *newest)
    };
    let moved = concerned(
        plan,
        "begin no later than a block of their labels that a run has moved from this target to this source: the next such run moves them away \
         again, unless its selector or its cutoff leaves them out",
        &has_moved,
    );
    moved.or_else(|| {
        rules.filter.cutoff?;
        concerned(
            plan,
            "are older than --older-than: where blocks of that age move away from the target, the next such run moves them away again",
            &|_| true,
        )
    })
}

/// Of each set of external labels, where the newest block begins that bears this tool's mark for `source_name`.
fn newest_moved<'a>(target: &'a TargetIndex, source_name: &str) -> HashMap<&'a Labels, i64> {
    let mut newest: HashMap<&Labels, i64> = HashMap::new();
    for there in target.iter() {
        let (Mark::Present(mark), Some(meta)) = (&there.mark, there.meta()) else {
            continue;
        };
        let ours = mark.provenance();
        if ours.is_some_and(|ours| ours.leads_to(source_name)) {
            let begins_ms = meta.block.min_time_ms;
            let newest = newest.entry(&meta.block.group.labels).or_insert(begins_ms);
            *newest = begins_ms.max(*newest);
        }
    }
    newest
}

fn concerned(plan: &Plan, text: &str, is: &dyn Fn(&Selected) -> bool) -> Option<Warning> {
    let to_be_there = plan
        .selected
        .iter()
        .filter(|one| one.action.put().is_some());
    let blocks: Vec<_> = to_be_there
        .filter(|one| one.goes_ahead() && is(one))
        .map(|one| one.block.id)
        .collect();
    (!blocks.is_empty()).then(|| Warning {
        name: "moved-again",
        text: text.to_owned(),
        blocks,
    })
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::plan::facts::testing::{Builder, block, id, rules, source};
    use crate::plan::plan;

    fn warned(
        theirs: Vec<Builder>,
        change: impl FnOnce(&mut Rules),
    ) -> Option<(String, Vec<crate::block::BlockId>)> {
        let mut rules = rules();
        rules.purpose = Purpose::Copy;
        rules.filter.cutoff = None;
        change(&mut rules);
        let ours = source([
            block('A'),
            block('B').range(20, 30),
            block('C').labels(&[("cluster", "us-1")]),
        ]);
        let theirs: TargetIndex = theirs.into_iter().map(Builder::target).collect();
        let plan = plan(&ours, &theirs, &rules, "s3://hot");
        let warning = moved_again(&plan, &theirs, &rules, "s3://cold");
        warning.map(|warning| (warning.text, warning.blocks))
    }

    fn marked(last: char, to: &str) -> Builder {
        block(last).marked(&format!(
            "migrated to {to} by thanos-bucket 0.1.0 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B"
        ))
    }

    /// S-14.5
    #[test]
    fn what_moved_this_way_before_and_what_is_older_is_warned_about() {
        let of_marks = |theirs| warned(theirs, |_| ());
        assert_eq!(of_marks(vec![]), None);
        let moved = vec![marked('Z', "s3://cold").range(10, 20)];
        let (text, blocks) = of_marks(moved).unwrap();
        assert!(text.starts_with("begin no later than"), "{text}");
        assert_eq!(blocks, [id('A')], "B is newer, and C of another cluster");
        assert_eq!(of_marks(vec![marked('Z', "s3://other")]), None);
        assert_eq!(
            of_marks(vec![block('Z').range(10, 20).marked("by hand")]),
            None
        );
        // What is not going to be there is not moved away.
        assert_eq!(of_marks(vec![marked('A', "s3://cold")]), None);
    }

    /// S-14.5
    #[test]
    fn a_cutoff_tells_what_is_old_and_a_migration_is_not_warned_about() {
        let cutoff = rules().filter.cutoff;
        let (text, blocks) = warned(vec![], |rules| rules.filter.cutoff = cutoff).unwrap();
        assert!(text.starts_with("are older than --older-than"), "{text}");
        assert_eq!(blocks.len(), 3);
        let moving = |rules: &mut Rules| {
            rules.filter.cutoff = cutoff;
            rules.purpose = Purpose::Move;
        };
        assert_eq!(
            warned(vec![marked('Z', "s3://cold").range(10, 20)], moving),
            None
        );
    }
}
