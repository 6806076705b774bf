//! The lines below the heading: how much there is to do or was done, what is left out, and what is amiss.

use std::io;

use super::heading::fact;
use super::page::Page;
use crate::exit::Exit;
use crate::human::{self, printable};
use crate::outcome::{Amount, Done, Results, Review};
use crate::plan::Warning;
use crate::select::Effect;

/// So many blocks that a warning concerns are named.
const NAMED: usize = 5;

pub(super) fn write_selector(effects: &[Effect], page: &mut Page<'_>) -> io::Result<()> {
    for effect in effects {
        let blocks = human::count(effect.blocks, "block");
        let dropped = human::number(effect.dropped);
        let text = format!("{}: drops {dropped} of {blocks}", effect.rule);
        fact("selector", &printable(&text), page)?;
    }
    Ok(())
}

pub(super) fn write_course(review: &Review<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let totals = &review.totals;
    fact("selected", &amount(&totals.selected), page)?;
    match (review.results, &totals.done) {
        (Some(results), Some(done)) => write_done(review, results, done, page)?,
        _ => write_planned(review, page)?,
    }
    let reasons = totals.excluded.iter();
    let reasons = reasons.map(|(why, many)| (why.as_str(), *many));
    fact("excluded", &excluded(reasons), page)?;
    if totals.concerns.is_empty() {
        return Ok(());
    }
    let concerns = totals.concerns.iter();
    let concerns = concerns.map(|(concern, many)| (concern.as_str(), *many));
    fact("! attention", &list(concerns), page)
}

fn write_done(
    review: &Review<'_>,
    results: &Results,
    done: &Done,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let outcomes = done.by_outcome.iter();
    let outcomes = outcomes.map(|(ending, put)| (ending.as_str(), put.blocks));
    fact("outcome", &list(outcomes), page)?;
    fact("put", &put_text(&done.put, results), page)?;
    if !done.by_proof.is_empty() {
        fact("proven", &proofs(done), page)?;
    }
    let ended = how_it_ended(review.exit, results);
    fact("ended", &printable(&ended), page)
}

fn write_planned(review: &Review<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let totals = &review.totals;
    let actions = totals.by_action.iter();
    let actions = actions.map(|(action, put)| (*action, put.blocks));
    fact("planned", &list(actions), page)?;
    let requests = human::number(totals.requests_estimate);
    let to_put = amount(&totals.to_put);
    let text = format!("{to_put}; about {requests} requests");
    fact("to put", &text, page)?;
    let Some(why) = review.stopped_by else {
        return Ok(());
    };
    let text = format!("a run would stop before its first mark: could not {why}");
    fact("! obstacle", &printable(&text), page)
}

pub(super) fn write_warnings(review: &Review<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let is_plan = review.results.is_none();
    for warning in review.warnings {
        let destroys = warning.name == Warning::OVERWRITES;
        if destroys && !is_plan {
            continue;
        }
        let name = if destroys { "! warning" } else { "warning" };
        fact(name, &printable(&warning_text(warning)), page)?;
    }
    Ok(())
}

/// With the ids of the blocks that it concerns, where they are few.
pub(super) fn warning_text(warning: &Warning) -> String {
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

/// `3 blocks, 9 objects, 1.0 GiB`.
pub(super) fn amount(amount: &Amount) -> String {
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

fn how_it_ended(exit: Exit, results: &Results) -> String {
    let how = match exit {
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
    format!("{how} (exit code {})", exit.code())
}
