//! Buckets that a hostile hand wrote: whatever stands in names, links and files, nothing outside is read or written, no other block is
//! touched, and nobody's terminal is driven.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use serde_json::{Value, json};
use thanos_bucket::Kind;
use thanos_bucket::block::{BlockId, ObjectPath};
use thanos_bucket::bucket::{Access, Bucket, BucketConfig, Environment, MissingRoot, Swept};
use thanos_bucket::retry::Policy;

use crate::support::block::Block;
use crate::support::folders::{World, change_meta, copy_tree, tree};
use crate::support::run::{OLD, Ran};
use crate::support::world::{Contents, Tree, blocks_with, without_marks};

/// A source with these blocks, and beside both buckets a folder with something that must neither be read nor change.
fn world(blocks: &[Block]) -> World {
    let world = World::new(blocks);
    let outside = world.path("outside");
    fs::create_dir_all(outside.join("chunks")).unwrap();
    for name in ["meta.json", "index", "chunks/000001", "secret"] {
        fs::write(outside.join(name), format!("outside: {name}")).unwrap();
    }
    world
}

#[track_caller]
fn run(world: &World) -> Ran {
    let outside = tree(&world.path("outside"));
    let ran = world.migrate(&[OLD, "--output=json", "--max-retries=0"]);
    assert_eq!(tree(&world.path("outside")), outside, "{ran:?}");
    ran
}

/// What the report says of a block that is left out.
#[track_caller]
fn excluded(document: &Value, block: &Block) -> String {
    let entries = document["excluded"].as_array().unwrap();
    let entry = entries.iter().find(|entry| entry["id"] == block.id());
    entry.unwrap_or_else(|| panic!("{document}"))["reason"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn of_block(tree: &Tree, block: &Block) -> Tree {
    let prefix = format!("{}/", block.id());
    let inside = tree.iter().filter(|(name, _)| name.starts_with(&prefix));
    inside
        .map(|(name, content)| (name.clone(), content.clone()))
        .collect()
}

/// S-4.4: a hostile file list or id reaches no other block, and its own block stays where it is.
#[test]
fn a_hostile_meta_json_reads_and_writes_no_other_block() {
    let [hostile, honest] = [1, 2].map(|number| {
        Block::new(number).labels(&[("cluster", if number == 1 { "a" } else { "b" })])
    });
    let other = honest.id();
    let paths = [
        format!("../{other}/meta.json"),
        format!("chunks/../../{other}/index"),
        "../../outside/secret".to_owned(),
        "/etc/passwd".to_owned(),
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "chunks//000001".to_owned(),
        "chunks/".to_owned(),
        format!("..\\{other}\\index"),
        "index\0".to_owned(),
    ];
    for path in &paths {
        for list in ["files", "segment_files"] {
            if list == "segment_files" && path.starts_with("chunks") {
                continue;
            }
            let world = world(&[hostile.clone(), honest.clone()]);
            change_meta(&world.source, &hostile, |meta| {
                meta["thanos"]["files"] = Value::Null;
                meta["thanos"][list] = match list {
                    "files" => json!([{"rel_path": path, "size_bytes": 700}]),
                    _ => json!([path]),
                };
            });
            let before = tree(&world.source);
            let document = run(&world).expect(3).json();
            assert_eq!(
                excluded(&document, &hostile),
                "corrupted-meta-json",
                "{list} {path:?}"
            );
            let (source, target) = (tree(&world.source), tree(&world.target));
            assert_eq!(without_marks(&source), before);
            assert_eq!(target, of_block(&before, &honest), "{list} {path:?}");
            assert_eq!(blocks_with(&source, "deletion-mark.json"), [other.as_str()]);
        }
    }
    let world = world(&[hostile.clone(), honest.clone()]);
    change_meta(&world.source, &hostile, |meta| {
        meta["ulid"] = other.clone().into();
    });
    let document = run(&world).expect(3).json();
    assert_eq!(excluded(&document, &hostile), "corrupted-meta-json");
    assert_eq!(blocks_with(&tree(&world.target), "index"), [other]);
}

#[test]
fn a_file_list_that_names_a_file_twice_is_believed_only_where_it_agrees_with_itself() {
    for (second_size, code) in [(700, 0), (701, 3)] {
        let block = Block::new(1);
        let world = world(std::slice::from_ref(&block));
        change_meta(&world.source, &block, |meta| {
            let files = meta["thanos"]["files"].as_array_mut().unwrap();
            files.push(json!({"rel_path": "index", "size_bytes": second_size}));
        });
        let document = run(&world).expect(code).json();
        if code == 0 {
            assert_eq!(document["blocks"][0]["outcome"]["ending"], "migrated");
        } else {
            assert_eq!(excluded(&document, &block), "incomplete");
            assert!(tree(&world.target).is_empty());
        }
    }
}

/// What does not fit into 4 MiB is not read; what does is handled in good time.
#[test]
fn lists_of_a_million_entries_hold_up_no_other_block() {
    // In groups of their own, for what is incomplete holds back its group.
    let clusters = ["a", "b", "c", "d"];
    let blocks = [0, 1, 2, 3].map(|number| {
        let cluster = clusters[usize::try_from(number).unwrap()];
        Block::new(number).labels(&[("cluster", cluster)])
    });
    let world = world(&blocks);
    let [many_files, many_sources, too_many, honest] = blocks;
    change_meta(&world.source, &many_files, |meta| {
        let entry = json!({"rel_path": "x/y", "size_bytes": 1});
        meta["thanos"]["files"] = vec![entry; 100_000].into();
    });
    change_meta(&world.source, &many_sources, |meta| {
        let sources =
            (0..100_000).map(|number| Value::from(format!("01J9ZK3M7Q8T5V6W7X{number:08}")));
        meta["compaction"]["sources"] = sources.collect();
    });
    change_meta(&world.source, &too_many, |meta| {
        let sources =
            (0..1_000_000).map(|number| Value::from(format!("01J9ZK3M7Q8T5V6W7X{number:08}")));
        meta["compaction"]["sources"] = sources.collect();
    });
    let ran = run(&world).expect(3);
    assert!(ran.elapsed < Duration::from_mins(1), "{:?}", ran.elapsed);
    let document = ran.json();
    assert_eq!(excluded(&document, &many_files), "incomplete");
    assert_eq!(excluded(&document, &too_many), "corrupted-meta-json");
    let moved = world.target.published();
    assert_eq!(moved, [many_sources.id(), honest.id()], "{document}");
}

/// S-2.5: neither the report nor the log hands on what was written to drive a terminal or to forge a line.
#[test]
fn labels_and_names_drive_no_terminal() {
    let hostile = "eu\u{1b}[2J\u{1b}]0;owned\u{7}\r\n  ! forged\u{9b}31m\u{202e}\u{2028}\0";
    let moved = Block::new(1).labels(&[("cluster", hostile)]);
    let incomplete = Block::new(2).labels(&[("cluster", hostile)]);
    let corrupted = Block::new(3);
    let failing = Block::new(4);
    let world = world(&[
        moved.clone(),
        incomplete.clone(),
        corrupted.clone(),
        failing.clone(),
    ]);
    change_meta(&world.source, &incomplete, |meta| {
        meta["thanos"]["files"] = json!([{"rel_path": hostile.replace('\0', ""), "size_bytes": 1}]);
    });
    change_meta(&world.source, &corrupted, |meta| {
        meta["ulid"] = hostile.into();
    });
    change_meta(&world.source, &failing, |meta| {
        meta["thanos"]["files"] = json!([{"rel_path": format!("../{hostile}")}]);
    });
    let odd = incomplete.id() + "/chunks/\u{1b}[2J";
    fs::write(world.source.join(odd), "x").unwrap();
    for arguments in [
        &[OLD, "--dry-run"] as &[&str],
        &[OLD, "--dry-run", "--output=json"],
        &[OLD, "--log.format=json", "--log.level=debug"],
        &[OLD, "--log.level=debug"],
    ] {
        let ran = world.migrate(arguments);
        for (stream, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
            let strange =
                |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{2028}');
            let line = text.lines().find(|line| line.contains(strange));
            assert_eq!(line, None, "{arguments:?} {stream}");
            let forged = text
                .lines()
                .find(|line| line.trim_start().starts_with("! forged"));
            assert_eq!(forged, None, "{arguments:?} {stream}");
        }
    }
    assert_eq!(world.target.published(), [moved.id()]);
}

/// S-5.16
#[test]
fn links_in_the_source_are_not_followed() {
    for (link, to, reason) in [
        ("chunks/000001", "outside/chunks/000001", "incomplete"),
        ("chunks", "outside/chunks", "incomplete"),
        ("index", "outside/index", "incomplete"),
        ("meta.json", "outside/meta.json", "unreadable"),
        ("index", "nowhere", "incomplete"),
    ] {
        let block = Block::new(1);
        let world = world(std::slice::from_ref(&block));
        let path = world.source.join(block.id()).join(link);
        if path.is_dir() {
            fs::remove_dir_all(&path).unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
        symlink(world.path(to), &path).unwrap();
        let ran = run(&world);
        assert_eq!(excluded(&ran.json(), &block), reason, "{link}");
        assert!(tree(&world.target).is_empty(), "{link}");
        assert!(!world.path("nowhere").exists());
    }
}

/// S-5.16, S-6.6: a mark goes to the block, or nowhere.
#[test]
fn a_link_in_the_place_of_a_mark_or_of_a_copy_leads_nowhere() {
    for (bucket, link, to) in [
        ("source", "deletion-mark.json", "nowhere"),
        ("source", "deletion-mark.json", "outside/secret"),
        ("target", "", "outside"),
        ("target", "chunks", "outside/chunks"),
        ("target", "chunks/000001", "outside/chunks/000001"),
        ("target", "meta.json", "outside/meta.json"),
        ("target", "index", "nowhere"),
    ] {
        let block = Block::new(1);
        let world = world(std::slice::from_ref(&block));
        let path = world.path(bucket).join(block.id()).join(link);
        let path = Path::new(path.to_str().unwrap().trim_end_matches('/')).to_owned();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let before = tree(&world.source);
        symlink(world.path(to), &path).unwrap();
        let ran = run(&world);
        assert!(matches!(ran.status.code(), Some(1 | 3)), "{link}: {ran:?}");
        assert_eq!(
            fs::read_link(&path).unwrap(),
            world.path(to),
            "{bucket} {link}"
        );
        assert!(!world.path("nowhere").exists(), "{bucket} {link}");
        fs::remove_file(path).unwrap();
        assert_eq!(tree(&world.source), before, "{bucket} {link}");
    }
}

/// S-5.16: below the root no folder of a prefix may be a link either.
#[test]
fn a_prefix_that_is_a_link_is_refused_in_both_buckets() {
    for bucket in ["source", "target"] {
        let block = Block::new(1);
        let world = world(std::slice::from_ref(&block));
        copy_tree(&world.source, &world.source.join("p"));
        copy_tree(
            &world.source.join(block.id()),
            &world.path("outside").join(block.id()),
        );
        let door = world.path(bucket).join("p");
        fs::create_dir_all(&world.target).unwrap();
        let _ = fs::remove_dir_all(&door);
        symlink(world.path("outside"), &door).unwrap();
        for config in [world.source_config(), world.target_config()] {
            let text = fs::read_to_string(&config).unwrap() + "prefix: p\n";
            fs::write(config, text).unwrap();
        }
        let ran = world.migrate(&[OLD, "--max-retries=0"]);
        assert_eq!(ran.status.code(), Some(1), "{bucket}: {ran:?}");
        assert_eq!(
            blocks_with(&tree(&world.path("outside")), "meta.json").len(),
            1,
            "{ran:?}"
        );
        assert_eq!(
            blocks_with(&tree(&world.path("outside")), "deletion-mark.json"),
            [""; 0]
        );
    }
}

async fn open(folder: &Path) -> Bucket {
    let text = format!(
        "{{type: FILESYSTEM, config: {{directory: '{}'}}}}",
        folder.display()
    );
    let config = BucketConfig::parse(&text, &Environment::default()).unwrap();
    let backend = config
        .open(Access::Write, MissingRoot::Empty)
        .await
        .unwrap();
    let retry = Policy {
        max_retries: 0,
        initial_backoff: Duration::from_millis(1),
        max_backoff: Duration::from_millis(1),
        jitter: thanos_bucket::retry::Jitter::None,
    };
    Bucket::new(backend, retry)
}

/// S-5.16
#[tokio::test]
async fn no_name_leads_out_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let outside = folder.path().join("outside");
    fs::write(&outside, "outside").unwrap();
    let bucket = open(&folder.path().join("bucket")).await;
    let bytes = || Bytes::from_static(b"ours");
    bucket
        .put(&ObjectPath::new("a/inside"), bytes())
        .await
        .unwrap();
    let names = [
        "../outside".to_owned(),
        "a/../../outside".to_owned(),
        "./../outside".to_owned(),
        "a/./inside".to_owned(),
        outside.display().to_string(),
        format!("/{}", outside.display()),
        "..".to_owned(),
        ".".to_owned(),
        "/".to_owned(),
        String::new(),
        "a\0/../../outside".to_owned(),
        "a/\0".to_owned(),
        "..\\outside".to_owned(),
        "%2E%2E/outside".to_owned(),
        "a/\u{1b}[2J\n".to_owned(),
        "x".repeat(256),
        "x/".repeat(4000),
        "é".repeat(200),
    ];
    for name in names {
        let path = ObjectPath::new(name.clone());
        let _ = bucket.put(&path, bytes()).await;
        let _ = bucket.create(&path, bytes()).await;
        if let Ok(read) = bucket.reader().read(&path, 1 << 20).await {
            assert_eq!(read, bytes(), "{name:?}");
        }
        let _ = bucket.reader().exists(&path).await;
        let _ = bucket.delete(&path).await;
        assert_eq!(fs::read_to_string(&outside).unwrap(), "outside", "{name:?}");
        let beside: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(beside.len(), 2, "{name:?}");
    }
    let inside = bucket
        .reader()
        .read(&ObjectPath::new("a/inside"), 100)
        .await;
    assert_eq!(inside.unwrap(), bytes());
    let long = bucket
        .put(&ObjectPath::new("x".repeat(256)), bytes())
        .await
        .unwrap_err();
    assert!(!long.kind().is_transient() && format!("{long:#}").len() < 2000);
    let nul = bucket.put(&ObjectPath::new("a\0b"), bytes()).await;
    assert!(nul.is_err_and(|err| err.kind() != Kind::Transient));
    let block: BlockId = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B".parse().unwrap();
    assert!(bucket.reader().list_block(block).await.unwrap().is_empty());
    let names: Vec<Swept> = bucket.reader().sweep().try_collect().await.unwrap();
    assert!(
        names
            .iter()
            .all(|swept| !swept.path.as_str().contains("..")),
        "{names:?}"
    );
}

#[test]
fn a_mark_that_names_another_block_is_left_alone() {
    let [hostile, honest] = [("a", 1), ("b", 2)]
        .map(|(cluster, number)| Block::new(number).labels(&[("cluster", cluster)]));
    let world = world(&[hostile.clone(), honest.clone()]);
    let mark = json!({"id": honest.id(), "version": 1, "deletion_time": 1});
    let path = world.source.join(hostile.id()).join("deletion-mark.json");
    fs::write(&path, mark.to_string()).unwrap();
    let document = run(&world).expect(3).json();
    assert_eq!(excluded(&document, &hostile), "corrupted-deletion-mark");
    assert_eq!(fs::read_to_string(&path).unwrap(), mark.to_string());
    assert_eq!(world.target.published(), [honest.id()]);
}
