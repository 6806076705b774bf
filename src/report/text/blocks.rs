//! The selected blocks: totals of each window, and a line for each block where they are few, or where a person should look at it.

use std::collections::BTreeMap;
use std::io;

use super::page::Page;
use super::summary::list;
use crate::block::{BlockId, BlockMeta};
use crate::human::{self, printable};
use crate::outcome::{Block, BlockEnding, Outcome, Review};
use crate::plan::Action;
use crate::report::form::Rows;

/// Up to so many blocks are all shown.
const FEW: usize = 100;

/// So many lines are shown of those that a person should look at, where all blocks would be too many.
pub(super) const MOST: usize = 100;

/// So many windows are shown one by one, where they come in the place of their blocks.
const WINDOWS: usize = 100;

/// Continuation lines are indented like the id above them.
const INDENT: usize = 4;

pub(super) fn write(review: &Review<'_>, rows: Rows, page: &mut Page<'_>) -> io::Result<()> {
    let blocks = review.blocks.as_slice();
    if blocks.is_empty() {
        return Ok(());
    }
    let are_few = blocks.len() <= FEW;
    if rows == Rows::None || !are_few {
        write_windows(blocks, page)?;
    }
    match rows {
        Rows::None => Ok(()),
        Rows::All => write_rows(review, &by_unit(blocks), page),
        Rows::Auto if are_few => write_rows(review, &by_unit(blocks), page),
        Rows::Auto => write_flagged(review, page),
    }
}

fn by_unit<'a, 'b>(blocks: &'a [Block<'b>]) -> Vec<&'a [Block<'b>]> {
    let unit = |one: &Block<'_>, other: &Block<'_>| one.selected.unit == other.selected.unit;
    blocks.chunk_by(unit).collect()
}

fn by_labels<'a, 'b>(blocks: &'a [Block<'b>]) -> Vec<&'a [Block<'b>]> {
    let labels = |one: &Block<'_>, other: &Block<'_>| {
        one.selected.unit.labels() == other.selected.unit.labels()
    };
    blocks.chunk_by(labels).collect()
}

/// One line for each set of labels, and one for each of its windows where these are not too many.
fn write_windows(blocks: &[Block<'_>], page: &mut Page<'_>) -> io::Result<()> {
    page.blank()?;
    page.line("selected, by labels and window (UTC)", INDENT)?;
    let by_labels = by_labels(blocks);
    let with_windows = by_unit(blocks).len() <= WINDOWS;
    for blocks in by_labels.iter().take(WINDOWS) {
        let Some(first) = blocks.first() else {
            continue;
        };
        let labels = first.selected.unit.labels().to_string();
        page.line(&printable(&labels), INDENT)?;
        if with_windows {
            for blocks in by_unit(blocks) {
                write_sum(blocks, page)?;
            }
        } else {
            write_sum(blocks, page)?;
        }
    }
    let more = by_labels.get(WINDOWS..).unwrap_or_default();
    if !more.is_empty() {
        let blocks = more.iter().map(|blocks| blocks.len() as u64).sum();
        let text = format!(
            "… and {} more sets of labels, with {} (--output.blocks=all lists all)",
            human::number(more.len() as u64),
            human::count(blocks, "block")
        );
        page.line(&text, INDENT)?;
    }
    Ok(())
}

/// `  2025-01-02 to 2025-01-16    168 blocks   168 GiB  160 copy, 8 conflict`.
fn write_sum(blocks: &[Block<'_>], page: &mut Page<'_>) -> io::Result<()> {
    let starts = blocks.iter().map(|block| block.selected.unit.start_ms());
    let ends = blocks.iter().map(|block| block.selected.unit.end_ms());
    let (Some(start), Some(end)) = (starts.min(), ends.max()) else {
        return Ok(());
    };
    let mut words: BTreeMap<&str, u64> = BTreeMap::new();
    for block in blocks {
        *words.entry(block.word()).or_default() += 1;
    }
    let range = format!("{} to {}", human::sample_day(start), human::sample_day(end));
    let many = human::number(blocks.len() as u64);
    let unit = if blocks.len() == 1 {
        "block "
    } else {
        "blocks"
    };
    let text = format!(
        "  {range:<24} {many:>6} {unit} {:>8}  {}",
        human::size(bytes_of(blocks)),
        list(words.into_iter())
    );
    page.line(&text, INDENT)
}

fn bytes_of(blocks: &[Block<'_>]) -> u64 {
    let bytes = blocks.iter().map(|block| block.size.bytes);
    bytes.fold(0, u64::saturating_add)
}

fn heading(review: &Review<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let what = if review.results.is_some() {
        "outcome"
    } else {
        "planned"
    };
    page.blank()?;
    let text = format!(
        "  {:<26} {:<16} {:>4} {:<5} {:>8} {what}",
        "block", "from (UTC)", "span", "level", "size"
    );
    page.line(&text, INDENT)
}

/// A line for each block, under its labels and its window.
fn write_rows(review: &Review<'_>, units: &[&[Block<'_>]], page: &mut Page<'_>) -> io::Result<()> {
    heading(review, page)?;
    let mut labels = None;
    for blocks in units {
        let Some(first) = blocks.first() else {
            continue;
        };
        let unit = &first.selected.unit;
        if labels != Some(unit.labels()) {
            labels = Some(unit.labels());
            page.blank()?;
            page.line(&printable(&unit.labels().to_string()), INDENT)?;
        }
        let text = format!(
            "  window from {}: {}, {}",
            human::sample_minute(unit.start_ms()),
            human::count(blocks.len() as u64, "block"),
            human::size(bytes_of(blocks)),
        );
        page.line(&text, INDENT)?;
        let waiting = waiting(blocks.iter());
        for ((word, by), blocks) in waiting.iter().filter(|(_, blocks)| blocks.len() > 1) {
            let many = human::count(blocks.len() as u64, "block");
            page.line(&format!("! {many} {word} by {by}"), INDENT)?;
        }
        for block in *blocks {
            let shared = wait(block).and_then(|wait| waiting.get(&wait));
            let told = shared.is_some_and(|blocks| blocks.len() > 1);
            row(block, if told { Cause::Told } else { Cause::Untold }, page)?;
        }
    }
    Ok(())
}

/// Whether the block that another one waits for was named before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    Told,
    Untold,
}

/// The concern of a block that waits, and which block it waits for.
fn wait(block: &Block<'_>) -> Option<(&'static str, BlockId)> {
    let (by, concern) = block.waits_for.zip(block.concern)?;
    Some((concern.as_str(), by))
}

/// Those that wait, by what they wait for.
fn waiting<'a, 'b: 'a>(
    blocks: impl Iterator<Item = &'a Block<'b>>,
) -> BTreeMap<(&'static str, BlockId), Vec<&'a Block<'b>>> {
    let mut waiting: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for block in blocks {
        if let Some(wait) = wait(block) {
            waiting.entry(wait).or_default().push(block);
        }
    }
    waiting
}

/// A line for each block that a person should look at, and one for all that wait for the same block.
fn write_flagged(review: &Review<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let is_flagged = |block: &&Block<'_>| block.is_flagged();
    if !review.blocks.iter().any(Block::is_flagged) {
        return Ok(());
    }
    heading(review, page)?;
    let mut labels = None;
    let mut left = MOST;
    let mut unseen = 0;
    for unit in by_unit(&review.blocks) {
        let waiting = waiting(unit.iter());
        let alone = unit.iter().filter(is_flagged);
        let alone: Vec<_> = alone.filter(|block| wait(block).is_none()).collect();
        let lines = alone.len() + waiting.len();
        if lines == 0 {
            continue;
        }
        if left == 0 {
            unseen += lines as u64;
            continue;
        }
        let of_unit = unit.first().map(|block| block.selected.unit.labels());
        if labels != of_unit {
            labels = of_unit;
            let text = of_unit.map(ToString::to_string).unwrap_or_default();
            page.blank()?;
            page.line(&printable(&text), INDENT)?;
        }
        for block in alone.iter().take(left) {
            row(block, Cause::Untold, page)?;
        }
        for ((word, by), blocks) in waiting.iter().take(left.saturating_sub(alone.len())) {
            row_of_waiting(word, *by, blocks, page)?;
        }
        unseen += lines.saturating_sub(left) as u64;
        left = left.saturating_sub(lines);
    }
    if unseen > 0 {
        let more = human::number(unseen);
        let text = format!("… and {more} more like these (--output.blocks=all lists all)");
        page.line(&text, INDENT)?;
    }
    Ok(())
}

fn row(block: &Block<'_>, cause: Cause, page: &mut Page<'_>) -> io::Result<()> {
    let meta = &block.selected.meta.block;
    let flag = if block.is_flagged() { '!' } else { ' ' };
    let start = format!("{flag} {} {}", meta.id, columns(meta, block.size.bytes));
    let (what, asides) = match block.outcome {
        Some(outcome) => became(block, cause, outcome),
        None => (planned(block, cause), Vec::new()),
    };
    let mut text = format!("{start} {}", printable(&what));
    // They are left out where they do not fit, for they are worth no line of their own.
    for aside in asides {
        if page.fits(human::width(&text) + human::width(&aside)) {
            text.push_str(&aside);
        }
    }
    page.line(&text, INDENT)
}

fn row_of_waiting(
    word: &str,
    by: BlockId,
    blocks: &[&Block<'_>],
    page: &mut Page<'_>,
) -> io::Result<()> {
    if let [block] = blocks {
        return row(block, Cause::Untold, page);
    }
    let metas = || blocks.iter().map(|block| &block.selected.meta.block);
    let start = metas().map(|meta| meta.min_time_ms).min();
    let end = metas().map(|meta| meta.max_time_ms).max();
    let text = format!(
        "! {} from {} to {}: {word} by {by}",
        human::count(blocks.len() as u64, "block"),
        human::sample_minute(start.unwrap_or_default()),
        human::sample_minute(end.unwrap_or_default()),
    );
    page.line(&text, INDENT)
}

/// When its samples begin, for how long they go on, their resolution, its level and its size: under their headings.
pub(super) fn columns(meta: &BlockMeta, size_bytes: u64) -> String {
    format!(
        "{:<16} {:>4} {:<2} {:<2} {:>8}",
        human::sample_minute(meta.min_time_ms),
        human::span(meta.max_time_ms.saturating_sub(meta.min_time_ms)),
        human::resolution(meta.group.resolution_ms),
        format!("L{}", meta.level),
        human::size(size_bytes),
    )
}

/// What came of it, and what else is worth knowing where there is room.
fn became(block: &Block<'_>, cause: Cause, outcome: &Outcome) -> (String, Vec<String>) {
    let word = outcome.ending.as_str();
    if block.waits_for.is_some() {
        return (word.to_owned() + &by(block, cause), Vec::new());
    }
    let mut what = word.to_owned();
    if let Some(detail) = &outcome.detail {
        what = format!("{what}: {detail}");
    }
    let mut asides = Vec::new();
    if let Some(proof) = outcome.proof {
        asides.push(format!(", proven by {}", proof.as_str()));
    }
    let is_done = !outcome.ending.needs_a_person() && outcome.ending != BlockEnding::NotFinished;
    if is_done && outcome.objects_put > 0 {
        asides.push(format!(", in {}", human::duration(outcome.elapsed)));
    }
    (what, asides)
}

/// ` by 01J…`, unless that was told before.
fn by(block: &Block<'_>, cause: Cause) -> String {
    match block.waits_for {
        Some(by) if cause == Cause::Untold => format!(" by {by}"),
        _ => String::new(),
    }
}

fn planned(block: &Block<'_>, cause: Cause) -> String {
    let selected = block.selected;
    let mut text = block.planned.to_owned();
    if block.planned != selected.action.as_str() {
        return text + &by(block, cause);
    }
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
    if block.waits_for.is_some() {
        text = format!("{text}; mark-deferred{}", by(block, cause));
    }
    text
}
