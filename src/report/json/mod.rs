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

use super::document::Document;
use super::{Header, human};
use crate::block::BlockId;
use crate::exit::Exit;
use crate::outcome::{Block, Excluded, MarkedNotHeld};
use crate::plan::Warning;
use crate::select::Effect;
use entries::{BlockEntry, ExcludedEntry, MarkedNotHeldEntry, TotalsEntry};

/// Rises when a member changes its meaning or goes; a new one may come without.
const SCHEMA_VERSION: u32 = 1;

pub(super) fn write(document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
    put(&Top::of(document), out)
}

/// The document of a run that could not begin: what there is to say is why.
pub(super) fn write_error(
    header: Option<&Header>,
    why: &str,
    ending: Exit,
    out: &mut dyn Write,
) -> io::Result<()> {
    put(&Top::of_error(header, why, ending), out)
}

fn put(top: &Top<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Harmless);
    top.serialize(&mut serializer)?;
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
    run: Option<String>,
    started: Option<String>,
    source: Option<&'a str>,
    target: Option<&'a str>,
    cutoff: Option<String>,
    complete: Option<bool>,
    exit_code: u8,
    elapsed_seconds: Option<f64>,
    aborted: Option<&'a str>,
    signal: Option<&'static str>,
    limit: Option<&'static str>,
    warnings: Option<Each<'a, Warning, WarningEntry<'a>>>,
    selector: Option<Each<'a, Effect, EffectEntry<'a>>>,
    blocks: Option<Each<'a, Block<'a>, BlockEntry<'a>>>,
    excluded: Option<Each<'a, Excluded<'a>, ExcludedEntry<'a>>>,
    marked_not_held: Option<Each<'a, MarkedNotHeld<'a>, MarkedNotHeldEntry<'a>>>,
    absent_ids: Option<Each<'a, BlockId, String>>,
    totals: Option<TotalsEntry>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

impl<'a> Top<'a> {
    fn of(document: &'a Document<'a>) -> Self {
        let results = document.results;
        Self {
            kind: if results.is_some() { "report" } else { "plan" },
            complete: results.map(|results| results.complete),
            elapsed_seconds: results.map(|results| seconds(results.elapsed)),
            aborted: document.stopped_by,
            signal: results.and_then(|results| Some(results.signal?.as_str())),
            limit: results.and_then(|results| Some(results.limit?.as_str())),
            warnings: Some(Each(document.warnings, WarningEntry::of)),
            selector: Some(Each(document.selector, EffectEntry::of)),
            blocks: Some(Each(&document.blocks, BlockEntry::of)),
            excluded: Some(Each(&document.excluded, ExcludedEntry::of)),
            marked_not_held: Some(Each(&document.marked_not_held, MarkedNotHeldEntry::of)),
            absent_ids: Some(Each(document.absent_ids, BlockId::to_string)),
            totals: Some(TotalsEntry::of(&document.totals)),
            ..Self::empty(Some(document.header), document.exit)
        }
    }

    fn of_error(header: Option<&'a Header>, why: &'a str, ending: Exit) -> Self {
        Self {
            kind: "error",
            aborted: Some(why),
            signal: match ending {
                Exit::Stopped(signal) => Some(signal.as_str()),
                _ => None,
            },
            ..Self::empty(header, ending)
        }
    }

    fn empty(header: Option<&'a Header>, ending: Exit) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            kind: "",
            tool: Tool {
                name: env!("CARGO_PKG_NAME"),
                version: env!("CARGO_PKG_VERSION"),
            },
            run: header.map(|header| header.run.to_string()),
            started: header.map(|header| rfc3339(header.started)),
            source: header.map(|header| header.source.as_str()),
            target: header.map(|header| header.target.as_str()),
            cutoff: header.map(|header| rfc3339(header.cutoff)),
            complete: None,
            exit_code: ending.code(),
            elapsed_seconds: None,
            aborted: None,
            signal: None,
            limit: None,
            warnings: None,
            selector: None,
            blocks: None,
            excluded: None,
            marked_not_held: None,
            absent_ids: None,
            totals: None,
        }
    }
}

/// A list whose entries are made as they are written: thousands of them are never in memory at once.
struct Each<'a, T, E>(&'a [T], fn(&'a T) -> E);

impl<T, E: Serialize> Serialize for Each<'_, T, E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(self.1))
    }
}

#[derive(Serialize)]
struct WarningEntry<'a> {
    name: &'static str,
    blocks: usize,
    text: &'a str,
    ids: Each<'a, BlockId, String>,
}

impl<'a> WarningEntry<'a> {
    fn of(warning: &'a Warning) -> Self {
        Self {
            name: warning.name,
            blocks: warning.blocks.len(),
            text: &warning.text,
            ids: Each(&warning.blocks, BlockId::to_string),
        }
    }
}

#[derive(Serialize)]
struct EffectEntry<'a> {
    rule: &'a str,
    blocks: u64,
    dropped: u64,
}

impl<'a> EffectEntry<'a> {
    fn of(effect: &'a Effect) -> Self {
        Self {
            rule: &effect.rule,
            blocks: effect.blocks,
            dropped: effect.dropped,
        }
    }
}

fn display<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// To the millisecond.
fn seconds(duration: Duration) -> f64 {
    let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(milliseconds).as_secs_f64()
}
