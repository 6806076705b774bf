//! The plan and the report, for people and for programs: one document of sections, which each form writes in its own way.

mod document;
mod human;
mod json;
#[cfg(test)]
mod testing;
mod text;

pub use document::Document;

use std::io::{self, BufWriter, Write};

use chrono::{DateTime, Utc};

use crate::block::RunId;
use crate::exit::Exit;

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// For whom.
    pub output: Output,
    /// Which blocks get a line of their own in text; JSON has all of them.
    pub rows: Rows,
    /// How many characters a line of text may have; `None` where no screen ends.
    pub columns: Option<usize>,
}

/// The form of the document on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// For people.
    Text,
    /// For programs: one JSON document.
    Json,
}

/// Which blocks get a line of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// All where they are few, else those that a person should look at.
    Auto,
    /// All.
    All,
    /// None: totals are enough.
    None,
}

/// Which run a document speaks of.
#[derive(Debug, Clone)]
pub struct Header {
    /// The run.
    pub run: RunId,
    /// When it began.
    pub started: DateTime<Utc>,
    /// The source, as its location prints.
    pub source: String,
    /// The target.
    pub target: String,
    /// First samples at or after this time are too young.
    pub cutoff: DateTime<Utc>,
}

/// Writes the document, and flushes it.
pub fn write(form: Form, document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    match form.output {
        Output::Text => text::write(document, form, &mut out)?,
        Output::Json => json::write(document, &mut out)?,
    }
    out.flush()
}

/// Writes what stands in the place of a plan or a report where there is none, and flushes it: for programs, who were promised one document. People
/// are told on stderr.
///
/// `why` is the whole chain of causes; `header` is what is known of the run.
pub fn write_error(
    output: Output,
    header: Option<&Header>,
    why: &str,
    exit: Exit,
    out: &mut dyn Write,
) -> io::Result<()> {
    if output == Output::Json {
        json::write_error(header, why, exit, out)?;
    }
    out.flush()
}
