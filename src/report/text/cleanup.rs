//! What was left behind: what each is and what becomes of it, those that need a person marked; how much came to which end; and what comes next.

use std::io;

use super::each;
use super::heading::fact;
use super::page::Page;
use crate::exit::Exit;
use crate::human::{self, printable};
use crate::outcome::{CleanEnding, Cleaned, Leftover};
use crate::plan::Stays;
use crate::report::form::Rows;

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
            "{flag} uploads and staged files are not listed: {}",
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
        let needs = |leftover: &Leftover| leftover.ending.needs_a_person();
        each::write(&cleaned.leftovers, "leftover", rows, page, needs, row)?;
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
            "{} not known to be left by this tool, and may be all that there is of a block: look at it before `thanos tools bucket cleanup` clears it away.",
            match many {
                1 => "1 thing is".to_owned(),
                many => format!("{} things are", human::number(many)),
            }
        )
    })
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::time::Duration;

    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::block::RunId;
    use crate::exit::Signal;
    use crate::outcome::{LeftoverKind, Untold};
    use crate::plan::Warning;
    use crate::report::{Document, Form, Header, Output};

    const BLOCK: &str = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";

    fn left(kind: LeftoverKind, name: &str, size: Option<u64>, ending: CleanEnding) -> Leftover {
        Leftover {
            kind,
            block: None,
            name: name.to_owned(),
            objects: 1,
            size_bytes: size,
            written: DateTime::from_timestamp(1_767_000_000, 0),
            ending,
            detail: None,
        }
    }

    fn cleaned(leftovers: Vec<Leftover>) -> Cleaned {
        Cleaned {
            leftovers,
            before: DateTime::from_timestamp(1_767_225_600, 0).unwrap(),
            uploads_untold: None,
            is_dry: true,
            signal: None,
            stopped_by: None,
            warnings: Vec::new(),
            elapsed: Duration::ZERO,
        }
    }

    fn text(cleaned: &Cleaned) -> String {
        let header = Header {
            run: BLOCK.parse::<RunId>().unwrap(),
            started: cleaned.before + TimeDelta::hours(48),
            source: "s3://minio.example.com:9000/hot".to_owned(),
            target: Some("s3://minio.example.com:9000/cold".to_owned()),
            cutoff: None,
        };
        let form = Form {
            output: Output::Text,
            rows: Rows::Auto,
            columns: Some(80),
        };
        let mut out = Vec::new();
        crate::report::write(form, &Document::of_cleanup(&header, cleaned), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.replace(env!("CARGO_PKG_VERSION"), "VERSION")
    }

    /// S-18.7
    #[test]
    fn a_cleanup_reads_like_this() {
        use LeftoverKind::{OverwriteFile, PartialCopy, Probe, StagedFile, Upload};
        let due = CleanEnding::ToRemove;
        let upload = format!("{BLOCK}/chunks/000001");
        let overwrite = format!("{BLOCK}/thanos-bucket-overwrite.json");
        let with = |leftover, detail: &str| Leftover {
            detail: Some(detail.to_owned()),
            ..leftover
        };
        let one = cleaned(vec![
            with(
                left(PartialCopy, BLOCK, Some(5 << 30), due),
                "7 of 12 data objects",
            ),
            with(
                left(
                    PartialCopy,
                    BLOCK,
                    Some(77),
                    CleanEnding::Stays(Stays::NotInSource),
                ),
                "the source has nothing of it",
            ),
            with(
                left(
                    PartialCopy,
                    BLOCK,
                    Some(77),
                    CleanEnding::Stays(Stays::SourceNotWhole),
                ),
                "in the source index is missing",
            ),
            left(OverwriteFile, &overwrite, Some(34), due),
            left(
                Probe,
                "thanos-bucket-probe-01J9ZK3M7Q8T5V6W7X8Y9Z0A1B",
                None,
                due,
            ),
            left(Upload, &upload, None, due),
            left(
                StagedFile,
                ".thanos-bucket-staging/01J9ZK3M7Q8T5V6W7X8Y9Z0A1B",
                None,
                due,
            ),
        ]);
        let one = Cleaned {
            warnings: vec![Warning {
                name: "keeps-versions",
                text: "s3://cold keeps what is deleted".to_owned(),
                blocks: Vec::new(),
            }],
            uploads_untold: Some(Untold {
                why: "list what was begun: AccessDenied".to_owned(),
                needs_a_person: true,
            }),
            ..one
        };
        let text = text(&one);
        assert_eq!(text, include_str!("golden/cleanup.txt"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80));
    }

    #[test]
    fn the_last_sentence_says_what_happened() {
        let last = |cleaned: &Cleaned| {
            let text = text(cleaned).replace('\n', " ");
            text.rsplit("last written) ")
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        let copy = |ending| left(LeftoverKind::PartialCopy, BLOCK, Some(1024), ending);
        let done = |leftovers| Cleaned {
            is_dry: false,
            ..cleaned(leftovers)
        };
        let nothing = last(&cleaned(Vec::new()));
        assert!(
            nothing.contains("There is nothing that it would remove."),
            "{nothing}"
        );
        let removed = last(&done(vec![copy(CleanEnding::Removed)]));
        assert!(
            removed.contains("1 leftover with 1.0 KiB was removed."),
            "{removed}"
        );
        let stopped = last(&Cleaned {
            signal: Some(Signal::Interrupt),
            ..done(vec![copy(CleanEnding::NotFinished)])
        });
        assert!(
            stopped.contains("SIGINT ended it. Nothing was removed. 1 leftover was not come to: the same command goes on."),
            "{stopped}"
        );
    }
}
