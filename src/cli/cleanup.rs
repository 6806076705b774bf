//! `cleanup`: its flags, and the request that they add up to.

use chrono::{DateTime, Utc};
use clap::Args;

use super::args::{Audited, Buckets, Landing, Meanings, Printed, Repetition, exit_codes};
use super::flags::Origins;
use super::values::block_id;
use crate::block::BlockId;
use crate::cleanup::Task;
use crate::command::cleanup::Request;
use crate::error::{Error, Result};
use crate::select::Cutoff;

/// Removes what runs of this tool left behind, and nothing else.
///
/// That is unfinished copies of blocks which the source still wholly holds, uploads
/// in parts that nobody completed, probes, files that say that a block is being
/// overwritten, and staged files. The target is cleaned, and the source only read;
/// with one bucket alone, that one is, of what needs no source to be known. What
/// somebody else may have made stays and is told. Without --no-dry-run nothing is
/// removed.
#[derive(Args)]
#[command(after_help = SEE_HELP, after_long_help = examples_and_exit_codes())]
#[command(display_name = "thanos-bucket", override_usage = USAGE)]
pub(super) struct Flags {
    #[command(flatten)]
    buckets: Buckets,

    /// What was written last before this: an age, a time or a day.
    ///
    /// It is the time at which something was written that counts here, by the clock
    /// of the bucket. With less than 13h no migration may be running, for one may go on
    /// with what is removed here.
    #[arg(long, value_name = "AGE|TIME|DAY", default_value = "48h")]
    #[arg(help_heading = "Which blocks")]
    older_than: String,

    /// Only what lies in the directory of this block; repeatable.
    #[arg(long, value_name = "ULID", value_parser = block_id)]
    #[arg(help_heading = "Which blocks")]
    id: Vec<BlockId>,

    /// Show what would be removed, and remove nothing.
    #[arg(long, default_value_t = true, help_heading = "What happens")]
    dry_run: bool,

    #[command(flatten)]
    repetition: Repetition,
    #[command(flatten)]
    printed: Printed,
    #[command(flatten)]
    pub(super) audited: Audited,
}

const USAGE: &str = "thanos-bucket cleanup [FLAGS]";

const SEE_HELP: &str = "--help says more, with environment variables, examples and exit codes.";

const EXAMPLES: &str = "\
Each flag can be given by its environment variable; the command line wins.

Examples:
  See what killed runs left in the target:
    thanos-bucket cleanup --objstore.config-file=hot.yaml \\
      --objstore-to.config-file=cold.yaml

  Remove it:
    thanos-bucket cleanup --objstore.config-file=hot.yaml \\
      --objstore-to.config-file=cold.yaml --no-dry-run";

fn examples_and_exit_codes() -> String {
    format!("{EXAMPLES}\n\n{}", exit_codes(&MEANINGS))
}

const MEANINGS: Meanings = Meanings {
    done: "what was left behind is removed, or would be, or stays for good reason",
    aborted: "a bucket cannot be looked at, or the run had to stop",
    attention: "something needs a person: the document says what, and why",
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
        let text = &self.older_than;
        let before = Cutoff::parse(text, now).map_err(|err| {
            Error::usage(format!("{} {text:?}: {err:#}", origins.name("older-than")))
        })?;
        Ok(Request {
            source,
            target,
            task: Task {
                before: before.time(),
                ids: self.id.into_iter().collect(),
                is_dry: self.dry_run,
                retry: self.repetition.policy(origins)?,
            },
            form: self.printed.form(origins.environment),
            now,
        })
    }
}
