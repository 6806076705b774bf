//! `run`: cycles follow one another, whatever happens to a bucket, to the policy or to the report file.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{TimeDelta, Utc};
use serde_json::Value;

use crate::support::block::Block;
use crate::support::folders::World;
use crate::support::minio::Minio;
use crate::support::on_minio::World as Servers;
use crate::support::proxy::{Fault, Line};
use crate::support::report_file::{days, lines, marked, told};
use crate::support::run::{Ran, binary, signal};
use crate::support::service::{Service, replace, run, write_policy};
use crate::support::world::{Contents, three};

fn configs(world: &World) -> (PathBuf, PathBuf) {
    (world.source_config(), world.target_config())
}

/// A policy of one rule beside the world's buckets.
fn policy(world: &World, more: &str) -> PathBuf {
    let path = world.path("policy.yaml");
    write_policy(&path, &[("archive", &configs(world), more)]);
    path
}

/// S-23.1, S-23.6
#[test]
fn what_arrives_is_moved_by_the_next_cycle_until_somebody_ends_it() {
    let minio = Minio::start();
    let mut world = Servers::new(&minio, &three());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.yaml");
    write_policy(&path, &[("archive", &world.configs(), "")]);
    let service = Service::follow(&path, &[]);
    service.until("the first move", || world.source.marked().len() == 3);
    for number in 4..6 {
        let block = Block::new(number);
        block.write_to(&world.source);
        world.before.extend(block.objects());
        service.until("the next move", || {
            world
                .source
                .has(&format!("{}/deletion-mark.json", block.id()))
        });
    }
    service.until_a_cycle_has_ended();
    let (code, said) = service.end("TERM");
    // A signal may come in the few milliseconds of a cycle.
    assert!(matches!(code, Some(0 | 143)), "{code:?} {said}");
    world.assert_moved();
    let (begun, ended) = ("msg=\"cycle begins\"", "msg=\"cycle ends\"");
    let turns: Vec<&str> = said
        .lines()
        .filter_map(|line| [begun, ended].into_iter().find(|text| line.contains(text)))
        .collect();
    assert!(turns.len() >= 6, "{said}");
    // Never two at once.
    assert!(turns.chunks(2).all(|pair| pair == [begun, ended]), "{said}");
}

/// S-23.7: told by the exit code where one cycle was asked for.
#[test]
fn a_rule_that_fails_stops_no_other_and_is_tried_again() {
    let [absent, sound] = [(); 2].map(|()| World::new(&three()));
    let away = absent.path("away");
    fs::rename(&absent.source, &away).unwrap();
    let path = sound.path("policy.yaml");
    let rules = [
        ("absent", &configs(&absent), ""),
        ("sound", &configs(&sound), ""),
    ];
    write_policy(&path, &rules);
    let ran = Ran::of(run(&path, &["--single-run"])).expect(1);
    assert!(ran.stderr.contains("rule=absent"), "{ran:?}");
    sound.assert_moved();
    let service = Service::follow(&path, &[]);
    service.until_it_says("the run failed", 2);
    fs::rename(&away, &absent.source).unwrap();
    service.until("the move", || marked(&absent).len() == 3);
    assert!(service.end("TERM").0.is_some());
    absent.assert_moved();
    Ran::of(run(&path, &["--single-run"])).expect(0);
}

/// S-23.7
#[test]
fn a_bucket_that_is_away_for_a_while_is_found_again() {
    let minio = Minio::start();
    let world = Servers::new(&minio, &three());
    let is_away = Arc::new(AtomicBool::new(true));
    let proxy = {
        let is_away = Arc::clone(&is_away);
        Line::to(minio.port())
            .fault(move |_| {
                if is_away.load(Ordering::SeqCst) {
                    Fault::Reset
                } else {
                    Fault::None
                }
            })
            .open()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.yaml");
    write_policy(
        &path,
        &[("archive", &world.configs_through(&proxy), "max_retries: 1")],
    );
    let service = Service::follow(&path, &[]);
    service.until_it_says("the run failed", 2);
    assert!(world.moved().is_empty());
    is_away.store(false, Ordering::SeqCst);
    service.until("the move", || world.source.marked().len() == 3);
    assert!(service.end("INT").0.is_some());
    world.assert_moved();
}

/// S-23.11, S-23.12
#[test]
fn a_policy_that_changes_is_taken_and_one_that_is_wrong_is_not() {
    let world = World::new(&three());
    let path = policy(&world, "compaction_min: 7");
    let service = Service::follow(&path, &[]);
    service.until_a_cycle_has_ended();
    assert!(marked(&world).is_empty());
    // Told once, however often it is looked at.
    replace(&path, "interwal: 1s\nrules: []\n");
    service.until_it_says("the policy is not taken", 2);
    let said = service.said();
    for fault in ["unknown member", "expected at least one rule"] {
        assert!(said.contains(fault), "{said}");
    }
    service.until_a_cycle_has_ended();
    service.until_a_cycle_has_ended();
    assert_eq!(service.count("the policy is not taken"), 2);
    assert!(marked(&world).is_empty());
    policy(&world, "compaction_min: 7");
    service.until_it_says("is again the one that holds", 1);
    policy(&world, "");
    service.until("the move", || marked(&world).len() == 3);
    assert_eq!(service.count("the policy was read"), 1);
    assert!(service.end("TERM").0.is_some());
    world.assert_moved();
}

/// S-23.11: also where it waits for a day.
#[test]
fn a_signal_has_the_policy_read_at_once_and_a_shorter_interval_counts_from_the_last_cycle() {
    let world = World::new(&three());
    let path = world.path("policy.yaml");
    let write = |interval: &str, more: &str| {
        policy(&world, more);
        let text = fs::read_to_string(&path).unwrap();
        replace(
            &path,
            &text.replace("interval: 1s", &format!("interval: {interval}")),
        );
    };
    write("1d", "compaction_min: 7");
    let service = Service::follow(&path, &[]);
    service.until("the first cycle", || service.count("cycle ends") == 1);
    signal("HUP", service.id());
    service.until("a look", || service.count("the policy was read") == 1);
    assert_eq!(service.count("cycle begins"), 1);
    write("1s", "");
    signal("HUP", service.id());
    service.until("the move", || marked(&world).len() == 3);
    assert!(service.end("TERM").0.is_some());
}

/// S-23.3, S-23.11: as Kubernetes replaces what a `ConfigMap` holds.
#[test]
fn files_that_the_policy_names_are_watched_through_symbolic_links() {
    let world = World::new(&three());
    let version = |name: &str, cluster: &str| {
        let folder = world.path(name);
        fs::create_dir(&folder).unwrap();
        let selector = format!("- {{action: keep, source_labels: [cluster], regex: {cluster}}}\n");
        fs::write(folder.join("selector.yaml"), selector).unwrap();
        write_policy(
            &folder.join("policy.yaml"),
            &[("archive", &configs(&world), "selector: selector.yaml")],
        );
        let link = world.path("..data_new");
        symlink(&folder, &link).unwrap();
        fs::rename(&link, world.path("..data")).unwrap();
    };
    version("one", "us-1");
    let service = Service::follow(&world.path("..data/policy.yaml"), &[]);
    service.until_a_cycle_has_ended();
    assert!(marked(&world).is_empty());
    version("two", "eu-1");
    service.until("the move", || marked(&world).len() == 3);
    assert!(service.end("TERM").0.is_some());
}

/// S-23.13
#[test]
fn a_signal_in_mid_cycle_ends_it_as_it_ends_a_run() {
    const MIB: usize = 1 << 20;
    let blocks = [1, 2].map(|number| Block::new(number).chunk_bytes(&[MIB]));
    let world = World::new(&blocks);
    let slow = "bandwidth_limit: 100KiB\nshutdown_grace: 0s\nconcurrency: 1";
    let path = policy(&world, slow);
    let service = Service::follow(&path, &[]);
    service.until("the plan", || service.count("block directories listed") > 0);
    let (code, said) = service.end("TERM");
    assert_eq!(code, Some(143), "{said}");
    assert!(!marked(&world).len().eq(&2));
    world.assert_sound();
    let path = policy(&world, "");
    Ran::of(run(&path, &["--single-run"])).expect(0);
    world.assert_sound();
    assert_eq!(marked(&world).len(), 2);
}

/// S-23.14: a limit on the size of files stands for the disk.
#[test]
fn a_full_disk_under_the_report_file_fails_the_run_in_hand_and_the_next_one_opens_it_again() {
    const LIMIT: usize = 16 << 10;
    let world = World::new(&days(12));
    let path = policy(&world, "concurrency: 1");
    let report = world.path("runs.ndjson");
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -f $(( $1 / 512 )); shift; exec \"$@\"", "sh"])
        .arg(LIMIT.to_string())
        .arg(binary().get_program())
        .args(["run", "--http-address=127.0.0.1:0"])
        .arg(format!("--policy-file={}", path.display()))
        .arg(format!("--report-file={}", report.display()));
    let service = Service::start(&mut command);
    service.until_it_says("write to the report file", 1);
    let kept = world.path("kept.ndjson");
    // No mark is missing on the trail.
    let text = fs::read_to_string(&report).unwrap();
    assert!(marked(&world).is_subset(&told(&text, "marking")));
    assert!(marked(&world).len() < 12);
    // Somebody makes room: the process needs nobody to start it again.
    fs::rename(&report, &kept).unwrap();
    service.until("the move", || {
        let text = fs::read_to_string(&report).unwrap_or_default();
        if text.len() + 4096 > LIMIT {
            let _ = fs::remove_file(&report);
        }
        marked(&world).len() == 12
    });
    assert!(service.end("TERM").0.is_some());
    world.assert_moved();
}

/// S-23.14
#[test]
fn each_run_of_each_rule_is_told_on_one_trail() {
    let [one, other] = [(); 2].map(|()| World::new(&three()));
    let path = one.path("policy.yaml");
    write_policy(
        &path,
        &[("one", &configs(&one), ""), ("other", &configs(&other), "")],
    );
    let report = one.path("runs.ndjson");
    let flag = format!("--report-file={}", report.display());
    for _ in 0..2 {
        Ran::of(run(&path, &["--single-run", &flag])).expect(0);
    }
    let lines = lines(&report);
    let begun = |line: &&Value| line["event"] == "run-begins";
    let begun: Vec<&Value> = lines.iter().filter(begun).collect();
    let rules: Vec<&str> = begun
        .iter()
        .map(|line| line["arguments"]["rule"][0].as_str().unwrap())
        .collect();
    assert_eq!(rules, ["one", "other", "one", "other"]);
    assert!(begun.iter().all(|line| line["verb"] == "migrate"));
    let runs: BTreeSet<&str> = lines
        .iter()
        .map(|line| line["run"].as_str().unwrap())
        .collect();
    assert_eq!(runs.len(), 4);
    let page = one.path("page.html");
    let mut report_page = binary();
    report_page
        .arg("report")
        .arg(&report)
        .arg(format!("--html={}", page.display()));
    Ran::of(report_page).expect(0);
}

/// S-23.10
#[test]
fn the_hot_bucket_keeps_what_it_may_hold() {
    let blocks: Vec<Block> = days(5)
        .into_iter()
        .map(|block| block.chunk_bytes(&[10_000]))
        .collect();
    let world = World::new(&blocks);
    let path = policy(&world, "hot_bytes: 25kB");
    Ran::of(run(&path, &["--single-run"])).expect(0);
    let oldest: BTreeSet<String> = blocks.iter().take(3).map(Block::id).collect();
    assert_eq!(marked(&world), oldest);
    // What is marked counts no more, so that another cycle moves nothing.
    Ran::of(run(&path, &["--single-run"])).expect(0);
    assert_eq!(marked(&world), oldest);
    world.assert_sound();
}

/// S-23.8
#[test]
fn a_rule_outside_its_hours_rests_and_the_others_do_not() {
    let [resting, working] = [(); 2].map(|()| World::new(&three()));
    let at = |hours: i64| (Utc::now() + TimeDelta::hours(hours)).format("%H:00");
    let (closed, open) = (
        format!("hours: {}-{} UTC", at(3), at(6)),
        format!("hours: {}-{} UTC", at(-2), at(2)),
    );
    let path = resting.path("policy.yaml");
    write_policy(
        &path,
        &[
            ("resting", &configs(&resting), &closed),
            ("working", &configs(&working), &open),
        ],
    );
    let ran = Ran::of(run(&path, &["--single-run"])).expect(0);
    assert!(ran.stderr.contains("outside its hours"), "{ran:?}");
    assert!(marked(&resting).is_empty());
    working.assert_moved();
}

/// S-23.4
#[test]
fn a_policy_is_judged_whole_before_anything_is_contacted() {
    let world = World::new(&three());
    let path = policy(&world, "");
    let ran = Ran::of(run(&path, &["--validate"])).expect(0);
    assert!(
        ran.stdout.starts_with("The policy is sound: 1 rule."),
        "{ran:?}"
    );
    assert!(!world.target.exists());
    policy(&world, "max_bytes: lots\nmax_fialures: 3");
    for arguments in [&["--validate"][..], &["--single-run"], &[]] {
        let ran = Ran::of(run(&path, arguments)).expect(2);
        let told: Vec<&str> = ran.stderr.lines().collect();
        let expected = [
            format!(
                "thanos-bucket: --policy-file {path:?}: line 10: rules[0].max_bytes \"lots\": expected a size such as 500MiB, 10GiB or 1TB, above 0"
            ),
            format!(
                "thanos-bucket: --policy-file {path:?}: line 11: unknown member \"max_fialures\" of rules[0]: did you mean max_failures?"
            ),
        ];
        assert_eq!(told, expected);
        assert_eq!(ran.stdout, "");
    }
    assert!(!world.target.exists());
}

/// S-23.3: a second look would wait for somebody who writes it.
#[test]
fn what_is_no_file_is_refused() {
    let world = World::new(&three());
    let pipe = world.path("pipe.yaml");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let path = world.path("policy.yaml");
    write_policy(
        &path,
        &[("archive", &(pipe.clone(), world.target_config()), "")],
    );
    for (policy, named) in [(&path, "rules[0].source"), (&pipe, "--policy-file")] {
        let ran = Ran::of(run(policy, &["--validate"])).expect(2);
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        assert!(ran.stderr.contains("expected a file"), "{ran:?}");
        assert!(ran.stderr.contains(named), "{ran:?}");
    }
}

/// S-23.12: what a rule names beside the policy is no part of what changes, and shows where somebody asks.
#[test]
fn a_policy_that_cannot_be_carried_out_any_more_stays_refused() {
    let world = World::new(&three());
    let bundle = world.path("ca.pem");
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(&bundle, certificate.cert.pem()).unwrap();
    let bucket = world.path("s3.yaml");
    let text = format!(
        "type: S3\nconfig: {{bucket: hot, endpoint: 'localhost:1', access_key: a, secret_key: b, http_config: {{tls_config: {{ca_file: '{}'}}}}}}\n",
        bundle.display()
    );
    fs::write(&bucket, text).unwrap();
    let path = world.path("policy.yaml");
    let hours = (Utc::now() + TimeDelta::hours(3)).format("hours: %H:00-%H:30 UTC");
    let rules = [(
        "archive",
        &(bucket, world.target_config()),
        &*hours.to_string(),
    )];
    write_policy(&path, &rules);
    let service = Service::follow(&path, &[]);
    service.until_a_cycle_has_ended();
    fs::remove_file(&bundle).unwrap();
    signal("HUP", service.id());
    service.until("a refusal", || {
        service.count("the policy is not taken") == 1
    });
    for _ in 0..4 {
        service.until_a_cycle_has_ended();
    }
    assert_eq!(service.count("is again the one that holds"), 0);
    assert!(service.end("TERM").0.is_some());
}

/// S-23.4
#[test]
fn a_command_line_without_a_policy_or_with_two_is_refused() {
    let path = Path::new("/nowhere/policy.yaml");
    for (arguments, expected) in [
        (&["run"][..], "--policy or --policy-file is required"),
        (&["run", "--policy=a", "--policy-file=b"], "are both given"),
        (
            &["run", "--policy-file=/nowhere/policy.yaml"],
            "cannot be read",
        ),
        (&["run", "--policy= "], "--policy: it is empty"),
        (
            &["run", "--policy=a", "--validate", "--single-run"],
            "are both given",
        ),
    ] {
        let mut command = binary();
        command.args(arguments);
        let ran = Ran::of(command).expect(2);
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        assert!(ran.stderr.contains(expected), "{path:?} {ran:?}");
    }
}
