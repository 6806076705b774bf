//! Many requests fare alike at the same time, and one line tells of it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Says when the next line may be written.
#[derive(Debug)]
pub(super) struct Quiet {
    pause: Duration,
    told: Mutex<Option<Instant>>,
}

impl Quiet {
    /// Between two lines so long passes.
    pub(super) fn new(pause: Duration) -> Self {
        let told = Mutex::default();
        Self { pause, told }
    }

    /// Whether a line may be written now; who is told so writes it.
    pub(super) fn may_tell(&self) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let is_quiet = told.is_some_and(|told| told.elapsed() < self.pause);
        if !is_quiet {
            *told = Some(Instant::now());
        }
        !is_quiet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_line_is_written_in_a_while() {
        let quiet = Quiet::new(Duration::from_secs(10));
        assert!(quiet.may_tell());
        assert!(!quiet.may_tell());
        tokio::time::advance(Duration::from_secs(9)).await;
        assert!(!quiet.may_tell());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(quiet.may_tell());
    }
}
