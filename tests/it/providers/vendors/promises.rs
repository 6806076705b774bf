//! What holds with every vendor, whatever its dialect.

use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use thanos_bucket::block::BlockId;
use thanos_bucket::bucket::{Access, Bucket, BucketConfig, MissingRoot};
use thanos_bucket::retry::{Jitter, Policy};

use super::{Kind, Service, World, environment, proxy};
use crate::support::block::Block;
use crate::support::killed;
use crate::support::proxy::Line;
use crate::support::run::{COPIED_HERE, OLD, QUICK_RETRIES, Ran, binary};
use crate::support::vendor_server::Seen;
use crate::support::world::{Contents, assert_same, three};

/// All of them.
pub fn hold(kind: &'static Kind) {
    blocks_move_once_and_nothing_is_refused(kind);
    killed_runs_are_healed(kind);
    what_is_there_is_not_created_anew(kind);
    a_mark_of_somebody_elses_is_never_replaced(kind);
    one_bucket_is_not_both_source_and_target(kind);
    a_name_in_the_path_is_refused_with_what_to_do(kind);
    what_is_archived_is_left(kind);
    a_wrong_clock_is_told_from_a_wrong_key(kind);
    a_check_tells_the_least_rights(kind);
}

/// As it stands the file is read without a warning; changed so that it leads to the server, blocks arrive below its prefix.
pub fn hold_of_the_example(
    kind: &'static Kind,
    text: &str,
    plain: [&str; 2],
    variables: [&str; 2],
) {
    let service = Service::start(kind);
    let bucket = service.bucket("thanos-cold");
    let by = service.server.credentials();
    let hot = service.bucket("hot");
    for (name, content) in three().iter().flat_map(Block::objects) {
        hot.put(&name, content);
    }
    let run = |from: &Path, to: &Path, code| {
        let mut command = service.migrate(from, to, &[OLD]);
        let values = [&by.access_key, &by.secret_key];
        command.envs(variables.into_iter().zip(values));
        Ran::of(command).expect(code).stderr
    };
    let example = service.file("example.yaml", text);
    let told = run(&example, &example, 2);
    assert!(told.contains("same bucket"), "{told}");
    assert!(!told.contains("level=warn"), "{told}");
    assert!(service.server.seen().is_empty());
    let changed = text.replace(plain[0], plain[1]);
    assert_ne!(changed, text);
    run(
        &service.config("hot"),
        &service.file("plain.yaml", &changed),
        0,
    );
    let there = bucket.tree();
    assert_eq!(there.len(), hot.tree().len() - 3);
    assert!(
        there
            .keys()
            .all(|name| name.starts_with("prometheus/eu/01J"))
    );
}

/// Large objects among them; through this machine, and copied by the service.
fn blocks_move_once_and_nothing_is_refused(kind: &'static Kind) {
    let blocks = [
        Block::new(1),
        Block::new(2).chunk_bytes(&[(40 << 20) + 17, 1000]),
        Block::new(3),
    ];
    for (arguments, copied) in [(&COPIED_HERE[..], false), (&[OLD], true)] {
        let world = World::of(kind, &blocks);
        Ran::of(world.command(arguments)).expect(0);
        world.assert_moved();
        let marked = world.source.tree();
        Ran::of(world.command(arguments)).expect(0);
        assert_same(&world.source.tree(), &marked);
        let refused = world.task.refused();
        assert!(refused.is_empty(), "{}: {refused:?}", kind.vendor.name);
        let seen = world.task.server.seen();
        let copies = seen
            .iter()
            .any(|seen| header(seen, "x-amz-copy-source").is_some());
        assert_eq!(copies, copied, "{}", kind.vendor.name);
        creates_as_the_vendor_does(kind, &seen);
        assert_eq!(world.target.uploads(), 0);
    }
}

/// Marks go out with the vendor's own header, after a look where there is one; S3's is never sent.
fn creates_as_the_vendor_does(kind: &'static Kind, seen: &[Seen]) {
    let is_mark = |seen: &&Seen| seen.path.contains("/deletion-mark.json");
    let puts = |seen: &&Seen| seen.method == "PUT";
    let mut marks = seen.iter().filter(is_mark).filter(puts).peekable();
    assert!(marks.peek().is_some());
    for mark in marks {
        assert_eq!(header(mark, "if-none-match"), None, "{mark:?}");
        let forbids = kind.vendor.forbids_overwriting;
        let expected = forbids.map(|_| "true");
        let sent = forbids.and_then(|(name, _)| header(mark, name));
        assert_eq!(sent, expected, "{mark:?}");
        let at = seen.iter().position(|one| std::ptr::eq(one, mark));
        let before = &seen[..at.unwrap()];
        let looked = before
            .iter()
            .any(|one| one.path == mark.path && one.method == "HEAD");
        assert!(looked, "nobody looked before {mark:?}");
    }
}

fn header<'a>(seen: &'a Seen, name: &str) -> Option<&'a str> {
    let (_, value) = seen.headers.iter().find(|(found, _)| found == name)?;
    Some(value)
}

fn killed_runs_are_healed(kind: &'static Kind) {
    let world = World::of(kind, &three());
    for (number, has_acted) in [(3, true), (9, false), (14, true), (21, false), (28, true)] {
        let line = Line::to(world.task.server.port());
        killed::at(line, number, has_acted, |proxy| {
            world.command_at(proxy.port(), &[OLD])
        });
        world.assert_sound();
    }
    Ran::of(world.command(&QUICK_RETRIES)).expect(0);
    world.assert_moved();
}

/// Whoever creates an object leaves alone what lies there, also where versions make the service ignore the header; the same bytes are as good as its own.
fn what_is_there_is_not_created_anew(kind: &'static Kind) {
    let service = Service::start(kind);
    let bucket = service.bucket("hot");
    let environment = environment(service.server.port());
    let config = BucketConfig::parse(&service.text("hot"), &environment).unwrap();
    let policy = Policy {
        max_retries: 0,
        initial_backoff: Duration::ZERO,
        max_backoff: Duration::ZERO,
        jitter: Jitter::None,
    };
    let id: BlockId = "01J0000000000000000000000C".parse().unwrap();
    let path = id.object("deletion-mark.json");
    let name = path.to_string();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let opened = config.open(Access::Write, MissingRoot::Empty).await;
        let writer = Bucket::new(opened.unwrap(), policy);
        for versioning in [None, Some("Enabled"), Some("Suspended")] {
            if let Some(status) = versioning {
                bucket.versioning(status);
            }
            bucket.put(&name, "theirs".into());
            let refused = writer.create(&path, "ours".into()).await.unwrap_err();
            assert_eq!(refused.kind(), thanos_bucket::Kind::AlreadyExists);
            assert_eq!(bucket.tree()[&name], b"theirs");
            writer.create(&path, "theirs".into()).await.unwrap();
            bucket.remove(&name);
            writer.create(&path, "ours".into()).await.unwrap();
            assert_eq!(bucket.tree()[&name], b"ours");
        }
    });
}

/// Also in a bucket whose versions make the service ignore the header.
fn a_mark_of_somebody_elses_is_never_replaced(kind: &'static Kind) {
    for versioning in [None, Some("Enabled"), Some("Suspended")] {
        let world = World::of(kind, &[Block::new(1)]);
        if let Some(status) = versioning {
            world.source.versioning(status);
        }
        let id = world.source.published().remove(0);
        let name = format!("{id}/deletion-mark.json");
        let theirs = "{\"not\": \"a mark\"}";
        world.source.put(&name, theirs.into());
        Ran::of(world.command(&QUICK_RETRIES)).expect(3);
        assert_eq!(world.text_of(&name).as_deref(), Some(theirs));
        world.source.remove(&name);
        Ran::of(world.command(&QUICK_RETRIES)).expect(0);
        world.assert_moved();
    }
}

/// Whether by its own type or as S3: found out before anything is asked.
fn one_bucket_is_not_both_source_and_target(kind: &'static Kind) {
    let service = Service::start(kind);
    service.bucket("hot");
    let (own, s3) = (service.config("hot"), service.s3_text("hot"));
    let s3 = service.file("s3.yaml", &s3);
    for [from, to] in [[&own, &own], [&own, &s3], [&s3, &own]] {
        let ran = Ran::of(service.migrate(from, to, &[OLD])).expect(2);
        assert!(ran.stderr.contains("same"), "{}", ran.stderr);
    }
    assert!(service.server.seen().is_empty());
}

/// As the type S3 puts a bucket's name by itself, at hosts that it does not know: the key to change is told.
fn a_name_in_the_path_is_refused_with_what_to_do(kind: &'static Kind) {
    let Some((_, code)) = kind.vendor.path_style else {
        return;
    };
    let world = World::of(kind, &[Block::new(1)]);
    let service = &world.task;
    let text = service.s3_text("hot").replace("virtual-hosted", "path");
    let ran = Ran::of(service.migrate(
        &service.file("path.yaml", &text),
        &service.config("cold"),
        &QUICK_RETRIES,
    ))
    .expect(1);
    for expected in [code, "config.bucket_lookup_type: virtual-hosted"] {
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    }
}

fn what_is_archived_is_left(kind: &'static Kind) {
    let world = World::of(kind, &[Block::new(1), Block::new(2).cluster("us-1")]);
    let id = world.source.published().remove(0);
    world.source.moves(&format!("{id}/index"), kind.archive);
    let ran = Ran::of(world.command(&[OLD, "--copy=client", "--output=json"])).expect(3);
    assert_eq!(world.target.published().len(), 1, "{}", ran.stderr);
    assert!(!world.source.has(&format!("{id}/deletion-mark.json")));
}

fn a_wrong_clock_is_told_from_a_wrong_key(kind: &'static Kind) {
    let world = World::of(kind, &[Block::new(1)]);
    world.task.server.is_ahead(TimeDelta::hours(1));
    let ran = Ran::of(world.command(&QUICK_RETRIES)).expect(1);
    assert!(
        ran.stderr.contains("clock of this machine"),
        "{}",
        ran.stderr
    );
    world.task.server.is_ahead(TimeDelta::zero());
    let secret = &world.task.server.credentials().secret_key;
    let text = world.task.text("hot").replace(secret.as_str(), "another");
    let wrong = world.task.file("wrong.yaml", &text);
    let to = world.task.config("cold");
    let ran = Ran::of(world.task.migrate(&wrong, &to, &QUICK_RETRIES)).expect(1);
    assert!(
        ran.stderr.contains("SignatureDoesNotMatch"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains(secret.as_str()), "{}", ran.stderr);
}

fn a_check_tells_the_least_rights(kind: &'static Kind) {
    let world = World::of(kind, &three());
    let service = &world.task;
    let mut command = binary();
    command
        .arg("check")
        .arg(format!(
            "--objstore.config-file={}",
            service.config("hot").display()
        ))
        .arg(format!(
            "--objstore-to.config-file={}",
            service.config("cold").display()
        ))
        .arg("--write-probe")
        .env("HTTP_PROXY", proxy(service.server.port()));
    let ran = Ran::of(command).expect(0);
    let creates = if kind.vendor.forbids_overwriting.is_some() {
        "an object that exists is not overwritten"
    } else {
        "looks first"
    };
    for expected in [
        "conditional-put",
        creates,
        kind.language,
        &(kind.resource)("hot"),
        &(kind.resource)("cold"),
        "secrets hidden",
    ] {
        assert!(ran.stdout.contains(expected), "{expected}: {}", ran.stdout);
    }
    let secret = &service.server.credentials().secret_key;
    assert!(!ran.stdout.contains(secret.as_str()) && !ran.stderr.contains(secret.as_str()));
    assert_same(&world.source.tree(), &world.before);
    assert!(world.target.tree().is_empty());
}
