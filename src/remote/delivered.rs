//! What is handed on of an answer, so that it can be taken back: one that broke off is asked for anew.

use sha2::{Digest, Sha256};

use super::sink::Sink;
use super::trouble::Trouble;
use crate::samples::Item;

/// What came of a reading, beside what was handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Brought {
    /// Pieces of series.
    pub pieces: u64,
    /// Samples that a server told, and that lie outside of the range that was asked for. They were not handed on.
    pub outside: u64,
    /// Requests that were made anew.
    pub repeats: u64,
}

/// What one question has brought so far.
pub(super) struct Delivered<'s, 'a> {
    pub(super) sink: &'s mut Sink<'a>,
    pub(super) brought: Brought,
    /// What others brought before.
    before: Brought,
    /// How many parts of the answer have come in this try.
    reached: usize,
}

impl<'s, 'a> Delivered<'s, 'a> {
    /// A question is asked, and others before it have brought so much.
    pub(super) fn begin(sink: &'s mut Sink<'a>, before: Brought) -> Result<Self, Trouble> {
        sink(Item::Mark).map_err(Trouble::Untaken)?;
        Ok(Self {
            sink,
            brought: before,
            before,
            reached: 0,
        })
    }

    /// A part of the answer has come.
    pub(super) fn reach(&mut self) {
        self.reached += 1;
    }

    /// How many parts have come in this try.
    pub(super) fn reached(&self) -> usize {
        self.reached
    }

    /// All that was handed on counts for nothing.
    pub(super) fn take_back(&mut self) -> Result<(), Trouble> {
        let repeats = self.brought.repeats;
        self.brought = Brought {
            repeats,
            ..self.before
        };
        if std::mem::take(&mut self.reached) > 0 {
            (self.sink)(Item::TakenBack).map_err(Trouble::Untaken)?;
        }
        Ok(())
    }
}

/// Tells an answer from another, in whatever order its parts come.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Likeness {
    parts: usize,
    sum: u128,
}

impl Likeness {
    pub(super) fn add(&mut self, part: &[u8]) {
        let hash: [u8; 32] = Sha256::digest(part).into();
        let half = hash.first_chunk().copied().unwrap_or_default();
        self.parts += 1;
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(half));
    }
}
