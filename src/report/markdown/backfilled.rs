//! What a backfill brought, as tickets take it.

use std::io::{self, Write};

use crate::chronicle::code;
use crate::history::{Backfilled, Ending};
use crate::human;
use crate::report::header::Header;
use crate::report::text::backfill::{closing, figures, stretches};

/// What is left out beyond this is counted.
const MOST: usize = 100;

/// Writes what became of it.
pub fn write(header: &Header, done: &Backfilled, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# Backfill of {} UTC\n", human::minute(header.started))?;
    writeln!(out, "**{}**\n", closing(done))?;
    writeln!(out, "| what | |\n|---|---|")?;
    let row = |name: &str, text: &str, out: &mut dyn Write| writeln!(out, "| {name} | {text} |");
    row("run", &code(&header.run.to_string()), out)?;
    row("source", &code(&header.source), out)?;
    let target = header.target.as_deref().unwrap_or_default();
    row("target", &code(target), out)?;
    if let Some(range) = done.range {
        row("range", &range.to_string(), out)?;
    }
    for ending in Ending::ALL {
        let many = done.ended(ending) as u64;
        if many > 0 {
            let name = format!("windows {}", ending.as_str());
            row(&name, &human::number(many), out)?;
        }
    }
    for (name, many) in figures(done) {
        row(name, &human::number(many), out)?;
    }
    if !done.warnings.is_empty() {
        writeln!(out, "\n## Warnings\n")?;
        for warning in done.warnings.iter().take(MOST) {
            writeln!(out, "- {}", code(warning))?;
        }
    }
    let needy: Vec<_> = done
        .windows
        .iter()
        .filter(|window| window.ending.needs_a_person())
        .collect();
    if !needy.is_empty() {
        writeln!(out, "\n## Windows that need a person\n")?;
        for window in needy.iter().take(MOST) {
            let why = code(window.why.as_deref().unwrap_or_default());
            writeln!(out, "- {}: {}: {why}", window.range, window.ending.as_str())?;
        }
        if let Some(more) = needy.len().checked_sub(MOST).filter(|more| *more > 0) {
            writeln!(out, "- … and {more} more")?;
        }
    }
    writeln!(out, "\n## Windows\n")?;
    let stretches = stretches(&done.windows);
    for stretch in stretches.iter().take(MOST) {
        writeln!(out, "- {}", code(&stretch.told()))?;
    }
    if let Some(more) = stretches.len().checked_sub(MOST).filter(|more| *more > 0) {
        writeln!(out, "- … and {more} more")?;
    }
    if !done.beside.left_out.is_empty() {
        writeln!(out, "\n## Left out\n")?;
        for (kind, (many, example)) in &done.beside.left_out {
            let example = code(example);
            writeln!(out, "- {kind}: {}, such as {example}", human::number(*many))?;
        }
    }
    let refused = done.written_to.iter().flat_map(|to| &to.refused);
    for (position, (kind, (many, words))) in refused.enumerate() {
        if position == 0 {
            writeln!(out, "\n## Refused by the server\n")?;
        }
        writeln!(
            out,
            "- {kind}: {}, such as {}",
            human::number(*many),
            code(words)
        )?;
    }
    out.flush()
}
