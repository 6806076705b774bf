//! What is left out: in full where it needs a person, in brief where it does not; and what is about to be lost.

use std::collections::BTreeMap;
use std::io;

use super::blocks::{MOST, columns};
use super::marks;
use super::page::Page;
use crate::block::BlockId;
use crate::human::{self, printable};
use crate::outcome::{Concern, Excluded, MarkedNotHeld};
use crate::plan::{Mark, Reason};
use crate::report::form::Rows;

/// So many blocks of a reason that needs nobody are few: they are listed.
const FEW: usize = 10;

/// Continuation lines are indented like the id above them.
const INDENT: usize = 4;

pub(super) fn write_marked_not_held(
    entries: &[MarkedNotHeld<'_>],
    page: &mut Page<'_>,
) -> io::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let many = human::count(entries.len() as u64, "block").to_uppercase();
    page.blank()?;
    page.prose(
        "!!! ",
        &format!("{many} MARKED FOR DELETION IN THE SOURCE, AND NOT HELD BY THE TARGET"),
    )?;
    page.prose(
        "!!! ",
        "The source's compactor deletes what was marked as long ago as its delete delay, 48h unless set otherwise. Where that is near, stop that compactor first. Then run each command with this run's bucket flags added: it copies the block again, and leaves its mark as it is.",
    )?;
    for entry in entries {
        let marked = entry.marked_at.map_or_else(String::new, |time| {
            format!("marked {} UTC, ", human::minute(time))
        });
        let text = format!(
            "! {} {marked}in the target: {}",
            entry.block,
            printable(entry.why)
        );
        page.line(&text, INDENT)?;
        match &entry.command {
            Some(command) => page.command(command, INDENT)?,
            None => page.line(&format!("    {}", entry.what_to_do), INDENT)?,
        }
    }
    Ok(())
}

pub(super) fn write(all: &[Excluded<'_>], rows: Rows, page: &mut Page<'_>) -> io::Result<()> {
    let mut alarming: BTreeMap<Reason, Vec<&Excluded<'_>>> = BTreeMap::new();
    let mut harmless: BTreeMap<Reason, Vec<&Excluded<'_>>> = BTreeMap::new();
    for excluded in all {
        let group = if excluded.concern.is_some() {
            &mut alarming
        } else {
            &mut harmless
        };
        group.entry(excluded.reason).or_default().push(excluded);
    }
    if !all.is_empty() {
        page.blank()?;
        page.line("excluded", INDENT)?;
    }
    for (reason, blocks) in &alarming {
        let shown = match rows {
            Rows::All => usize::MAX,
            Rows::Auto => MOST,
            Rows::None => 0,
        };
        write_reason(*reason, blocks, shown, page)?;
    }
    for (reason, blocks) in &harmless {
        let shown = match rows {
            Rows::All => usize::MAX,
            Rows::Auto if blocks.len() <= FEW => FEW,
            Rows::Auto | Rows::None => 0,
        };
        write_reason(*reason, blocks, shown, page)?;
    }
    Ok(())
}

/// `by` says which flags may have asked for them.
pub(super) fn write_absent(ids: &[BlockId], by: &str, page: &mut Page<'_>) -> io::Result<()> {
    if !ids.is_empty() {
        page.blank()?;
        let text = format!("asked for by {by}, and not in the source");
        page.line(&text, INDENT)?;
    }
    for id in ids {
        page.line(&format!("! {id}"), INDENT)?;
    }
    Ok(())
}

fn write_reason(
    reason: Reason,
    blocks: &[&Excluded<'_>],
    shown: usize,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let asked_for = |block: &&Excluded<'_>| block.concern == Some(Concern::AskedForExcluded);
    let asked_for = if blocks.iter().any(asked_for) {
        ", though asked for by --id"
    } else {
        ""
    };
    let many = human::count(blocks.len() as u64, "block");
    let text = format!("  {reason}: {many}{asked_for} ({})", meaning(reason));
    page.line(&text, INDENT)?;
    if reason == Reason::MarkedForDeletion && blocks.len() > shown {
        return marks::write(blocks, page);
    }
    for block in blocks.iter().take(shown) {
        row(block, page)?;
    }
    let more = blocks.len().saturating_sub(shown) as u64;
    if more > 0 && shown > 0 {
        let more = human::number(more);
        let text = format!("… and {more} more like these (--output.blocks=all lists all)");
        page.line(&text, INDENT)?;
    }
    Ok(())
}

fn row(excluded: &Excluded<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let flag = if excluded.concern.is_some() { '!' } else { ' ' };
    let size_bytes = excluded.block.objects().block_bytes();
    let known = match excluded.block.meta().map(|meta| &meta.block) {
        Some(meta) => format!("{} {}", columns(meta, size_bytes), meta.group.labels),
        None => human::size(size_bytes),
    };
    let detail = detail(excluded).map(|detail| format!(": {detail}"));
    let text = known + &detail.unwrap_or_default();
    let text = format!("{flag} {} {}", excluded.block.id, printable(&text));
    page.line(&text, INDENT)
}

/// The detail of the block. Of a mark of this tool it is target and run: the rest is the same in all of them.
fn detail(excluded: &Excluded<'_>) -> Option<String> {
    let ours = match &excluded.block.mark {
        Mark::Present(mark) if excluded.reason == Reason::MarkedForDeletion => mark.provenance(),
        _ => None,
    };
    match ours {
        Some(ours) => Some(format!("moved to {} by run {}", ours.target, ours.run)),
        None => excluded.detail.map(str::to_owned),
    }
}

fn meaning(reason: Reason) -> &'static str {
    match reason {
        Reason::NoMetaJson => "being uploaded, or being deleted",
        Reason::Unreadable => "an object cannot be read as it is, now or later",
        Reason::CorruptedMetaJson => "meta.json is broken, or speaks of another block",
        Reason::MarkedForDeletion => "the source's compactor deletes what is marked",
        Reason::CorruptedDeletionMark => "with a deletion mark that Thanos cannot read",
        Reason::NotInPlan => "the plan does nothing for them, or did not know them",
        Reason::IdExcluded => "not asked for by --id",
        Reason::TimeExcluded => "it is not of the time that was asked for",
        Reason::LabelExcluded => "dropped by the selector",
        Reason::ResolutionExcluded => "of a resolution that --resolution does not name",
        Reason::CompactionExcluded => "outside --compaction-min and --compaction-max",
        Reason::ShardExcluded => "in another shard",
        Reason::NoLabels => "without external labels: no block of Thanos",
        Reason::Incomplete => {
            "objects are missing or damaged: a copy would be as damaged, and look whole"
        }
        Reason::Duplicate => "another block of the source holds the same samples",
        Reason::WithinHotBytes => "the source may hold them: only older ones have to go",
        Reason::Drifted => "changed since the plan was made: left alone",
    }
}
