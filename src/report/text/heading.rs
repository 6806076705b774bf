//! The first lines: which run, and from where to where. The summary goes on with lines of the same shape.

use std::io;

use super::page::Page;
use crate::human::{self, printable};
use crate::report::document::Document;

/// Continuation lines are indented like the text behind the names.
const INDENT: usize = 16;

pub(super) fn write(document: &Document<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let header = document.header;
    let started = human::minute(header.started);
    let kind = document.kind.replace('-', " ");
    let heading = format!("{kind} of run {}, {started} UTC", header.run);
    page.line(&heading, 4)?;
    let tool = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
    fact("tool", tool, page)?;
    fact("source", &printable(&header.source), page)?;
    if let Some(target) = &header.target {
        fact("target", &printable(target), page)?;
    }
    match header.cutoff.map(human::minute) {
        Some(cutoff) => fact("older than", &format!("{cutoff} UTC (first sample)"), page),
        None => Ok(()),
    }
}

/// A line with a name of at most 13 characters and what is to be said of it, which is printable.
pub(super) fn fact(name: &str, text: &str, page: &mut Page<'_>) -> io::Result<()> {
    page.line(&format!("  {name:<13} {text}"), INDENT)
}
