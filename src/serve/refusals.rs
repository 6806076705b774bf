//! What is said of requests that are refused: now and then, for whoever sends them could fill the log.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So often at most.
const EVERY: Duration = Duration::from_secs(10);

/// Refusals, and when they were last told; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Refusals(Arc<Mutex<(u64, Option<Instant>)>>);

impl Refusals {
    /// There was one more. How many there were since that was last told, where it is time to tell.
    pub(super) fn to_be_told(&self) -> Option<u64> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (many, told) = &mut *seen;
        *many += 1;
        if told.is_some_and(|told| told.elapsed() < EVERY) {
            return None;
        }
        *told = Some(Instant::now());
        Some(std::mem::take(many))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-23.44
    #[tokio::test(start_paused = true)]
    async fn many_refusals_are_told_now_and_then() {
        let refusals = Refusals::default();
        assert_eq!(refusals.to_be_told(), Some(1));
        for _ in 0..100 {
            assert_eq!(refusals.to_be_told(), None);
        }
        tokio::time::advance(EVERY).await;
        assert_eq!(refusals.to_be_told(), Some(101));
    }
}
