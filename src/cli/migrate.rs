//! `migrate`: its flags, and the request that they add up to.

use chrono::{DateTime, Utc};
use clap::Args;

use super::args::{
    Agreement, Audited, Buckets, Copying, Effort, Figures, GoRuntime, Landing, Meanings, Printed,
    Selection, Sharing, agreed_rules, exit_codes_of_a_move,
};
use super::flags::Origins;
use crate::command::migrate::Request;
use crate::error::Result;
use crate::migrate::{Mode, ReplicaTarget, Task};
use crate::plan::{Existing, Rules};

/// Moves blocks that are older than a cutoff from a source bucket to a target bucket.
///
/// A block is published in the target only when the target wholly holds it, and
/// marked for deletion in the source only when that is proven. A run may be killed
/// at any moment and started again: the buckets are its only state.
#[derive(Args)]
#[command(after_help = SEE_HELP, after_long_help = examples_and_exit_codes())]
#[command(display_name = "thanos-bucket", override_usage = USAGE)]
pub(super) struct Flags {
    #[command(flatten)]
    buckets: Buckets,
    #[command(flatten)]
    landing: Landing,
    /// Go on although the target looks like a live replica of the source.
    ///
    /// Where deletions are replicated too, deleting the source's blocks deletes
    /// the target's.
    #[arg(long, help_heading = "Buckets")]
    allow_replica_target: bool,

    #[command(flatten)]
    agreement: Agreement,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    effort: Effort,
    #[command(flatten)]
    sharing: Sharing,
    #[command(flatten)]
    printed: Printed,
    #[command(flatten)]
    pub(super) audited: Audited,
    #[command(flatten)]
    figures: Figures,
    #[command(flatten)]
    runtime: GoRuntime,
}

#[derive(Args)]
#[command(next_help_heading = "What happens")]
struct What {
    /// Show the plan, and write nothing anywhere.
    #[arg(long)]
    dry_run: bool,

    /// Replace blocks that the target has in another form.
    #[arg(long)]
    overwrite_existing: bool,

    #[command(flatten)]
    copying: Copying,

    /// Write no-compact-mark.json before each deletion mark.
    ///
    /// The source's compactor may compact a block that is marked for deletion
    /// until half its delete delay has passed; this keeps it from doing so.
    #[arg(long)]
    no_compact_mark_source: bool,
}

const USAGE: &str = "thanos-bucket migrate [FLAGS]";

const SEE_HELP: &str = "--help says more, with environment variables, examples and exit codes.";

const EXAMPLES: &str = "\
Each flag can be given by its environment variable; the command line wins.
Repeatable flags are separated by commas there. Flags that take true|false can
also be written --flag and --no-flag; the last one counts.

Examples:
  See what would happen; this writes nothing:
    thanos-bucket migrate --objstore.config-file=hot.yaml \\
      --objstore-to.config-file=cold.yaml --older-than=90d --dry-run

  Move what is older than a day in the calendar, and keep the report:
    thanos-bucket migrate --objstore.config-file=hot.yaml \\
      --objstore-to.config-file=cold.yaml --older-than=2025-06-01 \\
      --output=json >report.json

  Carry out a plan that somebody has read, and nothing else:
    thanos-bucket migrate --objstore.config-file=hot.yaml \\
      --objstore-to.config-file=cold.yaml --plan=plan.json

  Move raw blocks of some clusters only:
    thanos-bucket migrate --objstore.config-file=hot.yaml \\
      --objstore-to.config-file=cold.yaml --older-than=30d --resolution=0s \\
      --selector.relabel-config-file=selector.yaml";

fn examples_and_exit_codes() -> String {
    let exit_codes = exit_codes_of_a_move(&MEANINGS);
    format!(
        "{EXAMPLES}\n\n{exit_codes}  A dry run exits as the run would, as far as a plan can tell: it does not\n  try whether it may write."
    )
}

const MEANINGS: Meanings = Meanings {
    done: "every selected block is in the target and marked in the source, or\n\
           needed nothing; also a run that --max-duration or --max-bytes ended",
    aborted: "the run could not be done or had to stop: bucket not reachable,\n\
              credentials refused, no space, marks refused, clocks that differ",
    attention: "finished, but something needs a person: the report says what",
};

impl Flags {
    /// The request, whole and sound. What was read and has no effect is added to `warnings`.
    pub(super) fn request(
        self,
        origins: &Origins<'_>,
        now: DateTime<Utc>,
        warnings: &mut Vec<String>,
    ) -> Result<Request> {
        let what = self.what;
        let (source, target) = self.buckets.configs(self.landing, origins, warnings)?;
        let existing = if what.overwrite_existing {
            Existing::Overwrite
        } else {
            Existing::Keep
        };
        let plan = self.agreement.plan(&source, &target, origins)?;
        let selected = match plan {
            Some(plan) => agreed_rules(plan, existing, origins)?,
            None => self.selection.rules(existing, origins, now, warnings)?,
        };
        let mut settings = self.effort.settings(origins)?;
        settings.no_compact_mark_source = what.no_compact_mark_source;
        warnings.extend(self.runtime.without_effect(origins));
        let task = Task {
            rules: Rules {
                verify: what.copying.verify,
                publish_order: what.copying.publish_order,
                shard: self.sharing.shard,
                ..selected
            },
            mode: if what.dry_run {
                Mode::DryRun
            } else {
                Mode::Execute
            },
            settings,
            replica_target: if self.allow_replica_target {
                ReplicaTarget::Allow
            } else {
                ReplicaTarget::Refuse
            },
        };
        let textfile = self.figures.textfile(task.mode, origins, warnings)?;
        Ok(Request {
            source,
            target,
            task,
            form: self.printed.form(origins.environment),
            now,
            textfile,
        })
    }
}
