//! What is passed over of one payload, counted by kind.

use std::collections::BTreeMap;
use std::fmt;

use super::received::Sink;
use crate::error::Result;
use crate::printable::message;
use crate::samples::{Item, LeftOut};

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
        let so_far = self.0.entry(kind).or_insert_with(|| LeftOut {
            kind,
            count: 0,
            example: message(&format!("{place}: line {line}: {what}")).into_owned(),
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
