//! Answers that are none of S3's: an ingress without a backend, a proxy in trouble, a page to log in. They say nothing of an object, and so nothing is
//! concluded from them.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::minio::Minio;
use crate::support::on_minio::{World, run};
use crate::support::proxy::{Fault, Line, Request};
use crate::support::run::{COPIED_HERE, Ran};
use crate::support::world::{Contents, three};

/// What stands between, as it answers.
const ANSWERS: [(u16, &str); 12] = [
    (404, "default backend - 404"),
    (
        404,
        "<html><head><title>404 Not Found</title></head></html>",
    ),
    (404, "{\"error\":\"no such route\"}"),
    (404, ""),
    (403, "<html>Request blocked</html>"),
    (401, "Unauthorized"),
    (400, "Bad Request"),
    (405, "<html>405 Not Allowed</html>"),
    (409, "conflict"),
    (412, "precondition"),
    (416, "range"),
    (410, "gone"),
];

/// A fault for the first so many requests that have this method and a path that ends so.
fn first(
    count: usize,
    (method, end): (&'static str, &'static str),
    fault: Fault,
) -> impl Fn(&Request) -> Fault + Send + Sync {
    let seen = AtomicUsize::new(0);
    move |request| {
        let path = request.path.split('?').next().unwrap();
        if request.method == method
            && path.ends_with(end)
            && seen.fetch_add(1, Ordering::SeqCst) < count
        {
            fault
        } else {
            Fault::None
        }
    }
}

const REQUESTS: [(&str, &str); 7] = [
    ("GET", "/hot"),
    ("GET", "/cold"),
    ("GET", "/meta.json"),
    ("GET", "/index"),
    ("PUT", "/index"),
    ("PUT", "/meta.json"),
    ("PUT", "/deletion-mark.json"),
];

/// Two such requests are answered by something else, with that status and body, and the run moves everything all the same.
#[track_caller]
fn assert_harmless_for_a_moment(
    minio: &Minio,
    world: &World,
    request: (&'static str, &'static str),
    (status, body): (u16, &'static str),
) {
    let proxy = Line::to(minio.port())
        .fault(first(2, request, Fault::Answer(status, body)))
        .open();
    let ran = run(&world.configs_through(&proxy), &COPIED_HERE);
    assert_eq!(
        ran.status.code(),
        Some(0),
        "{status} {body} {request:?}: {}",
        ran.stderr
    );
    world.assert_moved();
    world.reset();
}

/// A run during which every such request is answered by something else, with that status and body.
fn answered_for_good(
    minio: &Minio,
    world: &World,
    request: (&'static str, &'static str),
    (status, body): (u16, &'static str),
) -> Ran {
    let proxy = Line::to(minio.port())
        .fault(first(usize::MAX, request, Fault::Answer(status, body)))
        .open();
    let arguments = [&COPIED_HERE[..], &["--max-retries=1"]].concat();
    run(
        &world.configs_with(&proxy, "  max_retries: 1\n"),
        &arguments,
    )
}

/// S-6.14: it is asked again, and then answered.
#[test]
fn what_answers_in_the_place_of_s3_for_a_moment_does_no_harm() {
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    for (status, body) in ANSWERS {
        for request in REQUESTS {
            assert_harmless_for_a_moment(&minio, &world, request, (status, body));
        }
    }
}

/// S-6.14: neither absent, nor vanished, nor a conflict.
#[test]
fn what_answers_in_the_place_of_s3_for_good_is_told_as_such() {
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    for (status, body) in ANSWERS {
        // What a run cannot do without ends it; what one block cannot do without fails the block.
        for (request, exit_code) in [
            (("GET", "/hot"), 1),
            (("GET", "/cold"), 1),
            (("GET", "/meta.json"), 1),
            (("GET", "/index"), 3),
            (("PUT", "/meta.json"), 3),
            (("PUT", "/deletion-mark.json"), 3),
        ] {
            let ran = answered_for_good(&minio, &world, request, (status, body));
            let told = format!("{status} {request:?}: {}", ran.stderr);
            assert_eq!(ran.status.code(), Some(exit_code), "{told}");
            assert!(ran.stderr.contains("none of S3's"), "{}", ran.stderr);
            for word in ["no-meta-json", "vanished", "superseded", "conflict"] {
                assert!(!ran.stdout.contains(word), "{word}: {}", ran.stdout);
            }
            assert!(world.source.marked().is_empty());
            world.assert_heals();
        }
    }
}

/// S-6.14: pages with a status of success.
#[test]
fn a_page_for_people_is_no_object_and_no_receipt() {
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    for request in REQUESTS {
        let seen = AtomicUsize::new(0);
        let proxy = Line::to(minio.port())
            .edit(move |asked, answer| {
                let (method, end) = request;
                let path = asked.path.split('?').next().unwrap();
                let is_meant = asked.method == method && path.ends_with(end);
                if is_meant && seen.fetch_add(1, Ordering::SeqCst) < 2 {
                    answer.status = 200;
                    answer.headers = vec!["Content-Type: text/html".to_owned()];
                    answer.body = b"<html>Please log in</html>".to_vec();
                }
            })
            .open();
        let ran = run(&world.configs_through(&proxy), &COPIED_HERE);
        assert_eq!(ran.status.code(), Some(0), "{request:?}: {}", ran.stderr);
        world.assert_moved();
        world.reset();
    }
}

/// What says yes to everything: a gateway, a mock, a queue. The last one is S3's own, and late.
const SUCCESSES: [(u16, &str); 3] = [
    (200, ""),
    (202, "{\"status\":\"queued\"}"),
    (
        200,
        "<Error><Code>InternalError</Code><Message>late</Message></Error>",
    ),
];

/// S-6.14, S-6.15, S-4.9: it is asked again, and then answered.
#[test]
fn what_says_yes_in_the_place_of_s3_for_a_moment_does_no_harm() {
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    for (status, body) in SUCCESSES {
        for request in REQUESTS {
            assert_harmless_for_a_moment(&minio, &world, request, (status, body));
        }
    }
}

/// S-6.14, S-6.15, S-4.9: no mark is said to be written, and no block to be damaged or gone.
#[test]
fn what_says_yes_in_the_place_of_s3_for_good_is_not_believed() {
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    for (status, body) in SUCCESSES {
        for (request, code) in [
            (("GET", "/meta.json"), 1),
            (("PUT", "/index"), 3),
            (("PUT", "/meta.json"), 3),
            (("PUT", "/deletion-mark.json"), 3),
        ] {
            let ran = answered_for_good(&minio, &world, request, (status, body));
            let told = format!("{status} {body} {request:?}: {}", ran.stderr);
            assert_eq!(ran.status.code(), Some(code), "{told}");
            for word in ["corrupted-meta-json", "vanished", "migrated,"] {
                assert!(!ran.stdout.contains(word), "{word}: {}", ran.stdout);
            }
            assert!(world.source.marked().is_empty());
            world.assert_heals();
        }
    }
}

/// S-3.5: what says yes to every question is not the same bucket.
#[test]
fn an_answer_to_every_name_is_no_probe_that_is_found() {
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    for (times, code) in [(1, 0), (usize::MAX, 1)] {
        let seen = AtomicUsize::new(0);
        let proxy = Line::to(minio.port())
            .fault(move |request| {
                let is_probe = request.path.starts_with("/hot/thanos-bucket-probe-");
                if is_probe && seen.fetch_add(1, Ordering::SeqCst) < times {
                    Fault::Answer(200, "")
                } else {
                    Fault::None
                }
            })
            .open();
        let ran = run(&world.configs_through(&proxy), &COPIED_HERE).expect(code);
        assert!(!ran.stderr.contains("same bucket"), "{}", ran.stderr);
        world.assert_heals();
    }
}
