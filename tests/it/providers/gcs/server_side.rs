//! Objects that the service copies by itself: not a byte of them comes here.

use serde_json::{Value, json};

use crate::support::block::Block;
use crate::support::fake_gcs::{World, port};
use crate::support::proxy::{Fault, Line, Proxy, Request};
use crate::support::run::{OLD, QUICK_RETRIES};
use crate::support::world::three;

fn copies(proxy: &Proxy) -> Vec<Request> {
    let requests = proxy.requests().into_iter();
    requests
        .filter(|request| request.is("POST", "/rewriteTo/"))
        .collect()
}

/// The data objects of which bytes came here.
fn read_here(proxy: &Proxy) -> usize {
    let requests = proxy.requests().into_iter();
    let is_data = |path: &str| path.contains("%2Findex?") || path.contains("%2Fchunks%2F");
    requests
        .filter(|request| request.is("GET", "alt=media") && is_data(&request.path))
        .count()
}

/// S-5.20: the very version that was listed, and the proof is by checksum.
#[test]
fn what_one_service_holds_does_not_come_here() {
    let world = World::new(&[Block::new(1).chunk_bytes(&[17 << 20, 1000]), Block::new(2)]);
    let proxy = Line::to(port()).open();
    let ran = world
        .migrate_through(&proxy, &[OLD, "--output=json"])
        .expect(0);
    for block in ran.json()["blocks"].as_array().unwrap() {
        assert_eq!(block["outcome"]["proof"], "checksum", "{block}");
    }
    assert_eq!(read_here(&proxy), 0);
    let copies = copies(&proxy);
    assert_eq!(copies.len(), 5);
    for copy in copies {
        assert!(copy.path.contains("sourceGeneration="), "{}", copy.path);
        assert!(
            copy.path.contains("ifSourceGenerationMatch="),
            "{}",
            copy.path
        );
    }
    world.assert_moved();
    world.reset();
    let proxy = Line::to(port()).open();
    world
        .migrate_through(&proxy, &[OLD, "--copy=client"])
        .expect(0);
    assert!(read_here(&proxy) >= 5);
    world.assert_moved();
}

/// S-5.20: large objects, and those that go to another class or place, take several answers.
#[test]
fn a_copy_that_is_not_done_is_asked_for_again_with_its_token() {
    let world = World::new(&three());
    let proxy = Line::to(port())
        .edit(|request, answer| {
            if !request.is("POST", "/rewriteTo/") {
                return;
            }
            let step = match request.path.split_once("rewriteToken=") {
                None => 1,
                Some((_, "step%2F1")) => 2,
                Some((_, token)) => {
                    assert_eq!(token, "step%2F2");
                    return;
                }
            };
            let document = json!({"kind": "storage#rewriteResponse", "done": false, "objectSize": "3",
                "totalBytesRewritten": step.to_string(), "rewriteToken": format!("step/{step}")});
            answer.body = document.to_string().into_bytes();
        })
        .open();
    world
        .migrate_through(&proxy, &[OLD, "--copy=server"])
        .expect(0);
    world.assert_moved();
    // Three blocks of two data objects, and three answers for each.
    assert_eq!(copies(&proxy).len() % 3, 0);
    assert!(copies(&proxy).len() >= 18);
}

/// S-5.21
#[test]
fn where_the_service_refuses_to_copy_objects_come_here() {
    const REFUSED: &str = r#"{"error": {"code": 403, "message": "no storage.objects.get access", "errors": [{"reason": "forbidden"}]}}"#;
    let world = World::new(&three());
    for (status, body) in [(403, REFUSED), (501, ""), (404, "default backend")] {
        let proxy = Line::to(port())
            .fault(move |request| {
                if request.is("POST", "/rewriteTo/") {
                    return Fault::Answer(status, body);
                }
                Fault::None
            })
            .open();
        let ran = world.migrate_through(&proxy, &QUICK_RETRIES).expect(0);
        let told = ran
            .stderr
            .lines()
            .filter(|line| line.contains("the service does not copy by itself"));
        assert_eq!(told.count(), 1, "{}", ran.stderr);
        world.assert_moved();
        world.reset();
    }
}

/// S-5.20, S-6.1: an answer that says of another size, or of nothing, that it is done.
#[test]
fn a_copy_of_something_else_is_not_believed() {
    let world = World::new(&[Block::new(1)]);
    for answer in [
        r#"{"kind": "storage#rewriteResponse", "done": true, "resource": {"size": "1"}}"#,
        r#"{"kind": "storage#rewriteResponse", "done": true}"#,
        // Without the number of a version it tells of nothing.
        r#"{"kind": "storage#rewriteResponse", "done": true, "resource": {"size": "1000"}}"#,
    ] {
        let proxy = Line::to(port())
            .fault(move |request| {
                if request.is("POST", "/rewriteTo/") {
                    return Fault::Answer(200, answer);
                }
                Fault::None
            })
            .open();
        let arguments = [&QUICK_RETRIES[..], &["--copy=server"]].concat();
        let ran = world.migrate_through(&proxy, &arguments).expect(3);
        assert!(ran.stderr.contains("another size"), "{}", ran.stderr);
        world.assert_heals();
    }
}

/// S-5.20: the digests that the answer tells are compared with those that are listed.
#[test]
fn a_copy_of_the_same_size_and_other_bytes_is_not_believed() {
    let world = World::new(&[Block::new(1)]);
    for (member, value) in [
        ("crc32c", "AAAAAA=="),
        ("md5Hash", "AAAAAAAAAAAAAAAAAAAAAA=="),
    ] {
        let proxy = Line::to(port())
            .edit(move |request, answer| {
                if request.is("POST", "/rewriteTo/") {
                    let mut told: Value = serde_json::from_slice(&answer.body).unwrap();
                    told["resource"][member] = value.into();
                    answer.body = told.to_string().into_bytes();
                }
            })
            .open();
        let arguments = [&QUICK_RETRIES[..], &["--copy=server"]].concat();
        // What the emulator has copied in truth, the next listing proves.
        let ran = world.migrate_through(&proxy, &arguments).expect(0);
        assert!(ran.stderr.contains("another CRC-32C"), "{}", ran.stderr);
        world.assert_moved();
        world.reset();
    }
}

/// S-5.20, S-5.21: it is given time, and no more than that; then the object comes here, or the block fails.
#[test]
fn a_copy_that_gets_no_further_is_given_up() {
    let world = World::new(&[Block::new(1)]);
    for (bytes, most) in [("0", 9), ("9999999999", 1)] {
        for (copy, code) in [("--copy=auto", 0), ("--copy=server", 3)] {
            let answer = json!({"kind": "storage#rewriteResponse", "done": false, "totalBytesRewritten": bytes, "rewriteToken": "again"});
            let proxy = Line::to(port())
                .edit(move |request, told| {
                    if request.is("POST", "/rewriteTo/") {
                        told.body = answer.to_string().into_bytes();
                    }
                })
                .open();
            let arguments = [&QUICK_RETRIES[..], &[copy, "--concurrency=1"]].concat();
            let ran = world.migrate_through(&proxy, &arguments).expect(code);
            assert!(ran.stderr.contains("gets no further"), "{}", ran.stderr);
            // Two data objects.
            assert!(copies(&proxy).len() <= 2 * most, "{}", copies(&proxy).len());
            assert!(ran.elapsed.as_secs() < 60, "{:?}", ran.elapsed);
            world.assert_sound();
            world.reset();
        }
    }
}
