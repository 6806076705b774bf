#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot be set up should panic"
)]

use std::ffi::OsString;

use chrono::TimeZone;

use super::*;
use crate::command::migrate::Request;
use crate::migrate::{Mode, ReplicaTarget};
use crate::plan::{PublishOrder, Scope};
use crate::report::Output;
use crate::select::Span;
use crate::telemetry::{Format, Level};

const BUCKETS: [&str; 3] = [
    "--objstore.config={type: FILESYSTEM, config: {directory: /hot}}",
    "--objstore-to.config={type: FILESYSTEM, config: {directory: /cold}}",
    "--older-than=30d",
];

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2025, 7, 1, 12, 0, 0).unwrap()
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn parse(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Invocation> {
    let arguments = ["thanos-bucket"].iter().chain(arguments);
    super::parse(
        arguments.map(OsString::from),
        &environment(variables),
        now(),
    )
}

fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Run {
    let arguments = [&["migrate"], BUCKETS.as_slice(), arguments].concat();
    match parse(&arguments, variables).unwrap() {
        Invocation::Run(run) => *run,
        other => panic!("{other:?}"),
    }
}

fn request(arguments: &[&str], variables: &[(&str, &str)]) -> Request {
    let Command::Migrate(request) = run(arguments, variables).command else {
        panic!("{arguments:?}");
    };
    request
}

fn refusal(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let arguments = [&["migrate"], BUCKETS.as_slice(), arguments].concat();
    format!("{:#}", parse(&arguments, variables).unwrap_err())
}

#[test]
fn defaults_are_those_that_are_documented() {
    let request = request(&[], &[]);
    assert_eq!(request.task.mode, Mode::Execute);
    assert_eq!(request.task.replica_target, ReplicaTarget::Refuse);
    assert_eq!(request.form.output, Output::Text);
    assert_eq!(request.task.rules.filter.compaction_min, 1);
    assert_eq!(request.task.rules.filter.compaction_max, None);
    assert_eq!(request.task.rules.scope, Scope::Unmarked);
    assert_eq!(request.task.rules.publish_order, PublishOrder::Strict);
    assert!(request.task.rules.filter.ids.is_empty());
    assert!(request.task.rules.filter.resolutions_ms.is_empty());
    assert!(request.task.rules.shard.is_none());
    assert_eq!(request.task.rules.filter.span, Span::default());
    assert_eq!(request.task.settings.concurrency.get(), 10);
    assert_eq!(request.task.settings.retry.max_retries, 3);
    assert_eq!(request.task.settings.retry.initial_backoff.as_secs(), 1);
    assert_eq!(request.task.settings.retry.max_backoff.as_secs(), 60);
    assert_eq!(request.task.settings.shutdown_grace.as_secs(), 30);
    assert_eq!(request.task.settings.max_failures, None);
    assert!(!request.task.settings.no_compact_mark_source);
}

/// S-2.2
#[test]
fn booleans_are_spelled_in_four_ways_and_the_last_one_counts() {
    for (arguments, expected) in [
        (&[] as &[&str], Mode::Execute),
        (&["--dry-run"], Mode::DryRun),
        (&["--dry-run=true"], Mode::DryRun),
        (&["--dry-run=false"], Mode::Execute),
        (&["--no-dry-run"], Mode::Execute),
        (&["--dry-run", "--no-dry-run"], Mode::Execute),
        (&["--no-dry-run", "--dry-run"], Mode::DryRun),
        (&["--dry-run=false", "--dry-run"], Mode::DryRun),
    ] {
        assert_eq!(request(arguments, &[]).task.mode, expected, "{arguments:?}");
    }
    let rules = request(&["--no-exclude-delete-marked"], &[]).task.rules;
    assert_eq!(rules.scope, Scope::Marked);
    // This flag's own name begins with "no-".
    for (argument, expected) in [
        ("--no-compact-mark-source", true),
        ("--no-compact-mark-source=false", false),
        ("--no-no-compact-mark-source", false),
    ] {
        let engine = request(&[argument], &[]).task.settings;
        assert_eq!(engine.no_compact_mark_source, expected, "{argument}");
    }
}

/// S-2.1
#[test]
fn a_variable_stands_in_for_a_flag() {
    let request = request(
        &[],
        &[
            ("THANOS_BUCKET_DRY_RUN", "true"),
            ("THANOS_BUCKET_EXCLUDE_DELETE_MARKED", "false"),
            ("THANOS_BUCKET_CONCURRENCY", "7"),
            ("THANOS_BUCKET_RETRY_INITIAL_BACKOFF", "250ms"),
            ("THANOS_BUCKET_RESOLUTION", "0s, 1h"),
            ("THANOS_BUCKET_OUTPUT", "json"),
            ("THANOS_BUCKET_MAX_FAILURES", ""),
        ],
    );
    assert_eq!(request.task.mode, Mode::DryRun);
    assert_eq!(request.task.rules.scope, Scope::Marked);
    assert_eq!(request.task.settings.concurrency.get(), 7);
    assert_eq!(request.task.settings.retry.initial_backoff.as_millis(), 250);
    assert_eq!(
        request
            .task
            .rules
            .filter
            .resolutions_ms
            .iter()
            .copied()
            .collect::<Vec<_>>(),
        [0, 3_600_000]
    );
    assert_eq!(request.form.output, Output::Json);
    assert_eq!(request.task.settings.max_failures, None);
}

/// S-2.1
#[test]
fn the_command_line_wins_over_a_variable() {
    let variables = [
        ("THANOS_BUCKET_CONCURRENCY", "7"),
        ("THANOS_BUCKET_DRY_RUN", "true"),
        ("THANOS_BUCKET_RESOLUTION", "0s,5m"),
        ("THANOS_BUCKET_LOG_LEVEL", "error"),
    ];
    let arguments = [
        "--concurrency=3",
        "--no-dry-run",
        "--resolution=1h",
        "--log.level=debug",
        "--log.format=json",
    ];
    let run = run(&arguments, &variables);
    assert_eq!(run.telemetry.level, Level::Debug);
    assert_eq!(run.telemetry.format, Format::Json);
    let Command::Migrate(request) = run.command else {
        panic!("another command");
    };
    assert_eq!(request.task.settings.concurrency.get(), 3);
    assert_eq!(request.task.mode, Mode::Execute);
    assert_eq!(
        request
            .task
            .rules
            .filter
            .resolutions_ms
            .into_iter()
            .collect::<Vec<_>>(),
        [3_600_000]
    );
}

/// S-2.3
#[test]
fn a_wrong_variable_is_named_as_such() {
    let complaint = refusal(&[], &[("THANOS_BUCKET_CONCURRENCY", "many")]);
    assert_eq!(
        complaint,
        "THANOS_BUCKET_CONCURRENCY \"many\": expected a whole number from 1 to 1000"
    );
}

#[test]
fn a_variable_without_a_flag_is_told_and_ignored() {
    let variables = [
        ("THANOS_BUCKET_ENDPOINT", "x:1"),
        ("THANOS_BUCKET_PORT", "tcp://10.0.0.1:80"),
    ];
    assert_eq!(
        run(&[], &variables).warnings,
        ["environment variable THANOS_BUCKET_ENDPOINT is ignored, for there is no such flag"]
    );
}

/// S-2.1: a slip in a name would move everything.
#[test]
fn a_variable_that_is_nearly_a_flags_is_refused() {
    for (name, meant) in [
        ("THANOS_BUCKET_DRYRUN", "THANOS_BUCKET_DRY_RUN"),
        ("THANOS_BUCKET_CONCURENCY", "THANOS_BUCKET_CONCURRENCY"),
    ] {
        assert_eq!(
            refusal(&[], &[(name, "true")]),
            format!("environment variable {name}: there is no such flag: did you mean {meant}?")
        );
    }
}

/// S-2.1: an empty variable is what is left of one that was to be filled in.
#[test]
fn an_empty_variable_that_would_bound_the_run_is_refused() {
    for flag in [
        "DRY_RUN",
        "ID",
        "SELECTOR_RELABEL_CONFIG",
        "SELECTOR_RELABEL_CONFIG_FILE",
        "RESOLUTION",
        "COMPACTION_MAX",
        "SHARD",
    ] {
        let variable = format!("THANOS_BUCKET_{flag}");
        let line = refusal(&[], &[(&variable, "")]);
        assert!(
            line.starts_with(&format!("{variable} \"\": expected a value")),
            "{line}"
        );
    }
    // What the command line says counts.
    let request = request(&["--dry-run"], &[("THANOS_BUCKET_DRY_RUN", "")]);
    assert_eq!(request.task.mode, Mode::DryRun);
}

#[test]
fn ages_are_counted_back_from_now() {
    let rules = request(&[], &[]).task.rules;
    let expected = now() - chrono::TimeDelta::days(30);
    assert_eq!(
        rules.filter.cutoff.unwrap().ms(),
        expected.timestamp_millis()
    );
}

/// S-4.13
#[test]
fn spans_of_time_are_read_as_in_thanos() {
    let span = |arguments: &[&str]| request(arguments, &[]).task.rules.filter.span;
    let midnight = Utc.with_ymd_and_hms(2025, 6, 1, 0, 0, 0).unwrap();
    let expected = Span {
        min_ms: Some((now() - chrono::TimeDelta::days(90)).timestamp_millis()),
        max_ms: Some(midnight.timestamp_millis()),
    };
    for arguments in [
        ["--min-time=-90d", "--max-time=2025-06-01"].as_slice(),
        &["--min-time", "-90d", "--max-time=2025-06-01T00:00:00Z"],
    ] {
        assert_eq!(span(arguments), expected);
    }
    for (arguments, line) in [
        (
            ["--max-time=30d"].as_slice(),
            "--max-time \"30d\": that is a time to come: expected -30d for 30d ago, or a time",
        ),
        (
            &["--min-time=2025-06-02", "--max-time=2025-06-01"],
            "--min-time lies after --max-time, so that no block is meant: expected it before that",
        ),
    ] {
        assert_eq!(refusal(arguments, &[]), line);
    }
}

/// The names of all subcommands.
fn subcommands() -> Vec<String> {
    let command = Cli::command();
    let named = command.get_subcommands();
    named.map(|one| one.get_name().to_owned()).collect()
}

#[test]
fn every_help_fits_eighty_columns_and_goes_to_stdout() {
    let of_each = subcommands().into_iter().flat_map(|name| {
        ["--help", "-h"]
            .map(|help| vec![name.clone(), help.to_owned()])
            .into_iter()
            .chain([vec!["help".to_owned(), name.clone()]])
    });
    let of_all = ["--help", "-h"].map(|help| vec![help.to_owned()]);
    for arguments in of_each.chain(of_all) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let Invocation::Show(text) = parse(&arguments, &[]).unwrap() else {
            panic!("{arguments:?}");
        };
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
            assert_eq!(line, line.trim_end());
        }
    }
}

/// S-2.4
#[test]
fn only_what_moves_blocks_speaks_of_a_target_that_is_a_replica() {
    for name in subcommands() {
        let Invocation::Show(text) = parse(&[&name, "--help"], &[]).unwrap() else {
            panic!("{name}");
        };
        let speaks = text.contains("live replica");
        assert_eq!(
            speaks,
            ["migrate", "plan", "run"].contains(&&*name),
            "{name}"
        );
    }
}

#[test]
fn the_long_help_names_every_flag_with_its_variable() {
    let help = |subcommand: &String| match parse(&[subcommand, "--help"], &[]).unwrap() {
        Invocation::Show(text) => text,
        other => panic!("{other:?}"),
    };
    let text: String = subcommands().iter().map(help).collect();
    let command = Cli::command();
    let shown = flags::all(&command).filter(|arg| !arg.is_hide_set());
    let shown: Vec<_> = shown.filter_map(clap::Arg::get_long).collect();
    let hidden = flags::all(&command).filter_map(clap::Arg::get_long);
    let hidden: Vec<_> = hidden.filter(|flag| !shown.contains(flag)).collect();
    for flag in flags::names(&command) {
        let is_hidden = hidden.contains(&flag.as_str());
        assert!(!is_hidden || !text.contains(&format!("--{flag}")), "{flag}");
        if is_hidden || flag.starts_with("no-") && flag != "no-compact-mark-source" {
            continue;
        }
        assert!(text.contains(&format!("--{flag}")), "{flag}");
        if !["help", "version"].contains(&flag.as_str()) {
            let variable = format!(
                "THANOS_BUCKET_{}",
                flag.to_uppercase().replace(['.', '-'], "_")
            );
            assert!(text.contains(&format!("[env: {variable}]")), "{variable}");
        }
    }
}

#[test]
fn the_version_tells_the_commit() {
    let Invocation::Show(text) = parse(&["--version"], &[]).unwrap() else {
        panic!("no version");
    };
    let commit = text
        .strip_prefix(concat!(
            "thanos-bucket ",
            env!("CARGO_PKG_VERSION"),
            " (commit "
        ))
        .and_then(|rest| rest.strip_suffix(")\n"));
    assert!(commit.is_some_and(|commit| !commit.is_empty()), "{text:?}");
}

#[test]
fn without_a_subcommand_help_is_a_complaint() {
    assert!(matches!(parse(&[], &[]).unwrap(), Invocation::Nothing(_)));
}

/// S-14.7
#[test]
fn every_flag_of_upstreams_draft_is_taken() {
    let arguments = [
        "--older-than=2025-06-01T00:00:00Z",
        "--dry-run",
        "--no-overwrite-existing",
        "--exclude-delete-marked",
        "--concurrency=10",
        "--max-retries=3",
        "--selector.relabel-config=[{action: keep, source_labels: [cluster], regex: eu-1}]",
        "--log.level=info",
        "--log.format=logfmt",
        "--enable-auto-gomemlimit",
        "--auto-gomemlimit.ratio=0.9",
    ];
    let arguments = [&["migrate"], &BUCKETS[..2], &arguments].concat();
    let Invocation::Run(run) = parse(&arguments, &[]).unwrap() else {
        panic!("{arguments:?}");
    };
    assert_eq!(run.warnings.len(), 2, "{:?}", run.warnings);
    assert!(run.warnings.iter().all(|line| line.contains("gomemlimit")));
    // What is false there.
    assert_eq!(request(&[], &[]).task.rules.scope, Scope::Unmarked);
}
