//! How a run is told of from its beginning to its end: its span, the line of the log with which it ends, its document on standard output, and what
//! stands there where there is none.

use std::io::Write;

use tracing::{Span, info};

use crate::engine::Stop;
use crate::error::{Error, Kind, Result};
use crate::exit::{Exit, Signal};
use crate::report::{self, Document, Form, Header};
use crate::trace::within;

/// A run that is told of.
pub(super) struct Told<'a> {
    /// What it is called in the log.
    pub(super) what: &'static str,
    /// What stands above its document.
    pub(super) header: &'a Header,
    /// The form of the document.
    pub(super) form: Form,
    /// What may have asked for its end.
    pub(super) stop: &'a Stop,
}

impl Told<'_> {
    /// Does the work within the span, which has `exit_code`, and logs how it ended. Where it fails, that stands in the place of a document.
    ///
    /// Errors: those of the work.
    pub(super) async fn from_begin_to_end<T>(
        &self,
        span: Span,
        work: impl Future<Output = Result<T>>,
        exit: impl Fn(&T) -> Exit,
        stdout: &mut (dyn Write + Send),
    ) -> Result<T> {
        let Self { what, header, .. } = self;
        let work = async {
            let done = work.await;
            let exit = match &done {
                Ok(done) => exit(done),
                Err(err) => Exit::of_error(err, self.stop.asked()),
            };
            Span::current().record("exit_code", exit.code());
            info!(run = %header.run, exit_code = exit.code(), "{what} ends");
            done
        };
        let done = Box::pin(within(span, work)).await;
        if let Err(err) = &done {
            in_its_place(err, self.form, header, self.stop.asked(), stdout);
        }
        done
    }
}

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
