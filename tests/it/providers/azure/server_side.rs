//! Objects that Azure copies by itself from one of its containers to another.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

use super::{World, run};
use crate::support::azurite::{Azurite, KEY};
use crate::support::block::Block;
use crate::support::proxy::{Answer, Fault, Line, Proxy, Request};
use crate::support::run::{OLD, Ran, Running, migrate, signal};
use crate::support::world::three;

/// The names of the data objects of which bytes came here.
fn read_here(proxy: &Proxy) -> usize {
    let requests = proxy.requests().into_iter();
    let reads = requests.filter(|request| request.method == "GET");
    reads
        .filter(|request| request.path.contains("/index") || request.path.contains("/chunks/"))
        .count()
}

fn copies(request: &Request) -> bool {
    request.method == "PUT" && request.header("x-ms-copy-source").is_some()
}

/// How often it is told that the server does not copy.
fn told(ran: &Ran) -> usize {
    let lines = ran.stderr.lines();
    lines
        .filter(|line| line.contains("the service does not copy by itself"))
        .count()
}

/// S-5.20: each request names the version, and shows the source with a right to read this one object.
#[test]
fn what_one_account_holds_does_not_come_here() {
    let world = World::new(&three());
    let proxy = Line::to(Azurite::shared().port()).open();
    let ran = run(&world.configs_through(&proxy), &[OLD, "--log.level=debug"]).expect(0);
    assert_eq!(told(&ran), 0);
    assert_eq!(read_here(&proxy), 0);
    let copied: Vec<Request> = proxy.requests().into_iter().filter(copies).collect();
    assert_eq!(copied.len(), 7);
    for copy in &copied {
        assert!(copy.header("x-ms-source-if-match").is_some(), "{copy:?}");
        let from = copy.header("x-ms-copy-source").unwrap();
        assert!(from.contains("&sr=b&sp=r&sig="), "{from}");
        let signature = from.split("sig=").nth(1).unwrap();
        assert!(!format!("{ran:?}").contains(signature));
        // The service compares what comes with what the source says of it.
        let (_, name) = copy
            .path
            .split_once(&format!("/{}/", world.target.name))
            .unwrap();
        let md5 = STANDARD.encode(Md5::digest(&world.before[name]));
        assert_eq!(copy.header("x-ms-source-content-md5"), Some(md5.as_str()));
    }
    world.assert_moved();
}

/// The proof of each block.
fn proofs(ran: &Ran) -> Vec<String> {
    let document = ran.json();
    let blocks = document["blocks"].as_array().unwrap().iter();
    blocks
        .map(|block| block["outcome"]["proof"].as_str().unwrap().to_owned())
        .collect()
}

/// S-5.6, S-5.20: a copy that nobody compared with an MD5 has none, and is proven by its size.
#[test]
fn a_copys_md5_is_told_where_the_service_has_compared_it() {
    let world = World::new(&three());
    let ran = run(&world.configs(), &[OLD, "--output=json"]).expect(0);
    assert_eq!(proofs(&ran), ["checksum"; 3]);
    world.assert_moved();
    world.reset();
    let proxy = Line::to(Azurite::shared().port())
        .edit(|request, answer| {
            if copies(request) {
                answer
                    .headers
                    .retain(|line| !line.to_ascii_lowercase().starts_with("content-md5:"));
            }
        })
        .open();
    let ran = run(&world.configs_through(&proxy), &[OLD, "--output=json"]).expect(0);
    assert_eq!(proofs(&ran), ["size"; 3]);
    assert_eq!((told(&ran), read_here(&proxy)), (0, 0));
    for name in world
        .before
        .keys()
        .filter(|name| !name.ends_with("meta.json"))
    {
        assert_eq!(world.target.md5(name), None, "{name}");
    }
    world.assert_moved();
}

/// The requests that end a copy.
fn aborts(proxy: &Proxy) -> Vec<Request> {
    let requests = proxy.requests().into_iter();
    requests
        .filter(|request| request.header("x-ms-copy-action") == Some("abort"))
        .collect()
}

fn pends(answer: &mut Answer) {
    for line in &mut answer.headers {
        if line.to_ascii_lowercase().starts_with("x-ms-copy-status:") {
            "x-ms-copy-status: pending".clone_into(line);
        }
    }
}

/// S-5.20, S-5.21: nothing takes the place of what is put here a moment later.
#[test]
fn a_copy_that_goes_on_behind_its_answer_is_ended_and_goes_through_here() {
    let world = World::new(&three());
    let proxy = Line::to(Azurite::shared().port())
        .edit(|request, answer| {
            if copies(request) || request.method == "HEAD" {
                pends(answer);
            }
        })
        .open();
    let ran = run(&world.configs_through(&proxy), &[OLD]).expect(0);
    assert_eq!(told(&ran), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("goes on behind it"), "{}", ran.stderr);
    let begun = proxy.requests().into_iter().filter(copies).count();
    let ended = aborts(&proxy);
    assert_eq!(ended.len(), begun);
    assert!(
        ended
            .iter()
            .all(|request| request.is("PUT", "?comp=copy&copyid=")),
        "{ended:?}"
    );
    assert_eq!(read_here(&proxy), 7);
    world.assert_moved();
}

/// S-5.20, S-6.7: a run that is told to end leaves no copy under way.
#[test]
fn a_run_that_is_stopped_ends_the_copies_that_it_has_begun() {
    let world = World::new(&[Block::new(1)]);
    let process = Arc::new(AtomicU32::new(0));
    let victim = Arc::clone(&process);
    let (source, target) = (world.source.name.clone(), world.target.name.clone());
    let proxy = Line::to(Azurite::shared().port())
        .fault(move |request| {
            if copies(request) {
                while victim.load(Ordering::SeqCst) == 0 {
                    std::thread::yield_now();
                }
                // A second one would end the run at once.
                match victim.swap(u32::MAX, Ordering::SeqCst) {
                    u32::MAX => {}
                    process => signal("TERM", process),
                }
                return Fault::Stall;
            }
            let is_data = request.path.contains("/index") || request.path.contains("/chunks/");
            if request.method == "HEAD" && is_data {
                let host = request.header("host").unwrap();
                let from = request.path.replace(&target, &source);
                let told = format!(
                    "x-ms-request-id: 1\r\netag: \"1\"\r\nx-ms-copy-id: 1-2\r\nx-ms-copy-status: pending\r\nx-ms-copy-source: http://{host}{from}?sv=1"
                );
                return Fault::AnswerHead(200, told.leak());
            }
            if request.path.contains("comp=copy&") {
                return Fault::AnswerHead(204, "x-ms-request-id: 1");
            }
            Fault::None
        })
        .open();
    let (from, to) = world.configs_through(&proxy);
    let running = Running::start(&mut migrate(&from, &to, &[OLD]));
    process.store(running.id(), Ordering::SeqCst);
    let ran = running.wait();
    assert_ne!(ran.status.code(), Some(0), "{ran:?}");
    let begun = proxy.requests().into_iter().filter(copies);
    let begun: BTreeSet<String> = begun.map(|request| request.path).collect();
    let ended = aborts(&proxy).into_iter();
    let ended: BTreeSet<String> = ended
        .map(|request| request.path.split('?').next().unwrap().to_owned())
        .collect();
    assert!(!begun.is_empty());
    assert_eq!(begun, ended);
    world.assert_sound();
}

/// S-5.21: one line says it, and objects go through here.
#[test]
fn what_the_service_refuses_to_copy_goes_through_here() {
    const NOT_IMPLEMENTED: &str = "<?xml version=\"1.0\"?><Error><Code>APINotImplemented</Code><Message>Current API is not implemented yet.</Message></Error>";
    const NOT_VERIFIED: &str = "<?xml version=\"1.0\"?><Error><Code>CannotVerifyCopySource</Code><Message>This request is not authorized.</Message></Error>";
    let world = World::new(&three());
    for (status, body) in [(501, NOT_IMPLEMENTED), (403, NOT_VERIFIED), (202, "")] {
        world.reset();
        let proxy = Line::to(Azurite::shared().port())
            .fault(move |request| {
                if copies(request) {
                    Fault::Answer(status, body)
                } else {
                    Fault::None
                }
            })
            .open();
        let ran = run(&world.configs_with(&proxy, "  max_retries: 1\n"), &[OLD]).expect(0);
        assert_eq!(told(&ran), 1, "{status}: {}", ran.stderr);
        assert!(read_here(&proxy) >= 7);
        world.assert_moved();
    }
}

/// S-5.20: what is larger than one request copies is put together of blocks.
#[test]
fn what_is_larger_than_one_request_copies_is_copied_in_blocks() {
    let large = Block::new(1).chunk_bytes(&[257 << 20]);
    let world = World::new(&[large]);
    let proxy = Line::to(Azurite::shared().port()).open();
    let ran = run(&world.configs_through(&proxy), &[OLD]).expect(0);
    let requests = proxy.requests();
    let blocks: Vec<&Request> = requests
        .iter()
        .filter(|request| copies(request) && request.path.contains("comp=block&"))
        .collect();
    assert!(!blocks.is_empty());
    assert!(
        blocks
            .iter()
            .all(|block| block.header("x-ms-source-range").is_some())
    );
    assert_eq!(told(&ran), 0, "{}", ran.stderr);
    assert_eq!(read_here(&proxy), 0);
    world.assert_moved();
    world.reset();
}

/// S-5.21, S-3.25: a version that is another one by now is not copied.
#[test]
fn a_version_that_was_not_listed_is_not_copied() {
    let world = World::new(&[Block::new(1)]);
    let proxy = Line::to(Azurite::shared().port())
        .fault(|request| match request {
            request if copies(request) => Fault::Answer(
                412,
                "<?xml version=\"1.0\"?><Error><Code>SourceConditionNotMet</Code><Message>The source condition was not met.</Message></Error>",
            ),
            _ => Fault::None,
        })
        .open();
    let config = |container: &crate::support::azurite::Container, file| {
        container.config_for(file, KEY, proxy.port(), "")
    };
    let configs = (
        config(&world.source, "h.yaml"),
        config(&world.target, "c.yaml"),
    );
    let ran = run(
        &configs,
        &[OLD, "--max-retries=1", "--retry.initial-backoff=1ms"],
    )
    .expect(3);
    assert_eq!(told(&ran), 0);
    assert_eq!(read_here(&proxy), 0);
    world.assert_sound();
}
