//! `verify`: how blocks stand in two buckets, or in one; and that nothing is changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::block::Block;
use crate::support::folders::{World, change_meta};
use crate::support::minio::Minio;
use crate::support::on_minio;
use crate::support::proxy::{Answer, Fault, Line, Request};
use crate::support::run::{OLD, Ran, Running, binary, signal};
use crate::support::world::{Contents, assert_same};

const JSON: &str = "--output=json";

fn command(configs: &[&Path], arguments: &[&str]) -> Command {
    let flags = ["--objstore.config-file", "--objstore-to.config-file"];
    let mut command = binary();
    command.arg("verify").args(arguments);
    for (flag, config) in flags.iter().zip(configs) {
        command.arg(format!("{flag}={}", config.display()));
    }
    command
}

/// Both folders.
fn verify(world: &World, arguments: &[&str]) -> Ran {
    let configs = [world.source_config(), world.target_config()];
    Ran::of(command(&configs.each_ref().map(|path| &**path), arguments))
}

/// The source alone.
fn verify_alone(world: &World, arguments: &[&str]) -> Ran {
    Ran::of(command(&[&world.source_config()], arguments))
}

/// The state of each block that is shown.
fn states(document: &Value) -> BTreeMap<String, String> {
    let blocks = document["blocks"].as_array().unwrap().iter();
    let text = |block: &Value, member: &str| block[member].as_str().unwrap().to_owned();
    blocks
        .map(|block| (text(block, "id"), text(block, "state")))
        .collect()
}

#[track_caller]
fn assert_states(ran: &Ran, expected: &[(&Block, &str)]) {
    let expected = expected.iter();
    let expected: BTreeMap<String, String> = expected
        .map(|(block, state)| (block.id(), (*state).to_owned()))
        .collect();
    assert_eq!(states(&ran.json()), expected, "{}", ran.stdout);
}

const MEMBERS: &str = "aborted absent_ids blocks complete content cutoff deep elapsed_seconds exit_code kind limit marked_not_held of_run run schema_version \
    signal source started target tool totals warnings";
const OF_A_BLOCK: &str = "id labels level max_time max_time_ms min_time min_time_ms needs_a_person notes objects proof resolution resolution_ms samples series \
    size_bytes state why";

/// Names of members, sorted.
fn members(value: &Value) -> String {
    let names: std::collections::BTreeSet<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.into_iter().collect::<Vec<_>>().join(" ")
}

fn of_block<'a>(document: &'a Value, block: &Block) -> &'a Value {
    let blocks = document["blocks"].as_array().unwrap();
    blocks.iter().find(|one| one["id"] == block.id()).unwrap()
}

/// S-13.1, S-13.2, S-13.6
#[test]
fn a_half_done_migration_is_told_block_by_block_and_nothing_is_changed() {
    let blocks: Vec<Block> = (1..=9).map(Block::new).collect();
    let (moved, rest) = blocks.split_at(7);
    let world = World::new(moved);
    world.migrate(&[OLD]).expect(0);
    for block in rest {
        block.write_to(&world.source);
    }
    let [held, covered, torn, different, unmarked, lost, gone] = moved else {
        panic!("seven blocks");
    };
    let [only, partial] = rest else {
        panic!("two blocks");
    };
    let mark = |block: &Block| format!("{}/deletion-mark.json", block.id());
    // A compactor has put another block in the place of one, and has deleted that.
    let cover = Block::new('C')
        .range(covered.range_of().0, covered.range_of().1 + 1)
        .level(2)
        .made_of(&[covered]);
    cover.write_to(&world.target);
    world.target.remove_block(&covered.id());
    for block in [torn, different, unmarked] {
        world.source.remove(&mark(block));
    }
    world.target.remove(&format!("{}/index", torn.id()));
    change_meta(&world.target, different, |meta| {
        meta["compaction"]["level"] = json!(2);
    });
    world.target.remove(&format!("{}/chunks/000001", lost.id()));
    world.source.remove_block(&gone.id());
    world.source.remove(&format!("{}/meta.json", partial.id()));
    let (hot, cold) = (world.source.tree(), world.target.tree());

    let ran = verify(&world, &[JSON]).expect(3);
    assert_states(
        &ran,
        &[
            (held, "held"),
            (covered, "covered"),
            (&cover, "target-only"),
            (torn, "torn-target"),
            (different, "different"),
            (unmarked, "held-unmarked"),
            (lost, "marked-not-held"),
            (gone, "target-only"),
            (only, "source-only"),
            (partial, "partial"),
        ],
    );
    let document = ran.json();
    assert_eq!(document["kind"], "verify");
    assert_eq!(document["complete"], true);
    assert_eq!(document["exit_code"], 3);
    assert_eq!(document["content"], "checksum");
    assert_eq!(document["totals"]["needs_a_person"], 5);
    assert_eq!(document["totals"]["by_state"]["target-only"]["blocks"], 2);
    let of_lost = of_block(&document, lost);
    assert_eq!(of_lost["why"], "chunks/000001 is missing");
    assert_eq!(of_lost["needs_a_person"], true);
    assert_eq!(members(&document), MEMBERS);
    assert_eq!(members(of_lost), OF_A_BLOCK);
    let saved = &document["marked_not_held"][0];
    assert_eq!(saved["block"], lost.id());
    assert!(saved["command"].as_str().unwrap().contains(&lost.id()));

    let shown = verify(&world, &[]).expect(3).stdout;
    for told in [
        "!!! 1 BLOCK MARKED FOR DELETION IN THE SOURCE, AND NOT HELD BY THE TARGET",
        "! torn-target           1",
        "  target-only           2",
        "torn-target: index is missing
",
        "Not all is well: of 10 blocks, 5 need a person, as said above (exit code 3).",
    ] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert_same(&world.source.tree(), &hot);
    assert_same(&world.target.tree(), &cold);
}

/// S-13.1: whatever a migration leaves when it is done is well.
#[test]
fn a_migration_that_is_done_is_well() {
    let world = World::new(&[Block::new(1), Block::new(2)]);
    verify(&world, &[]).expect(3);
    assert!(!world.target.exists());
    world.migrate(&[OLD]).expect(0);
    let shown = verify(&world, &[]).expect(0).stdout;
    assert!(
        shown.contains("proven        2 by size (no checksums"),
        "{shown}"
    );
    let end = "All is well: of 2 blocks, the target holds each that was to be moved. Nothing was changed.\n";
    assert!(shown.ends_with(end), "{shown}");
    // The source's compactor deletes what is marked.
    world.source.remove_block(&Block::new(1).id());
    world
        .source
        .remove(&format!("{}/meta.json", Block::new(2).id()));
    let ran = verify(&world, &[JSON]).expect(0);
    assert_states(
        &ran,
        &[(&Block::new(1), "target-only"), (&Block::new(2), "held")],
    );
}

/// S-13.1, S-13.4
#[test]
fn filters_and_the_run_choose_the_blocks() {
    let (one, two) = (Block::new(1), Block::new(2).cluster("us-1"));
    let world = World::new(&[one.clone(), two.clone()]);
    let first = world
        .migrate(&[OLD, JSON, &format!("--id={}", one.id())])
        .expect(0)
        .json();
    let second = world.migrate(&[OLD, JSON]).expect(0).json();
    let of_run = |document: &Value| format!("--run={}", document["run"].as_str().unwrap());
    for (arguments, block) in [
        (vec![of_run(&first)], &one),
        (vec![of_run(&second)], &two),
        (vec![format!("--id={}", two.id())], &two),
        (vec!["--max-time=2025-01-06T03:00:00Z".to_owned()], &one),
        (
            vec![
                "--selector.relabel-config=[{action: keep, source_labels: [cluster], regex: us-1}]"
                    .to_owned(),
            ],
            &two,
        ),
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain([JSON]).collect();
        assert_states(&verify(&world, &arguments).expect(0), &[(block, "held")]);
    }
    // A block that the target has alone is chosen by its own meta.json.
    world.source.remove_block(&two.id());
    let late = "--min-time=2025-01-06T05:00:00Z";
    assert_states(
        &verify(&world, &[JSON, late]).expect(0),
        &[(&two, "target-only")],
    );
    assert_states(
        &verify(&world, &[JSON, "--max-time=2025-01-01"]).expect(0),
        &[],
    );
    // Nothing bears a mark of the run any more, or ever did: that is told.
    let ran = verify(&world, &[&of_run(&second)]).expect(3);
    assert!(
        ran.stdout.contains("No mark of that run was found"),
        "{ran:?}"
    );
    let absent = format!("--id={}", Block::new(3).id());
    let ran = verify(&world, &[&absent, JSON]).expect(3);
    assert_eq!(ran.json()["absent_ids"], json!([Block::new(3).id()]));
    verify(&world, &["--run=x"]).expect(2);
}

/// S-13.3
#[test]
fn a_wrong_byte_is_found_by_who_reads() {
    let blocks = [1, 2].map(|number| Block::new(number).chunk_bytes(&[9 << 20, 3000]));
    let world = World::new(&blocks);
    world.migrate(&[OLD]).expect(0);
    let name = format!("{}/chunks/000001", blocks[0].id());
    let mut wrong = world.target.tree()[&name].clone();
    wrong[(8 << 20) + 5] ^= 1;
    world.target.put(&name, wrong);
    // A folder's listing tells of no bytes.
    for content in ["--content=listing", "--content=checksum"] {
        let ran = verify(&world, &[JSON, content]).expect(0);
        assert_eq!(of_block(&ran.json(), &blocks[0])["proof"], "size");
    }
    let ran = verify(&world, &[JSON, "--content=read", "--memory-limit=128MiB"]).expect(3);
    assert_states(
        &ran,
        &[(&blocks[0], "marked-not-held"), (&blocks[1], "held")],
    );
    let document = ran.json();
    assert_eq!(
        of_block(&document, &blocks[0])["why"],
        "chunks/000001 has another content"
    );
    assert_eq!(of_block(&document, &blocks[1])["proof"], "content");
    world
        .source
        .remove(&format!("{}/deletion-mark.json", blocks[0].id()));
    let ran = verify(&world, &[JSON, "--content=read"]).expect(3);
    assert_states(&ran, &[(&blocks[0], "different"), (&blocks[1], "held")]);
}

/// S-13.3
#[test]
fn on_a_server_checksums_tell_a_wrong_byte_and_readers_rights_are_enough() {
    let minio = Minio::start();
    let blocks = [1, 2].map(Block::new);
    let world = on_minio::World::new(&minio, &blocks);
    on_minio::run(&world.configs(), &[OLD]).expect(0);
    let rights = |bucket: &str| {
        json!([
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::{bucket}")},
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{bucket}/*")},
        ])
    };
    let config = |bucket: &crate::support::minio::Bucket<'_>, name: &str| {
        let user = minio.user(&format!("{name}-reader"), &rights(name));
        bucket.config_for(&format!("{name}-reader.yaml"), &user, minio.port(), "")
    };
    let (source, target) = (config(&world.source, "hot"), config(&world.target, "cold"));
    let verify = |arguments: &[&str]| Ran::of(command(&[&source, &target], arguments));
    let ran = verify(&[JSON]).expect(0);
    assert_states(&ran, &[(&blocks[0], "held"), (&blocks[1], "held")]);
    assert_eq!(ran.json()["totals"]["by_proof"], json!({"checksum": 2}));
    let name = format!("{}/index", blocks[0].id());
    let mut wrong = world.target.tree()[&name].clone();
    wrong[5] ^= 1;
    world.target.put(&name, wrong);
    verify(&["--content=listing"]).expect(0);
    for content in ["--content=checksum", "--content=read"] {
        let ran = verify(&[JSON, content]).expect(3);
        assert_states(
            &ran,
            &[(&blocks[0], "marked-not-held"), (&blocks[1], "held")],
        );
    }
    // What a server keeps to itself is told. Marks name the target by its address, which is another one through a proxy.
    let denied = format!("/cold/{}/chunks/000001", blocks[1].id());
    let denying = Line::to(minio.port()).fault(move |request| {
        if request.is("GET", &denied) {
            Fault::Answer(403, "<Error><Code>AccessDenied</Code></Error>")
        } else {
            Fault::None
        }
    });
    let proxy = denying.open();
    let configs = world.configs_through(&proxy);
    let ran = Ran::of(command(
        &[&configs.0, &configs.1],
        &[JSON, "--content=read", "--max-retries=0"],
    ))
    .expect(3);
    assert_states(
        &ran,
        &[(&blocks[0], "different"), (&blocks[1], "unreadable")],
    );
    let document = ran.json();
    let why = of_block(&document, &blocks[1])["why"].as_str().unwrap();
    assert!(why.contains("chunks/000001"), "{why}");
}

/// S-13.2: a listing may be made in the middle of a change.
#[test]
fn what_seems_amiss_is_looked_at_again_before_it_is_said() {
    let minio = Minio::start();
    let block = Block::new(1);
    let world = on_minio::World::new(&minio, std::slice::from_ref(&block));
    on_minio::run(&world.configs(), &[OLD]).expect(0);
    for (wrong_listings, state) in [(1, "held"), (usize::MAX, "torn-target")] {
        let key = format!("<Key>{}/index</Key>", block.id());
        let seen = AtomicUsize::new(0);
        let shortened = move |request: &Request, answer: &mut Answer| {
            let text = String::from_utf8(answer.body.clone()).unwrap_or_default();
            let Some((before, after)) = text.split_once(&key) else {
                return;
            };
            if request.lists("cold") && seen.fetch_add(1, Ordering::SeqCst) < wrong_listings {
                let after = after.replacen("<Size>700<", "<Size>699<", 1);
                answer.body = format!("{before}{key}{after}").into_bytes();
            }
        };
        let proxy = Line::to(minio.port()).edit(shortened).open();
        let configs = world.configs_through(&proxy);
        let ran = Ran::of(command(
            &[&configs.0, &configs.1],
            &[JSON, "--content=listing"],
        ));
        assert_states(&ran, &[(&block, state)]);
    }
}

/// S-13.5
#[test]
fn one_bucket_is_judged_by_itself() {
    let fine = Block::new(1);
    let cut = Block::new(2).without("index");
    let partial = Block::new(3).without("meta.json");
    let overlapping = Block::new('A').range(fine.range_of().0 + 1, fine.range_of().1);
    let marked = Block::new(5).marked("by hand");
    let world = World::new(&[
        fine.clone(),
        cut.clone(),
        partial.clone(),
        overlapping.clone(),
        marked.clone(),
    ]);
    let ran = verify_alone(&world, &[JSON]).expect(3);
    assert_states(
        &ran,
        &[
            (&fine, "whole"),
            (&cut, "damaged"),
            (&partial, "partial"),
            (&overlapping, "whole"),
            (&marked, "whole"),
        ],
    );
    let document = ran.json();
    assert_eq!(document["target"], Value::Null);
    assert_eq!(document["content"], Value::Null);
    assert_eq!(of_block(&document, &cut)["why"], "index is missing");
    assert_eq!(
        document["totals"]["notes"],
        json!({"marked": 1, "overlap": 2})
    );
    world.source.remove_block(&cut.id());
    let shown = verify_alone(&world, &[]).expect(0).stdout;
    for told in [
        "to know       1 marked, 2 overlap",
        &format!("whole; overlaps {}", overlapping.id()),
        "whole; marked for deletion: by hand",
        "without a meta.json that can be read",
        "All is well: nothing is damaged in 4 blocks. Nothing was changed.",
    ] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    // A corrupted file is damage too.
    world
        .source
        .put(&format!("{}/meta.json", fine.id()), b"{".to_vec());
    let ran = verify_alone(&world, &[JSON]).expect(3);
    assert_eq!(of_block(&ran.json(), &fine)["state"], "damaged");
    let ran = verify_alone(&world, &["--content=checksum"]).expect(2);
    assert!(ran.stderr.contains("--content"), "{ran:?}");
}

/// S-13.1: where a migration would put objects is no matter to who compares them.
#[test]
fn a_target_that_puts_objects_into_an_archive_can_be_compared() {
    let minio = Minio::start();
    let world = on_minio::World::new(&minio, &[Block::new(1)]);
    let (source, target) = world.configs();
    let archive = "  put_user_metadata: {X-Amz-Storage-Class: GLACIER}\n";
    let text = fs::read_to_string(&target).unwrap() + archive;
    let config = target.with_file_name("archive.yaml");
    fs::write(&config, text).unwrap();
    on_minio::run(&(source.clone(), config.clone()), &[OLD]).expect(2);
    let ran = Ran::of(command(&[&source, &config], &[JSON])).expect(3);
    assert_states(&ran, &[(&Block::new(1), "source-only")]);
}

/// S-13.7
#[test]
fn a_signal_ends_it_and_what_was_found_until_then_is_told() {
    let blocks = [1, 2].map(|number| Block::new(number).chunk_bytes(&[6 << 20]));
    let world = World::new(&blocks);
    world.migrate(&[OLD]).expect(0);
    let configs = [world.source_config(), world.target_config()];
    let slow = [
        JSON,
        "--content=read",
        "--bandwidth-limit=100KiB",
        "--concurrency=1",
    ];
    let mut command = command(&configs.each_ref().map(|path| &**path), &slow);
    let running = Running::start(&mut command);
    thread::sleep(Duration::from_millis(1500));
    signal("INT", running.id());
    let ran = running.wait().expect(130);
    let document = ran.json();
    assert_eq!(document["kind"], "verify", "{document}");
    assert_eq!(document["complete"], false);
    assert_eq!(document["signal"], "SIGINT");
    assert_states(
        &ran,
        &[(&blocks[0], "not-finished"), (&blocks[1], "not-finished")],
    );
}
