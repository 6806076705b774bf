//! Sources that answer for any range: each window is asked for by itself, and what it holds is published before the run is through.

use std::sync::Arc;

use futures::{StreamExt, stream};
use tracing::{Instrument, warn};

use super::build::{Part, Taking, build, take};
use super::jobs::Job;
use super::publishing::{conclude, published};
use super::shared::{Shared, WAITING};
use crate::error::{Error, Kind, Result};
use crate::feed::blocking;
use crate::history::{Beside, Ending, WindowOutcome};
use crate::retry::Backoff;
use crate::spool::{Spool, Windows};
use crate::trace::{step, within};

/// Works on the windows, a few at once.
pub(super) async fn bring(shared: &Shared, jobs: Vec<Job>, at_once: usize) {
    for job in jobs.iter().filter(|job| job.settled().is_none()) {
        shared.order.expects(job.range);
    }
    let numbered = stream::iter(jobs.into_iter().enumerate());
    numbered
        .for_each_concurrent(at_once.saturating_add(WAITING), async |(number, job)| {
            let outcome = if let Some(settled) = job.settled() {
                drop(shared.progress.block(0));
                settled
            } else {
                let span = step!("window", window = %job.range);
                let brought = brought(shared, &job, number).instrument(span.clone());
                conclude(&span, brought.await)
            };
            shared.file(outcome);
        })
        .await;
}

async fn brought(shared: &Shared, job: &Job, number: usize) -> WindowOutcome {
    let turn = shared.turn().await;
    if !shared.course.may_begin() {
        return job.ends(Ending::NotFinished, None);
    }
    let progress = shared.progress.block(0);
    progress.begins();
    match within(step!("read"), asked(shared, job, number)).await {
        Ok(part) => published(shared, job, part, (turn, progress)).await,
        Err(err) => failed(shared, job, &err),
    }
}

/// A source that cannot be reached is so for every window.
fn failed(shared: &Shared, job: &Job, err: &Error) -> WindowOutcome {
    let kind = err.kind();
    let is_everybodys = kind.is_transient()
        || matches!(
            kind,
            Kind::Credentials | Kind::Usage | Kind::NoSpace | Kind::Unsupported
        );
    let outcome = shared.failed(job, err);
    if is_everybodys && shared.course.may_go_on() {
        shared.course.end(err);
    }
    outcome
}

/// Asks for a window, and stages the block of what came; again where that may help.
async fn asked(shared: &Shared, job: &Job, number: usize) -> Result<Part> {
    let mut backoff = Backoff::new(&shared.retry);
    loop {
        let err = match ask(shared, job, number).await {
            Err(err) if err.kind().is_transient() => err,
            done => return done,
        };
        let Some(delay) = backoff.next_delay() else {
            return Err(err);
        };
        warn!(window = %job.range, ?delay, err = format!("{err:#}"), "the source is asked again after the delay");
        if shared.course.pause(delay).await.is_err() {
            return Err(Error::new(Kind::Cancelled, "ask the source again"));
        }
    }
}

async fn ask(shared: &Shared, job: &Job, number: usize) -> Result<Part> {
    let (staging, memory_bytes, range) = (shared.staging.clone(), shared.spool_bytes, job.range);
    let spool = blocking(move || {
        let within = range.start_ms..range.end_ms;
        Spool::create(staging.spools(), memory_bytes, Windows::ONE, within)
    });
    let taking = Taking {
        spool: spool.await?,
        beside: Beside::default(),
        progress: Arc::clone(&shared.progress),
        external_labels: shared.says.labels.clone(),
    };
    let cancel = &shared.means.cancel;
    let taking = shared.source.bring(range, cancel, taking, take).await?;
    let (staging, says) = (shared.staging.clone(), shared.says.clone());
    let Taking {
        spool, mut beside, ..
    } = taking;
    beside.outside += spool.outside();
    let built = blocking(move || {
        let mut sorted = spool.finish()?;
        match sorted.next_window()? {
            Some(mut window) => {
                let built = build(&mut window, &[(number, range)], &staging, &says)?;
                Ok(built.into_iter().next().unwrap_or(Part::Empty))
            }
            None => Ok(Part::Empty),
        }
    });
    let built = built.await?;
    shared.beside(beside);
    Ok(built)
}
