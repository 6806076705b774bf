//! The plan and the report, for people and for programs: one document of sections, which each form writes in its own way.

pub mod artifacts;
mod document;
mod form;
mod header;
mod json;
#[cfg(test)]
mod maps;
mod markdown;
#[cfg(test)]
mod testing;
mod text;
mod tsv;

pub use document::Document;
pub use form::{Form, Output, Rows};
pub use header::Header;
pub use json::PlanFile;
pub use markdown::{write as write_markdown, write_backfilled, write_reconciled};

use std::io::{self, BufWriter, Read, Write};

use crate::error::{Error, Result};
use crate::exit::Exit;

/// Writes the document, and flushes it.
pub fn write(form: Form, document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    match form.output {
        Output::Text => text::write(document, form, &mut out)?,
        Output::Json => json::write(document, &mut out)?,
        Output::Tsv => tsv::write(document, &mut out)?,
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

/// Reads a plan back from the JSON form of its document. Of each block little is kept, so that memory stays small whatever the file holds.
///
/// Errors, of kind [`Kind::Usage`](crate::Kind::Usage): why it is no plan that this version can carry out.
pub fn read_plan(from: impl Read) -> Result<PlanFile> {
    json::read(from).map_err(Error::usage)
}
