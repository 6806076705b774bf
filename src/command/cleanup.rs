//! `cleanup`: opens the buckets, removes what was left behind, and writes what became of it.

use std::io::Write;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tracing::{info, warn};

use super::told::{self, Told};
use super::trailed;
use crate::audit::{Blank, Trail};
use crate::block::RunId;
use crate::bucket::{Access, Backend, BucketConfig, MissingRoot};
use crate::cleanup::{Task, clean_up, stopped};
use crate::engine::Stop;
use crate::error::Result;
use crate::exit::Exit;
use crate::outcome::Cleaned;
use crate::progress::Progress;
use crate::report::{Document, Form, Header};
use crate::trace::step;
use crate::verb::clocks::Clock;

/// Everything that `cleanup` was asked to do.
#[derive(Debug)]
pub struct Request {
    /// The source, which is only read; or the one bucket that is cleaned.
    pub source: BucketConfig,
    /// The bucket that is cleaned, where the source is another.
    pub target: Option<BucketConfig>,
    /// What goes, and whether it does.
    pub task: Task,
    /// The form of the document on stdout.
    pub form: Form,
    /// The time at which it began.
    pub now: DateTime<Utc>,
}

/// Runs it. On `Ok` what became of the leftovers is on `stdout`; on an error, the JSON form has an error document there and the text form nothing.
///
/// Errors: what keeps it from beginning, with nothing removed; or `stdout` cannot be written.
pub async fn run(
    request: Request,
    progress: Arc<Progress>,
    trail: Blank,
    clock: Clock,
    stop: &Stop,
    stdout: &mut (dyn Write + Send),
) -> Result<Exit> {
    let task = &request.task;
    let target = request.target.as_ref();
    let header = Header {
        run: RunId::generate(),
        started: request.now,
        source: request.source.location().to_string(),
        target: target.map(|target| target.location().to_string()),
        // Blocks are not told apart by their samples here.
        cutoff: None,
    };
    let span = step!(
        "run",
        source = header.source,
        target = header.target.as_deref().unwrap_or_default(),
        dry_run = task.is_dry,
        run = %header.run,
        exit_code = tracing::field::Empty,
    );
    let cleaning = async {
        for config in [Some(&request.source), target].into_iter().flatten() {
            let bucket = config.location();
            for warning in config.warnings() {
                warn!(%bucket, "{warning}");
            }
        }
        info!(run = %header.run, source = header.source, dry_run = task.is_dry, "cleanup begins");
        let work =
            async |trail: &Trail| open_and_clean_up(&request, &clock, &progress, trail, stop).await;
        let (about, when) = ((&header, task.is_dry), (&clock, stop));
        trailed::along(trail, about, when, work).await
    };
    let told = Told {
        what: "cleanup",
        header: &header,
        form: request.form,
        stop,
    };
    let cleaned = told
        .from_begin_to_end(span, cleaning, Cleaned::exit, stdout)
        .await?;
    let document = Document::of_cleanup(&header, &cleaned);
    told::document(request.form, &document, stdout)?;
    Ok(cleaned.exit())
}

async fn open_and_clean_up(
    request: &Request,
    clock: &Clock,
    progress: &Arc<Progress>,
    trail: &Trail,
    stop: &Stop,
) -> Result<Cleaned> {
    let opening = open(request);
    let (source, bucket) = tokio::select! {
        opened = opening => opened?,
        // Programs and services that are asked for credentials may take their time.
        signal = stop.wait() => return Err(stopped(signal)),
    };
    let watched = (progress, trail);
    clean_up(&request.task, source, bucket, clock, watched, stop).await
}

/// The source, where it is another bucket than the one that is cleaned; and that one.
async fn open(request: &Request) -> Result<(Option<Backend>, Backend)> {
    let access = if request.task.is_dry {
        Access::Read
    } else {
        Access::Write
    };
    match &request.target {
        None => Ok((None, request.source.open(access, MissingRoot::Error).await?)),
        Some(target) => {
            let source = request.source.open(Access::Read, MissingRoot::Error);
            let target = target.open(access, MissingRoot::Error);
            let (source, target) = futures::try_join!(source, target)?;
            Ok((Some(source), target))
        }
    }
}
