//! Whether the hot blocks may go: what was compared, what was found of each kind with the first in full, how each query came out, how the buckets stand,
//! and the answer in a sentence.

use std::io;

use super::heading::fact;
use super::page::Page;
use super::verify;
use crate::cutover::{CutOver, Finding, QueryResult, Range, Times, Verdict, Weight};
use crate::human::{self, printable};
use crate::report::form::Rows;

/// Continuation lines are indented like the text behind the names.
const INDENT: usize = 15;

/// Up to so many queries are all shown.
const FEW: usize = 40;

pub(super) fn write(found: &CutOver, rows: Rows, page: &mut Page<'_>) -> io::Result<()> {
    write_facts(found, page)?;
    for weight in [Weight::Difference, Weight::Unseen, Weight::Note] {
        write_findings(found, weight, page)?;
    }
    write_queries(found, rows, page)?;
    if let Some(verification) = &found.verification {
        page.blank()?;
        page.line("The buckets", 4)?;
        verify::write(verification, rows, page)?;
    }
    page.blank()?;
    page.prose("", &printable(&answer(found)))
}

fn write_facts(found: &CutOver, page: &mut Page<'_>) -> io::Result<()> {
    let scope = &found.scope;
    for (name, place, server) in [
        ("asked, source", &scope.source, &scope.source_server),
        ("asked, target", &scope.target, &scope.target_server),
    ] {
        let text = format!("{place} ({server})");
        fact(name, &printable(&text), page)?;
    }
    if let Some(range) = scope.range {
        fact("range", &shown_range(range), page)?;
    }
    fact("compared", &compared(found), page)?;
    if !found.waived.is_empty() {
        let waived: Vec<&str> = found.waived.iter().map(String::as_str).collect();
        fact("waived", &waived.join(", "), page)?;
    }
    Ok(())
}

/// From the first sample to the last but one.
pub(in crate::report) fn shown_range(range: Range) -> String {
    format!(
        "{} to {} UTC",
        human::sample_minute(range.min_ms),
        human::sample_minute(range.max_ms)
    )
}

/// How much was compared.
pub(in crate::report) fn compared(found: &CutOver) -> String {
    let queries = found.queries.len() as u64;
    let series: u64 = found.queries.iter().map(|query| query.series).sum();
    let mut text = format!(
        "{}: {} series, {}",
        // There is no plural of a query that an "s" makes.
        match queries {
            1 => "1 query".to_owned(),
            many => format!("{} queries", human::number(many)),
        },
        human::number(series),
        human::count(found.samples(), "sample")
    );
    for (what, many) in &found.counted {
        text = format!("{text}; {} {what}", human::number(*many));
    }
    text
}

fn write_findings(found: &CutOver, weight: Weight, page: &mut Page<'_>) -> io::Result<()> {
    let of_weight = found.findings().filter(|finding| finding.weight == weight);
    let all: Vec<&Finding> = of_weight.collect();
    if all.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.line(heading(weight), 4)?;
    // Of each kind the first is shown in full; where else it was found is counted.
    let mut kinds: Vec<&str> = Vec::new();
    for finding in &all {
        if !kinds.contains(&finding.kind) {
            kinds.push(finding.kind);
        }
    }
    for kind in kinds {
        let of_kind: Vec<&&Finding> = all.iter().filter(|finding| finding.kind == kind).collect();
        let Some((first, rest)) = of_kind.split_first() else {
            continue;
        };
        let waived = if found.is_waived(first) {
            ", waived"
        } else {
            ""
        };
        let sign = if weight == Weight::Note || found.is_waived(first) {
            ' '
        } else {
            '!'
        };
        let many: u64 = of_kind.iter().map(|finding| finding.count).sum();
        let text = format!(
            "{sign} {kind}: {}{waived} ({})",
            human::number(many),
            CutOver::meaning(kind)
        );
        page.line(&printable(&text), 4)?;
        write_example(first, page)?;
        if !rest.is_empty() {
            let elsewhere: Vec<String> = rest.iter().take(3).map(|one| place(one)).collect();
            let more = rest.len().saturating_sub(elsewhere.len());
            let more = if more == 0 {
                String::new()
            } else {
                format!(" and {more} more")
            };
            let text = format!("{}{more}", elsewhere.join(", "));
            detail("also", &text, page)?;
        }
    }
    Ok(())
}

/// What findings of a weight are called together.
pub(in crate::report) fn heading(weight: Weight) -> &'static str {
    match weight {
        Weight::Difference => "What differs",
        Weight::Unseen => "What was not looked at, or proves nothing",
        Weight::Note => "Good to know",
    }
}

/// Where it was found.
pub(in crate::report) fn place(finding: &Finding) -> String {
    let side = finding.side.map(|side| format!("the {}", side.as_str()));
    match (&finding.place, side) {
        (Some(place), Some(side)) => format!("{place:?}, {side}"),
        (Some(place), None) => format!("{place:?}"),
        (None, Some(side)) => side,
        (None, None) => "everywhere".to_owned(),
    }
}

/// The first in full, as names and texts.
pub(in crate::report) fn example(finding: &Finding) -> Vec<(&'static str, String)> {
    let first = &finding.first;
    let mut shown = Vec::new();
    if finding.place.is_some() || finding.side.is_some() {
        shown.push(("in", place(finding)));
    }
    if let Some(series) = &first.series {
        shown.push(("series", series.to_string()));
    }
    if let Some(time_ms) = first.time_ms {
        let time = human::sample_time(time_ms).map(human::rfc3339);
        shown.push(("time", time.unwrap_or_else(|| format!("{time_ms} ms"))));
    }
    if first.source.is_some() || first.target.is_some() {
        let nothing = || "nothing".to_owned();
        shown.push(("source", first.source.clone().unwrap_or_else(nothing)));
        shown.push(("target", first.target.clone().unwrap_or_else(nothing)));
    }
    if let Some(text) = &first.text {
        shown.push(("that is", text.clone()));
    }
    shown
}

fn write_example(finding: &Finding, page: &mut Page<'_>) -> io::Result<()> {
    for (name, text) in example(finding) {
        detail(name, &text, page)?;
    }
    Ok(())
}

fn detail(name: &str, text: &str, page: &mut Page<'_>) -> io::Result<()> {
    page.line(&format!("      {name:<8} {}", printable(text)), INDENT)
}

fn write_queries(found: &CutOver, rows: Rows, page: &mut Page<'_>) -> io::Result<()> {
    let is_odd = |query: &&QueryResult| outcome(query) != "equal";
    let shown: Vec<&QueryResult> = match rows {
        Rows::None => Vec::new(),
        Rows::Auto if found.queries.len() > FEW => {
            found.queries.iter().filter(is_odd).take(FEW).collect()
        }
        Rows::Auto | Rows::All => found.queries.iter().collect(),
    };
    if shown.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.line("  outcome   series    samples  query", 33)?;
    for query in shown {
        let sign = if outcome(query) == "equal" { ' ' } else { '!' };
        let text = format!(
            "{sign} {:<9} {:>6} {:>10}  {}{}",
            outcome(query),
            human::number(query.series),
            human::number(query.samples),
            query.name,
            asked(query),
        );
        page.line(&printable(&text), 33)?;
    }
    Ok(())
}

/// How a query came out, in a word.
pub(in crate::report) fn outcome(query: &QueryResult) -> &'static str {
    let has = |weight| query.found.iter().any(|finding| finding.weight == weight);
    if has(Weight::Difference) {
        "differs"
    } else if has(Weight::Unseen) {
        "not-seen"
    } else if query.samples == 0 {
        "empty"
    } else {
        "equal"
    }
}

fn asked(query: &QueryResult) -> String {
    match query.times {
        None => String::new(),
        Some(Times::Instant(ms)) => format!(" (at {})", human::sample_minute(ms)),
        Some(Times::Range { step_ms, .. }) => format!(" (every {})", human::span(step_ms)),
    }
}

/// May the hot blocks go?
pub(in crate::report) fn answer(found: &CutOver) -> String {
    let kinds = |weight| {
        let mut kinds: Vec<String> = Vec::new();
        for ((of, kind), many) in found.by_kind() {
            if of == weight {
                kinds.push(format!("{} {kind}", human::number(many)));
            }
        }
        kinds
    };
    let buckets = match &found.verification {
        None => "the buckets were not compared",
        Some(verification) if verification.exit().code() == 0 => "the target holds what was moved",
        Some(_) => "of the buckets something needs a person",
    };
    match found.verdict() {
        Verdict::Yes => {
            format!("May the hot blocks go? Yes: both sides answer alike, and {buckets}.")
        }
        Verdict::Differs => {
            let mut why = kinds(Weight::Difference);
            if why.is_empty() {
                why.push("both sides answer alike".to_owned());
            }
            format!(
                "May the hot blocks go? No: {}, and {buckets}. Keep them until a person has looked.",
                why.join(", ")
            )
        }
        Verdict::NotProven => {
            let mut why = kinds(Weight::Unseen);
            if why.is_empty() {
                why.push("not everything had its turn".to_owned());
            }
            format!(
                "May the hot blocks go? Not proven: nothing that was compared differs, but {}. Keep them until that is looked at, or waived.",
                why.join(", ")
            )
        }
    }
}
