//! What a backfill brought: the windows, those that need a person marked; what went into blocks; what was left out; and what comes next.

use std::io;

use super::each;
use super::heading::fact;
use super::page::Page;
use crate::exit::Exit;
use crate::history::{Backfilled, Ending, Range, WindowOutcome};
use crate::human::{self, printable};
use crate::report::form::Rows;

/// Continuation lines are indented like what stands behind the sign above them.
const INDENT: usize = 4;

pub(super) fn write(done: &Backfilled, rows: Rows, page: &mut Page<'_>) -> io::Result<()> {
    if let Some(range) = done.range {
        fact("range", &range.to_string(), page)?;
    }
    let mode = match (done.is_dry, &done.written_to) {
        (true, _) => "dry run: nothing was written",
        (false, None) => "windows become blocks, which are published and proven",
        (false, Some(_)) => "samples are written to a server",
    };
    fact("mode", mode, page)?;
    for warning in &done.warnings {
        page.line(&format!("! {}", printable(warning)), INDENT)?;
    }
    page.blank()?;
    page.line("windows", INDENT)?;
    let stretches: Vec<Stretch<'_>> = match rows {
        Rows::Auto => stretches(&done.windows),
        Rows::All | Rows::None => done.windows.iter().map(Stretch::of).collect(),
    };
    let needs = |stretch: &Stretch<'_>| stretch.first.ending.needs_a_person();
    each::write(&stretches, "window", rows, page, needs, row)?;
    page.blank()?;
    page.line("totals", INDENT)?;
    for ending in Ending::ALL {
        let many = done.ended(ending) as u64;
        if many > 0 {
            let flag = if ending.needs_a_person() { '!' } else { ' ' };
            let text = format!("{flag} {:<18} {:>14}", ending.as_str(), human::number(many));
            page.line(&text, INDENT)?;
        }
    }
    for (name, many) in figures(done) {
        let text = format!("  {name:<18} {:>14}", human::number(many));
        page.line(&text, INDENT)?;
    }
    write_left_out(done, page)?;
    write_refused(done, page)?;
    page.blank()?;
    page.prose("", &closing(done))
}

/// What went into blocks, and what there was besides.
pub(in crate::report) fn figures(done: &Backfilled) -> Vec<(&'static str, u64)> {
    let (sums, beside) = (done.sums(), &done.beside);
    let always = [
        ("series in blocks", sums.series),
        ("samples", sums.samples),
        ("histograms", sums.histograms),
        ("bytes", sums.bytes),
    ];
    let sometimes = [
        ("duplicates", sums.duplicates),
        ("conflicting", sums.conflicting),
        ("out of order", sums.out_of_order),
        ("outside of range", beside.outside),
        ("passed over", beside.passed_over),
        ("requests repeated", beside.repeats),
        ("blocks left behind", done.left_behind.len() as u64),
        ("exemplars", beside.exemplars),
        ("metadata", beside.metadata),
    ];
    // Servers do not tell what they make of samples.
    let is_known =
        |name: &str| done.written_to.is_none() || !matches!(name, "series in blocks" | "bytes");
    let always = always
        .into_iter()
        .filter(|(name, _)| !done.is_dry && is_known(name));
    let sometimes = sometimes.into_iter().filter(|(_, many)| *many > 0);
    always.chain(sometimes).collect()
}

fn write_left_out(done: &Backfilled, page: &mut Page<'_>) -> io::Result<()> {
    if done.beside.left_out.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.line("left out", INDENT)?;
    for (kind, (many, example)) in &done.beside.left_out {
        let text = format!(
            "  {kind}: {}, such as {}",
            human::number(*many),
            printable(example)
        );
        page.line(&text, INDENT)?;
    }
    Ok(())
}

/// What a server refused, in its own words.
fn write_refused(done: &Backfilled, page: &mut Page<'_>) -> io::Result<()> {
    let Some(to) = done.written_to.as_ref().filter(|to| !to.refused.is_empty()) else {
        return Ok(());
    };
    page.blank()?;
    page.line("samples that the server refused", INDENT)?;
    for (kind, (many, words)) in &to.refused {
        let text = format!(
            "! {kind}: {}, such as {}",
            human::number(*many),
            printable(words)
        );
        page.line(&text, INDENT)?;
    }
    Ok(())
}

/// Neighbours that ended alike, and of which there is nothing else to say.
pub(in crate::report) struct Stretch<'a> {
    first: &'a WindowOutcome,
    last: &'a WindowOutcome,
    windows: u64,
    samples: u64,
    /// What there is to say of all of them.
    why: Option<&'a str>,
}

impl<'a> Stretch<'a> {
    fn of(window: &'a WindowOutcome) -> Self {
        Self {
            first: window,
            last: window,
            windows: 1,
            samples: window.sums.samples,
            why: window.why.as_deref(),
        }
    }

    /// Takes the next window, if it ended alike.
    fn takes(&mut self, window: &'a WindowOutcome) -> bool {
        let (ending, why) = (window.ending, window.why.as_deref());
        // What is to be done about them follows from the reason.
        let reason_counts = ending.needs_a_person() || ending == Ending::NotFinished;
        let is_alike = self.first.ending == ending
            && self.last.range.end_ms == window.range.start_ms
            && (!reason_counts || self.why == why);
        if is_alike {
            self.last = window;
            self.windows += 1;
            self.samples += window.sums.samples;
            self.why = self.why.filter(|own| Some(*own) == why);
        }
        is_alike
    }

    /// When they were, how they ended, and what is to be said of it.
    pub(in crate::report) fn told(&self) -> String {
        let window = self.first;
        let range = Range {
            start_ms: window.range.start_ms,
            end_ms: self.last.range.end_ms,
        };
        let samples = match self.samples {
            0 => String::new(),
            many => format!(", {}", human::count(many, "sample")),
        };
        let why = self.why.map(|why| format!(": {why}")).unwrap_or_default();
        let (block, many) = match self.windows {
            1 => {
                let block = window.block.map(|block| format!(" {block}"));
                (block.unwrap_or_default(), String::new())
            }
            many => (
                String::new(),
                format!(" ({})", human::count(many, "window")),
            ),
        };
        format!(
            "{range}: {}{block}{samples}{many}{why}",
            window.ending.as_str()
        )
    }
}

/// So many windows that were written have a line each; of more, stretches have one.
const FEW: usize = 24;

pub(in crate::report) fn stretches(windows: &[WindowOutcome]) -> Vec<Stretch<'_>> {
    let written = windows.iter().filter(|one| one.ending == Ending::Written);
    let are_few = written.count() <= FEW;
    let mut stretches: Vec<Stretch<'_>> = Vec::new();
    for window in windows {
        let has_a_line = window.ending == Ending::Written && are_few;
        let last = stretches.last_mut().filter(|_| !has_a_line);
        if !last.is_some_and(|last| last.takes(window)) {
            stretches.push(Stretch::of(window));
        }
    }
    stretches
}

fn row(stretch: &Stretch<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let flag = if stretch.first.ending.needs_a_person() {
        '!'
    } else {
        ' '
    };
    let text = stretch.told();
    page.line(&format!("{flag} {}", printable(&text)), INDENT)
}

/// What happened and what comes next.
pub(in crate::report) fn closing(done: &Backfilled) -> String {
    let of = |ending| done.ended(ending) as u64;
    let mut said = Vec::new();
    if let Some(why) = &done.aborted {
        said.push(format!("It had to stop: {}.", printable(why)));
    }
    if let Some(signal) = done.signal {
        said.push(format!("{} ended it.", signal.as_str()));
    }
    if done.is_dry {
        said.push(match of(Ending::Planned) {
            0 => "There is no window that it would bring.".to_owned(),
            many => format!(
                "It would ask for {}: without --dry-run it does so.",
                human::count(many, "window")
            ),
        });
    } else {
        said.push(match of(Ending::Written) {
            0 if done.sums().samples > 0 => {
                "No window was written wholly, though a part was.".to_owned()
            }
            0 if of(Ending::AlreadyThere) > 0 && done.exit() == Exit::Done => format!(
                "Nothing was to be written: {} there already.",
                were(of(Ending::AlreadyThere))
            ),
            0 => "Nothing was written.".to_owned(),
            many => format!(
                "{} written in {}.",
                were(many),
                human::duration(done.elapsed)
            ),
        });
    }
    let unfinished = done.windows.iter();
    let mut unfinished = unfinished.filter(|one| one.ending == Ending::NotFinished);
    let waiting = unfinished.clone().filter(|one| one.why.is_some()).count() as u64;
    if unfinished.any(|one| one.why.is_none()) {
        said.push(format!(
            "{} not come to: the same command goes on.",
            were(of(Ending::NotFinished) - waiting)
        ));
    }
    if waiting > 0 {
        said.push(format!(
            "{} for an earlier one, which is not written: the same command goes on once that one can be, or with a --start behind it.",
            match waiting {
                1 => "1 window waits".to_owned(),
                many => format!("{} windows wait", human::number(many)),
            }
        ));
    }
    if done.beside.exemplars + done.beside.metadata > 0 && done.written_to.is_none() {
        said.push("Blocks have no place for exemplars and metadata.".to_owned());
    }
    let left = done.left_behind.len() as u64;
    if left > 0 {
        said.push(format!(
            "{} left without meta.json, which no reader sees: Thanos' compactor or `thanos tools bucket cleanup` removes such after two days.",
            were_blocks(left)
        ));
    }
    if done.refuses() && done.exit() == Exit::Attention {
        said.push(format!(
            "The server refused samples, which needs a person (exit code {}).",
            Exit::Attention.code()
        ));
    }
    let needy = of(Ending::Refused) + of(Ending::Failed);
    if needy > 0 && done.exit() == Exit::Attention {
        said.push(format!(
            "{} a person (exit code {}).",
            match needy {
                1 => "1 window needs".to_owned(),
                many => format!("{} windows need", human::number(many)),
            },
            Exit::Attention.code()
        ));
    }
    said.join(" ")
}

fn were_blocks(blocks: u64) -> String {
    match blocks {
        1 => "1 block was".to_owned(),
        many => format!("{} blocks were", human::number(many)),
    }
}

fn were(windows: u64) -> String {
    match windows {
        1 => "1 window was".to_owned(),
        many => format!("{} windows were", human::number(many)),
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::{Stretch, closing, stretches};
    use crate::history::{Backfilled, Ending, Range, Sums, WindowOutcome};
    use crate::report::Output;
    use crate::report::testing::{backfilled, written_backfilled};

    /// S-24.7
    #[test]
    fn a_small_backfill_reads_like_this() {
        let text = written_backfilled(&backfilled(), Output::Text);
        assert_eq!(text, include_str!("golden/backfill.txt"), "{text}");
    }

    /// S-24.77, S-24.79
    #[test]
    fn what_windows_wait_for_is_told_and_the_end_says_what_goes_on() {
        use Ending::{AlreadyThere, Failed, NotFinished, Written};
        let wait = Some("it waits for A");
        for (ended, lines, end) in [
            (
                vec![(Written, None), (NotFinished, None), (NotFinished, None)],
                vec!["written, 9 samples", "not-finished (2 windows)"],
                "2 windows were not come to: the same command goes on.",
            ),
            (
                vec![
                    (Failed, Some("no such luck")),
                    (NotFinished, wait),
                    (NotFinished, wait),
                ],
                vec![
                    "failed: no such luck",
                    "not-finished (2 windows): it waits for A",
                ],
                "2 windows wait for an earlier one, which is not written: the same command goes on once that one can be, or with a --start behind it.",
            ),
            (
                vec![
                    (NotFinished, wait),
                    (NotFinished, Some("it waits for B")),
                    (NotFinished, None),
                ],
                vec![
                    "not-finished: it waits for A",
                    "not-finished: it waits for B",
                    "not-finished",
                ],
                "1 window was not come to: the same command goes on. 2 windows wait for",
            ),
            (
                vec![(AlreadyThere, Some("as a part of C")); 2],
                vec!["already-there (2 windows): as a part of C"],
                "Nothing was to be written: 2 windows were there already.",
            ),
            (
                vec![(AlreadyThere, Some("as a part of C")), (AlreadyThere, None)],
                vec!["already-there (2 windows)"],
                "Nothing",
            ),
        ] {
            let windows = ended.into_iter().enumerate().map(|(at, (ending, why))| {
                let start_ms = i64::try_from(at).unwrap() * 7_200_000;
                let samples = if ending == Written { 9 } else { 0 };
                WindowOutcome {
                    range: Range {
                        start_ms,
                        end_ms: start_ms + 7_200_000,
                    },
                    ending,
                    block: None,
                    sums: Sums {
                        samples,
                        ..Sums::default()
                    },
                    why: why.map(str::to_owned),
                }
            });
            let done = Backfilled {
                windows: windows.collect(),
                ..Backfilled::default()
            };
            let told: Vec<String> = stretches(&done.windows).iter().map(Stretch::told).collect();
            let told: Vec<&str> = told
                .iter()
                .map(|line| line.split_once("Z: ").unwrap().1)
                .collect();
            assert_eq!(told, lines);
            assert!(closing(&done).contains(end), "{}", closing(&done));
        }
    }
}
