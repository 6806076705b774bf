//! `check`: looks whether buckets are fit for a migration, and says what it found.

use std::io::Write;

use chrono::{DateTime, Utc};
use tracing::{Span, info};

use super::told;
use crate::block::RunId;
use crate::check::{Task, check};
use crate::engine::Stop;
use crate::error::Result;
use crate::exit::Exit;
use crate::report::{Document, Form, Header};
use crate::trace::{step, within};
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
        let checked = check(&request.task, &header.run, &clock, stop).await;
        let exit = match &checked {
            Ok(checked) => checked.exit(),
            Err(err) => Exit::of_error(err, stop.asked()),
        };
        Span::current().record("exit_code", exit.code());
        info!(run = %header.run, exit_code = exit.code(), "check ends");
        checked
    };
    let checked = match Box::pin(within(span, checking)).await {
        Ok(checked) => checked,
        Err(err) => {
            told::in_its_place(&err, request.form, &header, stop.asked(), stdout);
            return Err(err);
        }
    };
    let document = Document::of_check(&header, &checked);
    told::document(request.form, &document, stdout)?;
    Ok(checked.exit())
}
