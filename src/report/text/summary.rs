//! The first lines: which run, from where to where, how much, and what is amiss.

use std::io::{self, Write};

use crate::report::document::{Amount, Document};
use crate::report::human::{self, printable};
use crate::report::{Ending, Results};

pub(super) fn write(document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
    let header = document.header;
    let totals = &document.totals;
    writeln!(
        out,
        "{} of run {}, {} {}, begun {} UTC",
        if document.results.is_some() {
            "report"
        } else {
            "plan"
        },
        header.run,
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
        human::minute(header.started),
    )?;
    let mut line = |name: &str, text: &str| writeln!(out, "  {name:<13} {text}");
    line("source", &printable(&header.source))?;
    line("target", &printable(&header.target))?;
    let cutoff = human::minute(header.cutoff);
    line("older than", &format!("{cutoff} UTC (first sample)"))?;
    line("selected", &amount(&totals.selected))?;
    if let (Some(results), Some(done)) = (document.results, &totals.done) {
        let outcomes = done.by_outcome.iter();
        let outcomes = outcomes.map(|(ending, put)| (ending.as_str(), put.blocks));
        line("outcome", &list(outcomes))?;
        line("put", &put_text(&done.put, results))?;
        line("ended", &how_it_ended(document.ending, results))?;
    } else {
        let actions = totals.by_action.iter();
        let actions = actions.map(|(action, put)| (*action, put.blocks));
        line("planned", &list(actions))?;
        let requests = human::number(totals.requests_estimate);
        let to_put = amount(&totals.to_put);
        line("to put", &format!("{to_put}; ≈ {requests} requests"))?;
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
    for warning in &document.warnings {
        let blocks = human::count(warning.blocks, "selected block");
        line("warning", &format!("{blocks} {}", warning.text))?;
    }
    Ok(())
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

fn how_it_ended(ending: Ending, results: &Results) -> String {
    let how = match ending {
        Ending::Aborted => "it had to stop",
        Ending::Stopped(signal) => signal.as_str(),
        Ending::Attention | Ending::Done if results.complete => "every block was taken up",
        Ending::Attention | Ending::Done => "not every block was finished",
    };
    format!("{how} (exit code {})", ending.exit_code())
}
