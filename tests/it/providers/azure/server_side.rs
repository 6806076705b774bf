//! Objects that Azure copies by itself from one of its containers to another.

use super::{World, run};
use crate::support::azurite::{Azurite, KEY};
use crate::support::block::Block;
use crate::support::proxy::{Fault, Line, Proxy, Request};
use crate::support::run::{OLD, Ran};
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
    }
    world.assert_moved();
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
