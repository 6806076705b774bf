//! A migration, wired once: look at both buckets, plan, make sure that nothing would keep every block from being marked, carry the plan out.
//!
//! A run that only copies is the same without marks, as its rules say ([`Purpose`]): its source is a reader, which nobody can write.
//!
//! The commands, the simulation and the tests in memory all call [`migrate`]; what they differ in are the buckets.

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
mod source;
mod stopped;
mod task;
mod unit;
mod watch;

pub use task::{Buckets, Migrated, Mode, ReplicaTarget, Run, Settings, Task, stopped};

use tracing::warn;

use crate::audit::tell_plan;
use crate::bucket::{Bandwidth, Bucket, BucketReader, Cache, Common, ServerSide};
use crate::error::{Error, Result};
use crate::outcome::Carrier;
use crate::plan::{Plan, Purpose, Replica, Warning, moved_again, plan, replica};
use crate::trace::{step, within};
use crate::verb::clocks::agree_so_far;
use crate::verb::survey::{Survey, survey};
use carry_out::carry_out;
use source::Source;

/// Everything between opening the buckets and writing the report.
///
/// Errors: what keeps the run from beginning, with no block touched.
pub async fn migrate(task: &Task, run: Run, buckets: Buckets) -> Result<Migrated> {
    let common = Common {
        bandwidth: Bandwidth::new(task.settings.bandwidth_limit),
        cache: Cache::open(task.settings.cache_dir.clone())?,
    };
    let migrated = migrate_with(task, run, buckets, &common).await;
    common.cache.tidy().await;
    migrated
}

async fn migrate_with(
    task: &Task,
    run: Run,
    buckets: Buckets,
    common: &Common,
) -> Result<Migrated> {
    let retry = &task.settings.retry;
    match task.mode {
        Mode::DryRun | Mode::Estimate => {
            let reader = |backend| BucketReader::with(backend, retry.clone(), common.clone());
            let (source, target) = (reader(buckets.source), reader(buckets.target));
            let server_side = ServerSide::between(&source, &target, task.settings.copied_by)?;
            let plan = plan_alone(task, &run, &source, &target).await?;
            let keeping = match task.mode {
                Mode::Estimate => tokio::select! {
                    keeping = source.keeping() => keeping,
                    signal = run.stop.wait() => return Err(stopped(signal, "make a plan")),
                },
                Mode::DryRun | Mode::Execute => None,
            };
            Ok(Migrated {
                plan,
                results: None,
                carrier: carrier(&server_side),
                keeping,
            })
        }
        Mode::Execute => {
            let purpose = task.rules.purpose;
            let source = Source::opened(buckets.source, purpose, retry.clone(), common.clone());
            let target = Bucket::with(buckets.target, retry.clone(), common.clone());
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
    if task.rules.purpose == Purpose::Move
        && plan.marks()
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

async fn execute(task: &Task, run: Run, source: Source, target: Bucket) -> Result<Migrated> {
    let by = task.settings.copied_by;
    let server_side = ServerSide::between(source.reader(), target.reader(), by)?;
    let (plan, survey) = look_and_plan(task, &run, source.reader(), target.reader()).await?;
    if plan.writes() {
        let grace = task.settings.shutdown_grace;
        preflight::pass(&run, grace, (&source, &target), &plan, &survey).await?;
    }
    let carrier = carrier(&server_side);
    let results = carry_out(task, run, (source, target, server_side), &plan, &survey).await;
    Ok(Migrated {
        plan,
        results: Some(results),
        carrier,
        keeping: None,
    })
}

fn carrier(server_side: &ServerSide) -> Carrier {
    if server_side.is_there() {
        Carrier::Service
    } else {
        Carrier::Here
    }
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
    let surveying = survey(source, target, rules, run.started);
    let surveying = run.progress.surveyed_by(surveying);
    let survey = tokio::select! {
        survey = within(step!("survey"), surveying) => survey?,
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
    let source_name = source.location().to_string();
    let again = moved_again(&plan, &survey.target, rules, &source_name);
    plan.warnings.extend(again);
    for warning in &plan.warnings {
        tell(warning);
    }
    tell_plan(&run.trail, &plan, rules, &survey.target)?;
    Ok((plan, survey))
}

/// Logs the warning, which the plan and the report show again.
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
