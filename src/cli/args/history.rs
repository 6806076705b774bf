//! What history a plan brings: its file, and the time that is meant.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args;

use crate::cli::document::Document;
use crate::cli::flags::Origins;
use crate::error::{Error, Result};
use crate::history::{Plan, Range};
use crate::select::span_end;

#[derive(Args)]
#[command(next_help_heading = "Plan of a backfill")]
pub(in crate::cli) struct History {
    /// The plan: a JSON file with source, target, selectors and checks.
    ///
    /// examples/backfill/ has one for each kind of source, and their JSON schema.
    /// Paths in it are relative to its folder; `$(VAR)` in URLs, headers and external
    /// labels is replaced from the environment.
    #[arg(long = "config", value_name = "PATH")]
    plan_path: Option<PathBuf>,

    /// The beginning of the time that is meant.
    ///
    /// It is a time such as 2025-06-01T00:00:00Z, a day, which begins at midnight
    /// UTC, seconds or milliseconds since the epoch, or a time ago such as -30d.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    start: Option<String>,

    /// The end of that time, which is not part of it.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    end: Option<String>,
}

impl History {
    /// Whether a plan is given.
    pub(in crate::cli) fn is_given(&self) -> bool {
        self.plan_path.is_some()
    }

    /// The plan, with its errors told as errors of the file.
    pub(in crate::cli) fn plan(
        &self,
        origins: &Origins<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<Plan> {
        let flag = origins.name("config");
        let Some(path) = &self.plan_path else {
            return Err(Error::usage(format!(
                "{flag} is required: expected the path of a plan"
            )));
        };
        let document = Document::of_json(path, &flag)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        document.parse(|text| Plan::parse(text, folder, origins.environment, warnings))
    }

    /// The range, which is not empty and is over.
    pub(in crate::cli) fn range(&self, origins: &Origins<'_>, now: DateTime<Utc>) -> Result<Range> {
        let time = |name: &str, text: &Option<String>| {
            let flag = origins.name(name);
            let Some(text) = text else {
                return Err(Error::usage(format!(
                    "{flag} is required: expected a time such as 2025-06-01"
                )));
            };
            time_ms(text.trim(), now).map_err(|err| Error::usage(format!("{flag} {text:?}: {err}")))
        };
        let range = Range {
            start_ms: time("start", &self.start)?,
            end_ms: time("end", &self.end)?,
        };
        let (start, end) = (origins.name("start"), origins.name("end"));
        if range.start_ms >= range.end_ms {
            return Err(Error::usage(format!(
                "{end} is no later than {start}: expected a range"
            )));
        }
        if range.end_ms > now.timestamp_millis() {
            return Err(Error::usage(format!(
                "{end}: it lies in the future: expected a time that is over, for what is still to come would be missing"
            )));
        }
        Ok(range)
    }
}

/// Seconds from 1973 on have no less digits than this number: what has less is a day without hyphens, or a number that was cut.
const LEAST_SECONDS: i64 = 100_000_000;

/// Seconds have less digits than this number, milliseconds have more.
const LEAST_MS: i64 = 100_000_000_000;

fn time_ms(text: &str, now: DateTime<Utc>) -> Result<i64> {
    match text.parse::<i64>() {
        Ok(0) => Ok(0),
        Ok(number) if (LEAST_SECONDS..LEAST_MS).contains(&number) => Ok(number * 1000),
        Ok(number) if number >= LEAST_MS => Ok(number),
        _ => span_end(text, now).map_err(|err| {
            Error::usage(format!(
                "{err:#}; seconds and milliseconds since the epoch, from 1973 on, are taken too"
            ))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_each_spelling() {
        let now = DateTime::from_timestamp(1_750_000_000, 0).unwrap_or_default();
        for (text, expected) in [
            ("1970-01-02", Some(86_400_000)),
            ("1970-01-02T00:00:00Z", Some(86_400_000)),
            ("1750000000", Some(1_750_000_000_000)),
            ("1750000000123", Some(1_750_000_000_123)),
            ("-1d", Some(1_749_913_600_000)),
            ("0", Some(0)),
            ("100000000", Some(100_000_000_000)),
            ("20240101", None),
            ("202401", None),
            ("2024", None),
            ("-20240101", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(time_ms(text, now).ok(), expected, "{text}");
        }
    }
}
