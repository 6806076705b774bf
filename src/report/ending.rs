//! How a run ended, which is its exit code.

use super::concern::concerns;
use super::{Ending, Results};
use crate::plan::{Plan, Rules};

/// Without results the ending that the plan foretells; with them, what came of it.
///
/// What stopped a run comes before what a person must look at: a stopped run has not seen everything.
#[must_use]
pub fn ending(plan: &Plan, rules: &Rules, results: Option<&Results>) -> Ending {
    if results.map_or(plan.obstacle.is_some(), |results| results.aborted.is_some()) {
        Ending::Aborted
    } else if let Some(signal) = results.and_then(|results| results.signal) {
        Ending::Stopped(signal)
    } else if concerns(plan, rules, results).next().is_some() {
        Ending::Attention
    } else {
        Ending::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{World, block, id, results};
    use crate::report::{BlockEnding, Signal};

    /// S-2.4
    #[test]
    fn a_plan_ends_as_it_says_itself() {
        let marked = "migrated to s3://cold by thanos-bucket 0.1.0 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
        for (world, expected) in [
            (World::of([]), Ending::Done),
            (World::of([block(1)]), Ending::Done),
            (World::of([block(1).younger()]), Ending::Done),
            (World::of([block(1).without("index")]), Ending::Attention),
            (World::of([block(1)]).asking_for([1, 2]), Ending::Attention),
            (
                World::of([block(1), block(2).younger()]).asking_for([1, 2]),
                Ending::Attention,
            ),
            (
                World::of([block(1)]).holding([block(1).level(2)]),
                Ending::Attention,
            ),
            (World::of([block(1).marked(marked)]), Ending::Attention),
            (
                World::of([block(1).marked(marked)]).holding([block(1)]),
                Ending::Done,
            ),
        ] {
            let plan = world.plan();
            assert_eq!(ending(&plan, &world.rules, None), expected);
        }
    }

    #[test]
    fn outcomes_come_in_the_place_of_what_was_planned() {
        let world = World::of([block(1), block(2).hours(2, 4)]).holding([block(1).level(2)]);
        let plan = world.plan();
        let ending = |endings: &[BlockEnding]| {
            let results = results(endings);
            ending(&plan, &world.rules, Some(&results))
        };
        let migrated = BlockEnding::Migrated;
        assert_eq!(
            ending(&[BlockEnding::Conflict, migrated]),
            Ending::Attention
        );
        assert_eq!(ending(&[BlockEnding::Vanished, migrated]), Ending::Done);
        assert_eq!(ending(&[migrated, BlockEnding::Failed]), Ending::Attention);
        assert_eq!(ending(&[migrated, BlockEnding::NotFinished]), Ending::Done);
    }

    #[test]
    fn what_is_wrong_with_the_source_stays_wrong_whatever_the_outcomes() {
        let world = World::of([block(1), block(2).hours(2, 4).without("index")]);
        let results = results(&[BlockEnding::Migrated]);
        let plan = world.plan();
        assert_eq!(plan.excluded.first().map(|one| one.block.id), Some(id(2)));
        assert_eq!(
            ending(&plan, &world.rules, Some(&results)),
            Ending::Attention
        );
    }

    /// S-2.4
    #[test]
    fn what_stopped_a_run_comes_first() {
        let world = World::of([block(1)]);
        let plan = world.plan();
        let mut results = results(&[BlockEnding::Failed]);
        results.signal = Some(Signal::Terminate);
        assert_eq!(ending(&plan, &world.rules, Some(&results)).exit_code(), 143);
        results.aborted = Some("write to s3://cold: no space".to_owned());
        assert_eq!(ending(&plan, &world.rules, Some(&results)).exit_code(), 1);
    }
}
