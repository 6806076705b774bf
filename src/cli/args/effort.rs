//! How much a subcommand does at once, how often it tries, and when it gives up.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::bucket::CopiedBy;
use crate::cli::flags::Origins;
use crate::cli::values::{
    duration, duration_or_none, error_rate, long_duration, memory_size, one_of, size_bytes,
    whole_number,
};
use crate::engine::ErrorRate;
use crate::error::{Error, Result};
use crate::migrate::Settings;
use crate::retry::{Jitter, Policy};

#[derive(Args)]
#[command(next_help_heading = "Speed and failures")]
pub(in crate::cli) struct Effort {
    #[command(flatten)]
    at_once: AtOnce,

    /// Who copies the objects: "auto", "server" or "client".
    ///
    /// The server is the service that both buckets are on: no byte of the objects
    /// comes to this machine then. "auto" asks it where it can copy, and copies
    /// through this machine elsewhere; "server" fails elsewhere.
    #[arg(long, value_name = "WHO", default_value = "auto")]
    #[arg(value_parser = one_of([("auto", CopiedBy::Auto), ("server", CopiedBy::Server), ("client", CopiedBy::Client)]))]
    copy: CopiedBy,

    #[command(flatten)]
    repetition: Repetition,

    /// Start no further block once so many have failed.
    #[arg(long, value_name = "NUMBER")]
    #[arg(value_parser = whole_number::<NonZeroUsize>(1..=1_000_000))]
    max_failures: Option<NonZeroUsize>,

    /// Start no further block once more than this share failed: 10% or 0.1.
    ///
    /// It is judged by the blocks that have ended, once they are 20 and two of them
    /// failed; and at once where so many failed that it is the share of all that the
    /// run works on. Blocks in hand are finished; the exit code is 3.
    #[arg(long, value_name = "SHARE", value_parser = error_rate)]
    max_error_rate: Option<ErrorRate>,

    /// Start no further block once the run has lasted so long.
    ///
    /// Blocks in hand go on for --shutdown-grace. The run ends with exit code 0 and a
    /// report that says it is not complete; the next run goes on.
    #[arg(long, value_name = "DURATION", value_parser = long_duration)]
    max_duration: Option<Duration>,

    /// Start no further block once those started hold so many bytes to copy.
    ///
    /// Sizes are spelled 500MiB, 10GiB or 1TB. The run ends as with --max-duration.
    #[arg(long, value_name = "SIZE", value_parser = size_bytes)]
    max_bytes: Option<NonZeroU64>,

    #[command(flatten)]
    room: Room,

    #[command(flatten)]
    cache: Cache,

    /// How long blocks in hand may go on once the run is to end; 0s drops them.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration_or_none)]
    shutdown_grace: Duration,
}

#[derive(Args)]
#[command(next_help_heading = "Speed and failures")]
pub(in crate::cli) struct AtOnce {
    /// How many blocks are worked on at once, at most.
    #[arg(long, value_name = "NUMBER", default_value = "10")]
    #[arg(value_parser = whole_number::<NonZeroUsize>(1..=1000))]
    pub(in crate::cli) concurrency: NonZeroUsize,
}

#[derive(Args)]
#[command(next_help_heading = "Speed and failures")]
pub(in crate::cli) struct Room {
    /// How much memory the process may use, such as 500MiB or 1GiB.
    ///
    /// Objects pass through buffers within it. With less, fewer of them are in
    /// transfer at once.
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = memory_size)]
    pub(in crate::cli) memory_limit: NonZeroU64,

    /// How many bytes a second may come through this machine.
    ///
    /// Sizes are spelled as above. What the service copies by itself does not come
    /// through here.
    #[arg(long, value_name = "SIZE", value_parser = size_bytes)]
    pub(in crate::cli) bandwidth_limit: Option<NonZeroU64>,
}

#[derive(Args)]
#[command(next_help_heading = "Speed and failures")]
pub(in crate::cli) struct Repetition {
    /// Further tries for each block that make no progress.
    #[arg(long, value_name = "NUMBER", default_value = "3")]
    #[arg(value_parser = whole_number::<u32>(0..=1000))]
    max_retries: u32,

    /// The delay before the first further try; it doubles with each.
    #[arg(
        long = "retry.initial-backoff",
        value_name = "DURATION",
        default_value = "1s"
    )]
    #[arg(value_parser = duration)]
    initial_backoff: Duration,

    /// No delay between tries is longer, but where a server asks for more, up to 1m.
    #[arg(
        long = "retry.max-backoff",
        value_name = "DURATION",
        default_value = "1m"
    )]
    #[arg(value_parser = duration)]
    max_backoff: Duration,
}

#[derive(Args)]
#[command(next_help_heading = "Speed and failures")]
pub(in crate::cli) struct Cache {
    /// A folder that keeps what was read of blocks, for later runs to read less.
    ///
    /// What lies there counts only where a fresh listing says that it is what the
    /// bucket holds; any run may use it, and it may be deleted at any time.
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) cache_dir: Option<PathBuf>,
}

impl Effort {
    /// The settings that these flags make; the others keep their defaults.
    pub(in crate::cli) fn settings(self, origins: &Origins<'_>) -> Result<Settings> {
        Ok(Settings {
            concurrency: self.at_once.concurrency,
            retry: self.repetition.policy(origins)?,
            max_failures: self.max_failures,
            max_error_rate: self.max_error_rate,
            max_duration: self.max_duration,
            max_bytes: self.max_bytes,
            memory_limit: self.room.memory_limit,
            bandwidth_limit: self.room.bandwidth_limit,
            cache_dir: self.cache.cache_dir,
            shutdown_grace: self.shutdown_grace,
            copied_by: self.copy,
            no_compact_mark_source: false,
        })
    }
}

impl Repetition {
    /// When something is tried again.
    pub(in crate::cli) fn policy(self, origins: &Origins<'_>) -> Result<Policy> {
        if self.initial_backoff > self.max_backoff {
            let (one, other) = (
                origins.name("retry.initial-backoff"),
                origins.name("retry.max-backoff"),
            );
            let spelled = humantime::format_duration;
            return Err(Error::usage(format!(
                "{one} \"{}\": expected at most {other}, which is {}",
                spelled(self.initial_backoff),
                spelled(self.max_backoff),
            )));
        }
        Ok(Policy {
            max_retries: self.max_retries,
            initial_backoff: self.initial_backoff,
            max_backoff: self.max_backoff,
            jitter: Jitter::Half,
        })
    }
}
