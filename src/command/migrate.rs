//! `migrate` and `replicate`: opens both buckets, moves or copies blocks, and writes the plan or the report.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::time::Instant;
use tracing::{Span, error, info, warn};

use super::figured::Figured;
use super::{told, trailed};
use crate::audit::{Blank, Closing, Trail};
use crate::block::{BlockId, RunId};
use crate::board::Figures;
use crate::bucket::{Access, BucketConfig, MissingRoot};
use crate::engine::Stop;
use crate::error::{Error, Result};
use crate::exit::Exit;
use crate::exposition::Textfile;
use crate::migrate::{Buckets, Migrated, Mode, Run, Task, migrate, stopped};
use crate::outcome::{BlockEnding, Limit, MarkState, Review};
use crate::plan::{Purpose, Rules};
use crate::progress::Progress;
use crate::report::{Document, Form, Header};
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
    /// Where its figures go when it has ended.
    pub textfile: Option<Textfile>,
}

/// Runs it. On `Ok` the plan or the report is on `stdout`; on an error, the JSON form has an error document there and the text form nothing.
///
/// Errors: what keeps the run from beginning, with no block touched; or `stdout` or the file of figures cannot be written.
pub async fn run(
    mut request: Request,
    progress: Arc<Progress>,
    trail: Blank,
    clock: Clock,
    stop: &Stop,
    stdout: &mut (dyn Write + Send),
) -> Result<Exit> {
    if request.task.rules.purpose == Purpose::Copy {
        info!(
            "the run ends once it is done, with --single-run or without: Thanos' command begins again every minute"
        );
    }
    let left = request.figured(&progress, &clock);
    let trail = match &left {
        Some(left) => trail.heard_by(Arc::clone(&left.hearer)),
        None => trail,
    };
    let mut figures = None;
    let tell = |finished: &Finished, stdout: &mut dyn Write| {
        let review = finished.review();
        figures = Some(Figures::of(&review));
        finished.tell(&Document::of_migration(&finished.header, &review), stdout)?;
        Ok(review.exit)
    };
    let ended = run_and_tell(request, progress, trail, clock, stop, stdout, tell).await;
    let failed = ended.as_ref().err();
    let figures = figures.or_else(|| Some(Figures::of_error(failed?, stop.asked())));
    let written = match (left, figures) {
        (Some(left), Some(figures)) => left.end(figures),
        _ => Ok(()),
    };
    ended.and_then(|exit| written.map(|()| exit))
}

impl Request {
    /// Of the run that begins now, where figures of it were asked for.
    fn figured(&mut self, progress: &Arc<Progress>, clock: &Clock) -> Option<Figured> {
        let textfile = self.textfile.take()?;
        let (source, target) = (self.source.location(), self.target.location());
        let buckets = (source.to_string(), target.to_string());
        let operation = match self.task.rules.purpose {
            Purpose::Move => "migrate",
            Purpose::Copy => "replicate",
        };
        let (progress, clock) = (Arc::clone(progress), Arc::clone(clock));
        Some(Figured::begin(
            textfile, buckets, operation, progress, clock,
        ))
    }

    /// Leaves the figures of a run that could not even be begun, where they were asked for.
    pub(super) fn could_not_begin(mut self, err: &Error, clock: &Clock) {
        if let Some(left) = self.figured(&Arc::default(), clock)
            && let Err(err) = left.end(Figures::of_error(err, None))
        {
            error!(err = format!("{err:#}"), "figures are not left");
        }
    }
}

/// A migration that has come to its end, or a plan that stands.
pub(super) struct Finished {
    pub(super) header: Header,
    pub(super) migrated: Migrated,
    rules: Rules,
    form: Form,
}

impl Finished {
    pub(super) fn review(&self) -> Review<'_> {
        let Migrated {
            plan,
            results,
            carrier,
            ..
        } = &self.migrated;
        Review::new(plan, &self.rules, results.as_ref()).carried_by(*carrier)
    }

    /// What the source holds by now: the bytes of blocks that bear no mark.
    pub(super) fn held_bytes(&self) -> u64 {
        let Migrated { plan, results, .. } = &self.migrated;
        let outcomes = results.iter().flat_map(|results| &results.outcomes);
        let marked = plan
            .selected
            .iter()
            .zip(outcomes)
            .filter(|(one, outcome)| outcome.mark == MarkState::Written && !one.bears_a_mark());
        let marked = marked.map(|(one, _)| one.block.objects().block_bytes());
        let marked = marked.fold(0, u64::saturating_add);
        plan.held_bytes.saturating_sub(marked)
    }

    /// The blocks that the target holds now, among those that were selected.
    pub(super) fn held(&self) -> BTreeSet<BlockId> {
        let Migrated { plan, results, .. } = &self.migrated;
        let outcomes = results.iter().flat_map(|results| &results.outcomes);
        let held = plan.selected.iter().zip(outcomes).filter(|(_, outcome)| {
            matches!(
                outcome.ending,
                BlockEnding::Migrated
                    | BlockEnding::Replicated
                    | BlockEnding::AlreadyThere
                    | BlockEnding::Repaired
                    | BlockEnding::Overwritten
            )
        });
        held.map(|(one, _)| one.block.id).collect()
    }

    /// Ends the trail. Where that is not whole, the run had to stop.
    ///
    /// Errors: that is so, and there are no results that could say it.
    fn end(&mut self, trail: &Trail, begun: Instant) -> Result<()> {
        let review = self.review();
        let ended = trail.end(&Closing {
            exit: review.exit,
            complete: review.results.is_none_or(|results| results.complete),
            aborted: review.stopped_by,
            limit: review
                .results
                .and_then(|results| results.limit)
                .map(Limit::as_str),
            elapsed: begun.elapsed(),
        });
        match (ended, &mut self.migrated.results) {
            (Err(err), Some(results)) => {
                let why = format!("{err:#}");
                if results.aborted.is_none() {
                    error!(
                        err = why,
                        "the run is done, and its report file is not whole"
                    );
                    results.aborted = Some(why);
                }
                Ok(())
            }
            (ended, _) => ended,
        }
    }

    /// Writes the document in the form that was asked for.
    pub(super) fn tell(&self, document: &Document<'_>, stdout: &mut dyn Write) -> Result<()> {
        told::document(self.form, document, stdout)
    }

    /// Writes in the place of a document why there is none.
    pub(super) fn refuse(&self, err: &Error, stdout: &mut dyn Write) {
        told::in_its_place(err, self.form, &self.header, None, stdout);
    }
}

/// The same, but what there is to say at the end is said by `tell`, which hands back how the process exits.
pub(super) async fn run_and_tell(
    request: Request,
    progress: Arc<Progress>,
    trail: Blank,
    clock: Clock,
    stop: &Stop,
    stdout: &mut (dyn Write + Send),
    tell: impl FnOnce(&Finished, &mut dyn Write) -> Result<Exit> + Send,
) -> Result<Exit> {
    let span = step!(
        "run",
        source = %request.source.location(),
        target = %request.target.location(),
        dry_run = request.task.mode != Mode::Execute,
        run = tracing::field::Empty,
        exit_code = tracing::field::Empty,
    );
    let begun = begin(request, progress, trail, clock, stop, stdout, tell);
    Box::pin(within(span, begun)).await
}

async fn begin(
    request: Request,
    progress: Arc<Progress>,
    trail: Blank,
    clock: Clock,
    stop: &Stop,
    stdout: &mut (dyn Write + Send),
    tell: impl FnOnce(&Finished, &mut dyn Write) -> Result<Exit> + Send,
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
    let is_dry = request.task.mode != Mode::Execute;
    let refuse = |err: Error, stdout: &mut dyn Write| {
        told::in_its_place(&err, request.form, &header, stop.asked(), stdout);
        Err(err)
    };
    let trail = match trailed::begin(trail, &header, is_dry, &clock) {
        Ok(trail) => trail,
        Err(err) => return refuse(err, stdout),
    };
    let this_run = Run {
        id: header.run.clone(),
        started: header.started,
        begun,
        clock,
        progress,
        trail: trail.clone(),
        stop: stop.clone(),
    };
    let migrated = async {
        let buckets = open(&request, stop).await?;
        migrate(&request.task, this_run, buckets).await
    };
    let migrated = match migrated.await {
        Ok(migrated) => migrated,
        Err(err) => {
            trailed::failed(&trail, &err, stop.asked(), begun);
            return refuse(err, stdout);
        }
    };
    let mut finished = Finished {
        header,
        migrated,
        rules: request.task.rules,
        form: request.form,
    };
    if let Err(err) = finished.end(&trail, begun) {
        finished.refuse(&err, stdout);
        return Err(err);
    }
    let exit = tell(&finished, stdout)?;
    Span::current().record("exit_code", exit.code());
    info!(run = %finished.header.run, exit_code = exit.code(), elapsed = ?begun.elapsed(), "run ends");
    Ok(exit)
}

async fn open(request: &Request, stop: &Stop) -> Result<Buckets> {
    let (source, target) = match (request.task.mode, request.task.rules.purpose) {
        (Mode::DryRun | Mode::Estimate, _) => (Access::Read, Access::Read),
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
