//! `cutover-check`: opens queriers and buckets, verifies the blocks, compares what both sides answer, and says whether the hot blocks may go. Nothing is
//! written but what it found.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tracing::{info, warn};

use super::told::{self, Told};
use super::{trailed, verify as verifying};
use crate::audit::{Blank, Trail};
use crate::block::RunId;
use crate::bucket::BucketConfig;
use crate::compare::{Task, compare, open};
use crate::cutover::CutOver;
use crate::draft::Draft;
use crate::engine::Stop;
use crate::error::{Error, Kind, Result};
use crate::exit::Exit;
use crate::progress::Progress;
use crate::report::{self, Document, Form, Header};
use crate::select::Cutoff;
use crate::trace::step;
use crate::verb::clocks::Clock;
use crate::verify::{self, Run};

/// Everything that `cutover-check` was asked to do.
#[derive(Debug)]
pub struct Request {
    /// The buckets and which of their blocks; `None` where they are not compared.
    pub to_verify: Option<ToVerify>,
    /// What is asked of the queriers.
    pub task: Task,
    /// Where the page is written.
    pub page: Option<Page>,
    /// The form of the document on stdout.
    pub form: Form,
    /// The time at which it began.
    pub now: DateTime<Utc>,
}

/// Two buckets, and which of their blocks are verified.
#[derive(Debug)]
pub struct ToVerify {
    /// The source.
    pub source: BucketConfig,
    /// The target.
    pub target: BucketConfig,
    /// Which blocks, and how.
    pub task: verify::Task,
}

/// A page of Markdown.
#[derive(Debug)]
pub struct Page {
    /// Where it is written.
    pub path: PathBuf,
    /// Whether it may take the place of what lies there.
    pub overwrite: bool,
}

/// Runs it. On `Ok` what was found is on `stdout`, and on the page; on an error, the JSON form has an error document there and the text form nothing.
///
/// Errors: what keeps both sides from being asked, or the buckets from being listed; a signal before all was compared; or the page or `stdout` cannot be
/// written.
pub async fn run(
    request: Request,
    progress: Arc<Progress>,
    trail: Blank,
    clock: Clock,
    stop: &Stop,
    stdout: &mut (dyn Write + Send),
) -> Result<Exit> {
    let header = header(&request);
    let span = step!(
        "run",
        source = header.source,
        target = header.target,
        run = %header.run,
        exit_code = tracing::field::Empty,
    );
    let checking = async {
        info!(run = %header.run, source = header.source, target = header.target, "cutover check begins");
        let work = async |trail: &Trail| Box::pin(found(&request, progress, trail, stop)).await;
        // It never writes to a bucket.
        let (about, when) = ((&header, false), (&clock, stop));
        Box::pin(trailed::along(trail, about, when, work)).await
    };
    let told = Told {
        what: "cutover check",
        header: &header,
        form: request.form,
        stop,
    };
    let mut found = told
        .from_begin_to_end(span, checking, CutOver::exit, stdout)
        .await?;
    // What was found is told, whatever becomes of the page.
    let page = written(&request, &header, &found);
    if let Err(err) = &page {
        found.stopped_by.get_or_insert(format!("{err:#}"));
    }
    let document = Document::of_cutover_check(&header, &found);
    told::document(request.form, &document, stdout)?;
    page?;
    Ok(found.exit())
}

/// The buckets where they are given, or else the queriers.
fn header(request: &Request) -> Header {
    let task = &request.task;
    let (source, target, cutoff) = match &request.to_verify {
        Some(ToVerify {
            source,
            target,
            task,
        }) => (
            source.location().to_string(),
            target.location().to_string(),
            task.filter.cutoff.map(Cutoff::time),
        ),
        None => (
            task.source.place().to_owned(),
            task.target.place().to_owned(),
            None,
        ),
    };
    Header {
        run: RunId::generate(),
        started: request.now,
        source,
        target: Some(target),
        cutoff,
    }
}

async fn found(
    request: &Request,
    progress: Arc<Progress>,
    trail: &Trail,
    stop: &Stop,
) -> Result<CutOver> {
    // What is quickly refused is refused before a bucket is listed.
    let sides = Box::pin(open(&request.task, stop)).await?;
    let verification = match &request.to_verify {
        None => None,
        Some(ToVerify {
            source,
            target,
            task,
        }) => {
            for bucket in [source, target] {
                for warning in bucket.warnings() {
                    warn!(bucket = %bucket.location(), "{warning}");
                }
            }
            let buckets = verifying::open(source, Some(target), stop).await?;
            let run = Run {
                progress,
                trail: trail.clone(),
                stop: stop.clone(),
            };
            Some(verify::verify(task, &run, buckets).await?)
        }
    };
    Ok(compare(&request.task, &sides, verification, stop).await)
}

/// Writes the page: whole or not at all.
fn written(request: &Request, header: &Header, found: &CutOver) -> Result<()> {
    let Some(Page { path, overwrite }) = &request.page else {
        return Ok(());
    };
    let write = || -> io::Result<()> {
        let draft = Draft::beside(path)?;
        let mut file = BufWriter::new(File::create_new(draft.path())?);
        report::write_markdown(header, found, &mut file)?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        if *overwrite && fs::symlink_metadata(path).is_ok() {
            draft.replaces_file(path)
        } else {
            draft.becomes_file(path)
        }
    };
    write().map_err(|err| {
        let attempt = format!("write the page {}", path.display());
        Error::new(Kind::Other, attempt).because(err)
    })?;
    info!(page = %path.display(), "page written");
    Ok(())
}
