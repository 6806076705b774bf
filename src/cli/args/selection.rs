//! Which blocks a subcommand works on.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Args;

use crate::block::BlockId;
use crate::cli::document::Document;
use crate::cli::flags::Origins;
use crate::cli::values::{block_id, resolution_ms, shard, whole_number};
use crate::cli::variables::WHICH_BLOCKS;
use crate::error::{Error, Result};
use crate::plan::{Existing, Rules, Scope, Shard};
use crate::select::{Cutoff, Filter, Selector, Span, span_end};

#[derive(Args)]
#[command(next_help_heading = WHICH_BLOCKS)]
pub(in crate::cli) struct Selection {
    #[command(flatten)]
    filters: Filters,

    /// Leave out blocks that carry a deletion mark.
    ///
    /// With --no-exclude-delete-marked they are copied too; their marks stay as
    /// they are, and are not copied.
    #[arg(long, default_value_t = true)]
    exclude_delete_marked: bool,
}

#[derive(Args)]
#[command(next_help_heading = WHICH_BLOCKS)]
pub(in crate::cli) struct Filters {
    /// Blocks whose minTime lies before this: an age, a time or a day.
    ///
    /// An age is a Prometheus duration, counted back from now: 30d, 2w, 1h30m, 1y.
    /// A time is RFC 3339: 2025-06-01T00:00:00Z. A day begins at midnight UTC:
    /// 2025-06-01.
    #[arg(long, value_name = "AGE|TIME|DAY")]
    older_than: Option<String>,

    /// Blocks that reach to this time or beyond it: a time, a day, or -30d.
    ///
    /// As in Thanos it is the block's maxTime that counts, and -30d is 30 days ago;
    /// write --min-time=-30d, in one word.
    #[arg(long, value_name = "TIME|DAY|-AGE", allow_hyphen_values = true)]
    min_time: Option<String>,

    /// Blocks that begin at this time or before it, by their minTime.
    #[arg(long, value_name = "TIME|DAY|-AGE", allow_hyphen_values = true)]
    max_time: Option<String>,

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
}

#[derive(Args)]
#[command(next_help_heading = "Sharing the work")]
pub(in crate::cli) struct Sharing {
    /// Only the i-th of n parts of the work, counted from 0.
    ///
    /// Several machines share one migration when each is given another part:
    /// 0/3, 1/3 and 2/3. Blocks that depend on one another are in one part.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub(in crate::cli) shard: Option<Shard>,
}

/// Levels grow by one with each compaction, so that no real one is near the end; a `meta.json` that tells none is of level 0.
pub(in crate::cli) const LEVELS: std::ops::RangeInclusive<usize> = 0..=1_000_000;

impl Selection {
    /// The rules that these flags make; the others keep their defaults. `existing` is what happens to a block that the target has in another form.
    /// Warns of a selector that has no rules.
    pub(in crate::cli) fn rules(
        self,
        existing: Existing,
        origins: &Origins<'_>,
        now: DateTime<Utc>,
        warnings: &mut Vec<String>,
    ) -> Result<Rules> {
        let filter = self.filters.filter(origins, now, warnings)?;
        if filter.cutoff.is_none() {
            return Err(Error::usage(
                "--older-than is required: expected an age such as 30d, a time such as 2025-06-01T00:00:00Z, or a day such as 2025-06-01",
            ));
        }
        let scope = match (existing, self.exclude_delete_marked) {
            (Existing::Keep, true) => Scope::Unmarked,
            (Existing::Overwrite, true) => Scope::Overwriting,
            (Existing::Keep, false) => Scope::Marked,
            (Existing::Overwrite, false) => {
                let (one, other) = (
                    origins.name("overwrite-existing"),
                    origins.name("exclude-delete-marked"),
                );
                return Err(Error::usage(format!(
                    "{one} \"true\": cannot be combined with {other} \"false\": expected at most one of them"
                )));
            }
        };
        Ok(Rules {
            scope,
            ..Rules::of(filter)
        })
    }
}

impl Filters {
    /// The filter that these flags make: without any of them every block passes. Warns of a selector that has no rules.
    pub(in crate::cli) fn filter(
        self,
        origins: &Origins<'_>,
        now: DateTime<Utc>,
        warnings: &mut Vec<String>,
    ) -> Result<Filter> {
        let refused = |flag, text: &str, err: &Error| {
            Error::usage(format!("{} {text:?}: {err:#}", origins.name(flag)))
        };
        let cutoff = self.older_than.map(|text| {
            Cutoff::parse(&text, now).map_err(|err| refused("older-than", &text, &err))
        });
        let end = |flag, text: Option<String>| {
            let end =
                text.map(|text| span_end(&text, now).map_err(|err| refused(flag, &text, &err)));
            end.transpose()
        };
        let span = Span {
            min_ms: end("min-time", self.min_time)?,
            max_ms: end("max-time", self.max_time)?,
        };
        if let (Some(min), Some(max)) = (span.min_ms, span.max_ms)
            && min > max
        {
            let (one, other) = (origins.name("min-time"), origins.name("max-time"));
            return Err(Error::usage(format!(
                "{one} lies after {other}, so that no block is meant: expected it before that"
            )));
        }
        let compaction_min = self.compaction_min.unwrap_or(1);
        if let Some(max) = self.compaction_max.filter(|max| *max < compaction_min) {
            let (one, other) = (
                origins.name("compaction-min"),
                origins.name("compaction-max"),
            );
            return Err(Error::usage(format!(
                "{one} \"{compaction_min}\": expected at most {other}, which is {max}"
            )));
        }
        Ok(Filter {
            cutoff: cutoff.transpose()?,
            span,
            selector: selector(self.selector, self.selector_file, origins, warnings)?,
            ids: self.id.into_iter().collect(),
            resolutions_ms: self.resolution.into_iter().collect(),
            compaction_min,
            compaction_max: self.compaction_max,
            ..Filter::default()
        })
    }
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
