//! What stands on stdout: always one document where a program asked for one, and never a line that is wider than the screen.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use serde_json::Value;

use crate::support::block::{Block, EPOCH_MS, TWO_HOURS_MS};
use crate::support::folders::World;
use crate::support::run::{OLD, Ran, Running, binary, migrate, signal};
use crate::support::servers::free_port;

const JSON: &str = "--output=json";

/// The names of the members at the top of a document.
fn members(document: &Value) -> BTreeSet<String> {
    document.as_object().unwrap().keys().cloned().collect()
}

/// Asserts that stdout holds the document of a run that could not begin, and nothing else.
#[track_caller]
fn assert_error_document(ran: &Ran, why: &str, world: &World) -> Value {
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
    let document = ran.json();
    assert_eq!(document["kind"], "error", "{document}");
    assert_eq!(document["exit_code"], ran.status.code().unwrap());
    let told = document["aborted"].as_str().unwrap();
    assert!(told.contains(why), "{told:?} does not say {why:?}");
    let plan = world.migrate(&[OLD, JSON, "--dry-run"]).expect(0).json();
    assert_eq!(members(&document), members(&plan));
    for nothing in ["blocks", "excluded", "warnings", "totals", "complete"] {
        assert!(document[nothing].is_null(), "{document}");
    }
    document
}

/// A configuration of an S3 bucket at a loopback port.
fn s3(world: &World, port: u16) -> PathBuf {
    let path = world.path("s3.yaml");
    let text = format!(
        "type: S3\nconfig: {{bucket: cold, endpoint: '127.0.0.1:{port}', insecure: true, region: a, access_key: a, secret_key: b}}\n"
    );
    fs::write(&path, text).unwrap();
    path
}

/// S-8.2
#[test]
fn wrong_usage_leaves_a_document_for_programs_and_one_line_for_people() {
    let world = World::new(&[Block::new(1)]);
    for (arguments, why) in [
        (&["--older-than=90", JSON] as &[&str], "90d"),
        (&["--output", "json", "--older-then=90d"], "--older-than"),
        (&[JSON, OLD, "--id=x"], "--id"),
        (&[JSON, OLD, "--objstore.config-file=x"], "given twice"),
    ] {
        let ran = world.migrate(arguments).expect(2);
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        assert_error_document(&ran, why, &world);
    }
    let mut command = binary();
    command.env("THANOS_BUCKET_OUTPUT", "json");
    let ran = Ran::of(command).expect(2);
    assert_error_document(&ran, "no subcommand", &world);
    let mut command = binary();
    command.args(["migrate", "--output=text", "--older-than=90"]);
    command.env("THANOS_BUCKET_OUTPUT", "json");
    let ran = Ran::of(command).expect(2);
    assert!(ran.stdout.is_empty(), "{ran:?}");
}

/// S-8.2
#[test]
fn a_run_that_cannot_begin_leaves_a_document() {
    let world = World::new(&[Block::new(1)]);
    let quick = ["--max-retries=0", OLD];
    let unreachable = s3(&world, free_port());
    let run = |target, further: &[&str]| {
        let arguments = [&quick, further].concat();
        Ran::of(migrate(&world.source_config(), target, &arguments))
    };
    let ran = run(&unreachable, &[JSON]).expect(1);
    let document = assert_error_document(&ran, "127.0.0.1", &world);
    assert_eq!(
        document["source"],
        format!("file://{}", world.source.display())
    );
    assert!(
        ran.stderr.contains(document["run"].as_str().unwrap()),
        "{ran:?}"
    );
    assert!(run(&unreachable, &[]).expect(1).stdout.is_empty());
    // The first failure is told, not the last one.
    let waits = ran
        .stderr
        .lines()
        .find(|line| line.contains("no good answer comes"));
    assert!(
        waits.is_some_and(|line| line.contains("Connection refused")),
        "{}",
        ran.stderr
    );
    // What shows only once the buckets are looked at.
    let absent = world.path("absent.yaml");
    fs::write(
        &absent,
        "type: FILESYSTEM\nconfig: {directory: /nowhere/at/all}\n",
    )
    .unwrap();
    let ran = Ran::of(migrate(&absent, &world.target_config(), &[OLD, JSON]));
    assert!(matches!(ran.status.code(), Some(1 | 2)), "{ran:?}");
    assert_error_document(&ran, "/nowhere/at/all", &world);
}

/// A server that takes every connection, tells of it and never answers.
fn silent() -> (u16, Receiver<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (taken, told) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let taken = taken.clone();
            thread::spawn(move || {
                let mut stream = stream.unwrap();
                let read = stream.read(&mut [0; 1]);
                let told = taken.send(());
                // The connection is held for as long as the test lasts.
                thread::park();
                drop((read, told, stream));
            });
        }
    });
    (port, told)
}

/// S-6.5, S-8.2
#[test]
fn a_signal_while_planning_is_answered_and_leaves_a_document() {
    let world = World::new(&[Block::new(1)]);
    for (name, code, told) in [("TERM", 143, "SIGTERM"), ("INT", 130, "SIGINT")] {
        let (port, asked) = silent();
        let target = s3(&world, port);
        let mut command = migrate(&world.source_config(), &target, &[OLD, JSON]);
        let running = Running::start(&mut command);
        asked.recv().unwrap();
        // As `timeout` of coreutils does: to the process, and then to all of its group.
        signal(name, running.id());
        signal(name, running.id());
        let ran = running.wait().expect(code);
        assert!(!ran.stderr.contains("second signal: "), "{}", ran.stderr);
        let document = assert_error_document(&ran, told, &world);
        assert_eq!(document["signal"], told);
        let first = ran.stderr.lines().find(|line| line.contains(told)).unwrap();
        assert!(
            first.contains("a second signal ends the process at once"),
            "{first}"
        );
    }
}

/// S-8.3
#[test]
fn no_line_is_wider_than_the_screen_and_many_blocks_are_summed_up() {
    let blocks: Vec<Block> = (0..150)
        .map(|number| {
            let start = EPOCH_MS + i64::try_from(number).unwrap() * TWO_HOURS_MS;
            let block = Block::new(number)
                .labels(&[("cluster", "a-cluster-with-a-long-name"), ("replica", "a")])
                .range(start, start + TWO_HOURS_MS);
            if number == 100 {
                block.without("index")
            } else {
                block
            }
        })
        .collect();
    let world = World::new(&blocks);
    let on_screen = |columns: &str, arguments: &[&str]| {
        let mut command = migrate(&world.source_config(), &world.target_config(), arguments);
        command.env("COLUMNS", columns);
        Ran::of(command).expect(3).stdout
    };
    for columns in ["60", "80", "200"] {
        for arguments in [
            &[OLD, "--dry-run"] as &[&str],
            &[OLD, "--dry-run", "--output.blocks=all"],
        ] {
            let shown = on_screen(columns, arguments);
            let widest = shown.lines().map(|line| line.chars().count()).max();
            assert!(widest <= columns.parse().ok(), "{shown}");
        }
    }
    let shown = on_screen("80", &[OLD, "--dry-run"]);
    assert!(shown.lines().count() < 50, "{shown}");
    assert!(shown.contains("100 copy, 19 held-back"), "{shown}");
    let all = on_screen("80", &[OLD, "--dry-run", "--output.blocks=all"]);
    assert!(
        blocks.iter().all(|block| all.contains(&block.id())),
        "{all}"
    );
    // The report of a run, and of the run after it.
    let first = on_screen("80", &[OLD]);
    assert!(first.lines().count() < 50, "{first}");
    let second = on_screen("80", &[OLD]);
    // Marks of two minutes make a line wrap once more.
    assert!(second.lines().count() < 64, "{second}");
    assert!(
        second.contains("    130 blocks moved to file://"),
        "{second}"
    );
    let mut command = migrate(&world.source_config(), &world.target_config(), &[OLD]);
    command.env("COLUMNS", "80");
    let log = Ran::of(command).stderr;
    let waiting = log.lines().filter(|line| line.contains("held-back"));
    assert_eq!(waiting.count(), 1, "{log}");
}
