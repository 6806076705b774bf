//! `unmark`: opens the source, takes marks back, and writes what became of them.

use std::io::Write;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tracing::{info, warn};

use super::told::{self, Told};
use super::trailed;
use crate::audit::{Blank, Trail};
use crate::block::RunId;
use crate::bucket::{Access, BucketConfig, MissingRoot};
use crate::engine::Stop;
use crate::error::Result;
use crate::exit::Exit;
use crate::outcome::TakenBack;
use crate::progress::Progress;
use crate::report::{Document, Form, Header};
use crate::select::Cutoff;
use crate::trace::step;
use crate::unmark::{Task, stopped, take_back};
use crate::verb::clocks::Clock;

/// Everything that `unmark` was asked to do.
#[derive(Debug)]
pub struct Request {
    /// The bucket in which marks lie.
    pub source: BucketConfig,
    /// Which marks, and whether they go.
    pub task: Task,
    /// The form of the document on stdout.
    pub form: Form,
    /// The time at which it began.
    pub now: DateTime<Utc>,
}

/// Runs it. On `Ok` what became of the marks is on `stdout`; on an error, the JSON form has an error document there and the text form nothing.
///
/// Errors: what keeps it from beginning, with nothing written; or `stdout` cannot be written.
pub async fn run(
    request: Request,
    progress: Arc<Progress>,
    trail: Blank,
    clock: Clock,
    stop: &Stop,
    stdout: &mut (dyn Write + Send),
) -> Result<Exit> {
    let task = &request.task;
    let header = Header {
        run: RunId::generate(),
        started: request.now,
        source: request.source.location().to_string(),
        target: task.take_back.target.clone(),
        cutoff: task.take_back.filter.cutoff.map(Cutoff::time),
    };
    let span = step!(
        "run",
        source = header.source,
        dry_run = task.is_dry,
        run = %header.run,
        exit_code = tracing::field::Empty,
    );
    let unmarking = async {
        for warning in request.source.warnings() {
            warn!(bucket = header.source, "{warning}");
        }
        info!(run = %header.run, source = header.source, dry_run = task.is_dry, "unmark begins");
        let work = async |trail: &Trail| {
            open_and_take_back(&request, &clock, &progress, trail, stop).await
        };
        let (about, when) = ((&header, task.is_dry), (&clock, stop));
        trailed::along(trail, about, when, work).await
    };
    let told = Told {
        what: "unmark",
        header: &header,
        form: request.form,
        stop,
    };
    let taken = told
        .from_begin_to_end(span, unmarking, TakenBack::exit, stdout)
        .await?;
    let document = Document::of_unmark(&header, &taken);
    told::document(request.form, &document, stdout)?;
    Ok(taken.exit())
}

async fn open_and_take_back(
    request: &Request,
    clock: &Clock,
    progress: &Arc<Progress>,
    trail: &Trail,
    stop: &Stop,
) -> Result<TakenBack> {
    let access = if request.task.is_dry {
        Access::Read
    } else {
        Access::Write
    };
    let source = tokio::select! {
        opened = request.source.open(access, MissingRoot::Error) => opened?,
        // Programs and services that are asked for credentials may take their time.
        signal = stop.wait() => return Err(stopped(signal)),
    };
    take_back(&request.task, source, clock, progress, trail, stop).await
}
