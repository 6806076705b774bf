//! A look at the policy as it is now: beside everything else, for a file may be on a disk that does not answer; and not believed before it is settled, for
//! somebody may be in the middle of writing it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::policy::{Loaded, Print};
use super::request::Request;

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What has changed is taken once it has been the same for so long.
pub(super) const SETTLES: Duration = Duration::from_secs(2);

/// Who looks.
#[derive(Default)]
pub(super) struct Looking {
    /// A look that has not come to its end: no other is begun beside it.
    under_way: Option<JoinHandle<Loaded>>,
    /// What was found, and since when.
    unsettled: Option<(Print, Instant)>,
}

impl Looking {
    /// What is found; `None` where it cannot be read in time. Dropped, the look goes on, and the next one waits for it.
    pub(super) async fn look(&mut self, request: &Request, now: DateTime<Utc>) -> Option<Loaded> {
        let looking = self.under_way.get_or_insert_with(|| {
            let load = Arc::clone(&request.load);
            tokio::task::spawn_blocking(move || load(now))
        });
        let ended = timeout(PATIENCE, looking).await.ok()?;
        self.under_way = None;
        ended.ok()
    }

    /// Whether this was found before, long enough ago; if not, it is remembered.
    pub(super) fn has_settled(&mut self, print: Print) -> bool {
        match self.unsettled {
            Some((before, since)) if before == print => since.elapsed() >= SETTLES,
            _ => {
                self.unsettled = Some((print, Instant::now()));
                false
            }
        }
    }

    /// Nothing waits to be settled.
    pub(super) fn settled(&mut self) {
        self.unsettled = None;
    }

    /// Whether something waits to be settled.
    pub(super) fn is_unsettled(&self) -> bool {
        self.unsettled.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-23.11
    #[tokio::test(start_paused = true)]
    async fn what_is_being_written_is_not_believed() {
        let mut looking = Looking::default();
        let [half, whole] = [[1; 32], [2; 32]];
        let second = || tokio::time::advance(Duration::from_secs(1));
        assert!(!looking.has_settled(half));
        second().await;
        assert!(!looking.has_settled(half));
        assert!(!looking.has_settled(whole));
        second().await;
        assert!(looking.is_unsettled() && !looking.has_settled(whole));
        second().await;
        assert!(looking.has_settled(whole));
        looking.settled();
        assert!(!looking.is_unsettled() && !looking.has_settled(whole));
    }
}
