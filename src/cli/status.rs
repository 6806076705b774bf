//! `status`: its flags, and the request that they add up to.

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;

use super::args::{
    Buckets, Cache, Filters, Landing, Meanings, PrintedGroups, Repetition, exit_codes,
};
use super::flags::Origins;
use super::values::delete_delay;
use crate::command::status::Request;
use crate::error::Result;
use crate::status::Task;

/// Shows where blocks are: in the source, in the target, in both, or in neither.
///
/// Both buckets are read, and neither is written. Each group of blocks, which is
/// one set of external labels and one resolution, has a line with how many blocks
/// are where, and one that shows it over time. With the source alone it is a map
/// of that bucket. The filters say which blocks are on the map, but for
/// --older-than, which says what is due.
#[derive(Args)]
#[command(after_help = SEE_HELP, after_long_help = examples_and_exit_codes())]
#[command(display_name = "thanos-bucket", override_usage = USAGE)]
#[command(mut_arg("older_than", |arg| arg.help(DUE).long_help(DUE_AT_LENGTH)))]
pub(super) struct Flags {
    #[command(flatten)]
    buckets: Buckets,
    #[command(flatten)]
    filters: Filters,

    /// How long after its mark a block is deleted, as the compactors are told.
    ///
    /// It is that flag of Thanos' compactor: give what it is given.
    #[arg(long, value_name = "DURATION", default_value = "48h", value_parser = delete_delay)]
    #[arg(help_heading = "What is shown")]
    delete_delay: TimeDelta,

    #[command(flatten)]
    repetition: Repetition,
    #[command(flatten)]
    cache: Cache,
    #[command(flatten)]
    printed: PrintedGroups,
}

const DUE: &str = "Tell what a migrate with this flag would still move: an age, a time or a day";

const DUE_AT_LENGTH: &str = "\
Tell what a migrate with this flag would still move: an age, a time or a day.

It is spelled as there: 30d, 2025-06-01T00:00:00Z or 2025-06-01. The map
is the same without it; a sign below the axis shows where it lies.";

const USAGE: &str = "thanos-bucket status [FLAGS]";

const SEE_HELP: &str = "--help says more, with environment variables, examples and exit codes.";

const EXAMPLES: &str = "\
Each flag can be given by its environment variable; the command line wins.
Repeatable flags are separated by commas there.

Examples:
  See where everything is, and what is left to move:
    thanos-bucket status --objstore.config-file=hot.yaml \\
      --objstore-to.config-file=cold.yaml --older-than=90d

  Look at one bucket by itself:
    thanos-bucket status --objstore.config-file=hot.yaml

  One line for each group, for a spreadsheet:
    thanos-bucket status --objstore.config-file=hot.yaml \\
      --objstore-to.config-file=cold.yaml --output=tsv >groups.tsv";

fn examples_and_exit_codes() -> String {
    format!("{EXAMPLES}\n\n{}", exit_codes(&MEANINGS))
}

const MEANINGS: Meanings = Meanings {
    done: "the map is shown, and nothing on it needs a person",
    aborted: "there is no map: bucket not reachable, credentials refused",
    attention: "the map is shown, and something on it needs a person: it says what",
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
        Ok(Request {
            source,
            target,
            task: Task {
                filter: self.filters.filter(origins, now, warnings)?,
                delete_delay: self.delete_delay,
                retry: self.repetition.policy(origins)?,
                cache_dir: self.cache.cache_dir,
            },
            form: self.printed.form(origins.environment),
            now,
        })
    }
}
