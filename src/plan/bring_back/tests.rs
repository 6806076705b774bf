#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::super::facts::testing::{Builder, block, id};
use super::*;
use crate::block::{DELETION_MARK, DeletionMark, LeftOut, MarkError};
use crate::bucket::Lost;

const RUN: &str = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
const OURS: &str =
    "migrated to s3://minio:9000/cold by thanos-bucket 0.1.0 run 01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";

fn time(seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(1_767_225_600 + seconds, 0)
}

/// Of what the builder makes, what is not named in `there` was deleted then.
fn past(builder: Builder, there: &[&str], deleted: Option<DateTime<Utc>>) -> PastBlock {
    let block = builder.source();
    let objects = block.objects();
    let all = objects.iter().map(|(_, object)| object.clone());
    let all = all.chain(objects.left_out().cloned());
    let (now, gone): (Vec<Object>, Vec<Object>) =
        all.partition(|object| there.contains(&&*object.name));
    let is_marked = now.iter().any(|object| &*object.name == DELETION_MARK);
    let gone = gone
        .into_iter()
        .filter(|object| &*object.name != DELETION_MARK);
    let provenance = match &block.mark {
        Mark::Present(mark) => mark.provenance(),
        _ => None,
    };
    PastBlock {
        id: block.id,
        now: now.into_iter().collect(),
        gone: gone
            .map(|object| Gone {
                lost: Lost {
                    size_bytes: object.size_bytes,
                    etag: None,
                    version: "1".to_owned(),
                    hidden_by: Vec::new(),
                },
                object,
                deleted,
            })
            .collect(),
        lost: Vec::new(),
        meta: block.meta,
        marked_by: provenance.filter(|_| !is_marked),
        mark: if is_marked { block.mark } else { Mark::Absent },
    }
}

fn wish(ids: &str, run: Option<&str>) -> BringBack {
    BringBack {
        filter: Filter {
            ids: ids.chars().map(id).collect(),
            ..Filter::default()
        },
        run: run.map(|run| run.parse().unwrap()),
    }
}

/// In a word, and the names that come back.
fn told(wish: &BringBack, block: &PastBlock) -> String {
    match wish.recall(block) {
        Recall::NotMeant => "not meant".to_owned(),
        Recall::IsThere => "is there".to_owned(),
        Recall::Refuse(why, _) => why.as_str().to_owned(),
        Recall::BringBack(missing) => {
            let names: Vec<&str> = missing.all().map(|gone| &*gone.object.name).collect();
            names.join(" ")
        }
    }
}

const ALL: &str = "chunks/000001 index meta.json";
const WHOLE: [&str; 3] = ["chunks/000001", "index", "meta.json"];

/// S-19.1, S-19.3, S-19.6
#[test]
fn a_block_that_was_asked_for_comes_back_whole_or_not_at_all() {
    let (any, this) = (wish("", None), wish("", Some(RUN)));
    let (named, other) = (
        wish("A", None),
        wish("A", Some("01J9ZK3M7Q8T5V6W7X8Y9Z0A1C")),
    );
    let gone = |builder| past(builder, &[], time(0));
    let half = |builder| past(builder, &["chunks/000001", DELETION_MARK], time(0));
    let whole = |builder| past(builder, &[&WHOLE[..], &[DELETION_MARK]].concat(), None);
    let ours = || block('A').marked(OURS);
    let by_hand = || block('A').marked("by hand");
    let mut of_5m = named.clone();
    of_5m.filter.resolutions_ms.insert(300_000);
    let mut only_5m = any.clone();
    only_5m.filter.resolutions_ms.insert(300_000);
    let unread = |builder| PastBlock {
        meta: SourceMeta::Unreadable("denied".into()),
        ..gone(builder)
    };
    let corrupted = |builder| PastBlock {
        meta: SourceMeta::Corrupted("no JSON".into()),
        ..gone(builder)
    };
    let odd_mark = |builder| PastBlock {
        mark: Mark::Corrupted(MarkError::OtherVersion(2)),
        ..gone(builder)
    };
    let files = |files: &str| past(block('A').without_file_list().object(files, 500), &[], None);
    for (row, (wish, block, expected)) in [
        (&any, gone(block('A')), ALL),
        (&any, gone(ours()), ALL),
        (&this, gone(ours()), ALL),
        (&this, gone(by_hand()), "not meant"),
        (&other, gone(ours()), "not-ours"),
        (&other, gone(block('A')), "not-ours"),
        (&named, gone(block('A')), ALL),
        (&wish("B", None), gone(block('A')), "not meant"),
        (&only_5m, gone(block('A')), "not meant"),
        (&of_5m, gone(block('A')), "excluded"),
        // What lies there, whole.
        (&any, whole(block('A')), "not meant"),
        (&named, whole(block('A')), "is there"),
        (&named, whole(ours()), "marked"),
        (&this, whole(ours()), "marked"),
        (&this, past(ours(), &WHOLE, None), "is there"),
        // Half deleted, and marked.
        (&named, half(ours()), "index meta.json"),
        (&named, half(by_hand()), "marked"),
        (&named, odd_mark(block('A')), "marked"),
        // Something is kept no longer.
        (&any, gone(block('A').without("index")), "not-whole"),
        (&any, gone(block('A').object("index", 4)), "not-whole"),
        (&any, gone(block('A').without("meta.json")), "not meant"),
        (
            &named,
            gone(block('A').without("meta.json")),
            "no-meta-json",
        ),
        (&any, unread(block('A')), "unreadable"),
        (&wish("B", None), unread(block('A')), "not meant"),
        (&named, corrupted(block('A')), "corrupted-meta-json"),
        (&any, corrupted(block('A')), "not meant"),
        (&any, gone(block('A').archived("index")), "archived"),
        // Without a list of files, segments are to follow one another.
        (
            &any,
            files("chunks/000002"),
            "chunks/000001 chunks/000002 index meta.json",
        ),
        (&any, files("chunks/000003"), "not-whole"),
        // Nothing was deleted, and something was never there.
        (
            &any,
            past(block('A').without("index"), &WHOLE, None),
            "not meant",
        ),
        (
            &named,
            past(block('A').without("index"), &WHOLE, None),
            "not-whole",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let mut told: Vec<String> = told(wish, &block).split(' ').map(str::to_owned).collect();
        let mut expected: Vec<&str> = expected.split(' ').collect();
        told.sort();
        expected.sort_unstable();
        assert_eq!(told, expected, "row {row}");
    }
}

/// S-19.3
#[test]
fn what_was_deleted_before_the_block_was_stays_deleted() {
    let with = |name: &str, deleted| {
        let mut block = past(block('A').object(name, 9), &[], time(0));
        for gone in &mut block.gone {
            if &*gone.object.name == name {
                gone.deleted = deleted;
            }
        }
        told(&wish("A", None), &block)
            .split(' ')
            .any(|one| one == name)
    };
    for (name, deleted, expected) in [
        ("no-compact-mark.json", time(5), true),
        ("no-compact-mark.json", time(0), true),
        ("no-compact-mark.json", time(-5), false),
        ("no-compact-mark.json", None, true),
        ("change.log", time(5), true),
        ("change.log", time(-5), false),
        ("change.log", None, false),
        // A stand-in for a directory.
        ("chunks", time(5), false),
        // A segment that the list of files lacks is none of the block's.
        ("chunks/000002", time(5), false),
    ] {
        assert_eq!(with(name, deleted), expected, "{name} {deleted:?}");
    }
}

/// S-19.3: without a list of files a last segment is known by what was deleted only.
#[test]
fn a_last_segment_that_was_deleted_belongs_to_the_block() {
    let silent = || block('A').without_file_list().object("chunks/000002", 500);
    let live = past(silent(), &WHOLE, time(0));
    assert_eq!(told(&wish("A", None), &live), "chunks/000002");
    let lost = PastBlock {
        lost: vec!["chunks/000002".into()],
        ..past(block('A').without_file_list(), &[], time(0))
    };
    assert_eq!(told(&wish("A", None), &lost), "not-whole");
    let listed = PastBlock {
        lost: vec!["chunks/000002".into()],
        ..past(block('A'), &WHOLE, time(0))
    };
    assert_eq!(told(&wish("A", None), &listed), "is there");
}

/// S-19.3: somebody took the mark away from a block that stayed.
#[test]
fn a_mark_that_was_taken_away_from_a_live_block_stays_away() {
    let there = ["chunks/000001", "meta.json"];
    let block = past(block('A').object(NO_COMPACT_MARK, 9), &there, time(0));
    assert_eq!(told(&wish("A", None), &block), "index");
}

/// S-19.6: what was deleted softly is listed, and can be had by nobody.
#[test]
fn what_cannot_be_read_does_not_come_back() {
    let mut block = past(block('A'), &[], None);
    for gone in &mut block.gone {
        if &*gone.object.name == "index" {
            gone.object.left_out = Some(LeftOut::Odd("deleted softly".into()));
        }
    }
    assert_eq!(told(&wish("A", None), &block), "not-whole");
}

/// S-19.6
#[test]
fn a_block_does_not_come_back_beside_one_that_holds_its_time() {
    let meta = |builder: Builder| Arc::new(builder.meta_file());
    let coming = |builder: Builder, run: Option<&str>| Candidate {
        meta: meta(builder),
        run: run.map(|run| run.parse().unwrap()),
    };
    let word = |among: &Among, builder: Builder| match among.beside(&builder.meta_file().block) {
        Beside::Free => "free",
        Beside::Kept(why, _) => why.as_str(),
    };
    let ours = || block('A').range(0, 10);
    let made = || block('C').range(0, 20).sources("AB");
    for (row, (live, candidates, expected)) in [
        (vec![], vec![], "free"),
        (vec![made()], vec![], "superseded"),
        (vec![made().labels(&[("cluster", "x")])], vec![], "free"),
        (vec![made().resolution(300_000)], vec![], "free"),
        (vec![block('D').range(5, 15)], vec![], "would-overlap"),
        (vec![block('D').range(10, 20)], vec![], "free"),
        (vec![], vec![coming(made(), None)], "superseded"),
        (
            vec![],
            vec![coming(block('D').range(5, 15), None)],
            "would-overlap",
        ),
        (vec![], vec![coming(block('D').range(10, 15), None)], "free"),
        (
            vec![],
            vec![coming(block('D').range(5, 15), Some(RUN))],
            "free",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let live: Vec<_> = live.into_iter().map(meta).collect();
        let all = [vec![coming(ours(), Some(RUN))], candidates].concat();
        let among = Among::new(&live, HashMap::new(), &all);
        assert_eq!(word(&among, ours()), expected, "row {row}");
    }
    // One run moved both, so that they lay beside each other.
    let runs = HashMap::from([(id('D'), RUN.parse().unwrap())]);
    let live = [meta(block('D').range(5, 15))];
    let among = Among::new(&live, runs, &[coming(ours(), Some(RUN))]);
    assert_eq!(word(&among, ours()), "free");
    // What comes back first hides nothing that it was made of.
    let among = Among::new(
        &[],
        HashMap::new(),
        &[coming(made(), None), coming(ours(), None)],
    );
    assert_eq!(word(&among, made()), "free");
}

#[test]
fn a_mark_is_that_of_the_run_that_is_named_in_it() {
    let mark = DeletionMark::new(id('A'), OURS.to_owned(), time(0).unwrap());
    let marked = PastBlock {
        mark: Mark::Present(Box::new(mark)),
        ..past(block('A'), &[], None)
    };
    assert_eq!(
        marked.run().map(|run| run.to_string()).as_deref(),
        Some(RUN)
    );
    assert_eq!(past(block('A'), &[], None).run(), None);
    assert!(past(block('A').marked(OURS), &[], None).run().is_some());
}
