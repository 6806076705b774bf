//! Blocks into containers, out of them, and between them.

use serde_json::json;

use super::{World, run};
use crate::support::block::Block;
use crate::support::folders::{self, tree};
use crate::support::minio::Minio;
use crate::support::proxy::Line;
use crate::support::run::{COPIED_HERE, OLD, Ran, binary, migrate};
use crate::support::swift::Swift;
use crate::support::thanos;
use crate::support::world::{Contents, Tree, assert_same, blocks_with, three, without_marks};

const MIB: usize = 1 << 20;

/// S-5.4, S-7.4: whoever copies; the second run finds nothing to do.
#[test]
fn blocks_move_between_two_containers_and_only_once() {
    let world = World::new(&three());
    for arguments in [&[OLD][..], &COPIED_HERE] {
        world.reset();
        let arguments = [arguments, &["--output=json"]].concat();
        let ran = run(&world.configs(), &arguments).expect(0);
        for block in ran.json()["blocks"].as_array().unwrap() {
            assert_eq!(block["outcome"]["proof"], "checksum", "{block}");
        }
        world.assert_moved();
        let marked = world.source.tree();
        run(&world.configs(), &[OLD]).expect(0);
        world.assert_moved();
        assert_same(&world.source.tree(), &marked);
    }
}

/// S-5.4, S-5.6: real blocks, by a Keystone; real Thanos reads what was written, with the same file.
#[test]
fn real_blocks_move_from_a_folder_to_a_container_and_back() {
    let examples = folders::World::of_examples();
    let swift = Swift::with_keystone();
    let (middle, next) = (swift.container("middle"), swift.container("next"));
    let config = middle.config_with("middle.yaml", None, "prefix: some/where\n");
    Ran::of(migrate(&examples.source_config(), &config, &[OLD])).expect(0);
    let before = without_marks(&tree(&examples.source));
    let blocks = blocks_with(&before, "meta.json");
    assert_eq!(thanos::list(&config), blocks);
    let seen = thanos::tools(&config, &["inspect", "--output=tsv"]);
    assert_eq!(seen.matches("01J").count(), blocks.len(), "{seen}");
    thanos::tools(&config, &["verify"]);
    let config_of_next = next.config("next.yaml");
    Ran::of(migrate(&config, &config_of_next, &[OLD])).expect(0);
    thanos::cleanup(&config);
    assert_eq!(middle.tree().len(), 0);
    let back = folders::World::new(&[]);
    let target = back.target_config();
    Ran::of(migrate(&config_of_next, &target, &[OLD])).expect(0);
    let moved = tree(&back.target);
    let of_blocks = before.into_iter().filter(|(name, _)| {
        let id = name.split('/').next().unwrap();
        blocks.iter().any(|block| block == id)
    });
    assert_same(&moved, &of_blocks.collect());
}

/// S-5.6: what is put at once on either side has an MD5 on both.
#[test]
fn blocks_move_from_s3_to_swift_and_back_with_proofs_by_checksum() {
    let minio = Minio::start();
    let (hot, cold) = (minio.bucket("hot"), minio.bucket("cold"));
    let blocks = [Block::new(1).chunk_bytes(&[17 * MIB]), Block::new(2)];
    let before: Tree = blocks.iter().flat_map(Block::objects).collect();
    for (name, content) in &before {
        hot.put(name, content.clone());
    }
    let swift = Swift::shared();
    let (middle, as_s3) = (swift.container("middle"), swift.container("as-s3"));
    let text = as_s3.text_as_s3(None);
    let stations = [
        hot.config("hot.yaml"),
        middle.config("middle.yaml"),
        as_s3.write("as-s3.yaml", &text),
        cold.config("cold.yaml"),
    ];
    for leg in stations.windows(2) {
        for _ in 0..2 {
            let ran = Ran::of(migrate(&leg[0], &leg[1], &[OLD, "--output=json"])).expect(0);
            for block in ran.json()["blocks"].as_array().unwrap() {
                assert_eq!(block["outcome"]["proof"], "checksum", "{block}");
            }
        }
    }
    assert_same(&without_marks(&middle.tree()), &before);
    assert_same(&without_marks(&as_s3.tree()), &before);
    assert_same(&cold.tree(), &before);
}

/// S-5.20: names go into addresses, into listings, and into headers where the service copies.
#[test]
fn names_of_any_letters_move() {
    let swift = Swift::shared();
    let blocks = [Block::new(1).chunk_bytes(&[1000])];
    for prefix in [
        "a b+c%41&=;:@,$~!*'()[]#?\"<>|^`{}\\",
        "é/漢字/🧊\u{a0}",
        "a%2fb/%41",
    ] {
        let folders = folders::World::new(&blocks);
        let (hot, cold) = (swift.container("odd-hot"), swift.container("odd-cold"));
        // Segments too have their name of it.
        let more = format!(
            "  large_object_chunk_size: 900\nprefix: {}\n",
            json!(prefix)
        );
        let config = hot.config_with("hot.yaml", None, &more);
        Ran::of(migrate(&folders.source_config(), &config, &[OLD])).expect(0);
        let names: Vec<String> = hot.tree().into_keys().collect();
        let below = format!("{prefix}/");
        assert!(!names.is_empty() && names.iter().all(|name| name.starts_with(&below)));
        let target = cold.config_with("cold.yaml", None, &more);
        Ran::of(migrate(&config, &target, &[OLD])).expect(0);
        assert_same(&cold.tree(), &without_marks(&hot.tree()));
        assert_eq!(thanos::list(&target), [blocks[0].id()]);
    }
}

/// S-7.3
#[test]
fn a_dry_run_writes_nothing() {
    let world = World::new(&three());
    let proxy = Line::to(Swift::shared().port()).open();
    let configs = world.configs_through(&proxy);
    let planned = run(&configs, &[OLD, "--dry-run"]).expect(0);
    for block in three() {
        assert!(planned.stdout.contains(&block.id()), "{}", planned.stdout);
    }
    let requests = proxy.requests();
    let reads = |method: &str| ["GET", "HEAD"].contains(&method);
    assert!(requests.iter().all(|request| reads(&request.method)));
    assert_same(&world.source.tree(), &world.before);
    assert!(world.target.tree().is_empty());
}

#[test]
fn check_tells_what_a_container_can_do() {
    let world = World::new(&[Block::new(1)]);
    let (source, target) = world.configs();
    let mut command = binary();
    command
        .args(["check", "--write-probe"])
        .arg(format!("--objstore.config-file={}", source.display()))
        .arg(format!("--objstore-to.config-file={}", target.display()));
    let ran = Ran::of(command).expect(0);
    assert!(ran.stdout.contains("swift://127.0.0.1:"), "{}", ran.stdout);
    let password = crate::support::keystone::PASSWORD;
    assert!(!format!("{ran:?}").contains(password));
    assert_same(&world.source.tree(), &world.before);
    assert!(world.target.tree().is_empty());
}
