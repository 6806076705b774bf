//! Compares the history that a source tells with what a target holds of it. Nothing is written but what is sorted on disk meanwhile.
//!
//! Both sides are brought into order in the same way, as a backfill does it: so that what differs then, differs.

mod beside;
mod fetch;
mod ordered;
mod probe;
mod queries;
mod task;

pub use task::{Depth, Task};

use crate::cutover::{Side, Weight};
use crate::engine::Stop;
use crate::error::{Error, Kind, Result};
use crate::reconciled::{Founds, Reconciled, Scope, Target};
use crate::trace::{step, within};
use tokio::time::Instant;

/// Compares.
///
/// Errors: what keeps a side from being read at all; or a signal before everything was compared.
pub async fn reconcile(task: &Task, stop: &Stop) -> Result<Reconciled> {
    let begun = Instant::now();
    let work = within(step!("compare"), Box::pin(compared(task)));
    let mut found = tokio::select! {
        found = work => found?,
        signal = stop.wait() => {
            let attempt = format!("compare both sides before {} came", signal.as_str());
            return Err(Error::new(Kind::Cancelled, attempt));
        }
    };
    found.elapsed = begun.elapsed();
    Ok(found)
}

async fn compared(task: &Task) -> Result<Reconciled> {
    let mut founds = Founds::default();
    let mut found = Reconciled::of(Scope {
        range: task.range,
        external_labels: task.plan.target.external_labels.clone(),
        target: Target::Nowhere,
    });
    found.waived.clone_from(&task.waived);
    // What a server says of itself is quickly asked, and whoever waits for hours wants to have been told what it lacks.
    found.capabilities = probe::asked(task, &mut founds).await;
    let mut of_target = Founds::default();
    // Each side waits for its own network.
    let (source, target) = tokio::try_join!(
        ordered::source(task, &mut founds),
        ordered::target(task, &mut of_target),
    )?;
    founds.extend(of_target);
    let beside = source.beside;
    match target {
        Some((target, read)) => {
            found.scope.target = read;
            let compared = ordered::compare(task, source.sorted, target).await?;
            let (selectors, others) = compared;
            found.selectors = selectors;
            found.others.extend(others);
        }
        None => {
            founds.say(
                (Weight::Unseen, "target-not-read", Some(Side::Target)),
                "the plan names no bucket, and neither read_url nor export_url of the target",
            );
            found.selectors = ordered::alone(task, source.sorted).await?;
        }
    }
    found.compared = beside::compared(task, beside, &mut founds).await;
    if task.depth == Depth::CutOver {
        found.queries = Some(queries::compared(task, &mut founds).await);
    }
    probe::judged(task, &found, &mut founds);
    if found.samples() == 0 {
        founds.say(
            (Weight::Unseen, "nothing-compared", None),
            "no sample was compared: that both sides have nothing proves nothing",
        );
    }
    found.others.extend(founds.at(None));
    Ok(found)
}
