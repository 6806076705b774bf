//! The time by whoever keeps the files, such as a server of NFS: what a file that is written now is said to be written at.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::DateTime;
use object_store::PutPayload;
use tokio::time::Instant;
use tracing::debug;

use super::blocking::in_folder;
use super::staging::Staged;
use super::store::Folder;
use crate::bucket::clock::{Reading, ServerClock};

/// The year 2000. A file system whose new files are older keeps no times.
const NO_TIME: i64 = 946_684_800;

#[async_trait]
impl ServerClock for Folder {
    fn told(&self) -> Option<Reading> {
        self.told.get()
    }

    /// A file of one byte is staged, where nobody sees it, and is gone again.
    async fn ask(&self) -> Option<Reading> {
        let root = Arc::clone(&self.root);
        let asked = Instant::now();
        let written = in_folder(root, |root| {
            let staged = Staged::create(root, None)?;
            staged.write(&PutPayload::from_static(b"."), 0)?;
            staged.sync()?;
            staged.facts()
        });
        let seconds = match written.await {
            Ok(facts) => facts.modified_seconds(),
            Err(err) => {
                debug!(folder = %self, %err, "the folder tells no time");
                return None;
            }
        };
        let time = DateTime::from_timestamp(seconds, 0).filter(|_| seconds > NO_TIME)?;
        let reading = Reading {
            time,
            asked,
            answered: Instant::now(),
        };
        self.told.note(reading);
        Some(reading)
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::fs;

    use chrono::Utc;

    use super::*;
    use crate::bucket::access::{Access, MissingRoot};
    use crate::bucket::provider::folder::store::open;

    /// S-6.13
    #[tokio::test]
    async fn a_file_system_tells_the_time_and_keeps_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path(), "", Access::Write, MissingRoot::Error).unwrap();
        assert_eq!(store.told(), None);
        let reading = store.ask().await.unwrap();
        let ahead = reading.ahead_of(Utc::now(), Instant::now());
        assert!(ahead.is_zero(), "{ahead}");
        assert_eq!(store.told(), Some(reading));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    /// S-7.3
    #[tokio::test]
    async fn whoever_may_only_read_asks_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path(), "", Access::Read, MissingRoot::Error).unwrap();
        assert_eq!(store.ask().await, None);
    }
}
