//! How a run exits.

use super::concern::concerns;
use super::run::Results;
use crate::exit::Exit;
use crate::plan::{Plan, Rules};

/// How a run exits, by its results; without results how it would exit, as far as its plan can tell.
///
/// What stopped a run comes before what a person must look at: a stopped run has not seen everything.
#[must_use]
pub fn exit_of(plan: &Plan, rules: &Rules, results: Option<&Results>) -> Exit {
    if results.map_or(plan.obstacle.is_some(), |results| results.aborted.is_some()) {
        Exit::Aborted
    } else if let Some(signal) = results.and_then(|results| results.signal) {
        Exit::Stopped(signal)
    } else if concerns(plan, rules, results).next().is_some() {
        Exit::Attention
    } else {
        Exit::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Signal;
    use crate::outcome::BlockEnding;
    use crate::outcome::testing::{World, block, id, results};

    /// S-2.4
    #[test]
    fn a_plan_ends_as_it_says_itself() {
        let marked = "migrated to s3://cold by thanos-bucket 0.1.0 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
        for (world, expected) in [
            (World::of([]), Exit::Done),
            (World::of([block(1)]), Exit::Done),
            (World::of([block(1).younger()]), Exit::Done),
            (World::of([block(1).without("index")]), Exit::Attention),
            (World::of([block(1)]).asking_for([1, 2]), Exit::Attention),
            (
                World::of([block(1), block(2).younger()]).asking_for([1, 2]),
                Exit::Attention,
            ),
            (
                World::of([block(1)]).holding([block(1).level(2)]),
                Exit::Attention,
            ),
            (World::of([block(1).marked(marked)]), Exit::Attention),
            (
                World::of([block(1).marked(marked)]).holding([block(1)]),
                Exit::Done,
            ),
        ] {
            let plan = world.plan();
            assert_eq!(exit_of(&plan, &world.rules, None), expected);
        }
    }

    #[test]
    fn outcomes_come_in_the_place_of_what_was_planned() {
        let world = World::of([block(1), block(2).hours(2, 4)]).holding([block(1).level(2)]);
        let plan = world.plan();
        let exit = |endings: &[BlockEnding]| {
            let results = results(endings);
            exit_of(&plan, &world.rules, Some(&results))
        };
        let migrated = BlockEnding::Migrated;
        assert_eq!(exit(&[BlockEnding::Conflict, migrated]), Exit::Attention);
        assert_eq!(exit(&[BlockEnding::Vanished, migrated]), Exit::Done);
        assert_eq!(exit(&[migrated, BlockEnding::Failed]), Exit::Attention);
        assert_eq!(exit(&[migrated, BlockEnding::NotFinished]), Exit::Done);
    }

    #[test]
    fn what_is_wrong_with_the_source_stays_wrong_whatever_the_outcomes() {
        let world = World::of([block(1), block(2).hours(2, 4).without("index")]);
        let results = results(&[BlockEnding::Migrated]);
        let plan = world.plan();
        assert_eq!(plan.excluded.first().map(|one| one.block.id), Some(id(2)));
        assert_eq!(
            exit_of(&plan, &world.rules, Some(&results)),
            Exit::Attention
        );
    }

    /// S-2.4
    #[test]
    fn what_stopped_a_run_comes_first() {
        let world = World::of([block(1)]);
        let plan = world.plan();
        let mut results = results(&[BlockEnding::Failed]);
        results.signal = Some(Signal::Terminate);
        let stopped = Exit::Stopped(Signal::Terminate);
        assert_eq!(exit_of(&plan, &world.rules, Some(&results)), stopped);
        results.aborted = Some("write to s3://cold: no space".to_owned());
        assert_eq!(exit_of(&plan, &world.rules, Some(&results)), Exit::Aborted);
    }
}
