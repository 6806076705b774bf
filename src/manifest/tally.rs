//! How much is in a manifest, and what was left out of it.

use std::collections::BTreeMap;

use tracing::warn;

use super::format::LeftOut;
use crate::block::ObjectPath;

/// Sums over all files of a manifest.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) objects: u64,
    pub(super) bytes: u64,
    left_out: BTreeMap<LeftOut, Omission>,
}

/// Objects that are left out for one reason.
#[derive(Debug)]
struct Omission {
    objects: u64,
    bytes: u64,
    first: String,
}

impl Tally {
    pub(super) fn takes(&mut self, size_bytes: u64) {
        self.objects += 1;
        self.bytes = self.bytes.saturating_add(size_bytes);
    }

    pub(super) fn leaves_out(&mut self, why: LeftOut, object: &ObjectPath, size_bytes: u64) {
        let omission = self.left_out.entry(why).or_insert_with(|| Omission {
            objects: 0,
            bytes: 0,
            first: object.to_string(),
        });
        omission.objects += 1;
        omission.bytes = omission.bytes.saturating_add(size_bytes);
    }

    /// How many objects were left out.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
            .values()
            .map(|omission| omission.objects)
            .sum()
    }

    /// One line for each reason.
    pub(super) fn tell(&self) {
        for (why, omission) in &self.left_out {
            warn!(
                objects = omission.objects,
                bytes = omission.bytes,
                first = omission.first,
                "objects are left out of the manifest, and a run copies them: {}",
                why.as_str()
            );
        }
    }
}
