//! The binary between two buckets, refused, cut off and killed.

use std::path::Path;
use std::time::Duration;

use crate::support::block::Block;
use crate::support::folders::{self, tree};
use crate::support::killed;
use crate::support::oci_server::{Bucket, ENDPOINT, World, endpoint, port};
use crate::support::proxy::{Fault, Line};
use crate::support::run::{COPIED_HERE, OLD, QUICK_RETRIES, Ran, Running, migrate};
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

/// S-5.4: there and back, each leg twice.
#[test]
fn real_blocks_move_from_a_folder_to_the_bucket_and_on_into_another_folder() {
    let world = folders::World::of_examples();
    let middle = Bucket::new("middle");
    let config = middle.config("middle.yaml", "prefix: some/where\n");
    let run = |source: &Path, target: &Path| {
        for _ in 0..2 {
            let mut command = migrate(source, target, &[OLD]);
            command.env(ENDPOINT, endpoint(port()));
            Ran::of(command).expect(0);
        }
    };
    run(&world.source_config(), &config);
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

/// S-3.74: of several parts, each verified, and proven by the checksum of the whole that the service tells when it is asked.
#[test]
fn objects_larger_than_a_part_move_and_are_proven() {
    let world = World::new(&[Block::new(1).chunk_bytes(&[32 * MIB, 17 * MIB + 5, 16 * MIB])]);
    world.migrate(&COPIED_HERE).expect(0);
    world.assert_moved();
    world.reset();
    let (source, _) = world.configs();
    // The service takes no smaller part than of 10 MiB.
    let target = world.target.config("small.yaml", "  part_size: 1048576\n");
    let proxy = Line::to(port()).open();
    let mut command = migrate(&source, &target, &COPIED_HERE);
    command.env(ENDPOINT, endpoint(proxy.port()));
    Ran::of(command).expect(0);
    world.assert_moved();
    let parts = proxy
        .requests()
        .into_iter()
        .filter(|request| request.is("PUT", "uploadPartNum="));
    assert_eq!(parts.count(), 4 + 2 + 2);
    assert_eq!(world.target.with(|objects| objects.uploads()), 0);
}

/// S-3.75: the bucket is asked for every name as it is.
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
        let more = format!("prefix: {}\n", serde_json::json!(prefix));
        let from = source.config(&format!("hot-{number}.yaml"), &more);
        let to = target.config(&format!("cold-{number}.yaml"), &more);
        let mut command = migrate(&from, &to, &[OLD]);
        command.env(ENDPOINT, endpoint(port()));
        Ran::of(command).expect(0);
    }
    assert_same(&target.tree(), &without_marks(&source.tree()));
}

/// S-6.1: throttled, broken, lost and cut off; two of eleven requests.
#[test]
fn requests_that_fail_in_passing_are_repeated() {
    const LATER: &str = r#"{"code": "TooManyRequests", "message": "later"}"#;
    const DENIED: &str = r#"{"code": "BucketNotFound", "message": "Either the bucket does not exist or you are not authorized to access it"}"#;
    let world = World::new(&[
        Block::new(1).chunk_bytes(&[17 * MIB]),
        Block::new(2),
        Block::new(3),
    ]);
    let faults = [
        Fault::Answer(503, LATER),
        Fault::Answer(429, LATER),
        Fault::Answer(500, ""),
        Fault::Answer(404, DENIED),
        Fault::Reset,
        Fault::LoseAnswer,
        Fault::CutAnswer(10),
        Fault::DamageRequest,
    ];
    for fault in faults {
        for remainder in [0, 5] {
            let proxy = Line::to(port())
                .fault(move |request| {
                    if (request.number * 7 + remainder) % 11 < 2 {
                        fault
                    } else {
                        Fault::None
                    }
                })
                .open();
            let arguments = [&QUICK_RETRIES[..], &["--max-retries=20"]].concat();
            world.migrate_through(&proxy, &arguments).expect(0);
            world.assert_moved();
            world.reset();
        }
    }
}

/// S-3.70, S-6.1: nobody comes before the time that the configuration asks for.
#[test]
fn a_request_is_repeated_no_sooner_than_the_configuration_says() {
    let world = World::new(&[Block::new(1)]);
    let (source, _) = world.configs();
    let target = world.target.config(
        "slow.yaml",
        "  max_request_retries: 3\n  request_retry_interval: 2\n",
    );
    let name = format!("/b/{}/o?", world.target.name);
    let asked = std::sync::atomic::AtomicU32::new(0);
    let proxy = Line::to(port())
        .fault(move |request| {
            let is_first = || asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
            if request.is("GET", &name) && is_first() {
                return Fault::Answer(500, "");
            }
            Fault::None
        })
        .open();
    let mut command = migrate(&source, &target, &QUICK_RETRIES);
    command.env(ENDPOINT, endpoint(proxy.port()));
    let ran = Ran::of(command).expect(0);
    assert!(ran.elapsed > Duration::from_secs(2), "{:?}", ran.elapsed);
    world.assert_moved();
}

/// S-6.6: before the service acts, and after it.
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
        world.command_at(proxy.port(), &[OLD])
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

/// S-3.75: page by page, where a page ends with a name that is listed again.
#[test]
fn listings_of_many_pages_are_whole() {
    let blocks: Vec<_> = (1..40).map(Block::new).collect();
    let world = World::new(&blocks);
    let proxy = Line::to(port())
        .edit(|request, answer| {
            if request.is("GET", "/o?prefix=") {
                shorten(answer);
            }
        })
        .open();
    world.migrate_through(&proxy, &[OLD]).expect(0);
    world.assert_moved();
}

/// Leaves seven names of a page, and says that more come.
fn shorten(answer: &mut crate::support::proxy::Answer) {
    let mut page: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    for member in ["objects", "prefixes"] {
        let Some(all) = page[member].as_array_mut().filter(|all| all.len() > 7) else {
            continue;
        };
        let next = all.split_off(7).remove(0);
        page["nextStartWith"] = next.get("name").cloned().unwrap_or(next);
    }
    answer.body = page.to_string().into_bytes();
}
