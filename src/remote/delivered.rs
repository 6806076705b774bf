//! What was handed on already: an answer that broke off is asked anew, and what is the same in it is passed over.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

/// Half of a SHA-256: no two parts of an answer have the same one.
type Mark = [u8; 16];

/// The parts of one answer, over all tries at it.
#[derive(Debug, Default)]
pub(super) struct Delivered {
    before: HashSet<Mark>,
    now: Vec<Mark>,
}

impl Delivered {
    /// The answer comes anew, from its beginning.
    pub(super) fn begin_again(&mut self) {
        self.before.extend(self.now.drain(..));
    }

    /// Whether a part came in a try before.
    pub(super) fn has(&mut self, part: &[u8]) -> bool {
        let mark = mark(part);
        self.now.push(mark);
        self.before.contains(&mark)
    }

    /// Whether the parts of this try are those of that one.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let sorted = |marks: &[Mark]| {
            let mut marks = marks.to_vec();
            marks.sort_unstable();
            marks
        };
        sorted(&self.now) == sorted(&other.now)
    }

    /// How many parts have come in this try.
    pub(super) fn reached(&self) -> usize {
        self.now.len()
    }
}

fn mark(part: &[u8]) -> Mark {
    let hash: [u8; 32] = Sha256::digest(part).into();
    hash.first_chunk().copied().unwrap_or_default()
}
