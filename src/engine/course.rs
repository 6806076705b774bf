//! Whether a run goes on: what signals, limits and refusals say together, and how its work is driven to its end.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, warn};

use super::breaker::{Breaker, Concern};
use super::limits::{Claim, Limits};
use super::stop::Stop;
use crate::bucket::TIME_TO_END;
use crate::error::Error;
use crate::exit::Signal;
use crate::outcome::Limit;
use crate::progress::Progress;

/// How long a request under way may still wait for its answer once the run is cancelled.
const ANSWER_TIME: Duration = Duration::from_secs(2);

/// How long work may take to end once it is cancelled: longer than the transfers in it do.
const TIME_TO_STOP: Duration = TIME_TO_END.saturating_add(Duration::from_secs(1));

/// What decides whether a run goes on.
#[derive(Debug)]
pub struct Course {
    stop: Stop,
    limits: Limits,
    breaker: Arc<Breaker>,
    cancel: CancellationToken,
    progress: Arc<Progress>,
}

/// The run ended before a job did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended;

/// How a run came to its end.
#[derive(Debug)]
pub struct Closing {
    /// What concerned more than one job.
    pub cause: Option<Error>,
    /// The first limit that a job met.
    pub limit: Option<Limit>,
    /// The signal that asked.
    pub signal: Option<Signal>,
}

impl Course {
    /// The course of a run that ends when `stop` asks it to; `cancel` ends transfers in hand.
    #[must_use]
    pub fn new(
        stop: Stop,
        limits: Limits,
        breaker: Arc<Breaker>,
        cancel: CancellationToken,
        progress: Arc<Progress>,
    ) -> Self {
        Self {
            stop,
            limits,
            breaker,
            cancel,
            progress,
        }
    }

    /// Whether jobs in hand may take another step.
    pub fn may_go_on(&self) -> bool {
        !self.cancel.is_cancelled()
    }

    /// Whether another job may begin.
    pub fn may_begin(&self) -> bool {
        self.limits.leave_room() && self.stop.asked().is_none() && self.may_go_on()
    }

    /// Whether this job may begin, or go on with another try; the first time, what it has to move is taken from the run's bytes.
    pub fn admits(&self, claim: &Claim, bytes: u64) -> bool {
        self.may_begin() && self.limits.admit(claim, bytes)
    }

    /// Waits, unless the run ends.
    ///
    /// Errors: the run ended first.
    pub async fn pause(&self, delay: Duration) -> Result<(), Ended> {
        tokio::select! {
            // What is done counts, even if the end comes at the same moment.
            biased;
            () = sleep(delay) => Ok(()),
            () = self.cancel.cancelled() => Err(Ended),
        }
    }

    /// Counts a job that ended, and did not fail.
    pub fn fared_well(&self) {
        self.limits.count_success();
    }

    /// Counts a job's failure, and ends the run if it concerns more than one job.
    pub fn failed(&self, err: &Error) {
        if self.may_go_on() {
            self.limits.count_failure();
        }
        if self.breaker.failed(err.kind()) == Concern::Everybody {
            self.end(err);
        }
    }

    /// Whether something was refused, and nothing came after it that shows whether it concerned one job alone.
    pub fn is_in_doubt(&self) -> bool {
        self.stop.asked().is_none() && self.may_go_on() && self.breaker.was_refused()
    }

    /// Ends the run: nothing that is still to come could fare better.
    pub fn end(&self, err: &Error) {
        if self.breaker.open(err) {
            let err = format!("{err:#}");
            error!(err, "the run stops: this concerns more than one block");
        }
        self.cancel.cancel();
    }

    /// Drives the work to its end. After a signal, or once the run's time is over, blocks in hand may go on for the `grace`; then transfers are
    /// cancelled. Work that has still not ended two seconds later is dropped as soon as its `last_acts` are done, for which it has a limited time.
    pub async fn drive(
        &self,
        work: impl Future<Output = ()>,
        grace: Duration,
        last_acts: &TaskTracker,
    ) {
        let cancelling = async {
            let why = tokio::select! {
                // What is done counts, even if the end comes at the same moment.
                biased;
                signal = self.stop.wait() => signal.as_str(),
                () = self.limits.time_is_over() => "--max-duration",
            };
            self.progress.stopping();
            warn!(
                reason = why,
                ?grace,
                "no new block is started; blocks in hand may go on for the grace"
            );
            sleep(grace).await;
            self.cancel.cancel();
            std::future::pending::<()>().await;
        };
        let work = async {
            tokio::pin!(work);
            tokio::select! {
                biased;
                () = &mut work => return,
                () = self.cancel.cancelled() => {}
            }
            let last_acts = async {
                sleep(ANSWER_TIME).await;
                last_acts.close();
                last_acts.wait().await;
            };
            tokio::select! {
                biased;
                () = work => {}
                () = last_acts => warn!("what is not answered by now is left to the next run"),
                () = sleep(TIME_TO_STOP) => warn!("some transfers could not be ended in time"),
            }
        };
        tokio::select! {
            biased;
            () = work => {}
            () = cancelling => {}
        }
    }

    /// How the run came to its end, once it has.
    pub fn close(&self) -> Closing {
        Closing {
            cause: self.breaker.take_cause(),
            limit: self.limits.met(),
            signal: self.stop.asked(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::engine::deadline::Deadline;
    use crate::error::Kind;

    fn course() -> Course {
        let forever = Deadline::of(Instant::now(), None);
        let limits = Limits::new(None, forever, None);
        let cancel = CancellationToken::new();
        Course::new(Stop::new(), limits, Arc::default(), cancel, Arc::default())
    }

    #[tokio::test(start_paused = true)]
    async fn a_signal_lets_jobs_in_hand_go_on_for_the_grace_and_then_cancels_them() {
        let course = course();
        let grace = Duration::from_secs(30);
        let begun = Instant::now();
        course.stop.ask(Signal::Terminate);
        let work = async {
            assert!(!course.may_begin() && course.may_go_on());
            assert_eq!(course.pause(2 * grace).await, Err(Ended));
        };
        course.drive(work, grace, &TaskTracker::new()).await;
        assert_eq!(begun.elapsed(), grace);
        assert_eq!(course.close().signal, Some(Signal::Terminate));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_does_not_end_when_it_is_cancelled_is_dropped_once_its_last_acts_are_done() {
        let course = course();
        course.end(&Error::new(Kind::NoSpace, "write a"));
        let last_acts = TaskTracker::new();
        let until_dropped = async || {
            let begun = Instant::now();
            let work = std::future::pending();
            course.drive(work, Duration::ZERO, &last_acts).await;
            begun.elapsed()
        };
        assert_eq!(until_dropped().await, ANSWER_TIME);
        let act = last_acts.token();
        tokio::spawn(async move {
            sleep(2 * ANSWER_TIME).await;
            drop(act);
        });
        assert_eq!(until_dropped().await, 2 * ANSWER_TIME);
        let _act = last_acts.token();
        assert_eq!(until_dropped().await, TIME_TO_STOP);
        assert!(course.close().cause.is_some());
    }
}
