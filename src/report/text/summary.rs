//! The first lines: which run, from where to where, how much, and what is amiss.

use std::io;

use super::page::Page;
use crate::exit::Exit;
use crate::outcome::{Amount, Done, Results};
use crate::plan::Warning;
use crate::report::document::Document;
use crate::report::human::{self, printable};

/// What stands behind the names goes on below itself.
const INDENT: usize = 16;

/// So many blocks that a warning concerns are named.
const NAMED: usize = 5;

pub(super) fn write(document: &Document<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let header = document.header;
    let totals = &document.totals;
    let heading = format!(
        "{} of run {}, {} UTC",
        if document.results.is_some() {
            "report"
        } else {
            "plan"
        },
        header.run,
        human::minute(header.started),
    );
    page.line(&heading, 4)?;
    let mut line = |name: &str, text: &str| page.line(&format!("  {name:<13} {text}"), INDENT);
    line(
        "tool",
        concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")),
    )?;
    line("source", &printable(&header.source))?;
    line("target", &printable(&header.target))?;
    let cutoff = human::minute(header.cutoff);
    line("older than", &format!("{cutoff} UTC (first sample)"))?;
    for effect in document.selector {
        let (blocks, dropped) = (
            human::count(effect.blocks, "block"),
            human::number(effect.dropped),
        );
        let text = format!("{}: drops {dropped} of {blocks}", effect.rule);
        line("selector", &printable(&text))?;
    }
    line("selected", &amount(&totals.selected))?;
    if let (Some(results), Some(done)) = (document.results, &totals.done) {
        let outcomes = done.by_outcome.iter();
        let outcomes = outcomes.map(|(ending, put)| (ending.as_str(), put.blocks));
        line("outcome", &list(outcomes))?;
        line("put", &put_text(&done.put, results))?;
        if !done.by_proof.is_empty() {
            line("proven", &proofs(done))?;
        }
        let ended = how_it_ended(document, results);
        line("ended", &printable(&ended))?;
    } else {
        let actions = totals.by_action.iter();
        let actions = actions.map(|(action, put)| (*action, put.blocks));
        line("planned", &list(actions))?;
        let requests = human::number(totals.requests_estimate);
        let to_put = amount(&totals.to_put);
        line("to put", &format!("{to_put}; about {requests} requests"))?;
        if let Some(why) = document.stopped_by {
            let text = format!("a run would stop before its first mark: could not {why}");
            line("! obstacle", &printable(&text))?;
        }
    }
    let reasons = totals.excluded.iter();
    line(
        "excluded",
        &excluded(reasons.map(|(why, n)| (why.as_str(), *n))),
    )?;
    let concerns = totals.concerns.iter();
    let concerns = concerns.map(|(concern, many)| (concern.as_str(), *many));
    if !totals.concerns.is_empty() {
        line("! attention", &list(concerns))?;
    }
    let is_plan = document.results.is_none();
    for warning in document.warnings {
        let destroys = warning.name == Warning::OVERWRITES;
        if destroys && !is_plan {
            continue;
        }
        let name = if destroys { "! warning" } else { "warning" };
        line(name, &printable(&warning_text(warning)))?;
    }
    Ok(())
}

/// With the ids of the blocks that it concerns, where they are few.
fn warning_text(warning: &Warning) -> String {
    if warning.blocks.is_empty() {
        return warning.text.clone();
    }
    let blocks = human::count(warning.blocks.len() as u64, "selected block");
    let text = format!("{blocks} {}", warning.text);
    if warning.blocks.len() > NAMED {
        return text;
    }
    let ids: Vec<String> = warning.blocks.iter().map(ToString::to_string).collect();
    format!("{text} ({})", ids.join(", "))
}

/// `2 copy, 1 covered`.
pub(super) fn list<'a>(counts: impl Iterator<Item = (&'a str, u64)>) -> String {
    let counts: Vec<String> = counts
        .map(|(name, many)| format!("{} {name}", human::number(many)))
        .collect();
    if counts.is_empty() {
        "nothing".to_owned()
    } else {
        counts.join(", ")
    }
}

/// `3 blocks: 2 time-excluded, 1 duplicate`.
pub(super) fn excluded<'a>(reasons: impl Iterator<Item = (&'a str, u64)> + Clone) -> String {
    match reasons.clone().map(|(_, many)| many).sum() {
        0 => "nothing".to_owned(),
        sum => format!("{}: {}", human::count(sum, "block"), list(reasons)),
    }
}

fn amount(amount: &Amount) -> String {
    if amount.blocks == 0 {
        return "nothing".to_owned();
    }
    format!(
        "{}, {}, {}",
        human::count(amount.blocks, "block"),
        human::count(amount.objects, "object"),
        human::size(amount.bytes)
    )
}

fn put_text(put: &Amount, results: &Results) -> String {
    let rate = human::rate(put.bytes, results.elapsed).filter(|_| put.bytes > 0);
    let rate = rate.map(|rate| format!(", {rate}")).unwrap_or_default();
    format!(
        "{} in {}{rate}",
        amount(put),
        human::duration(results.elapsed)
    )
}

/// `2,990 by checksum, 10 by size`.
fn proofs(done: &Done) -> String {
    let proofs = done.by_proof.iter();
    let proofs = proofs.map(|(proof, many)| format!("{} by {proof}", human::number(*many)));
    proofs.collect::<Vec<_>>().join(", ")
}

fn how_it_ended(document: &Document<'_>, results: &Results) -> String {
    let ending = document.exit;
    let how = match ending {
        Exit::Aborted | Exit::Misused => {
            let why = results.aborted.as_deref().unwrap_or_default();
            format!("by an error that concerns more than one block: could not {why}")
        }
        Exit::Stopped(signal) => format!("by {}", signal.as_str()),
        Exit::Attention | Exit::Done => match results.limit {
            _ if results.complete => "once every selected block had its turn".to_owned(),
            Some(limit) => format!("by {}, before every block had its turn", limit.as_str()),
            None => "before every block had its turn".to_owned(),
        },
    };
    format!("{how} (exit code {})", ending.code())
}
