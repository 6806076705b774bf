//! `migrate`: its flags, and the request that they add up to.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;

use super::document::Document;
use super::flags::Origins;
use super::screen;
use super::values::{
    block_id, duration, duration_or_none, long_duration, one_of, resolution_ms, shard, size_bytes,
    whole_number,
};
use crate::block::{BlockId, Strength};
use crate::bucket::BucketConfig;
use crate::command::migrate::{Mode, ReplicaTarget, Request};
use crate::engine::Settings;
use crate::error::{Error, Result};
use crate::plan::{Existing, PublishOrder, Rules, Shard};
use crate::report::{Form, Output, Rows};
use crate::retry::{Jitter, Policy};
use crate::select::{Cutoff, Selector};

/// Moves blocks that are older than a cutoff from a source bucket to a target bucket.
///
/// A block is published in the target only when the target wholly holds it, and
/// marked for deletion in the source only when that is proven. A run may be killed
/// at any moment and started again: the buckets are its only state.
#[derive(Args)]
#[command(after_help = SEE_HELP, after_long_help = EXAMPLES_AND_EXIT_CODES)]
#[command(display_name = "thanos-bucket", override_usage = USAGE)]
pub(super) struct Flags {
    #[command(flatten)]
    buckets: Buckets,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    effort: Effort,
    #[command(flatten)]
    sharing: Sharing,

    /// The form of the plan or the report on stdout.
    #[arg(
        long,
        value_name = "FORM",
        default_value = "text",
        help_heading = "Output and logs"
    )]
    #[arg(value_parser = one_of([("text", Output::Text), ("json", Output::Json)]))]
    output: Output,

    /// Which blocks get a line of their own in the text form.
    ///
    /// `auto` is all of them where they are few, else those that a person should
    /// look at; totals of each window come first then. JSON has every block.
    #[arg(
        long = "output.blocks",
        value_name = "WHICH",
        default_value = "auto",
        help_heading = "Output and logs"
    )]
    #[arg(value_parser = one_of([("auto", Rows::Auto), ("all", Rows::All), ("none", Rows::None)]))]
    rows: Rows,
}

#[derive(Args)]
#[command(next_help_heading = "Buckets")]
struct Buckets {
    /// The source bucket: YAML text in Thanos' format.
    ///
    /// `$(VAR)` is replaced from the environment, as Thanos does. Give this or
    /// --objstore.config-file.
    #[arg(long = "objstore.config", value_name = "YAML")]
    source: Option<String>,

    /// The path of a file with the source's configuration.
    #[arg(long = "objstore.config-file", value_name = "PATH")]
    source_file: Option<PathBuf>,

    /// The target bucket: YAML text in Thanos' format.
    #[arg(long = "objstore-to.config", value_name = "YAML")]
    target: Option<String>,

    /// The path of a file with the target's configuration.
    #[arg(long = "objstore-to.config-file", value_name = "PATH")]
    target_file: Option<PathBuf>,

    /// Go on although the target looks like a live replica of the source.
    ///
    /// Where deletions are replicated too, deleting the source's blocks deletes
    /// the target's.
    #[arg(long)]
    allow_replica_target: bool,
}

#[derive(Args)]
#[command(next_help_heading = "Which blocks")]
struct Which {
    /// Blocks whose minTime lies before this: an age, a time or a day (required).
    ///
    /// An age is a Prometheus duration, counted back from now: 30d, 2w, 1h30m, 1y.
    /// A time is RFC 3339: 2025-06-01T00:00:00Z. A day begins at midnight UTC:
    /// 2025-06-01.
    #[arg(long, value_name = "AGE|TIME|DAY")]
    older_than: Option<String>,

    /// Rules on external labels and the block's id: YAML text with relabelling rules.
    ///
    /// Actions are keep, drop and hashmod, evaluated as Thanos evaluates them; the
    /// id is the label `__block_id`.
    /// `$(VAR)` is replaced from the environment.
    #[arg(long = "selector.relabel-config", value_name = "YAML")]
    selector: Option<String>,

    /// The path of a file with relabelling rules.
    #[arg(long = "selector.relabel-config-file", value_name = "PATH")]
    selector_file: Option<PathBuf>,

    /// Only this block, if the other filters keep it; repeatable.
    #[arg(long, value_name = "ULID", value_parser = block_id)]
    id: Vec<BlockId>,

    /// Only this resolution; repeatable.
    #[arg(long, value_name = "RESOLUTION", value_parser = resolution_ms())]
    resolution: Vec<i64>,

    /// Only blocks of this compaction level or a higher one.
    #[arg(long, value_name = "LEVEL", value_parser = whole_number::<i64>(LEVELS))]
    compaction_min: Option<i64>,

    /// Only blocks of this compaction level or a lower one.
    #[arg(long, value_name = "LEVEL", value_parser = whole_number::<i64>(LEVELS))]
    compaction_max: Option<i64>,

    /// Leave out blocks that carry a deletion mark.
    ///
    /// With --no-exclude-delete-marked they are copied too; their marks stay as
    /// they are, and are not copied.
    #[arg(long, default_value_t = true)]
    exclude_delete_marked: bool,
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

    /// The order in which blocks are published.
    ///
    /// `strict` is the order that a compactor running on the target needs; `none`
    /// is for a target without a compactor.
    #[arg(long, value_name = "ORDER", default_value = "strict")]
    #[arg(value_parser = one_of([("strict", PublishOrder::Strict), ("none", PublishOrder::None)]))]
    publish_order: PublishOrder,

    /// How thoroughly the target is compared with the source before a mark.
    ///
    /// `size` compares names and sizes; `checksum` also entity tags where they tell
    /// the content, without a download unless they differ; `content` reads every
    /// object in both buckets.
    #[arg(long, value_name = "HOW", default_value = "checksum")]
    #[arg(value_parser = one_of([
        ("size", Strength::Size),
        ("checksum", Strength::Checksum),
        ("content", Strength::Content),
    ]))]
    verify: Strength,

    /// Write no-compact-mark.json before each deletion mark.
    ///
    /// The source's compactor may compact a block that is marked for deletion
    /// until half its delete delay has passed; this keeps it from doing so.
    #[arg(long)]
    no_compact_mark_source: bool,
}

#[derive(Args)]
#[command(next_help_heading = "Speed and failures")]
struct Effort {
    /// How many blocks are copied at once, at most.
    #[arg(long, value_name = "NUMBER", default_value = "10")]
    #[arg(value_parser = whole_number::<NonZeroUsize>(1..=1000))]
    concurrency: NonZeroUsize,

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

    /// No delay between tries is longer.
    #[arg(
        long = "retry.max-backoff",
        value_name = "DURATION",
        default_value = "1m"
    )]
    #[arg(value_parser = duration)]
    max_backoff: Duration,

    /// Start no further block once so many have failed.
    #[arg(long, value_name = "NUMBER")]
    #[arg(value_parser = whole_number::<NonZeroUsize>(1..=1_000_000))]
    max_failures: Option<NonZeroUsize>,

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

    /// How long blocks in hand may go on once the run is to end; 0s drops them.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration_or_none)]
    shutdown_grace: Duration,
}

#[derive(Args)]
#[command(next_help_heading = "Sharing the work")]
struct Sharing {
    /// Only the i-th of n parts of the work, counted from 0.
    ///
    /// Several machines share one migration when each is given another part:
    /// 0/3, 1/3 and 2/3. Blocks that depend on one another are in one part.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<Shard>,
}

/// Levels grow by one with each compaction, so that no real one is near the end.
const LEVELS: std::ops::RangeInclusive<usize> = 1..=1_000_000;

const USAGE: &str = "thanos-bucket migrate [FLAGS]";

const SEE_HELP: &str = "--help says more, with environment variables, examples and exit codes.";

const EXAMPLES_AND_EXIT_CODES: &str = "\
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

  Move raw blocks of some clusters only:
    thanos-bucket migrate --objstore.config-file=hot.yaml \\
      --objstore-to.config-file=cold.yaml --older-than=30d --resolution=0s \\
      --selector.relabel-config-file=selector.yaml

Exit codes:
  0    every selected block is in the target and marked in the source, or
       needed nothing; also a run that --max-duration or --max-bytes ended
  1    the run could not be done or had to stop: bucket not reachable,
       credentials refused, no space, marks refused, clocks that differ
  2    usage or configuration; source and target are the same bucket, or the
       target looks like a live replica of the source
  3    finished, but something needs a person: the report says what
  130  stopped by SIGINT; start it again
  143  stopped by SIGTERM; start it again
  A dry run exits as the run would, as far as a plan can tell: it does not
  try whether it may write.";

impl Flags {
    /// The request, whole and sound. What was read and has no effect is added to `warnings`.
    pub(super) fn request(
        self,
        origins: &Origins<'_>,
        now: DateTime<Utc>,
        warnings: &mut Vec<String>,
    ) -> Result<Request> {
        let Self {
            buckets,
            which,
            what,
            effort,
            sharing,
            output,
            rows,
        } = self;
        let allow_replica_target = buckets.allow_replica_target;
        let (source, target) = buckets.configs(origins, warnings)?;
        let mode = if what.dry_run {
            Mode::DryRun
        } else {
            Mode::Execute
        };
        let rules = rules(which, &what, sharing.shard, origins, now, warnings)?;
        Ok(Request {
            source,
            target,
            rules,
            mode,
            engine: effort.settings(&what, origins)?,
            replica_target: if allow_replica_target {
                ReplicaTarget::Allow
            } else {
                ReplicaTarget::Refuse
            },
            form: Form {
                output,
                rows,
                columns: screen::columns(origins.environment),
            },
            now,
        })
    }
}

impl Buckets {
    /// Source and target, which do not meet.
    fn configs(
        self,
        origins: &Origins<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(BucketConfig, BucketConfig)> {
        let mut read = |bucket, flag, text: Option<String>, path| {
            let is_seen = origins.is_on_command_line(flag)
                && text
                    .as_deref()
                    .is_some_and(BucketConfig::spells_out_a_secret);
            if is_seen {
                warnings.push(format!(
                    "--{flag} holds a secret, and a command line is seen by everybody who may list processes: give --{flag}-file, or $(VARIABLE) for the secret"
                ));
            }
            let document = Document::read(flag, text, path, origins)?.ok_or_else(|| {
                Error::usage(format!(
                    "--{flag} or --{flag}-file is required: expected the {bucket} bucket, as YAML text or its path"
                ))
            })?;
            let config = document.parse(|text| BucketConfig::parse(text, origins.environment))?;
            Ok::<(Document, BucketConfig), Error>((document, config))
        };
        let (source_document, source) =
            read("source", "objstore.config", self.source, self.source_file)?;
        let (target_document, target) = read(
            "target",
            "objstore-to.config",
            self.target,
            self.target_file,
        )?;
        if source.location().overlaps(target.location()) {
            let (one, other) = (target.location(), source.location());
            return Err(Error::usage(format!(
                "{}: {one} is the same bucket as {other} of {}, or one lies inside the other: expected two buckets that do not meet",
                target_document.name(),
                source_document.name(),
            )));
        }
        Ok((source, target))
    }
}

fn rules(
    which: Which,
    what: &What,
    shard: Option<Shard>,
    origins: &Origins<'_>,
    now: DateTime<Utc>,
    warnings: &mut Vec<String>,
) -> Result<Rules> {
    let older_than = which.older_than.ok_or_else(|| {
        Error::usage("--older-than is required: expected an age such as 30d, a time such as 2025-06-01T00:00:00Z, or a day such as 2025-06-01")
    })?;
    let cutoff = Cutoff::parse(&older_than, now).map_err(|err| {
        let name = origins.name("older-than");
        Error::usage(format!("{name} {older_than:?}: {err:#}"))
    })?;
    let compaction_min = which.compaction_min.unwrap_or(1);
    if let Some(max) = which.compaction_max.filter(|max| *max < compaction_min) {
        let (one, other) = (
            origins.name("compaction-min"),
            origins.name("compaction-max"),
        );
        return Err(Error::usage(format!(
            "{one} \"{compaction_min}\": expected at most {other}, which is {max}"
        )));
    }
    if what.overwrite_existing && !which.exclude_delete_marked {
        let (one, other) = (
            origins.name("overwrite-existing"),
            origins.name("exclude-delete-marked"),
        );
        return Err(Error::usage(format!(
            "{one} \"true\": cannot be combined with {other} \"false\": expected at most one of them"
        )));
    }
    Ok(Rules {
        cutoff,
        selector: selector(which.selector, which.selector_file, origins, warnings)?,
        ids: which.id.into_iter().collect(),
        resolutions_ms: which.resolution.into_iter().collect(),
        compaction_min,
        compaction_max: which.compaction_max,
        exclude_delete_marked: which.exclude_delete_marked,
        existing: if what.overwrite_existing {
            Existing::Overwrite
        } else {
            Existing::Keep
        },
        verify: what.verify,
        publish_order: what.publish_order,
        shard,
    })
}

fn selector(
    text: Option<String>,
    path: Option<PathBuf>,
    origins: &Origins<'_>,
    warnings: &mut Vec<String>,
) -> Result<Selector> {
    let Some(document) = Document::read("selector.relabel-config", text, path, origins)? else {
        return Ok(Selector::default());
    };
    let selector = document.parse_expanded(origins.environment, Selector::parse_strictly)?;
    if selector.is_empty() {
        let name = document.name();
        warnings.push(format!("{name} has no rules, so that it keeps every block"));
    }
    Ok(selector)
}

impl Effort {
    fn settings(self, what: &What, origins: &Origins<'_>) -> Result<Settings> {
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
        Ok(Settings {
            concurrency: self.concurrency,
            retry: Policy {
                max_retries: self.max_retries,
                initial_backoff: self.initial_backoff,
                max_backoff: self.max_backoff,
                jitter: Jitter::Half,
            },
            max_failures: self.max_failures,
            max_duration: self.max_duration,
            max_bytes: self.max_bytes,
            shutdown_grace: self.shutdown_grace,
            no_compact_mark_source: what.no_compact_mark_source,
        })
    }
}
