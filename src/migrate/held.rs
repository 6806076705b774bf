//! How far a block has come in the target: published, and held.

use super::look::Look;
use crate::block::{Inventory, Proof, ReadBack};
use crate::verb::publish::{Publisher, Ready};

/// A block whose `meta.json` lies in the target.
pub(super) struct Published {
    /// Its objects in the source.
    pub(super) source: Look<Inventory>,
    /// What was read of it in both buckets.
    pub(super) read: ReadBack,
    pub(super) publisher: Publisher,
}

/// A block that the target holds.
pub(super) struct Held {
    pub(super) proof: Look<Proof>,
    /// What was read of it in both buckets.
    pub(super) read: ReadBack,
    pub(super) publisher: Publisher,
}

impl Published {
    /// From what was looked at right before its `meta.json` was put or found.
    pub(super) fn of(ready: Look<Ready>, publisher: Publisher) -> Self {
        let mut read = ReadBack::default();
        let source = ready.map(|ready| {
            let (source, known) = ready.into_parts();
            read = known;
            source
        });
        Self {
            source,
            read,
            publisher,
        }
    }
}

impl Held {
    /// Held as far as the plan knows; it must be looked at again before anything is written.
    pub(super) fn planned(proof: Proof) -> Self {
        Self::by(Look::planned(proof))
    }

    /// Held by a proof that needed no reading, of a block that this run did not publish.
    pub(super) fn by(proof: Look<Proof>) -> Self {
        Self {
            proof,
            read: ReadBack::default(),
            publisher: Publisher::Another,
        }
    }
}
