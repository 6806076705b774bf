//! What was found in the index and the chunks of blocks that were opened: a line for each finding, and how many there are of each kind.

use std::io;

use super::blocks::MOST;
use super::page::Page;
use crate::human::{self, printable};
use crate::outcome::Deep;
use crate::report::form::Rows;

/// Continuation lines are indented like the block above them.
const INDENT: usize = 4;

/// How much was opened: `3 blocks, 1.2 GiB: 30 series, 50 chunks, 4,000 samples`.
pub(super) fn in_sum(deep: &Deep) -> String {
    format!(
        "{}, {}: {} series, {}, {}",
        human::count(deep.blocks, "block"),
        human::size(deep.bytes),
        human::number(deep.series),
        human::count(deep.chunks, "chunk"),
        human::count(deep.samples, "sample"),
    )
}

/// How many blocks need a person, in which way, and what to do about it.
pub(super) fn advice(deep: &Deep) -> [(u64, &'static str, &'static str); 3] {
    [
        (
            deep.damaged_blocks,
            "damaged within",
            "compare with the other bucket's, and restore it from there or from a backup",
        ),
        (
            deep.newer_blocks,
            "unreadable by Thanos",
            "not damaged, but newer than what it reads: wait for a Thanos that does",
        ),
        (
            deep.closed_blocks(),
            "not opened",
            "mend what kept it from being read, and verify it again",
        ),
    ]
}

/// The same in short.
pub(super) fn said(deep: &Deep) -> impl Iterator<Item = String> {
    let needy = advice(deep).into_iter().filter(|(many, ..)| *many > 0);
    needy.map(|(many, what, _)| format!("{} {what}", human::number(many)))
}

pub(super) fn write(deep: &Deep, rows: Rows, page: &mut Page<'_>) -> io::Result<()> {
    write_findings(deep, rows, page)?;
    write_kinds(deep, page)?;
    if deep.not_opened.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.line("not opened, which says nothing of what is in them", INDENT)?;
    let most = most(rows, deep.not_opened.len());
    for (block, not) in deep.not_opened.iter().take(most) {
        let flag = if not.needs_a_person { '!' } else { ' ' };
        page.line(&format!("{flag} {block} {}", printable(&not.why)), INDENT)?;
    }
    write_more(deep.not_opened.len().saturating_sub(most) as u64, page)
}

fn write_findings(deep: &Deep, rows: Rows, page: &mut Page<'_>) -> io::Result<()> {
    if deep.findings.is_empty() || rows == Rows::None {
        return Ok(());
    }
    page.blank()?;
    page.line("found in index and chunks", INDENT)?;
    let most = most(rows, deep.findings.len());
    for (block, finding) in deep.findings.iter().take(most) {
        let text = format!("! {block} {}", printable(&finding.to_string()));
        page.line(&text, INDENT)?;
    }
    write_more(deep.findings.len().saturating_sub(most) as u64, page)
}

/// How many lines are shown.
fn most(rows: Rows, all: usize) -> usize {
    match rows {
        Rows::All => all,
        Rows::Auto | Rows::None => MOST,
    }
}

fn write_more(more: u64, page: &mut Page<'_>) -> io::Result<()> {
    if more == 0 {
        return Ok(());
    }
    let more = human::number(more);
    let text = format!("… and {more} more like these (--output.blocks=all lists all)");
    page.line(&text, INDENT)
}

fn write_kinds(deep: &Deep, page: &mut Page<'_>) -> io::Result<()> {
    if deep.by_kind.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.line("findings by kind", INDENT)?;
    for (kind, many) in &deep.by_kind {
        let what = if kind.is_damage() {
            ""
        } else {
            ": no damage, but newer than Thanos reads"
        };
        page.line(
            &format!("! {:>6} {kind}{what}", human::number(*many)),
            INDENT,
        )?;
    }
    match deep.left_out() {
        0 => Ok(()),
        more => {
            let more = human::count(more, "further finding");
            let text = format!("  {more} of the same kinds, not listed");
            page.line(&text, INDENT)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::exit::Exit;
    use crate::outcome::testing::id;
    use crate::outcome::{NotOpened, Opened, Verification};
    use crate::report::testing::written_verification;
    use crate::tsdb::{Counts, Finding, Findings, Kind};

    fn examined(findings: &[(Kind, u64)]) -> Opened {
        let mut found = Findings::new(2);
        for (kind, offset) in findings {
            let finding = Finding::new(*kind, "chunks/000001", *offset, "it is so");
            found.push(Finding {
                series: Some("{a=\"\u{1b}[2J\"}".to_owned()),
                ..finding
            });
        }
        Opened::Examined {
            counts: Counts {
                bytes: 2048,
                series: 3,
                chunks: 1,
                samples: 1000,
                ..Counts::default()
            },
            findings: found,
        }
    }

    fn not(why: &str, needs_a_person: bool) -> Opened {
        Opened::Not(NotOpened {
            why: why.to_owned(),
            needs_a_person,
        })
    }

    fn of(opened: impl IntoIterator<Item = (u32, Opened)>) -> Verification {
        let mut deep = Deep::default();
        for (number, opened) in opened {
            deep.add(id(number), opened);
        }
        let mut found = Verification {
            deep: Some(deep),
            elapsed: Duration::from_secs(1),
            ..Verification::default()
        };
        found.sort();
        found
    }

    /// S-13.9
    #[test]
    fn what_was_found_within_reads_like_this() {
        let damage = [
            (Kind::ChunkChecksum, 8),
            (Kind::ChunkChecksum, 80),
            (Kind::ChunkChecksum, 800),
        ];
        let found = of([
            (2, examined(&damage)),
            (1, examined(&[(Kind::UnreadableByThanos, 9)])),
            (4, not("could not read it", true)),
            (3, not("it is gone by now", false)),
            (5, examined(&[])),
        ]);
        let text = written_verification(&found);
        assert_eq!(text, include_str!("golden/deep.txt"), "{text}");
        assert_eq!(found.exit(), Exit::Attention);
    }

    /// S-13.8, S-13.9
    #[test]
    fn any_finding_and_what_could_not_be_opened_need_a_person() {
        for (opened, exit) in [
            (examined(&[]), Exit::Done),
            (not("it is gone by now", false), Exit::Done),
            (not("could not read it", true), Exit::Attention),
            (examined(&[(Kind::UnreadableByThanos, 1)]), Exit::Attention),
            (examined(&[(Kind::StatsDiffer, 1)]), Exit::Attention),
        ] {
            let said = format!("{opened:?}");
            assert_eq!(of([(1, opened)]).exit(), exit, "{said}");
        }
    }

    /// S-13.9
    #[test]
    fn what_is_listed_is_bounded_and_everything_is_counted() {
        let many: Vec<(Kind, u64)> = (0..5).map(|at| (Kind::SamplesUnsorted, at)).collect();
        let found = of((0..6000).map(|number| (number, examined(&many))));
        let Some(deep) = &found.deep else {
            unreachable!("it was asked for");
        };
        assert_eq!(deep.findings.len(), 10_000);
        assert_eq!(deep.total(), 30_000);
        assert_eq!(deep.left_out(), 20_000);
        assert_eq!(deep.damaged_blocks, 6000);
        let text = written_verification(&found);
        assert_eq!(text.matches(" samples-unsorted: chunks").count(), 100);
        assert!(
            text.contains("20,000 further findings of the same kinds"),
            "{text}"
        );
    }
}
