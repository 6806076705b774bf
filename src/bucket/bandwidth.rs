//! How many bytes a second come through this machine, where the operator limits them.

use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// A limit on the bytes that are read of all objects together; none by default. What is read is put afterwards, so that as many go out at most. Cheap to
/// clone: clones share the limit.
#[derive(Debug, Clone, Default)]
pub struct Bandwidth(Option<Arc<Limit>>);

#[derive(Debug)]
struct Limit {
    bytes_per_second: NonZeroU64,
    /// What has passed so far is paid for by then.
    free_from: Mutex<Instant>,
}

impl Bandwidth {
    /// So many bytes a second, or as many as there are.
    #[must_use]
    pub fn new(bytes_per_second: Option<NonZeroU64>) -> Self {
        Self(bytes_per_second.map(|bytes_per_second| {
            Arc::new(Limit {
                bytes_per_second,
                free_from: Mutex::new(Instant::now()),
            })
        }))
    }

    /// Waits until so many bytes may pass: not at all at first, then until those before them are paid for.
    pub(super) async fn pass(&self, bytes: usize) {
        if let Some(limit) = &self.0 {
            sleep_until(limit.turn(bytes as u64)).await;
        }
    }
}

impl Limit {
    /// When they may pass.
    fn turn(&self, bytes: u64) -> Instant {
        let nanoseconds =
            u128::from(bytes) * 1_000_000_000 / u128::from(self.bytes_per_second.get());
        let time = Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX));
        let mut free_from = self
            .free_from
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let turn = (*free_from).max(Instant::now());
        *free_from = turn.checked_add(time).unwrap_or(turn);
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-7.7
    #[tokio::test(start_paused = true)]
    async fn no_more_bytes_pass_in_a_second_than_the_limit_says() {
        let began = Instant::now();
        let bandwidth = Bandwidth::new(NonZeroU64::new(1000));
        let passes = [500, 250, 1250, 0, 1].map(|bytes| (bytes, bandwidth.clone()));
        let mut elapsed = Vec::new();
        for (bytes, bandwidth) in passes {
            bandwidth.pass(bytes).await;
            elapsed.push(began.elapsed().as_millis());
        }
        assert_eq!(elapsed, [0, 500, 750, 2000, 2000]);
        // What was not used is gone.
        tokio::time::advance(Duration::from_secs(10)).await;
        bandwidth.pass(2000).await;
        bandwidth.pass(1).await;
        assert_eq!(began.elapsed().as_secs(), 14);
        Bandwidth::default().pass(usize::MAX).await;
        assert_eq!(began.elapsed().as_secs(), 14);
    }
}
