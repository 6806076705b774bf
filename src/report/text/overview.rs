//! A map for people: sums, what is about to be lost, each group over time, what is amiss, when marked blocks are deleted, and the last runs.

use std::collections::BTreeMap;
use std::io;

use chrono::{DateTime, Utc};

use super::excluded::write_marked_not_held;
use super::groups;
use super::heading::fact;
use super::page::Page;
use super::summary::list;
use crate::human::{self, printable};
use crate::map::{Deletion, Due, Flaw, Flawed, GroupMap, Marked, Sum, When};
use crate::outcome::Overview;
use crate::report::form::{Form, Rows};

/// So many directories that need a person are listed.
const MOST: usize = 100;

/// So many that need nobody are few: they are listed.
const FEW: usize = 10;

/// So many runs are named; the rest is counted.
const RUNS: usize = 10;

/// Continuation lines.
const INDENT: usize = 4;

pub(super) fn write(overview: &Overview<'_>, form: Form, page: &mut Page<'_>) -> io::Result<()> {
    write_summary(overview, page)?;
    write_marked_not_held(&overview.marked_not_held, page)?;
    groups::write(overview, form, page)?;
    write_flaws(overview, form.rows, page)?;
    write_deletions(overview, page)?;
    write_runs(&overview.found.map.runs, form.rows, page)?;
    write_alarms(overview, page)?;
    page.blank()?;
    page.prose("", &closing(overview))
}

fn write_summary(overview: &Overview<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let found = overview.found;
    let map = &found.map;
    let sums = map.sums();
    fact("groups", &human::number(map.groups.len() as u64), page)?;
    if map.has_target {
        fact("hot only", &amount(sums.hot_only, "block"), page)?;
        fact("both", &amount(sums.both, "block"), page)?;
    } else {
        fact("there", &amount(sums.hot_only, "block"), page)?;
    }
    fact("marked", &amount(sums.marked, "block"), page)?;
    if map.has_target {
        fact("cold only", &amount(sums.cold_only, "block"), page)?;
    }
    if sums.partial.blocks > 0 {
        fact("partial", &partial(sums.partial), page)?;
    }
    write_oddities(&map.groups, page)?;
    if let Some(due) = &found.due {
        fact("due", &of_due(due, map.has_target), page)?;
    }
    for warning in &found.warnings {
        fact("warning", &printable(&warning.text), page)?;
    }
    if overview.alarms.is_empty() {
        return Ok(());
    }
    let alarms = overview.alarms.iter();
    let alarms = alarms.map(|(alarm, many)| (alarm.as_str(), *many));
    fact("! attention", &list(alarms), page)
}

fn partial(sum: Sum) -> String {
    let word = if sum.blocks == 1 {
        "directory"
    } else {
        "directories"
    };
    let many = human::number(sum.blocks);
    format!("{many} {word}, {}", human::size(sum.bytes))
}

/// How many gaps and overlaps there are, where there are any.
fn write_oddities(groups: &[GroupMap], page: &mut Page<'_>) -> io::Result<()> {
    let gaps = groups.iter().map(|group| group.gaps().count());
    if let Some(found) = in_groups(gaps) {
        let text = format!("{found}: times that no block has");
        fact("gaps", &text, page)?;
    }
    let overlaps = groups.iter().map(|group| group.overlaps.len());
    if let Some(found) = in_groups(overlaps) {
        let text = format!("{found}: a compactor without vertical compaction halts there");
        fact("overlaps", &text, page)?;
    }
    Ok(())
}

/// `3 in 2 groups`.
fn in_groups(counts: impl Iterator<Item = usize>) -> Option<String> {
    let (mut all, mut with) = (0_u64, 0_u64);
    for count in counts.filter(|count| *count > 0) {
        all += count as u64;
        with += 1;
    }
    let text = || format!("{} in {}", human::number(all), human::count(with, "group"));
    (all > 0).then(text)
}

fn amount(sum: Sum, thing: &str) -> String {
    if sum.blocks == 0 {
        return "nothing".to_owned();
    }
    let many = human::count(sum.blocks, thing);
    format!("{many}, {}", human::size(sum.bytes))
}

fn of_due(due: &Due, has_target: bool) -> String {
    if due.selected.blocks == 0 {
        return "nothing: migrate with this cutoff would find nothing to move".to_owned();
    }
    let mut text = amount(due.selected, "block");
    if has_target {
        let put = amount(due.to_put, "block");
        text = format!("{text}; to put: {put}");
    }
    if due.waiting.blocks > 0 {
        let waiting = human::number(due.waiting.blocks);
        text = format!("{text}; {waiting} cannot be moved yet: see the plan");
    }
    text
}

fn write_flaws(overview: &Overview<'_>, rows: Rows, page: &mut Page<'_>) -> io::Result<()> {
    let flaws = &overview.found.map.flaws;
    if flaws.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.line("directories with something amiss", INDENT)?;
    let (alarming, harmless): (Vec<&Flawed>, Vec<&Flawed>) = flaws
        .iter()
        .partition(|flawed| overview.is_alarming(flawed));
    let few = if harmless.len() <= FEW { FEW } else { 0 };
    for (flag, flaws, shown) in [('!', alarming, MOST), (' ', harmless, few)] {
        let shown = match rows {
            Rows::All => usize::MAX,
            Rows::Auto => shown,
            Rows::None => 0,
        };
        for flawed in flaws.iter().take(shown) {
            let text = format!("{flag} {}", printable(&row(flawed)));
            page.line(&text, INDENT)?;
        }
        let mut more: BTreeMap<Flaw, u64> = BTreeMap::new();
        for flawed in flaws.iter().skip(shown) {
            *more.entry(flawed.flaw).or_default() += 1;
        }
        if !more.is_empty() {
            let more = more.iter().map(|(flaw, many)| (flaw.as_str(), *many));
            let text = format!("{flag} {} more (--output.groups=all lists all)", list(more));
            page.line(&text, INDENT)?;
        }
    }
    Ok(())
}

fn row(flawed: &Flawed) -> String {
    let detail = flawed.detail.as_ref();
    let detail = detail.map_or_else(String::new, |detail| format!(": {detail}"));
    let group = flawed.group.as_ref().map_or_else(String::new, |group| {
        let resolution = human::resolution(group.resolution_ms);
        format!(", {} {resolution}", group.labels)
    });
    let written = flawed.written.map_or_else(String::new, |written| {
        format!(", last written {}", human::minute(written))
    });
    let marked = if flawed.is_marked { ", marked" } else { "" };
    format!(
        "{} {} {}{marked}{written}{group}{detail}",
        flawed.id,
        flawed.bucket.as_str(),
        flawed.flaw.as_str(),
    )
}

fn write_deletions(overview: &Overview<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let found = overview.found;
    if found.map.deletions.is_empty() {
        return Ok(());
    }
    let delay = human::span(found.delete_delay.num_milliseconds());
    page.blank()?;
    let text = format!("marked blocks may be deleted (delete delay {delay}; UTC)");
    page.line(&text, INDENT)?;
    for deletion in &found.map.deletions {
        let Deletion { bucket, sum, .. } = deletion;
        let bucket = if found.map.has_target {
            format!("{:<6}  ", bucket.as_str())
        } else {
            String::new()
        };
        let text = format!(
            "  {bucket}{:<30}  {}",
            when(deletion),
            amount(*sum, "block")
        );
        page.line(&text, INDENT)?;
    }
    Ok(())
}

fn when(deletion: &Deletion) -> String {
    match (deletion.when, deletion.between) {
        (When::Now, _) => "from now on".to_owned(),
        (When::Day(_), Some((first, last))) => {
            let (first, last) = (human::minute(first), human::minute(last));
            match last.split_once(' ') {
                Some((_, last)) if !first.ends_with(last) => format!("from {first} to {last}"),
                _ => format!("from {first}"),
            }
        }
        (When::Day(day), None) => format!("from {day}"),
        (When::Unknown, _) => "nobody can tell when".to_owned(),
    }
}

fn write_runs(runs: &[Marked], rows: Rows, page: &mut Page<'_>) -> io::Result<()> {
    if runs.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.line("the last runs, by their marks in the source (UTC)", INDENT)?;
    let (ours, others): (Vec<&Marked>, Vec<&Marked>) =
        runs.iter().partition(|marked| marked.run.is_some());
    let most = if rows == Rows::All { usize::MAX } else { RUNS };
    for marked in ours.iter().take(most) {
        let Some((run, target)) = &marked.run else {
            continue;
        };
        let begun = time(marked.time);
        let blocks = amount(marked.sum, "block");
        let text = format!("  {run}  {begun:<16}  {blocks}, to {target}");
        page.line(&printable(&text), INDENT)?;
    }
    let mut earlier = Sum::default();
    for marked in ours.iter().skip(most) {
        earlier.blocks += marked.sum.blocks;
        earlier.bytes = earlier.bytes.saturating_add(marked.sum.bytes);
    }
    if earlier.blocks > 0 {
        let many = human::count(ours.len().saturating_sub(most) as u64, "earlier run");
        let blocks = amount(earlier, "block");
        page.line(&format!("  and {many}: {blocks}"), INDENT)?;
    }
    for marked in others {
        let blocks = amount(marked.sum, "block");
        page.line(&format!("  marked by others: {blocks}"), INDENT)?;
    }
    Ok(())
}

fn time(time: Option<DateTime<Utc>>) -> String {
    time.map_or_else(|| "at some time".to_owned(), human::minute)
}

fn write_alarms(overview: &Overview<'_>, page: &mut Page<'_>) -> io::Result<()> {
    if !overview.alarms.is_empty() {
        page.blank()?;
        page.line("needs a person", INDENT)?;
    }
    for (alarm, many) in &overview.alarms {
        let (many, name) = (human::number(*many), alarm.as_str());
        let text = format!("  {many} {name}: {}", alarm.advice());
        page.line(&text, INDENT)?;
    }
    Ok(())
}

fn closing(overview: &Overview<'_>) -> String {
    let found = overview.found;
    let look = match overview.needing_a_person() {
        0 => "nothing on this map needs a person".to_owned(),
        1 => "1 needs a person, as said above".to_owned(),
        many => format!("{} need a person, as said above", human::number(many)),
    };
    let next = match &found.due {
        Some(due) if due.selected.blocks > 0 && found.map.has_target => {
            " To move what is due, run migrate with the same --older-than."
        }
        _ => "",
    };
    format!("Nothing was written; {look}.{next}")
}
