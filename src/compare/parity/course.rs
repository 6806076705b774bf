//! How far the counting is, for whoever waits: told now and then, for it may take hours.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, interval_at};
use tracing::info;

/// How often it is told.
const EVERY: Duration = Duration::from_secs(30);

/// How far it is.
#[derive(Debug, Default)]
pub(super) struct Course {
    answers: AtomicU64,
    at: Mutex<String>,
}

impl Course {
    /// A question was answered.
    pub(super) fn answered(&self) {
        self.answers.fetch_add(1, Ordering::Relaxed);
    }

    /// What is being done.
    pub(super) fn at(&self, what: impl Into<String>) {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner) = what.into();
    }

    /// Does the work, and tells meanwhile how far it is.
    pub(super) async fn tell_during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut every = interval_at(Instant::now() + EVERY, EVERY);
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                _ = every.tick() => {
                    let at = self.at.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    let answers = self.answers.load(Ordering::Relaxed);
                    info!(at, answers, "comparing what both sides hold");
                }
            }
        }
    }
}
