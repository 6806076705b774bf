//! `verify`: opens the buckets, compares what they hold, and says how each block stands. It is given readers alone, which cannot write.

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
use crate::error::{Error, Kind, Result};
use crate::exit::Exit;
use crate::outcome::Verification;
use crate::progress::Progress;
use crate::report::{Document, Form, Header};
use crate::select::Cutoff;
use crate::trace::step;
use crate::verb::clocks::Clock;
use crate::verify::{Buckets, Run, Task, verify};

/// Everything that `verify` was asked to do.
#[derive(Debug)]
pub struct Request {
    /// The source, or the one bucket that there is.
    pub source: BucketConfig,
    /// The target.
    pub target: Option<BucketConfig>,
    /// What is compared, and how.
    pub task: Task,
    /// The form of the document on stdout.
    pub form: Form,
    /// The time at which it began.
    pub now: DateTime<Utc>,
}

/// Runs it. On `Ok` what was found is on `stdout`; on an error, the JSON form has an error document there and the text form nothing.
///
/// Errors: what keeps the buckets from being listed, or a signal until then; or `stdout` cannot be written.
pub async fn run(
    request: Request,
    progress: Arc<Progress>,
    trail: Blank,
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
    for bucket in [&request.source].into_iter().chain(target) {
        for warning in bucket.warnings() {
            warn!(bucket = %bucket.location(), "{warning}");
        }
    }
    let span = step!(
        "run",
        source = header.source,
        target = header.target,
        run = %header.run,
        exit_code = tracing::field::Empty,
    );
    let verifying = async {
        info!(run = %header.run, source = header.source, target = header.target, "verification begins");
        let work = async |trail: &Trail| found(&request, progress, trail, stop).await;
        // It never writes to a bucket.
        let (about, when) = ((&header, false), (&clock, stop));
        trailed::along(trail, about, when, work).await
    };
    let told = Told {
        what: "verification",
        header: &header,
        form: request.form,
        stop,
    };
    let found = told
        .from_begin_to_end(span, verifying, Verification::exit, stdout)
        .await?;
    let document = Document::of_verification(&header, &found);
    told::document(request.form, &document, stdout)?;
    Ok(found.exit())
}

async fn found(
    request: &Request,
    progress: Arc<Progress>,
    trail: &Trail,
    stop: &Stop,
) -> Result<Verification> {
    let buckets = open(&request.source, request.target.as_ref(), stop).await?;
    let run = Run {
        progress,
        trail: trail.clone(),
        stop: stop.clone(),
    };
    verify(&request.task, &run, buckets).await
}

/// The buckets, which can only be read.
pub(super) async fn open(
    source: &BucketConfig,
    target: Option<&BucketConfig>,
    stop: &Stop,
) -> Result<Buckets> {
    let opening = async {
        let source = source.open(Access::Read, MissingRoot::Error).await?;
        let target = match target {
            Some(target) => Some(target.open(Access::Read, MissingRoot::Empty).await?),
            None => None,
        };
        Ok(Buckets { source, target })
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
