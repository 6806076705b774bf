//! `verify`: its flags, and the request that they add up to.

use chrono::{DateTime, Utc};
use clap::Args;

use super::args::{
    AtOnce, Audited, Buckets, Cache, Filters, Landing, Meanings, Printed, Repetition, Room,
    Waivers, exit_codes,
};
use super::flags::Origins;
use super::reconcile::{OfPlan, Shared, goes_with_a_plan, waivable_of_a_plan};
use super::values::{one_of, run_id};
use super::variables::WHICH_BLOCKS;
use crate::block::{RunId, Strength};
use crate::command::Command;
use crate::command::verify::Request;
use crate::error::{Error, Result};
use crate::reconcile::Depth;
use crate::verify::Task;

/// Compares what two buckets hold, block by block, and changes nothing.
///
/// It takes the blocks that the filters keep, all without them, and says of each
/// how it stands: held, covered, source-only, torn-target, different,
/// held-unmarked, marked-not-held, target-only. With one bucket alone it says of
/// each block whether it is whole by its own meta.json. With the plan of a
/// backfill it compares the source and the target of that, sample by sample.
#[derive(Args)]
#[command(after_help = SEE_HELP, after_long_help = examples_and_exit_codes())]
#[command(display_name = "thanos-bucket", override_usage = USAGE)]
pub(super) struct Flags {
    #[command(flatten)]
    buckets: Buckets,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    of_run: OfRun,
    #[command(flatten)]
    of_plan: OfPlan,
    #[command(flatten)]
    waivers: Waivers,

    #[command(flatten)]
    comparison: Comparison,

    #[command(flatten)]
    at_once: AtOnce,
    #[command(flatten)]
    repetition: Repetition,
    #[command(flatten)]
    room: Room,
    #[command(flatten)]
    cache: Cache,
    #[command(flatten)]
    printed: Printed,
    #[command(flatten)]
    pub(super) audited: Audited,
}

#[derive(Args)]
#[command(next_help_heading = WHICH_BLOCKS)]
pub(super) struct OfRun {
    /// Only blocks whose deletion mark was written by this run.
    ///
    /// The run's id stands at the top of its report, and in each of its marks.
    #[arg(long, value_name = "ULID", value_parser = run_id)]
    pub(super) run: Option<RunId>,
}

#[derive(Args)]
#[command(next_help_heading = "How it is compared")]
pub(super) struct Comparison {
    /// How thoroughly two buckets are compared: "listing", "checksum" or "read".
    ///
    /// "listing" compares names and sizes. "checksum" compares entity tags and
    /// digests too, and reads objects whose tags differ, as a migration does before
    /// it marks; this is the default. "read" reads every byte of both sides. One
    /// bucket alone is judged by its listing; with "read" also by the hashes of
    /// files that meta.json tells, where Thanos was run with --hash-func.
    #[arg(long, value_name = "HOW")]
    #[arg(value_parser = one_of([("listing", Strength::Size), ("checksum", Strength::Checksum), ("read", Strength::Content)]))]
    content: Option<Strength>,

    /// Open index and chunks, and look whether they are data that can be read.
    ///
    /// Every byte of the target's blocks is read, or of the one bucket's: sections
    /// and their checksums, series, postings, chunks and their samples, tombstones,
    /// and the numbers that meta.json tells.
    #[arg(long)]
    pub(super) deep: bool,
}

impl Comparison {
    /// How thoroughly two buckets are compared.
    pub(super) fn strength(&self) -> Strength {
        self.content.unwrap_or(Strength::Checksum)
    }
}

const USAGE: &str = "thanos-bucket verify [FLAGS]";

const SEE_HELP: &str = "--help says more, with environment variables, examples and exit codes.";

const EXAMPLES: &str = "\
Each flag can be given by its environment variable; the command line wins.

Examples:
  After a run: is all of it held by the target?
    thanos-bucket verify --objstore.config-file=hot.yaml \\
      --objstore-to.config-file=cold.yaml --run=01J9ZK3M7Q8T5V6W7X8Y9Z0A1B

  Is everything moved that is older than three months, byte for byte?
    thanos-bucket verify --objstore.config-file=hot.yaml \\
      --objstore-to.config-file=cold.yaml --older-than=90d --content=read

  Are the blocks of one bucket whole, and can their data be read?
    thanos-bucket verify --objstore.config-file=cold.yaml --deep

  After a backfill: is all of the history there?
    thanos-bucket verify --config=plan.json --start=2024-01-01 \\
      --end=2025-01-01 --objstore.config-file=cold.yaml";

fn examples_and_exit_codes() -> String {
    format!(
        "{EXAMPLES}\n\n{}\n\n{}",
        waivable_of_a_plan(),
        exit_codes(&MEANINGS)
    )
}

const MEANINGS: Meanings = Meanings {
    done: "all is well: every block is held, or needs nothing",
    aborted: "a bucket could not be listed, or the comparing had to stop",
    attention: "anything else: the document says which blocks, and why",
};

impl Flags {
    /// What is to be done. What was read and has no effect is added to `warnings`.
    pub(super) fn command(
        self,
        origins: &Origins<'_>,
        now: DateTime<Utc>,
        warnings: &mut Vec<String>,
    ) -> Result<Command> {
        if !self.of_plan.is_given::<Self>(origins)? {
            if origins.is_given("waive") {
                return Err(goes_with_a_plan("waive", origins));
            }
            return self.request(origins, now, warnings).map(Command::Verify);
        }
        let shared = Shared {
            waivers: self.waivers,
            buckets: self.buckets,
            repetition: self.repetition,
            room: self.room,
            printed: self.printed,
        };
        let of_plan = self.of_plan;
        of_plan.command(Depth::Verify, shared, origins, now, warnings)
    }

    /// The request, whole and sound. What was read and has no effect is added to `warnings`.
    fn request(
        self,
        origins: &Origins<'_>,
        now: DateTime<Utc>,
        warnings: &mut Vec<String>,
    ) -> Result<Request> {
        let (source, target) =
            self.buckets
                .one_or_two(Landing::of_a_reader(), origins, warnings)?;
        let content = self.comparison.content;
        if target.is_none() && content == Some(Strength::Checksum) {
            return Err(Error::usage(format!(
                "{}: there is one bucket, and nothing to compare it with: expected listing, read, or --objstore-to.config-file too",
                origins.name("content")
            )));
        }
        Ok(Request {
            source,
            target,
            task: Task {
                filter: self.filters.filter(origins, now, warnings)?,
                of_run: self.of_run.run,
                content: self.comparison.strength(),
                deep: self.comparison.deep,
                concurrency: self.at_once.concurrency,
                retry: self.repetition.policy(origins)?,
                memory_limit: self.room.memory_limit,
                bandwidth_limit: self.room.bandwidth_limit,
                cache_dir: self.cache.cache_dir,
            },
            form: self.printed.form(origins.environment),
            now,
        })
    }
}
