//! Azure refuses, throttles, breaks off and is not there; the tool is killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::{World, run};
use crate::support::azurite::{ACCOUNT, Azurite, KEY};
use crate::support::block::Block;
use crate::support::folders;
use crate::support::killed;
use crate::support::proxy::{Fault, Line, Request};
use crate::support::run::{OLD, QUICK_RETRIES, Ran, binary, migrate};
use crate::support::world::{Contents, assert_same, three};

const BUSY: &str = "<?xml version=\"1.0\"?><Error><Code>ServerBusy</Code><Message>The server is busy.</Message></Error>";

/// S-6.1: throttled, broken, lost and cut off.
#[test]
fn requests_that_fail_in_passing_are_repeated() {
    let world = World::new(&three());
    let azurite = Azurite::shared();
    for fault in [
        Fault::Answer(503, BUSY),
        Fault::Answer(429, ""),
        Fault::Answer(500, ""),
        Fault::Reset,
        Fault::LoseAnswer,
        Fault::CutAnswer(10),
    ] {
        for remainder in [0, 3] {
            world.reset();
            let proxy = Line::to(azurite.port())
                .one_of_four(remainder, fault)
                .open();
            // Which requests fail is chance, for blocks are moved beside each other.
            let arguments = [&QUICK_RETRIES[..], &["--max-retries=20"]].concat();
            run(&world.configs_through(&proxy), &arguments).expect(0);
            world.assert_moved();
        }
    }
}

/// S-6.1: no earlier than it is asked for.
#[test]
fn a_server_that_asks_for_time_gets_it() {
    let world = World::new(&[Block::new(1)]);
    let proxy = Line::to(Azurite::shared().port())
        .fault(|request| match request.number {
            3 => Fault::AnswerHead(503, "Retry-After: 2"),
            _ => Fault::None,
        })
        .open();
    let ran = run(&world.configs_through(&proxy), &[OLD]).expect(0);
    assert!(ran.elapsed >= Duration::from_secs(2), "{:?}", ran.elapsed);
    world.assert_moved();
}

/// S-6.3, S-2.6: exit code 1, one line that says it, and no word of the secret.
#[test]
fn refused_credentials_and_absent_containers_end_the_run_at_once() {
    const WRONG: &str = "bmV2ZXItcHJpbnRlZC1uZXZlci1wcmludGVk";
    let world = World::new(&three());
    let azurite = Azurite::shared();
    let (source, target) = world.configs();
    let wrong_source = world
        .source
        .config_for("wrong-hot.yaml", WRONG, azurite.port(), "");
    let wrong_target = world
        .target
        .config_for("wrong-cold.yaml", WRONG, azurite.port(), "");
    let forged = format!(
        "AccountName={ACCOUNT};SharedAccessSignature=sv=2022-11-02&ss=b&srt=sco&sp=rl&se=2030-01-01T00%3A00%3A00Z&sig={WRONG}"
    );
    let forged_source = world
        .source
        .config_by("forged-hot.yaml", &forged, azurite.port(), "");
    let absent = azurite.name("absent");
    let absent_source = absent.config("absent.yaml");
    let absent_target = world.target.config_for(
        "insisting.yaml",
        KEY,
        azurite.port(),
        "  storage_create_container: false\n",
    );
    for (source, target, said) in [
        (
            &wrong_source,
            &target,
            "Server failed to authenticate the request",
        ),
        (
            &source,
            &wrong_target,
            "Server failed to authenticate the request",
        ),
        (
            &forged_source,
            &target,
            "Server failed to authenticate the request",
        ),
        (&absent_source, &target, "ContainerNotFound"),
        (&source, &absent_target, "ContainerNotFound"),
    ] {
        for mode in ["--dry-run=true", "--dry-run=false"] {
            let ran = Ran::of(migrate(source, target, &[OLD, mode, "--log.level=debug"])).expect(1);
            assert!(ran.elapsed < Duration::from_secs(10), "{:?}", ran.elapsed);
            let errors: Vec<&str> = ran
                .stderr
                .lines()
                .filter(|line| line.contains("level=error"))
                .collect();
            assert!(errors.len() == 1 && errors[0].contains(said), "{errors:?}");
            assert!(!format!("{ran:?}").contains(WRONG), "{ran:?}");
        }
    }
    assert_same(&world.source.tree(), &world.before);
    assert!(!world.target.exists());
}

/// S-7.3, S-3.26: a target that is still to be made is an empty one, and a dry run makes nothing.
#[test]
fn a_dry_run_makes_no_container() {
    let world = World::new(&three());
    let planned = run(&world.configs(), &[OLD, "--dry-run"]).expect(0);
    for block in three() {
        assert!(planned.stdout.contains(&block.id()), "{}", planned.stdout);
    }
    assert!(!world.target.exists());
    assert_same(&world.source.tree(), &world.before);
}

/// S-6.14: what an ingress says, whatever its status, says nothing of an object; the service may say it a moment later.
#[test]
fn answers_of_others_are_not_taken_for_azures() {
    const PAGE: &str = "<!DOCTYPE html><html><body>default backend - 404</body></html>";
    let world = World::new(&[Block::new(1)]);
    for (status, part) in [
        (404, "meta.json"),
        (200, "meta.json"),
        (200, "comp=list"),
        (404, "comp=list"),
        (201, "/index"),
        (403, "deletion-mark.json"),
    ] {
        world.reset();
        let azurite = Azurite::shared();
        let seen = Arc::new(AtomicU32::new(0));
        let proxy = Line::to(azurite.port())
            .fault(move |request| {
                let is_it = request.path.contains(part);
                if is_it && seen.fetch_add(1, Ordering::SeqCst) == 0 {
                    Fault::Answer(status, PAGE)
                } else {
                    Fault::None
                }
            })
            .open();
        run(&world.configs_through(&proxy), &QUICK_RETRIES).expect(0);
        world.assert_moved();
        let always = Line::to(azurite.port())
            .fault(move |request| {
                if request.path.contains(part) {
                    Fault::Answer(status, PAGE)
                } else {
                    Fault::None
                }
            })
            .open();
        world.reset();
        let ran = run(
            &world.configs_through(&always),
            &[&QUICK_RETRIES[..], &["--max-retries=1"]].concat(),
        );
        assert_ne!(ran.status.code(), Some(0), "{status} {part}: {ran:?}");
        assert!(
            ran.stderr.contains("none of Azure's"),
            "{status} {part}: {}",
            ran.stderr
        );
        world.assert_sound();
    }
}

/// S-3.5, S-4.9: whether a listing shows what was put takes one page, whatever else lies there.
#[test]
fn a_look_into_a_listing_takes_one_page() {
    let world = World::new(&[Block::new(1)]);
    let proxy = Line::to(Azurite::shared().port()).open();
    run(&world.configs_through(&proxy), &[OLD]).expect(0);
    let looks: Vec<Request> = proxy
        .requests()
        .into_iter()
        .filter(|request| request.is("GET", "prefix=thanos-bucket-probe-"))
        .collect();
    assert_eq!(looks.len(), 1, "{looks:?}");
    assert!(looks[0].path.contains("&maxresults=1"), "{looks:?}");
}

/// S-6.6: before the server acts, and after it.
#[test]
fn a_kill_at_any_request_leaves_nothing_torn_and_the_next_run_finishes() {
    let world = World::new(&[Block::new(1), Block::new(2).chunk_bytes(&[1000, 2000])]);
    for after_the_server_has_acted in [false, true] {
        let mut number = usize::from(after_the_server_has_acted);
        while killed_at(&world, number, after_the_server_has_acted) {
            world.assert_sound();
            run(&world.configs(), &[OLD]).expect(0);
            world.assert_moved();
            world.reset();
            number += 4;
        }
        world.assert_moved();
        world.reset();
        assert!(number > 20, "{number} requests");
    }
}

/// Kills a run at its request of that number; false when it came to its end before.
fn killed_at(world: &World, number: usize, after_the_server_has_acted: bool) -> bool {
    let line = Line::to(Azurite::shared().port());
    killed::was_killed(killed::at(
        line,
        number,
        after_the_server_has_acted,
        |proxy| {
            let (source, target) = world.configs_through(proxy);
            migrate(&source, &target, &[OLD, "--copy=client"])
        },
    ))
}

/// S-3.25: blocks of an upload that was killed are seen by nobody, also where they are another program's, and are gone once the object is put.
#[test]
fn blocks_that_belong_to_no_object_are_in_nobodys_way() {
    let block = Block::new(1).chunk_bytes(&[40 << 20]);
    let folders = folders::World::new(std::slice::from_ref(&block));
    let azurite = Azurite::shared();
    let target = azurite.container("cold");
    let name = format!("{}/chunks/000001", block.id());
    // As long as those of Thanos' client.
    let id = "A".repeat(86) + "==";
    let id = id.replace('=', "%3D");
    let path = format!("/{}/{name}?comp=block&blockid={id}", target.name);
    assert_eq!(azurite.ask("PUT", &path, &[], "left behind").0, 201);
    assert!(!target.has(&name));
    let ran = Ran::of(migrate(
        &folders.source_config(),
        &target.config("cold.yaml"),
        &[OLD],
    ));
    ran.expect(0);
    assert_same(&target.tree(), &folders.before);
    let list = format!(
        "/{}/{name}?comp=blocklist&blocklisttype=uncommitted",
        target.name
    );
    let (_, left) = azurite.ask("GET", &list, &[], "");
    assert!(!left.contains("<Block>"), "{left}");
}

#[test]
fn check_tells_what_a_container_can_do() {
    let world = World::new(&[Block::new(1)]);
    let (source, target) = world.configs();
    let mut command = binary();
    command
        .args(["check", "--write-probe"])
        .arg(format!("--objstore.config-file={}", source.display()))
        .arg(format!("--objstore-to.config-file={}", target.display()));
    let ran = Ran::of(command).expect(0);
    for said in [
        "azure://127.0.0.1:",
        "there is none yet: the first run makes it",
        "the probe has made it, and it stays, empty",
        "the account's key, hidden",
        "account key",
        "nothing is to be granted",
    ] {
        assert!(ran.stdout.contains(said), "{said}: {}", ran.stdout);
    }
    assert!(!format!("{ran:?}").contains(KEY));
    assert_same(&world.source.tree(), &world.before);
    assert!(world.target.tree().is_empty());
}
