//! Blocks that are marked already: by which run and how many, for a second run finds all of the first one's.

use std::collections::BTreeMap;
use std::io;

use chrono::DateTime;

use super::page::Page;
use crate::human::{self, printable};
use crate::outcome::Excluded;
use crate::plan::Mark;

/// So many runs are named; the rest is counted.
const RUNS: usize = 10;

/// What one run, or somebody else, has marked.
struct Marked {
    blocks: u64,
    first: i64,
    last: i64,
}

/// Writes how many blocks each run has marked, the latest runs first; marks that this tool did not write come last, in one line.
pub(super) fn write(blocks: &[&Excluded<'_>], page: &mut Page<'_>) -> io::Result<()> {
    let mut by_run: BTreeMap<Option<(String, String)>, Marked> = BTreeMap::new();
    for block in blocks {
        let Mark::Present(mark) = &block.block.mark else {
            continue;
        };
        let time = mark.deletion_time();
        let run = mark
            .provenance()
            .map(|ours| (ours.run.to_string(), ours.target));
        let marked = by_run.entry(run).or_insert(Marked {
            blocks: 0,
            first: time,
            last: time,
        });
        marked.blocks += 1;
        marked.first = marked.first.min(time);
        marked.last = marked.last.max(time);
    }
    let (others, runs): (Vec<_>, Vec<_>) = by_run.iter().partition(|(run, _)| run.is_none());
    // Ids of runs sort by time: the latest tell most.
    for (run, marked) in runs.iter().rev().take(RUNS) {
        if let Some((run, target)) = run {
            let times = times(marked);
            let blocks = human::count(marked.blocks, "block");
            let text = format!("    {blocks} moved to {target} by run {run}, marked {times}");
            page.line(&printable(&text), 8)?;
        }
    }
    let earlier = runs.len().saturating_sub(RUNS);
    if earlier > 0 {
        let blocks = runs.iter().rev().skip(RUNS);
        let blocks = blocks.map(|(_, marked)| marked.blocks).sum();
        let text = format!(
            "    {} by {}",
            human::count(blocks, "block"),
            human::count(earlier as u64, "earlier run")
        );
        page.line(&text, 8)?;
    }
    for (_, marked) in others {
        let (blocks, times) = (human::count(marked.blocks, "block"), times(marked));
        page.line(&format!("    {blocks} by others, marked {times}"), 8)?;
    }
    Ok(())
}

fn times(marked: &Marked) -> String {
    let minute =
        |time| DateTime::from_timestamp(time, 0).map_or_else(|| format!("{time} s"), human::minute);
    let (first, last) = (minute(marked.first), minute(marked.last));
    if first == last {
        format!("{first} UTC")
    } else {
        format!("from {first} to {last} UTC")
    }
}
