//! `check`: looks whether buckets are fit for a migration, and says what it found.

use std::io::Write;

use chrono::{DateTime, Utc};
use tracing::info;

use super::told::{self, Told};
use crate::block::RunId;
use crate::check::{Task, check};
use crate::engine::Stop;
use crate::error::Result;
use crate::exit::Exit;
use crate::outcome::Checked;
use crate::report::{Document, Form, Header};
use crate::trace::step;
use crate::verb::clocks::Clock;

/// Everything that `check` was asked to do.
#[derive(Debug)]
pub struct Request {
    /// What is looked at.
    pub task: Task,
    /// The form of the document on stdout.
    pub form: Form,
    /// The time at which it began.
    pub now: DateTime<Utc>,
}

/// Runs it. On `Ok` what was found is on `stdout`; on an error, the JSON form has an error document there and the text form nothing.
///
/// Errors: a signal asked for the end, or `stdout` cannot be written.
pub async fn run(
    request: Request,
    clock: Clock,
    stop: &Stop,
    stdout: &mut (dyn Write + Send),
) -> Result<Exit> {
    let target = request.task.target.as_ref();
    let header = Header {
        run: RunId::generate(),
        started: request.now,
        source: request.task.source.location().to_string(),
        target: target.map(|target| target.location().to_string()),
        cutoff: None,
    };
    let span = step!(
        "run",
        source = header.source,
        target = header.target,
        run = %header.run,
        exit_code = tracing::field::Empty,
    );
    let checking = async {
        info!(run = %header.run, source = header.source, target = header.target, "check begins");
        check(&request.task, &header.run, &clock, stop).await
    };
    let told = Told {
        what: "check",
        header: &header,
        form: request.form,
        stop,
    };
    let checked = told
        .from_begin_to_end(span, checking, Checked::exit, stdout)
        .await?;
    let document = Document::of_check(&header, &checked);
    told::document(request.form, &document, stdout)?;
    Ok(checked.exit())
}
