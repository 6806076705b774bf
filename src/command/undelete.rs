//! `undelete`: opens the bucket, brings blocks back, and writes what became of them.

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
use crate::outcome::BroughtBack;
use crate::progress::Progress;
use crate::report::{Document, Form, Header};
use crate::select::Cutoff;
use crate::trace::step;
use crate::undelete::{Task, stopped, undelete};
use crate::verb::clocks::Clock;

/// Everything that `undelete` was asked to do.
#[derive(Debug)]
pub struct Request {
    /// The bucket from which blocks were deleted.
    pub bucket: BucketConfig,
    /// Which blocks, and whether they come back.
    pub task: Task,
    /// The form of the document on stdout.
    pub form: Form,
    /// The time at which it began.
    pub now: DateTime<Utc>,
}

/// Runs it. On `Ok` what became of the blocks is on `stdout`; on an error, the JSON form has an error document there and the text form nothing.
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
        source: request.bucket.location().to_string(),
        target: None,
        cutoff: task.bring_back.filter.cutoff.map(Cutoff::time),
    };
    let span = step!(
        "run",
        source = header.source,
        dry_run = task.is_dry,
        run = %header.run,
        exit_code = tracing::field::Empty,
    );
    let undeleting = async {
        for warning in request.bucket.warnings() {
            warn!(bucket = header.source, "{warning}");
        }
        info!(run = %header.run, source = header.source, dry_run = task.is_dry, "undelete begins");
        let work = async |trail: &Trail| open_and_undelete(&request, &progress, trail, stop).await;
        let (about, when) = ((&header, task.is_dry), (&clock, stop));
        trailed::along(trail, about, when, work).await
    };
    let told = Told {
        what: "undelete",
        header: &header,
        form: request.form,
        stop,
    };
    let brought = told
        .from_begin_to_end(span, undeleting, BroughtBack::exit, stdout)
        .await?;
    let document = Document::of_undelete(&header, &brought);
    told::document(request.form, &document, stdout)?;
    Ok(brought.exit())
}

async fn open_and_undelete(
    request: &Request,
    progress: &Arc<Progress>,
    trail: &Trail,
    stop: &Stop,
) -> Result<BroughtBack> {
    let access = if request.task.is_dry {
        Access::Read
    } else {
        Access::Write
    };
    let bucket = tokio::select! {
        opened = request.bucket.open(access, MissingRoot::Error) => opened?,
        // Programs and services that are asked for credentials may take their time.
        signal = stop.wait() => return Err(stopped(signal)),
    };
    undelete(&request.task, bucket, progress, trail, stop).await
}
