//! The page in Markdown, as GitHub and GitLab show it: for a ticket. Foreign text stands in code, where nothing of it is markup and nobody is called.

use std::borrow::Cow;
use std::io::{self, Write};

use super::page::{Page, Section, days, ending_of, lasted};
use super::seen::ByState;
use super::state::State;
use super::timeline::{Bar, Row, STEPS};
use crate::human;
use crate::printable::printable;

pub(super) fn write(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut whole = Vec::new();
    write_whole(page, &mut whole)?;
    let text = String::from_utf8_lossy(&whole);
    let fits = text.get(..text.floor_char_boundary(LONGEST_BYTES));
    match fits.and_then(|fits| fits.rsplit_once('\n')) {
        Some((fits, _)) if text.len() > LONGEST_BYTES => writeln!(
            out,
            "{fits}\n\nThe rest is left out here, so that a ticket takes it: `--html` shows more."
        ),
        _ => out.write_all(text.as_bytes()),
    }?;
    out.flush()
}

/// A ticket takes no more than 65,536 characters.
const LONGEST_BYTES: usize = 60_000;

fn write_whole(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# What became of the blocks\n\n{}\n", page.sentence())?;
    let in_all = match page.sections.rows.as_slice() {
        [one] => Some(&one.in_all),
        _ => None,
    };
    totals(in_all, Some(page.bytes_sent), out)?;
    to_do(page, out)?;
    sections(page, out)?;
    causes(page, out)?;
    failures(page, out)?;
    slowest(page, out)?;
    runs(page, out)?;
    repeated(page, out)?;
    files(page, out)?;
    writeln!(
        out,
        "Made by thanos-bucket {} on {} (all times are UTC).",
        env!("CARGO_PKG_VERSION"),
        human::minute(page.now)
    )
}

/// Foreign text as code. Within a table a bar ends a cell also in code, and a backslash may undo that: then it is code of HTML, with nothing but
/// letters that mean nothing.
pub(crate) fn code(text: &str) -> String {
    let text = printable(text);
    let text = text.trim();
    if text.is_empty() {
        return String::new();
    }
    if !text.contains(['`', '|', '\\', '<', '>', '&']) {
        return format!("`{text}`");
    }
    let shown = text.chars().map(|c| {
        if c.is_ascii_punctuation() {
            format!("&#{};", u32::from(c))
        } else {
            c.to_string()
        }
    });
    format!("<code>{}</code>", shown.collect::<String>())
}

struct Table<'a>(&'a mut dyn Write);

impl<'a> Table<'a> {
    fn begin(headings: &[&str], out: &'a mut dyn Write) -> io::Result<Self> {
        let mut table = Self(out);
        table.row(headings)?;
        let line = vec!["---"; headings.len()];
        table.row(&line)?;
        Ok(table)
    }

    fn row(&mut self, cells: &[impl AsRef<str>]) -> io::Result<()> {
        for cell in cells {
            write!(self.0, "| {} ", cell.as_ref())?;
        }
        writeln!(self.0, "|")
    }

    fn end(self, more: Option<String>) -> io::Result<()> {
        writeln!(self.0)?;
        more.map_or(Ok(()), |more| writeln!(self.0, "… {more}.\n"))
    }
}

fn totals(
    in_all: Option<&ByState>,
    bytes_sent: Option<u64>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut table = Table::begin(&["blocks", "how many", "size", "what that is"], out)?;
    for state in State::ALL {
        if let Some(amount) = in_all.and_then(|all| all.get(&state)) {
            table.row(&[
                state.as_str(),
                &human::number(amount.blocks),
                &human::size(amount.bytes),
                state.meaning(),
            ])?;
        }
    }
    if let Some(bytes_sent) = bytes_sent {
        table.row(&[
            "put into the target",
            "",
            &human::size(bytes_sent),
            "repeats included",
        ])?;
    }
    table.end(None)
}

fn to_do(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## What to do next\n")?;
    if page.to_do.rows.is_empty() && page.unfinished.rows.is_empty() {
        return writeln!(out, "{}\n", page.nothing_to_do());
    }
    for one in &page.unfinished.rows {
        let (verb, run) = (code(one.verb), code(one.run));
        let why = one
            .why
            .map_or_else(String::new, |why| format!(" ({})", code(why)));
        writeln!(out, "- {verb} ({run}) {}{why}.", one.what_to_do)?;
    }
    for one in &page.to_do.rows {
        let (ending, what) = (code(one.ending), code(one.what));
        writeln!(out, "- {ending} ({}): {what}", one.many)?;
    }
    writeln!(out)?;
    for more in [page.unfinished.more(), page.to_do.more()]
        .into_iter()
        .flatten()
    {
        writeln!(out, "… {more}.\n")?;
    }
    Ok(())
}

fn sections(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## Where the blocks are\n")?;
    if page.sections.rows.is_empty() {
        writeln!(out, "These files tell of no block.\n")?;
    }
    for section in &page.sections.rows {
        let target = section
            .target
            .map_or_else(String::new, |target| format!(" to {}", code(target)));
        let way = format!("{}{target}", code(section.source));
        if page.sections.rows.len() == 1 {
            writeln!(out, "{way}\n")?;
        } else {
            writeln!(out, "### {way}\n\n{}\n", section.own_sentence())?;
            totals(Some(&section.in_all), None, out)?;
        }
        timeline(section, out)?;
    }
    let more = page.sections.more();
    more.map_or(Ok(()), |more| writeln!(out, "… {more}.\n"))
}

/// So many blocks that need a person, for a ticket takes no more than 65,536 characters; what went wrong with them stands whole above them.
const FAILURES: usize = 20;
/// So much of what went wrong with one of them.
const DETAIL_BYTES: usize = 200;

fn short(text: &str) -> String {
    let cut = text.get(..text.floor_char_boundary(DETAIL_BYTES));
    match cut {
        Some(cut) if cut.len() < text.len() => format!("{cut}…"),
        _ => text.to_owned(),
    }
}

/// So many letters make a lane.
const LETTERS: usize = 40;

fn letter(state: State) -> char {
    match state {
        State::Failed => '!',
        State::HeldBack => '~',
        State::Hot => '-',
        State::Both => '+',
        State::Moved => '#',
        State::Cold | State::Whole => '=',
        State::Gone => ' ',
    }
}

/// A lane, of which each letter shows the worst of its steps.
fn lane(bars: &[Bar]) -> String {
    let step = STEPS / LETTERS;
    let at = |place: usize| {
        let (first, end) = (place * step, (place + 1) * step);
        let met = bars.iter().filter(|bar| bar.first < end && bar.end > first);
        met.map(|bar| bar.state).min().map_or('.', letter)
    };
    (0..LETTERS).map(at).collect()
}

fn name(row: &Row) -> Cow<'_, str> {
    match &row.name {
        Some((labels, resolution)) => format!("{} {}", code(labels), code(resolution)).into(),
        None if row.groups == 0 => "blocks of no known group".into(),
        None => format!("{} more", human::count(row.groups as u64, "group")).into(),
    }
}

fn timeline(section: &Section<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Some(range) = section.timeline.range_ms else {
        return writeln!(out, "No block of these files tells its time.\n");
    };
    writeln!(
        out,
        "From {}: `#` moved, `+` in both, `=` cold or whole, `-` hot, `~` held back, `!` failed, `.` nothing.\n",
        days(range)
    )?;
    let headings = [
        "group",
        "in the source",
        "in the target",
        "moved",
        "in both",
        "cold",
        "hot",
        "held back",
        "failed",
    ];
    let mut table = Table::begin(&headings, out)?;
    for row in &section.timeline.rows {
        let many = |states: &[State]| {
            let amounts = states.iter().filter_map(|state| row.amounts.get(state));
            human::number(amounts.map(|amount| amount.blocks).sum())
        };
        let lanes = [&row.upper, &row.lower].map(|bars| format!("`{}`", lane(bars)));
        let [upper, lower] = &lanes;
        table.row(&[
            &*name(row),
            upper,
            lower,
            &many(&[State::Moved]),
            &many(&[State::Both]),
            &many(&[State::Cold, State::Whole]),
            &many(&[State::Hot]),
            &many(&[State::HeldBack]),
            &many(&[State::Failed]),
        ])?;
    }
    table.end(None)
}

fn causes(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    if page.causes.rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "## What went wrong\n")?;
    let mut table = Table::begin(&["ending", "blocks", "cause", "such as"], out)?;
    for cause in &page.causes.rows {
        table.row(&[
            code(cause.ending),
            human::number(cause.blocks),
            code(&cause.why),
            code(&cause.example.to_string()),
        ])?;
    }
    table.end(page.causes.more())
}

fn failures(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    if page.failures.rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "### Blocks that need a person\n")?;
    let headings = ["block", "group", "samples", "size", "ending", "why", "run"];
    let mut table = Table::begin(&headings, out)?;
    let left_out = page.failures.rows.len().saturating_sub(FAILURES) + page.failures.left_out;
    for one in page.failures.rows.iter().take(FAILURES) {
        let (labels, resolution) = one.group.unwrap_or_default();
        table.row(&[
            code(&one.id.to_string()),
            code(&format!("{labels} {resolution}")),
            one.days(),
            human::size(one.size_bytes),
            code(one.ending),
            code(&short(one.detail.as_deref().unwrap_or_default())),
            code(one.run),
        ])?;
    }
    let many = human::number(left_out as u64);
    table.end((left_out > 0).then(|| format!("and {many} more, which are left out here")))
}

fn slowest(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    if page.slowest.is_empty() {
        return Ok(());
    }
    writeln!(out, "## How fast it went\n")?;
    let mut table = Table::begin(&["slowest blocks", "put", "took", "rate", "run"], out)?;
    for one in &page.slowest {
        table.row(&[
            code(&one.id.to_string()),
            human::size(one.bytes_sent),
            human::duration(one.elapsed),
            one.rate().unwrap_or_default(),
            code(one.run),
        ])?;
    }
    table.end(None)
}

fn runs(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## Runs\n")?;
    let headings = [
        "run",
        "what",
        "began",
        "lasted",
        "selected",
        "put",
        "at most",
        "need a person",
        "ended",
    ];
    let mut table = Table::begin(&headings, out)?;
    for run in &page.runs.rows {
        let dry = if run.is_dry { ", dry" } else { "" };
        table.row(&[
            code(&run.id),
            code(&format!("{}{dry}", run.verb)),
            human::minute(run.began),
            human::duration(lasted(run)),
            human::number(run.selected),
            human::size(run.bytes_sent),
            format!("{}/s", human::size(run.throughput.peak())),
            human::number(run.needing_a_person),
            code(&ending_of(run)),
        ])?;
    }
    table.end(page.runs.more())
}

fn repeated(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    if page.repeated.rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Blocks that came up more than once\n")?;
    writeln!(out, "Each ending of these blocks; the last one counts.\n")?;
    let mut table = Table::begin(&["block", "when", "ending", "run"], out)?;
    for (id, ends) in &page.repeated.rows {
        for end in ends {
            table.row(&[
                code(&id.to_string()),
                human::sample_minute(end.at_ms),
                code(end.ending),
                code(end.run),
            ])?;
        }
    }
    table.end(page.repeated.more())
}

fn files(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (chronicle, problems) = (page.chronicle, &page.chronicle.problems);
    writeln!(out, "## What this was made of\n")?;
    for (file, events) in chronicle.files.iter().take(50) {
        writeln!(out, "- {}: {}", code(file), human::count(*events, "event"))?;
    }
    writeln!(out)?;
    for told in problems.told() {
        writeln!(out, "{}\n", code(&told))?;
    }
    if problems.named.is_empty() {
        return Ok(());
    }
    let mut table = Table::begin(&["line that could not be read", "why"], out)?;
    for (file, line, why) in &problems.named {
        table.row(&[code(&format!("{file}:{line}")), code(why)])?;
    }
    table.end(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-20.8
    #[test]
    fn foreign_text_is_code_and_ends_no_cell() {
        for (text, expected) in [
            ("{cluster=\"eu-1\"}", "`{cluster=\"eu-1\"}`"),
            (
                "@everyone *b* _i_ [a](b) #1",
                "`@everyone *b* _i_ [a](b) #1`",
            ),
            ("a|b", "<code>a&#124;b</code>"),
            ("`", "<code>&#96;</code>"),
            ("a\\", "<code>a&#92;</code>"),
            ("<b>", "<code>&#60;b&#62;</code>"),
            ("a\nb", "<code>a&#92;nb</code>"),
            (" ", ""),
        ] {
            assert_eq!(code(text), expected);
        }
    }
}
