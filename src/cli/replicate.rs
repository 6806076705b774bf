//! `replicate`: its flags, which are those of Thanos' command and more, and the request that they add up to.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use clap::Args;

use super::args::{
    Audited, Buckets, Copying, Effort, Figures, Filters, LEVELS, Landing, Meanings, Printed,
    Sharing, Thanos, exit_codes,
};
use super::flags::Origins;
use super::values::whole_number;
use crate::command::migrate::Request;
use crate::error::{Error, Result};
use crate::migrate::{Mode, ReplicaTarget, Task};
use crate::plan::{Existing, Purpose, Rules, Scope};
use crate::select::{Filter, Selector};

/// Copies blocks from a source bucket to a target bucket, and leaves the source alone.
///
/// It is migrate without marks: a block is published in the target only when the
/// target wholly holds it. With the two buckets swapped it brings blocks back. It
/// takes the flags of Thanos' `tools bucket replicate`, and runs once.
#[derive(Args)]
#[command(after_help = SEE_HELP, after_long_help = examples_and_exit_codes())]
#[command(display_name = "thanos-bucket", override_usage = USAGE)]
pub(super) struct Flags {
    #[command(flatten)]
    buckets: Buckets,
    #[command(flatten)]
    landing: Landing,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    which: Which,
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
    thanos: Thanos,
}

#[derive(Args)]
#[command(next_help_heading = super::variables::WHICH_BLOCKS)]
struct Which {
    /// Only blocks whose external labels match: `{cluster="eu-1",tenant!~"a.*"}`.
    ///
    /// The operators are =, !=, =~ and !~. Like --resolution and --compaction, it
    /// does not hold for blocks that --id names, as in Thanos.
    #[arg(long, value_name = "MATCHERS")]
    matcher: Option<String>,

    /// Only this level, in the place of --compaction-min and --compaction-max; repeatable.
    #[arg(long, value_name = "LEVEL", value_parser = whole_number::<i64>(LEVELS))]
    compaction: Vec<i64>,

    /// Leave out blocks that carry a deletion mark in the source.
    ///
    /// Without it they are copied too, as in Thanos; marks are never copied.
    #[arg(long)]
    ignore_marked_for_deletion: bool,
}

#[derive(Args)]
#[command(next_help_heading = "What happens")]
struct What {
    /// Show the plan, and write nothing anywhere.
    #[arg(long)]
    dry_run: bool,

    /// Run once: every run does, with this flag or without it.
    ///
    /// Thanos repeats itself every minute without it. Let cron, or a `CronJob` of
    /// Kubernetes, repeat this command.
    #[arg(long)]
    single_run: bool,

    /// Replace blocks that the target has in another form.
    ///
    /// It needs --ignore-marked-for-deletion.
    #[arg(long)]
    overwrite_existing: bool,

    #[command(flatten)]
    copying: Copying,
}

const USAGE: &str = "thanos-bucket replicate [FLAGS]";

const SEE_HELP: &str = "--help says more, with environment variables, examples and exit codes.";

const EXAMPLES: &str = "\
Each flag can be given by its environment variable; the command line wins.

Examples:
  Bring the blocks of one month back; this only shows which:
    thanos-bucket replicate --objstore.config-file=cold.yaml \\
      --objstore-to.config-file=hot.yaml \\
      --min-time=2025-03-01 --max-time=2025-03-31T23:59:59Z --dry-run

  Keep a second copy of one cluster's blocks:
    thanos-bucket replicate --objstore.config-file=hot.yaml \\
      --objstore-to.config-file=copy.yaml --matcher='{cluster=\"eu-1\"}'";

fn examples_and_exit_codes() -> String {
    let exit_codes = exit_codes(&MEANINGS);
    format!(
        "{EXAMPLES}\n\n{exit_codes}  A dry run exits as the run would, as far as a plan can tell: it does not\n  try whether it may write."
    )
}

const MEANINGS: Meanings = Meanings {
    done: "every selected block is in the target, or needed nothing; also a run\n\
           that --max-duration or --max-bytes ended",
    aborted: "the run could not be done or had to stop: bucket not reachable,\n\
              credentials refused, no space",
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
        let scope = self.which.scope(what.overwrite_existing, origins)?;
        let filter = self.filters.filter(origins, now, warnings)?;
        let rules = Rules {
            purpose: Purpose::Copy,
            scope,
            verify: what.copying.verify,
            publish_order: what.copying.publish_order,
            shard: self.sharing.shard,
            ..Rules::of(self.which.narrow(filter, origins, warnings)?)
        };
        warnings.extend(self.thanos.without_effect(origins));
        if !what.single_run && origins.is_on_command_line("single-run") {
            let flag = origins.name("single-run");
            warnings.push(format!(
                "{flag} \"false\" has no effect: the run ends once it is done"
            ));
        }
        let mode = if what.dry_run {
            Mode::DryRun
        } else {
            Mode::Execute
        };
        let textfile = self.figures.textfile(mode, origins, warnings)?;
        Ok(Request {
            source,
            target,
            task: Task {
                rules,
                mode,
                settings: self.effort.settings(origins)?,
                // Nothing is deleted in the source, so that nothing can be deleted in a replica of it.
                replica_target: ReplicaTarget::Allow,
            },
            form: self.printed.form(origins.environment),
            now,
            textfile,
        })
    }
}

impl Which {
    fn scope(&self, overwrite_existing: bool, origins: &Origins<'_>) -> Result<Scope> {
        let existing = if overwrite_existing {
            Existing::Overwrite
        } else {
            Existing::Keep
        };
        match (existing, self.ignore_marked_for_deletion) {
            (Existing::Keep, true) => Ok(Scope::Unmarked),
            (Existing::Overwrite, true) => Ok(Scope::Overwriting),
            (Existing::Keep, false) => Ok(Scope::Marked),
            (Existing::Overwrite, false) => {
                let (one, other) = (
                    origins.name("overwrite-existing"),
                    origins.name("ignore-marked-for-deletion"),
                );
                Err(Error::usage(format!(
                    "{one} \"true\": cannot be used without {other}: expected both, for marked blocks are no reason to overwrite"
                )))
            }
        }
    }

    /// The filter with the flags that only Thanos' command has. As there, `--id` counts in the place of labels, resolutions and levels.
    fn narrow(
        self,
        mut filter: Filter,
        origins: &Origins<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<Filter> {
        let matchers = self.matcher.unwrap_or_default();
        let matchers = Selector::parse_matchers(&matchers)
            .map_err(|err| Error::usage(format!("{} {err:#}", origins.name("matcher"))))?;
        filter.levels = self.compaction.into_iter().collect();
        if filter.ids.is_empty() {
            filter.selector = matchers.and(filter.selector);
            return Ok(filter);
        }
        let free = Filter::default();
        let ids = origins.name("id");
        for (is_given, flag) in [
            (!matchers.is_empty(), "matcher"),
            (!filter.resolutions_ms.is_empty(), "resolution"),
            (!filter.levels.is_empty(), "compaction"),
            (filter.compaction_min > 1, "compaction-min"),
            (filter.compaction_max.is_some(), "compaction-max"),
        ] {
            if is_given {
                let flag = origins.name(flag);
                warnings.push(format!("{flag} does not hold beside {ids}, as in Thanos"));
            }
        }
        Ok(Filter {
            resolutions_ms: BTreeSet::new(),
            compaction_min: free.compaction_min,
            compaction_max: None,
            levels: BTreeSet::new(),
            ..filter
        })
    }
}

#[cfg(test)]
mod tests;
