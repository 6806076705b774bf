//! `--report-file`: what stands there of each block.

use std::fs;
use std::slice;

use serde_json::{Value, json};

use crate::support::block::Block;
use crate::support::folders::World;
use crate::support::report_file::{events, is_line, lines, only, report_file};
use crate::support::run::{OLD, Ran, binary};

/// S-20.1, S-20.2
#[test]
fn each_event_of_a_block_is_a_line_that_says_when_what_happened() {
    let moved = Block::new(1).days(0, 1);
    let damaged = Block::new(2).days(1, 2).without("chunks/000001");
    let held_back = Block::new(3).days(2, 3);
    let elsewhere = Block::new(4).labels(&[("cluster", "\u{202e}us-1\n|`<script>")]);
    let young = Block::new(5).range(4_000_000_000_000, 4_000_007_200_000);
    let world = World::new(&[
        moved.clone(),
        damaged.clone(),
        held_back.clone(),
        elsewhere.clone(),
        young.clone(),
    ]);
    let (path, flag) = report_file(&world);
    let report = world.migrate(&[OLD, &flag, "--output=json", "--concurrency=1"]);
    let report = report.expect(3).json();
    let lines = lines(&path);
    let whole = [
        "selected",
        "started",
        "copied",
        "published",
        "proven",
        "marking",
        "marked",
        "done",
    ];
    assert_eq!(events(&lines, &moved), whole);
    assert_eq!(events(&lines, &elsewhere), whole);
    assert_eq!(events(&lines, &damaged), ["excluded"]);
    assert_eq!(events(&lines, &held_back), ["selected", "held-back"]);
    assert_eq!(events(&lines, &young), [""; 0]);
    assert!(
        lines
            .iter()
            .all(|line| line["v"] == 1 && line["run"] == report["run"])
    );
    let times: Vec<&str> = lines
        .iter()
        .map(|line| line["at"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted(), "{times:?}");

    let planned = only(&lines, "planned");
    assert_eq!(planned["blocks"], 3);
    assert_eq!(
        planned["excluded"],
        json!({"incomplete": 1, "time-excluded": 1})
    );
    let group = lines.iter().find(|line| line["event"] == "group").unwrap();
    assert_eq!(group["hot"]["blocks"], 1, "{group}");
    let of_moved: Vec<&Value> = lines
        .iter()
        .filter(|line| line["block"] == moved.id())
        .collect();
    let entry = report["blocks"].as_array().unwrap();
    let entry = entry
        .iter()
        .find(|entry| entry["id"] == moved.id())
        .unwrap();
    for member in [
        "labels",
        "min_time",
        "max_time",
        "resolution",
        "size_bytes",
        "objects",
        "action",
    ] {
        assert_eq!(of_moved[0][member], entry[member], "{member}");
    }
    let done = of_moved.last().unwrap();
    for member in [
        "ending",
        "mark",
        "proof",
        "objects_put",
        "bytes_sent",
        "elapsed_seconds",
    ] {
        assert_eq!(done[member], entry["outcome"][member], "{member}");
    }
    assert_eq!(of_moved[2]["by"], "service");
    let waits = only(&lines, "held-back");
    assert_eq!(waits["waits_for"], damaged.id());
    assert_eq!(waits["needs_a_person"], true);
    let ends = lines.last().unwrap();
    assert_eq!(ends["event"], "run-ends");
    assert_eq!(ends["exit_code"], 3);
    assert_eq!(ends["complete"], true);
    assert_eq!(ends["endings"], json!({"migrated": 2, "held-back": 1}));
    // Nothing that drives a terminal stands there.
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        !text.contains('\u{202e}') && text.contains("\\u202eus-1\\n"),
        "{text}"
    );
}

/// S-20.1: and what may be secret is not shown.
#[test]
fn a_run_says_first_what_it_was_asked_for() {
    let world = World::new(slice::from_ref(&Block::new(1)));
    let (path, flag) = report_file(&world);
    let given = [OLD, &flag, "--output=json", "--concurrency=1"];
    let report = world.migrate(&given).expect(0).json();
    let lines = lines(&path);
    let begins = &lines[0];
    assert_eq!(begins["event"], "run-begins");
    assert_eq!(begins["verb"], "migrate");
    assert_eq!(begins["dry_run"], false);
    assert_eq!(begins["at"], report["started"]);
    for member in ["source", "target", "cutoff"] {
        assert_eq!(begins[member], report[member], "{member}");
    }
    let arguments = begins["arguments"].as_object().unwrap();
    let flags: Vec<&String> = arguments.keys().collect();
    let given = [
        "concurrency",
        "objstore-to.config-file",
        "objstore.config-file",
        "older-than",
        "output",
        "report-file",
    ];
    assert_eq!(flags, given);
    assert_eq!(arguments["older-than"], json!(["30d"]));
    let text = fs::read_to_string(world.target_config()).unwrap();
    let mut command = binary();
    command.args(["verify", &flag, &format!("--objstore.config={text}")]);
    Ran::of(command).expect(0);
    let written = fs::read_to_string(&path).unwrap();
    let last = written.lines().rfind(|line| line.contains("run-begins"));
    let last = last.unwrap();
    assert!(
        last.contains("\"objstore.config\":[\"(not shown)\"]"),
        "{last}"
    );
    assert!(!last.contains("FILESYSTEM"), "{last}");
}

/// S-20.2: each of the others tells its own, and dry runs tell what they would do.
#[test]
fn every_subcommand_that_works_on_blocks_tells_them() {
    let [one, other] = [Block::new(1), Block::new(2).days(1, 2)];
    let world = World::new(&[one.clone(), other.clone()]);
    let (path, flag) = report_file(&world);
    world.migrate(&[OLD, "--dry-run", &flag]).expect(0);
    let dry = lines(&path);
    assert_eq!(events(&dry, &one), ["selected"]);
    assert_eq!(only(&dry, "run-begins")["dry_run"], true);
    assert_eq!(only(&dry, "run-ends")["exit_code"], 0);
    assert!(!world.target.exists());
    world
        .migrate(&[OLD, &format!("--id={}", one.id())])
        .expect(0);
    let on = |verb: &str, arguments: &[&str], code| {
        fs::remove_file(&path).unwrap();
        let mut command = binary();
        command.arg(verb);
        command.arg(format!(
            "--objstore.config-file={}",
            world.source_config().display()
        ));
        command.args(arguments).arg(&flag);
        Ran::of(command).expect(code);
        let lines = lines(&path);
        assert_eq!(only(&lines, "run-begins")["verb"], verb);
        assert_eq!(only(&lines, "run-ends")["exit_code"], code);
        lines
    };
    let to = format!(
        "--objstore-to.config-file={}",
        world.target_config().display()
    );
    let verified = on("verify", &[&to], 3);
    assert_eq!(events(&verified, &one), ["done"]);
    assert_eq!(events(&verified, &other), ["left-alone"]);
    let stands = |block: &Block| {
        let mut lines = verified.iter();
        lines.find(|line| line["block"] == block.id()).unwrap()["ending"].clone()
    };
    assert_eq!([stands(&one), stands(&other)], ["held", "source-only"]);
    let dry = on("unmark", &["--older-than=1d"], 0);
    assert_eq!(events(&dry, &one), ["done"]);
    let taken = on(
        "unmark",
        &["--no-dry-run", &format!("--id={}", one.id())],
        0,
    );
    assert_eq!(events(&taken, &one), ["selected", "started", "done"]);
    let torn = world.target.join(one.id()).join("meta.json");
    fs::remove_file(torn).unwrap();
    let cleaned = on("cleanup", &[&to, "--no-dry-run", "--older-than=0s"], 0);
    assert_eq!(events(&cleaned, &one), ["selected", "done"], "{cleaned:?}");
    let copied = on("replicate", &[&to, OLD], 0);
    let whole = [
        "selected",
        "started",
        "copied",
        "published",
        "proven",
        "done",
    ];
    assert_eq!(events(&copied, &one), whole);
    // What only looks has none.
    for verb in ["plan", "status", "check"] {
        let mut command = binary();
        command.args([verb, &flag]);
        let said = Ran::of(command).expect(2).stderr;
        assert!(said.contains("--report-file"), "{said}");
    }
}

/// S-20.1
#[test]
fn the_schema_takes_lines_and_nothing_else() {
    let run = Block::new(1).id();
    let line = json!({"v": 1, "at": "2025-01-01T00:00:00.000Z", "run": run, "event": "published", "block": run});
    assert!(is_line(&line));
    let with = |member: &str, value: Value| {
        let mut line = line.clone();
        line[member] = value;
        line
    };
    // What a newer version may say.
    assert!(is_line(&with("event", json!("flown"))));
    assert!(is_line(&with("wings", json!([2]))));
    for (member, value) in [
        ("v", json!("1")),
        ("v", json!(0)),
        ("at", json!("2025-01-01T00:00:00Z")),
        ("run", json!("x")),
        ("block", json!(run.to_lowercase())),
        ("event", json!("copied")),
        ("proof", json!("faith")),
        ("exit_code", json!(7)),
        ("hot", json!({"blocks": 1})),
    ] {
        let wrong = with(member, value);
        assert!(!is_line(&wrong), "{wrong}");
    }
}
