//! The document for people: a summary, what is about to be lost, every selected block on one line, what is left out, totals, and what to do.
//! Lines that need a person begin with an exclamation mark.

mod blocks;
mod closing;
mod excluded;
mod summary;

use std::io::{self, Write};

use super::document::Document;

pub(super) fn write(document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
    summary::write(document, out)?;
    excluded::write_marked_not_held(document, out)?;
    blocks::write(document, out)?;
    excluded::write(document, out)?;
    closing::write_totals(document, out)?;
    closing::write(document, out)
}

#[cfg(test)]
mod tests {
    use crate::report::testing::{World, block, results};
    use crate::report::{BlockEnding, Output, Results, Signal};

    fn text(world: &World, results: Option<&Results>) -> String {
        world.written(Output::Text, results)
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

    #[test]
    fn three_thousand_blocks_have_one_line_each_and_what_is_left_out_is_brief() {
        let selected = (0..3000).map(|number| {
            let hours = 2 * i64::from(number % 1000);
            let cluster = ["a", "b", "c"].get(number as usize / 1000).copied();
            block(number)
                .hours(hours, hours + 2)
                .label("cluster", cluster.unwrap_or_default())
        });
        let younger = (3000..3500).map(|number| block(number).younger());
        let partial = (3500..4000).map(|number| block(number).without("meta.json"));
        let world = World::of(selected.chain(younger).chain(partial));
        let text = text(&world, None);
        for number in 0..3000 {
            let id = crate::report::testing::id(number).to_string();
            assert_eq!(text.matches(&id).count(), 1, "{id}");
        }
        assert!(text.contains("… and 480 more"));
        let further = text.lines().count() - 3000;
        assert!(further < 100, "{further} lines besides");
        let selected = text.lines().filter(|line| line.ends_with("copy"));
        let widest = selected.map(|line| line.chars().count()).max();
        assert!(widest <= Some(100), "{widest:?}");
    }

    #[test]
    fn the_last_line_says_what_happened_and_what_comes_next() {
        let two = || World::of([block(1), block(2).hours(2, 4)]);
        let (migrated, failed) = (BlockEnding::Migrated, BlockEnding::Failed);
        let unfinished = BlockEnding::NotFinished;
        let mut stopped = results(&[migrated, unfinished]);
        stopped.signal = Some(Signal::Interrupt);
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
                "the source has no blocks; look at what is marked !",
            ),
            (
                World::of([block(1).younger()]),
                None,
                "every block of the source is excluded (1 block: 1 time-excluded): nothing to do",
            ),
            (
                World::of([block(1).without("index")]),
                None,
                "1 incomplete); look at what is marked !",
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
                "1 of 2 blocks done. Look at the 1 block marked !",
            ),
            (
                two(),
                Some(results(&[migrated, unfinished])),
                "1 not finished. To go on, run it again",
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
            let unprintable = |c| c != '\n' && crate::report::human::is_unprintable(c);
            assert!(!text.contains(unprintable), "{text:?}");
            let ids = text.lines().filter(|line| line.get(4..8) == Some("01J9"));
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
        assert!(text.contains("  ! 01J9ZK3M7Q8T5V6W7X00000003\n"), "{text}");
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
