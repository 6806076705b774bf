//! A server that does not copy by itself, or not this time: who copies then, and what is left of what it began.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use super::server_side::{copies, copies_through, pair, read_here, segment, told};
use crate::support::block::Block;
use crate::support::minio::Minio;
use crate::support::on_minio::{World, run};
use crate::support::proxy::{Fault, Line, Proxy, Request};
use crate::support::run::{OLD, QUICK_RETRIES, Ran, Running, migrate, signal};
use crate::support::world::{Contents, assert_same, without_marks};

const INTERNAL_ERROR: &str =
    "<Error><Code>InternalError</Code><Message>in the middle of it</Message></Error>";
const UNKNOWN: &str = "<Error><Code>NotImplemented</Code><Message>no</Message></Error>";
const DENIED: &str = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";

/// A line on which this happens to what the server is asked to copy.
fn on_copies(minio: &Minio, fault: impl Fn(&Request) -> Fault + Send + Sync + 'static) -> Proxy {
    let fault = move |request: &Request| {
        if copies(request) {
            fault(request)
        } else {
            Fault::None
        }
    };
    Line::to(minio.port()).fault(fault).open()
}

/// Runs between both with few retries of requests.
fn run_impatiently(world: &World, proxy: &Proxy, arguments: &[&str]) -> Ran {
    let configs = world.configs_with(proxy, "  max_retries: 1\n");
    run(&configs, &[&QUICK_RETRIES[..], arguments].concat())
}

/// Nothing of this run is seen in either bucket.
#[track_caller]
fn assert_nothing_moved(world: &World) {
    assert_eq!(world.source.marked(), [""; 0]);
    assert_eq!(world.target.published(), [""; 0]);
    assert!(world.target.minio().uploads().is_empty());
}

/// S-5.21, S-7.5: the target's user may not read the source.
#[test]
fn what_the_server_may_not_read_goes_through_here_and_is_told_once() {
    let minio = Minio::start();
    let world = pair(&minio);
    let cold = ["arn:aws:s3:::cold", "arn:aws:s3:::cold/*"];
    let statements = json!([{"Effect": "Allow", "Action": ["s3:*"], "Resource": cold}]);
    let writer = minio.user("writer", &statements);
    let proxy = Line::to(minio.port()).open();
    let (source, _) = world.configs_through(&proxy);
    let target = world
        .target
        .config_for("cold-writer.yaml", &writer, proxy.port(), "");
    let configs = (source, target);
    let arguments = [&QUICK_RETRIES[..], &["--copy=server"]].concat();
    let ran = run(&configs, &arguments).expect_an_end();
    assert_ne!(ran.status.code(), Some(0));
    assert!(ran.stderr.contains("AccessDenied"), "{}", ran.stderr);
    assert_eq!(told(&ran), 0);
    assert_eq!(read_here(&proxy), [""; 0]);
    assert_nothing_moved(&world);
    let ran = run(&configs, &QUICK_RETRIES).expect(0);
    assert_eq!(told(&ran), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("AccessDenied"), "{}", ran.stderr);
    world.assert_moved();
    assert!(minio.uploads().is_empty());
}

/// S-6.14, S-6.1: among them an error that comes after the answer has begun as one of success.
#[test]
fn a_copy_that_fails_in_passing_is_asked_for_again() {
    let minio = Minio::start();
    let world = pair(&minio);
    for fault in [
        Fault::Answer(200, INTERNAL_ERROR),
        Fault::Answer(503, "<Error><Code>SlowDown</Code></Error>"),
        Fault::Answer(200, ""),
        Fault::Answer(200, "<CopyObjectResult><ETag>a</ETag>"),
        Fault::Reset,
        Fault::LoseAnswer,
    ] {
        let failed = Mutex::new(HashSet::new());
        let proxy = on_copies(&minio, move |request| {
            if failed.lock().unwrap().insert(request.path.clone()) {
                fault
            } else {
                Fault::None
            }
        });
        let ran = run(&world.configs_through(&proxy), &QUICK_RETRIES).expect(0);
        assert_eq!(told(&ran), 0, "{fault:?} {}", ran.stderr);
        assert_eq!(read_here(&proxy), [""; 0], "{fault:?}");
        // Four parts and four objects, each asked for twice.
        assert_eq!(copies_through(&proxy).len(), 2 * 8, "{fault:?}");
        world.assert_moved();
        world.reset();
    }
}

/// S-5.21: whatever it says, and with an answer of success too.
#[test]
fn a_server_that_does_not_copy_is_asked_no_more() {
    let minio = Minio::start();
    let blocks: Vec<Block> = (1..6).map(Block::new).collect();
    let world = World::new(&minio, &blocks);
    for fault in [
        Fault::Answer(501, UNKNOWN),
        Fault::Answer(403, DENIED),
        Fault::Answer(200, INTERNAL_ERROR),
    ] {
        let proxy = on_copies(&minio, move |_| fault);
        let ran = run_impatiently(&world, &proxy, &["--copy=server"]).expect_an_end();
        assert_ne!(ran.status.code(), Some(0), "{fault:?}");
        assert_nothing_moved(&world);
        world.reset();
        let proxy = on_copies(&minio, move |_| fault);
        let ran = run_impatiently(&world, &proxy, &["--concurrency=1"]).expect(0);
        assert_eq!(told(&ran), 1, "{fault:?} {}", ran.stderr);
        let asked: HashSet<String> = copies_through(&proxy)
            .into_iter()
            .map(|request| request.path)
            .collect();
        let first = format!("/cold/{}/", blocks[0].id());
        assert!(
            asked.iter().all(|path| path.starts_with(&first)),
            "{asked:?}"
        );
        world.assert_moved();
        world.reset();
    }
}

/// S-5.20
#[test]
fn a_service_that_knows_no_tags_copies_without_their_header() {
    let minio = Minio::start();
    let world = pair(&minio);
    let has_tags = |request: &Request| request.header("x-amz-tagging-directive").is_some();
    let proxy = on_copies(&minio, move |request| {
        if has_tags(request) {
            Fault::Answer(501, UNKNOWN)
        } else {
            Fault::None
        }
    });
    let arguments = ["--copy=server", "--concurrency=1"];
    let ran = run_impatiently(&world, &proxy, &arguments).expect(0);
    assert_eq!(told(&ran), 0, "{}", ran.stderr);
    assert_eq!(read_here(&proxy), [""; 0]);
    world.assert_moved();
    let asked = copies_through(&proxy);
    let in_vain = asked.iter().filter(|request| has_tags(request)).count();
    let whole = asked
        .iter()
        .filter(|request| !request.path.contains("partNumber"));
    assert!(in_vain > 0 && whole.count() > 2 * in_vain, "{asked:?}");
}

/// S-5.20: an upload that is not to be completed is aborted.
#[test]
fn parts_that_the_server_does_not_copy_leave_no_upload() {
    let minio = Minio::start();
    let world = pair(&minio);
    for (copy, is_done) in [("--copy=server", false), ("--copy=auto", true)] {
        let proxy = on_copies(&minio, |request| {
            if request.path.contains("partNumber=3") {
                Fault::Answer(403, DENIED)
            } else {
                Fault::None
            }
        });
        let ran = run(&world.configs_through(&proxy), &[OLD, copy]).expect_an_end();
        assert_eq!(ran.status.success(), is_done, "{ran:?}");
        assert!(minio.uploads().is_empty(), "{copy}");
        assert_eq!(told(&ran), usize::from(is_done), "{}", ran.stderr);
        let ended = proxy.requests();
        let aborts = ended
            .iter()
            .filter(|request| request.is("DELETE", "uploadId"));
        assert_eq!(aborts.count(), 1, "{copy}");
        world.assert_sound();
        if is_done {
            world.assert_moved();
        }
        world.reset();
    }
}

/// S-5.20, S-6.5
#[test]
fn a_copy_in_parts_that_is_stopped_leaves_no_upload() {
    let minio = Minio::start();
    let world = pair(&minio);
    let proxy = on_copies(&minio, |request| {
        if request.path.contains("partNumber=2") {
            Fault::Stall
        } else {
            Fault::None
        }
    });
    let (source, target) = world.configs_through(&proxy);
    let arguments = [OLD, "--shutdown-grace=0s"];
    let running = Running::start(&mut migrate(&source, &target, &arguments));
    proxy.wait_for("PUT", "partNumber=2");
    signal("TERM", running.id());
    running.wait().expect(143);
    assert!(minio.uploads().is_empty());
    world.assert_heals();
}

/// Waits on the line until somebody outside has done something.
struct Pause {
    come: Sender<()>,
    done: Receiver<()>,
}

/// S-5.20, S-5.5: an object that is put at once, and one in the midst of whose parts it happens.
#[test]
fn an_object_that_changed_since_it_was_listed_is_not_copied() {
    let minio = Minio::start();
    let mut world = pair(&minio);
    let index = format!("{}/index", Block::new(2).id());
    for (name, part) in [(index, ""), (segment(), "partNumber=2")] {
        let (come, has_come) = channel();
        let (done, is_done) = channel();
        let pause = Mutex::new(Some(Pause {
            come,
            done: is_done,
        }));
        let changed = name.clone();
        let refused = Arc::new(AtomicUsize::new(0));
        let refusals = Arc::clone(&refused);
        let proxy = Line::to(minio.port())
            .fault(move |request| {
                let is_it = copies(request) && request.path.contains(&changed);
                if is_it
                    && request.path.contains(part)
                    && let Some(pause) = pause.lock().unwrap().take()
                {
                    pause.come.send(()).unwrap();
                    pause.done.recv().unwrap();
                }
                Fault::None
            })
            .edit(move |request, answer| {
                if copies(request) && answer.status == 412 {
                    refusals.fetch_add(1, Ordering::SeqCst);
                }
            })
            .open();
        let (hot, cold) = world.configs_through(&proxy);
        let running = Running::start(&mut migrate(&hot, &cold, &QUICK_RETRIES));
        has_come.recv_timeout(Duration::from_mins(1)).unwrap();
        let mut other = world.before[&name].clone();
        other.reverse();
        world.source.put(&name, other.clone());
        world.before.insert(name.clone(), other);
        done.send(()).unwrap();
        let ran = running.wait().expect(0);
        assert!(
            refused.load(Ordering::SeqCst) > 0,
            "the server heard no condition"
        );
        assert_eq!(told(&ran), 0, "{}", ran.stderr);
        assert_eq!(read_here(&proxy), [""; 0]);
        world.assert_moved();
        assert_same(&world.target.tree(), &without_marks(&world.source.tree()));
        assert!(minio.uploads().is_empty());
        world.reset();
    }
}
