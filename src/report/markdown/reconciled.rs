//! Whether a target holds the history that a source tells, as tickets take it.

use std::io::{self, Write};

use crate::chronicle::code;
use crate::cutover::Weight;
use crate::human;
use crate::reconciled::{Reconciled, meaning};
use crate::report::header::Header;
use crate::report::text::cutover::heading;
use crate::report::text::reconciled::{
    answer, by_kind, facts, name, outcome, places, says, shown, waived,
};

/// What is left out beyond this is counted.
const MOST: usize = 100;

/// Places of one kind beyond this are counted.
const MOST_PLACES: usize = 10;

/// Writes what was found.
pub fn write(header: &Header, found: &Reconciled, out: &mut dyn Write) -> io::Result<()> {
    let title = if found.queries.is_some() {
        "Cutover check of a backfill"
    } else {
        "Verification of a backfill"
    };
    writeln!(out, "# {title}, {} UTC\n", human::minute(header.started))?;
    writeln!(out, "**{}**\n", line(&answer(found)))?;
    writeln!(out, "| what | |\n|---|---|")?;
    let run = header.run.to_string();
    let target = header.target.as_deref().unwrap_or_default();
    for (name, text) in [
        ("run", run.as_str()),
        ("source", &header.source),
        ("target", target),
    ] {
        writeln!(out, "| {name} | {} |", code(text))?;
    }
    for (name, text) in facts(found) {
        writeln!(out, "| {name} | {} |", code(&text))?;
    }
    writeln!(out)?;
    for weight in [Weight::Difference, Weight::Unseen, Weight::Note] {
        findings(found, weight, out)?;
    }
    selectors(found, out)?;
    queries(found, out)?;
    if let Some(capabilities) = &found.capabilities {
        writeln!(out, "## What the target says of itself\n")?;
        for line in says(capabilities) {
            writeln!(out, "* {}", code(&line))?;
        }
        writeln!(out)?;
    }
    out.flush()
}

/// Words that may be others' on one line, in which nothing ends the bold.
fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    crate::human::printable(&words.join(" ")).replace(['*', '<', '>', '`', '|'], " ")
}

fn findings(all: &Reconciled, weight: Weight, out: &mut dyn Write) -> io::Result<()> {
    let kinds = by_kind(all, weight);
    if kinds.is_empty() {
        return Ok(());
    }
    writeln!(out, "## {}\n", heading(weight))?;
    for (kind, of_kind) in kinds {
        let many: u64 = of_kind.iter().map(|one| one.count).sum();
        writeln!(
            out,
            "* `{kind}`: {}{} ({}). The first:",
            human::number(many),
            waived(all, &of_kind),
            meaning(kind)
        )?;
        if let Some(first) = of_kind.first() {
            for example in &first.examples {
                let all = shown(first, example).into_iter();
                let all = all.map(|(name, text)| format!("{name} {}", code(&text)));
                writeln!(out, "  * {}", all.collect::<Vec<String>>().join(", "))?;
            }
        }
        let places = places(&of_kind);
        for place in places.iter().skip(1).take(MOST_PLACES) {
            writeln!(out, "  * also {}", code(place))?;
        }
        more(places.len(), MOST_PLACES + 1, out)?;
    }
    writeln!(out)
}

fn selectors(found: &Reconciled, out: &mut dyn Write) -> io::Result<()> {
    if found.selectors.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "## Selectors\n\n| selector | outcome | series, source | target | samples, source | target | histograms, source | target | compared |\n|---|---|---:|---:|---:|---:|---:|---:|---:|"
    )?;
    for of in found.selectors.iter().take(MOST) {
        let numbers = [
            of.source.series,
            of.target.series,
            of.source.samples,
            of.target.samples,
            of.source.histograms,
            of.target.histograms,
            of.compared,
        ];
        writeln!(
            out,
            "| {} | {} | {} |",
            code(name(found, of)),
            outcome(found, &of.found, of.compared),
            numbers.map(human::number).join(" | ")
        )?;
    }
    more(found.selectors.len(), MOST, out)?;
    writeln!(out)
}

fn queries(found: &Reconciled, out: &mut dyn Write) -> io::Result<()> {
    let queries = found.queries.as_deref().unwrap_or_default();
    if queries.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "## Queries\n\n| query | outcome | series | samples |\n|---|---|---:|---:|"
    )?;
    for query in queries.iter().take(MOST) {
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            code(&query.query),
            outcome(found, &query.found, query.samples),
            human::number(query.series),
            human::number(query.samples)
        )?;
    }
    more(queries.len(), MOST, out)?;
    writeln!(out)
}

fn more(all: usize, most: usize, out: &mut dyn Write) -> io::Result<()> {
    match all.checked_sub(most) {
        Some(more) if more > 0 => writeln!(out, "\n… and {more} more."),
        _ => Ok(()),
    }
}
