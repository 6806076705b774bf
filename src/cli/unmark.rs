//! `unmark`: its flags, and the request that they add up to.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;

use super::args::{Audited, Buckets, Filters, Landing, Meanings, Printed, Repetition, exit_codes};
use super::flags::Origins;
use super::values::{delete_delay, run_id};
use crate::block::RunId;
use crate::command::unmark::Request;
use crate::error::{Error, Result};
use crate::plan::TakeBack;
use crate::unmark::Task;

/// Takes a migration back while the source still holds the blocks.
///
/// It removes marks that this tool wrote from the source, and nothing else: those
/// of one run, of some blocks, or of all that the filters take. What lies in the
/// target stays. Blocks that are no longer whole, and marks older than half of
/// --delete-delay, are left alone and told. Without --no-dry-run nothing is written.
#[derive(Args)]
#[command(after_help = SEE_HELP, after_long_help = examples_and_exit_codes())]
#[command(display_name = "thanos-bucket", override_usage = USAGE)]
pub(super) struct Flags {
    #[command(flatten)]
    buckets: Buckets,
    #[command(flatten)]
    filters: Filters,

    /// Only marks that this run wrote; its id stands at the top of its report.
    #[arg(long, value_name = "ULID", value_parser = run_id, help_heading = "Which blocks")]
    run: Option<RunId>,

    /// Show which marks would be taken back, and write nothing.
    #[arg(long, default_value_t = true, help_heading = "What happens")]
    dry_run: bool,

    /// The delete delay of the source's compactor.
    ///
    /// It is that flag of Thanos' compactor: give what it is given. Half of it after a mark was written, parts of Thanos no longer count on the
    /// block, and another one may have been made of its data.
    #[arg(long, value_name = "DURATION", default_value = "48h", value_parser = delete_delay)]
    #[arg(help_heading = "What happens")]
    delete_delay: TimeDelta,

    /// Take back marks of any age.
    #[arg(long, help_heading = "What happens")]
    force: bool,

    #[command(flatten)]
    repetition: Repetition,
    #[command(flatten)]
    printed: Printed,
    #[command(flatten)]
    pub(super) audited: Audited,
}

const USAGE: &str = "thanos-bucket unmark [FLAGS]";

const SEE_HELP: &str = "--help says more, with environment variables, examples and exit codes.";

const EXAMPLES: &str = "\
Each flag can be given by its environment variable; the command line wins.

Examples:
  See which marks of a run would be taken back:
    thanos-bucket unmark --objstore.config-file=hot.yaml \\
      --run=01J9ZK3M7Q8T5V6W7X8Y9Z0A1B

  Take them back:
    thanos-bucket unmark --objstore.config-file=hot.yaml \\
      --run=01J9ZK3M7Q8T5V6W7X8Y9Z0A1B --no-dry-run";

fn examples_and_exit_codes() -> String {
    format!("{EXAMPLES}\n\n{}", exit_codes(&MEANINGS))
}

const MEANINGS: Meanings = Meanings {
    done: "every mark that was asked for is taken back, or would be",
    aborted: "the bucket cannot be read, or the run had to stop",
    attention: "some mark that was asked for stays: the document says which, and why",
};

impl Flags {
    /// The request, whole and sound. What was read and has no effect is added to `warnings`.
    pub(super) fn request(
        self,
        origins: &Origins<'_>,
        now: DateTime<Utc>,
        warnings: &mut Vec<String>,
    ) -> Result<Request> {
        let (source, target) =
            self.buckets
                .one_or_two(Landing::of_a_reader(), origins, warnings)?;
        let filter = self.filters.filter(origins, now, warnings)?;
        if self.run.is_none() && filter.takes_all() {
            return Err(Error::usage(
                "one of --run, --id and the other filters is required: expected which marks are to be taken back",
            ));
        }
        let target = target.map(|target| target.location().to_string());
        Ok(Request {
            source,
            task: Task {
                take_back: TakeBack {
                    filter,
                    run: self.run,
                    target,
                    oldest: (!self.force).then(|| half(self.delete_delay)),
                },
                is_dry: self.dry_run,
                retry: self.repetition.policy(origins)?,
            },
            form: self.printed.form(origins.environment),
            now,
        })
    }
}

fn half(delay: TimeDelta) -> Duration {
    delay.to_std().unwrap_or_default() / 2
}
