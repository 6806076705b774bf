//! Every selected block on one line, under its labels and its window.

use std::io::{self, Write};

use crate::block::BlockMeta;
use crate::plan::{Action, Outlook};
use crate::report::document::{Block, Document};
use crate::report::human::{self, printable};
use crate::report::{BlockEnding, Outcome};

pub(super) fn write(document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
    if document.blocks.is_empty() {
        return Ok(());
    }
    let what = if document.results.is_some() {
        "what became of it"
    } else {
        "what happens to it"
    };
    writeln!(
        out,
        "\n    {:<26}  {:<33}  {:>3} {:<3} {:>8}  {what}",
        "selected", "from–to (UTC)", "res", "lvl", "size"
    )?;
    let mut labels = None;
    let by_unit = |one: &Block<'_>, other: &Block<'_>| one.selected.unit == other.selected.unit;
    for blocks in document.blocks.chunk_by(by_unit) {
        let Some(first) = blocks.first() else {
            continue;
        };
        let unit = &first.selected.unit;
        if labels != Some(unit.labels()) {
            labels = Some(unit.labels());
            writeln!(out, "\n{}", printable(&unit.labels().to_string()))?;
        }
        let bytes = blocks.iter().map(|block| block.size.bytes);
        writeln!(
            out,
            "  window from {}: {}, {}",
            human::sample_minute(unit.start_ms()),
            human::count(blocks.len() as u64, "block"),
            human::size(bytes.fold(0, u64::saturating_add)),
        )?;
        for block in blocks {
            line(block, out)?;
        }
    }
    Ok(())
}

fn line(block: &Block<'_>, out: &mut dyn Write) -> io::Result<()> {
    let meta = &block.selected.meta.block;
    let flag = if block.concern.is_some() { '!' } else { ' ' };
    writeln!(
        out,
        "  {flag} {}  {}  {}",
        meta.id,
        columns(meta, block.size.bytes),
        printable(&what(block)),
    )
}

/// Time range, resolution, level and size, under their headings.
pub(super) fn columns(meta: &BlockMeta, size_bytes: u64) -> String {
    let range = format!(
        "{}–{}",
        human::sample_minute(meta.min_time_ms),
        human::sample_minute(meta.max_time_ms)
    );
    format!(
        "{range:<33}  {:>3} {:<3} {:>8}",
        human::resolution(meta.group.resolution_ms),
        format!("L{}", meta.level),
        human::size(size_bytes),
    )
}

fn what(block: &Block<'_>) -> String {
    let mut what = block.outcome.map_or_else(|| planned(block), became);
    if block.selected.weak_inventory {
        what.push_str(" (weak-inventory)");
    }
    what
}

fn became(outcome: &Outcome) -> String {
    let mut text = outcome.ending.as_str().to_owned();
    if outcome.objects_put > 0 && outcome.ending != BlockEnding::Failed {
        text = format!("{text} in {}", human::duration(outcome.elapsed));
    }
    if let Some(proof) = outcome.proof {
        text = format!("{text}, proven by {}", proof.as_str());
    }
    if let Some(detail) = &outcome.detail {
        text = format!("{text}: {detail}");
    }
    text
}

fn planned(block: &Block<'_>) -> String {
    let selected = block.selected;
    if let Outlook::HeldBack(by) = selected.outlook {
        return format!("held-back: {by}, before it in its unit, cannot be published");
    }
    let mut text = selected.action.as_str().to_owned();
    let in_part = matches!(
        selected.action,
        Action::Copy(_) | Action::Repair(_) | Action::AlreadyThere(_)
    );
    if in_part && block.put.objects > 0 && block.put.objects < block.size.objects {
        let whole = human::count(block.size.objects, "object");
        let put = human::number(block.put.objects);
        text = format!("{text} {put} of {whole}");
    }
    if let Some(detail) = selected.action.detail() {
        text = format!("{text}: {detail}");
    }
    if let Outlook::MarkDeferred(by) = selected.outlook {
        text = format!("{text}; mark-deferred: finer {by} stays in the source");
    }
    text
}
