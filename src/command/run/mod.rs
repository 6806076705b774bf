//! `run`: repeats migrations by a policy, one cycle at a time, until it is told to end. What is written where is `migrate`'s business: each rule of each
//! cycle is a run of that.

mod look;
mod policy;
mod request;
mod runs;
mod shown;
mod worker;

use std::io::Write;
use std::sync::Arc;

use tracing::warn;

use crate::board::{Board, Deed};
use crate::engine::Stop;
use crate::error::{Error, Kind, Result};
use crate::exit::Exit;
use crate::migrate::stopped;
use crate::progress::Progress;
use crate::verb::clocks::Clock;
use look::Looking;
use runs::verb;
use shown::Shown;
use worker::Worker;

pub use policy::{Asking, Loaded, Policy, Print, Rule};
pub use request::{Request, Trails, Until};

/// Runs it. Nothing comes to `stdout` but the verdict on a policy that is only judged.
///
/// Errors: what keeps it from beginning, with nothing contacted: of kind [`Kind::Usage`] a policy in which something is wrong, with an error for
/// each fault.
pub async fn run(
    mut request: Request,
    progress: Arc<Progress>,
    clock: Clock,
    stop: &Stop,
    stdout: &mut (dyn Write + Send),
) -> Result<Exit> {
    let mut looking = Looking::default();
    let found = tokio::select! {
        found = looking.look(&request, clock()) => found,
        signal = stop.wait() => return Err(stopped(signal, "read the policy")),
    };
    let Some(Loaded { print, policy }) = found else {
        let why = "what it stands on does not answer";
        return Err(Error::new(Kind::Other, "read the policy").because(why));
    };
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
    let shown = Shown::begin(request.http.take(), &board, stop).await?;
    let worker = Worker::new(
        &request,
        (board.clone(), progress),
        (policy, print),
        clock,
        stop,
    );
    let exit = Box::pin(worker.work()).await;
    shown.end().await;
    Worker::drop_orders(&board);
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
