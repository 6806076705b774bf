//! Which marks were taken back: the blocks, those that need a person marked; how many came to which end; and what comes next.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use chrono::{DateTime, Utc};

use super::blocks::columns;
use super::each;
use super::excluded::write_absent;
use super::heading::fact;
use super::page::Page;
use crate::exit::Exit;
use crate::human::{self, printable};
use crate::outcome::{TakenBack, UnmarkEnding, Unmarked};
use crate::report::form::Rows;

/// Continuation lines are indented like the id above them.
const INDENT: usize = 4;

/// So many runs are named; the rest is counted.
const RUNS: usize = 10;

pub(super) fn write(taken: &TakenBack, rows: Rows, page: &mut Page<'_>) -> io::Result<()> {
    let mode = if taken.is_dry {
        "dry run: nothing was written"
    } else {
        "marks are removed"
    };
    fact("mode", mode, page)?;
    write_runs(&taken.blocks, page)?;
    for warning in &taken.warnings {
        page.line(&format!("! {}", printable(&warning.text)), INDENT)?;
    }
    if !taken.blocks.is_empty() {
        page.blank()?;
        page.line("blocks", INDENT)?;
        let needs = |unmarked: &Unmarked| unmarked.ending.needs_a_person();
        each::write(&taken.blocks, "block", rows, page, needs, row)?;
    }
    write_absent(&taken.absent_ids, "--id", page)?;
    if !taken.blocks.is_empty() {
        page.blank()?;
        page.line("totals", INDENT)?;
        for (ending, many) in taken.by_ending() {
            let flag = if ending.needs_a_person() { '!' } else { ' ' };
            let text = format!("{flag} {:<18} {:>10}", ending.as_str(), human::number(many));
            page.line(&text, INDENT)?;
        }
    }
    write_advice(taken, page)?;
    page.blank()?;
    page.prose("", &closing(taken))
}

/// What a person can do about what stays.
fn write_advice(taken: &TakenBack, page: &mut Page<'_>) -> io::Result<()> {
    let by_ending = taken.by_ending();
    let advised: Vec<_> = by_ending
        .iter()
        .filter_map(|(ending, many)| Some((ending, many, ending.advice()?)))
        .collect();
    if !advised.is_empty() {
        page.blank()?;
        page.line("needs a person", INDENT)?;
    }
    for (ending, many, advice) in advised {
        let (many, name) = (human::number(*many), ending.as_str());
        page.line(&format!("  {many} {name}: {advice}"), INDENT)?;
    }
    Ok(())
}

/// Which runs wrote the marks, and when: the latest first.
fn write_runs(blocks: &[Unmarked], page: &mut Page<'_>) -> io::Result<()> {
    let mut runs: BTreeMap<String, (u64, BTreeSet<DateTime<Utc>>)> = BTreeMap::new();
    for unmarked in blocks {
        if let Some(run) = &unmarked.run {
            let (marks, times) = runs.entry(run.to_string()).or_default();
            *marks += 1;
            times.extend(unmarked.marked_at());
        }
    }
    for (run, (marks, times)) in runs.iter().rev().take(RUNS) {
        let when = match (times.first(), times.last()) {
            (Some(first), Some(last)) => {
                let (first, last) = (human::minute(*first), human::minute(*last));
                if first == last {
                    format!(", {first} UTC")
                } else {
                    format!(", {first} to {last} UTC")
                }
            }
            _ => String::new(),
        };
        let text = format!("{} of run {run}{when}", human::count(*marks, "mark"));
        fact("written", &printable(&text), page)?;
    }
    if let Some(more) = runs.len().checked_sub(RUNS).filter(|more| *more > 0) {
        fact("", &format!("… and those of {more} more runs"), page)?;
    }
    Ok(())
}

fn row(unmarked: &Unmarked, page: &mut Page<'_>) -> io::Result<()> {
    let Unmarked {
        block,
        ending,
        detail,
        ..
    } = unmarked;
    let flag = if ending.needs_a_person() { '!' } else { ' ' };
    let size_bytes = block.objects().block_bytes();
    let known = match block.meta().map(|meta| &meta.block) {
        Some(meta) => format!("{} {}", columns(meta, size_bytes), meta.group.labels),
        None => human::size(size_bytes),
    };
    let detail = detail.as_ref().map(|detail| format!(": {detail}"));
    let text = format!("{known} {}{}", ending.as_str(), detail.unwrap_or_default());
    page.line(&format!("{flag} {} {}", block.id, printable(&text)), INDENT)
}

fn closing(taken: &TakenBack) -> String {
    let by_ending = taken.by_ending();
    let of = |ending| by_ending.get(&ending).copied().unwrap_or_default();
    // Also of a block that somebody deletes all the same.
    let gone = of(UnmarkEnding::Unmarked) + of(UnmarkEnding::LostMeanwhile);
    let mut said = Vec::new();
    if let Some(why) = &taken.stopped_by {
        said.push(format!("It had to stop: {}.", printable(why)));
    }
    if let Some(signal) = taken.signal {
        said.push(format!("{} ended it.", signal.as_str()));
    }
    if let Some(run) = &taken.absent_run {
        said.push(format!(
            "No mark in the bucket is of run {run} (exit code {}).",
            Exit::Attention.code()
        ));
    } else if taken.is_dry {
        said.push(match of(UnmarkEnding::ToUnmark) {
            0 => "There is no mark that it would take back.".to_owned(),
            marks => format!(
                "It would take back {}: --no-dry-run does so.",
                human::count(marks, "mark")
            ),
        });
    } else {
        said.push(match gone {
            0 => "No mark was taken back.".to_owned(),
            marks => format!("{} taken back.", were(marks)),
        });
    }
    if of(UnmarkEnding::NotFinished) > 0 {
        said.push(format!(
            "{} not come to: the same command goes on.",
            blocks_were(of(UnmarkEnding::NotFinished))
        ));
    }
    said.extend(attention(taken, &by_ending));
    if gone + of(UnmarkEnding::ToUnmark) > 0 {
        said.push(
            "Stop what starts migrations, or the next one marks the blocks again; and restart the source's compactor afterwards, for it remembers marks that it has seen."
                .to_owned(),
        );
    }
    said.join(" ")
}

fn attention(taken: &TakenBack, by_ending: &BTreeMap<UnmarkEnding, u64>) -> Option<String> {
    let needy = by_ending
        .iter()
        .filter(|(ending, _)| ending.needs_a_person());
    let many: u64 = needy.map(|(_, many)| *many).sum::<u64>() + taken.absent_ids.len() as u64;
    (many > 0 && taken.exit() == Exit::Attention).then(|| {
        format!(
            "{} a person (exit code {}).",
            match many {
                1 => "1 block needs".to_owned(),
                many => format!("{} blocks need", human::number(many)),
            },
            Exit::Attention.code()
        )
    })
}

fn were(marks: u64) -> String {
    match marks {
        1 => "1 mark was".to_owned(),
        many => format!("{} marks were", human::number(many)),
    }
}

fn blocks_were(blocks: u64) -> String {
    match blocks {
        1 => "1 block was".to_owned(),
        many => format!("{} blocks were", human::number(many)),
    }
}
