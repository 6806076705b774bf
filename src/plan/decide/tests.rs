#![expect(
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "a table is long, and a test that cannot be set up should panic"
)]

use chrono::DateTime;

use super::*;
use crate::block::{DeletionMark, MarkError};
use crate::plan::facts::testing::{Builder, block, id, rules, source, target};
use crate::plan::{Mark, Scope};

/// The actions without and with `--overwrite-existing`, for a source that holds this block alone.
fn both<const N: usize>(ours: &Builder, theirs: [Builder; N]) -> (Action, Action) {
    let overwriting = Rules {
        scope: Scope::Overwriting,
        ..rules()
    };
    let kept = decided(ours, theirs.clone(), &rules());
    (kept, decided(ours, theirs, &overwriting))
}

fn decided<const N: usize>(ours: &Builder, theirs: [Builder; N], rules: &Rules) -> Action {
    let blocks = source([ours.clone()]);
    let index = SourceIndex::new(&blocks);
    let meta = ours.clone().meta_file();
    decide(
        &ours.clone().source(),
        &meta,
        &target(theirs),
        &index,
        rules,
    )
}

/// A block of another time, whose mark names the other one.
fn naming(block_of_the_mark: char, named: char) -> Builder {
    let mark = DeletionMark::new(id(named), String::new(), DateTime::UNIX_EPOCH);
    block(block_of_the_mark)
        .range(100, 110)
        .mark(Mark::Corrupted(MarkError::OfAnother(Box::new(mark))))
}

fn same(action: Action) -> (Action, Action) {
    (action.clone(), action)
}

/// S-5.1
#[test]
fn the_decision_table_holds_row_by_row() {
    let ours = block('A');
    let cover = || block('C').sources("AB").range(0, 20);
    let proof = Cover::of(
        &ours.clone().meta_file().block,
        &cover().meta_file().block,
        &cover().target().objects(),
    );
    let unproven = |why| same(Action::CoveredUnproven { by: id('C'), why });
    let conflict = |conflict: Conflict| {
        (
            Action::Conflict(conflict.clone()),
            Action::Overwrite(conflict),
        )
    };
    let table = [
        (
            "a cover",
            both(&ours, [cover()]),
            same(Action::Covered(proof.unwrap())),
        ),
        (
            "a cover without a file list",
            both(&ours, [cover().without_file_list()]),
            unproven(NoCover::NotWhole),
        ),
        (
            "a cover that lacks an object",
            both(&ours, [cover().without("index")]),
            unproven(NoCover::NotWhole),
        ),
        (
            "a cover that begins later",
            both(&ours, [cover().range(1, 20)]),
            unproven(NoCover::ShorterRange),
        ),
        (
            "a rewritten cover",
            both(&ours, [cover().rewritten()]),
            unproven(NoCover::Rewritten),
        ),
        (
            "a cover with fewer series",
            both(&ours, [cover().series(2)]),
            unproven(NoCover::FewerSeries),
        ),
        (
            "a marked cover",
            both(&ours, [cover().marked("")]),
            unproven(NoCover::Marked),
        ),
        (
            "a cover that another block's mark names",
            both(&ours, [cover(), naming('D', 'C')]),
            unproven(NoCover::NamedBy(id('D'))),
        ),
        (
            "a mark of another block that names this one",
            both(&ours, [naming('D', 'A')]),
            same(Action::Conflict(Conflict::NamedBy(id('D')))),
        ),
        (
            "the same block, named by a mark of another block",
            both(&ours, [ours.clone(), naming('D', 'A')]),
            same(Action::Conflict(Conflict::NamedBy(id('D')))),
        ),
        (
            "the same block, named by a mark where there is no meta",
            both(&ours, [ours.clone(), naming('D', 'A').without("meta.json")]),
            (
                Action::AlreadyThere(Put::Differing),
                Action::AlreadyThere(Put::Unproven),
            ),
        ),
        (
            "a twin of a larger id, which goes in favour of this block's torn copy",
            both(
                &ours,
                [ours.clone().without("index"), block('C').sources("A")],
            ),
            (
                Action::Repair(Put::Differing),
                Action::Repair(Put::Unproven),
            ),
        ),
        (
            "a twin of a smaller id, which stays",
            both(
                &block('C').sources("A"),
                [block('C').sources("A").without("index"), ours.clone()],
            ),
            same(Action::Covered(
                Cover::of(
                    &block('C').sources("A").meta_file().block,
                    &ours.clone().meta_file().block,
                    &ours.clone().target().objects(),
                )
                .unwrap(),
            )),
        ),
        (
            "a cover of another resolution",
            both(&ours, [cover().resolution(300_000)]),
            same(Action::Copy(Put::Differing)),
        ),
        (
            "a mark on this block",
            both(&ours, [ours.clone().object("deletion-mark.json", 9)]),
            same(Action::Conflict(Conflict::Marked)),
        ),
        (
            "a mark and no meta",
            both(
                &ours,
                [ours
                    .clone()
                    .without("meta.json")
                    .object("deletion-mark.json", 9)],
            ),
            same(Action::Conflict(Conflict::Marked)),
        ),
        (
            "nothing",
            both(&ours, []),
            same(Action::Copy(Put::Differing)),
        ),
        (
            "objects and our overwrite file",
            both(
                &ours,
                [ours
                    .clone()
                    .without("meta.json")
                    .object("thanos-bucket-overwrite.json", 2)],
            ),
            same(Action::Copy(Put::All)),
        ),
        (
            "objects without a meta",
            both(&ours, [ours.clone().without("meta.json")]),
            (Action::Copy(Put::Differing), Action::Copy(Put::All)),
        ),
        (
            "the same block",
            both(&ours, [ours.clone()]),
            (
                Action::AlreadyThere(Put::Differing),
                Action::AlreadyThere(Put::Unproven),
            ),
        ),
        (
            "the same meta, an object missing",
            both(&ours, [ours.clone().without("index")]),
            (
                Action::Repair(Put::Differing),
                Action::Repair(Put::Unproven),
            ),
        ),
        (
            "the same meta, an object different",
            both(&ours, [ours.clone().object("index", 4)]),
            (
                Action::Repair(Put::Differing),
                Action::Repair(Put::Unproven),
            ),
        ),
        (
            "the same meta, a surplus segment",
            both(&ours, [ours.clone().object("chunks/000002", 4)]),
            (
                Action::Repair(Put::Differing),
                Action::Repair(Put::Unproven),
            ),
        ),
        (
            "an overwrite begun",
            both(
                &ours,
                [ours.clone().object("thanos-bucket-overwrite.json", 2)],
            ),
            same(Action::Repair(Put::All)),
        ),
        (
            "another meta",
            both(&ours, [ours.clone().series(4)]),
            conflict(Conflict::Differs {
                what: "series 4 instead of 3".to_owned(),
                objects: 3,
                bytes: 15,
            }),
        ),
        (
            "an overlap",
            both(&ours, [block('D').range(5, 15)]),
            same(Action::WouldOverlap { with: id('D') }),
        ),
        (
            "a touching neighbour",
            both(&ours, [block('D').range(10, 15)]),
            same(Action::Copy(Put::Differing)),
        ),
        (
            "an overlap in another group",
            both(&ours, [block('D').range(5, 15).resolution(300_000)]),
            same(Action::Copy(Put::Differing)),
        ),
        (
            "a marked overlap",
            both(&ours, [block('D').range(5, 15).marked("")]),
            same(Action::Copy(Put::Differing)),
        ),
        (
            "an overlap whose mark Thanos cannot read",
            both(
                &ours,
                [block('D')
                    .range(5, 15)
                    .mark(Mark::Corrupted(MarkError::OtherVersion(2)))],
            ),
            same(Action::WouldOverlap { with: id('D') }),
        ),
        (
            "an overlap and the same block",
            both(&ours, [ours.clone(), block('D').range(5, 15)]),
            (
                Action::AlreadyThere(Put::Differing),
                Action::AlreadyThere(Put::Unproven),
            ),
        ),
    ];
    for (row, actual, expected) in table {
        assert_eq!(actual, expected, "{row}");
    }
}

/// S-5.2
#[test]
fn a_block_that_ours_was_made_of_is_no_overlap() {
    let ours = block('C').sources("AB").range(0, 20);
    let parts = [block('A'), block('B').range(10, 20)];
    assert_eq!(both(&ours, parts), same(Action::Copy(Put::Differing)));
}

/// S-5.2
#[test]
fn an_overlap_that_the_source_has_too_is_none_of_our_making() {
    let ours = block('A');
    let meta = ours.clone().meta_file();
    let theirs = || target([block('D').range(5, 15)]);
    for blocks in [
        source([ours.clone(), block('D').range(5, 15)]),
        source([ours.clone(), block('D').range(5, 15).marked("")]),
        source([ours.clone(), block('E').range(2, 4)]),
    ] {
        let index = SourceIndex::new(&blocks);
        let action = decide(&ours.clone().source(), &meta, &theirs(), &index, &rules());
        assert_eq!(action, Action::Copy(Put::Differing));
    }
}

/// S-5.3
#[test]
fn without_a_file_list_a_surplus_segment_may_be_the_last_copy() {
    let ours = block('A').without_file_list();
    let theirs = ours.clone().object("chunks/000002", 4);
    let conflict = Conflict::Surplus("chunks/000002".into());
    let expected = (
        Action::Conflict(conflict.clone()),
        Action::Overwrite(conflict),
    );
    assert_eq!(both(&ours, [theirs.clone()]), expected);
    let (keep, overwrite) = both(&ours, [theirs.without("meta.json")]);
    assert_eq!(keep, expected.0);
    assert_eq!(overwrite, Action::Copy(Put::All));
}

#[test]
fn what_is_put_follows_from_how_far_the_objects_agree() {
    let names = |ours: &Builder, theirs: Builder, put| {
        let (ours, theirs) = (ours.clone().source().objects(), theirs.target().objects());
        objects_to_put(&ours, &theirs, put)
            .into_iter()
            .map(|object| object.name.to_string())
            .collect::<Vec<_>>()
    };
    let same = block('A').checksum("index", '1');
    let put = |theirs, put| names(&same, theirs, put);
    assert!(put(same.clone(), Put::Differing).is_empty());
    assert_eq!(put(same.clone(), Put::Unproven), ["chunks/000001"]);
    assert_eq!(put(same.clone(), Put::All), ["chunks/000001", "index"]);
    assert_eq!(
        put(same.clone().without("chunks/000001"), Put::Differing),
        ["chunks/000001"]
    );
    // Where nothing agrees, tags that differ may be no digests; where something does, they are.
    let other = block('A').checksum("index", '2');
    assert!(put(other.clone(), Put::Differing).is_empty());
    let with_meta = |block: Builder| block.checksum("meta.json", '3');
    assert_eq!(
        names(&with_meta(same), with_meta(other), Put::Differing),
        ["index"]
    );
}

/// S-5.17: what somebody left behind is known by its size at most, and publishing it would show it.
#[test]
fn content_is_not_proven_by_keeping_what_lies_there() {
    let ours = block('A');
    let left = || ours.clone().without("meta.json");
    for (verify, put) in [
        (Strength::Size, Put::Differing),
        (Strength::Checksum, Put::Differing),
        (Strength::Content, Put::Unproven),
    ] {
        let rules = Rules { verify, ..rules() };
        assert_eq!(decided(&ours, [left()], &rules), Action::Copy(put));
    }
}

/// S-14.4
#[test]
fn nothing_is_copied_to_where_it_is_about_to_be_deleted() {
    let copying = Rules {
        purpose: Purpose::Copy,
        ..rules()
    };
    let ours = "migrated to s3://cold by thanos-bucket 0.1.0 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B, proven by size";
    let unreadable = || block('A').mark(Mark::Unreadable("closed".into()));
    for (theirs, by) in [
        (
            block('A').marked(ours),
            Some("moved to s3://cold by run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B"),
        ),
        (block('A').marked("too old"), Some("by others: too old")),
        (block('A').marked(""), Some("by others")),
        (unreadable(), None),
        (unreadable().without("meta.json"), None),
    ] {
        let action = decided(&block('A'), [theirs.clone()], &copying);
        assert_eq!(action.as_str(), "marked-in-target");
        assert_eq!(action.detail().as_deref(), by);
        assert!(action.leaves_alone() && action.put().is_none());
        let moving = decided(&block('A'), [theirs], &rules());
        assert_eq!(moving, Action::Conflict(Conflict::Marked));
    }
    // What covers it there is held, whatever lies under its own id.
    let theirs = [block('C').sources("AB").range(0, 20), block('A').marked("")];
    assert_eq!(decided(&block('A'), theirs, &copying).as_str(), "covered");
}
