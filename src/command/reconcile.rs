//! `verify --config` and `cutover-check --config`: opens both sides of a plan, compares what they have, and says whether the history is all there.
//! Nothing is written but what was found.

use std::collections::BTreeSet;
use std::io::Write;
use std::num::NonZeroU64;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use tracing::{info, warn};

use super::told::{self, Told};
use crate::block::RunId;
use crate::bucket::{Access, Bandwidth, BucketConfig, BucketReader, Cache, Common, MissingRoot};
use crate::engine::Stop;
use crate::error::{Error, Kind, Result};
use crate::exit::Exit;
use crate::history::{Plan, Range};
use crate::reconcile::{Depth, Task, reconcile};
use crate::reconciled::Reconciled;
use crate::report::{Document, Form, Header, artifacts, write_reconciled};
use crate::retry::Policy;
use crate::run_folder::RunFolder;
use crate::trace::step;

/// What the names of its folders begin with.
const STAGING: &str = "thanos-bucket-comparison-";

/// Everything that was asked for.
#[derive(Debug)]
pub struct Request {
    /// The bucket of the target, unless it is written to a server.
    pub bucket: Option<BucketConfig>,
    /// Both sides, and what of them is compared.
    pub plan: Plan,
    /// The samples that are meant.
    pub range: Range,
    /// How far it goes.
    pub depth: Depth,
    /// Kinds of findings that do not stand against the answer.
    pub waived: BTreeSet<String>,
    /// Where the report is left, too.
    pub artifacts: Option<PathBuf>,
    /// Where samples are sorted.
    pub staging_dir: PathBuf,
    /// How much memory the process may use.
    pub memory_limit: NonZeroU64,
    /// How many bytes a second may come from the bucket.
    pub bandwidth_limit: Option<NonZeroU64>,
    /// When requests are repeated.
    pub retry: Policy,
    /// The form of the document on stdout.
    pub form: Form,
    /// The time at which it began.
    pub now: DateTime<Utc>,
}

/// Runs it. On `Ok` what was found is on `stdout`, and in the folder of the report; on an error, the JSON form has an error document there and the text
/// form nothing, and the folder has the error.
///
/// Errors: what keeps a side from being read; a signal before all was compared; or the report or `stdout` cannot be written.
pub async fn run(request: Request, stop: &Stop, stdout: &mut (dyn Write + Send)) -> Result<Exit> {
    let header = header(&request);
    let span = step!(
        "run",
        source = header.source,
        target = header.target,
        run = %header.run,
        exit_code = tracing::field::Empty,
    );
    let comparing = async {
        info!(run = %header.run, source = header.source, target = header.target, range = %request.range, "comparison begins");
        if let Some(folder) = &request.artifacts {
            artifacts::prepare(folder)?;
        }
        Box::pin(found(&request, &header, stop)).await
    };
    let told = Told {
        what: "comparison",
        header: &header,
        form: request.form,
        stop,
    };
    let done = told.from_begin_to_end(span, comparing, Reconciled::exit, stdout);
    let mut found = match done.await {
        Ok(found) => found,
        Err(err) => {
            if let Some(folder) = &request.artifacts {
                let (why, exit) = (format!("{err:#}"), Exit::of_error(&err, stop.asked()));
                // Where that cannot be written either, the first error tells more.
                let _ = artifacts::write_error(folder, &header, &why, exit);
            }
            return Err(err);
        }
    };
    // What was found is told, whatever becomes of the report.
    let left = left(&request, &header, &found);
    if let Err(err) = &left {
        found.stopped_by.get_or_insert(format!("{err:#}"));
    }
    let document = Document::of_reconciled(&header, &found);
    told::document(request.form, &document, stdout)?;
    left?;
    Ok(found.exit())
}

fn header(request: &Request) -> Header {
    let plan = &request.plan;
    let target = match (&request.bucket, &plan.target.write) {
        (Some(bucket), _) => Some(bucket.location().to_string()),
        (None, Some(access)) => Some(access.place().to_owned()),
        (None, None) => None,
    };
    Header {
        run: RunId::generate(),
        started: request.now,
        source: plan.source.origin.to_string(),
        target,
        cutoff: None,
    }
}

async fn found(request: &Request, header: &Header, stop: &Stop) -> Result<Reconciled> {
    let bucket = match &request.bucket {
        Some(config) => Some(opened(request, config, stop).await?),
        None => None,
    };
    let staging = RunFolder::create(&request.staging_dir, STAGING, &header.run)?;
    // Both sides are sorted beside each other, and then walked through together.
    let share = request.memory_limit.get() / 4;
    let task = Task {
        plan: request.plan.clone(),
        range: request.range,
        depth: request.depth,
        waived: request.waived.clone(),
        bucket,
        folder: staging.path().to_owned(),
        memory_bytes: usize::try_from(share).unwrap_or(usize::MAX),
        retry: request.retry.clone(),
    };
    reconcile(&task, stop).await
}

async fn opened(request: &Request, config: &BucketConfig, stop: &Stop) -> Result<BucketReader> {
    for warning in config.warnings() {
        warn!(bucket = %config.location(), "{warning}");
    }
    let backend = tokio::select! {
        opened = config.open(Access::Read, MissingRoot::Empty) => opened?,
        // Programs and services that are asked for credentials may take their time.
        signal = stop.wait() => {
            let attempt = format!("open the bucket before {} came", signal.as_str());
            return Err(Error::new(Kind::Cancelled, attempt));
        }
    };
    let common = Common {
        bandwidth: Bandwidth::new(request.bandwidth_limit),
        cache: Cache::open(None)?,
    };
    Ok(BucketReader::with(backend, request.retry.clone(), common))
}

fn left(request: &Request, header: &Header, found: &Reconciled) -> Result<()> {
    let Some(folder) = &request.artifacts else {
        return Ok(());
    };
    let document = Document::of_reconciled(header, found);
    artifacts::write(folder, &document, &|out| {
        write_reconciled(header, found, out)
    })?;
    info!(folder = %folder.display(), "report written");
    Ok(())
}
