//! The plan and the report, for people and for programs: one document, written as text or as JSON.

mod concern;
mod document;
mod ending;
mod estimate;
mod human;
mod json;
mod outcome;
#[cfg(test)]
mod testing;
mod text;
mod totals;

pub use ending::ending;
pub use outcome::{BlockEnding, Ending, Limit, MarkState, Outcome, Signal};

use std::io::{self, BufWriter, Write};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::block::RunId;
use crate::plan::{Plan, Rules};
use document::Document;

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

/// What came of a plan.
#[derive(Debug)]
pub struct Results {
    /// One for each of the plan's selected blocks, in the same order.
    pub outcomes: Vec<Outcome>,
    /// Why the run had to stop, where it concerns a whole bucket.
    pub aborted: Option<String>,
    /// The signal that asked it to stop.
    pub signal: Option<Signal>,
    /// The limit that ended it before every block had its turn.
    pub limit: Option<Limit>,
    /// Whether every selected block had its turn.
    pub complete: bool,
    /// How long the run took.
    pub elapsed: Duration,
}

/// Writes the plan or, with results, the report, and flushes it.
pub fn write(
    form: Form,
    header: &Header,
    plan: &Plan,
    rules: &Rules,
    results: Option<&Results>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let document = Document::new(header, plan, rules, results);
    let mut out = BufWriter::new(out);
    match form.output {
        Output::Text => text::write(&document, form, &mut out)?,
        Output::Json => json::write(&document, &mut out)?,
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
    ending: Ending,
    out: &mut dyn Write,
) -> io::Result<()> {
    if output == Output::Json {
        json::write_error(header, why, ending, out)?;
    }
    out.flush()
}
