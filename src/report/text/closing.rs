//! The last lines: totals, what a person can do, and in one sentence what happened and what comes next.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::page::Page;
use super::summary;
use crate::exit::Exit;
use crate::human::{self, printable};
use crate::outcome::{Amount, BlockEnding, Concern, Results, Review};
use crate::plan::Purpose;

/// Indentation of continuation lines.
const INDENT: usize = 4;

pub(super) fn write_totals(review: &Review<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let totals = &review.totals;
    if totals.selected.blocks == 0 {
        return Ok(());
    }
    let put = if review.results.is_some() {
        "put"
    } else {
        "to put"
    };
    let heading = format!(
        "{:<20} {:>10} {:>16} {:>14}",
        "totals",
        "blocks",
        format!("objects {put}"),
        format!("bytes {put}")
    );
    page.blank()?;
    page.line(&heading, INDENT)?;
    let mut row = |name: &str, amount: &Amount| {
        let text = format!(
            "  {name:<18} {:>10} {:>16} {:>14}",
            human::number(amount.blocks),
            human::number(amount.objects),
            human::size(amount.bytes)
        );
        page.line(&text, INDENT)
    };
    let sum = if let Some(done) = &totals.done {
        for (ending, put) in &done.by_outcome {
            row(ending.as_str(), put)?;
        }
        done.put
    } else {
        for (action, put) in &totals.by_action {
            row(action, put)?;
        }
        totals.to_put
    };
    let sum = Amount {
        blocks: totals.selected.blocks,
        ..sum
    };
    row("all", &sum)?;
    if review.results.is_none() {
        let requests = human::number(totals.requests_estimate);
        let text = format!(
            "  requests           about {requests}, without those of the planning, which is done"
        );
        page.line(&text, INDENT)?;
    }
    Ok(())
}

pub(super) fn write_concerns(
    concerns: &BTreeMap<Concern, u64>,
    page: &mut Page<'_>,
) -> io::Result<()> {
    if !concerns.is_empty() {
        page.blank()?;
        page.line("needs a person", INDENT)?;
    }
    for (concern, many) in concerns {
        let text = format!(
            "  {} {}: {}",
            human::number(*many),
            concern.as_str(),
            concern.advice()
        );
        page.line(&text, INDENT)?;
    }
    Ok(())
}

pub(super) fn write_sentence(review: &Review<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let sentence = match review.results {
        None => of_a_plan(review, "Without --dry-run it is carried out."),
        Some(results) => of_a_report(review, results),
    };
    page.blank()?;
    page.line(&printable(&sentence), 0)
}

/// After a plan that stands by itself, in a file or not.
pub(super) fn write_next(
    review: &Review<'_>,
    out: Option<&Path>,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let next = match out {
        Some(path) => format!(
            "{} has it: migrate --plan carries that out, and nothing else.",
            path.display()
        ),
        None => "migrate with the same flags carries it out.".to_owned(),
    };
    page.blank()?;
    page.line(&printable(&of_a_plan(review, &next)), 0)
}

/// `next` says how it is carried out.
fn of_a_plan(review: &Review<'_>, next: &str) -> String {
    let totals = &review.totals;
    if totals.selected.blocks == 0 {
        return nothing_selected(review);
    }
    if !review.writes {
        return "This is a plan: no bucket was written, and a run could do nothing before a person has looked at it.".to_owned();
    }
    if let Some(why) = review.stopped_by {
        let why = printable(why);
        return format!(
            "This is a plan: no bucket was written, and a run would stop before it begins: could not {why}."
        );
    }
    format!("This is a plan: no bucket was written. {next}")
}

fn of_a_report(review: &Review<'_>, results: &Results) -> String {
    let selected = review.totals.selected.blocks;
    let of_kind = |kind: fn(BlockEnding) -> bool| {
        let by_outcome = review.totals.done.iter().flat_map(|done| &done.by_outcome);
        let of_kind = by_outcome.filter(|(ending, _)| kind(**ending));
        of_kind.map(|(_, put)| put.blocks).sum::<u64>()
    };
    let unfinished = of_kind(|ending| ending == BlockEnding::NotFinished);
    let unsettled = of_kind(BlockEnding::needs_a_person);
    let done = format!(
        "{} of {} done",
        human::number(selected.saturating_sub(unfinished + unsettled)),
        human::count(selected, "block")
    );
    let look = match review.totals.needing_a_person() {
        0 => String::new(),
        1 => " 1 needs a person, as said above.".to_owned(),
        many => format!(" {} need a person, as said above.", human::number(many)),
    };
    let again = "run it again: what is done stays done.";
    match review.exit {
        Exit::Aborted | Exit::Misused => {
            let why = results.aborted.as_deref().unwrap_or_default();
            format!(
                "Stopped by an error that concerns more than one block, {done}: could not {why}.{look} Mend that and {again}"
            )
        }
        Exit::Stopped(signal) => {
            let signal = signal.as_str();
            format!("Stopped by {signal}, {done}.{look} To go on, {again}")
        }
        Exit::Attention | Exit::Done if selected == 0 => nothing_selected(review),
        Exit::Attention | Exit::Done if unfinished > 0 => {
            let unfinished = human::number(unfinished);
            let by = results.limit.map(|limit| format!(" by {}", limit.as_str()));
            let by = by.unwrap_or_default();
            format!("Ended early{by}, {done}, {unfinished} not finished.{look} To go on, {again}")
        }
        Exit::Attention if unsettled > 0 => {
            format!("Finished, {done}.{look} Then {again}")
        }
        Exit::Attention => {
            format!("Finished, {done}.{look}")
        }
        Exit::Done => {
            let each = match review.purpose {
                Purpose::Move => {
                    "each is in the target and marked in the source, or needed nothing"
                }
                Purpose::Copy => {
                    "each is in the target, or needed nothing, and nothing was written into the source"
                }
            };
            format!("Finished, {done}: {each}. Nothing is left to do.")
        }
    }
}

fn nothing_selected(review: &Review<'_>) -> String {
    let why = if review.excluded.is_empty() {
        "the source has no blocks".to_owned()
    } else {
        let reasons = review.totals.excluded.iter();
        let excluded = summary::excluded(reasons.map(|(why, many)| (why.as_str(), *many)));
        format!("every block of the source is excluded ({excluded})")
    };
    match review.totals.needing_a_person() {
        0 => format!("Nothing is selected, for {why}: nothing to do."),
        1 => format!("Nothing is selected, for {why}. 1 needs a person, as said above."),
        many => {
            let many = human::number(many);
            format!("Nothing is selected, for {why}. {many} need a person, as said above.")
        }
    }
}
