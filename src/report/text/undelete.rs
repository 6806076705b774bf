//! Which deleted blocks were brought back: the blocks, those that need a person marked; how many came to which end; and what comes next.

use std::collections::BTreeMap;
use std::io;

use super::blocks::columns;
use super::each;
use super::heading::fact;
use super::page::Page;
use crate::bucket::Way;
use crate::exit::Exit;
use crate::human::{self, printable};
use crate::outcome::{BroughtBack, UndeleteEnding, Undeleted};
use crate::report::form::Rows;

/// Continuation lines are indented like the id above them.
const INDENT: usize = 4;

/// So many runs are named; the rest is counted.
const RUNS: usize = 10;

pub(super) fn write(brought: &BroughtBack, rows: Rows, page: &mut Page<'_>) -> io::Result<()> {
    let mode = if brought.is_dry {
        "dry run: nothing was written"
    } else {
        "deleted objects are brought back"
    };
    fact("mode", mode, page)?;
    write_runs(&brought.blocks, page)?;
    for warning in &brought.warnings {
        page.line(&format!("! {}", printable(&warning.text)), INDENT)?;
    }
    if !brought.blocks.is_empty() {
        page.blank()?;
        page.line("blocks", INDENT)?;
        let needs = |block: &Undeleted| block.ending.needs_a_person();
        each::write(&brought.blocks, "block", rows, page, needs, row)?;
        page.blank()?;
        page.line("totals", INDENT)?;
        for (ending, many) in brought.by_ending() {
            let flag = if ending.needs_a_person() { '!' } else { ' ' };
            let text = format!("{flag} {:<18} {:>10}", ending.as_str(), human::number(many));
            page.line(&text, INDENT)?;
        }
    }
    page.blank()?;
    page.prose("", &closing(brought))
}

/// Which runs marked the blocks: the latest first.
fn write_runs(blocks: &[Undeleted], page: &mut Page<'_>) -> io::Result<()> {
    let mut runs: BTreeMap<String, u64> = BTreeMap::new();
    for block in blocks {
        if let Some(run) = &block.run {
            *runs.entry(run.to_string()).or_default() += 1;
        }
    }
    for (run, blocks) in runs.iter().rev().take(RUNS) {
        let text = format!("{} by run {run}", human::count(*blocks, "block"));
        fact("marked", &text, page)?;
    }
    if let Some(more) = runs.len().checked_sub(RUNS).filter(|more| *more > 0) {
        fact("", &format!("… and those of {more} more runs"), page)?;
    }
    Ok(())
}

fn row(block: &Undeleted, page: &mut Page<'_>) -> io::Result<()> {
    let Undeleted {
        ending,
        detail,
        size_bytes,
        ..
    } = block;
    let flag = if ending.needs_a_person() { '!' } else { ' ' };
    let known = match block.meta.as_ref().map(|meta| &meta.block) {
        Some(meta) => format!("{} {} ", columns(meta, *size_bytes), meta.group.labels),
        None => String::new(),
    };
    let detail = detail.as_ref().map(|detail| format!(": {detail}"));
    let text = format!("{known}{}{}", ending.as_str(), detail.unwrap_or_default());
    page.line(&format!("{flag} {} {}", block.id, printable(&text)), INDENT)
}

fn closing(brought: &BroughtBack) -> String {
    let by_ending = brought.by_ending();
    let of = |ending| by_ending.get(&ending).copied().unwrap_or_default();
    let mut said = Vec::new();
    if let Some(why) = &brought.stopped_by {
        said.push(format!("It had to stop: {}.", printable(why)));
    }
    if let Some(signal) = brought.signal {
        said.push(format!("{} ended it.", signal.as_str()));
    }
    if let Some(run) = &brought.absent_run {
        said.push(format!(
            "No mark of run {run} lies in the bucket, and none is kept."
        ));
    } else if brought.is_dry {
        said.push(match of(UndeleteEnding::ToUndelete) {
            0 => "There is no block that it would bring back.".to_owned(),
            blocks => format!(
                "It would bring back {}, {} of {}: --no-dry-run does so.",
                human::count(blocks, "block"),
                human::count(missing(brought).0, "object"),
                human::size(missing(brought).1),
            ),
        });
    } else {
        said.push(match of(UndeleteEnding::Undeleted) {
            0 => "No block was brought back.".to_owned(),
            blocks => format!("{} brought back{}.", were(blocks), ways(brought)),
        });
    }
    if of(UndeleteEnding::NotFinished) > 0 {
        said.push(format!(
            "{} not come to: the same command goes on.",
            were(of(UndeleteEnding::NotFinished))
        ));
    }
    said.extend(attention(brought, &by_ending));
    if of(UndeleteEnding::Undeleted) + of(UndeleteEnding::ToUndelete) > 0 {
        said.push(
            "Stop the bucket's compactor until all blocks are back, for it deletes blocks that it has seen without meta.json; and stop what starts migrations, or the next one marks them again."
                .to_owned(),
        );
    }
    said.join(" ")
}

/// How many objects are to come back, and how many bytes they have.
fn missing(brought: &BroughtBack) -> (u64, u64) {
    let due = |block: &&Undeleted| block.ending == UndeleteEnding::ToUndelete;
    let due = brought.blocks.iter().filter(due);
    due.fold((0, 0), |(objects, bytes): (u64, u64), block| {
        (
            objects.saturating_add(block.objects),
            bytes.saturating_add(block.size_bytes),
        )
    })
}

/// How objects came back.
fn ways(brought: &BroughtBack) -> String {
    let by = |way| brought.ways.get(&way).copied().unwrap_or_default();
    let of = |way, text: &str| match by(way) {
        0 => None,
        many => Some(format!("{} {text}", human::count(many, "object"))),
    };
    let told: Vec<String> = [
        of(Way::Uncovered, "as they were"),
        of(Way::Copied, "as copies of their versions"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if told.is_empty() {
        String::new()
    } else {
        format!(": {}", told.join(", "))
    }
}

fn attention(brought: &BroughtBack, by_ending: &BTreeMap<UndeleteEnding, u64>) -> Option<String> {
    let needy = by_ending
        .iter()
        .filter(|(ending, _)| ending.needs_a_person());
    let many: u64 = needy.map(|(_, many)| *many).sum::<u64>() + brought.absent_ids.len() as u64;
    (many > 0 && brought.exit() == Exit::Attention).then(|| {
        format!(
            "{} a person (exit code {}).",
            match many {
                1 => "1 block needs".to_owned(),
                many => format!("{} blocks need", human::number(many)),
            },
            Exit::Attention.code()
        )
    })
}

fn were(blocks: u64) -> String {
    match blocks {
        1 => "1 block was".to_owned(),
        many => format!("{} blocks were", human::number(many)),
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::exit::Signal;
    use crate::outcome::testing::{block, id};
    use crate::plan::NotBack;
    use crate::report::Output;
    use crate::report::testing::written_undelete;

    fn undeleted(number: u32, ending: UndeleteEnding, detail: Option<&str>) -> Undeleted {
        let hours = i64::from(number);
        Undeleted {
            id: id(number),
            meta: Some(Arc::new(block(number).hours(hours, hours + 2).meta_file())),
            run: "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B".parse().ok(),
            objects: 3,
            size_bytes: 3 << 20,
            ending,
            detail: detail.map(str::to_owned),
        }
    }

    fn brought(blocks: Vec<Undeleted>, is_dry: bool) -> BroughtBack {
        BroughtBack {
            blocks,
            absent_ids: Vec::new(),
            absent_run: None,
            ways: BTreeMap::new(),
            is_dry,
            signal: None,
            stopped_by: None,
            warnings: Vec::new(),
            elapsed: Duration::from_secs(2),
        }
    }

    /// The lines below the heading.
    fn told(brought: &BroughtBack) -> String {
        let text = written_undelete(brought, Output::Text);
        let (_, told) = text.split_once("  mode").unwrap();
        format!("  mode{told}")
    }

    /// S-19.6, S-19.7
    #[test]
    fn a_person_reads_what_would_come_back_and_what_stays() {
        let detail = "01J9ZK3M7Q8T5V6W7X00000009 holds its data";
        let dry = brought(
            vec![
                undeleted(1, UndeleteEnding::ToUndelete, None),
                undeleted(
                    2,
                    UndeleteEnding::Refused(NotBack::Superseded),
                    Some(detail),
                ),
                undeleted(
                    3,
                    UndeleteEnding::Refused(NotBack::NotWhole),
                    Some("index is missing"),
                ),
            ],
            true,
        );
        assert_eq!(told(&dry), DRY);
    }

    const DRY: &str = "  mode          dry run: nothing was written
  marked        3 blocks by run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B

blocks
  01J9ZK3M7Q8T5V6W7X00000001 2025-01-02 01:00   2h 0s L1  3.0 MiB
    {cluster=\"eu-1\"} to-undelete
  01J9ZK3M7Q8T5V6W7X00000002 2025-01-02 02:00   2h 0s L1  3.0 MiB
    {cluster=\"eu-1\"} superseded: 01J9ZK3M7Q8T5V6W7X00000009 holds its data
! 01J9ZK3M7Q8T5V6W7X00000003 2025-01-02 03:00   2h 0s L1  3.0 MiB
    {cluster=\"eu-1\"} not-whole: index is missing

totals
  to-undelete                 1
  superseded                  1
! not-whole                   1

It would bring back 1 block, 3 objects of 3.0 MiB: --no-dry-run does so. 1 block
needs a person (exit code 3). Stop the bucket's compactor until all blocks are
back, for it deletes blocks that it has seen without meta.json; and stop what
starts migrations, or the next one marks them again.
";

    /// S-19.7
    #[test]
    fn the_last_sentence_says_how_it_ended() {
        let mut done = brought(vec![undeleted(1, UndeleteEnding::Undeleted, None)], false);
        done.ways = BTreeMap::from([(Way::Uncovered, 2), (Way::Copied, 1)]);
        let said = |brought: &BroughtBack| {
            let text = told(brought);
            let words: Vec<&str> = text.split_whitespace().collect();
            words.join(" ")
        };
        let all = said(&done);
        assert!(
            all.contains("1 block was brought back: 2 objects as they were, 1 object as copies of their versions."),
            "{all}"
        );
        done.blocks
            .push(undeleted(2, UndeleteEnding::NotFinished, None));
        done.signal = Some(Signal::Interrupt);
        let stopped = said(&done);
        assert!(
            stopped.contains("SIGINT ended it. 1 block was brought back")
                && stopped.contains("1 block was not come to: the same command goes on."),
            "{stopped}"
        );
        let nothing = said(&brought(Vec::new(), true));
        assert!(
            nothing.ends_with("There is no block that it would bring back."),
            "{nothing}"
        );
    }

    /// S-19.7
    #[test]
    fn programs_read_all_members() {
        let dry = brought(vec![undeleted(1, UndeleteEnding::ToUndelete, None)], true);
        let text = written_undelete(&dry, Output::Json);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let members = |value: &serde_json::Value| {
            let all = value.as_object().unwrap().keys().cloned();
            all.collect::<Vec<String>>().join(" ")
        };
        assert_eq!(members(&json), DOCUMENT);
        let first = json.pointer("/blocks/0").unwrap();
        assert_eq!(members(first), BLOCK);
        assert_eq!(first["ending"], "to-undelete");
        assert_eq!(first["missing_bytes"], 3 << 20);
    }

    const DOCUMENT: &str = "aborted absent_ids absent_run blocks complete copied_objects cutoff dry_run elapsed_seconds exit_code kind limit run \
        schema_version signal source started target tool uncovered_objects warnings";
    const BLOCK: &str = "detail ending id labels level max_time max_time_ms min_time min_time_ms missing_bytes missing_objects needs_a_person \
        resolution resolution_ms run samples series";
}
