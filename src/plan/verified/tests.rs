#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use std::sync::Arc;

use super::*;
use crate::block::{DeletionMark, MarkError};
use crate::block::{ReadBack, Strength};
use crate::plan::facts::testing::{Builder, block, id};
use crate::plan::facts::{Mark, SourceBlock, SourceMeta, TargetBlock, TargetIndex, TargetMeta};

const COLD: &str = "s3://cold";
const OURS: &str = "migrated to s3://cold by thanos-bucket 0.1.0 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";

/// What is said of the block `A`, and the first words of why.
fn said(source: Option<&SourceBlock>, target: Vec<TargetBlock>) -> (State, String) {
    let others: TargetIndex = target.into_iter().collect();
    let pair = Pair {
        id: id('A'),
        source,
        target: others.get(id('A')),
        others: &others,
        target_name: COLD,
    };
    let Verified { state, why, .. } = judge(&pair, &ReadBack::default());
    (state, why.unwrap_or_default())
}

fn of(source: Builder, target: Option<Builder>) -> (State, String) {
    let target = target.map(Builder::target);
    said(Some(&source.source()), target.into_iter().collect())
}

fn corrupted(block: TargetBlock, meta: TargetMeta) -> TargetBlock {
    TargetBlock { meta, ..block }
}

type Row = (Builder, Option<Builder>, State, &'static str);

fn hold<const N: usize>(table: [Row; N]) {
    for (source, target, state, why) in table {
        let told = format!(
            "{:?}",
            (source.clone().source(), target.clone().map(Builder::target))
        );
        let (found, because) = of(source, target);
        assert_eq!(found, state, "{told}: {because}");
        assert!(because.starts_with(why), "{because} instead of {why}");
    }
}

fn ours() -> Builder {
    block('A').marked(OURS)
}

fn theirs() -> Builder {
    block('A').marked("by hand")
}

fn torn() -> Builder {
    block('A').without("chunks/000001")
}

fn partial() -> Builder {
    block('A').without("meta.json")
}

/// S-13.2
#[test]
fn a_block_is_held_as_it_is_marked_and_what_no_migration_moves_is_left_out() {
    use State::{Held, HeldUnmarked, LeftOut, SourceOnly, Unreadable};
    let elsewhere = block('A').marked(&OURS.replace("cold", "other"));
    let odd = block('A').mark(Mark::Corrupted(MarkError::OtherVersion(2)));
    let closed = || block('A').mark(Mark::Unreadable("denied".into()));
    let here = || Some(block('A'));
    hold([
        (ours(), here(), Held, ""),
        (theirs(), here(), Held, ""),
        (block('A'), here(), HeldUnmarked, ""),
        // A damaged source is no reason to doubt a whole target.
        (torn(), here(), HeldUnmarked, ""),
        (
            odd,
            here(),
            HeldUnmarked,
            "its deletion mark in the source is none",
        ),
        (
            closed(),
            here(),
            Unreadable,
            "its deletion mark in the source: denied",
        ),
        (
            closed(),
            None,
            Unreadable,
            "its deletion mark in the source: denied",
        ),
        (block('A'), None, SourceOnly, ""),
        (
            torn(),
            None,
            SourceOnly,
            "and damaged there: chunks/000001 is missing",
        ),
        (
            theirs(),
            None,
            LeftOut,
            "it is marked for deletion: by hand",
        ),
        (
            elsewhere,
            None,
            SourceOnly,
            "it is marked for deletion: migrated to s3://other",
        ),
        (
            block('A').labels(&[]),
            None,
            LeftOut,
            "it has no external labels",
        ),
    ]);
}

/// S-13.2
#[test]
fn what_is_missing_in_the_target_is_told_from_what_is_another_one() {
    use State::{Different, MarkedNotHeld, TornTarget};
    let short = Some(block('A').object("index", 2));
    let long = Some(block('A').object("index", 4));
    let other = || Some(block('A').level(2));
    let less = Some(block('A').level(2).without("index"));
    let doomed = || Some(block('A').object("deletion-mark.json", 9));
    let more = Some(block('A').object("chunks/000002", 9));
    let unfinished = Some(block('A').object("thanos-bucket-overwrite.json", 9));
    let missing = "chunks/000001 is missing";
    hold([
        (block('A'), Some(torn()), TornTarget, missing),
        (theirs(), Some(torn()), TornTarget, missing),
        (
            block('A'),
            Some(partial()),
            TornTarget,
            "not published, meta.json is missing",
        ),
        (
            block('A'),
            short,
            TornTarget,
            "index has 2 bytes, the source's 3",
        ),
        (block('A'), unfinished, TornTarget, "an overwrite of it"),
        (
            block('A'),
            long,
            Different,
            "index has 4 bytes, the source's 3",
        ),
        (
            block('A'),
            other(),
            Different,
            "its meta.json is another one: level 2",
        ),
        (block('A'), less, Different, "its meta.json is another one"),
        (
            block('A'),
            more,
            Different,
            "chunks/000002 is not in the source",
        ),
        (block('A'), doomed(), Different, "it is marked for deletion"),
        (
            ours(),
            None,
            MarkedNotHeld,
            "chunks/000001 is missing, index is missing",
        ),
        (ours(), Some(torn()), MarkedNotHeld, missing),
        (
            ours(),
            other(),
            MarkedNotHeld,
            "its meta.json is another one",
        ),
        (ours(), doomed(), MarkedNotHeld, "it is marked for deletion"),
    ]);
}

/// S-13.2: the source's compactor deletes what is marked, `meta.json` first.
#[test]
fn a_block_that_is_being_deleted_is_judged_by_what_is_left() {
    use State::{Held, MarkedNotHeld, Partial, TargetOnly};
    let going = || ours().without("meta.json");
    let here = || Some(block('A'));
    hold([
        (going(), here(), Held, "the source's is being deleted"),
        (
            going(),
            Some(torn()),
            MarkedNotHeld,
            "chunks/000001 is missing",
        ),
        (going(), None, MarkedNotHeld, "chunks/000001 is missing"),
        (ours().without("index"), here(), Held, ""),
        // What is not published is nobody's block.
        (partial(), None, Partial, ""),
        (partial(), Some(partial()), Partial, ""),
        (partial(), here(), TargetOnly, ""),
    ]);
}

/// S-13.2
#[test]
fn what_the_source_has_no_more_is_judged_by_itself() {
    let bad = |meta| corrupted(block('A').target(), meta);
    for (target, state, why) in [
        (block('A').target(), State::TargetOnly, ""),
        (
            block('A').without_file_list().target(),
            State::TargetOnly,
            "",
        ),
        (
            block('A').marked("").target(),
            State::TargetOnly,
            "marked for deletion there",
        ),
        (
            block('A').without("index").target(),
            State::TornTarget,
            "index is missing, and the source",
        ),
        (block('A').without("meta.json").target(), State::Partial, ""),
        (
            block('A')
                .object("thanos-bucket-overwrite.json", 9)
                .target(),
            State::TornTarget,
            "an overwrite of it is not finished",
        ),
        (
            bad(TargetMeta::Corrupted("no".into())),
            State::TornTarget,
            "its meta.json is corrupted: no",
        ),
        (
            bad(TargetMeta::Unreadable("no".into())),
            State::Unreadable,
            "meta.json in the target: no",
        ),
    ] {
        let (found, because) = said(None, vec![target]);
        assert_eq!(found, state, "{because}");
        assert!(because.starts_with(why), "{because} instead of {why}");
    }
}

/// S-13.2
#[test]
fn a_block_that_another_one_was_made_of_is_covered() {
    let cover = || block('C').sources("AB").range(0, 20);
    let by = format!("by {}", id('C'));
    let unmarked = format!("{by}, and not marked in the source");
    let ours = || block('A').marked(OURS);
    for (source, target, state, why) in [
        (ours(), vec![cover()], State::Covered, by.clone()),
        (block('A'), vec![cover()], State::Covered, unmarked),
        (
            ours(),
            vec![cover(), block('A').without("index")],
            State::TornTarget,
            "index is missing".to_owned(),
        ),
        (
            ours(),
            vec![cover(), block('A').without("meta.json")],
            State::Covered,
            by.clone(),
        ),
        (
            ours().without("meta.json"),
            vec![cover()],
            State::Covered,
            by,
        ),
        (
            block('A'),
            vec![cover().series(2)],
            State::SourceOnly,
            format!(
                "{} of the target was made of it, and has fewer series",
                id('C')
            ),
        ),
    ] {
        let target = target.into_iter().map(Builder::target).collect();
        assert_eq!(said(Some(&source.source()), target), (state, why));
    }
}

/// S-13.2
#[test]
fn what_nobody_can_read_is_neither_held_nor_lost() {
    let bad = |meta| SourceBlock {
        meta,
        ..block('A').source()
    };
    let marked = |meta| SourceBlock {
        meta,
        ..block('A').marked(OURS).source()
    };
    let unreadable = || SourceMeta::Unreadable("denied".into());
    let corrupted_meta = || SourceMeta::Corrupted("no json".into());
    let why = "meta.json in the source: denied".to_owned();
    let here = || vec![block('A').target()];
    assert_eq!(
        said(Some(&bad(unreadable())), vec![]),
        (State::Unreadable, why.clone())
    );
    assert_eq!(
        said(Some(&bad(unreadable())), here()),
        (State::Unreadable, why.clone())
    );
    assert_eq!(
        said(Some(&marked(unreadable())), here()),
        (State::Unreadable, why)
    );
    // Its listing is enough to see that it is about to be lost.
    let (state, why) = said(Some(&marked(corrupted_meta())), vec![]);
    assert_eq!(state, State::MarkedNotHeld);
    let of_source = "; meta.json in the source: no json";
    assert!(why.ends_with(of_source), "{why}");
    let there = corrupted(block('A').target(), TargetMeta::Unreadable("denied".into()));
    let (state, why) = said(Some(&block('A').marked(OURS).source()), vec![there]);
    assert_eq!(
        (state, &*why),
        (State::Unreadable, "meta.json in the target: denied")
    );
}

/// S-13.3
#[test]
fn bytes_that_differ_make_a_block_different() {
    let (source, target) = (block('A').source(), block('A').target());
    let (ours, theirs) = (source.objects(), target.objects());
    let (one, other) = (ours.get("index").unwrap(), theirs.get("index").unwrap());
    let others: TargetIndex = [target].into_iter().collect();
    let judged = |block: &SourceBlock, equal| {
        let mut read = ReadBack::default();
        read.note(one, other, equal);
        let pair = Pair {
            id: id('A'),
            source: Some(block),
            target: others.get(id('A')),
            others: &others,
            target_name: COLD,
        };
        judge(&pair, &read)
    };
    let same = judged(&source, true);
    assert_eq!(
        (same.state, same.proof),
        (State::HeldUnmarked, Some(Strength::Size))
    );
    let differing = judged(&source, false);
    assert_eq!(differing.state, State::Different);
    assert_eq!(differing.why.as_deref(), Some("index has another content"));
    let marked = block('A').marked(OURS).source();
    assert_eq!(judged(&marked, false).state, State::MarkedNotHeld);
}

/// S-13.5
#[test]
fn a_block_of_one_bucket_is_judged_by_itself() {
    let corrupted_mark = Mark::Corrupted(MarkError::OfAnother(Box::new(DeletionMark::new(
        id('B'),
        String::new(),
        chrono::DateTime::UNIX_EPOCH,
    ))));
    let with_meta = |meta| SourceBlock {
        meta,
        ..block('A').source()
    };
    for (block, state, why) in [
        (block('A').source(), State::Whole, ""),
        (block('A').without_file_list().source(), State::Whole, ""),
        (block('A').marked("by hand").source(), State::Whole, ""),
        (block('A').without("meta.json").source(), State::Partial, ""),
        (
            block('A').without("index").source(),
            State::Damaged,
            "index is missing",
        ),
        (
            block('A').object("index", 2).source(),
            State::Damaged,
            "index has 2 bytes",
        ),
        (
            block('A').archived("index").source(),
            State::Unreadable,
            "index has to be restored",
        ),
        (
            block('A')
                .object("thanos-bucket-overwrite.json", 9)
                .source(),
            State::Damaged,
            "an overwrite of it is not finished",
        ),
        (
            block('A').mark(corrupted_mark).source(),
            State::Damaged,
            "its deletion mark is none: it names",
        ),
        (
            block('A').mark(Mark::Unreadable("denied".into())).source(),
            State::Unreadable,
            "its deletion mark: denied",
        ),
        (
            with_meta(SourceMeta::Corrupted("no".into())),
            State::Damaged,
            "meta.json: no",
        ),
        (
            with_meta(SourceMeta::Unreadable("no".into())),
            State::Unreadable,
            "meta.json: no",
        ),
    ] {
        let judged = judge_alone(&block);
        let because = judged.why.unwrap_or_default();
        assert_eq!(judged.state, state, "{because}");
        assert!(because.starts_with(why), "{because} instead of {why}");
    }
}

/// S-13.5
#[test]
fn what_there_is_to_know_of_neighbours_is_noted() {
    let blocks: Vec<Arc<SourceBlock>> = [
        block('A').marked("by hand"),
        block('B').range(10, 20),
        block('C').range(10, 20).sources("BZ"),
        block('D').range(15, 30),
        block('E').range(40, 50).without_file_list(),
        block('F').range(50, 60),
    ]
    .map(|block| Arc::new(block.source()))
    .into();
    let neighbours = Neighbours::new(&blocks);
    let noted = blocks.iter().map(|block| {
        let notes = neighbours.notes(block);
        let notes: Vec<String> = notes
            .into_iter()
            .map(|note| format!("{}: {}", note.name, note.text))
            .collect();
        notes.join("; ")
    });
    let noted: Vec<String> = noted.collect();
    let (b, c, d) = (id('B'), id('C'), id('D'));
    assert_eq!(
        noted,
        [
            "marked: marked for deletion: by hand".to_owned(),
            format!("duplicate: {c} holds all of it"),
            format!("overlap: overlaps {d}"),
            format!("overlap: overlaps {b} and 1 more"),
            "weak-inventory: meta.json names no files".to_owned(),
            String::new(),
        ]
    );
}
