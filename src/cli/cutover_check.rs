//! `cutover-check`: its flags, and the request that they add up to.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;

use super::args::{
    AtOnce, Audited, Buckets, Cache, Filters, Landing, Meanings, Printed, Repetition, Room,
    Waivers, exit_codes,
};
use super::document::Document;
use super::flags::Origins;
use super::reconcile::{OfPlan, Shared, waivable_of_a_plan};
use super::values::{duration, one_of, share, size_bytes, tolerance, whole_number};
use super::verify::{Comparison, OfRun};
use crate::command::Command;
use crate::command::cutover_check::{Page, Request, ToVerify};
use crate::compare::Task;
use crate::cutover::{CutOver, Query, QueryFile, Tolerance};
use crate::draft::{What, may_appear};
use crate::error::{Error, Result};
use crate::promql::{Access, Limits, OfThanos};
use crate::reconcile::Depth;
use crate::small_file;
use crate::verify;

/// Says whether the hot blocks may go: asks a querier of each bucket the same.
///
/// Give a querier that answers from the source alone and one that answers from the
/// target alone: Thanos, Prometheus, Mimir or their like. Queries of a file are
/// asked of both over the time of the moved blocks, and the answers are compared.
/// With the files of both buckets it verifies the blocks too. What could not be
/// looked at never counts as equal. Nothing is changed. With the plan of a
/// backfill it compares the source and the target of that, and asks both its
/// queries.
#[derive(Args)]
#[command(after_help = SEE_HELP, after_long_help = examples_and_exit_codes())]
#[command(display_name = "thanos-bucket", override_usage = USAGE)]
pub(super) struct Flags {
    #[command(flatten)]
    queriers: Queriers,
    #[command(flatten)]
    questions: Questions,
    #[command(flatten)]
    waivers: Waivers,
    #[command(flatten)]
    buckets: Buckets,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    of_run: OfRun,
    #[command(flatten)]
    of_plan: OfPlan,
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
    page: PageFlags,
    #[command(flatten)]
    printed: Printed,
    #[command(flatten)]
    pub(super) audited: Audited,
}

#[derive(Args)]
#[command(next_help_heading = "Queriers")]
struct Queriers {
    /// The URL of a querier that answers from the source's blocks alone.
    ///
    /// It is what `/api/v1/query` follows: `http://thanos-query-hot:9090`, or
    /// `https://mimir/prometheus`.
    #[arg(long = "query.source", value_name = "URL")]
    query_source: Option<String>,

    /// The URL of a querier that answers from the target's blocks alone.
    #[arg(long = "query.target", value_name = "URL")]
    query_target: Option<String>,

    /// How the source's querier is spoken to: a file with Prometheus' `http_config`.
    ///
    /// It has `basic_auth`, `authorization`, `bearer_token`, `tls_config`,
    /// `http_headers`, `proxy_url` and their like, as promtool takes it. Files that
    /// it names lie beside it.
    #[arg(long = "query.source.http-config-file", value_name = "PATH")]
    query_source_file: Option<PathBuf>,

    /// The same for the target's querier.
    #[arg(long = "query.target.http-config-file", value_name = "PATH")]
    query_target_file: Option<PathBuf>,

    /// How long an answer may take to begin, and how long to come.
    #[arg(long = "query.timeout", value_name = "DURATION", default_value = "2m")]
    #[arg(value_parser = duration)]
    timeout: Duration,

    /// How many questions each querier is asked at once, at most.
    #[arg(long = "query.concurrency", value_name = "NUMBER", default_value = "4")]
    #[arg(value_parser = whole_number::<NonZeroUsize>(1..=1000))]
    query_concurrency: NonZeroUsize,

    /// How much of one answer is read, unpacked; a longer one is not compared.
    #[arg(
        long = "query.max-response-bytes",
        value_name = "SIZE",
        default_value = "64MiB"
    )]
    #[arg(value_parser = size_bytes)]
    max_response_bytes: NonZeroU64,

    /// How many samples of each series are asked for at once.
    ///
    /// Longer ranges are asked for in pieces. Prometheus gives no more than 11,000.
    #[arg(
        long = "query.max-samples",
        value_name = "NUMBER",
        default_value = "11000"
    )]
    #[arg(value_parser = whole_number::<u32>(2..=10_000_000))]
    max_samples: u32,

    /// Thanos alone: take series that differ in replica labels alone for one.
    #[arg(long = "query.dedup", default_value_t = true)]
    dedup: bool,

    /// Thanos alone: the coarsest data that may answer: "0s", "5m", "1h" or "auto".
    #[arg(
        long = "query.max-source-resolution",
        value_name = "RESOLUTION",
        default_value = "0s"
    )]
    #[arg(value_parser = one_of([("0s", "0s"), ("5m", "5m"), ("1h", "1h"), ("auto", "auto")]))]
    max_source_resolution: &'static str,
}

#[derive(Args)]
#[command(next_help_heading = "What is asked, and when it counts as equal")]
struct Questions {
    /// A file of queries: a list in YAML, or Prometheus' rules.
    ///
    /// An entry is an expression, or has `expr`, and where it is to: `name`; `time`,
    /// or `start`, `end` and `step`; `tolerance`; `may_be_empty`. Times are `start`,
    /// `end-1h`, `-30d`, a time or a day. Without times a query is asked over the
    /// range that is compared.
    #[arg(long, value_name = "FILE")]
    queries: Option<PathBuf>,

    /// Count what both sides hold over the range, whatever queries ask: series and
    /// samples of each metric on each day, labels, metadata, exemplars.
    ///
    /// Each side reads every sample of the range twice for it. --no-parity leaves it
    /// out, and the document says so.
    #[arg(long, default_value_t = true)]
    parity: bool,

    /// How far apart values may be, whatever their size.
    ///
    /// Two values are equal where |a - b| <= absolute + relative * max(|a|, |b|).
    #[arg(
        long = "tolerance.absolute",
        value_name = "NUMBER",
        default_value = "0"
    )]
    #[arg(value_parser = tolerance)]
    absolute: f64,

    /// How far apart values may be, as a share of the larger one.
    #[arg(
        long = "tolerance.relative",
        value_name = "NUMBER",
        default_value = "1e-9"
    )]
    #[arg(value_parser = share)]
    relative: f64,
}

#[derive(Args)]
#[command(next_help_heading = "Output and logs")]
struct PageFlags {
    /// Write what was found as Markdown there, too, for a ticket.
    #[arg(long, value_name = "PATH")]
    markdown: Option<PathBuf>,

    /// Replace what lies there.
    #[arg(long)]
    overwrite: bool,
}

const USAGE: &str = "thanos-bucket cutover-check [FLAGS]";

const SEE_HELP: &str = "--help says more, with environment variables, examples and exit codes.";

const EXAMPLES: &str = "\
Each flag can be given by its environment variable; the command line wins.

Examples:
  After a run: may the blocks that it moved go?
    thanos-bucket cutover-check --query.source=http://query-hot:9090 \\
      --query.target=http://query-cold:9090 --queries=queries.yaml \\
      --objstore.config-file=hot.yaml --objstore-to.config-file=cold.yaml \\
      --run=01J9ZK3M7Q8T5V6W7X8Y9Z0A1B --markdown=ticket.md

  The same of a time, with the expressions of recording rules, and no buckets:
    thanos-bucket cutover-check --query.source=http://query-hot:9090 \\
      --query.target=http://query-cold:9090 --queries=rules.yaml \\
      --min-time=2025-05-01 --max-time=2025-06-01 --waive=buckets-not-compared

  After a backfill: may its source go?
    thanos-bucket cutover-check --config=plan.json --start=2024-01-01 \\
      --end=2025-01-01 --objstore.config-file=cold.yaml --artifact-dir=report";

fn examples_and_exit_codes() -> String {
    let kinds = CutOver::WAIVABLE;
    let kinds = kinds.map(|(kind, meaning)| format!("  {kind:<21} {meaning}\n"));
    format!(
        "{EXAMPLES}\n\n--waive takes one of:\n{}\n{}\n\n{}",
        kinds.concat(),
        waivable_of_a_plan(),
        exit_codes(&MEANINGS)
    )
}

const MEANINGS: Meanings = Meanings {
    done: "yes: whatever was asked for is the same on both sides",
    aborted: "a querier or a bucket kept it from an answer",
    attention: "no, or not proven: the document says why",
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
            let request = self.request(origins, now, warnings)?;
            return Ok(Command::CutoverCheck(Box::new(request)));
        }
        let shared = Shared {
            waivers: self.waivers,
            buckets: self.buckets,
            repetition: self.repetition,
            room: self.room,
            printed: self.printed,
        };
        let of_plan = self.of_plan;
        of_plan.command(Depth::CutOver, shared, origins, now, warnings)
    }

    /// The request, whole and sound. What was read and has no effect is added to `warnings`.
    ///
    /// Errors: one, or all that is wrong with the file of queries in one.
    fn request(
        self,
        origins: &Origins<'_>,
        now: DateTime<Utc>,
        warnings: &mut Vec<String>,
    ) -> Result<Request> {
        let waivable = CutOver::WAIVABLE.map(|(kind, _)| kind);
        let waived = self.waivers.among(&waivable, origins)?;
        let (source, target) = self.queriers.access(origins, warnings)?;
        let tolerance = Tolerance {
            absolute: self.questions.absolute,
            relative: self.questions.relative,
        };
        let queries = match &self.questions.queries {
            Some(path) => queries(path, QueryFile { now, tolerance }, origins)?,
            None => Vec::new(),
        };
        let landing = Landing::of_a_reader();
        let buckets = self.buckets.both_or_none(landing, origins, warnings);
        let buckets = buckets?;
        let mut filter = self.filters.filter(origins, now, warnings)?;
        let (min_ms, max_ms) = (filter.span.min_ms, filter.span.max_ms);
        // Blocks that only touch the range have no sample in it.
        filter.span.min_ms = min_ms.map(|ms| ms.saturating_add(1));
        filter.span.max_ms = max_ms.map(|ms| ms.saturating_sub(1));
        let cutoff_ms = filter.cutoff.map(|cutoff| cutoff.time().timestamp_millis());
        let has_range = min_ms.is_some() && max_ms.is_some();
        if buckets.is_none() {
            if !has_range && (queries.is_empty() || !queries.iter().all(Query::has_times)) {
                return Err(Error::usage(
                    "--min-time and --max-time are required where no buckets are given: expected the range that both sides are asked about",
                ));
            }
            let mut of_blocks = ["run", "id", "older-than", "content", "deep"].iter();
            if let Some(flag) = of_blocks.find(|flag| origins.is_given(flag)) {
                return Err(Error::usage(format!(
                    "{}: it says which blocks are verified: expected --objstore.config-file and --objstore-to.config-file, too",
                    origins.name(flag)
                )));
            }
        }
        if has_range && min_ms >= max_ms {
            return Err(Error::usage(format!(
                "{} is no later than {}: expected a range",
                origins.name("max-time"),
                origins.name("min-time")
            )));
        }
        let page = self.page.page(origins)?;
        let retry = self.repetition.policy(origins)?;
        let max_response_bytes = self.queriers.max_response_bytes.get();
        let to_verify = buckets.map(|(source, target)| ToVerify {
            source,
            target,
            task: verify::Task {
                filter,
                of_run: self.of_run.run,
                content: self.comparison.strength(),
                deep: self.comparison.deep,
                concurrency: self.at_once.concurrency,
                retry: retry.clone(),
                memory_limit: self.room.memory_limit,
                bandwidth_limit: self.room.bandwidth_limit,
                cache_dir: self.cache.cache_dir,
            },
        });
        Ok(Request {
            to_verify,
            task: Task {
                source,
                target,
                limits: Limits {
                    timeout: self.queriers.timeout,
                    max_response_bytes: usize::try_from(max_response_bytes).unwrap_or(usize::MAX),
                    retry,
                    max_points: self.queriers.max_samples,
                    of_thanos: OfThanos {
                        dedup: self.queriers.dedup,
                        max_source_resolution: self.queriers.max_source_resolution.to_owned(),
                    },
                },
                concurrency: self.queriers.query_concurrency,
                queries,
                parity: self.questions.parity,
                tolerance,
                min_ms,
                max_ms,
                cutoff_ms,
                waived,
            },
            page,
            form: self.printed.form(origins.environment),
            now,
        })
    }
}

impl Queriers {
    /// Both, which are not one.
    fn access(
        &self,
        origins: &Origins<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(Access, Access)> {
        let mut read = |flag: &'static str, url: &Option<String>, file: &Option<PathBuf>| {
            let Some(url) = url else {
                return Err(Error::usage(format!(
                    "--{flag} is required: expected the URL of a querier, such as http://thanos-query:9090"
                )));
            };
            let name = origins.name(flag);
            // It is judged by itself first, so that an error names the right one of both.
            let environment = origins.environment;
            let alone = Access::parse(url, Access::QUERIER, None, environment, warnings);
            let alone = alone.map_err(|err| Error::usage(format!("{name}: {err:#}")))?;
            let file_flag = format!("{flag}.http-config");
            let Some(document) = Document::read(&file_flag, None, file.clone(), origins)? else {
                return Ok(alone);
            };
            let folder = file.as_deref().and_then(Path::parent);
            let folder = folder.unwrap_or(Path::new("."));
            document.parse(|text| {
                Access::parse(
                    url,
                    Access::QUERIER,
                    Some((text, folder)),
                    environment,
                    warnings,
                )
            })
        };
        let source = read("query.source", &self.query_source, &self.query_source_file)?;
        let target = read("query.target", &self.query_target, &self.query_target_file)?;
        if source.is_same_place(&target) {
            let (one, other) = (origins.name("query.source"), origins.name("query.target"));
            return Err(Error::usage(format!(
                "{one} and {other} are the same: expected one querier for each bucket, for whatever answers from both shows nothing"
            )));
        }
        Ok((source, target))
    }
}

impl PageFlags {
    fn page(self, origins: &Origins<'_>) -> Result<Option<Page>> {
        let Some(path) = self.markdown else {
            return Ok(None);
        };
        if !(self.overwrite && path.is_file()) {
            let flag = origins.name("markdown");
            may_appear(&path, What::File).map_err(|err| Error::usage(format!("{flag} {err:#}")))?;
        }
        Ok(Some(Page {
            path,
            overwrite: self.overwrite,
        }))
    }
}

fn queries(path: &Path, file: QueryFile, origins: &Origins<'_>) -> Result<Vec<Query>> {
    let name = format!("{} {:?}", origins.name("queries"), path.to_string_lossy());
    let wrong = |why: String| Error::usage(format!("{name}: {why}"));
    let content = small_file::read(path);
    let content = content.map_err(|err| wrong(format!("cannot be read: {err}")))?;
    let text = String::from_utf8(content);
    let text = text.map_err(|_| wrong("it is not UTF-8: expected YAML".to_owned()))?;
    file.parse(&text).map_err(|faults| {
        let faults = faults.iter().map(|fault| format!("{name}: {fault:#}"));
        let all = Error::usages(faults.collect());
        all.unwrap_or_else(|| wrong("expected queries".to_owned()))
    })
}
