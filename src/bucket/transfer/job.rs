//! One object on its way from one bucket to another, and what every route does with it.

use std::sync::Arc;

use object_store::{Extensions, GetOptions, ObjectStore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::budget::Budget;
use super::passing::Passing;
use super::server_side::ServerSide;
use crate::block::{Fingerprint, Object, ObjectPath};
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
    pub(super) async fn arrives<T>(
        &self,
        way: Piece,
        put: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let put = tokio::select! {
            // What is done counts, even if the end comes at the same moment.
            biased;
            put = way.moved_by(put) => put?,
            () = self.cancel.cancelled() => return Err(self.cancelled()),
        };
        way.arrived();
        (self.moved)(self.object.size_bytes);
        Ok(put)
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

    /// What is to be learnt of its bytes while they pass.
    pub(super) fn passing(&self) -> Passing {
        Passing::new(
            self.object,
            self.sha256,
            self.target.reader().backend().tells,
        )
    }

    /// The same, with the digest by which the target tells what it has, even where the source tells that one.
    pub(super) fn passing_whatever_is_told(&self) -> Passing {
        let object = Object {
            fingerprint: Fingerprint::UNKNOWN,
            ..self.object.clone()
        };
        Passing::new(&object, self.sha256, self.target.reader().backend().tells)
    }

    /// What was learnt of the whole object.
    ///
    /// Errors: [`Kind::Corrupt`] where it is not what `meta.json` says.
    pub(super) fn passed(&self, passing: Passing) -> Result<Fingerprint> {
        passing.finish(self.sha256, self.path, self.source.location())
    }
}
