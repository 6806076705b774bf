//! Whether the hot blocks may go: what was compared, what was found of each kind with the first in full, how each query came out, how the buckets stand,
//! and the answer in a sentence.

use std::collections::BTreeSet;
use std::io;

use super::heading::fact;
use super::page::Page;
use super::verify;
use crate::cutover::{CutOver, Example, Finding, QueryResult, Range, Times, Verdict, Weight};
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
        verify::write_body(verification, rows, page)?;
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
    for (kind, of_kind) in by_kind(&all) {
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

/// The findings of each kind, by the first of each.
pub(in crate::report) fn by_kind<'a>(all: &[&'a Finding]) -> Vec<(&'static str, Vec<&'a Finding>)> {
    let mut kinds: Vec<(&'static str, Vec<&'a Finding>)> = Vec::new();
    for finding in all {
        match kinds.iter_mut().find(|(kind, _)| *kind == finding.kind) {
            Some((_, of_kind)) => of_kind.push(finding),
            None => kinds.push((finding.kind, vec![finding])),
        }
    }
    kinds
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
    let mut shown = Vec::new();
    if finding.place.is_some() || finding.side.is_some() {
        shown.push(("in", place(finding)));
    }
    shown.extend(in_full(&finding.first));
    shown
}

/// All that there is of one, as names and texts.
pub(in crate::report) fn in_full(one: &Example) -> Vec<(&'static str, String)> {
    let mut shown = Vec::new();
    if let Some(series) = &one.series {
        shown.push(("series", series.to_string()));
    }
    if let Some(time_ms) = one.time_ms {
        let time = human::sample_time(time_ms).map(human::rfc3339);
        shown.push(("time", time.unwrap_or_else(|| format!("{time_ms} ms"))));
    }
    if one.source.is_some() || one.target.is_some() {
        let nothing = || "nothing".to_owned();
        shown.push(("source", one.source.clone().unwrap_or_else(nothing)));
        shown.push(("target", one.target.clone().unwrap_or_else(nothing)));
    }
    if let Some(text) = &one.text {
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

pub(super) fn detail(name: &str, text: &str, page: &mut Page<'_>) -> io::Result<()> {
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
    let odd = found.queries.iter().filter(is_odd).count();
    page.blank()?;
    page.line("  outcome   series    samples  query", 33)?;
    let (all, shown) = (shown.len(), shown);
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
    match odd.checked_sub(all) {
        Some(more) if more > 0 => page.line(&format!("  … and {more} more that are not equal"), 4),
        _ => Ok(()),
    }
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
        let all = found.by_kind().into_iter();
        let of_it = all.filter(|((of, _), _)| *of == weight);
        let told = of_it.map(|((_, kind), many)| format!("{} {kind}", human::number(many)));
        told.collect::<Vec<String>>()
    };
    let (differing, unseen) = (kinds(Weight::Difference), kinds(Weight::Unseen));
    let buckets = match &found.verification {
        None => None,
        Some(_) if found.buckets_stand_against() => Some("of the buckets something needs a person"),
        Some(_) => Some("the target holds what was moved"),
    };
    let queries = if found.samples() > 0 {
        "both sides answer alike"
    } else {
        "both sides hold as much, though no value was compared"
    };
    let waived: Vec<String> = found
        .findings()
        .filter(|finding| found.is_waived(finding))
        .map(|finding| finding.kind.to_owned())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let waived = match waived.as_slice() {
        [] => String::new(),
        waived => format!(" Waived: {}.", waived.join(", ")),
    };
    let ended = match found.signal {
        Some(signal) => format!(" {} came before all was compared.", signal.as_str()),
        None => String::new(),
    };
    let text = match found.verdict() {
        Verdict::Yes => {
            let buckets = buckets.unwrap_or("the buckets were not compared");
            format!("Yes: {queries}, and {buckets}.")
        }
        Verdict::Differs => {
            let mut why = differing;
            why.extend(buckets.map(str::to_owned));
            if !unseen.is_empty() {
                why.push(format!("not looked at: {}", unseen.join(", ")));
            }
            format!(
                "No: {}. Keep them until a person has looked.",
                why.join("; ")
            )
        }
        Verdict::NotProven => {
            let mut why = unseen;
            if why.is_empty() {
                why.push("not everything had its turn".to_owned());
            }
            format!(
                "Not proven: nothing that was compared differs, but {}. Keep them until that is looked at, or waived.",
                why.join(", ")
            )
        }
    };
    format!("May the hot blocks go? {text}{waived}{ended}")
}
