//! How much an operator lets a run do, and which limit stopped it.

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use tracing::{info, warn};

use super::deadline::Deadline;
use super::error_rate::ErrorRate;
use crate::outcome::Limit;

/// How much a run may do, and what it has done of that.
#[derive(Debug)]
pub struct Limits {
    max_failures: Option<NonZeroUsize>,
    failures: AtomicUsize,
    /// The share of so many jobs that may fail.
    max_error_rate: Option<(ErrorRate, u64)>,
    /// Jobs that ended otherwise than by a failure.
    fared_well: AtomicU64,
    /// Whether more than that share had failed at any time: what ends well afterwards changes nothing.
    too_many_failed: AtomicBool,
    deadline: Deadline,
    max_bytes: Option<NonZeroU64>,
    /// Bytes of the jobs that have begun.
    begun_bytes: AtomicU64,
    met: OnceLock<Limit>,
}

/// One job's part of the run's bytes: taken once, however often the job is tried.
#[derive(Debug, Default)]
pub struct Claim(AtomicBool);

impl Limits {
    /// The limits of a run that has done nothing yet.
    #[must_use]
    pub fn new(
        max_failures: Option<NonZeroUsize>,
        deadline: Deadline,
        max_bytes: Option<NonZeroU64>,
    ) -> Self {
        Self {
            max_failures,
            failures: AtomicUsize::new(0),
            max_error_rate: None,
            fared_well: AtomicU64::new(0),
            too_many_failed: AtomicBool::new(false),
            deadline,
            max_bytes,
            begun_bytes: AtomicU64::new(0),
            met: OnceLock::new(),
        }
    }

    /// No more than this share of so many jobs may fail.
    #[must_use]
    pub fn with_error_rate(self, rate: Option<ErrorRate>, jobs: u64) -> Self {
        Self {
            max_error_rate: rate.map(|rate| (rate, jobs)),
            ..self
        }
    }

    /// One more job ended, and did not fail.
    pub fn count_success(&self) {
        self.fared_well.fetch_add(1, Ordering::Relaxed);
        self.judge();
    }

    /// One more job failed.
    pub fn count_failure(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.judge();
    }

    /// Judges the share of failures, each time that a job ended.
    fn judge(&self) {
        let failures = self.failures.load(Ordering::Relaxed) as u64;
        let ended = failures.saturating_add(self.fared_well.load(Ordering::Relaxed));
        let too_many = |(rate, jobs): (ErrorRate, u64)| rate.is_exceeded(failures, ended, jobs);
        if self.max_error_rate.is_some_and(too_many) {
            self.too_many_failed.store(true, Ordering::Relaxed);
        }
    }

    /// Whether failures and time leave room for another job.
    pub fn leave_room(&self) -> bool {
        let failures = self.failures.load(Ordering::Relaxed);
        let met = if self.max_failures.is_some_and(|max| failures >= max.get()) {
            Limit::Failures
        } else if self.too_many_failed.load(Ordering::Relaxed) {
            Limit::ErrorRate
        } else if self.deadline.is_over() {
            Limit::Duration
        } else {
            return true;
        };
        self.met.get_or_init(|| {
            if matches!(met, Limit::Failures | Limit::ErrorRate) {
                warn!(
                    reason = met.as_str(),
                    failures,
                    "too many blocks failed: no new block is started; blocks in hand are finished"
                );
            }
            met
        });
        false
    }

    /// Whether a job of so many bytes may begin, or be tried again: what has begun is finished, and the last one to begin may go beyond the limit.
    pub fn admit(&self, claim: &Claim, bytes: u64) -> bool {
        let Some(max) = self.max_bytes else {
            return true;
        };
        if claim.0.swap(true, Ordering::Relaxed) {
            return true;
        }
        let more = |begun: u64| (begun < max.get()).then(|| begun.saturating_add(bytes));
        let begun = self
            .begun_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        match begun {
            Ok(begun) if begun.saturating_add(bytes) >= max.get() => {
                info!(
                    "--max-bytes is reached: no new block is started; blocks in hand are finished"
                );
                true
            }
            Ok(_) => true,
            Err(_) => {
                self.met.get_or_init(|| Limit::Bytes);
                false
            }
        }
    }

    /// Waits until the run's time is over; for ever where there is no limit.
    pub async fn time_is_over(&self) {
        self.deadline.wait().await;
        self.met.get_or_init(|| Limit::Duration);
    }

    /// The first limit that a job met.
    pub fn met(&self) -> Option<Limit> {
        self.met.get().copied()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;

    fn no_end() -> Deadline {
        Deadline::of(Instant::now(), None)
    }

    #[tokio::test(start_paused = true)]
    async fn enough_failures_or_enough_time_leave_no_room() {
        let limits = Limits::new(NonZeroUsize::new(2), no_end(), None);
        limits.count_failure();
        assert!(limits.leave_room() && limits.met().is_none());
        limits.count_failure();
        assert!(!limits.leave_room());
        assert_eq!(limits.met(), Some(Limit::Failures));

        let limits = Limits::new(None, no_end(), None).with_error_rate("10%".parse().ok(), 100);
        for _ in 0..18 {
            limits.count_success();
        }
        limits.count_failure();
        limits.count_failure();
        assert!(limits.leave_room() && limits.met().is_none());
        limits.count_failure();
        assert!(!limits.leave_room());
        for _ in 0..100 {
            limits.count_success();
        }
        assert!(!limits.leave_room());
        assert_eq!(limits.met(), Some(Limit::ErrorRate));

        let soon = Deadline::of(Instant::now(), Some(Duration::from_secs(1)));
        let limits = Limits::new(None, soon, None);
        assert!(limits.leave_room());
        limits.time_is_over().await;
        assert!(!limits.leave_room());
        assert_eq!(limits.met(), Some(Limit::Duration));
    }

    #[tokio::test(start_paused = true)]
    async fn jobs_begin_until_the_bytes_are_taken_and_those_that_began_are_tried_again() {
        let limits = Limits::new(None, no_end(), NonZeroU64::new(100));
        let claims = [Claim::default(), Claim::default(), Claim::default()];
        let admitted = claims.each_ref().map(|claim| limits.admit(claim, 70));
        assert_eq!(admitted, [true, true, false]);
        assert_eq!(limits.met(), Some(Limit::Bytes));
        assert!(limits.admit(&claims[0], 70));
    }
}
