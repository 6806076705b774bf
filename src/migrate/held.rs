//! How far a block has come in the target: published, and held.

use super::look::Look;
use crate::block::{Inventory, Proof, ReadBack};
use crate::verb::publish::Ready;

/// A block whose `meta.json` lies in the target.
pub(super) struct Published {
    /// Its objects in the source.
    pub(super) source: Look<Inventory>,
    /// What was read of it in both buckets.
    pub(super) read: ReadBack,
    /// Whether this run wrote the `meta.json`, so that it may take it back.
    pub(super) written: bool,
}

/// A block that the target holds.
pub(super) struct Held {
    pub(super) proof: Look<Proof>,
    /// What was read of it in both buckets.
    pub(super) read: ReadBack,
    /// Whether this run wrote its `meta.json`.
    pub(super) written: bool,
}

impl Published {
    pub(super) fn of(ready: Look<Ready>, written: bool) -> Self {
        let mut read = ReadBack::default();
        let source = ready.map(|ready| {
            let (source, known) = ready.into_parts();
            read = known;
            source
        });
        Self {
            source,
            read,
            written,
        }
    }
}

impl Held {
    /// As the plan says, to be looked at before anything is written.
    pub(super) fn planned(proof: Proof) -> Self {
        Self::by(Look::planned(proof))
    }

    /// By a proof that needs no reading, of what others have published.
    pub(super) fn by(proof: Look<Proof>) -> Self {
        Self {
            proof,
            read: ReadBack::default(),
            written: false,
        }
    }
}
