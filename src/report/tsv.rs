//! The groups of a map as a table: a line with the names of the columns, and one for each group. What is of no group comes last, without labels.
//!
//! Values have neither tabs nor line breaks in them: in labels these are escaped, as in text.

use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};

use super::document::{Document, Section};
use crate::human::{self, printable};
use crate::map::{GroupMap, Range, Sum, Sums};
use crate::outcome::Overview;

const COLUMNS: [&str; 21] = [
    "labels",
    "resolution",
    "min_time",
    "max_time",
    "hot_only_blocks",
    "hot_only_bytes",
    "both_blocks",
    "both_bytes",
    "marked_blocks",
    "marked_bytes",
    "cold_only_blocks",
    "cold_only_bytes",
    "partial_blocks",
    "partial_bytes",
    "gaps",
    "gap_seconds",
    "overlaps",
    "deletion_from",
    "deletion_until",
    "due_blocks",
    "due_bytes",
];

pub(super) fn write(document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
    for section in &document.sections {
        if let Section::Overview(overview) = section {
            write_groups(overview, out)?;
        }
    }
    Ok(())
}

fn write_groups(overview: &Overview<'_>, out: &mut dyn Write) -> io::Result<()> {
    let found = overview.found;
    writeln!(out, "{}", COLUMNS.join("\t"))?;
    let mut line = |cells: Vec<String>| writeln!(out, "{}", cells.join("\t"));
    for group in &found.map.groups {
        let labels = group.group.labels.to_string();
        let mut cells = vec![
            printable(&labels).into_owned(),
            human::resolution(group.group.resolution_ms).into_owned(),
        ];
        let range = group.range();
        cells.push(time(range.map(|range| range.min_ms)));
        cells.push(time(range.map(|range| range.max_ms)));
        cells.extend(sums(&group.sums, found.map.has_target));
        cells.extend(of_time(group));
        cells.extend(match &found.due {
            Some(_) => amount(group.due),
            None => [String::new(), String::new()],
        });
        line(cells)?;
    }
    if found.map.of_no_group.blocks > 0 {
        let of_none = Sums {
            partial: found.map.of_no_group,
            ..Sums::default()
        };
        let mut cells = vec![String::new(); 4];
        cells.extend(sums(&of_none, found.map.has_target));
        cells.resize(COLUMNS.len(), String::new());
        line(cells)?;
    }
    Ok(())
}

fn sums(sums: &Sums, has_target: bool) -> Vec<String> {
    let there = |sum| {
        if has_target {
            amount(sum)
        } else {
            [String::new(), String::new()]
        }
    };
    [
        amount(sums.hot_only),
        there(sums.both),
        amount(sums.marked),
        there(sums.cold_only),
        amount(sums.partial),
    ]
    .concat()
}

/// Gaps, overlaps, and when marked blocks may be deleted.
fn of_time(group: &GroupMap) -> [String; 5] {
    let gaps = group.gaps().map(Range::length_ms);
    let gap_ms = gaps.fold(0, i64::saturating_add);
    let moment = |moment: Option<DateTime<Utc>>| {
        moment.map_or_else(String::new, |time| {
            time.to_rfc3339_opts(SecondsFormat::Secs, true)
        })
    };
    [
        group.gaps().count().to_string(),
        (gap_ms / 1000).to_string(),
        group.overlaps.len().to_string(),
        moment(group.deletion.map(|(first, _)| first)),
        moment(group.deletion.map(|(_, last)| last)),
    ]
}

fn amount(sum: Sum) -> [String; 2] {
    [sum.blocks.to_string(), sum.bytes.to_string()]
}

/// A time of a block; in milliseconds where no calendar has it.
fn time(ms: Option<i64>) -> String {
    let Some(ms) = ms else {
        return String::new();
    };
    human::sample_time(ms).map_or_else(
        || ms.to_string(),
        |time| time.to_rfc3339_opts(SecondsFormat::Millis, true),
    )
}
