//! What a backfill brought.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::members::{Each, Members, rfc3339};
use crate::history::{Backfilled, Delivery, Ending, Range, Sums, WindowOutcome};
use crate::human;

pub(super) fn put(done: &Backfilled, members: &mut Members<'_>) -> io::Result<()> {
    members.put("dry_run", &done.is_dry)?;
    members.put("range", &done.range.map(RangeEntry::of))?;
    members.put("windows", &Each(&done.windows, WindowEntry::of))?;
    members.put("exemplars", &done.beside.exemplars)?;
    members.put("metadata", &done.beside.metadata)?;
    members.put("outside_of_range", &done.beside.outside)?;
    members.put("passed_over", &done.beside.passed_over)?;
    members.put("repeated_requests", &done.beside.repeats)?;
    let left_behind: Vec<String> = done.left_behind.iter().map(ToString::to_string).collect();
    members.put("left_behind", &left_behind)?;
    let left_out = done.beside.left_out.iter();
    let left_out: Vec<LeftOutEntry<'_>> = left_out
        .map(|(kind, (count, example))| LeftOutEntry {
            kind,
            count: *count,
            example,
        })
        .collect();
    members.put("left_out", &left_out)?;
    members.put(
        "written_to_server",
        &done.written_to.as_ref().map(ServerEntry::of),
    )?;
    let many = |ending: Ending| (ending.as_str(), done.ended(ending));
    let totals = TotalsEntry {
        windows: Ending::ALL.map(many).into_iter().collect(),
        sums: SumsEntry::of(&done.sums()),
    };
    members.put("totals", &totals)
}

#[derive(Serialize)]
struct RangeEntry {
    start: Option<String>,
    end: Option<String>,
    start_ms: i64,
    end_ms: i64,
}

impl RangeEntry {
    fn of(range: Range) -> Self {
        let time = |ms| human::sample_time(ms).map(rfc3339);
        Self {
            start: time(range.start_ms),
            end: time(range.end_ms),
            start_ms: range.start_ms,
            end_ms: range.end_ms,
        }
    }
}

#[derive(Serialize)]
struct WindowEntry<'a> {
    #[serde(flatten)]
    range: RangeEntry,
    ending: &'static str,
    block: Option<String>,
    #[serde(flatten)]
    sums: SumsEntry,
    detail: Option<&'a str>,
    needs_a_person: bool,
}

impl<'a> WindowEntry<'a> {
    fn of(window: &'a WindowOutcome) -> Self {
        Self {
            range: RangeEntry::of(window.range),
            ending: window.ending.as_str(),
            block: window.block.map(|block| block.to_string()),
            sums: SumsEntry::of_window(window),
            detail: window.why.as_deref(),
            needs_a_person: window.ending.needs_a_person(),
        }
    }
}

/// `null` where nobody looked.
#[derive(Default, Serialize)]
struct SumsEntry {
    series: Option<u64>,
    chunks: Option<u64>,
    samples: Option<u64>,
    histograms: Option<u64>,
    duplicates: Option<u64>,
    conflicting: Option<u64>,
    out_of_order: Option<u64>,
    bytes: Option<u64>,
}

impl SumsEntry {
    fn of(sums: &Sums) -> Self {
        Self {
            series: Some(sums.series),
            chunks: Some(sums.chunks),
            samples: Some(sums.samples),
            histograms: Some(sums.histograms),
            duplicates: Some(sums.duplicates),
            conflicting: Some(sums.conflicting),
            out_of_order: Some(sums.out_of_order),
            bytes: Some(sums.bytes),
        }
    }

    /// Of what a bucket holds already, or what was not brought, nobody has counted anything.
    fn of_window(window: &WindowOutcome) -> Self {
        let is_counted = matches!(window.ending, Ending::Written | Ending::Empty);
        if is_counted || window.sums != Sums::default() {
            Self::of(&window.sums)
        } else {
            Self::default()
        }
    }
}

#[derive(Serialize)]
struct LeftOutEntry<'a> {
    kind: &'a str,
    count: u64,
    example: &'a str,
}

/// What a server took beside samples, and what it refused.
#[derive(Serialize)]
struct ServerEntry<'a> {
    exemplars: u64,
    metadata: u64,
    refused: Vec<RefusedEntry<'a>>,
}

#[derive(Serialize)]
struct RefusedEntry<'a> {
    kind: &'a str,
    samples: u64,
    example: &'a str,
}

impl<'a> ServerEntry<'a> {
    fn of(to: &'a Delivery) -> Self {
        let refused = to.refused.iter();
        Self {
            exemplars: to.exemplars,
            metadata: to.metadata,
            refused: refused
                .map(|(kind, (samples, example))| RefusedEntry {
                    kind,
                    samples: *samples,
                    example,
                })
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct TotalsEntry {
    windows: BTreeMap<&'static str, usize>,
    #[serde(flatten)]
    sums: SumsEntry,
}

#[cfg(test)]
mod tests {
    use crate::report::Output;
    use crate::report::testing::{backfilled, written_backfilled};

    /// S-24.7, S-24.9
    #[test]
    fn a_small_backfill_is_a_document() {
        let json = written_backfilled(&backfilled(), Output::Json);
        assert_eq!(json, include_str!("golden/backfill.json"), "{json}");
    }
}
