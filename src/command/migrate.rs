//! `migrate`: survey both buckets, plan, and carry the plan out.

use std::io::Write;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::time::{Instant, timeout};
use tracing::{Span, info, warn};

use crate::block::{ObjectPath, Provenance, RunId};
use crate::bucket::{Access, Backend, Bucket, BucketConfig, BucketReader, MissingRoot};
use crate::clocks::{Clock, agree, agree_so_far, judge};
use crate::engine::{Run, Settings, Signal, Stop};
use crate::error::{Error, Kind, Result};
use crate::plan::{Plan, Replica, Rules, Warning, plan, replica};
use crate::probe::{self, Found};
use crate::progress::Progress;
use crate::report::{self, Ending, Form, Header, Results};
use crate::survey::{Survey, survey};
use crate::trace::{step, within};

/// Everything that `migrate` was asked to do.
#[derive(Debug)]
pub struct Request {
    /// The bucket whose blocks are moved.
    pub source: BucketConfig,
    /// The bucket that receives them.
    pub target: BucketConfig,
    /// Which blocks, and what happens to each.
    pub rules: Rules,
    /// Whether anything is written.
    pub mode: Mode,
    /// How the plan is run.
    pub engine: Settings,
    /// What a target that is a live replica of the source is taken for.
    pub replica_target: ReplicaTarget,
    /// The form of the document on stdout.
    pub form: Form,
    /// The time at the door.
    pub now: DateTime<Utc>,
}

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The plan is shown, and nothing is written anywhere.
    DryRun,
    /// The plan is carried out.
    Execute,
}

/// What a target that is a live replica of the source is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicaTarget {
    /// A mistake: deleting in the source would delete there too.
    Refuse,
    /// What the operator wants.
    Allow,
}

/// Runs it; the plan or the report is on `stdout` when this returns `Ok`, and what the form promises where there is none otherwise.
///
/// Errors: what keeps the run from beginning, with no block touched; or `stdout` that cannot be written.
pub async fn run(
    request: Request,
    progress: Arc<Progress>,
    clock: Clock,
    stop: &Stop,
    stdout: &mut (dyn Write + Send),
) -> Result<Ending> {
    let span = step!(
        "run",
        source = %request.source.location(),
        target = %request.target.location(),
        dry_run = request.mode == Mode::DryRun,
        run = tracing::field::Empty,
        exit_code = tracing::field::Empty,
    );
    Box::pin(within(span, begin(request, progress, clock, stop, stdout))).await
}

async fn begin(
    request: Request,
    progress: Arc<Progress>,
    clock: Clock,
    stop: &Stop,
    stdout: &mut (dyn Write + Send),
) -> Result<Ending> {
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
        target: request.target.location().to_string(),
        cutoff: request.rules.cutoff.time(),
    };
    Span::current().record("run", header.run.to_string());
    info!(run = %header.run, source = header.source, target = header.target, "run begins");
    let migrated = async {
        let buckets = open(&request, stop).await?;
        migrate(&request, &header, buckets, begun, progress, clock, stop).await
    };
    let (plan, results) = match migrated.await {
        Ok(migrated) => migrated,
        Err(err) => {
            let (why, ending) = (format!("{err:#}"), Ending::of_error(&err, stop.asked()));
            // Where that cannot be written either, the first error tells more.
            let _ = report::write_error(request.form.output, Some(&header), &why, ending, stdout);
            return Err(err);
        }
    };
    let (rules, results) = (&request.rules, results.as_ref());
    report::write(request.form, &header, &plan, rules, results, stdout)
        .map_err(|err| Error::new(Kind::Other, "write to stdout").because(err))?;
    let ending = report::ending(&plan, rules, results);
    Span::current().record("exit_code", ending.exit_code());
    info!(run = %header.run, exit_code = ending.exit_code(), elapsed = ?begun.elapsed(), "run ends");
    Ok(ending)
}

async fn open(request: &Request, stop: &Stop) -> Result<Buckets> {
    let access = match request.mode {
        Mode::DryRun => Access::Read,
        Mode::Execute => Access::Write,
    };
    let opening = async {
        Ok(Buckets {
            source: request.source.open(access, MissingRoot::Error).await?,
            target: request.target.open(access, MissingRoot::Empty).await?,
        })
    };
    tokio::select! {
        opened = opening => opened,
        // Programs and services that are asked for credentials may take their time.
        signal = stop.wait() => Err(stopped(signal, "open the buckets")),
    }
}

/// Both buckets, opened.
#[derive(Debug)]
pub struct Buckets {
    /// The bucket whose blocks are moved.
    pub source: Backend,
    /// The bucket that receives them.
    pub target: Backend,
}

/// Everything between opening the buckets and writing the report: the plan, and what came of it unless this is a dry run.
///
/// Errors: what keeps the run from beginning, with no block touched.
pub async fn migrate(
    request: &Request,
    header: &Header,
    buckets: Buckets,
    begun: Instant,
    progress: Arc<Progress>,
    clock: Clock,
    stop: &Stop,
) -> Result<(Plan, Option<Results>)> {
    match request.mode {
        Mode::DryRun => Ok((dry_run(request, buckets, &clock, stop).await?, None)),
        Mode::Execute => {
            let stop = stop.clone();
            let (plan, results) =
                execute(request, header, buckets, begun, progress, clock, stop).await?;
            Ok((plan, Some(results)))
        }
    }
}

/// Plans with two readers, which cannot write.
async fn dry_run(request: &Request, buckets: Buckets, clock: &Clock, stop: &Stop) -> Result<Plan> {
    let retry = &request.engine.retry;
    let source = BucketReader::new(buckets.source, retry.clone());
    let target = BucketReader::new(buckets.target, retry.clone());
    let (mut plan, _) = look_and_plan(request, &source, &target, stop).await?;
    if plan.marks()
        && let Err(err) = agree_so_far(clock(), &source, &target)
    {
        let obstacle = format!("{err:#}");
        warn!(
            err = obstacle,
            "a run of this plan would stop before it begins"
        );
        plan.obstacle = Some(obstacle);
    }
    Ok(plan)
}

async fn execute(
    request: &Request,
    header: &Header,
    buckets: Buckets,
    begun: Instant,
    progress: Arc<Progress>,
    clock: Clock,
    stop: Stop,
) -> Result<(Plan, Results)> {
    let retry = &request.engine.retry;
    let source = Bucket::new(buckets.source, retry.clone());
    let target = Bucket::new(buckets.target, retry.clone());
    let (plan, survey) = look_and_plan(request, source.reader(), target.reader(), &stop).await?;
    if plan.writes() {
        let leftovers = &survey.leftover_probes;
        let clock = plan.marks().then_some(&clock);
        let buckets = (&source, &target);
        look_ahead(request, header, clock, buckets, leftovers, &stop).await?;
    }
    let run = Run {
        source,
        target,
        settings: request.engine.clone(),
        publish_order: request.rules.publish_order,
        verify: request.rules.verify,
        provenance: Provenance::of_this_run(&*header.target, header.run.clone()),
        clock,
        progress,
        stop,
        begun,
    };
    let results = run.carry_out(&plan, &survey).await;
    Ok((plan, results))
}

/// What would keep every block from being marked is found before the first one is copied: buckets that are one and, with a `clock`, clocks that
/// differ. A signal takes the probe away again.
async fn look_ahead(
    request: &Request,
    header: &Header,
    clock: Option<&Clock>,
    (source, target): (&Bucket, &Bucket),
    leftovers: &[ObjectPath],
    stop: &Stop,
) -> Result<()> {
    let probing = async {
        if let Some(clock) = clock {
            agree(clock, source, target).await?;
        }
        probe::sweep(target, leftovers).await?;
        probe::probe(source.reader(), target, &header.run).await
    };
    let probing = within(step!("probe"), probing);
    let probed = tokio::select! {
        // What is done counts, even if the end comes at the same moment.
        biased;
        probed = probing => probed?,
        signal = stop.wait() => {
            // Whether it was put may be known to the target alone.
            let removed = probe::remove(target, &header.run);
            if !matches!(timeout(request.engine.shutdown_grace, removed).await, Ok(Ok(()))) {
                warn!("the probe object may be left in the target; a later run removes it");
            }
            return Err(stopped(signal, "look whether source and target are one bucket"));
        }
    };
    let (from, to) = (&header.source, &header.target);
    match probed.found {
        Found::Two => {}
        Found::One => {
            return Err(Error::usage(format!(
                "source {from} and target {to} are the same bucket: an object put into the target was found in the source"
            )));
        }
        Found::Unlisted => {
            return Err(Error::usage(format!(
                "target {to} does not list an object that was just put there: endpoint, bucket or prefix name another place in listings than \
                 for objects"
            )));
        }
    }
    let Some(clock) = clock else {
        return Ok(());
    };
    if let Some(reading) = &probed.put_at {
        let whose = target.reader().location();
        judge(reading, clock(), source.reader(), whose)?;
    }
    let times = [
        source.reader().time_told(),
        target.reader().time_told().or(probed.put_at),
    ];
    for (bucket, _) in [source, target]
        .into_iter()
        .zip(times)
        .filter(|(_, time)| time.is_none())
    {
        warn!(
            bucket = %bucket.reader().location(),
            "the bucket does not tell what time it is there, so that this machine's clock, from which compactors count, is not compared with it"
        );
    }
    Ok(())
}

/// Until a plan stands nothing is written, so a signal ends the run at once.
async fn look_and_plan(
    request: &Request,
    source: &BucketReader,
    target: &BucketReader,
    stop: &Stop,
) -> Result<(Plan, Survey)> {
    let rules = &request.rules;
    let target_name = target.location().to_string();
    let survey = tokio::select! {
        survey = within(step!("survey"), survey(source, target, rules, request.now)) => survey?,
        signal = stop.wait() => return Err(stopped(signal, "make a plan")),
    };
    if request.replica_target == ReplicaTarget::Refuse
        && let Some(Replica { block, by }) = replica(&survey.source, &survey.target, &target_name)
    {
        return Err(Error::usage(format!(
            "target {target_name} seems to be a live replica of source {}: it holds {block}, and {by}, so that deleting them in the source would \
             delete them in the target; --allow-replica-target goes on all the same",
            source.location(),
        )));
    }
    let mut plan =
        step!("plan").in_scope(|| plan(&survey.source, &survey.target, rules, &target_name))?;
    plan.warnings.splice(0..0, survey.warnings.iter().cloned());
    for warning in &plan.warnings {
        tell(warning);
    }
    Ok((plan, survey))
}

/// Tells the log; the plan and the report tell it again.
fn tell(warning: &Warning) {
    let Warning { name, text, blocks } = warning;
    if blocks.is_empty() {
        warn!(warning = name, "{text}");
    } else {
        warn!(
            warning = name,
            blocks = blocks.len(),
            "selected blocks {text}"
        );
    }
}

/// A signal came before the first block was begun: there is nothing to report.
fn stopped(signal: Signal, attempt: &str) -> Error {
    let attempt = format!("{attempt} before {} came", signal.as_str());
    Error::new(Kind::Cancelled, attempt)
}
