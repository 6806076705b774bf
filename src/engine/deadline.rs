//! When the time of a run is over.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// An instant after which nothing new begins, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// The deadline of a run that began at `begun` and may last as long as `most`; none where there is no limit.
    #[must_use]
    pub fn of(begun: Instant, most: Option<Duration>) -> Self {
        Self(most.map(|most| begun + most))
    }

    /// Whether the time is over.
    #[must_use]
    pub fn is_over(self) -> bool {
        self.0.is_some_and(|end| Instant::now() >= end)
    }

    /// Waits until the time is over; for ever where there is no limit.
    pub async fn wait(self) {
        match self.0 {
            Some(end) => sleep_until(end).await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_counts_from_when_the_run_began() {
        let begun = Instant::now();
        tokio::time::advance(Duration::from_secs(40)).await;
        let deadline = Deadline::of(begun, Some(Duration::from_mins(1)));
        assert!(!deadline.is_over());
        deadline.wait().await;
        assert!(deadline.is_over());
        assert_eq!(begun.elapsed().as_secs(), 60);
        let none = Deadline::of(begun, None);
        assert!(!none.is_over() && futures::poll!(Box::pin(none.wait())).is_pending());
    }
}
