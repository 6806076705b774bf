//! How a run ended, which is its exit code.

use std::time::Duration;

use super::Outcome;
use super::concern::concerns;
use crate::error::{Error, Kind};
use crate::plan::{Plan, Rules};

/// What came of a plan.
#[derive(Debug)]
pub struct Results {
    /// One for each of the plan's selected blocks, in the same order.
    pub outcomes: Vec<Outcome>,
    /// Why the run had to stop, where it concerns a whole bucket.
    pub aborted: Option<String>,
    /// The signal that asked it to stop.
    pub signal: Option<Signal>,
    /// The limit that ended it before every block had its turn.
    pub limit: Option<Limit>,
    /// Whether every selected block had its turn.
    pub complete: bool,
    /// How long the run took.
    pub elapsed: Duration,
}

/// What asked the run to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Signal {
    /// As shells report it: 128 and the signal's number.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Signal::Interrupt => 130,
            Signal::Terminate => 143,
        }
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
        }
    }
}

/// What the operator bounds a run by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Its time.
    Duration,
    /// Its bytes.
    Bytes,
    /// Its failures.
    Failures,
}

impl Limit {
    /// The flag that sets it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Limit::Duration => "--max-duration",
            Limit::Bytes => "--max-bytes",
            Limit::Failures => "--max-failures",
        }
    }
}

/// How a run ended, and so the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Every selected block is moved or needed nothing.
    Done,
    /// The run could not begin, or had to stop: what stopped it concerns a whole bucket.
    Aborted,
    /// The command line or a configuration is wrong.
    Misused,
    /// Finished, but something needs a person.
    Attention,
    /// A signal asked for it.
    Stopped(Signal),
}

impl Ending {
    /// Of a run that an error keeps from its work; a signal that asked for it comes before the error that it made.
    #[must_use]
    pub fn of_error(err: &Error, asked: Option<Signal>) -> Self {
        match (err.kind(), asked) {
            (Kind::Usage, _) => Ending::Misused,
            (Kind::Cancelled, Some(signal)) => Ending::Stopped(signal),
            _ => Ending::Aborted,
        }
    }

    /// The exit code of the process.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Ending::Done => 0,
            Ending::Aborted => 1,
            Ending::Misused => 2,
            Ending::Attention => 3,
            Ending::Stopped(signal) => signal.exit_code(),
        }
    }
}

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
    use crate::outcome::BlockEnding;
    use crate::outcome::testing::{World, block, id, results};

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
