//! Swift refuses, throttles, breaks off and is full; the tool is killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{World, run};
use crate::support::block::Block;
use crate::support::killed;
use crate::support::proxy::{Fault, Line, Request};
use crate::support::run::{COPIED_HERE, OLD, QUICK_RETRIES, Ran, migrate};
use crate::support::swift::Swift;
use crate::support::world::{Contents, assert_same, three};

const HTML: &str =
    "<html><h1>Service Unavailable</h1><p>The server is currently unavailable.</p></html>";

const UNLIKE: &str =
    "<html><h1>Unprocessable Entity</h1><p>Unable to process the contained instructions</p></html>";

/// A server that is silent for so long counts as gone.
const SHORT: &str = "  timeout: 2s\n";

/// So small a segment that blocks have objects of several.
const SEGMENTED: &str = "  large_object_chunk_size: 900\n";

/// What is read and written in a run: data, `meta.json`, and listings.
const KINDS: [(&str, &str); 6] = [
    ("GET", "/index"),
    ("GET", "/meta.json"),
    ("GET", "format=json"),
    ("PUT", "/segments/"),
    ("PUT", "/index"),
    ("PUT", "/meta.json"),
];

/// The fault for the first so many requests of a kind.
fn first(
    count: usize,
    (method, part): (&'static str, &'static str),
    fault: Fault,
) -> impl Fn(&Request) -> Fault + Send + Sync {
    let seen = AtomicUsize::new(0);
    move |request| {
        if request.is(method, part) && seen.fetch_add(1, Ordering::SeqCst) < count {
            fault
        } else {
            Fault::None
        }
    }
}

fn line() -> Line {
    Line::to(Swift::shared().port())
}

/// S-6.1: what Swift answers in trouble, and what the line does, once to each kind of request; objects in segments among them.
#[test]
fn requests_that_fail_in_passing_are_repeated() {
    let world = World::new(&[Block::new(1), Block::new(2).chunk_bytes(&[1000, 2000])]);
    for (fault, methods) in [
        (Fault::Answer(503, HTML), "GET PUT"),
        (Fault::Answer(429, ""), "GET PUT"),
        (Fault::Answer(498, HTML), "GET PUT"),
        (Fault::Answer(500, ""), "GET PUT"),
        (Fault::Answer(422, UNLIKE), "PUT"),
        (Fault::Answer(408, ""), "PUT"),
        (Fault::Reset, "GET PUT"),
        (Fault::ResetRequest(300), "PUT"),
        (Fault::LoseAnswer, "GET PUT"),
        (Fault::CutAnswer(300), "GET"),
        (Fault::DamageRequest, "PUT"),
    ] {
        let seen = KINDS.map(|_| AtomicUsize::new(0));
        let met = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&met);
        let proxy = line()
            .fault(move |request| {
                let mut kinds = KINDS.iter().zip(&seen);
                let kind = kinds.find(|((method, part), _)| request.is(method, part));
                let is_first =
                    kind.is_some_and(|(_, seen)| seen.fetch_add(1, Ordering::SeqCst) == 0);
                if is_first && methods.contains(&request.method) {
                    count.fetch_add(1, Ordering::SeqCst);
                    return fault;
                }
                Fault::None
            })
            .open();
        let ran = run(&world.configs_with(&proxy, SEGMENTED), &COPIED_HERE);
        assert_eq!(ran.status.code(), Some(0), "{fault:?}: {ran:?}");
        let kinds = KINDS.iter().filter(|(method, _)| methods.contains(method));
        assert_eq!(met.load(Ordering::SeqCst), kinds.count(), "{fault:?}");
        world.assert_moved();
        world.reset();
    }
}

/// S-6.1: no earlier than it is asked for.
#[test]
fn a_server_that_asks_for_time_gets_it() {
    let world = World::new(&[Block::new(1)]);
    let proxy = line()
        .fault(first(
            1,
            ("PUT", "/index"),
            Fault::AnswerHead(503, "Retry-After: 2"),
        ))
        .open();
    let ran = run(&world.configs_through(&proxy), &COPIED_HERE).expect(0);
    assert!(ran.elapsed >= Duration::from_secs(2), "{:?}", ran.elapsed);
    world.assert_moved();
}

/// S-6.10: in the head and in the body of an answer, and in the body of a request.
#[test]
fn a_request_that_stands_still_ends_and_is_repeated() {
    let world = World::new(&[Block::new(1).chunk_bytes(&[3 << 20])]);
    for (kind, fault) in [
        (("GET", "/index"), Fault::StallAnswer(0)),
        (("GET", "/000001"), Fault::StallAnswer(1 << 20)),
        (("GET", "format=json"), Fault::StallAnswer(10)),
        (("PUT", "/000001"), Fault::Stall),
        (("PUT", "/meta.json"), Fault::StallAnswer(0)),
    ] {
        let proxy = line().fault(first(1, kind, fault)).open();
        let ran = run(&world.configs_with(&proxy, SHORT), &COPIED_HERE).expect(0);
        assert!(
            ran.elapsed < Duration::from_mins(1),
            "{kind:?} {fault:?}: {ran:?}"
        );
        world.assert_moved();
        world.reset();
    }
}

/// S-6.2, S-6.14: a body that is never whole, and what an ingress says in Swift's place, are no objects and no listings.
#[test]
fn what_is_never_whole_is_never_taken_for_a_block() {
    const PAGE: &str = "<!DOCTYPE html><html><body>default backend - 404</body></html>";
    let world = World::new(&[Block::new(1)]);
    for (kind, fault) in [
        (("GET", "/index"), Fault::CutAnswer(0)),
        (("GET", "/000001"), Fault::ResetAnswer(100)),
        (
            ("GET", "/000001"),
            Fault::Answer(409, "<html><h1>Conflict</h1></html>"),
        ),
        (("GET", "/meta.json"), Fault::Answer(200, PAGE)),
        (("GET", "/meta.json"), Fault::Answer(404, PAGE)),
        (("GET", "format=json"), Fault::Answer(200, PAGE)),
        (("GET", "format=json"), Fault::Answer(404, PAGE)),
        (("GET", "format=json"), Fault::Answer(200, "")),
        (("PUT", "/index"), Fault::Answer(201, PAGE)),
        (("PUT", "/deletion-mark"), Fault::Answer(202, "")),
    ] {
        let proxy = line().fault(first(usize::MAX, kind, fault)).open();
        let arguments = [&COPIED_HERE[..], &["--max-retries=1"]].concat();
        let ran = run(&world.configs_with(&proxy, "  retries: 1\n"), &arguments);
        assert_ne!(ran.status.code(), Some(0), "{kind:?} {fault:?}: {ran:?}");
        world.assert_sound();
        assert_eq!(
            world.source.marked(),
            [""; 0],
            "{kind:?} {fault:?}: {ran:?}"
        );
        world.assert_heals();
    }
}

/// S-6.3: the server's own quotas, of bytes and of objects.
#[test]
fn a_container_that_is_full_ends_the_run_with_a_clear_word() {
    let world = World::new(&three());
    for (header, limit) in [
        ("x-container-meta-quota-bytes", "1500"),
        ("x-container-meta-quota-count", "3"),
    ] {
        let full = Swift::shared().name("full");
        full.make(&[(header, limit)]);
        let (source, _) = world.configs();
        let configs = (source, full.config("full.yaml"));
        let ran = run(&configs, &QUICK_RETRIES).expect(1);
        assert!(
            ran.stderr.contains("Upload exceeds quota"),
            "{}",
            ran.stderr
        );
        assert!(ran.elapsed < Duration::from_secs(20), "{:?}", ran.elapsed);
        assert_same(&world.source.tree(), &world.before);
        full.make(&[(header, "")]);
        run(&configs, &[OLD]).expect(0);
        assert_same(&full.tree(), &world.before);
        world.reset();
    }
}

/// S-6.6: before the server acts, and after it; objects in segments among them.
#[test]
fn a_kill_at_any_request_leaves_nothing_torn_and_the_next_run_finishes() {
    let world = World::new(&[Block::new(1), Block::new(2).chunk_bytes(&[1000, 2000])]);
    for after_the_server_has_acted in [false, true] {
        let mut number = usize::from(after_the_server_has_acted);
        while killed_at(&world, number, after_the_server_has_acted) {
            world.assert_sound();
            let (source, target) = (
                world.configs().0,
                world.target.config_with("cold.yaml", None, SEGMENTED),
            );
            run(&(source, target), &[OLD]).expect(0);
            world.assert_moved();
            world.reset();
            number += 5;
        }
        world.assert_moved();
        world.reset();
        assert!(number > 20, "{number} requests");
    }
}

/// Kills a run at its request of that number; false when it came to its end before.
fn killed_at(world: &World, number: usize, after_the_server_has_acted: bool) -> bool {
    killed::was_killed(killed::at(
        line(),
        number,
        after_the_server_has_acted,
        |proxy| {
            let (source, target) = world.configs_with(proxy, SEGMENTED);
            migrate(&source, &target, &[OLD, "--copy=client"])
        },
    ))
}

/// S-6.3: what a run may do is taken from it, whatever it is at by then.
#[test]
fn a_container_that_refuses_everything_from_some_request_on_ends_the_run() {
    // As Swift signs it.
    const SIGN: &str = "X-Trans-Id: tx0123456789abcdef";
    let world = World::new(&three());
    for number in [4, 12, 20, 28] {
        let refused = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&refused);
        let proxy = line()
            .fault(move |request| {
                if request.number >= number && request.path.starts_with("/v1/") {
                    count.fetch_add(1, Ordering::SeqCst);
                    return Fault::AnswerHead(403, SIGN);
                }
                Fault::None
            })
            .open();
        let ran: Ran = run(&world.configs_through(&proxy), &COPIED_HERE).expect(1);
        assert!(ran.stderr.contains("403"), "{}", ran.stderr);
        assert!(refused.load(Ordering::SeqCst) < 30, "{ran:?}");
        world.assert_heals();
    }
}
