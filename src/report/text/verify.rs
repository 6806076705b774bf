//! What a verification found: how many blocks stand in which way, what is about to be lost, a line for each block where they are few, or where a person
//! should look at it, and what to do.

use std::io;

use super::blocks::{MOST, columns};
use super::heading::fact;
use super::page::Page;
use super::{deep, excluded, summary};
use crate::block::Strength;
use crate::exit::Exit;
use crate::human::{self, printable};
use crate::outcome::{Verification, VerifiedBlock};
use crate::report::form::Rows;

/// Up to so many blocks are all shown.
const FEW: usize = 100;

/// Continuation lines are indented like the id above them.
const INDENT: usize = 4;

/// Continuation lines of a state are indented like its meaning.
const MEANING: usize = 36;

pub(super) fn write(
    verification: &Verification,
    rows: Rows,
    page: &mut Page<'_>,
) -> io::Result<()> {
    write_body(verification, rows, page)?;
    page.blank()?;
    page.prose("", &printable(&closing(verification)))
}

/// All but the last sentence.
pub(super) fn write_body(
    verification: &Verification,
    rows: Rows,
    page: &mut Page<'_>,
) -> io::Result<()> {
    write_facts(verification, page)?;
    excluded::write_marked_not_held(&verification.marked_not_held(), page)?;
    write_states(verification, page)?;
    write_rows(verification, rows, page)?;
    write_absent(verification, page)?;
    if let Some(deep) = &verification.deep {
        deep::write(deep, rows, page)?;
    }
    write_advice(verification, page)
}

fn write_facts(verification: &Verification, page: &mut Page<'_>) -> io::Result<()> {
    let compared = match verification.content {
        None if verification.hashes_were_read => {
            "one bucket, by its listing, each meta.json with its hashes, and each mark"
        }
        None => "one bucket, by its listing, each meta.json and each mark",
        Some(Strength::Size) => "by names and sizes",
        Some(Strength::Checksum) => "by names, sizes and checksums",
        Some(Strength::Content) => "by every byte",
    };
    fact("compared", compared, page)?;
    if let Some(run) = &verification.of_run {
        fact("of run", &run.to_string(), page)?;
    }
    for warning in &verification.warnings {
        let text = summary::warning_text(warning);
        fact("warning", &printable(&text), page)?;
    }
    fact("blocks", &summary::amount(&verification.in_all()), page)?;
    let proven = verification.by_proof();
    if !proven.is_empty() {
        let by_size = proven.contains_key(Strength::Size.as_str());
        let proofs = proven.iter();
        let proofs = proofs.map(|(proof, many)| format!("{} by {proof}", human::number(*many)));
        let mut text = proofs.collect::<Vec<_>>().join(", ");
        if by_size && verification.content == Some(Strength::Checksum) {
            text.push_str(" (no checksums tell more; --content=read does)");
        }
        fact("proven", &text, page)?;
    }
    let notes = verification.by_note();
    if let Some(deep) = &verification.deep {
        fact("opened", &deep::in_sum(deep), page)?;
    }
    if !notes.is_empty() {
        let notes = notes.iter().map(|(name, many)| (*name, *many));
        fact("to know", &summary::list(notes), page)?;
    }
    Ok(())
}

fn write_states(verification: &Verification, page: &mut Page<'_>) -> io::Result<()> {
    let by_state = verification.by_state();
    if by_state.is_empty() {
        return Ok(());
    }
    page.blank()?;
    let heading = format!("  {:<15} {:>7} {:>8}  meaning", "state", "blocks", "size");
    page.line(&heading, MEANING)?;
    for (state, sum) in by_state {
        let mut of_it = verification.blocks.iter();
        let is_flagged = of_it.any(|block| block.verified.state == state && block.needs_a_person());
        let text = format!(
            "{} {:<15} {:>7} {:>8}  {}",
            flag(is_flagged),
            state.as_str(),
            human::number(sum.blocks),
            human::size(sum.bytes),
            state.meaning()
        );
        page.line(&text, MEANING)?;
    }
    Ok(())
}

fn flag(is_flagged: bool) -> char {
    if is_flagged { '!' } else { ' ' }
}

fn write_rows(verification: &Verification, rows: Rows, page: &mut Page<'_>) -> io::Result<()> {
    let all = verification.blocks.len();
    let (wanted, most): (fn(&VerifiedBlock) -> bool, usize) = match rows {
        Rows::None => return Ok(()),
        Rows::Auto if all > FEW => (is_worth_a_look, MOST),
        Rows::Auto | Rows::All => (|_| true, usize::MAX),
    };
    let blocks = verification.blocks.iter().filter(|block| wanted(block));
    let shown: Vec<&VerifiedBlock> = blocks.clone().take(most).collect();
    if shown.is_empty() {
        return Ok(());
    }
    page.blank()?;
    let heading = format!(
        "  {:<26} {:<16} {:>4} {:<5} {:>8} state",
        "block", "from (UTC)", "span", "level", "size"
    );
    page.line(&heading, INDENT)?;
    let mut labels = None;
    for block in &shown {
        let of_it = block.meta.as_ref().map(|meta| &meta.block.group.labels);
        if labels != Some(of_it) {
            labels = Some(of_it);
            let text = of_it.map_or_else(
                || "without a meta.json that can be read".to_owned(),
                ToString::to_string,
            );
            page.blank()?;
            page.line(&printable(&text), INDENT)?;
        }
        row(block, page)?;
    }
    let more = blocks.count() - shown.len();
    if more > 0 {
        let more = human::number(more as u64);
        let text = format!("… and {more} more like these (--output.blocks=all lists all)");
        page.line(&text, INDENT)?;
    }
    Ok(())
}

fn is_worth_a_look(block: &VerifiedBlock) -> bool {
    block.needs_a_person() || block.notes.iter().any(|note| note.name == "overlap")
}

fn row(block: &VerifiedBlock, page: &mut Page<'_>) -> io::Result<()> {
    let what = match &block.meta {
        Some(meta) => columns(&meta.block, block.size_bytes),
        None => human::size(block.size_bytes),
    };
    let verified = &block.verified;
    let mut said = vec![match &verified.why {
        Some(why) => format!("{}: {why}", verified.state.as_str()),
        None => verified.state.as_str().to_owned(),
    }];
    said.extend(block.notes.iter().map(|note| note.text.clone()));
    let flag = flag(block.needs_a_person());
    let text = format!("{flag} {} {what} {}", block.id, printable(&said.join("; ")));
    page.line(&text, INDENT)
}

fn write_absent(verification: &Verification, page: &mut Page<'_>) -> io::Result<()> {
    if verification.absent_ids.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.line("asked for by --id, and in no bucket", INDENT)?;
    for id in &verification.absent_ids {
        page.line(&format!("! {id}"), INDENT)?;
    }
    Ok(())
}

fn write_advice(verification: &Verification, page: &mut Page<'_>) -> io::Result<()> {
    let mut lines = Vec::new();
    for state in verification.by_state().keys() {
        let of_it = verification.blocks.iter();
        let needy = of_it.filter(|block| block.verified.state == *state && block.needs_a_person());
        let many = needy.count() as u64;
        if let Some(advice) = state.advice() {
            lines.push((many, state.as_str(), advice));
        }
    }
    lines.extend(verification.deep.iter().flat_map(deep::advice));
    lines.retain(|(many, ..)| *many > 0);
    if !lines.is_empty() {
        page.blank()?;
        page.line("needs a person", INDENT)?;
    }
    for (many, what, advice) in lines {
        let text = format!("  {} {what}: {advice}", human::number(many));
        page.line(&text, INDENT)?;
    }
    Ok(())
}

fn closing(verification: &Verification) -> String {
    let all = verification.blocks.len() as u64;
    let blocks = human::count(all, "block");
    let done = |how: &str| {
        let finished = verification.blocks.iter();
        let finished = finished.filter(|block| !block.is_left_over()).count() as u64;
        let finished = human::number(finished);
        format!("{how}, when {finished} of {blocks} were verified")
    };
    let code = verification.exit().code();
    let many = verification.needing_a_person();
    match (verification.exit(), verification.aborted.as_deref()) {
        (_, Some(why)) => {
            let done = done("Stopped by an error that concerns more than one block");
            format!("{done}: could not {why}. Mend that and run it again.")
        }
        (Exit::Stopped(signal), None) => {
            let done = done(&format!("Stopped by {}", signal.as_str()));
            format!("{done}. To know of all, run it again.")
        }
        _ if verification.lacks_the_run() => format!(
            "No mark of that run was found on any block that is meant (exit code {code}): its blocks may have been deleted since, as a migration wants it, or \
             the run's id is another one."
        ),
        _ if all == 0 && many == 0 && !verification.is_damaged_within() => {
            "No block is meant, so that there was nothing to verify.".to_owned()
        }
        _ if many > 0 || verification.is_damaged_within() => {
            let of_blocks = match many {
                0 => None,
                1 => Some("1 needs a person".to_owned()),
                many => Some(format!("{} need a person", human::number(many))),
            };
            let within = verification.deep.iter().flat_map(deep::said);
            let said: Vec<String> = of_blocks.into_iter().chain(within).collect();
            format!(
                "Not all is well: of {blocks}, {}, as said above (exit code {code}). Nothing was changed.",
                said.join(", ")
            )
        }
        _ if verification.content.is_none() => {
            format!("All is well: nothing is damaged in {blocks}. Nothing was changed.")
        }
        _ => format!(
            "All is well: of {blocks}, the target holds each that was to be moved. Nothing was changed."
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::block::RunId;
    use crate::exit::Signal;
    use crate::outcome::testing::{Builder, block, id};
    use crate::plan::{Note, State, Verified};
    use crate::report::testing::written_verification;

    fn row(builder: Builder, verified: Verified) -> VerifiedBlock {
        let source = std::sync::Arc::new(builder.source());
        let objects = source.objects();
        VerifiedBlock {
            id: source.id,
            meta: source.meta().cloned(),
            objects: objects.block_objects(),
            size_bytes: objects.block_bytes(),
            source: Some(source),
            verified,
            notes: Vec::new(),
            is_asked_for: false,
        }
    }

    fn held() -> Verified {
        Verified {
            proof: Some(Strength::Checksum),
            ..Verified::plainly(State::Held)
        }
    }

    fn of(blocks: Vec<VerifiedBlock>) -> Verification {
        let mut found = Verification {
            content: Some(Strength::Checksum),
            blocks,
            elapsed: Duration::from_secs(3),
            ..Verification::default()
        };
        found.sort();
        found
    }

    fn last_line(found: &Verification) -> String {
        let text = written_verification(found);
        let last = text.rsplit("\n\n").next().unwrap_or_default();
        last.replace('\n', " ")
    }

    /// S-13.6
    #[test]
    fn a_small_verification_reads_like_this() {
        let ours = "migrated to s3://cold by thanos-bucket 9.9.9 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
        let because = Verified::because;
        let found = of(vec![
            row(block(1).marked(ours), held()),
            row(
                block(2).hours(2, 4).marked(ours),
                because(State::MarkedNotHeld, "index is missing"),
            ),
            row(
                block(3).hours(4, 6),
                because(State::TornTarget, "not published, meta.json is missing"),
            ),
            row(
                block(4).label("cluster", "us-1"),
                because(State::Covered, &format!("by {}", id(9))),
            ),
            row(
                block(5).label("cluster", "us-1").without("meta.json"),
                because(State::Unreadable, "meta.json in the target: AccessDenied"),
            ),
        ]);
        let text = written_verification(&found);
        assert_eq!(text, include_str!("golden/verify.txt"), "{text}");
    }

    /// S-13.6
    #[test]
    fn of_many_blocks_those_are_shown_that_a_person_should_look_at() {
        let many = (0..300).map(|number| row(block(number), held()));
        let mut blocks: Vec<VerifiedBlock> = many.collect();
        for (place, block) in blocks.iter_mut().enumerate() {
            if place % 2 == 0 {
                block.verified = Verified::plainly(State::SourceOnly);
            }
        }
        let text = written_verification(&of(blocks));
        assert_eq!(text.matches(" source-only\n").count(), 100, "{text}");
        assert!(text.contains("… and 50 more like these"), "{text}");
        assert!(!text.contains(" held\n"), "{text}");
    }

    /// S-13.6
    #[test]
    fn the_last_line_says_what_it_came_to() {
        let well = || vec![row(block(1), held())];
        let needy = || vec![row(block(1), Verified::plainly(State::SourceOnly))];
        let overlap = Note {
            name: "overlap",
            text: "overlaps 01J".to_owned(),
        };
        let alone = Verification {
            content: None,
            ..of(well())
        };
        let noted = {
            let mut alone = Verification {
                content: None,
                ..of(well())
            };
            alone
                .blocks
                .iter_mut()
                .for_each(|block| block.notes.push(overlap.clone()));
            alone
        };
        let stopped = Verification {
            signal: Some(Signal::Interrupt),
            ..of(vec![row(block(1), Verified::plainly(State::NotFinished))])
        };
        let aborted = Verification {
            aborted: Some("list s3://cold: no route".to_owned()),
            ..of(well())
        };
        let of_run = Verification {
            of_run: Some(RunId::generate()),
            ..of(Vec::new())
        };
        for (found, expected) in [
            (of(well()), "All is well: of 1 block, the target holds each"),
            (alone, "All is well: nothing is damaged in 1 block."),
            (noted, "All is well: nothing is damaged in 1 block."),
            (of(needy()), "Not all is well: of 1 block, 1 needs a person"),
            (
                of(Vec::new()),
                "No block is meant, so that there was nothing",
            ),
            (
                stopped,
                "Stopped by SIGINT, when 0 of 1 block were verified.",
            ),
            (
                aborted,
                "Stopped by an error that concerns more than one block, when 1 of 1",
            ),
            (of_run, "No mark of that run was found"),
        ] {
            let line = last_line(&found);
            assert!(line.starts_with(expected), "{line}");
        }
    }
}
