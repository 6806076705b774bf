//! What is passed over of one payload, counted by kind, and what becomes of what cannot be read.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use super::received::{Sink, malformed};
use crate::error::Result;
use crate::printable::message;
use crate::samples::{Item, LeftOut};

/// What becomes of what cannot be read: of a line, or of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Malformed {
    /// It ends the run.
    #[default]
    Refuse,
    /// It is left out, and counted as [`Malformed::KIND`].
    LeaveOut,
}

impl Malformed {
    /// All of them, as plans spell them.
    pub const ALL: [(&str, Self); 2] = [("refuse", Self::Refuse), ("leave_out", Self::LeaveOut)];
    /// The kind of what is left out so.
    pub const KIND: &str = "malformed";
}

/// What was passed over so far.
#[derive(Debug, Default)]
pub(super) struct PassedOver(BTreeMap<&'static str, LeftOut>);

impl PassedOver {
    /// One more of this kind; the first of a kind is its example, at `place` in line `line`.
    pub(super) fn add(
        &mut self,
        kind: &'static str,
        place: &str,
        line: u64,
        what: impl fmt::Display,
    ) {
        self.count(kind, || format!("{place}: line {line}: {what}"));
    }

    /// What cannot be read, and why.
    ///
    /// Errors: it ends the run.
    pub(super) fn malformed(
        &mut self,
        becomes: Malformed,
        place: &str,
        line: Option<u64>,
        why: impl fmt::Display,
    ) -> Result<()> {
        match (becomes, line) {
            (Malformed::Refuse, _) => return Err(malformed(place, line, why)),
            (Malformed::LeaveOut, Some(line)) => self.add(Malformed::KIND, place, line, why),
            (Malformed::LeaveOut, None) => {
                self.count(Malformed::KIND, || format!("{place}: {why}"));
            }
        }
        Ok(())
    }

    fn count(&mut self, kind: &'static str, example: impl FnOnce() -> String) {
        let so_far = self.0.entry(kind).or_insert_with(|| LeftOut {
            kind,
            count: 0,
            example: message(&example()).into_owned(),
        });
        so_far.count += 1;
    }

    /// Tells all of it, and nothing is left behind.
    pub(super) fn tell(&mut self, sink: &mut Sink) -> Result<()> {
        let told = std::mem::take(&mut self.0);
        told.into_values()
            .try_for_each(|left_out| sink(Item::LeftOut(left_out)))
    }
}
