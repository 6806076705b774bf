//! `--report-file`: it is whole, whatever happens to the run, the disk or the file, and no run goes further than it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::slice;
use std::thread;

use serde_json::Value;

use crate::support::block::Block;
use crate::support::folders::World;
use crate::support::report_file::{days, lines, marked, report_file, told};
use crate::support::run::{OLD, Ran, Running, migrate, signal};
use crate::support::world::Contents;

/// S-20.3: and nothing was contacted.
#[test]
fn what_may_be_no_report_file_is_refused_before_anything_is_contacted() {
    let world = World::new(slice::from_ref(&Block::new(1)));
    let other = world.path("other.yaml");
    fs::write(&other, "type: S3\n").unwrap();
    let pipe = world.path("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let folder = world.path("source");
    let absent = world.path("absent/runs.ndjson");
    let below = other.join("runs.ndjson");
    for (path, why) in [
        (other.as_path(), "it holds something else"),
        (&pipe, "this is something else"),
        (&folder, "this is a folder"),
        (&absent, "No such file"),
        (&below, "Not a directory"),
        (Path::new("/dev/null"), "this is something else"),
        (Path::new("/dev/full"), "this is something else"),
        (Path::new("/dev/stdout"), "this is something else"),
        (Path::new(""), "a value is missing"),
    ] {
        let flag = format!("--report-file={}", path.display());
        let ran = world.migrate(&[OLD, &flag]).expect(2);
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        assert!(ran.stderr.contains("--report-file"), "{ran:?}");
        assert!(ran.stderr.contains(why), "{why}: {ran:?}");
        assert!(!world.target.exists());
    }
    assert_eq!(fs::read_to_string(&other).unwrap(), "type: S3\n");
    // Nor where the report itself goes there.
    let out = world.path("out");
    let mut command = migrate(&world.source_config(), &world.target_config(), &[OLD]);
    command.arg(format!("--report-file={}", out.display()));
    command.stdout(File::create(&out).unwrap());
    assert_eq!(command.output().unwrap().status.code(), Some(2));
    assert_eq!(fs::read(&out).unwrap(), b"");
}

/// Lines of some run, so many bytes of them.
fn filling(bytes: usize) -> Vec<u8> {
    let line = |pad: usize| {
        let (run, pad) = (Block::new(9).id(), "x".repeat(pad));
        format!(
            "{{\"v\":1,\"at\":\"2025-01-01T00:00:00.000Z\",\"run\":\"{run}\",\"event\":\"{pad}\"}}\n"
        )
    };
    let (least, mut text) = (line(0).len(), String::new());
    while bytes - text.len() > 2 * least {
        text.push_str(&line(0));
    }
    text.push_str(&line(bytes - text.len() - least));
    assert_eq!(text.len(), bytes);
    text.into_bytes()
}

/// S-20.4: a limit on the size of files stands for the disk.
#[test]
fn a_full_disk_ends_the_run_and_nothing_more_is_marked() {
    const LIMIT: usize = 256 << 10;
    let blocks: Vec<Block> = days(6);
    let mut marked_at_all = BTreeSet::new();
    let whole = {
        let world = World::new(&blocks);
        let (path, flag) = report_file(&world);
        world.migrate(&[OLD, &flag, "--concurrency=1"]).expect(0);
        usize::try_from(fs::metadata(path).unwrap().len()).unwrap()
    };
    // Times and ids are always of one length, and how long something took is not.
    for room in (0..=10).map(|tenths| (whole - 200) * tenths / 10) {
        let world = World::new(&blocks);
        let (path, flag) = report_file(&world);
        fs::write(&path, filling(LIMIT - room)).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -f $(( $1 / 512 )); shift; exec \"$@\"", "sh"]);
        command.arg(LIMIT.to_string());
        command.arg(env!("CARGO_BIN_EXE_thanos-bucket"));
        command.args(["migrate", OLD, &flag, "--concurrency=1"]);
        command.arg(format!(
            "--objstore.config-file={}",
            world.source_config().display()
        ));
        command.arg(format!(
            "--objstore-to.config-file={}",
            world.target_config().display()
        ));
        let ran = Ran::of(command).expect(1);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(
            said.contains("report file") && said.contains("too large"),
            "{said}"
        );
        let text = String::from_utf8(fs::read(&path).unwrap()).unwrap();
        let (by_then, announced) = (marked(&world), told(&text, "marking"));
        assert!(
            by_then.is_subset(&announced),
            "{room}: {by_then:?} {announced:?}"
        );
        marked_at_all.insert(by_then.len());
        // What was in hand is healed by the next run, whose first line is whole.
        world.migrate(&[OLD, &flag]).expect(0);
        let text = fs::read_to_string(&path).unwrap();
        let broken = text
            .lines()
            .filter(|line| serde_json::from_str::<Value>(line).is_err());
        assert!(broken.count() <= 1, "{room}");
        assert_eq!(world.target.published().len(), 6);
        assert_eq!(marked(&world).len(), 6);
    }
    // The disk was full early and late.
    assert!(
        marked_at_all.len() > 1 && marked_at_all.contains(&0),
        "{marked_at_all:?}"
    );
}

/// S-20.3
#[test]
fn a_torn_line_stays_alone_and_a_file_is_appended_to() {
    let world = World::new(slice::from_ref(&Block::new(1)));
    let (path, flag) = report_file(&world);
    let torn = br#"{"v":1,"at":"2025-01-01T00:"#;
    fs::write(&path, torn).unwrap();
    world.migrate(&[OLD, &flag]).expect(0);
    let text = fs::read_to_string(&path).unwrap();
    let mut all = text.lines();
    assert_eq!(all.next().unwrap().as_bytes(), torn);
    assert!(all.next().unwrap().contains("run-begins"));
    assert!(all.all(|line| serde_json::from_str::<Value>(line).is_ok()));
}

/// S-20.3: the lines of several runs at once are all whole.
#[test]
fn runs_beside_each_other_may_share_a_file() {
    let blocks: Vec<Block> = days(20);
    let worlds: Vec<World> = (0..4).map(|_| World::new(&blocks)).collect();
    let (path, flag) = report_file(&worlds[0]);
    thread::scope(|scope| {
        for world in &worlds {
            scope.spawn(|| world.migrate(&[OLD, &flag]).expect(0));
        }
    });
    let lines = lines(&path);
    let runs: BTreeSet<&str> = lines
        .iter()
        .map(|line| line["run"].as_str().unwrap())
        .collect();
    assert_eq!(runs.len(), 4);
    for run in runs {
        let done = lines
            .iter()
            .filter(|line| line["run"] == run && line["ending"] == "migrated");
        assert_eq!(done.count(), 20);
    }
}

/// S-20.4: killed wherever it is, a run has told what it was about to mark, and every line is whole.
#[test]
fn a_killed_run_leaves_whole_lines_and_the_next_one_goes_on() {
    let blocks = days(12);
    for lines_until_then in [1, 4, 16, 30, 50, 70, 90] {
        let world = World::new(&blocks);
        let (path, flag) = report_file(&world);
        let running = Running::start(&mut migrate(
            &world.source_config(),
            &world.target_config(),
            &[OLD, &flag, "--concurrency=2"],
        ));
        let read = || fs::read_to_string(&path).unwrap_or_default();
        while read().lines().count() < lines_until_then && !read().contains("run-ends") {
            thread::yield_now();
        }
        signal("KILL", running.id());
        running.wait();
        let (before, told) = (lines(&path), told(&read(), "marking"));
        assert!(marked(&world).is_subset(&told));
        world.migrate(&[OLD, &flag]).expect(0);
        let after = lines(&path);
        assert_eq!(after[..before.len()], before);
        assert_eq!(marked(&world).len(), 12);
    }
}
