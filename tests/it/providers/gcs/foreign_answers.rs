//! Answers that are not the service's, or say of something else that it is what was asked for.

use serde_json::{Value, json};

use crate::support::block::Block;
use crate::support::fake_gcs::{World, port};
use crate::support::proxy::{Answer, Fault, Line};
use crate::support::run::{COPIED_HERE, QUICK_RETRIES};
use crate::support::world::three;

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
