//! `check`: its flags, and the request that they add up to.

use chrono::{DateTime, Utc};
use clap::Args;

use super::args::{Buckets, Landing, Meanings, Printed, Repetition, exit_codes};
use super::flags::Origins;
use crate::check::Task;
use crate::command::check::Request;
use crate::error::Result;

/// Tries what a migration needs of one bucket or of two, and moves nothing.
///
/// It says what was understood of each configuration, lists, reads, compares
/// clocks, and tells what is known of copies, proofs, versions, locks and
/// lifecycle rules; and which rights a migration needs at least. Nothing is
/// written without --write-probe.
#[derive(Args)]
#[command(after_help = SEE_HELP, after_long_help = examples_and_exit_codes())]
#[command(display_name = "thanos-bucket", override_usage = USAGE)]
pub(super) struct Flags {
    #[command(flatten)]
    buckets: Buckets,
    #[command(flatten)]
    landing: Landing,

    /// Put small objects into the target, and remove them again.
    ///
    /// This shows whether it may be written, whether a put can be kept from
    /// overwriting, whether uploads in parts work, whether chunks can have the
    /// storage class that is asked for, whether the two buckets are one, and
    /// whether the service copies between them. Where only one bucket is given,
    /// it is that one which is written.
    #[arg(long)]
    write_probe: bool,

    #[command(flatten)]
    repetition: Repetition,
    #[command(flatten)]
    printed: Printed,
}

const USAGE: &str = "thanos-bucket check [FLAGS]";

const SEE_HELP: &str = "--help says more, with environment variables, examples and exit codes.";

const EXAMPLES: &str = "\
Each flag can be given by its environment variable; the command line wins.

Examples:
  See whether one bucket's file is understood, and the bucket can be read:
    thanos-bucket check --objstore.config-file=hot.yaml

  Before the first migration, or as the first step of a job:
    thanos-bucket check --objstore.config-file=hot.yaml \\
      --objstore-to.config-file=cold.yaml --write-probe";

fn examples_and_exit_codes() -> String {
    format!("{EXAMPLES}\n\n{}", exit_codes(&MEANINGS))
}

const MEANINGS: Meanings = Meanings {
    done: "whatever was tried works",
    aborted: "something that was tried does not work: a migration would have to stop",
    attention: "never",
};

impl Flags {
    /// The request, whole and sound. What was read and has no effect is added to `warnings`.
    pub(super) fn request(
        self,
        origins: &Origins<'_>,
        now: DateTime<Utc>,
        warnings: &mut Vec<String>,
    ) -> Result<Request> {
        let (source, target) = self.buckets.one_or_two(self.landing, origins, warnings)?;
        Ok(Request {
            task: Task {
                source,
                target,
                write_probe: self.write_probe,
                retry: self.repetition.policy(origins)?,
            },
            form: self.printed.form(origins.environment),
            now,
        })
    }
}
