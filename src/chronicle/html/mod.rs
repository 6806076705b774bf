//! The page as one file of HTML: readable by people and by what reads to them, without a script, and without anything from elsewhere.

mod charts;

use std::io::{self, BufWriter, Write};

use super::page::{Ended, Page, Section, ending_of, lasted};
use super::seen::{ByState, RunSeen};
use super::state::State;
use super::timeline::Row;
use crate::html::{Cell, Column, STYLE, Table, Text};
use crate::human;

/// So many runs have a drawing of their own: the latest that copied anything.
const DRAWN: usize = 12;

pub(super) fn write(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let out: &mut dyn Write = &mut out;
    head(page, out)?;
    writeln!(out, "<main>")?;
    header(page, out)?;
    to_do(page, out)?;
    sections(page, out)?;
    causes(page, out)?;
    failures(page, out)?;
    throughput(page, out)?;
    runs(page, out)?;
    repeated(page, out)?;
    files(page, out)?;
    writeln!(out, "</main>")?;
    writeln!(
        out,
        "<footer><p>Made by thanos-bucket {} on {} (all times are UTC).</p></footer>\n</body>\n</html>",
        env!("CARGO_PKG_VERSION"),
        human::minute(page.now)
    )?;
    out.flush()
}

fn head(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n\
         <meta name=\"referrer\" content=\"no-referrer\"/>\n\
         <title>Thanos blocks: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>",
        Text(page.sentence())
    )
}

fn header(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<header>\n<h1>What became of the blocks</h1>")?;
    writeln!(out, "<p>{}</p>", Text(page.sentence()))?;
    if let [one] = page.sections.rows.as_slice() {
        writeln!(out, "<p class=\"soft\">{}</p>", way(one))?;
    }
    writeln!(out, "</header>\n<dl class=\"sums\">")?;
    let in_all = match page.sections.rows.as_slice() {
        [one] => Some(&one.in_all),
        _ => None,
    };
    cards(in_all, Some(page.bytes_sent), out)
}

/// From where to where.
fn way(section: &Section<'_>) -> String {
    let code = |bucket: &str| match bucket {
        "" => "an unknown bucket".to_owned(),
        bucket => format!("<code><bdi>{}</bdi></code>", Text(bucket)),
    };
    match section.target {
        Some(target) => format!("{} to {}", code(section.source), code(target)),
        None => code(section.source),
    }
}

fn cards(in_all: Option<&ByState>, bytes_sent: Option<u64>, out: &mut dyn Write) -> io::Result<()> {
    let mut card = |name: &str, many: &str, more: &str| {
        writeln!(
            out,
            "<div><dt>{name}</dt><dd>{many} <small>{more}</small></dd></div>"
        )
    };
    for state in State::ALL {
        let Some(in_all) = in_all else { break };
        let amount = in_all.get(&state).copied().unwrap_or_default();
        if amount.blocks > 0 || matches!(state, State::Moved | State::Failed) {
            card(
                state.as_str(),
                &human::number(amount.blocks),
                &human::size(amount.bytes),
            )?;
        }
    }
    if let Some(bytes_sent) = bytes_sent {
        card(
            "put into the target",
            &human::size(bytes_sent),
            "repeats included",
        )?;
    }
    writeln!(out, "</dl>")
}

fn to_do(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<h2>What to do next</h2>")?;
    if page.to_do.rows.is_empty() && page.unfinished.rows.is_empty() {
        let class = if page.is_finished() { "good" } else { "bad" };
        return writeln!(out, "<p class=\"{class}\">{}</p>", page.nothing_to_do());
    }
    writeln!(out, "<ul class=\"todo bad\">")?;
    for one in &page.unfinished.rows {
        let why = one
            .why
            .map_or_else(String::new, |why| format!(" ({})", Text(why)));
        writeln!(
            out,
            "<li><strong>{}</strong> (<code>{}</code>) {}{why}.</li>",
            Text(one.verb),
            Text(one.run),
            one.what_to_do
        )?;
    }
    for one in &page.to_do.rows {
        writeln!(
            out,
            "<li><strong>{}</strong> ({}): {}</li>",
            Text(one.ending),
            one.many,
            Text(one.what)
        )?;
    }
    writeln!(out, "</ul>")?;
    more(page.unfinished.more(), out)?;
    more(page.to_do.more(), out)
}

fn sections(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<h2>Where the blocks are</h2>")?;
    let is_one = page.sections.rows.len() == 1;
    if page.sections.rows.is_empty() {
        writeln!(out, "<p>These files tell of no block.</p>")?;
    }
    for (number, section) in page.sections.rows.iter().enumerate() {
        if !is_one {
            writeln!(out, "<h3>{}</h3>", way(section))?;
            writeln!(out, "<p>{}</p>", Text(section.own_sentence()))?;
            writeln!(out, "<dl class=\"sums\">")?;
            cards(Some(&section.in_all), None, out)?;
        }
        charts::timeline(number, &section.timeline, out)?;
        groups(section, out)?;
    }
    more(page.sections.more(), out)
}

fn more(more: Option<String>, out: &mut dyn Write) -> io::Result<()> {
    more.map_or(Ok(()), |more| {
        writeln!(out, "<p class=\"soft\">… {more}.</p>")
    })
}

fn groups(section: &Section<'_>, out: &mut dyn Write) -> io::Result<()> {
    let named: [Column; 2] = [("group", Cell::name), ("resolution", Cell::short)];
    let many = State::ALL.map(|state| -> Column { (state.as_str(), Cell::number) });
    let columns: Vec<Column> = named.into_iter().chain(many).collect();
    let mut table = Table::begin("Blocks of each group, by where they are", &columns, out)?;
    for row in &section.timeline.rows {
        let (labels, resolution) = row
            .name
            .clone()
            .unwrap_or_else(|| (more_groups(row), String::new()));
        let mut cells = vec![labels, resolution];
        cells.extend(State::ALL.map(|state| {
            let amount = row.amounts.get(&state).copied().unwrap_or_default();
            human::number(amount.blocks)
        }));
        table.row(cells)?;
    }
    table.end()
}

/// What stands for the groups that have no row of their own.
fn more_groups(row: &Row) -> String {
    match row.groups {
        0 => "blocks of no known group".to_owned(),
        many => format!("{} more", human::count(many as u64, "group")),
    }
}

fn causes(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    if page.causes.rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>What went wrong</h2>")?;
    let columns: [Column; 4] = [
        ("ending", Cell::name),
        ("blocks", Cell::number),
        ("cause", Cell::long),
        ("such as", Cell::reference),
    ];
    let mut table = Table::begin("Causes, the most frequent first", &columns, out)?;
    for cause in &page.causes.rows {
        table.row(vec![
            cause.ending.to_owned(),
            human::number(cause.blocks),
            cause.why.clone(),
            cause.example.to_string(),
        ])?;
    }
    table.end()?;
    more(page.causes.more(), out)
}

const ENDED: [Column; 7] = [
    ("block", Cell::id),
    ("group", Cell::code),
    ("samples", Cell::short),
    ("size", Cell::number),
    ("ending", Cell::short),
    ("why", Cell::long),
    ("run", Cell::reference),
];

fn ended(one: &Ended<'_>) -> Vec<String> {
    let (labels, resolution) = one.group.unwrap_or_default();
    vec![
        one.id.to_string(),
        format!("{labels} {resolution}"),
        one.days(),
        human::size(one.size_bytes),
        one.ending.to_owned(),
        one.detail.clone().unwrap_or_default(),
        one.run.to_owned(),
    ]
}

fn failures(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    if page.failures.rows.is_empty() {
        return Ok(());
    }
    let mut table = Table::begin("Blocks that need a person", &ENDED, out)?;
    for one in &page.failures.rows {
        table.row(ended(one))?;
    }
    table.end()?;
    more(page.failures.more(), out)
}

fn throughput(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    let copied = page.runs.rows.iter().copied();
    let mut drawn: Vec<&RunSeen> = copied.filter(|run| run.throughput.sum() > 0).collect();
    if drawn.is_empty() {
        return Ok(());
    }
    let drawn = drawn.split_off(drawn.len().saturating_sub(DRAWN));
    writeln!(out, "<h2>How fast it went</h2>")?;
    charts::throughput(&drawn, out)?;
    let columns: [Column; 6] = [
        ("block", Cell::id),
        ("group", Cell::code),
        ("put", Cell::number),
        ("took", Cell::number),
        ("rate", Cell::number),
        ("run", Cell::reference),
    ];
    let caption = "The slowest blocks, from the first request to the mark";
    let mut table = Table::begin(caption, &columns, out)?;
    for one in &page.slowest {
        let (labels, resolution) = one.group.unwrap_or_default();
        table.row(vec![
            one.id.to_string(),
            format!("{labels} {resolution}"),
            human::size(one.bytes_sent),
            human::duration(one.elapsed),
            one.rate().unwrap_or_default(),
            one.run.to_owned(),
        ])?;
    }
    table.end()
}

fn runs(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<h2>Runs</h2>")?;
    let columns: [Column; 9] = [
        ("run", Cell::id),
        ("what", Cell::short),
        ("began", Cell::short),
        ("lasted", Cell::number),
        ("selected", Cell::number),
        ("put", Cell::number),
        ("retries", Cell::number),
        ("need a person", Cell::number),
        ("ended", Cell::long),
    ];
    let mut table = Table::begin("Runs, in the order in which they began", &columns, out)?;
    for run in &page.runs.rows {
        let dry = if run.is_dry { ", dry" } else { "" };
        table.row(vec![
            run.id.clone(),
            format!("{}{dry}", run.verb),
            human::minute(run.began),
            human::duration(lasted(run)),
            human::number(run.selected),
            human::size(run.bytes_sent),
            human::number(run.retried.many),
            human::number(run.needing_a_person),
            ending_of(run),
        ])?;
    }
    table.end()?;
    more(page.runs.more(), out)?;
    let mut warnings: Vec<&str> = Vec::new();
    for warning in page.runs.rows.iter().flat_map(|run| &run.warnings) {
        if !warnings.contains(&warning.as_str()) && warnings.len() < 20 {
            warnings.push(warning);
        }
    }
    if warnings.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h3>Worth knowing</h3>\n<ul>")?;
    for warning in warnings {
        writeln!(out, "<li>{}</li>", Text(warning))?;
    }
    writeln!(out, "</ul>")
}

fn repeated(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    if page.repeated.rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>Blocks that came up more than once</h2>")?;
    let columns: [Column; 4] = [
        ("block", Cell::id),
        ("when", Cell::short),
        ("ending", Cell::short),
        ("run", Cell::reference),
    ];
    let caption = "Each ending of these blocks; the last one counts";
    let mut table = Table::begin(caption, &columns, out)?;
    for (id, ends) in &page.repeated.rows {
        for end in ends {
            table.row(vec![
                id.to_string(),
                human::sample_minute(end.at_ms),
                end.ending.to_owned(),
                end.run.to_owned(),
            ])?;
        }
    }
    table.end()?;
    more(page.repeated.more(), out)
}

fn files(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (chronicle, problems) = (page.chronicle, &page.chronicle.problems);
    writeln!(out, "<h2>What this was made of</h2>\n<ul>")?;
    for (name, events) in chronicle.files.iter().take(50) {
        let events = human::count(*events, "event");
        writeln!(
            out,
            "<li><code><bdi>{}</bdi></code>: {events}</li>",
            Text(name)
        )?;
    }
    writeln!(out, "</ul>")?;
    for told in problems.told() {
        writeln!(out, "<p>{}</p>", Text(told))?;
    }
    if problems.named.is_empty() {
        return Ok(());
    }
    let columns: [Column; 2] = [("line", Cell::name), ("why", Cell::long)];
    let mut table = Table::begin(
        "Lines that could not be read, the first of them",
        &columns,
        out,
    )?;
    for (file, line, why) in &problems.named {
        table.row(vec![format!("{file}:{line}"), why.clone()])?;
    }
    table.end()
}

#[cfg(test)]
mod tests;
