//! One object on its way from one bucket to another, and what every route does with it.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use object_store::{Extensions, GetOptions, ObjectStore};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::budget::Budget;
use super::server_side::ServerSide;
use crate::block::{Object, ObjectPath};
use crate::bucket::location::Location;
use crate::bucket::reader::BucketReader;
use crate::bucket::writer::Bucket;
use crate::error::{Error, Kind, Result};
use crate::progress::{BlockProgress, Piece};

/// One object on its way.
#[derive(Clone, Copy)]
pub struct Transfer<'a> {
    /// Its name in both buckets.
    pub path: &'a ObjectPath,
    /// As listed in the source: its size, and the version that is read.
    pub object: &'a Object,
    /// SHA-256 of its content in lower-case hex, where known; checked in passing.
    pub sha256: Option<&'a str>,
    /// Where it comes from.
    pub source: &'a BucketReader,
    /// Where it goes.
    pub target: &'a Bucket,
    /// Copies it without its coming here, where that is possible.
    pub server_side: &'a ServerSide,
    /// What is held in memory counts towards this.
    pub budget: &'a Budget,
    /// Ends it; a multipart upload is aborted.
    pub cancel: &'a CancellationToken,
    /// Tracks uploads that are being completed or aborted: a run that was cancelled waits for them.
    pub last_acts: &'a TaskTracker,
    /// Told of bytes that the target has taken.
    pub moved: &'a (dyn Fn(u64) + Sync),
    /// Told of bytes on their way.
    pub progress: &'a Arc<BlockProgress>,
}

impl Transfer<'_> {
    /// What is being attempted, as in "could not …".
    pub(super) fn attempt(&self) -> String {
        format!("write {} in {}", self.path, self.target.reader().location())
    }

    /// The error of a transfer that was told to end.
    pub(super) fn cancelled(&self) -> Error {
        Error::new(Kind::Cancelled, format!("finish {}", self.path))
    }

    /// Waits for the request that puts the object, unless the transfer is cancelled first, and reports its arrival to `moved` and `progress`.
    pub(super) async fn arrives(
        &self,
        way: Piece,
        put: impl Future<Output = Result<()>>,
    ) -> Result<()> {
        tokio::select! {
            // What is done counts, even if the end comes at the same moment.
            biased;
            put = way.moved_by(put) => put?,
            () = self.cancel.cancelled() => return Err(self.cancelled()),
        }
        way.arrived();
        (self.moved)(self.object.size_bytes);
        Ok(())
    }

    /// What a folder as the source passes on to a folder as the target: owner and permissions of the file.
    pub(super) async fn handed_on(&self) -> Extensions {
        let (Some(_), Ok(full)) = (self.object.file, self.source.full(self.path)) else {
            return Extensions::new();
        };
        let options = GetOptions::new().with_head(true);
        let asked = self.source.backend().store.get_opts(&full, options).await;
        // Whoever reads the object will see what became of it.
        asked.map(|got| got.extensions).unwrap_or_default()
    }

    /// Counts what came towards the SHA-256, where one is known.
    pub(super) fn check(&self, digest: &mut Sha256, bytes: &Bytes) {
        if self.sha256.is_some() {
            digest.update(bytes);
        }
    }

    /// Whether all that came is what `meta.json` says, where it says anything.
    pub(super) fn finish(&self, digest: Sha256) -> Result<()> {
        match self.sha256 {
            None => Ok(()),
            Some(expected) => check_sha256(digest, expected, self.path, self.source.location()),
        }
    }
}

/// Whether what came is what `meta.json` says.
pub(super) fn check_sha256(
    digest: Sha256,
    expected: &str,
    path: &ObjectPath,
    source: &Location,
) -> Result<()> {
    let digest = digest.finalize();
    let actual = digest.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string never fails.
        let _ = write!(text, "{byte:02x}");
        text
    });
    if actual.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    let attempt = format!("read {path} in {source}");
    let why = format!("its SHA-256 is {actual}, meta.json says {expected}");
    Err(Error::new(Kind::Corrupt, attempt).because(why))
}
