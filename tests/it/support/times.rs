//! Clocks of servers that say what a test wants them to.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use thanos_bucket::bucket::{Reading, ServerClock};
use tokio::time::Instant;

use super::memory::now;

/// The clock of a bucket's servers: how far it is ahead of [`now`], in seconds.
#[derive(Debug, Default)]
pub(crate) struct Times {
    /// As answers tell it in passing, if they do.
    pub(crate) told: Mutex<Option<i64>>,
    /// As it is told when asked, if it is.
    pub(crate) asked: Mutex<Option<i64>>,
    /// How often it was asked.
    pub(crate) questions: AtomicUsize,
}

impl Times {
    /// Told in passing and when asked.
    pub(crate) fn set(&self, told: Option<i64>, asked: Option<i64>) {
        *self.told.lock().unwrap() = told;
        *self.asked.lock().unwrap() = asked;
    }

    fn reading(ahead: Option<i64>) -> Option<Reading> {
        let told = Instant::now();
        ahead.map(|seconds| Reading {
            time: now() + TimeDelta::seconds(seconds),
            asked: told,
            answered: told,
        })
    }
}

#[async_trait::async_trait]
impl ServerClock for Times {
    fn told(&self) -> Option<Reading> {
        Self::reading(*self.told.lock().unwrap())
    }

    async fn ask(&self) -> Option<Reading> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        Self::reading(*self.asked.lock().unwrap())
    }
}
