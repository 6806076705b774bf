//! `undelete`: its flags, and the request that they add up to.

use chrono::{DateTime, Utc};
use clap::Args;

use super::args::{Audited, Filters, Meanings, Printed, Repetition, Source, exit_codes};
use super::flags::Origins;
use super::values::run_id;
use crate::block::RunId;
use crate::command::undelete::Request;
use crate::error::{Error, Result};
use crate::plan::BringBack;
use crate::undelete::Task;

/// Brings deleted blocks back where the bucket keeps versions.
///
/// It finds blocks of one run, some blocks, or all that the filters take, of which
/// objects were deleted, and brings their newest versions back: data first, meta.json
/// last, and only where the whole block can be had and no other block holds its time.
/// Stop the bucket's compactor meanwhile. Without --no-dry-run nothing is written.
#[derive(Args)]
#[command(after_help = SEE_HELP, after_long_help = examples_and_exit_codes())]
#[command(display_name = "thanos-bucket", override_usage = USAGE)]
pub(super) struct Flags {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    filters: Filters,

    /// Only blocks that this run marked; its id stands at the top of its report.
    #[arg(long, value_name = "ULID", value_parser = run_id, help_heading = "Which blocks")]
    run: Option<RunId>,

    /// Show which blocks would be brought back, and write nothing.
    #[arg(long, default_value_t = true, help_heading = "What happens")]
    dry_run: bool,

    #[command(flatten)]
    repetition: Repetition,
    #[command(flatten)]
    printed: Printed,
    #[command(flatten)]
    pub(super) audited: Audited,
}

const USAGE: &str = "thanos-bucket undelete [FLAGS]";

const SEE_HELP: &str = "--help says more, with environment variables, examples and exit codes.";

const EXAMPLES: &str = "\
Each flag can be given by its environment variable; the command line wins.

Examples:
  See which blocks of a run would be brought back:
    thanos-bucket undelete --objstore.config-file=hot.yaml \\
      --run=01J9ZK3M7Q8T5V6W7X8Y9Z0A1B

  Bring them back:
    thanos-bucket undelete --objstore.config-file=hot.yaml \\
      --run=01J9ZK3M7Q8T5V6W7X8Y9Z0A1B --no-dry-run";

fn examples_and_exit_codes() -> String {
    format!("{EXAMPLES}\n\n{}", exit_codes(&MEANINGS))
}

const MEANINGS: Meanings = Meanings {
    done: "every block that was asked for is there, or would be",
    aborted: "the bucket keeps no versions or cannot be read, or the run had to stop",
    attention: "some block that was asked for stays deleted: the document says why",
};

impl Flags {
    /// The request, whole and sound. What was read and has no effect is added to `warnings`.
    pub(super) fn request(
        self,
        origins: &Origins<'_>,
        now: DateTime<Utc>,
        warnings: &mut Vec<String>,
    ) -> Result<Request> {
        let bucket = self.source.config(origins, warnings)?;
        let filter = self.filters.filter(origins, now, warnings)?;
        if self.run.is_none() && filter.takes_all() {
            return Err(Error::usage(
                "one of --run, --id and the other filters is required: expected which blocks are to be brought back",
            ));
        }
        Ok(Request {
            bucket,
            task: Task {
                bring_back: BringBack {
                    filter,
                    run: self.run,
                },
                is_dry: self.dry_run,
                retry: self.repetition.policy(origins)?,
            },
            form: self.printed.form(origins.environment),
            now,
        })
    }
}
