//! What is left out: in full where it needs a person, in brief where it does not; and, loudly, what is about to be lost.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::blocks::columns;
use crate::plan::Reason;
use crate::report::concern::Concern;
use crate::report::document::{Document, Excluded};
use crate::report::human::{self, printable};

/// Blocks that are listed of each reason which needs nobody.
const BRIEFLY: usize = 20;

pub(super) fn write_marked_not_held(
    document: &Document<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let entries = &document.marked_not_held;
    if entries.is_empty() {
        return Ok(());
    }
    let many = human::count(entries.len() as u64, "BLOCK");
    writeln!(
        out,
        "\n\
         !!! {many} MARKED FOR DELETION IN THE SOURCE, AND NOT HELD BY THE TARGET\n\
         !!! The source's compactor deletes what was marked as long ago as its delete delay, 48h unless set\n\
         !!! otherwise. Where that is near, stop that compactor first. Then run each command with this run's\n\
         !!! bucket flags added: it copies the block again, and leaves its mark as it is."
    )?;
    for entry in entries {
        let marked = entry.marked_at.map_or_else(String::new, |time| {
            format!("marked {} UTC, ", human::minute(time))
        });
        writeln!(
            out,
            "  ! {}  {marked}in the target: {}",
            entry.block,
            printable(entry.why)
        )?;
        let remedy = entry.command.as_deref().unwrap_or(entry.what_to_do);
        writeln!(out, "      {remedy}")?;
    }
    Ok(())
}

pub(super) fn write(document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut alarming: BTreeMap<Reason, Vec<&Excluded<'_>>> = BTreeMap::new();
    let mut harmless: BTreeMap<Reason, Vec<&Excluded<'_>>> = BTreeMap::new();
    for excluded in &document.excluded {
        let group = if excluded.concern.is_some() {
            &mut alarming
        } else {
            &mut harmless
        };
        group.entry(excluded.reason).or_default().push(excluded);
    }
    if !document.excluded.is_empty() {
        writeln!(out, "\nexcluded")?;
    }
    for (reason, blocks) in &alarming {
        heading(*reason, blocks, out)?;
        for block in blocks {
            line(block, out)?;
        }
    }
    for (reason, blocks) in &harmless {
        heading(*reason, blocks, out)?;
        for block in blocks.iter().take(BRIEFLY) {
            line(block, out)?;
        }
        let more = blocks.len().saturating_sub(BRIEFLY) as u64;
        if more > 0 {
            let more = human::number(more);
            writeln!(out, "    … and {more} more (--output=json lists all)")?;
        }
    }
    if !document.absent_ids.is_empty() {
        writeln!(out, "\nasked for by --id, and not in the source")?;
    }
    for id in document.absent_ids {
        writeln!(out, "  ! {id}")?;
    }
    Ok(())
}

fn heading(reason: Reason, blocks: &[&Excluded<'_>], out: &mut dyn Write) -> io::Result<()> {
    let asked_for = |block: &&Excluded<'_>| block.concern == Some(Concern::AskedForExcluded);
    let asked_for = if blocks.iter().any(asked_for) {
        ", though asked for by --id"
    } else {
        ""
    };
    writeln!(
        out,
        "  {reason}: {}{asked_for} ({})",
        human::count(blocks.len() as u64, "block"),
        meaning(reason)
    )
}

fn line(excluded: &Excluded<'_>, out: &mut dyn Write) -> io::Result<()> {
    let flag = if excluded.concern.is_some() { '!' } else { ' ' };
    let size_bytes = excluded.block.objects.block_bytes();
    let known = match excluded.block.meta().map(|meta| &meta.block) {
        Some(meta) => format!("{}  {}", columns(meta, size_bytes), meta.group.labels),
        None => human::size(size_bytes),
    };
    let detail = excluded.detail.map(|detail| format!(": {detail}"));
    let text = known + &detail.unwrap_or_default();
    writeln!(out, "  {flag} {}  {}", excluded.block.id, printable(&text))
}

fn meaning(reason: Reason) -> &'static str {
    match reason {
        Reason::NoMetaJson => "being uploaded, or being deleted",
        Reason::Unreadable => "meta.json or the deletion mark can never be read as it is",
        Reason::CorruptedMetaJson => "meta.json is broken, or another block's",
        Reason::MarkedForDeletion => "the source's compactor will delete it",
        Reason::CorruptedDeletionMark => "it bears a deletion mark that Thanos cannot read",
        Reason::IdExcluded => "not asked for by --id",
        Reason::TimeExcluded => "its first sample is not old enough",
        Reason::LabelExcluded => "the selector drops it",
        Reason::ResolutionExcluded => "--resolution does not name its resolution",
        Reason::CompactionExcluded => "outside --compaction-min and --compaction-max",
        Reason::ShardExcluded => "another shard takes it",
        Reason::NoLabels => "no external labels: not a block of Thanos",
        Reason::Incomplete => "objects are missing or damaged; a copy would launder that",
        Reason::Duplicate => "another live block of the source holds all of it",
    }
}
