//! The document as JSON on one line. Every member is always there, `null` where it does not apply; the order is fixed.

mod entries;
#[cfg(test)]
mod tests;

use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;

use super::document::{Block, Document, Excluded, MarkedNotHeld, Warning};
use super::human;
use crate::block::{BlockId, RunId};
use entries::{TotalsEntry, blocks, excluded, marked_not_held};

/// Rises when a member changes its meaning or goes; a new one may come without.
const SCHEMA_VERSION: u32 = 1;

pub(super) fn write(document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Harmless);
    Top::of(document).serialize(&mut serializer)?;
    out.write_all(b"\n")
}

/// Compact, and nothing in it drives a terminal: what JSON would let stand is escaped too.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for piece in fragment.split_inclusive(human::is_unprintable) {
            let plain = piece.trim_end_matches(human::is_unprintable);
            writer.write_all(plain.as_bytes())?;
            let rest = piece.strip_prefix(plain).unwrap_or_default();
            for unit in rest.encode_utf16() {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Top<'a> {
    schema_version: u32,
    kind: &'static str,
    tool: Tool,
    #[serde(serialize_with = "display")]
    run: &'a RunId,
    #[serde(serialize_with = "time")]
    started: DateTime<Utc>,
    source: &'a str,
    target: &'a str,
    #[serde(serialize_with = "time")]
    cutoff: DateTime<Utc>,
    complete: Option<bool>,
    exit_code: u8,
    elapsed_seconds: Option<f64>,
    aborted: Option<&'a str>,
    signal: Option<&'static str>,
    #[serde(serialize_with = "warnings")]
    warnings: &'a [Warning],
    #[serde(serialize_with = "blocks")]
    blocks: &'a [Block<'a>],
    #[serde(serialize_with = "excluded")]
    excluded: &'a [Excluded<'a>],
    #[serde(serialize_with = "marked_not_held")]
    marked_not_held: &'a [MarkedNotHeld<'a>],
    #[serde(serialize_with = "displays")]
    absent_ids: &'a [BlockId],
    totals: TotalsEntry,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

impl<'a> Top<'a> {
    fn of(document: &'a Document<'a>) -> Self {
        let header = document.header;
        let results = document.results;
        Self {
            schema_version: SCHEMA_VERSION,
            kind: if results.is_some() { "report" } else { "plan" },
            tool: Tool {
                name: env!("CARGO_PKG_NAME"),
                version: env!("CARGO_PKG_VERSION"),
            },
            run: &header.run,
            started: header.started,
            source: &header.source,
            target: &header.target,
            cutoff: header.cutoff,
            complete: results.map(|results| results.complete),
            exit_code: document.ending.exit_code(),
            elapsed_seconds: results.map(|results| seconds(results.elapsed)),
            aborted: document.stopped_by,
            signal: results.and_then(|results| Some(results.signal?.as_str())),
            warnings: &document.warnings,
            blocks: &document.blocks,
            excluded: &document.excluded,
            marked_not_held: &document.marked_not_held,
            absent_ids: document.absent_ids,
            totals: TotalsEntry::of(&document.totals),
        }
    }
}

#[derive(Serialize)]
struct WarningEntry {
    name: &'static str,
    blocks: u64,
    text: &'static str,
}

fn warnings<S: Serializer>(warnings: &[Warning], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(warnings.iter().map(|warning| WarningEntry {
        name: warning.name,
        blocks: warning.blocks,
        text: warning.text,
    }))
}

fn display<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn displays<S: Serializer>(ids: &[BlockId], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(ids.iter().map(ToString::to_string))
}

fn time<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&rfc3339(*time))
}

fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// To the millisecond.
fn seconds(duration: Duration) -> f64 {
    let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(milliseconds).as_secs_f64()
}
