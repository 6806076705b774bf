//! A migration, wired once: look at both buckets, plan, make sure that nothing would keep every block from being marked, carry the plan out.
//!
//! The command, the simulation and the tests in memory all call [`migrate`]; what they differ in are the buckets.

mod another_try;
mod at_work;
mod bringing;
mod carry_out;
mod copying;
mod covering;
mod ending;
mod held;
mod keepers;
mod look;
mod marking;
mod preflight;
mod proving;
mod publishing;
mod shared;
mod stopped;
mod unit;
mod watch;

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;
use tracing::warn;

use crate::block::RunId;
use crate::bucket::{Backend, Bucket, BucketReader};
use crate::engine::Stop;
use crate::error::{Error, Kind, Result};
use crate::exit::Signal;
use crate::outcome::Results;
use crate::plan::{Plan, Replica, Rules, Warning, plan, replica};
use crate::progress::Progress;
use crate::retry;
use crate::trace::{step, within};
use crate::verb::clocks::{Clock, agree_so_far};
use crate::verb::survey::{Survey, survey};
use carry_out::carry_out;

/// What a migration is asked to do.
#[derive(Debug, Clone)]
pub struct Task {
    /// Which blocks, and what happens to each.
    pub rules: Rules,
    /// Whether anything is written.
    pub mode: Mode,
    /// How the plan is carried out.
    pub settings: Settings,
    /// What a target that is a live replica of the source is taken for.
    pub replica_target: ReplicaTarget,
}

/// How a plan is carried out.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Blocks being copied at once.
    pub concurrency: NonZeroUsize,
    /// When a block's work is repeated.
    pub retry: retry::Policy,
    /// No block is started once so many have failed.
    pub max_failures: Option<NonZeroUsize>,
    /// No block is started once the run has lasted so long; then it ends as after a signal.
    pub max_duration: Option<Duration>,
    /// No block is started once those started hold so many bytes to copy.
    pub max_bytes: Option<NonZeroU64>,
    /// How long blocks in hand may go on once the run is to end.
    pub shutdown_grace: Duration,
    /// Whether a no-compact mark is written before the deletion mark.
    pub no_compact_mark_source: bool,
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

/// One run: who it is, and how it hears of the world and is heard.
pub struct Run {
    /// What marks and the probe name.
    pub id: RunId,
    /// The time of day when it began: ages count from here.
    pub started: DateTime<Utc>,
    /// The same instant, for the limit on how long it may last.
    pub begun: Instant,
    /// The time of day for marks.
    pub clock: Clock,
    /// Told how far the run is.
    pub progress: Arc<Progress>,
    /// Asks the run to stop.
    pub stop: Stop,
}

/// Both buckets, opened.
#[derive(Debug)]
pub struct Buckets {
    /// The bucket whose blocks are moved.
    pub source: Backend,
    /// The bucket that receives them.
    pub target: Backend,
}

/// What a run did.
#[derive(Debug)]
pub struct Migrated {
    /// What was to be done.
    pub plan: Plan,
    /// What became of it; `None` where the run was dry.
    pub results: Option<Results>,
}

/// Everything between opening the buckets and writing the report.
///
/// Errors: what keeps the run from beginning, with no block touched.
pub async fn migrate(task: &Task, run: Run, buckets: Buckets) -> Result<Migrated> {
    let retry = &task.settings.retry;
    match task.mode {
        Mode::DryRun => {
            let source = BucketReader::new(buckets.source, retry.clone());
            let target = BucketReader::new(buckets.target, retry.clone());
            let plan = plan_alone(task, &run, &source, &target).await?;
            Ok(Migrated {
                plan,
                results: None,
            })
        }
        Mode::Execute => {
            let source = Bucket::new(buckets.source, retry.clone());
            let target = Bucket::new(buckets.target, retry.clone());
            execute(task, run, source, target).await
        }
    }
}

/// Plans with two readers, which cannot write.
async fn plan_alone(
    task: &Task,
    run: &Run,
    source: &BucketReader,
    target: &BucketReader,
) -> Result<Plan> {
    let (mut plan, _) = look_and_plan(task, run, source, target).await?;
    if plan.marks()
        && let Err(err) = agree_so_far((run.clock)(), source, target)
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

async fn execute(task: &Task, run: Run, source: Bucket, target: Bucket) -> Result<Migrated> {
    let (plan, survey) = look_and_plan(task, &run, source.reader(), target.reader()).await?;
    if plan.writes() {
        let grace = task.settings.shutdown_grace;
        preflight::pass(&run, grace, (&source, &target), &plan, &survey).await?;
    }
    let results = carry_out(task, run, (source, target), &plan, &survey).await;
    Ok(Migrated {
        plan,
        results: Some(results),
    })
}

/// Until a plan stands nothing is written, so a signal ends the run at once.
async fn look_and_plan(
    task: &Task,
    run: &Run,
    source: &BucketReader,
    target: &BucketReader,
) -> Result<(Plan, Survey)> {
    let rules = &task.rules;
    let target_name = target.location().to_string();
    let survey = tokio::select! {
        survey = within(step!("survey"), survey(source, target, rules, run.started)) => survey?,
        signal = run.stop.wait() => return Err(stopped(signal, "make a plan")),
    };
    if task.replica_target == ReplicaTarget::Refuse
        && let Some(Replica { block, by }) = replica(&survey.source, &survey.target, &target_name)
    {
        return Err(Error::usage(format!(
            "target {target_name} seems to be a live replica of source {}: it holds {block}, and {by}, so that deleting them in the source would \
             delete them in the target; --allow-replica-target goes on all the same",
            source.location(),
        )));
    }
    let mut plan =
        step!("plan").in_scope(|| plan(&survey.source, &survey.target, rules, &target_name));
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
#[must_use]
pub fn stopped(signal: Signal, attempt: &str) -> Error {
    let attempt = format!("{attempt} before {} came", signal.as_str());
    Error::new(Kind::Cancelled, attempt)
}
