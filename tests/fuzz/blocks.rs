//! The files of a block: what is taken stays within the block, and would be taken again.

use thanos_bucket::block::{
    BlockId, BlockMeta, DeletionMark, NoCompactMark, Provenance, is_loose_block_id,
};
use thanos_bucket::report::read_plan;

use super::corpus::{examples, texts};
use super::promise::{Promise, READ, assert_plain, block_of, text_of};

pub const PROMISES: [Promise; 5] = [
    Promise {
        name: "meta",
        seeds: || examples("meta.json"),
        tokens: JSON,
        slowest: READ,
        check: meta,
    },
    Promise {
        name: "mark",
        seeds: Vec::new,
        tokens: JSON,
        slowest: READ,
        check: mark,
    },
    Promise {
        name: "plan",
        seeds: Vec::new,
        tokens: JSON,
        slowest: READ,
        check: plan,
    },
    Promise {
        name: "provenance",
        seeds: || texts(&PROVENANCES),
        tokens: &["migrated to ", " by thanos-bucket ", " run ", " ", ","],
        slowest: READ,
        check: provenance,
    },
    Promise {
        name: "id",
        seeds: || texts(&IDS),
        tokens: &["0", "7", "8", "Z", "I", "é"],
        slowest: READ,
        check: id,
    },
];

const JSON: &[&str] = &[
    "null",
    "true",
    "{}",
    "[]",
    "\"\"",
    "\"id\":",
    "\"version\":1",
    "\"ulid\":",
    "\"files\":[",
    "\"rel_path\":\"../index\"",
    "\"sources\":[",
    "\"labels\":{",
    "\"details\":\"migrated to s3://a by thanos-bucket ",
    "\\u0000",
    "\\ud800",
    "\\u001b[2J",
    ",",
    "-9223372036854775809",
    "1e400",
];

const PROVENANCES: [&str; 3] = [
    "migrated to s3://cold/eu by thanos-bucket 0.1.0 run 01JGWNE9800000000000000001",
    "migrated to file:///a by thanos-bucket  by thanos-bucket 1 run 2, covered by 01J9ZK3M7Q8T5V6W7X8Y9Z0A1C",
    "source of compacted block",
];

const IDS: [&str; 3] = [
    "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B",
    "7ZZZZZZZZZZZZZZZZZZZZZZZZZ",
    "01j9zk3m7q8t5v6w7x8y9z0a1é",
];

fn meta(input: &[u8]) {
    match BlockMeta::parse(block_of(input), input) {
        Ok(meta) => {
            assert!(!meta.sources.is_empty() && meta.sources.is_sorted());
            assert!(meta.has_all_sources_of(&meta));
            for file in &meta.files() {
                let mut segments = file.path.split('/');
                let inside = segments.all(|segment| !matches!(segment, "" | "." | ".."));
                assert!(inside && !file.path.contains(['\0', '\\']), "{file:?}");
            }
        }
        Err(err) => assert_plain(&err),
    }
}

/// S-17.2
fn plan(input: &[u8]) {
    match read_plan(input) {
        Ok(file) => {
            let blocks = file.agreed.blocks();
            assert!(blocks.is_sorted_by(|one, next| one.id < next.id));
        }
        Err(err) => assert_plain(&err),
    }
}

fn mark(input: &[u8]) {
    let block = block_of(input);
    match DeletionMark::parse(block, input) {
        Ok(mark) => {
            assert_eq!(DeletionMark::parse(block, &mark.encode()), Ok(mark.clone()));
            assert_told_again(mark.provenance());
        }
        Err(err) => assert_plain(&err),
    }
    match NoCompactMark::parse(input) {
        Ok(mark) => {
            assert_eq!(NoCompactMark::parse(&mark.encode()), Ok(mark.clone()));
            assert_told_again(mark.provenance());
        }
        Err(err) => assert_plain(&err),
    }
}

fn provenance(input: &[u8]) {
    assert_told_again(Provenance::parse(&text_of(input)));
}

fn assert_told_again(ours: Option<Provenance>) {
    if let Some(ours) = ours {
        assert_eq!(Provenance::parse(&ours.to_string()), Some(ours));
    }
}

fn id(input: &[u8]) {
    let text = text_of(input);
    match text.parse::<BlockId>() {
        Ok(id) => assert_eq!(id.to_string(), text),
        Err(err) => {
            assert_plain(&err);
            let _ = is_loose_block_id(&text);
        }
    }
}

#[test]
fn real_files_are_accepted() {
    use super::corpus::files;

    for input in [files("tests/fuzz/corpus/meta"), examples("meta.json")].concat() {
        BlockMeta::parse(block_of(&input), &input).unwrap();
    }
    for input in files("tests/fuzz/corpus/mark") {
        DeletionMark::parse(block_of(&input), &input).unwrap();
    }
}
