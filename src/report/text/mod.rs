//! The document for people: a summary, what is about to be lost, the selected blocks, what is left out, totals, and what to do. Lines that a
//! person should look at begin with an exclamation mark.

pub(super) mod backfill;
mod bill;
mod blocks;
mod check;
mod cleanup;
mod closing;
pub(super) mod cutover;
mod deep;
mod each;
mod estimate;
mod excluded;
mod groups;
mod heading;
mod marks;
mod overview;
mod page;
pub(super) mod reconciled;
mod summary;
mod sums;
mod timeline;
mod undelete;
mod unmark;
mod verify;

use std::io::{self, Write};

use super::document::{Document, Section};
use super::form::Form;
use page::Page;

pub(super) fn write(document: &Document<'_>, form: Form, out: &mut dyn Write) -> io::Result<()> {
    let page = &mut Page::new(out, form.columns);
    heading::write(document, page)?;
    let mut sections: Vec<&Section<'_>> = document.sections.iter().collect();
    sections.sort_by_key(|section| place(section));
    for section in sections {
        match section {
            Section::Selector(effects) => summary::write_selector(effects, page)?,
            Section::Course(review) => summary::write_course(review, page)?,
            Section::Warnings(review) => summary::write_warnings(review, page)?,
            Section::NotHeld(entries) => excluded::write_marked_not_held(entries, page)?,
            Section::Blocks(review) => blocks::write(review, form.rows, page)?,
            Section::Excluded(excluded) => excluded::write(excluded, form.rows, page)?,
            Section::AbsentIds(ids) => excluded::write_absent(ids, "--id or --plan", page)?,
            Section::Totals(review) => closing::write_totals(review, page)?,
            Section::Sums(sums) => sums::write(sums, page)?,
            Section::Estimate(estimate, freed) => estimate::write(estimate, freed, page)?,
            Section::Money(Some(bill)) => bill::write(bill, page)?,
            Section::Money(None) => {}
            Section::Concerns(concerns) => closing::write_concerns(concerns, page)?,
            Section::Closing(review) => closing::write_sentence(review, page)?,
            Section::Next(review, out) => closing::write_next(review, *out, page)?,
            Section::Findings(checked) => check::write(checked, page)?,
            Section::Overview(overview) => overview::write(overview, form, page)?,
            Section::Verified(verification) => verify::write(verification, form.rows, page)?,
            Section::CutOver(found) => cutover::write(found, form.rows, page)?,
            Section::Reconciled(found) => reconciled::write(found, page)?,
            Section::TakenBack(taken) => unmark::write(taken, form.rows, page)?,
            Section::Cleaned(cleaned) => cleanup::write(cleaned, form.rows, page)?,
            Section::BroughtBack(brought) => undelete::write(brought, form.rows, page)?,
            Section::Backfilled(done) => backfill::write(done, form.rows, page)?,
        }
    }
    Ok(())
}

/// Where a section stands: what cannot wait comes right below the summary, what to do about it all comes last.
fn place(section: &Section<'_>) -> u8 {
    match section {
        Section::Selector(_) => 0,
        Section::Course(_) => 1,
        Section::Warnings(_) => 2,
        Section::NotHeld(_) => 3,
        Section::Blocks(_) => 4,
        Section::Excluded(_) => 5,
        Section::AbsentIds(_) => 6,
        Section::Totals(_) | Section::Sums(_) | Section::Estimate(..) | Section::Money(_) => 7,
        Section::Concerns(_) => 8,
        Section::Closing(_) | Section::Next(..) => 9,
        Section::Findings(_) | Section::Overview(_) | Section::TakenBack(_) => 10,
        Section::Verified(_)
        | Section::CutOver(_)
        | Section::Reconciled(_)
        | Section::Cleaned(_)
        | Section::BroughtBack(_)
        | Section::Backfilled(_) => 11,
    }
}

#[cfg(test)]
mod tests {
    use crate::exit::Signal;
    use crate::outcome::testing::{World, block, id, results};
    use crate::outcome::{BlockEnding, Limit, Results};
    use crate::plan::Scope;
    use crate::report::testing::{written, written_as, written_in_full};
    use crate::report::{Form, Output, Rows};

    fn text(world: &World, results: Option<&Results>) -> String {
        written(world, Output::Text, results)
    }

    fn text_on(columns: usize, world: &World, results: Option<&Results>) -> String {
        let form = Form {
            output: Output::Text,
            rows: Rows::Auto,
            columns: Some(columns),
        };
        written_as(world, form, results)
    }

    fn text_with(rows: Rows, world: &World) -> String {
        let form = Form {
            output: Output::Text,
            rows,
            columns: None,
        };
        written_as(world, form, None)
    }

    fn last_line(world: &World, results: Option<&Results>) -> String {
        let text = text(world, results);
        text.lines().last().map(str::to_owned).unwrap_or_default()
    }

    /// Two clusters, two windows, and one of everything that may be amiss.
    fn small() -> World {
        let ours = "migrated to s3://cold by thanos-bucket 9.9.9 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
        let in_next_window = block(5).hours(24 * 14, 24 * 15).level(3);
        let elsewhere = block(6).label("cluster", "us-1");
        World::of([
            block(1),
            block(2).hours(2, 4).without("index"),
            block(3).hours(4, 6).without_file_list(),
            block(4).hours(0, 6).resolution(300_000).sources([1, 2]),
            in_next_window.clone(),
            elsewhere.clone(),
            block(7).younger(),
            block(8).marked(ours),
            block(9).without("meta.json"),
        ])
        .holding([in_next_window.without("index"), elsewhere.level(9)])
    }

    #[test]
    fn a_small_plan_reads_like_this() {
        let text = text(&small(), None);
        assert_eq!(text, include_str!("golden/plan.txt"), "{text}");
    }

    /// S-17.7, S-17.8, S-17.9, S-17.10
    #[test]
    fn a_plan_that_is_summed_up_and_priced_reads_like_this() {
        let text = written_in_full(&small(), Output::Text, &["cluster", "tenant"]);
        assert_eq!(text, include_str!("golden/priced.txt"), "{text}");
        assert!(widest(&text) <= 80, "{text}");
    }

    #[test]
    fn a_small_report_reads_like_this() {
        let results = results(&[
            BlockEnding::Migrated,
            BlockEnding::MarkDeferred,
            BlockEnding::HeldBack,
            BlockEnding::Failed,
            BlockEnding::NotFinished,
        ]);
        let text = text(&small(), Some(&results));
        assert_eq!(text, include_str!("golden/report.txt"), "{text}");
    }

    /// S-14.1
    #[test]
    fn a_small_replication_reads_like_this() {
        let ours = "migrated to s3://hot by thanos-bucket 9.9.9 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
        let blocks = [
            block(1),
            block(2).hours(2, 4),
            block(3).hours(4, 6),
            block(4).younger(),
        ];
        let theirs = [block(2).hours(2, 4), block(3).hours(4, 6).marked(ours)];
        let world = World::of(blocks).holding(theirs).only_copied();
        let one = results(&[BlockEnding::Replicated]);
        let results = results(&[
            BlockEnding::Replicated,
            BlockEnding::AlreadyThere,
            BlockEnding::MarkedInTarget,
        ]);
        let text = text(&world, Some(&results));
        assert_eq!(text, include_str!("golden/replication.txt"), "{text}");
        let plan = last_line(&World::of([block(1)]).only_copied(), None);
        assert_eq!(
            plan,
            "This is a plan: no bucket was written. Without --dry-run it is carried out."
        );
        let world = World::of([block(1)]).only_copied();
        let end = "1 of 1 block done: each is in the target, or needed nothing, and nothing was written into the source. Nothing is left to do.";
        assert!(last_line(&world, Some(&one)).ends_with(end));
    }

    /// Three clusters with a thousand blocks each, one of which is damaged; and what is left out.
    fn three_thousand() -> World {
        let selected = (0..3000).map(|number| {
            let hours = 2 * i64::from(number % 1000);
            let cluster = ["a", "b", "c"].get(number as usize / 1000).copied();
            let block = block(number)
                .hours(hours, hours + 2)
                .label("cluster", cluster.unwrap_or_default());
            if number == 1500 {
                block.without("index")
            } else {
                block
            }
        });
        let younger = (3000..3500).map(|number| block(number).younger());
        let partial = (3500..4000).map(|number| block(number).without("meta.json"));
        World::of(selected.chain(younger).chain(partial))
    }

    fn widest(text: &str) -> usize {
        let widths = text.lines().map(|line| line.chars().count());
        widths.max().unwrap_or_default()
    }

    /// S-8.3
    #[test]
    fn three_thousand_blocks_are_summed_up_and_what_needs_a_person_is_shown() {
        let shown = text_on(80, &three_thousand(), None);
        assert!(shown.lines().count() < 80, "{shown}");
        assert!(widest(&shown) <= 80, "{shown}");
        let held_back = id(1501).to_string();
        assert!(!shown.contains(&held_back), "{shown}");
        for words in [
            "  2025-01-02 to 2025-01-16    168 blocks  168 GiB  168 copy\n",
            "{cluster=\"b\"}\n! 3 blocks from 2025-02-12 18:00 to 2025-02-13 00:00: held-back by",
            "  time-excluded: 500 blocks",
        ] {
            assert!(shown.contains(words), "{words}\n{shown}");
        }
    }

    /// S-8.3
    #[test]
    fn all_blocks_or_none_are_shown_where_that_is_asked_for() {
        let all = text_with(Rows::All, &three_thousand());
        for number in 0..4000 {
            let id = id(number).to_string();
            assert!(all.contains(&id), "{id}");
        }
        let none = text_with(Rows::None, &small());
        assert!(!none.contains("01J9ZK3M7Q8T5V6W7X00000001"), "{none}");
        assert!(none.contains("NOT HELD BY THE TARGET"), "{none}");
        assert!(none.contains("  incomplete: 1 block"), "{none}");
    }

    /// S-8.3
    #[test]
    fn nothing_is_wider_than_the_screen() {
        let mut results = results(&[BlockEnding::Failed; 5]);
        for outcome in &mut results.outcomes {
            outcome.detail = Some("word ".repeat(50));
        }
        for columns in [40, 66, 80, 100, 200] {
            for results in [None, Some(&results)] {
                let shown = text_on(columns, &small(), results);
                assert!(widest(&shown) <= columns, "{columns}\n{shown}");
            }
        }
    }

    /// S-8.3
    #[test]
    fn what_earlier_runs_have_marked_is_counted_by_run() {
        let by = |run: &str| {
            format!("migrated to s3://cold by thanos-bucket 0.1.0 run {run}, proven by checksum")
        };
        let first = by("01J9ZK3M7Q8T5V6W7X8Y9Z0A1B");
        let second = by("01J9ZK3M7Q8T5V6W7X8Y9Z0A1C");
        let blocks = (0..2000).map(|number| {
            let details = match number {
                0..1500 => first.as_str(),
                1500..1990 => second.as_str(),
                _ => "source of compacted block",
            };
            block(number).marked(details)
        });
        let held = (0..1990).map(block);
        let shown = text(&World::of(blocks).holding(held), None);
        assert!(shown.lines().count() < 20, "{shown}");
        let marked = "marked 2025-06-30 12:00 UTC";
        for line in [
            format!(
                "    1,500 blocks moved to s3://cold by run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B, {marked}"
            ),
            format!(
                "    490 blocks moved to s3://cold by run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1C, {marked}"
            ),
            format!("    10 blocks by others, {marked}"),
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
        }
    }

    /// S-8.4
    #[test]
    fn a_plan_that_overwrites_says_that_it_destroys() {
        let mut world = World::of([block(1)]).holding([block(1).level(2)]);
        world.rules.scope = Scope::Overwriting;
        let shown = text(&world, None);
        assert!(
            shown.contains("  ! warning     1 selected block replaced in the target"),
            "{shown}"
        );
        assert!(
            shown.contains("what lies there now is destroyed"),
            "{shown}"
        );
        assert!(shown.contains("\n! 01J9ZK3M7Q8T5V6W7X00000001"), "{shown}");
        let report = text(&world, Some(&results(&[BlockEnding::Overwritten])));
        assert!(!report.contains('!'), "{report}");
    }

    #[test]
    fn the_last_line_says_what_happened_and_what_comes_next() {
        let two = || World::of([block(1), block(2).hours(2, 4)]);
        let (migrated, failed) = (BlockEnding::Migrated, BlockEnding::Failed);
        let unfinished = BlockEnding::NotFinished;
        let mut stopped = results(&[migrated, unfinished]);
        stopped.signal = Some(Signal::Interrupt);
        let mut limited = results(&[migrated, unfinished]);
        limited.limit = Some(Limit::Duration);
        let mut aborted = results(&[failed, unfinished]);
        aborted.aborted = Some("write to s3://cold: no space".to_owned());
        for (world, results, words) in [
            (
                World::of([]),
                None,
                "the source has no blocks: nothing to do",
            ),
            (
                World::of([]).asking_for([1]),
                None,
                "the source has no blocks. 1 needs a person, as said above",
            ),
            (
                World::of([block(1).younger()]),
                None,
                "every block of the source is excluded (1 block: 1 time-excluded): nothing to do",
            ),
            (
                World::of([block(1).without("index")]),
                None,
                "1 incomplete). 1 needs a person, as said above",
            ),
            (two(), None, "Without --dry-run it is carried out"),
            (
                World::of([block(1)]).holding([block(1).level(2)]),
                None,
                "before a person has looked",
            ),
            (
                two(),
                Some(results(&[migrated, migrated])),
                "Nothing is left to do",
            ),
            (
                two(),
                Some(results(&[migrated, failed])),
                "1 of 2 blocks done. 1 needs a person, as said above. Then run it again",
            ),
            (
                two(),
                Some(limited),
                "Ended early by --max-duration, 1 of 2 blocks done, 1 not finished. To go on, run it again",
            ),
            (
                two(),
                Some(stopped),
                "Stopped by SIGINT, 1 of 2 blocks done",
            ),
            (
                two(),
                Some(aborted),
                "could not write to s3://cold: no space",
            ),
        ] {
            let line = last_line(&world, results.as_ref());
            assert!(line.contains(words), "{line}");
        }
    }

    #[test]
    fn hostile_names_cannot_forge_lines_or_drive_the_terminal() {
        let world = World::of([
            block(1)
                .label("a\n    01J9", "b\u{1b}[2J\u{202e}")
                .before_time(),
            block(2).marked("by\nhand\u{9b}31m"),
        ]);
        let mut results = results(&[BlockEnding::Failed]);
        for outcome in &mut results.outcomes {
            outcome.detail = Some("put\r\u{1b}]0;x\u{7}".to_owned());
        }
        for text in [text(&world, None), text(&world, Some(&results))] {
            let unprintable = |c| c != '\n' && crate::printable::is_unprintable(c);
            assert!(!text.contains(unprintable), "{text:?}");
            let ids = text.lines().filter(|line| line.get(2..6) == Some("01J9"));
            assert_eq!(ids.count(), 2, "{text}");
        }
    }

    #[test]
    fn an_id_that_was_asked_for_and_left_out_is_shown_as_such() {
        let world = World::of([block(1), block(2).younger()]).asking_for([2, 3]);
        let text = text(&world, None);
        assert!(
            text.contains("time-excluded: 1 block, though asked for by --id"),
            "{text}"
        );
        assert!(text.contains("\n! 01J9ZK3M7Q8T5V6W7X00000003\n"), "{text}");
    }

    #[test]
    fn a_block_whose_deletion_has_begun_is_not_saved_by_a_command() {
        let ours = "migrated to s3://cold by thanos-bucket 9.9.9 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
        let world = World::of([block(1).marked(ours).without("meta.json")]);
        let text = text(&world, None);
        assert!(text.contains("NOT HELD BY THE TARGET"), "{text}");
        assert!(!text.contains("--id="), "{text}");
        assert!(text.contains("stop the source's compactor"), "{text}");
    }
}
