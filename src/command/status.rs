//! `status`: opens one bucket or two, and shows where blocks are.

use std::io::Write;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tracing::{Span, info, warn};

use super::told;
use crate::block::RunId;
use crate::bucket::{Access, Backend, BucketConfig, MissingRoot};
use crate::engine::Stop;
use crate::error::{Error, Kind, Result};
use crate::exit::Exit;
use crate::outcome::Overview;
use crate::progress::Progress;
use crate::report::{Document, Form, Header};
use crate::select::Cutoff;
use crate::status::{Task, status};
use crate::trace::{step, within};
use crate::verb::clocks::Clock;

/// Everything that `status` was asked to do.
#[derive(Debug)]
pub struct Request {
    /// The bucket whose blocks are moved, or the one bucket that there is.
    pub source: BucketConfig,
    /// The bucket that receives them.
    pub target: Option<BucketConfig>,
    /// What is looked at, and how.
    pub task: Task,
    /// The form of the document on stdout.
    pub form: Form,
    /// The time at which it began.
    pub now: DateTime<Utc>,
}

/// Runs it. On `Ok` the map is on `stdout`; on an error, the JSON form has an error document there and the others nothing.
///
/// Errors: a bucket cannot be looked at, a signal asked for the end, or `stdout` cannot be written.
pub async fn run(
    request: Request,
    progress: Arc<Progress>,
    clock: Clock,
    stop: &Stop,
    stdout: &mut (dyn Write + Send),
) -> Result<Exit> {
    let target = request.target.as_ref();
    let header = Header {
        run: RunId::generate(),
        started: request.now,
        source: request.source.location().to_string(),
        target: target.map(|target| target.location().to_string()),
        cutoff: request.task.filter.cutoff.map(Cutoff::time),
    };
    let span = step!(
        "run",
        source = header.source,
        target = header.target,
        run = %header.run,
        exit_code = tracing::field::Empty,
    );
    for bucket in [Some(&request.source), target].into_iter().flatten() {
        for warning in bucket.warnings() {
            warn!(bucket = %bucket.location(), "{warning}");
        }
    }
    let looking = async {
        info!(run = %header.run, source = header.source, target = header.target, "status begins");
        let buckets = open(&request, stop).await?;
        status(&request.task, buckets, request.now, &clock, &progress, stop).await
    };
    let charted = match Box::pin(within(span.clone(), looking)).await {
        Ok(charted) => charted,
        Err(err) => {
            let exit = Exit::of_error(&err, stop.asked());
            span.record("exit_code", exit.code());
            told::in_its_place(&err, request.form, &header, stop.asked(), stdout);
            return Err(err);
        }
    };
    let overview = Overview::new(&charted);
    let document = Document::of_status(&header, &overview);
    told::document(request.form, &document, stdout)?;
    let exit = overview.exit();
    Span::record(&span, "exit_code", exit.code());
    info!(run = %header.run, exit_code = exit.code(), "status ends");
    Ok(exit)
}

async fn open(request: &Request, stop: &Stop) -> Result<(Backend, Option<Backend>)> {
    let opening = async {
        let source = request.source.open(Access::Read, MissingRoot::Error);
        let target = async {
            match &request.target {
                Some(target) => {
                    let opened = target.open(Access::Read, MissingRoot::Empty).await?;
                    Ok(Some(opened))
                }
                None => Ok(None),
            }
        };
        Ok((source.await?, target.await?))
    };
    tokio::select! {
        opened = opening => opened,
        // Programs and services that are asked for credentials may take their time.
        signal = stop.wait() => {
            let attempt = format!("open the buckets before {} came", signal.as_str());
            Err(Error::new(Kind::Cancelled, attempt))
        }
    }
}
