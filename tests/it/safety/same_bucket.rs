//! Source and target that are one, or a live replica of one another: nothing is marked.

use std::collections::HashMap;
use std::fs::{self, File};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use regex::Regex;

use crate::support::block::Block;
use crate::support::folders;
use crate::support::minio::Minio;
use crate::support::on_minio::{World, run};
use crate::support::proxy::{Answer, Line, Request};
use crate::support::run::{OLD, QUICK_RETRIES};
use crate::support::world::{Contents, assert_same, three};

/// Whether it asks for a page of all objects.
fn is_listing(request: &Request) -> bool {
    request.lists("/") && !request.path.contains("delimiter")
}

/// Listings with whole seconds, as Amazon's are.
fn in_whole_seconds(answer: &mut Answer) {
    let fraction = Regex::new(r"\.[0-9]+Z</LastModified>").unwrap();
    let page = answer.text();
    let page = fraction.replace_all(&page, ".000Z</LastModified>");
    answer.body = page.into_owned().into_bytes();
}

/// S-3.6: to the second, where a listing has no more.
#[test]
fn a_live_replica_is_known_where_listings_have_whole_seconds() {
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    for (name, content) in &world.before {
        world.target.put(name, content.clone());
    }
    let object = Regex::new("<Key>([^<]*)</Key><LastModified>([^<]*)</LastModified>").unwrap();
    for one_is_later in [false, true] {
        let object = object.clone();
        let times: Mutex<HashMap<String, String>> = Mutex::default();
        let proxy = Line::to(minio.port())
            .edit(move |request, answer| {
                if !is_listing(request) {
                    return;
                }
                in_whole_seconds(answer);
                let page = answer.text();
                let mut times = times.lock().unwrap();
                if request.path.starts_with("/hot?") {
                    for found in object.captures_iter(&page) {
                        times.insert(found[1].to_owned(), found[2].to_owned());
                    }
                    return;
                }
                // The target's objects are as old as the source's, but for one of them.
                let page = object.replace_all(&page, |found: &regex::Captures<'_>| {
                    let is_later = one_is_later && found[1].ends_with("/index");
                    let time = if is_later { None } else { times.get(&found[1]) };
                    let time = time.map_or("2035-01-01T00:00:00.000Z", String::as_str);
                    format!(
                        "<Key>{}</Key><LastModified>{time}</LastModified>",
                        &found[1]
                    )
                });
                answer.body = page.into_owned().into_bytes();
            })
            .open();
        let configs = world.configs_through(&proxy);
        // The source is listed first, so that its times are known.
        let dry = run(&configs, &[OLD, "--dry-run"]);
        assert!(matches!(dry.status.code(), Some(0 | 2)), "{}", dry.stderr);
        let ran = run(&configs, &[OLD, "--dry-run"]).expect(if one_is_later { 0 } else { 2 });
        assert_eq!(
            ran.stderr.contains("a live replica"),
            !one_is_later,
            "{}",
            ran.stderr
        );
        assert_same(&world.source.tree(), &world.before);
    }
}

/// S-3.6: whatever is copied within the second in which it was written.
#[test]
fn copies_of_this_tool_are_no_replica_however_fast_they_were_made() {
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    let proxy = Line::to(minio.port())
        .edit(|request, answer| {
            if is_listing(request) {
                let time = Regex::new("<LastModified>[^<]*</LastModified>").unwrap();
                let page = answer.text();
                let same = "<LastModified>2025-01-01T00:00:00.000Z</LastModified>";
                answer.body = time.replace_all(&page, same).into_owned().into_bytes();
            }
        })
        .open();
    for more in [&[][..], &["--exclude-delete-marked=false"]] {
        run(&world.configs_through(&proxy), &[&[OLD], more].concat()).expect(0);
    }
    world.assert_moved();
}

/// S-3.6: as where a folder of the source's is mounted in a block of the target that lacks the rest.
#[test]
fn a_target_that_has_one_file_of_the_source_is_refused() {
    let world = folders::World::new(&three());
    let before = world.source.tree();
    let one = before
        .keys()
        .find(|name| name.contains("/chunks/"))
        .unwrap();
    let there = world.target.join(one);
    fs::create_dir_all(there.parent().unwrap()).unwrap();
    fs::hard_link(world.source.join(one), there).unwrap();
    let ran = world.migrate(&[OLD]).expect(2);
    assert!(ran.stderr.contains("--allow-replica-target"), "{ran:?}");
    assert_eq!(world.source.tree(), before);
}

/// S-3.5: what is put there must be listed there.
#[test]
fn a_target_that_does_not_list_what_is_put_there_is_refused() {
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    let probe = Regex::new("<Contents><Key>thanos-bucket-probe-.*?</Contents>").unwrap();
    let proxy = Line::to(minio.port())
        .edit(move |request, answer| {
            if is_listing(request) {
                let page = answer.text();
                answer.body = probe.replace_all(&page, "").into_owned().into_bytes();
            }
        })
        .open();
    let ran = run(&world.configs_through(&proxy), &[OLD]).expect(2);
    assert!(ran.stderr.contains("does not list"), "{}", ran.stderr);
    assert_same(&world.source.tree(), &world.before);
    assert!(world.target.tree().is_empty(), "the probe is gone");
}

/// S-3.5: whatever its answers say, the probe goes.
#[test]
fn a_probe_whose_answer_is_lost_is_removed() {
    use crate::support::proxy::Fault;
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    let proxy = Line::to(minio.port())
        .fault(|request| {
            if request.is("PUT", "thanos-bucket-probe-") {
                Fault::LoseAnswer
            } else {
                Fault::None
            }
        })
        .open();
    run(&world.configs_through(&proxy), &QUICK_RETRIES).expect(1);
    assert_same(&world.source.tree(), &world.before);
    assert!(world.target.tree().is_empty(), "the probe is gone");
}

/// S-3.5: what merely resembles a probe is somebody else's.
#[test]
fn only_probes_are_swept_away() {
    const PROBE: &str = "put by thanos-bucket to find out whether source and target are one bucket; safe to delete\n";
    let world = folders::World::new(&[Block::new(1)]);
    fs::create_dir(&world.target).unwrap();
    let other = PROBE.replace("safe", "EVIL");
    let put = |name: &str, content: &str, age: Duration| {
        let path = world.target.join(name);
        fs::write(&path, content).unwrap();
        let written = SystemTime::now() - age;
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(written).unwrap();
    };
    let (young, old) = (Duration::from_hours(23), Duration::from_hours(25));
    let left_over = "thanos-bucket-probe-01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
    put(left_over, PROBE, old);
    // What a service copied for `check`.
    let copied = "thanos-bucket-probe-01J9ZK3M7Q8T5V6W7X8Y9Z0A1G-copy";
    put(copied, r#"{"ulid":"01J9ZK3M7Q8T5V6W7X8Y9Z0A1G"}"#, old);
    let kept = [
        (
            "thanos-bucket-probe-01J9ZK3M7Q8T5V6W7X8Y9Z0A1C",
            PROBE,
            young,
        ),
        (
            "thanos-bucket-probe-01J9ZK3M7Q8T5V6W7X8Y9Z0A1D",
            &other,
            old,
        ),
        (
            "thanos-bucket-probe-01J9ZK3M7Q8T5V6W7X8Y9Z0A1E",
            "short",
            old,
        ),
        ("thanos-bucket-probe-01j9zk3m7q8t5v6w7x8y9z0a1f", PROBE, old),
        (
            "thanos-bucket-probe-01J9ZK3M7Q8T5V6W7X8Y9Z0A1B.bak",
            PROBE,
            old,
        ),
        ("thanos-bucket-probe-notes.txt", PROBE, old),
        (
            "thanos-bucket-probe-01J9ZK3M7Q8T5V6W7X8Y9Z0A1H-copy",
            "mine",
            old,
        ),
        ("thanos-bucket-probe-", PROBE, old),
    ];
    for (name, content, age) in kept {
        put(name, content, age);
    }
    world.migrate(&[OLD]).expect(0);
    let target = world.target.tree();
    assert!(!target.contains_key(left_over), "{target:?}");
    assert!(!target.contains_key(copied), "{target:?}");
    for (name, content, _) in kept {
        assert_eq!(target[name], content.as_bytes(), "{name}");
    }
}
