//! Whether the hot blocks may go, as tickets take it.

use std::io::{self, Write};

use crate::chronicle::code;
use crate::cutover::{CutOver, Finding, Weight};
use crate::human;
use crate::report::header::Header;
use crate::report::text::cutover::{
    answer, by_kind, compared, example, heading, outcome, place, shown_range,
};

/// What is left out beyond this is counted.
const MOST: usize = 100;

/// Places of one kind beyond this are counted.
const MOST_PLACES: usize = 10;

/// Writes what was found.
pub fn write(header: &Header, found: &CutOver, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "# Cutover check of {} UTC\n",
        human::minute(header.started)
    )?;
    // Kinds of findings are the only words in it that are not this tool's own sentences.
    writeln!(out, "**{}**\n", answer(found))?;
    facts(header, found, out)?;
    for weight in [Weight::Difference, Weight::Unseen, Weight::Note] {
        findings(found, weight, out)?;
    }
    queries(found, out)?;
    buckets(found, out)?;
    out.flush()
}

fn facts(header: &Header, found: &CutOver, out: &mut dyn Write) -> io::Result<()> {
    let scope = &found.scope;
    let source = format!("{} ({})", scope.source, scope.source_server);
    let target = format!("{} ({})", scope.target, scope.target_server);
    let mut rows = vec![
        ("run", code(&header.run.to_string())),
        ("asked, source", code(&source)),
        ("asked, target", code(&target)),
    ];
    if found.verification.is_some() {
        rows.push(("source", code(&header.source)));
        rows.push(("target", code(header.target.as_deref().unwrap_or_default())));
    }
    if let Some(range) = scope.range {
        rows.push(("range", shown_range(range)));
    }
    rows.push(("compared", compared(found)));
    if !found.waived.is_empty() {
        let waived: Vec<String> = found.waived.iter().map(|kind| code(kind)).collect();
        rows.push(("waived", waived.join(", ")));
    }
    writeln!(out, "| what | |\n|---|---|")?;
    for (name, text) in rows {
        writeln!(out, "| {name} | {text} |")?;
    }
    writeln!(out)
}

fn findings(found: &CutOver, weight: Weight, out: &mut dyn Write) -> io::Result<()> {
    let of_weight = found.findings().filter(|finding| finding.weight == weight);
    let all: Vec<&Finding> = of_weight.collect();
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out, "## {}\n", heading(weight))?;
    for (kind, of_kind) in by_kind(&all) {
        let Some((first, rest)) = of_kind.split_first() else {
            continue;
        };
        let waived = if found.is_waived(first) {
            ", waived"
        } else {
            ""
        };
        let many: u64 = of_kind.iter().map(|finding| finding.count).sum();
        writeln!(
            out,
            "* `{kind}`: {}{waived} ({}). The first:",
            human::number(many),
            CutOver::meaning(kind)
        )?;
        for (name, text) in example(first) {
            writeln!(out, "  * {name}: {}", code(&text))?;
        }
        for finding in rest.iter().take(MOST_PLACES) {
            let many = human::number(finding.count);
            writeln!(out, "  * also {many} in {}", code(&place(finding)))?;
        }
        let more = rest.len().saturating_sub(MOST_PLACES);
        if more > 0 {
            writeln!(out, "  * … and in {more} more places")?;
        }
    }
    writeln!(out)
}

fn queries(found: &CutOver, out: &mut dyn Write) -> io::Result<()> {
    if found.queries.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "## Queries\n\n| query | outcome | series | samples |\n|---|---|---:|---:|"
    )?;
    let (odd, equal): (Vec<_>, Vec<_>) = found
        .queries
        .iter()
        .partition(|query| outcome(query) != "equal");
    for query in odd.iter().chain(&equal).take(MOST) {
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            code(&query.name),
            outcome(query),
            human::number(query.series),
            human::number(query.samples)
        )?;
    }
    writeln!(out)?;
    more(found.queries.len(), out)?;
    writeln!(out)
}

fn buckets(found: &CutOver, out: &mut dyn Write) -> io::Result<()> {
    let Some(verification) = &found.verification else {
        return Ok(());
    };
    writeln!(
        out,
        "## The buckets\n\n| state | blocks | size | meaning |\n|---|---:|---:|---|"
    )?;
    for (state, sum) in verification.by_state() {
        writeln!(
            out,
            "| `{}` | {} | {} | {} |",
            state.as_str(),
            human::number(sum.blocks),
            human::size(sum.bytes),
            state.meaning()
        )?;
    }
    writeln!(out)?;
    let odd = verification
        .blocks
        .iter()
        .filter(|block| block.needs_a_person());
    let odd: Vec<_> = odd.collect();
    for block in odd.iter().take(MOST) {
        let why = block.verified.why.as_deref();
        let why = why
            .map(|why| format!(": {}", code(why)))
            .unwrap_or_default();
        writeln!(
            out,
            "* `{}`: `{}`{why}",
            block.id,
            block.verified.state.as_str()
        )?;
    }
    for id in verification.absent_ids.iter().take(MOST) {
        writeln!(out, "* `{id}`: in neither bucket")?;
    }
    more(odd.len(), out)
}

fn more(all: usize, out: &mut dyn Write) -> io::Result<()> {
    match all.checked_sub(MOST) {
        Some(more) if more > 0 => writeln!(out, "\n… and {more} more."),
        _ => Ok(()),
    }
}
