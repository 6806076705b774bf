//! When to try again: exponential backoff with jitter.
//!
//! This is the only file that names the `backoff` crate, which is no longer maintained (RUSTSEC-2025-0012): whoever replaces it changes
//! nothing else. Only its arithmetic is used; waiting is tokio's, so that tests can pause the clock.

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff as _;
use tracing::warn;

use crate::error::Result;

/// How often and how far apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Further tries without progress.
    pub max_retries: u32,
    /// The first delay, before jitter.
    pub initial_backoff: Duration,
    /// No delay is longer, before jitter.
    pub max_backoff: Duration,
    /// Whether delays are spread.
    pub jitter: Jitter,
}

/// Whether delays are spread at random, so that many who failed together do not try again together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jitter {
    /// From half to one and a half of the delay.
    Half,
    /// The delay itself: for simulations, which replay.
    None,
}

/// The delays between tries at one thing.
#[derive(Debug)]
pub struct Backoff {
    delays: ExponentialBackoff,
    max_retries: u32,
    left: u32,
}

impl Backoff {
    /// For something that was not tried yet.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        let mut delays = ExponentialBackoff {
            initial_interval: policy.initial_backoff,
            current_interval: policy.initial_backoff,
            max_interval: policy.max_backoff,
            multiplier: 2.0,
            randomization_factor: match policy.jitter {
                Jitter::Half => 0.5,
                Jitter::None => 0.0,
            },
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        };
        delays.reset();
        Self {
            delays,
            max_retries: policy.max_retries,
            left: policy.max_retries,
        }
    }

    /// How long to wait before the next try: from half to one and a half of an interval that doubles. `None` where no try is left.
    pub fn next_delay(&mut self) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        self.delays.next_backoff()
    }

    /// Begins the delays and the count of tries anew, for the last try made progress.
    pub fn reset(&mut self) {
        self.delays.reset();
        self.left = self.max_retries;
    }
}

/// Repeats what fails with a transient error, and logs each failure but the last, which is returned once no try is left. `attempting` is what is
/// being attempted, as in "could not …".
pub async fn retry<T, F>(
    policy: &Policy,
    attempting: &str,
    mut operation: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut backoff = Backoff::new(policy);
    loop {
        let err = match operation().await {
            Err(err) if err.kind().is_transient() => err,
            done => return done,
        };
        let Some(delay) = backoff.next_delay() else {
            return Err(err);
        };
        warn!(
            attempt = attempting,
            ?delay,
            err = format!("{err:#}"),
            "failed, and is tried again after the delay"
        );
        tokio::time::sleep(delay).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Kind};

    const POLICY: Policy = Policy {
        max_retries: 3,
        initial_backoff: Duration::from_secs(1),
        max_backoff: Duration::from_secs(3),
        jitter: Jitter::Half,
    };

    #[tokio::test(start_paused = true)]
    async fn transient_errors_are_repeated_and_others_are_not() {
        for (kind, tries) in [(Kind::Transient, 4), (Kind::Refused, 1)] {
            let mut tried = 0;
            let result: Result<()> = retry(&POLICY, "test", || {
                tried += 1;
                std::future::ready(Err(Error::new(kind, "test")))
            })
            .await;
            assert!(result.is_err());
            assert_eq!(tried, tries);
        }
    }

    #[test]
    fn delays_grow_to_their_limit_and_progress_counts_anew() {
        let mut backoff = Backoff::new(&POLICY);
        for (least, most) in [(500, 1500), (1000, 3000), (1500, 4500)] {
            let delay = backoff.next_delay().map(|delay| delay.as_millis());
            assert!(
                delay.is_some_and(|delay| (least..=most).contains(&delay)),
                "{delay:?}"
            );
        }
        assert_eq!(backoff.next_delay(), None);
        backoff.reset();
        assert!(backoff.next_delay().is_some());
    }
}
