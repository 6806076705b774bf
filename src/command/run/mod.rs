//! `run`: repeats migrations by a policy, one cycle at a time, until it is told to end. What is written where is `migrate`'s business: each rule of each
//! cycle is a run of that.

mod policy;
mod runs;
mod worker;

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tracing::warn;

use crate::audit::Blank;
use crate::board::{Board, Deed};
use crate::engine::Stop;
use crate::error::{Error, Kind, Result};
use crate::exit::Exit;
use crate::verb::clocks::Clock;
use runs::verb;
use worker::Worker;

pub use policy::{Asking, Loaded, Policy, Print, Rule};

/// Everything that `run` was asked to do.
pub struct Request {
    /// Reads the policy as it is now.
    pub load: Arc<dyn Fn(DateTime<Utc>) -> Loaded + Send + Sync>,
    /// How long it goes on.
    pub until: Until,
    /// The trail of a run of that subcommand, by the rule of that name.
    pub trail: Box<dyn Fn(&str, &str) -> Result<Blank> + Send + Sync>,
    /// Is told when the policy is to be read again.
    pub reload: Arc<Notify>,
    /// A number from 0 to 1, another one each time.
    pub chance: Box<dyn Fn() -> f64 + Send + Sync>,
}

/// How long it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// The policy is judged, and nothing is contacted.
    Judged,
    /// One cycle has ended.
    OneCycle,
    /// It is told to end.
    Stopped,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

/// Runs it. Nothing comes to `stdout` but the verdict on a policy that is only judged.
///
/// Errors: what keeps it from beginning, with nothing contacted: of kind [`Kind::Usage`] a policy in which something is wrong, with an error for
/// each fault.
pub async fn run(
    request: Request,
    clock: Clock,
    stop: &Stop,
    stdout: &mut (dyn Write + Send),
) -> Result<Exit> {
    let Loaded { print, policy } = (request.load)(clock());
    let policy = policy.map_err(|faults| {
        Error::usages(faults).unwrap_or_else(|| Error::usage("the policy cannot be read"))
    })?;
    for warning in &policy.warnings {
        warn!("{warning}");
    }
    if request.until == Until::Judged {
        verdict(&policy, stdout)
            .map_err(|err| Error::new(Kind::Other, "write to stdout").because(err))?;
        return Ok(Exit::Done);
    }
    for rule in &policy.rules {
        (request.trail)(verb(Deed::Migrate), &rule.name)?;
    }
    let board = Board::new(Arc::clone(&clock));
    let worker = Worker::new(&request, board.clone(), (policy, print), clock, stop);
    let exit = Box::pin(worker.work()).await;
    board.ends();
    Ok(exit)
}

fn verdict(policy: &Policy, stdout: &mut dyn Write) -> std::io::Result<()> {
    let many = policy.rules.len();
    let rules = if many == 1 { "rule" } else { "rules" };
    writeln!(stdout, "The policy is sound: {many} {rules}.")?;
    for rule in &policy.rules {
        let Rule {
            name,
            source,
            target,
            ..
        } = rule;
        writeln!(stdout, "  {name}: {source} to {target}")?;
    }
    Ok(())
}
