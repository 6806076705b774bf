//! What tells plans apart that may bring different samples.

use sha2::{Digest, Sha256};

use crate::block::Sha256Sum;

/// Collects what decides which samples a plan brings.
#[derive(Default)]
pub(super) struct Fingerprint(Sha256);

impl Fingerprint {
    /// Adds a member that decides, and what it says.
    pub(super) fn add(&mut self, path: &str, says: &str) {
        for text in [path, says] {
            self.0.update((text.len() as u64).to_be_bytes());
            self.0.update(text);
        }
    }

    /// All of it.
    pub(super) fn end(self) -> Sha256Sum {
        Sha256Sum(self.0.finalize().into())
    }
}
