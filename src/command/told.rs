//! How a subcommand's document gets to standard output, and what stands there where there is none.

use std::io::Write;

use crate::error::{Error, Kind, Result};
use crate::exit::{Exit, Signal};
use crate::report::{self, Document, Form, Header};

/// Writes the document.
///
/// Errors: `stdout` cannot be written.
pub(super) fn document(form: Form, document: &Document<'_>, stdout: &mut dyn Write) -> Result<()> {
    report::write(form, document, stdout)
        .map_err(|err| Error::new(Kind::Other, "write to stdout").because(err))
}

/// Writes in the place of a document that there is none, because of `err`; `asked` is the signal that asked for the end, if one did.
pub(super) fn in_its_place(
    err: &Error,
    form: Form,
    header: &Header,
    asked: Option<Signal>,
    stdout: &mut dyn Write,
) {
    let (why, exit) = (format!("{err:#}"), Exit::of_error(err, asked));
    // Where that cannot be written either, the first error tells more.
    let _ = report::write_error(form.output, Some(header), &why, exit, stdout);
}
