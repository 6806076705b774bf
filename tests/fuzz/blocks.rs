//! The files of a block: what is taken stays within the block, and would be taken again.

use thanos_bucket::block::{BlockId, BlockMeta, DeletionMark, Provenance, is_loose_block_id};

use super::corpus::{examples, files, texts};
use super::promise::{READ, assert_plain, block_of, text_of};
use super::runner::Parser;

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
    "\\u0000",
    "\\ud800",
    "\\u001b[2J",
    ",",
];

#[test]
fn meta_json() {
    let corpus = [files("meta"), examples("meta.json")].concat();
    for input in &corpus {
        BlockMeta::parse(block_of(input), input).unwrap();
    }
    let check = |input: &[u8]| match BlockMeta::parse(block_of(input), input) {
        Ok(meta) => {
            assert!(!meta.sources.is_empty() && meta.sources.is_sorted());
            assert!(meta.has_all_sources_of(&meta));
            for file in &meta.files {
                let mut segments = file.path.split('/');
                let inside = segments.all(|segment| !matches!(segment, "" | "." | ".."));
                assert!(inside && !file.path.contains(['\0', '\\']), "{file:?}");
            }
        }
        Err(err) => assert_plain(&err),
    };
    Parser {
        name: "meta",
        corpus,
        tokens: JSON,
        slowest: READ,
        check,
    }
    .run();
}

#[test]
fn marks() {
    let corpus = files("mark");
    for input in &corpus {
        DeletionMark::parse(block_of(input), input).unwrap();
    }
    let check = |input: &[u8]| {
        let block = block_of(input);
        match DeletionMark::parse(block, input) {
            Ok(mark) => {
                assert_eq!(DeletionMark::parse(block, &mark.encode()), Ok(mark.clone()));
                if let Some(ours) = mark.provenance() {
                    assert_eq!(Provenance::parse(&ours.to_string()), Some(ours));
                }
            }
            Err(err) => assert_plain(&err),
        }
    };
    Parser {
        name: "mark",
        corpus,
        tokens: JSON,
        slowest: READ,
        check,
    }
    .run();
}

#[test]
fn provenance() {
    let corpus = texts(&[
        "migrated to s3://cold/eu by thanos-bucket 0.1.0 run 01JGWNE9800000000000000001",
        "migrated to file:///a by thanos-bucket  by thanos-bucket 1 run 2, covered by 01J9ZK3M7Q8T5V6W7X8Y9Z0A1C",
        "source of compacted block",
    ]);
    let check = |input: &[u8]| {
        if let Some(ours) = Provenance::parse(&text_of(input)) {
            assert_eq!(Provenance::parse(&ours.to_string()), Some(ours));
        }
    };
    let tokens = &["migrated to ", " by thanos-bucket ", " run ", " ", ","];
    Parser {
        name: "provenance",
        corpus,
        tokens,
        slowest: READ,
        check,
    }
    .run();
}

#[test]
fn block_ids() {
    let corpus = texts(&[
        "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B",
        "7ZZZZZZZZZZZZZZZZZZZZZZZZZ",
        "01j9zk3m7q8t5v6w7x8y9z0a1é",
    ]);
    let check = |input: &[u8]| {
        let text = text_of(input);
        match text.parse::<BlockId>() {
            Ok(id) => assert_eq!(id.to_string(), text),
            Err(err) => {
                assert_plain(&err);
                let _ = is_loose_block_id(&text);
            }
        }
    };
    Parser {
        name: "id",
        corpus,
        tokens: &["0", "7", "8", "Z", "I", "é"],
        slowest: READ,
        check,
    }
    .run();
}
