//! `backfill`: opens the target, brings what the plan says, and writes what became of it.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tracing::{Span, info, warn};

use super::told;
use crate::backfill::{Run, Task, backfill, deliver, stopped};
use crate::block::RunId;
use crate::bucket::{Access, BucketConfig, MissingRoot};
use crate::engine::Stop;
use crate::error::Result;
use crate::exit::Exit;
use crate::history::Backfilled;
use crate::progress::Progress;
use crate::promql;
use crate::report::{Document, Form, Header, artifacts, write_backfilled};
use crate::trace::{step, within};

/// Everything that `backfill` was asked to do.
#[derive(Debug)]
pub struct Request {
    /// Where samples go.
    pub to: To,
    /// What is brought.
    pub task: Task,
    /// The form of the document on stdout.
    pub form: Form,
    /// Where `report.json` and `report.md` go.
    pub artifacts: Option<PathBuf>,
    /// The time at which it began.
    pub now: DateTime<Utc>,
}

/// Where samples go.
#[derive(Debug)]
pub enum To {
    /// Into a bucket, as blocks.
    Bucket(BucketConfig),
    /// To a server that takes remote write.
    Server(Box<promql::Access>),
}

impl To {
    fn place(&self) -> String {
        match self {
            Self::Bucket(bucket) => bucket.location().to_string(),
            Self::Server(access) => access.place().to_owned(),
        }
    }
}

/// Runs it. On `Ok` what became of the windows is on `stdout`; on an error, the JSON form has an error document there and the text form nothing.
///
/// Errors: what keeps it from beginning, with nothing published; or `stdout` cannot be written.
pub async fn run(
    request: Request,
    progress: Arc<Progress>,
    stop: &Stop,
    stdout: &mut (dyn Write + Send),
) -> Result<Exit> {
    let header = Header {
        run: RunId::generate(),
        started: request.now,
        source: request.task.plan.source.origin.to_string(),
        target: Some(request.to.place()),
        cutoff: None,
    };
    let span = step!(
        "run",
        source = header.source,
        dry_run = request.task.is_dry,
        run = %header.run,
        exit_code = tracing::field::Empty,
    );
    let work = async {
        info!(run = %header.run, source = header.source, target = request.to.place(), range = %request.task.range, dry_run = request.task.is_dry, "backfill begins");
        let this_run = Run {
            id: header.run.clone(),
            started: request.now,
            progress,
            stop: stop.clone(),
        };
        let done = open_and_backfill(&request, this_run).await;
        let exit = match &done {
            Ok(done) => done.exit(),
            Err(err) => Exit::of_error(err, stop.asked()),
        };
        Span::current().record("exit_code", exit.code());
        info!(run = %header.run, exit_code = exit.code(), "backfill ends");
        done
    };
    if let Some(folder) = &request.artifacts
        && let Err(err) = artifacts::prepare(folder)
    {
        told::in_its_place(&err, request.form, &header, stop.asked(), stdout);
        return Err(err);
    }
    let done = match Box::pin(within(span, work)).await {
        Ok(done) => done,
        Err(err) => {
            if let Some(folder) = &request.artifacts {
                let (why, exit) = (format!("{err:#}"), Exit::of_error(&err, stop.asked()));
                // Where that cannot be written either, the first error tells more.
                let _ = artifacts::write_error(folder, &header, &why, exit);
            }
            told::in_its_place(&err, request.form, &header, stop.asked(), stdout);
            return Err(err);
        }
    };
    let document = Document::of_backfill(&header, &done);
    told::document(request.form, &document, stdout)?;
    if let Some(folder) = &request.artifacts {
        artifacts::write(folder, &document, &|out| {
            write_backfilled(&header, &done, out)
        })?;
    }
    Ok(done.exit())
}

async fn open_and_backfill(request: &Request, run: Run) -> Result<Backfilled> {
    let bucket = match &request.to {
        To::Bucket(bucket) => bucket,
        To::Server(access) => return deliver(&request.task, access, run).await,
    };
    for warning in bucket.warnings() {
        warn!(bucket = %bucket.location(), "{warning}");
    }
    let access = if request.task.is_dry {
        Access::Read
    } else {
        Access::Write
    };
    let target = tokio::select! {
        opened = bucket.open(access, MissingRoot::Empty) => opened?,
        // Programs and services that are asked for credentials may take their time.
        signal = run.stop.wait() => return Err(stopped(signal, "open the bucket")),
    };
    backfill(&request.task, target, run).await
}
