//! The text that Prometheus reads, in its format 0.0.4.

use prometheus::TextEncoder;

use super::family::Families;
use super::{cycles, rules};
use crate::board::{Deed, Known};
use crate::error::{Error, Kind, Result};

/// What kind of document it is, for HTTP.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Every figure of a process that goes on for long.
pub fn of_process(known: &Known) -> Result<String> {
    let mut families = Families::default();
    cycles::add(&mut families, known);
    rules::add(&mut families, known, &Deed::ALL.map(Deed::as_str));
    rules::add_in_hand(&mut families, known);
    encoded(families)
}

/// The figures of rules alone, whose runs do this one operation.
pub(super) fn of_rules(known: &Known, operation: &'static str) -> Result<String> {
    let mut families = Families::default();
    rules::add(&mut families, known, &[operation]);
    encoded(families)
}

fn encoded(families: Families) -> Result<String> {
    TextEncoder
        .encode_to_string(&families.with_values())
        .map_err(|err| Error::new(Kind::Other, "spell figures for Prometheus").because(err))
}
