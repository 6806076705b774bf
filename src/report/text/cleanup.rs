//! What was left behind: what each is and what becomes of it, those that need a person marked; how much came to which end; and what comes next.

use std::io;

use super::blocks::MOST;
use super::heading::fact;
use super::page::Page;
use crate::exit::Exit;
use crate::outcome::{CleanEnding, Cleaned, Leftover};
use crate::plan::Stays;
use crate::report::form::Rows;
use crate::report::human::{self, printable};

/// Continuation lines are indented like what stands behind the sign above them.
const INDENT: usize = 4;

pub(super) fn write(cleaned: &Cleaned, rows: Rows, page: &mut Page<'_>) -> io::Result<()> {
    let before = human::minute(cleaned.before);
    fact("older than", &format!("{before} UTC (last written)"), page)?;
    let mode = if cleaned.is_dry {
        "dry run: nothing was removed"
    } else {
        "what was left behind is removed"
    };
    fact("mode", mode, page)?;
    for warning in &cleaned.warnings {
        page.line(&format!("! {}", printable(&warning.text)), INDENT)?;
    }
    if let Some(untold) = &cleaned.uploads_untold {
        let flag = sign(untold.needs_a_person);
        let text = format!(
            "{flag} uploads are not among this: {}",
            printable(&untold.why)
        );
        page.line(&text, INDENT)?;
    }
    if !cleaned.leftovers.is_empty() {
        page.blank()?;
        page.line(
            "  what           last written (UTC)      size name, and what becomes of it",
            INDENT,
        )?;
        write_leftovers(&cleaned.leftovers, rows, page)?;
        page.blank()?;
        page.line("totals", INDENT)?;
        for (ending, many) in cleaned.by_ending() {
            let flag = sign(ending.needs_a_person());
            let (name, size) = (ending.as_str(), human::size(many.bytes));
            let text = format!(
                "{flag} {name:<20} {:>8} {size:>10}",
                human::number(many.leftovers)
            );
            page.line(&text, INDENT)?;
        }
    }
    page.blank()?;
    page.prose("", &closing(cleaned))
}

fn sign(needs_a_person: bool) -> char {
    if needs_a_person { '!' } else { ' ' }
}

fn write_leftovers(leftovers: &[Leftover], rows: Rows, page: &mut Page<'_>) -> io::Result<()> {
    let few = leftovers.len() <= MOST;
    let mut left_out = 0;
    for leftover in leftovers {
        let is_shown = match rows {
            Rows::All => true,
            Rows::Auto => few || leftover.ending.needs_a_person(),
            Rows::None => false,
        };
        if is_shown {
            row(leftover, page)?;
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        let text = format!(
            "… {} not listed (--output.blocks=all lists all)",
            human::count(left_out, "leftover")
        );
        page.line(&text, INDENT)?;
    }
    Ok(())
}

fn row(leftover: &Leftover, page: &mut Page<'_>) -> io::Result<()> {
    let Leftover {
        kind,
        name,
        size_bytes,
        written,
        ending,
        detail,
        ..
    } = leftover;
    let flag = sign(ending.needs_a_person());
    let written = written.map_or_else(|| "unknown".to_owned(), human::minute);
    let size = size_bytes.map_or_else(|| "-".to_owned(), human::size);
    let detail = detail
        .as_ref()
        .map(|detail| format!(": {}", printable(detail)));
    let text = format!(
        "{flag} {:<14} {written:<18} {size:>9} {} {}{}",
        kind.as_str(),
        printable(name),
        ending.as_str(),
        detail.unwrap_or_default(),
    );
    page.line(&text, INDENT)
}

fn closing(cleaned: &Cleaned) -> String {
    let by_ending = cleaned.by_ending();
    let of = |ending| by_ending.get(&ending).copied().unwrap_or_default();
    let mut said = Vec::new();
    if let Some(why) = &cleaned.stopped_by {
        said.push(format!("It had to stop: {}.", printable(why)));
    }
    if let Some(signal) = cleaned.signal {
        said.push(format!("{} ended it.", signal.as_str()));
    }
    if cleaned.is_dry {
        let due = of(CleanEnding::ToRemove);
        said.push(match due.leftovers {
            0 => "There is nothing that it would remove.".to_owned(),
            many => format!(
                "It would remove {} with {}: --no-dry-run does so.",
                human::count(many, "leftover"),
                human::size(due.bytes)
            ),
        });
    } else {
        let removed = of(CleanEnding::Removed);
        said.push(match removed.leftovers {
            0 => "Nothing was removed.".to_owned(),
            1 => format!(
                "1 leftover with {} was removed.",
                human::size(removed.bytes)
            ),
            many => format!(
                "{} leftovers with {} were removed.",
                human::number(many),
                human::size(removed.bytes)
            ),
        });
    }
    let unfinished = of(CleanEnding::NotFinished).leftovers;
    if unfinished > 0 {
        said.push(format!(
            "{} not come to: the same command goes on.",
            match unfinished {
                1 => "1 leftover was".to_owned(),
                many => format!("{} leftovers were", human::number(many)),
            }
        ));
    }
    said.extend(by_others(cleaned));
    let needy = cleaned.needs_a_person();
    if needy > 0 && cleaned.exit() == Exit::Attention {
        said.push(format!(
            "{} a person (exit code {}).",
            match needy {
                1 => "1 thing needs".to_owned(),
                many => format!("{} things need", human::number(many)),
            },
            Exit::Attention.code()
        ));
    }
    said.join(" ")
}

/// What this tool leaves alone belongs to others, and they have their own ways.
fn by_others(cleaned: &Cleaned) -> Option<String> {
    let is_others = |one: &&Leftover| {
        matches!(
            one.ending,
            CleanEnding::Stays(Stays::NotInSource | Stays::NotOurs | Stays::Different)
        )
    };
    let many = cleaned.leftovers.iter().filter(is_others).count() as u64;
    (many > 0).then(|| {
        format!(
            "{} not known to be left by this tool: `thanos tools bucket cleanup` clears away uploads of blocks that were given up.",
            match many {
                1 => "1 thing is".to_owned(),
                many => format!("{} things are", human::number(many)),
            }
        )
    })
}
