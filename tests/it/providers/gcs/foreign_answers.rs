//! Answers that are not the service's, or say of something else that it is what was asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::block::Block;
use crate::support::fake_gcs::{Bucket, World, port};
use crate::support::proxy::{Answer, Fault, Line, Request};
use crate::support::run::{COPIED_HERE, QUICK_RETRIES};
use crate::support::world::{Contents, three};

/// S-6.3: an ingress' word on an object is none.
#[test]
fn what_something_else_says_of_an_object_is_not_believed() {
    let world = World::new(&three());
    for (status, body) in [
        (404, "default backend - 404"),
        (404, "<html>not found</html>"),
        (200, "<html>log in</html>"),
        (403, "<html>"),
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let proxy = Line::to(port())
                .fault(move |request| {
                    let is_object =
                        request.path.contains("/o/") || request.path.contains("/upload/");
                    if request.method == method && is_object && request.number % 3 == 1 {
                        return Fault::Answer(status, body);
                    }
                    Fault::None
                })
                .open();
            let arguments = [&COPIED_HERE[..], &["--max-retries=30"]].concat();
            world.migrate_through(&proxy, &arguments).expect(0);
            world.assert_moved();
            world.reset();
        }
    }
}

/// S-3.31, S-5.4: what was put and is told to be something else is put again, and is never relied upon.
#[test]
fn a_put_that_becomes_something_else_is_not_believed() {
    let world = World::new(&[Block::new(1)]);
    for change in [
        |there: &mut Value| there["crc32c"] = "AAAAAA==".into(),
        |there: &mut Value| there["size"] = "1".into(),
        |there: &mut Value| *there = json!({"kind": "storage#object"}),
    ] {
        let proxy = Line::to(port())
            .edit(move |request, answer: &mut Answer| {
                if request.is("POST", "uploadType=multipart") && request.number % 2 == 0 {
                    let mut there: Value = serde_json::from_slice(&answer.body).unwrap();
                    change(&mut there);
                    answer.body = there.to_string().into_bytes();
                }
            })
            .open();
        let arguments = [&COPIED_HERE[..], &["--max-retries=30"]].concat();
        world.migrate_through(&proxy, &arguments).expect_an_end();
        world.assert_sound();
        world.migrate(&QUICK_RETRIES).expect(0);
        world.assert_moved();
        world.reset();
    }
}

/// S-5.4: an object that changes while it is read is never mixed of two.
#[test]
fn a_part_of_another_version_is_not_taken() {
    let world = World::new(&[Block::new(1).chunk_bytes(&[17 << 20])]);
    let proxy = Line::to(port())
        .edit(|request, answer: &mut Answer| {
            if request.is("GET", "alt=media")
                && request
                    .header("range")
                    .is_some_and(|range| !range.starts_with("bytes=0-"))
            {
                answer
                    .headers
                    .retain(|line| !line.to_ascii_lowercase().starts_with("x-goog-generation"));
                answer.headers.push("x-goog-generation: 1".to_owned());
            }
        })
        .open();
    let arguments = [&COPIED_HERE[..], &["--max-retries=1"]].concat();
    let ran = world.migrate_through(&proxy, &arguments).expect_an_end();
    assert!(!ran.status.success(), "{ran:?}");
    world.assert_heals();
}

/// S-6.3: refused, throttled for good, sent elsewhere: one line, and the run ends.
#[test]
fn what_concerns_the_whole_bucket_ends_the_run() {
    const FORBIDDEN: &str = r#"{"error": {"code": 403, "message": "mover does not have storage.objects.create access", "errors": [{"reason": "forbidden"}]}}"#;
    let world = World::new(&three());
    for (method, fault, expected) in [
        (
            "POST",
            Fault::Answer(403, FORBIDDEN),
            "storage.objects.create",
        ),
        (
            "GET",
            Fault::AnswerHead(302, "location: https://elsewhere/"),
            "elsewhere",
        ),
    ] {
        let proxy = Line::to(port())
            .fault(move |request| {
                if request.method == method {
                    fault
                } else {
                    Fault::None
                }
            })
            .open();
        let ran = world.migrate_through(&proxy, &QUICK_RETRIES).expect(1);
        let errors: Vec<_> = ran
            .stderr
            .lines()
            .filter(|line| line.contains("level=error"))
            .collect();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors.concat().contains(expected), "{errors:?}");
        world.assert_heals();
    }
}

/// As the service speaks, and unsigned: whoever says so has never heard of the bucket.
const ABSENT: &str = r#"{"error": {"code": 404, "message": "Not Found", "errors": [{"domain": "global", "reason": "notFound", "message": "Not Found"}]}}"#;

/// S-6.14: what is listed is there, whoever denies it in the service's own words.
#[test]
fn an_absence_in_the_services_words_is_not_believed_of_what_is_listed() {
    let world = World::new(&three());
    for (method, part) in [
        ("GET", "meta.json"),
        ("GET", "index"),
        ("GET", "chunks"),
        ("DELETE", "probe"),
    ] {
        let meets =
            move |request: &Request| request.is(method, "/o/") && request.path.contains(part);
        // One of two such requests; then every one.
        let seen = AtomicUsize::new(0);
        let proxy = Line::to(port())
            .fault(move |request| {
                let is_met =
                    meets(request) && seen.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
                if is_met {
                    Fault::Answer(404, ABSENT)
                } else {
                    Fault::None
                }
            })
            .open();
        let arguments = [&COPIED_HERE[..], &["--max-retries=30"]].concat();
        world.migrate_through(&proxy, &arguments).expect(0);
        world.assert_moved();
        world.reset();
        let proxy = Line::to(port())
            .fault(move |request| {
                if meets(request) {
                    Fault::Answer(404, ABSENT)
                } else {
                    Fault::None
                }
            })
            .open();
        let arguments = [&COPIED_HERE[..], &["--max-retries=2", "--output=json"]].concat();
        let ran = world.migrate_through(&proxy, &arguments).expect_an_end();
        assert!(!ran.status.success(), "{method} {part}: {ran:?}");
        for word in ["no-meta-json", "vanished", "superseded", "conflict"] {
            assert!(!ran.stdout.contains(word), "{word}: {}", ran.stdout);
        }
        assert!(world.source.marked().is_empty());
        if method == "DELETE" {
            // What nobody could remove is the probe.
            let left = world.target.tree().into_keys();
            left.for_each(|name| world.target.remove(&name));
        }
        world.assert_heals();
    }
}

/// S-6.14: a bucket in which something is listed is there, whoever says to a put that it is not.
#[test]
fn a_bucket_that_is_said_to_be_gone_and_is_listed_is_there() {
    let world = World::new(&[Block::new(1).chunk_bytes(&[17 << 20]), Block::new(2)]);
    let puts = AtomicUsize::new(0);
    let proxy = Line::to(port())
        .fault(move |request| {
            let is_put = request.is("POST", "/upload/");
            if is_put && puts.fetch_add(1, Ordering::SeqCst).is_multiple_of(3) {
                return Fault::Answer(404, ABSENT);
            }
            Fault::None
        })
        .open();
    let arguments = [&COPIED_HERE[..], &["--max-retries=30"]].concat();
    let ran = world.migrate_through(&proxy, &arguments).expect(0);
    assert!(ran.stderr.contains("a listing shows it"), "{}", ran.stderr);
    world.assert_moved();
}

/// S-5.9: what is gone between its listing and its reading is told to be gone, and what has another version to have changed.
#[test]
fn an_object_that_goes_or_changes_after_its_listing_is_told_as_such() {
    for (is_removed, copy) in [
        (true, "--copy=client"),
        (true, "--copy=server"),
        (false, "--copy=client"),
        (false, "--copy=server"),
    ] {
        let world = World::new(&[Block::new(1)]);
        let source = Arc::new(Bucket::named(&world.source.name));
        let id = Block::new(1).id();
        let gone = Arc::clone(&source);
        let proxy = Line::to(port())
            .fault(move |request| {
                let is_data = request.is("GET", "%2Findex?alt=media")
                    || request.is("POST", "%2Findex/rewriteTo");
                if is_data {
                    let (gone, id) = (Arc::clone(&gone), id.clone());
                    // The proxy's own thread must not wait.
                    let act = std::thread::spawn(move || {
                        if is_removed {
                            gone.remove_block(&id);
                        } else {
                            gone.put(&format!("{id}/index"), vec![b'x'; 2000]);
                        }
                    });
                    act.join().unwrap();
                }
                Fault::None
            })
            .open();
        let arguments = [
            &QUICK_RETRIES[..],
            &["--max-retries=1", copy, "--output=json"],
        ]
        .concat();
        let ran = world.migrate_through(&proxy, &arguments).expect_an_end();
        let ending = ran.json()["blocks"][0]["outcome"]["ending"].clone();
        assert_eq!(ending == "vanished", is_removed, "{copy}: {ran:?}");
        assert!(world.target.published().is_empty());
        assert!(world.source.marked().is_empty());
    }
}

/// S-6.1, S-5.5: what a gateway says of a put that has arrived is no conflict, whether it may overwrite or not.
#[test]
fn a_put_that_arrives_and_is_answered_by_a_gateway_is_no_conflict() {
    let world = World::new(&[Block::new(1).chunk_bytes(&[17 << 20]), Block::new(2)]);
    for status in [502, 504] {
        for part in ["ifGenerationMatch=0", "uploadType=multipart", "upload_id="] {
            let seen = AtomicUsize::new(0);
            let proxy = Line::to(port())
                .edit(move |request, answer: &mut Answer| {
                    let is_put = request.method != "GET" && request.path.contains(part);
                    if is_put && seen.fetch_add(1, Ordering::SeqCst).is_multiple_of(7) {
                        answer.status = status;
                        answer.headers = vec!["content-type: text/html".to_owned()];
                        answer.body = b"<html>Bad Gateway</html>".to_vec();
                    }
                })
                .open();
            let arguments = [&COPIED_HERE[..], &["--max-retries=30", "--output=json"]].concat();
            let ran = world.migrate_through(&proxy, &arguments).expect(0);
            assert!(!ran.stdout.contains("conflict"), "{}", ran.stdout);
            let is_put_twice = ran.stderr.contains("what was put is not what is there");
            assert!(!is_put_twice, "{}", ran.stderr);
            world.assert_moved();
            world.reset();
        }
    }
}

/// S-6.3: the service's own 308 says how far an upload is; anybody else's sends it elsewhere.
#[test]
fn an_upload_that_is_sent_elsewhere_ends_the_run() {
    let world = World::new(&[Block::new(1).chunk_bytes(&[17 << 20])]);
    let proxy = Line::to(port())
        .fault(|request| {
            if request.is("PUT", "upload_id=") {
                return Fault::AnswerHead(308, "location: https://elsewhere/");
            }
            Fault::None
        })
        .open();
    let ran = world.migrate_through(&proxy, &COPIED_HERE).expect(1);
    let errors = ran
        .stderr
        .lines()
        .filter(|line| line.contains("level=error"));
    let errors: Vec<_> = errors.collect();
    // The run's, and the block's.
    assert!(errors.len() == 2, "{errors:?}");
    assert!(
        errors
            .iter()
            .all(|told| told.contains("the service is elsewhere")),
        "{errors:?}"
    );
    world.assert_heals();
}
