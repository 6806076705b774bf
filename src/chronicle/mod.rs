//! What report files tell, as one page for people: of one run or of many, where blocks are, what failed and why, how fast it went, and what to do next.
//!
//! Files are read once, line by line; what is kept of them grows with the blocks that they name, up to a bound, and not with their lines. What a page shows
//! is bounded too: what it leaves out it counts.

mod gather;
mod html;
mod markdown;
mod page;
mod problems;
mod seen;
mod standing;
mod state;
mod throughput;
mod timeline;
mod unfinished;
mod ways;
mod words;

pub use gather::Chronicle;
pub(crate) use markdown::code;

use std::io::{self, Write};

use chrono::{DateTime, Utc};

use page::Page;

/// The forms of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One file that needs nothing else: no script, and nothing from a network.
    Html,
    /// As tickets take it.
    Markdown,
}

/// Writes what was gathered, as of `now`.
pub fn write(
    form: Form,
    chronicle: &Chronicle,
    now: DateTime<Utc>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let page = Page::of(chronicle, now);
    match form {
        Form::Html => html::write(&page, out),
        Form::Markdown => markdown::write(&page, out),
    }
}
