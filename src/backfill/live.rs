//! Sources that answer for any range: each window is asked for by itself, and what it holds is published before the run is through.

use std::sync::{Arc, Mutex, PoisonError};

use futures::{StreamExt, stream};
use tracing::Instrument;

use super::build::{Part, Taking, build, take};
use super::jobs::{Job, State};
use super::publishing::{conclude, published};
use super::shared::{Shared, WAITING};
use crate::error::{Error, Kind, Result};
use crate::feed::blocking;
use crate::history::{Beside, Ending, WindowOutcome};
use crate::spool::{Spool, Windows};
use crate::trace::{step, within};

/// Works on the windows, a few at once.
pub(super) async fn bring(shared: &Shared, jobs: Vec<Job>, at_once: usize) {
    let luck = Luck::default();
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
                let brought = brought(shared, &job, (number, &luck)).instrument(span.clone());
                conclude(&span, brought.await)
            };
            shared.file(outcome);
        })
        .await;
}

async fn brought(shared: &Shared, job: &Job, (number, luck): (usize, &Luck)) -> WindowOutcome {
    let turn = shared.turn().await;
    if !shared.course.may_begin() {
        return job.ends(Ending::NotFinished, None);
    }
    let progress = shared.progress.block(0);
    // A block that is there and lacks objects is in nobody's way.
    if let Some(gap) = shared.order.gap_before(job.range)
        && !matches!(job.state, State::Broken(_))
    {
        return job.ends(Ending::NotFinished, shared.waits_for(gap));
    }
    progress.begins();
    match within(step!("read"), ask(shared, job, number)).await {
        Ok(part) => {
            luck.is_good();
            published(shared, job, part, (turn, progress)).await
        }
        Err(err) => failed(shared, job, &err, luck),
    }
}

/// Whether the source has answered for any window, and else what its first answers had in common.
#[derive(Default)]
struct Luck(Mutex<Had>);

#[derive(Default)]
struct Had {
    is_good: bool,
    /// What it said each time, without the numbers, and how often.
    words: String,
    times: u32,
}

/// A source that fails so often with the same words, and has never answered otherwise, is not the one that was meant.
const MOST_ALIKE: u32 = 5;

impl Luck {
    fn is_good(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_good = true;
    }

    fn never_had(&self, err: &Error) -> bool {
        let words: String = format!("{err:#}")
            .chars()
            .filter(|c| !c.is_ascii_digit())
            .collect();
        let mut had = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if had.words == words {
            had.times += 1;
        } else {
            (had.words, had.times) = (words, 1);
        }
        !had.is_good && had.times >= MOST_ALIKE
    }
}

/// A source that cannot be reached is so for every window.
fn failed(shared: &Shared, job: &Job, err: &Error, luck: &Luck) -> WindowOutcome {
    let kind = err.kind();
    let is_everybodys = kind.is_transient()
        || luck.never_had(err)
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

/// Asks for a window, and stages the block of what came. Whoever asks repeats what may pass.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// S-24.108
    #[test]
    fn a_source_that_has_failed_alike_from_the_first_window_on_is_not_asked_for_all_of_them() {
        let alike = |window: u32| Error::new(Kind::Corrupt, format!("read a page for {window}"));
        let luck = Luck::default();
        let many = [1, 2, 3, 4, 50].map(|window| luck.never_had(&alike(window)));
        assert_eq!(many, [false, false, false, false, true]);
        let other = Error::new(Kind::Corrupt, "read something else");
        assert!(!luck.never_had(&other));
        let luck = Luck::default();
        luck.is_good();
        assert!((0..9).all(|window| !luck.never_had(&alike(window))));
    }
}
