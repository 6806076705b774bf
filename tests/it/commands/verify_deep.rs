//! `verify --deep`: real blocks are opened, damaged ones are found, and what cannot be read is never called damaged.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use thanos_bucket::block::Sha256Sum;

use crate::support::folders::{World, copy_tree};
use crate::support::minio::Minio;
use crate::support::proxy::{Fault, Line};
use crate::support::run::{OLD, Ran, binary, repository};
use crate::support::world::{Contents, assert_same};

const JSON: &str = "--output=json";

fn verify(configs: &[&Path], arguments: &[&str]) -> Ran {
    let flags = ["--objstore.config-file", "--objstore-to.config-file"];
    let mut command: Command = binary();
    command.args(["verify", "--deep"]).args(arguments);
    for (flag, config) in flags.iter().zip(configs) {
        command.arg(format!("{flag}={}", config.display()));
    }
    Ran::of(command)
}

/// The real blocks of `tests/golden/tsdb`: the name and the id of each.
fn real_blocks() -> Vec<(String, String)> {
    let entries = fs::read_dir(repository("tests/golden/tsdb")).unwrap();
    let mut blocks: Vec<(String, String)> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let meta = fs::read(path.join("meta.json")).unwrap();
            let meta: Value = serde_json::from_slice(&meta).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, meta["ulid"].as_str().unwrap().to_owned())
        })
        .collect();
    blocks.sort();
    blocks
}

/// A source with all of them.
fn world() -> World {
    let world = World::new(&[]);
    for (name, id) in real_blocks() {
        let from = repository("tests/golden/tsdb").join(name);
        copy_tree(&from, &world.source.join(id));
    }
    world
}

fn id_of(name: &str) -> String {
    let blocks = real_blocks();
    let found = blocks.iter().find(|(known, _)| known == name);
    found.unwrap().1.clone()
}

fn flip(bucket: &impl Contents, object: &str, place: usize) {
    let mut content = bucket.tree()[object].clone();
    content[place] ^= 1;
    bucket.put(object, content);
}

/// Kinds that were found in a block.
fn kinds(document: &Value, block: &str) -> Vec<String> {
    let findings = document["deep"]["findings"].as_array().unwrap().iter();
    let of_it = findings.filter(|finding| finding["block"] == block);
    let mut kinds: Vec<String> = of_it
        .map(|finding| finding["kind"].as_str().unwrap().to_owned())
        .collect();
    kinds.dedup();
    kinds
}

/// S-13.8
#[test]
fn good_blocks_are_opened_and_nothing_is_found() {
    let world = world();
    let before = world.source.tree();
    let document = verify(&[&world.source_config()], &[JSON]).expect(0).json();
    let deep = &document["deep"];
    assert_eq!(deep["blocks"], real_blocks().len());
    assert_eq!(deep["findings"], json!([]));
    assert_eq!(deep["by_kind"], json!({}));
    assert_eq!(deep["not_opened"], json!([]));
    assert!(deep["samples"].as_u64().unwrap() > 2000, "{deep}");
    let files = before
        .iter()
        .filter(|(name, _)| !name.ends_with("meta.json"));
    let bytes: usize = files.map(|(_, content)| content.len()).sum();
    assert!(deep["bytes"].as_u64().unwrap() >= bytes as u64, "{deep}");
    let shown = verify(&[&world.source_config()], &[]).expect(0).stdout;
    assert!(shown.contains("\n  opened        8 blocks, "), "{shown}");
    assert_same(&world.source.tree(), &before);
}

/// S-13.8, S-13.9
#[test]
fn damage_is_told_with_its_block_file_place_and_series() {
    let world = world();
    let floats = id_of("floats");
    let histograms = id_of("histograms");
    let downsampled = id_of("five-minutes");
    flip(&world.source, &format!("{floats}/chunks/000002"), 30);
    flip(&world.source, &format!("{histograms}/index"), 20);
    let meta = format!("{downsampled}/meta.json");
    let mut told: Value = serde_json::from_slice(&world.source.tree()[&meta]).unwrap();
    let series = told["stats"]["numSeries"].as_u64().unwrap();
    told["stats"]["numSeries"] = json!(series + 1);
    world.source.put(&meta, serde_json::to_vec(&told).unwrap());

    let document = verify(&[&world.source_config()], &[JSON]).expect(3).json();
    assert_eq!(kinds(&document, &floats), ["chunk-checksum"]);
    let of_index = kinds(&document, &histograms);
    assert!(
        of_index.contains(&"index-checksum".to_owned()),
        "{of_index:?}"
    );
    assert_eq!(kinds(&document, &downsampled), ["stats-differ"]);
    let findings = document["deep"]["findings"].as_array().unwrap();
    let chunk = findings.iter().find(|one| one["block"] == floats).unwrap();
    assert_eq!(chunk["file"], "chunks/000002");
    assert!(chunk["offset_bytes"].as_u64().unwrap() <= 30, "{chunk}");
    let series = chunk["series"].as_str().unwrap();
    assert!(series.contains("__name__"), "{chunk}");
    assert_eq!(chunk["is_damage"], true);
    assert_eq!(document["deep"]["by_kind"]["chunk-checksum"], 1);
    // By its listing each is whole.
    assert_eq!(document["totals"]["needs_a_person"], 0);

    let shown = verify(&[&world.source_config()], &[]).expect(3).stdout;
    for told in [
        &format!("! {floats} chunk-checksum: chunks/000002 at "),
        "!      1 stats-differ",
        "3 damaged within: compare with the other bucket's",
        "Not all is well: of 8 blocks, 3 damaged within, as said above (exit code 3).",
    ] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert!(shown.lines().all(|line| !line.contains('\u{1b}')));
}

/// S-13.8
#[test]
fn the_targets_blocks_are_opened_where_there_is_a_target() {
    let world = world();
    world.migrate(&[OLD]).expect(0);
    let floats = id_of("floats");
    flip(&world.source, &format!("{floats}/chunks/000001"), 20);
    let configs = [world.source_config(), world.target_config()];
    let configs = configs.each_ref().map(|path| &**path);
    // Blocks without external labels have stayed in the source: they are not opened.
    let document = verify(&configs, &[JSON, &format!("--id={floats}")])
        .expect(0)
        .json();
    assert_eq!(document["deep"]["blocks"], 1);
    flip(&world.target, &format!("{floats}/chunks/000001"), 20);
    let document = verify(&configs, &[JSON, &format!("--id={floats}")])
        .expect(3)
        .json();
    assert_eq!(document["blocks"][0]["state"], "held");
    assert_eq!(kinds(&document, &floats), ["chunk-checksum"]);
    // What is torn is told by its state, and not opened.
    world.target.remove(&format!("{floats}/chunks/000001"));
    let document = verify(&configs, &[JSON, &format!("--id={floats}")])
        .expect(3)
        .json();
    assert_eq!(document["deep"]["blocks"], 0);
    let not = &document["deep"]["not_opened"][0];
    assert_eq!(not["block"], floats);
    assert!(
        not["why"].as_str().unwrap().contains("chunks/000001"),
        "{not}"
    );
}

/// S-13.8, S-13.9
#[test]
fn on_a_server_what_cannot_be_read_is_no_damage_and_a_bad_moment_is_tried_again() {
    let minio = Minio::start();
    let hot = minio.bucket("hot");
    let put = |name: &str, content: Vec<u8>| hot.put(name, content);
    for (name, content) in world().source.tree() {
        put(&name, content);
    }
    let document = verify(&[&hot.config("hot.yaml")], &[JSON]).expect(0).json();
    assert_eq!(document["deep"]["blocks"], 8);
    // Each object fails once, and one of them always.
    let floats = id_of("floats");
    let denied = format!("/hot/{floats}/chunks/000003");
    let seen = std::sync::Mutex::new(std::collections::BTreeSet::new());
    let proxy = Line::to(minio.port())
        .fault(move |request| {
            if !request.is("GET", "/hot/01") {
                return Fault::None;
            }
            if request.path.contains(&denied) {
                return Fault::Answer(403, "<Error><Code>AccessDenied</Code></Error>");
            }
            if seen.lock().unwrap().insert(request.path.clone()) {
                Fault::Reset
            } else {
                Fault::None
            }
        })
        .open();
    let config = hot.config_for("hot-proxy.yaml", hot.root(), proxy.port(), "");
    let quick = [
        JSON,
        "--retry.initial-backoff=1ms",
        "--retry.max-backoff=10ms",
    ];
    let document = verify(&[&config], &quick).expect(3).json();
    let deep = &document["deep"];
    assert_eq!(deep["blocks"], 7, "{deep}");
    assert_eq!(deep["findings"], json!([]));
    assert_eq!(deep["not_opened"][0]["block"], floats);
    assert_eq!(deep["not_opened"][0]["needs_a_person"], true);
    // What is another version each time that it is read is not judged either.
    let index = format!("/hot/{floats}/index");
    let proxy = Line::to(minio.port())
        .edit(move |request, answer| {
            if request.is("GET", &index) {
                for header in &mut answer.headers {
                    if header.to_ascii_lowercase().starts_with("etag:") {
                        *header = format!("ETag: \"{}\"", request.number);
                    }
                }
            }
        })
        .open();
    let config = hot.config_for("hot-changing.yaml", hot.root(), proxy.port(), "");
    let document = verify(&[&config], &quick).expect(3).json();
    let not = &document["deep"]["not_opened"][0];
    assert_eq!(not["block"], floats);
    assert_eq!(not["why"], "it changed each time that it was read");
    assert_eq!(document["deep"]["findings"], json!([]));
    flip(&hot, &format!("{floats}/chunks/000003"), 20);
    let document = verify(&[&hot.config("hot.yaml")], &[JSON]).expect(3).json();
    assert_eq!(kinds(&document, &floats), ["chunk-checksum"]);
}

/// S-13.8
#[test]
fn a_block_that_could_not_be_compared_is_opened_all_the_same() {
    let minio = Minio::start();
    let (hot, cold) = (minio.bucket("hot"), minio.bucket("cold"));
    for (name, content) in world().source.tree() {
        hot.put(&name, content.clone());
        cold.put(&name, content);
    }
    let floats = id_of("floats");
    flip(&cold, &format!("{floats}/chunks/000002"), 30);
    let denied = format!("/hot/{floats}/chunks/");
    let proxy = Line::to(minio.port())
        .fault(move |request| {
            if request.is("GET", &denied) {
                Fault::Answer(403, "<Error><Code>AccessDenied</Code></Error>")
            } else {
                Fault::None
            }
        })
        .open();
    let configs = [
        hot.config_for("hot-proxy.yaml", hot.root(), proxy.port(), ""),
        cold.config("cold.yaml"),
    ];
    let configs = configs.each_ref().map(|path| &**path);
    let id = format!("--id={floats}");
    let document = verify(&configs, &[JSON, "--content=read", &id])
        .expect(3)
        .json();
    assert_eq!(document["blocks"][0]["state"], "unreadable", "{document}");
    assert_eq!(document["deep"]["blocks"], 1);
    assert_eq!(kinds(&document, &floats), ["chunk-checksum"]);
}

/// S-13.5
#[test]
fn one_bucket_is_read_against_the_hashes_that_meta_json_tells() {
    let world = world();
    let (floats, histograms) = (id_of("floats"), id_of("histograms"));
    for (id, without) in [(&floats, None), (&histograms, Some("index"))] {
        let mut files = Vec::new();
        for (name, content) in world.source.tree() {
            let Some(path) = name.strip_prefix(&format!("{id}/")) else {
                continue;
            };
            if path != "index" && !path.starts_with("chunks/") {
                continue;
            }
            let mut file = json!({ "rel_path": path, "size_bytes": content.len() });
            if Some(path) != without {
                let value = Sha256Sum(Sha256::digest(&content).into()).to_string();
                file["hash"] = json!({ "hashFunc": "SHA256", "value": value });
            }
            files.push(file);
        }
        let name = format!("{id}/meta.json");
        let mut meta: Value = serde_json::from_slice(&world.source.tree()[&name]).unwrap();
        meta["thanos"]["files"] = json!(files);
        world.source.put(&name, serde_json::to_vec(&meta).unwrap());
    }
    let config = world.source_config();
    let read = |arguments: &[&str], code| {
        let mut command = binary();
        command.args(["verify", JSON]).args(arguments);
        command.arg(format!("--objstore.config-file={}", config.display()));
        Ran::of(command).expect(code).json()
    };
    let of = |document: &Value, id: &str| {
        let mut blocks = document["blocks"].as_array().unwrap().iter();
        blocks.find(|block| block["id"] == *id).unwrap().clone()
    };
    let document = read(&["--content=read"], 0);
    assert_eq!(document["content"], "read");
    assert_eq!(of(&document, &floats)["proof"], "content");
    let block = of(&document, &histograms);
    assert_eq!(block["proof"], Value::Null);
    let told = "meta.json tells no hash of 1 object, which was not read";
    let notes = block["notes"].as_array().unwrap();
    assert!(notes.iter().any(|note| note["text"] == told), "{block}");

    // A byte that no listing shows.
    flip(&world.source, &format!("{floats}/chunks/000002"), 30);
    assert_eq!(of(&read(&[], 0), &floats)["state"], "whole");
    let document = read(&["--content=read", "--deep"], 3);
    let block = of(&document, &floats);
    assert_eq!(block["state"], "damaged");
    let why = block["why"].as_str().unwrap();
    assert!(
        why.starts_with("chunks/000002 has the SHA-256 ") && why.contains(", meta.json says "),
        "{why}"
    );
    assert_eq!(kinds(&document, &floats), ["chunk-checksum"]);
    // There is nothing to compare checksums with.
    let wrong = verify(&[&config], &["--content=checksum"]).expect(2);
    assert!(
        wrong.stderr.contains("expected listing, read"),
        "{}",
        wrong.stderr
    );
}

/// S-13.9
#[test]
fn what_is_newer_than_thanos_reads_is_no_damage_and_hides_none() {
    let world = world();
    let newer = repository("tests/golden/tsdb-newer/xor2-and-start-times");
    let meta = fs::read(newer.join("meta.json")).unwrap();
    let meta: Value = serde_json::from_slice(&meta).unwrap();
    let id = meta["ulid"].as_str().unwrap();
    copy_tree(&newer, &world.source.join(id));
    let floats = id_of("floats");
    flip(&world.source, &format!("{floats}/index"), 4);
    flip(
        &world.source,
        &format!("{}/chunks/000001", id_of("histograms")),
        40,
    );
    let document = verify(&[&world.source_config()], &[JSON]).expect(3).json();
    let deep = &document["deep"];
    assert_eq!(kinds(&document, id), ["unreadable-by-thanos"]);
    assert_eq!(kinds(&document, &floats), ["unreadable-by-thanos"]);
    let findings = deep["findings"].as_array().unwrap();
    // Damage comes first, and of what is newer one of each block is listed.
    let damage: Vec<bool> = findings
        .iter()
        .map(|one| one["is_damage"].as_bool().unwrap())
        .collect();
    assert_eq!(damage, [true, false, false]);
    assert_eq!(
        deep["by_kind"]["unreadable-by-thanos"],
        meta["stats"]["numChunks"].as_u64().unwrap() + 1
    );
}
