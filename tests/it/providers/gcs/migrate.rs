//! The binary between buckets of an emulator, refused, cut off and killed.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::support::block::Block;
use crate::support::fake_gcs::{
    Bucket, EMULATOR, World, host, inline, port, service_account, token_service,
};
use crate::support::folders::{self, tree};
use crate::support::killed;
use crate::support::minio::Minio;
use crate::support::proxy::{Fault, Line};
use crate::support::run::{COPIED_HERE, OLD, QUICK_RETRIES, Ran, Running, migrate};
use crate::support::servers::program;
use crate::support::world::{Contents, assert_same, blocks_with, three, without_marks};

const MIB: usize = 1 << 20;

/// S-5.4, S-7.4: data, then meta.json, byte for byte; the source gets marks and nothing else.
#[test]
fn blocks_move_between_two_buckets_and_only_once() {
    let world = World::new(&three());
    let ran = world
        .migrate(&[&COPIED_HERE[..], &["--output=json"]].concat())
        .expect(0);
    for block in ran.json()["blocks"].as_array().unwrap() {
        assert_eq!(block["outcome"]["proof"], "checksum", "{block}");
    }
    world.assert_moved();
    let marked = world.source.tree();
    world.migrate(&[OLD]).expect(0);
    world.assert_moved();
    assert_same(&world.source.tree(), &marked);
}

/// S-5.4, S-5.6: the proof is by checksum into a bucket that tells one, from a folder that tells none.
#[test]
fn real_blocks_move_from_a_folder_to_the_bucket_and_on_into_another_folder() {
    let world = folders::World::of_examples();
    let middle = Bucket::new("middle");
    let config = middle.config("middle.yaml", "prefix: some/where\n");
    let run = |source: &std::path::Path, target: &std::path::Path| {
        let mut command = migrate(source, target, &[OLD, "--output=json"]);
        command.env(EMULATOR, host(port()));
        Ran::of(command).expect(0)
    };
    let ran = run(&world.source_config(), &config);
    let document = ran.json();
    let moved = document["blocks"].as_array().unwrap().iter();
    let proofs: Vec<_> = moved
        .map(|block| block["outcome"]["proof"].as_str())
        .collect();
    assert!(
        proofs
            .iter()
            .filter(|proof| **proof == Some("checksum"))
            .count()
            >= 5,
        "{proofs:?}"
    );
    assert_eq!(blocks_with(&middle.tree(), "meta.json").len(), 5);
    assert!(
        middle
            .tree()
            .keys()
            .all(|name| name.starts_with("some/where/01J"))
    );
    run(&config, &world.target_config());
    assert_same(&tree(&world.target), &without_marks(&tree(&world.source)));
}

/// S-5.4
#[test]
fn real_blocks_move_from_s3_and_back() {
    let minio = Minio::start();
    let (hot, back) = (minio.bucket("hot"), minio.bucket("back"));
    let examples = folders::World::of_examples();
    hot.put_all(&examples.source);
    let middle = Bucket::new("middle");
    let config = middle.config("middle.yaml", "");
    for (source, target) in [
        (hot.config("hot.yaml"), config.clone()),
        (config, back.config("back.yaml")),
    ] {
        for _ in 0..2 {
            let mut command = migrate(&source, &target, &[OLD]);
            command.env(EMULATOR, host(port()));
            Ran::of(command).expect(0);
        }
    }
    assert_same(&back.tree(), &without_marks(&hot.tree()));
}

/// S-3.31: of several pieces, one of which is no multiple of what the service takes, and exactly so many.
#[test]
fn objects_larger_than_a_piece_move() {
    let world = World::new(&[Block::new(1).chunk_bytes(&[32 * MIB, 17 * MIB + 5, 16 * MIB])]);
    world.migrate(&COPIED_HERE).expect(0);
    world.assert_moved();
    let small = "  chunk_size_bytes: 300000\n";
    world.reset();
    let (source, _) = world.configs();
    let target = world.target.config("small.yaml", small);
    let mut command = migrate(&source, &target, &COPIED_HERE);
    let proxy = Line::to(port()).open();
    command.env(EMULATOR, host(proxy.port()));
    Ran::of(command).expect(0);
    world.assert_moved();
    let pieces = proxy
        .requests()
        .into_iter()
        .filter(|request| request.is("PUT", "upload_id="));
    // A MiB at a time, for less is not worth a request.
    assert!(pieces.count() > 60);
}

/// S-3.32: the bucket is asked for every name as it is.
#[test]
fn names_and_prefixes_of_any_letters_move() {
    let examples = folders::World::new(&three());
    let source = Bucket::new("odd");
    let target = Bucket::new("odd-too");
    for (number, prefix) in ["a b+c%41&=;:@,$~!*'()[]#?\"<>|^`{}", "é/漢字/🧊\u{a0}"]
        .into_iter()
        .enumerate()
    {
        for (name, content) in &examples.before {
            source.put(&format!("{prefix}/{name}"), content.clone());
        }
        source.put(
            &format!("{prefix}/{}/a #?%+&.extra", Block::new(1).id()),
            b"extra".to_vec(),
        );
        let more = format!("prefix: {}\n", serde_json::json!(prefix));
        let from = source.config(&format!("hot-{number}.yaml"), &more);
        let to = target.config(&format!("cold-{number}.yaml"), &more);
        for copy in ["--copy=client", "--copy=server"] {
            let mut command = migrate(&from, &to, &[OLD, copy]);
            command.env(EMULATOR, host(port()));
            Ran::of(command).expect(0);
        }
    }
    assert_same(&target.tree(), &without_marks(&source.tree()));
}

/// S-6.3: exit code 1, in one line.
#[test]
fn an_absent_bucket_ends_the_run_at_once() {
    let world = World::new(&three());
    let (source, target) = world.configs();
    let absent = source.with_file_name("absent.yaml");
    std::fs::write(&absent, "type: GCS\nconfig:\n  bucket: absent-bucket\n").unwrap();
    for (source, target) in [(&absent, &target), (&source, &absent)] {
        for mode in ["--dry-run=true", "--dry-run=false"] {
            let mut command = migrate(source, target, &[OLD, mode]);
            command.env(EMULATOR, host(port()));
            let ran = Ran::of(command).expect(1);
            assert!(ran.stderr.contains("absent-bucket"), "{ran:?}");
            assert!(ran.elapsed < Duration::from_secs(10), "{:?}", ran.elapsed);
        }
    }
    assert_same(&world.source.tree(), &world.before);
}

/// S-6.1: throttled, broken, lost and cut off; two of eleven requests.
#[test]
fn requests_that_fail_in_passing_are_repeated() {
    const LATER: &str = r#"{"error": {"code": 503, "message": "later", "errors": [{"reason": "backendError", "message": "later"}]}}"#;
    let world = World::new(&[
        Block::new(1).chunk_bytes(&[17 * MIB]),
        Block::new(2),
        Block::new(3),
    ]);
    let faults = [
        Fault::Answer(503, LATER),
        Fault::Answer(429, LATER),
        Fault::Answer(500, ""),
        Fault::Reset,
        Fault::LoseAnswer,
        Fault::CutAnswer(10),
    ];
    for fault in faults {
        for remainder in [0, 3, 6, 9] {
            let proxy = Line::to(port())
                .fault(move |request| {
                    if (request.number * 7 + remainder) % 11 < 2 {
                        fault
                    } else {
                        Fault::None
                    }
                })
                .open();
            let copy = ["--copy=client", "--copy=auto"][remainder % 2];
            let arguments = [&QUICK_RETRIES[..], &["--max-retries=20", copy]].concat();
            world.migrate_through(&proxy, &arguments).expect(0);
            world.assert_moved();
            world.reset();
        }
    }
}

/// S-6.1: nobody comes before the time that the service asks for.
#[test]
fn a_service_that_asks_for_time_is_given_it() {
    let world = World::new(&[Block::new(1)]);
    let asked = AtomicU32::new(0);
    let proxy = Line::to(port())
        .fault(move |request| {
            if request.method == "GET" && asked.fetch_add(1, Ordering::SeqCst) == 0 {
                return Fault::AnswerHead(429, "retry-after: 2");
            }
            Fault::None
        })
        .open();
    let ran = world.migrate_through(&proxy, &QUICK_RETRIES).expect(0);
    assert!(ran.elapsed > Duration::from_secs(2), "{:?}", ran.elapsed);
    world.assert_moved();
}

/// S-6.6: before the emulator acts, and after it.
#[test]
fn a_kill_at_any_request_leaves_nothing_torn_and_the_next_run_finishes() {
    let world = World::new(&[Block::new(1).chunk_bytes(&[17 * MIB]), Block::new(2)]);
    for after_it_has_acted in [false, true] {
        let mut number = 0;
        while killed_at(&world, number, after_it_has_acted) {
            world.assert_sound();
            world.migrate(&[OLD]).expect(0);
            world.assert_moved();
            world.reset();
            number += 1;
        }
        world.assert_moved();
        world.reset();
        assert!(number > 20, "{number} requests");
    }
}

/// Kills a run at its request of that number; false when it came to its end before.
fn killed_at(world: &World, number: usize, after_it_has_acted: bool) -> bool {
    let line = Line::to(port());
    killed::was_killed(killed::at(line, number, after_it_has_acted, |proxy| {
        world.command_at(proxy.port(), &[OLD, "--copy=client"])
    }))
}

/// S-5.11: two that mark, or publish, the same block at the same moment.
#[test]
fn several_runs_at_once_end_sound() {
    let blocks: Vec<_> = (1..8).map(Block::new).collect();
    let world = World::new(&blocks);
    // Each writes the files of both buckets, which none may do while another reads them.
    let mut commands = [(); 3].map(|()| world.command_at(port(), &[OLD]));
    let runs = commands.each_mut().map(Running::start);
    for running in runs {
        running.wait().expect(0);
    }
    world.assert_moved();
}

/// S-4.9: a listing that does not come to its end is no listing, and a page of something else is none.
#[test]
fn a_listing_that_fails_ends_the_run_before_anything_is_written() {
    const REFUSED: &str =
        r#"{"error": {"code": 403, "message": "no access", "errors": [{"reason": "forbidden"}]}}"#;
    let world = World::new(&three());
    for (status, body) in [
        (503, ""),
        (403, REFUSED),
        (404, "default backend - 404"),
        (200, "<html>log in</html>"),
        (200, "{}"),
    ] {
        for bucket in [&world.source.name, &world.target.name] {
            let listed = format!("/b/{bucket}/o?");
            let proxy = Line::to(port())
                .fault(move |request| {
                    if request.is("GET", &listed) {
                        return Fault::Answer(status, body);
                    }
                    Fault::None
                })
                .open();
            let ran = world.migrate_through(&proxy, &QUICK_RETRIES).expect(1);
            assert!(ran.stderr.contains("level=error"), "{}", ran.stderr);
            assert!(
                proxy
                    .requests()
                    .iter()
                    .all(|request| request.method == "GET")
            );
            assert_same(&world.source.tree(), &world.before);
            assert!(world.target.tree().is_empty());
        }
    }
}

/// S-4.9: page by page, and where a page ends with a name that is listed again.
#[test]
fn listings_of_many_pages_are_whole() {
    let blocks: Vec<_> = (1..40).map(Block::new).collect();
    let world = World::new(&blocks);
    // The emulator sends everything at once unless it is asked for fewer.
    let proxy = Line::to(port())
        .edit(|request, answer| {
            if request.path.contains("/o?prefix=") && request.method == "GET" {
                shorten(&request.path, answer);
            }
        })
        .open();
    world.migrate_through(&proxy, &[OLD]).expect(0);
    world.assert_moved();
}

/// Leaves seven objects of a page, and says that more come.
fn shorten(path: &str, answer: &mut crate::support::proxy::Answer) {
    let mut page: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let Some(items) = page["items"].as_array_mut() else {
        return;
    };
    if items.len() > 7 && !path.contains("delimiter") {
        let next = items[7]["name"].clone();
        items.truncate(7);
        page["nextPageToken"] = next;
        answer.body = page.to_string().into_bytes();
    }
}

/// S-3.29, S-3.30: with the same file.
#[test]
fn thanos_sees_what_was_written_with_the_same_file() {
    let world = folders::World::of_examples();
    let bucket = Bucket::new("thanos");
    let tokens = token_service();
    let account = service_account(&tokens.url("/token"));
    let config = bucket.config("thanos.yaml", &inline(&account));
    let mut command = migrate(&world.source_config(), &config, &[OLD]);
    command.env(EMULATOR, host(port()));
    Ran::of(command).expect(0);
    let listed = std::process::Command::new(program("thanos"))
        .args(["tools", "bucket", "ls"])
        .arg(format!("--objstore.config-file={}", config.display()))
        .env(EMULATOR, host(port()))
        .output()
        .unwrap();
    assert!(
        listed.status.success(),
        "{}",
        String::from_utf8_lossy(&listed.stderr)
    );
    let mut ids: Vec<_> = String::from_utf8(listed.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    ids.sort();
    assert_eq!(ids, blocks_with(&bucket.tree(), "meta.json"));
}
