//! `migrate` and `replicate`: opens both buckets, moves or copies blocks, and writes the plan or the report.

use std::io::Write;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::time::Instant;
use tracing::{Span, info, warn};

use crate::block::RunId;
use crate::bucket::{Access, BucketConfig, MissingRoot};
use crate::engine::Stop;
use crate::error::{Error, Kind, Result};
use crate::exit::Exit;
use crate::migrate::{Buckets, Migrated, Mode, Run, Task, migrate, stopped};
use crate::outcome::Review;
use crate::plan::{Plan, Purpose};
use crate::progress::Progress;
use crate::report::{self, Document, Form, Header};
use crate::select::Cutoff;
use crate::trace::{step, within};
use crate::verb::clocks::Clock;

/// Everything that `migrate` or `replicate` was asked to do.
#[derive(Debug)]
pub struct Request {
    /// The bucket whose blocks are moved or copied.
    pub source: BucketConfig,
    /// The bucket that receives them.
    pub target: BucketConfig,
    /// What is to be done between them.
    pub task: Task,
    /// The form of the document on stdout.
    pub form: Form,
    /// The time at which the run began.
    pub now: DateTime<Utc>,
}

/// Runs it. On `Ok` the plan or the report is on `stdout`; on an error, the JSON form has an error document there and the text form nothing.
///
/// Errors: what keeps the run from beginning, with no block touched; or `stdout` cannot be written.
pub async fn run(
    request: Request,
    progress: Arc<Progress>,
    clock: Clock,
    stop: &Stop,
    stdout: &mut (dyn Write + Send),
) -> Result<Exit> {
    run_and(request, progress, clock, stop, stdout, |_| Ok(())).await
}

/// The same, and with the plan of a dry run does something more before it is told on `stdout`.
pub(super) async fn run_and(
    request: Request,
    progress: Arc<Progress>,
    clock: Clock,
    stop: &Stop,
    stdout: &mut (dyn Write + Send),
    planned: impl FnOnce(&Plan) -> Result<()> + Send,
) -> Result<Exit> {
    let span = step!(
        "run",
        source = %request.source.location(),
        target = %request.target.location(),
        dry_run = request.task.mode == Mode::DryRun,
        run = tracing::field::Empty,
        exit_code = tracing::field::Empty,
    );
    let begun = begin(request, progress, clock, stop, stdout, planned);
    Box::pin(within(span, begun)).await
}

async fn begin(
    request: Request,
    progress: Arc<Progress>,
    clock: Clock,
    stop: &Stop,
    stdout: &mut (dyn Write + Send),
    planned: impl FnOnce(&Plan) -> Result<()> + Send,
) -> Result<Exit> {
    let begun = Instant::now();
    for bucket in [&request.source, &request.target] {
        for warning in bucket.warnings() {
            warn!(bucket = %bucket.location(), "{warning}");
        }
    }
    let header = Header {
        run: RunId::generate(),
        started: request.now,
        source: request.source.location().to_string(),
        target: Some(request.target.location().to_string()),
        cutoff: request.task.rules.filter.cutoff.map(Cutoff::time),
    };
    Span::current().record("run", header.run.to_string());
    info!(run = %header.run, source = header.source, target = %request.target.location(), "run begins");
    let this_run = Run {
        id: header.run.clone(),
        started: header.started,
        begun,
        clock,
        progress,
        stop: stop.clone(),
    };
    let migrated = async {
        let buckets = open(&request, stop).await?;
        let migrated = migrate(&request.task, this_run, buckets).await?;
        if migrated.results.is_none() {
            planned(&migrated.plan)?;
        }
        Ok(migrated)
    };
    let Migrated { plan, results } = match migrated.await {
        Ok(migrated) => migrated,
        Err(err) => {
            let (why, exit) = (format!("{err:#}"), Exit::of_error(&err, stop.asked()));
            // Where that cannot be written either, the first error tells more.
            let _ = report::write_error(request.form.output, Some(&header), &why, exit, stdout);
            return Err(err);
        }
    };
    let review = Review::new(&plan, &request.task.rules, results.as_ref());
    let document = Document::of_migration(&header, &review);
    report::write(request.form, &document, stdout)
        .map_err(|err| Error::new(Kind::Other, "write to stdout").because(err))?;
    let exit = review.exit;
    Span::current().record("exit_code", exit.code());
    info!(run = %header.run, exit_code = exit.code(), elapsed = ?begun.elapsed(), "run ends");
    Ok(exit)
}

async fn open(request: &Request, stop: &Stop) -> Result<Buckets> {
    let (source, target) = match (request.task.mode, request.task.rules.purpose) {
        (Mode::DryRun, _) => (Access::Read, Access::Read),
        (Mode::Execute, Purpose::Copy) => (Access::Read, Access::Write),
        (Mode::Execute, Purpose::Move) => (Access::Write, Access::Write),
    };
    let opening = async {
        Ok(Buckets {
            source: request.source.open(source, MissingRoot::Error).await?,
            target: request.target.open(target, MissingRoot::Empty).await?,
        })
    };
    tokio::select! {
        opened = opening => opened,
        // Programs and services that are asked for credentials may take their time.
        signal = stop.wait() => Err(stopped(signal, "open the buckets")),
    }
}
