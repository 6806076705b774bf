//! Blocks into containers, out of them, and between them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde_json::json;

use super::{World, run, signature};
use crate::support::azurite::{ACCOUNT, Azurite, KEY};
use crate::support::block::Block;
use crate::support::folders::{self, tree};
use crate::support::minio::Minio;
use crate::support::proxy::{Line, Request};
use crate::support::run::{OLD, Ran, migrate};
use crate::support::thanos;
use crate::support::world::{Contents, assert_same, blocks_with, three, without_marks};

const MIB: usize = 1 << 20;

/// S-5.4, S-7.4, S-3.26: the target's container is made with the first object; the second run finds nothing to do.
#[test]
fn blocks_move_between_two_containers_and_only_once() {
    let world = World::new(&three());
    assert!(!world.target.exists());
    run(&world.configs(), &[OLD]).expect(0);
    world.assert_moved();
    let marked = world.source.tree();
    run(&world.configs(), &[OLD]).expect(0);
    world.assert_moved();
    assert_same(&world.source.tree(), &marked);
}

/// The names of the objects that requests of a kind are for.
fn objects(requests: &[Request], is: impl Fn(&Request) -> bool) -> Vec<String> {
    let requests = requests.iter().filter(|request| is(request));
    requests
        .map(|request| request.path.split('?').next().unwrap().to_owned())
        .collect()
}

/// S-5.6, S-3.25: what is put bears its MD5, at once and in blocks, so that the proof of it costs no download; real Thanos reads the same file.
#[test]
fn blocks_move_from_a_folder_to_azure_and_on_with_proofs_by_checksum() {
    let folders =
        folders::World::new(&[Block::new(1).chunk_bytes(&[35 * MIB, 1000]), Block::new(2)]);
    let azurite = Azurite::shared();
    let (first, second) = (azurite.name("first"), azurite.name("second"));
    let proxy = Line::to(azurite.port()).open();
    let config = first.config_for("first.yaml", KEY, proxy.port(), "prefix: some/where\n");
    let ran = Ran::of(migrate(
        &folders.source_config(),
        &config,
        &[OLD, "--output=json"],
    ))
    .expect(0);
    for block in ran.json()["blocks"].as_array().unwrap() {
        assert_eq!(block["outcome"]["proof"], "checksum", "{block}");
    }
    let requests = proxy.requests();
    let data =
        |request: &Request| request.path.contains("/chunks/") || request.path.contains("/index");
    assert_eq!(
        objects(&requests, |request| request.method == "GET"
            && data(request)),
        [""; 0]
    );
    let blocks = objects(&requests, |request| request.path.contains("comp=block&"));
    assert_eq!(blocks.len(), 3);
    let puts = requests
        .iter()
        .filter(|request| request.method == "PUT" && !request.path.contains("restype=container"));
    for put in puts {
        let has = |name| put.header(name).is_some();
        let is_list = put.path.contains("comp=blocklist");
        assert_eq!(has("x-ms-blob-content-md5"), is_list, "{put:?}");
        // Of what is sent, a list of blocks too.
        assert!(has("content-md5"), "{put:?}");
    }
    for (name, content) in &folders.before {
        let expected = STANDARD.encode(Md5::digest(content));
        assert_eq!(
            first.md5(&format!("some/where/{name}")),
            Some(expected),
            "{name}"
        );
    }
    let direct = first.config_for("direct.yaml", KEY, azurite.port(), "prefix: some/where\n");
    assert_eq!(
        thanos::list(&direct),
        blocks_with(&folders.before, "meta.json")
    );
    Ran::of(migrate(
        &direct,
        &second.config("second.yaml"),
        &[OLD, "--copy=client"],
    ))
    .expect(0);
    assert_same(&second.tree(), &folders.before);
    let back = folders::World::new(&[]);
    Ran::of(migrate(
        &second.config("second.yaml"),
        &back.target_config(),
        &[OLD],
    ))
    .expect(0);
    assert_same(&tree(&back.target), &folders.before);
    assert_eq!(blocks_with(&second.tree(), "deletion-mark.json").len(), 2);
}

/// S-5.6: what fits into one request is put into S3 in one, so that its entity tag is the MD5 that Azure tells.
#[test]
fn blocks_move_from_s3_to_azure_and_back() {
    let minio = Minio::start();
    let (hot, cold) = (minio.bucket("hot"), minio.bucket("cold"));
    let world = folders::World::new(&[Block::new(1).chunk_bytes(&[17 * MIB]), Block::new(2)]);
    for (name, content) in &world.before {
        hot.put(name, content.clone());
    }
    let middle = Azurite::shared().name("middle");
    let configs = [
        hot.config("hot.yaml"),
        middle.config("middle.yaml"),
        cold.config("cold.yaml"),
    ];
    for leg in configs.windows(2) {
        for _ in 0..2 {
            let ran = Ran::of(migrate(&leg[0], &leg[1], &[OLD, "--output=json"])).expect(0);
            let document = ran.json();
            let blocks = document["blocks"].as_array().unwrap();
            for block in blocks
                .iter()
                .filter(|block| block["outcome"]["ending"] == "migrated")
            {
                assert_eq!(block["outcome"]["proof"], "checksum", "{block}");
            }
        }
    }
    assert_same(&without_marks(&middle.tree()), &world.before);
    assert_same(&cold.tree(), &world.before);
}

/// S-5.20: a name goes into an address, into a signature and, where the service copies, into a header.
#[test]
fn names_of_any_letters_move() {
    let azurite = Azurite::shared();
    let blocks = folders::World::new(&[Block::new(1)]);
    for prefix in [
        "a b+c%41&=;:@,$~!*'()[]#?\"<>|^`{}",
        "é/漢字/🧊\u{a0}",
        "a%2fb/%41",
    ] {
        let (hot, cold) = (azurite.name("odd-hot"), azurite.name("odd-cold"));
        let more = format!("prefix: {}\n", json!(prefix));
        let config = hot.config_for("hot.yaml", KEY, azurite.port(), &more);
        Ran::of(migrate(&blocks.source_config(), &config, &[OLD])).expect(0);
        let names: Vec<String> = hot.tree().into_keys().collect();
        assert!(
            names
                .iter()
                .all(|name| name.starts_with(&format!("{prefix}/"))),
            "{names:?}"
        );
        let target = cold.config_for("cold.yaml", KEY, azurite.port(), &more);
        Ran::of(migrate(&config, &target, &[OLD])).expect(0);
        assert_same(&cold.tree(), &without_marks(&hot.tree()));
        for mark in blocks_with(&tree(&blocks.source), "deletion-mark.json") {
            std::fs::remove_file(blocks.source.join(mark).join("deletion-mark.json")).unwrap();
        }
    }
}

/// S-3.25: Azure takes a backslash for a slash, so that another object would be written.
#[test]
fn a_name_with_a_backslash_is_refused_and_harms_nothing() {
    let block = Block::new(1);
    let folders = folders::World::new(std::slice::from_ref(&block));
    let odd = folders.source.join(block.id()).join("chunks\\000001");
    std::fs::write(odd, "not the segment").unwrap();
    let target = Azurite::shared().name("cold");
    let ran = Ran::of(migrate(
        &folders.source_config(),
        &target.config("cold.yaml"),
        &[OLD],
    ))
    .expect(3);
    assert!(
        ran.stderr
            .contains("Azure takes a backslash in a name for a slash"),
        "{}",
        ran.stderr
    );
    assert_eq!(blocks_with(&target.tree(), "meta.json"), [""; 0]);
    assert_eq!(
        blocks_with(&tree(&folders.source), "deletion-mark.json"),
        [""; 0]
    );
}

/// S-3.24, S-6.3, S-2.6: a signature that may read is enough to plan, also where the service copies; one that has ended, or may not write, is told.
#[test]
fn a_shared_access_signature_is_as_good_as_its_rights() {
    let azurite = Azurite::shared();
    let (hot, cold) = (azurite.container("hot"), azurite.name("cold"));
    for (name, content) in Block::new(1).objects() {
        hot.put(&name, content);
    }
    let config = |end: &str| {
        let proof = format!(
            "AccountName={ACCOUNT};SharedAccessSignature={}",
            signature("rl", end)
        );
        hot.config_by("signed.yaml", &proof, azurite.port(), "")
    };
    let target = cold.config("cold.yaml");
    let ended = Ran::of(migrate(&config("2024-01-01T00:00:00Z"), &target, &[OLD])).expect(1);
    let said = "it expired at 2024-01-01T00:00:00Z";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
    let good = config("2099-01-01T00:00:00Z");
    Ran::of(migrate(&good, &target, &[OLD, "--dry-run"])).expect(0);
    let ran = Ran::of(migrate(&good, &target, &[OLD, "--log.level=debug"])).expect(1);
    assert!(ran.stderr.contains("deletion-mark.json"), "{}", ran.stderr);
    let signed = signature("rl", "2099-01-01T00:00:00Z");
    let secret = signed.split("sig=").nth(1).unwrap();
    assert!(!format!("{ran:?}").contains(secret));
}
