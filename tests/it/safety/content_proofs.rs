//! How thoroughly a move is proven, and how a run keeps to its time and its bytes.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::block::Block;
use crate::support::folders::{World, copy_tree, tree};
use crate::support::minio::Minio;
use crate::support::proxy::{Line, Request};
use crate::support::run::{OLD, Ran, migrate};
use crate::support::world::Contents;

const CHUNK: &str = "chunks/000001";

/// One byte becomes another; the size stays.
fn flip(content: &[u8]) -> Vec<u8> {
    let mut flipped = content.to_vec();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    flipped
}

fn details(folder: &Path, block: &Block) -> String {
    let mark = fs::read(folder.join(block.id()).join("deletion-mark.json")).unwrap();
    let mark: Value = serde_json::from_slice(&mark).unwrap();
    mark["details"].as_str().unwrap().to_owned()
}

#[track_caller]
fn only_outcome(ran: &Ran) -> Value {
    let report = ran.json();
    assert_eq!(report["blocks"].as_array().unwrap().len(), 1);
    report["blocks"][0]["outcome"].clone()
}

/// S-5.17: in a folder, whose listings tell no content, only reading finds a flipped byte.
#[test]
fn reading_finds_a_flipped_byte_that_no_listing_shows() {
    struct Case {
        verify: &'static str,
        proof: &'static str,
        is_found: bool,
    }
    for case in [
        Case {
            verify: "checksum",
            proof: "size",
            is_found: false,
        },
        Case {
            verify: "content",
            proof: "content",
            is_found: true,
        },
    ] {
        let Case {
            verify,
            proof,
            is_found,
        } = case;
        let block = Block::new(1);
        let world = World::new(std::slice::from_ref(&block));
        copy_tree(&world.source, &world.target);
        let whole = tree(&world.source);
        let chunk = world.target.join(block.id()).join(CHUNK);
        fs::write(&chunk, flip(&fs::read(&chunk).unwrap())).unwrap();
        let verify = format!("--verify={verify}");
        let ran = world
            .migrate(&[OLD, "--output=json", &verify, "--allow-replica-target"])
            .expect(0);
        let outcome = only_outcome(&ran);
        assert_eq!(outcome["proof"], proof, "{outcome}");
        assert_eq!(tree(&world.target) == whole, is_found);
        let told = ran.stderr.contains("other bytes");
        assert_eq!(told, is_found, "{}", ran.stderr);
        let details = details(&world.source, &block);
        assert!(
            details.ends_with(&format!(", proven by {proof}")),
            "{details}"
        );
    }
}

/// S-5.17: entity tags of one layout tell the content.
#[test]
fn a_flipped_byte_in_s3_is_mended_without_a_download_being_asked_for() {
    let minio = Minio::start();
    let block = Block::new(1);
    let world = World::new(std::slice::from_ref(&block));
    let (hot, cold) = (minio.bucket("hot"), minio.bucket("cold"));
    hot.put_all(&world.source);
    cold.put_all(&world.source);
    let chunk = format!("{}/{CHUNK}", block.id());
    cold.put(&chunk, flip(&hot.tree()[&chunk]));
    let (source, target) = (hot.config("hot.yaml"), cold.config("cold.yaml"));
    let ran = Ran::of(migrate(&source, &target, &[OLD, "--output=json"])).expect(0);
    let outcome = only_outcome(&ran);
    assert_eq!(outcome["ending"], "repaired", "{outcome}");
    assert_eq!(outcome["proof"], "checksum", "{outcome}");
    assert_eq!(cold.tree()[&chunk], hot.tree()[&chunk]);
}

/// S-5.17, S-5.12: entity tags tell the content of all objects but one, which is encrypted by itself, be it in the one bucket or in the other.
#[test]
fn an_object_that_is_encrypted_by_itself_is_read_before_anything_is_said_of_it() {
    let minio = Minio::start();
    let (copied, held) = (Block::new(1), Block::new(2).labels(&[("cluster", "eu-2")]));
    let world = World::new(&[copied.clone(), held.clone()]);
    let (hot, cold) = (minio.bucket("hot"), minio.bucket("cold"));
    hot.put_all(&world.source);
    let files = hot.tree();
    let index = |block: &Block| format!("{}/index", block.id());
    hot.put_encrypted(&index(&copied), &files[&index(&copied)]);
    for (name, content) in &files {
        if *name == index(&held) {
            cold.put_encrypted(name, content);
        } else if name.starts_with(&held.id()) {
            cold.put(name, content.clone());
        }
    }
    let proxy = Line::to(minio.port()).open();
    let target = cold.config_for("cold-proxy.yaml", cold.root(), proxy.port(), "");
    let source = hot.config("hot.yaml");
    let arguments = [
        OLD,
        "--output=json",
        "--verify=content",
        "--allow-replica-target",
    ];
    let report = Ran::of(migrate(&source, &target, &arguments))
        .expect(0)
        .json();
    for block in report["blocks"].as_array().unwrap() {
        assert_eq!(block["outcome"]["proof"], "content", "{block}");
    }
    let was_read = |request: &Request| request.is("GET", &index(&copied));
    assert!(proxy.requests().iter().any(was_read));
    assert_eq!(cold.tree(), files);
    // Neither does the look back cry wolf.
    let again = Ran::of(migrate(&source, &target, &arguments)).expect(0);
    assert_eq!(again.json()["marked_not_held"], serde_json::json!([]));
    // Other bytes are found in the one that is encrypted as in any other.
    let name = index(&copied);
    cold.put_encrypted(&name, flip(&files[&name]));
    let again = Ran::of(migrate(&source, &target, &arguments)).expect(3);
    let not_held = &again.json()["marked_not_held"];
    assert_eq!(not_held[0]["block"], copied.id(), "{not_held}");
    assert_eq!(not_held[0]["why"], "index has another content");
}

/// S-5.17: every object, on real S3.
#[test]
fn content_is_proven_by_reading_both_buckets() {
    let minio = Minio::start();
    let blocks = [Block::new(1), Block::new(2)];
    let world = World::new(&blocks);
    let (hot, cold) = (minio.bucket("hot"), minio.bucket("cold"));
    hot.put_all(&world.source);
    let (source, target) = (hot.config("hot.yaml"), cold.config("cold.yaml"));
    let arguments = [OLD, "--output=json", "--verify=content"];
    let report = Ran::of(migrate(&source, &target, &arguments))
        .expect(0)
        .json();
    for block in report["blocks"].as_array().unwrap() {
        assert_eq!(block["outcome"]["proof"], "content", "{block}");
    }
}

/// S-6.8
#[test]
fn a_run_that_its_bytes_end_goes_on_next_time() {
    let blocks: Vec<Block> = (1..=5).map(Block::new).collect();
    let world = World::new(&blocks);
    let arguments = [OLD, "--output=json", "--max-bytes=1"];
    for done in 1..=blocks.len() {
        let report = world.migrate(&arguments).expect(0).json();
        assert_eq!(report["complete"], done == blocks.len(), "{report}");
        assert_eq!(world.target.published().len(), done);
        let marked = world.source.marked();
        assert_eq!(marked.len(), done);
    }
}

/// S-6.8
#[test]
fn a_run_whose_time_is_over_starts_nothing_and_says_so() {
    let world = World::new(&[Block::new(1), Block::new(2)]);
    let ran = world.migrate(&[OLD, "--max-duration=1ns"]).expect(0);
    assert!(ran.stdout.contains("2 not finished"), "{}", ran.stdout);
    assert!(world.target.published().is_empty());
}
