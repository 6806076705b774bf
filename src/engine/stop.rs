//! Asking a run to stop: once for an orderly end.

use tokio::sync::watch;

use crate::exit::Signal;

/// Shared between whoever hears the signals and the run; cheap to clone.
#[derive(Debug, Clone)]
pub struct Stop(watch::Sender<Option<Signal>>);

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

impl Stop {
    /// Nobody has asked yet.
    #[must_use]
    pub fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Asks; the first signal counts.
    pub fn ask(&self, signal: Signal) {
        self.0.send_if_modified(|asked| {
            let first = asked.is_none();
            asked.get_or_insert(signal);
            first
        });
    }

    /// The signal that asked, if any.
    #[must_use]
    pub fn asked(&self) -> Option<Signal> {
        *self.0.borrow()
    }

    /// Waits until somebody asks.
    pub async fn wait(&self) -> Signal {
        let mut receiver = self.0.subscribe();
        loop {
            if let Some(signal) = *receiver.borrow_and_update() {
                return signal;
            }
            // The sender lives as long as `self`, so this never fails.
            if receiver.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
