//! `verify --config` and `cutover-check --config`: the flags that both have for a plan, and the request that they add up to.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Args;

use super::args::{Artifacts, Buckets, History, Printed, Repetition, Room, Waivers, staging};
use super::flags::Origins;
use crate::command::Command;
use crate::command::reconcile::Request;
use crate::error::{Error, Result};
use crate::reconcile::Depth;
use crate::reconciled::{Reconciled, meaning};

#[derive(Args)]
pub(super) struct OfPlan {
    #[command(flatten)]
    history: History,
    #[command(flatten)]
    artifacts: Artifacts,

    /// Where samples are sorted; the system's folder for temporary files by default.
    ///
    /// It needs room for all samples of both sides, and for one block.
    #[arg(long, value_name = "PATH", help_heading = "Plan of a backfill")]
    staging_dir: Option<PathBuf>,
}

/// What subcommands have that also make up their other ways.
pub(super) struct Shared {
    pub(super) waivers: Waivers,
    pub(super) buckets: Buckets,
    pub(super) repetition: Repetition,
    pub(super) room: Room,
    pub(super) printed: Printed,
}

/// Flags that mean something where a plan is given.
const OF_A_PLAN: [&str; 15] = [
    "config",
    "start",
    "end",
    "artifact-dir",
    "staging-dir",
    "waive",
    "objstore.config",
    "objstore.config-file",
    "max-retries",
    "retry.initial-backoff",
    "retry.max-backoff",
    "memory-limit",
    "bandwidth-limit",
    "output",
    "output.blocks",
];

/// Those that mean something nowhere else.
const OF_A_PLAN_ALONE: [&str; 4] = ["start", "end", "artifact-dir", "staging-dir"];

/// A flag that means nothing without a plan is given, and no plan is.
pub(super) fn goes_with_a_plan(flag: &str, origins: &Origins<'_>) -> Error {
    Error::usage(format!(
        "{}: it goes with --config: expected the plan of a backfill, too",
        origins.name(flag)
    ))
}

/// What can be waived with a plan, for the help.
pub(super) fn waivable_of_a_plan() -> String {
    let kinds = Reconciled::WAIVABLE.map(|kind| format!("  {kind:<23} {}\n", meaning(kind)));
    format!("With --config, --waive takes one of:\n{}", kinds.concat())
}

impl OfPlan {
    /// Whether a plan is given.
    ///
    /// Errors: another flag of the subcommand is given that goes with a plan, and there is none, or the other way round.
    pub(super) fn is_given<A: Args>(&self, origins: &Origins<'_>) -> Result<bool> {
        if !self.history.is_given() {
            let mut flags = OF_A_PLAN_ALONE.iter();
            return match flags.find(|flag| origins.is_given(flag)) {
                None => Ok(false),
                Some(flag) => Err(goes_with_a_plan(flag, origins)),
            };
        }
        let all = A::augment_args(clap::Command::new(""));
        let mut others = all.get_arguments().filter_map(|arg| arg.get_long());
        match others.find(|flag| !OF_A_PLAN.contains(flag) && origins.is_given(flag)) {
            None => Ok(true),
            Some(flag) => Err(Error::usage(format!(
                "{}: it does not go with {}: a plan says what is compared",
                origins.name(flag),
                origins.name("config")
            ))),
        }
    }

    /// What is to be done, whole and sound. What was read and has no effect is added to `warnings`.
    pub(super) fn command(
        self,
        depth: Depth,
        shared: Shared,
        origins: &Origins<'_>,
        now: DateTime<Utc>,
        warnings: &mut Vec<String>,
    ) -> Result<Command> {
        let plan = self.history.plan(origins, warnings)?;
        let range = self.history.range(origins, now)?;
        let named = plan.target.objstore_config_path.clone();
        let bucket = shared.buckets.receiver(named, origins, warnings)?;
        match (&bucket, &plan.target.write) {
            (Some(_), Some(_)) => {
                return Err(Error::usage(
                    "target.write_url: a bucket is given, too: expected one of them",
                ));
            }
            (None, None) => {
                return Err(Error::usage(
                    "--objstore.config or --objstore.config-file is required: expected the bucket that received blocks, or target.objstore_config_path or target.write_url in the plan",
                ));
            }
            _ => {}
        }
        Ok(Command::Reconcile(Box::new(Request {
            bucket,
            plan,
            range,
            depth,
            waived: shared.waivers.among(&Reconciled::WAIVABLE, origins)?,
            artifacts: self.artifacts.folder(origins)?,
            staging_dir: staging(self.staging_dir, origins)?,
            memory_limit: shared.room.memory_limit,
            bandwidth_limit: shared.room.bandwidth_limit,
            retry: shared.repetition.policy(origins)?,
            form: shared.printed.form(origins.environment),
            now,
        })))
    }
}
