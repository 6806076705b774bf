//! The last lines: totals, what a person can do, and in one sentence what happened and what comes next.

use std::io::{self, Write};

use super::summary;
use crate::report::document::{Amount, Document};
use crate::report::human::{self, printable};
use crate::report::{BlockEnding, Ending, Results};

pub(super) fn write_totals(document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
    let totals = &document.totals;
    if totals.selected.blocks == 0 {
        return Ok(());
    }
    let put = if document.results.is_some() {
        "put"
    } else {
        "to put"
    };
    writeln!(
        out,
        "\n{:<20} {:>10} {:>16} {:>14}",
        "totals",
        "blocks",
        format!("objects {put}"),
        format!("bytes {put}")
    )?;
    let mut row = |name: &str, amount: &Amount| {
        writeln!(
            out,
            "  {name:<18} {:>10} {:>16} {:>14}",
            human::number(amount.blocks),
            human::number(amount.objects),
            human::size(amount.bytes)
        )
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
    if document.results.is_none() {
        let requests = human::number(totals.requests_estimate);
        writeln!(
            out,
            "  requests           ≈ {requests} (an estimate; the planning, which is done, is not in it)"
        )?;
    }
    Ok(())
}

pub(super) fn write(document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
    let concerns = &document.totals.concerns;
    if !concerns.is_empty() {
        writeln!(out, "\nneeds a person (marked ! above)")?;
    }
    for (concern, many) in concerns {
        writeln!(
            out,
            "  {} {}: {}",
            human::number(*many),
            concern.as_str(),
            concern.advice()
        )?;
    }
    let sentence = match document.results {
        None => of_a_plan(document),
        Some(results) => of_a_report(document, results),
    };
    writeln!(out, "\n{sentence}")
}

fn of_a_plan(document: &Document<'_>) -> String {
    let totals = &document.totals;
    if totals.selected.blocks == 0 {
        return nothing_selected(document);
    }
    if !document.writes {
        return "This is a plan: nothing was written, and a run could do nothing before a person has looked at it.".to_owned();
    }
    if let Some(why) = document.stopped_by {
        let why = printable(why);
        return format!(
            "This is a plan: nothing was written, and a run would stop before it begins: could not {why}."
        );
    }
    "This is a plan: nothing was written. Without --dry-run it is carried out.".to_owned()
}

fn of_a_report(document: &Document<'_>, results: &Results) -> String {
    let selected = document.totals.selected.blocks;
    let of_kind = |kind: fn(BlockEnding) -> bool| {
        let by_outcome = document
            .totals
            .done
            .iter()
            .flat_map(|done| &done.by_outcome);
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
    let again = "run it again: what is done stays done";
    match document.ending {
        Ending::Aborted => {
            let why = results.aborted.as_deref().unwrap_or_default();
            let why = printable(why);
            format!("Had to stop, {done}: could not {why}. Mend that and {again}.")
        }
        Ending::Stopped(signal) => {
            let signal = signal.as_str();
            format!("Stopped by {signal}, {done}. To go on, {again}.")
        }
        Ending::Attention | Ending::Done if selected == 0 => nothing_selected(document),
        Ending::Attention | Ending::Done if unfinished > 0 => {
            let look = if unsettled > 0 {
                "Look at those marked ! above, then"
            } else {
                "To go on,"
            };
            let unfinished = human::number(unfinished);
            format!("Ended early, {done}, {unfinished} not finished. {look} {again}.")
        }
        Ending::Attention if unsettled > 0 => {
            let unsettled = human::count(unsettled, "block");
            format!("Finished, {done}. Look at the {unsettled} marked ! above, then {again}.")
        }
        Ending::Attention => {
            format!("Finished, {done}. Look at what is marked ! above.")
        }
        Ending::Done => format!(
            "Finished, {done}: each is in the target and marked in the source, or needed nothing. Nothing is left to do."
        ),
    }
}

fn nothing_selected(document: &Document<'_>) -> String {
    let why = if document.excluded.is_empty() {
        "the source has no blocks".to_owned()
    } else {
        let reasons = document.totals.excluded.iter();
        let excluded = summary::excluded(reasons.map(|(why, many)| (why.as_str(), *many)));
        format!("every block of the source is excluded ({excluded})")
    };
    let next = if document.totals.concerns.is_empty() {
        ": nothing to do"
    } else {
        "; look at what is marked ! above"
    };
    format!("Nothing is selected, for {why}{next}.")
}
