//! What production does to requests, done to them between the binary and a real MinIO. Whatever happens: nothing is torn, nothing is marked
//! that the target does not hold, and the next run without faults finishes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::block::Block;
use crate::support::minio::Minio;
use crate::support::on_minio::{World, run};
use crate::support::proxy::{Fault, Line, Request};
use crate::support::run::{COPIED_HERE, OLD, Ran, Running, migrate};
use crate::support::world::{Contents, three};

/// A server that is silent for so long counts as gone.
const SHORT: &str = "  http_config:\n    response_header_timeout: 2s\n";

const ENOUGH: Duration = Duration::from_mins(1);

/// What is read and written in a run: data, `meta.json`, and listings.
const KINDS: [(&str, &str); 5] = [
    ("GET", "/index"),
    ("GET", "/meta.json"),
    ("GET", "list-type=2"),
    ("PUT", "/index"),
    ("PUT", "/meta.json"),
];

fn is_of(request: &Request, (method, part): (&str, &str)) -> bool {
    request.is(method, part)
}

/// The fault for the first so many requests of a kind.
fn first(
    count: usize,
    kind: (&'static str, &'static str),
    fault: Fault,
) -> impl Fn(&Request) -> Fault + Send + Sync {
    let seen = AtomicUsize::new(0);
    move |request| {
        if is_of(request, kind) && seen.fetch_add(1, Ordering::SeqCst) < count {
            fault
        } else {
            Fault::None
        }
    }
}

fn always(
    kind: (&'static str, &'static str),
    fault: Fault,
) -> impl Fn(&Request) -> Fault + Send + Sync {
    first(usize::MAX, kind, fault)
}

/// Runs through a proxy with these faults.
fn run_with(
    world: &World,
    minio: &Minio,
    fault: impl Fn(&Request) -> Fault + Send + Sync + 'static,
) -> Ran {
    let proxy = Line::to(minio.port()).fault(fault).open();
    run(&world.configs_through(&proxy), &COPIED_HERE)
}

/// S-6.1: every status that may pass, for each kind of request.
#[test]
fn a_server_in_trouble_is_asked_again() {
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    for status in [429, 500, 502, 503, 504] {
        for kind in KINDS {
            run_with(&world, &minio, first(2, kind, Fault::Answer(status, ""))).expect(0);
            world.assert_moved();
            world.reset();
        }
    }
}

/// S-6.1: the answers to a conditional put that tell of somebody else, where there is nobody.
#[test]
fn a_conflict_about_an_object_that_is_not_there_is_tried_again() {
    const CONFLICT: &str = "<Error><Code>ConditionalRequestConflict</Code><Message>At the same time.</Message></Error>";
    const PRECONDITION: &str =
        "<Error><Code>PreconditionFailed</Code><Message>It is there.</Message></Error>";
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    for kind in [("PUT", "/meta.json"), ("PUT", "/deletion-mark.json")] {
        for (status, body) in [(409, CONFLICT), (409, ""), (412, PRECONDITION)] {
            run_with(&world, &minio, first(2, kind, Fault::Answer(status, body))).expect(0);
            world.assert_moved();
            world.reset();
        }
    }
    let kind = ("PUT", "/cold/01");
    for (body, word) in [(CONFLICT, "At the same time"), (PRECONDITION, "is not")] {
        let fault = move |request: &Request| {
            if is_of(request, kind) && request.path.ends_with("/meta.json") {
                Fault::Answer(412, body)
            } else {
                Fault::None
            }
        };
        let ran = run_with(&world, &minio, fault).expect(3);
        assert!(ran.stderr.contains(word), "{}", ran.stderr);
        assert!(!ran.stderr.contains("NoSuchKey"), "{}", ran.stderr);
        world.assert_heals();
    }
}

/// S-5.4, S-5.11: the server is asked whether the object is there, and then given it.
#[test]
fn a_server_without_conditional_puts_is_looked_at_first() {
    const UNKNOWN: &str = "<Error><Code>NotImplemented</Code><Message>A header you provided implies functionality that is not implemented.</Message></Error>";
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    let options = "  max_retries: 1\n";
    for (status, body) in [(501, UNKNOWN), (501, ""), (400, UNKNOWN)] {
        let proxy = Line::to(minio.port())
            .fault(move |request| {
                if request.header("if-none-match").is_some() {
                    Fault::Answer(status, body)
                } else {
                    Fault::None
                }
            })
            .open();
        run(&world.configs_with(&proxy, options), &COPIED_HERE).expect(0);
        let looked = |name: &str| {
            let requests = proxy.requests();
            let looks = requests.iter().filter(|request| request.is("HEAD", name));
            looks.count()
        };
        assert_eq!(looked("/meta.json"), 3);
        assert_eq!(looked("/deletion-mark.json"), 3);
        world.assert_moved();
        world.reset();
    }
}

/// S-6.11: in seconds, for each kind of request.
#[test]
fn a_server_that_asks_for_time_is_given_it() {
    let minio = Minio::start();
    let world = World::new(&minio, &[Block::new(1)]);
    for (status, kind) in [429, 503, 500]
        .into_iter()
        .flat_map(|status| KINDS.map(|kind| (status, kind)))
    {
        let proxy = Line::to(minio.port())
            .fault(first(1, kind, Fault::AnswerHead(status, "Retry-After: 1")))
            .open();
        run(&world.configs_through(&proxy), &COPIED_HERE).expect(0);
        let requests = proxy.requests();
        let refused = requests
            .iter()
            .find(|request| is_of(request, kind))
            .unwrap();
        let repeated = requests
            .iter()
            .find(|later| later.number > refused.number && later.path == refused.path)
            .unwrap();
        let waited = repeated.at - refused.at;
        assert!(
            waited >= Duration::from_secs(1),
            "{status} {kind:?}: {waited:?}"
        );
        world.assert_moved();
        world.reset();
    }
}

/// S-6.1: before, in and after the body, in both directions.
#[test]
fn connections_that_break_at_any_stage_are_made_anew() {
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    for fault in [
        Fault::Reset,
        Fault::ResetRequest(0),
        Fault::ResetRequest(300),
        Fault::LoseAnswer,
        Fault::ResetAnswer(0),
        Fault::ResetAnswer(300),
        Fault::CutAnswer(0),
        Fault::CutAnswer(300),
    ] {
        for kind in KINDS {
            run_with(&world, &minio, first(2, kind, fault)).expect(0);
            world.assert_moved();
            world.reset();
        }
    }
}

/// S-6.2: those before it in its unit go on.
#[test]
fn a_body_that_is_always_cut_short_fails_its_block_alone() {
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    for (what, fault) in [
        ("index", Fault::CutAnswer(0)),
        ("index", Fault::ResetAnswer(0)),
        ("chunks/000001", Fault::CutAnswer(0)),
    ] {
        let path: &str = format!("/hot/{}/{what}", Block::new(3).id()).leak();
        run_with(&world, &minio, always(("GET", path), fault)).expect(3);
        assert_eq!(world.source.marked().len(), 2);
        world.assert_heals();
    }
}

/// S-6.10: in the head and in the body of an answer, and in the body of a request.
#[test]
fn a_request_that_stands_still_ends_and_is_repeated() {
    let minio = Minio::start();
    let world = World::new(&minio, &[Block::new(1).chunk_bytes(&[30 << 20])]);
    let faults = KINDS
        .map(|kind| (kind, Fault::StallAnswer(0)))
        .into_iter()
        .chain([
            (("GET", "/index"), Fault::StallAnswer(300)),
            (("GET", "/000001"), Fault::StallAnswer(10 << 20)),
            (("GET", "/index"), Fault::Stall),
            (("PUT", "/000001"), Fault::Stall),
        ]);
    for (kind, fault) in faults {
        let proxy = Line::to(minio.port()).fault(first(1, kind, fault)).open();
        let ran = run(&world.configs_with(&proxy, SHORT), &COPIED_HERE).expect(0);
        assert!(
            ran.elapsed < ENOUGH,
            "{kind:?} {fault:?}: {:?}",
            ran.elapsed
        );
        world.assert_moved();
        world.reset();
    }
}

/// S-6.10: longer than the limit for silence, in both directions, and without a second request.
#[test]
fn a_body_that_moves_slowly_is_not_cut() {
    let minio = Minio::start();
    let world = World::new(&minio, &[Block::new(1).chunk_bytes(&[30 << 20])]);
    let time = Duration::from_secs(6);
    for (kind, fault) in [
        (("GET", "/000001"), Fault::SlowAnswer(time)),
        (("PUT", "/000001"), Fault::SlowRequest(time)),
    ] {
        let proxy = Line::to(minio.port()).fault(always(kind, fault)).open();
        let ran = run(&world.configs_with(&proxy, SHORT), &COPIED_HERE).expect(0);
        assert!(ran.elapsed >= time, "{:?}", ran.elapsed);
        let requests = proxy.requests();
        assert_eq!(
            requests
                .iter()
                .filter(|request| is_of(request, kind))
                .count(),
            1
        );
        world.assert_moved();
        world.reset();
    }
}

/// S-6.3: credentials that expire at any request, and a clock that is wrong.
#[test]
fn credentials_that_are_refused_in_the_middle_end_the_run_with_a_clear_word() {
    const EXPIRED: &str = "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>";
    const SKEWED: &str = "<Error><Code>RequestTimeTooSkewed</Code><Message>The difference is too large.</Message></Error>";
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    for (body, word) in [
        (EXPIRED, "ExpiredToken: The provided token has expired"),
        (SKEWED, "clock"),
    ] {
        for number in [0, 1, 3, 6, 10, 15, 20, 25, 30] {
            let ran = run_with(&world, &minio, move |request| {
                if request.number >= number {
                    Fault::Answer(403, body)
                } else {
                    Fault::None
                }
            })
            .expect(1);
            assert!(ran.stderr.contains(word), "{}", ran.stderr);
            assert!(ran.elapsed < ENOUGH, "{:?}", ran.elapsed);
            world.assert_heals();
        }
    }
}

/// S-6.3: a policy that is revoked, whatever a run is at by then.
#[test]
fn a_bucket_that_refuses_everything_from_some_request_on_ends_the_run() {
    const DENIED: &str =
        "<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>";
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    for bucket in ["/", "/hot", "/cold"] {
        // By then the probe has been put and removed, and blocks are being copied.
        for number in [8, 12, 16, 20, 24, 28, 32] {
            let ran = run_with(&world, &minio, move |request| {
                if request.number >= number && request.path.starts_with(bucket) {
                    Fault::Answer(403, DENIED)
                } else {
                    Fault::None
                }
            })
            .expect(1);
            assert!(ran.stderr.contains("AccessDenied"), "{}", ran.stderr);
            world.assert_heals();
        }
    }
}

/// S-6.3: neither followed nor repeated without an end.
#[test]
fn a_bucket_in_another_region_ends_the_run_with_a_clear_word() {
    const MOVED: &str =
        "<Error><Code>PermanentRedirect</Code><Message>The bucket is elsewhere.</Message></Error>";
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    for fault in [
        Fault::Answer(301, MOVED),
        Fault::AnswerHead(301, "x-amz-bucket-region: eu-west-1"),
        Fault::AnswerHead(301, "Location: http://127.0.0.1:1/hot"),
        Fault::AnswerHead(307, "Location: /hot?list-type=2"),
    ] {
        for bucket in ["/hot", "/cold"] {
            let proxy = Line::to(minio.port())
                .fault(move |request| {
                    if request.path.starts_with(bucket) {
                        fault
                    } else {
                        Fault::None
                    }
                })
                .open();
            let ran = run(&world.configs_through(&proxy), &COPIED_HERE).expect(1);
            assert!(ran.stderr.contains("config.region"), "{}", ran.stderr);
            assert!(proxy.requests().len() < 12, "{:?}", proxy.requests());
            world.assert_heals();
        }
    }
}

/// S-6.3: whatever a run is at by then.
#[test]
fn a_bucket_that_moves_away_in_the_middle_ends_the_run_with_a_clear_word() {
    let minio = Minio::start();
    let world = World::new(&minio, &three());
    for fault in [
        Fault::AnswerHead(301, "x-amz-bucket-region: eu-west-1"),
        Fault::AnswerHead(307, "Location: http://127.0.0.1:1/hot"),
        Fault::AnswerHead(308, "Location: /hot?list-type=2"),
    ] {
        for number in [1, 6, 10, 15, 20, 25, 30] {
            let ran = run_with(&world, &minio, move |request| {
                if request.number >= number {
                    fault
                } else {
                    Fault::None
                }
            })
            .expect(1);
            assert!(ran.stderr.contains("config.region"), "{}", ran.stderr);
            world.assert_heals();
        }
    }
}

/// S-6.10: every request to it ends by itself.
#[test]
fn a_target_that_only_stalls_does_not_hold_the_run_for_ever() {
    let minio = Minio::start();
    let world = World::new(&minio, &[Block::new(1)]);
    let more = "  max_retries: 1\n  http_config:\n    response_header_timeout: 200ms\n";
    let proxy = Line::to(minio.port()).stall("PUT", "/cold/01J").open();
    let arguments = [OLD, "--max-retries=1", "--retry.initial-backoff=1ms"];
    let ran = run(&world.configs_with(&proxy, more), &arguments).expect(3);
    assert!(ran.stderr.contains("nothing came for"), "{}", ran.stderr);
    assert!(ran.elapsed < ENOUGH, "{:?}", ran.elapsed);
    world.assert_heals();
}

/// S-5.6, S-5.7: a downsampled block is published first and marked last; what the target loses of it meanwhile is there again before its mark.
#[test]
fn a_proven_block_that_the_target_loses_is_whole_again_before_its_mark() {
    let minio = Minio::start();
    let raw = Block::new(1);
    let coarse = Block::new(2).resolution(300_000).made_of(&[&raw]);
    let world = World::new(&minio, &[raw.clone(), coarse.clone()]);
    let (slow, proven) = (format!("/cold/{}/index", raw.id()), coarse.id());
    let lost = Arc::new(AtomicBool::new(false));
    let is_lost = Arc::clone(&lost);
    let proxy = Line::to(minio.port())
        .fault(move |request| match request.is("PUT", &slow) {
            true if is_lost.load(Ordering::SeqCst) => Fault::SlowRequest(Duration::from_secs(3)),
            true => Fault::Answer(503, ""),
            false => Fault::None,
        })
        .open();
    let configs = world.configs_through(&proxy);
    let mut patient = COPIED_HERE.to_vec();
    patient.push("--max-retries=1000");
    let running = Running::start(&mut migrate(&configs.0, &configs.1, &patient));
    let is_proof =
        |request: &Request| request.is("GET", "/cold?") && request.path.contains(&proven);
    let published = format!("/cold/{proven}/meta.json");
    let begun = Instant::now();
    while begun.elapsed() < ENOUGH {
        let asked = proxy.requests();
        let mut after = asked
            .iter()
            .skip_while(|request| !request.is("PUT", &published));
        if after.any(is_proof) {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    world.target.remove(&format!("{proven}/index"));
    lost.store(true, Ordering::SeqCst);
    let ran = running.wait().expect(0);
    assert!(
        ran.stderr.contains("published block lost objects"),
        "{}",
        ran.stderr
    );
    world.assert_moved();
}
