//! `backfill`: its flags, and the request that they add up to.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;

use super::args::{
    Artifacts, History, Landing, Meanings, Printed, Receiver, Repetition, Room, exit_codes, staging,
};
use super::flags::Origins;
use super::values::{duration_or_none, whole_number};
use crate::backfill::{Overlap, Task};
use crate::command::backfill::{Request, To};
use crate::error::{Error, Result};
use crate::history::{BlockDuration, Origin};

/// Brings history of another system into a bucket, as Thanos blocks.
///
/// A plan says where samples come from: a server that speaks Prometheus' remote
/// read, `VictoriaMetrics`' export, captured payloads of OTLP, `InfluxDB`'s line
/// protocol, `StatsD` or Graphite, or `OpenMetrics` text. They become blocks of two
/// hours, aligned as Prometheus aligns them, which are published whole and proven.
/// A run that was killed goes on where it was when it is started again.
#[derive(Args)]
#[command(after_help = SEE_HELP, after_long_help = examples_and_exit_codes())]
#[command(display_name = "thanos-bucket", override_usage = USAGE)]
pub(super) struct Flags {
    #[command(flatten)]
    history: History,
    #[command(flatten)]
    receiver: Receiver,
    #[command(flatten)]
    landing: Landing,
    #[command(flatten)]
    making: Making,
    #[command(flatten)]
    repetition: Repetition,
    #[command(flatten)]
    room: Room,
    #[command(flatten)]
    printed: Printed,
    #[command(flatten)]
    artifacts: Artifacts,
}

#[derive(Args)]
#[command(next_help_heading = "What happens")]
struct Making {
    /// How long blocks are: 2h, a multiple of it such as 2d or 14d, or "range".
    ///
    /// Compactors make longer ones of short ones. "range" makes one block of all.
    #[arg(long, value_name = "DURATION", default_value = "2h", value_parser = BlockDuration::parse)]
    block_duration: BlockDuration,

    /// Write blocks also beside others of the same labels and the same time.
    ///
    /// Compactors halt on those, unless they are told that they may be merged.
    #[arg(long)]
    allow_overlap: bool,

    /// Show which windows would be brought, and write nothing.
    ///
    /// The bucket is looked at, and the source is not asked.
    #[arg(long)]
    dry_run: bool,

    /// Where blocks lie until they are published; the system's folder for temporary
    /// files by default.
    ///
    /// It needs room for a few blocks, and for all samples of payloads and files.
    #[arg(long, value_name = "PATH")]
    staging_dir: Option<PathBuf>,

    /// How many windows are worked on at once, at most.
    #[arg(long, value_name = "NUMBER", default_value = "2")]
    #[arg(value_parser = whole_number::<NonZeroUsize>(1..=100))]
    concurrency: NonZeroUsize,

    /// How long windows in hand may go on once the run is to end; 0s drops them.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration_or_none)]
    shutdown_grace: Duration,
}

const USAGE: &str = "thanos-bucket backfill [FLAGS]";

const SEE_HELP: &str = "--help says more, with environment variables, examples and exit codes.";

const EXAMPLES: &str = "\
Each flag can be given by its environment variable; the command line wins.

Examples:
  See which windows would be brought:
    thanos-bucket backfill --config=plan.json --start=2024-01-01 \\
      --end=2025-01-01 --objstore.config-file=cold.yaml --dry-run

  Bring them:
    thanos-bucket backfill --config=plan.json --start=2024-01-01 \\
      --end=2025-01-01 --objstore.config-file=cold.yaml";

fn examples_and_exit_codes() -> String {
    format!("{EXAMPLES}\n\n{}", exit_codes(&MEANINGS))
}

const MEANINGS: Meanings = Meanings {
    done: "every window is in the target, or the source has nothing in it",
    aborted: "the source or the bucket kept it from going on",
    attention: "some window is not written: the document says why",
};

impl Flags {
    /// The request, whole and sound. What was read and has no effect is added to `warnings`.
    pub(super) fn request(
        self,
        origins: &Origins<'_>,
        now: DateTime<Utc>,
        warnings: &mut Vec<String>,
    ) -> Result<Request> {
        let plan = self.history.plan(origins, warnings)?;
        let range = self.history.range(origins, now)?;
        let is_live = matches!(plan.source.origin, Origin::Live(_));
        if is_live && range.end_ms > now.timestamp_millis() - STILL_WRITTEN_MS {
            warnings.push(format!(
                "{} lies within the last three hours: what arrives late at the source will be missing",
                origins.name("end")
            ));
        }
        let named = plan.target.objstore_config_path.clone();
        let bucket = self
            .receiver
            .config(named, self.landing, origins, warnings)?;
        let to = match (bucket, &plan.target.write) {
            (Some(bucket), None) => To::Bucket(bucket),
            (None, Some(access)) => To::Server(Box::new(access.clone())),
            (None, None) => {
                return Err(Error::usage(
                    "--objstore.config or --objstore.config-file is required: expected the bucket that receives blocks, or target.objstore_config_path or target.write_url in the plan",
                ));
            }
            (Some(_), Some(_)) => {
                return Err(Error::usage(
                    "target.write_url: a bucket is given, too: expected one of them",
                ));
            }
        };
        let making = self.making;
        Ok(Request {
            to,
            task: Task {
                plan,
                range,
                length: making.block_duration,
                is_dry: making.dry_run,
                overlap: if making.allow_overlap {
                    Overlap::Allow
                } else {
                    Overlap::Refuse
                },
                concurrency: making.concurrency,
                retry: self.repetition.policy(origins)?,
                memory_limit: self.room.memory_limit,
                bandwidth_limit: self.room.bandwidth_limit,
                staging_dir: staging(making.staging_dir, origins)?,
                shutdown_grace: making.shutdown_grace,
            },
            form: self.printed.form(origins.environment),
            artifacts: self.artifacts.folder(origins)?,
            now,
        })
    }
}

/// Servers take samples that are late by so much, as Prometheus' out-of-order window mostly has it.
const STILL_WRITTEN_MS: i64 = 3 * 60 * 60 * 1000;
