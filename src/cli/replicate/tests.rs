#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot be set up should panic"
)]

use std::ffi::OsString;

use crate::block::{BlockMeta, Strength};
use crate::bucket::Environment;
use crate::cli::{Invocation, Run, parse};
use crate::command::Command;
use crate::command::migrate::Request;
use crate::migrate::Mode;
use crate::plan::{PublishOrder, Purpose, Scope};

const BUCKETS: [&str; 4] = [
    "thanos-bucket",
    "replicate",
    "--objstore.config={type: FILESYSTEM, config: {directory: /hot}}",
    "--objstore-to.config={type: FILESYSTEM, config: {directory: /cold}}",
];

fn run(arguments: &[&str]) -> crate::Result<Run> {
    let now = "2025-07-01T12:00:00Z".parse().unwrap();
    let arguments = BUCKETS.iter().chain(arguments).map(OsString::from);
    match parse(arguments, &Environment::default(), now)? {
        Invocation::Run(run) => Ok(*run),
        other => panic!("{other:?}"),
    }
}

fn request(arguments: &[&str]) -> (Request, Vec<String>) {
    let run = run(arguments).unwrap();
    let Command::Migrate(request) = run.command else {
        panic!("another command");
    };
    (request, run.warnings)
}

fn refusal(arguments: &[&str]) -> String {
    format!("{:#}", run(arguments).unwrap_err())
}

/// Whether a block of cluster `eu-1` is meant that begins in March 2025.
fn takes(request: &Request, resolution_ms: i64, level: i64) -> bool {
    let id = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
    let json = format!(
        r#"{{"ulid":"{id}","version":1,"minTime":1740787200000,"maxTime":1740794400000,"compaction":{{"level":{level}}},"thanos":{{"labels":{{"cluster":"eu-1"}},"downsample":{{"resolution":{resolution_ms}}}}}}}"#
    );
    let meta = BlockMeta::parse(id.parse().unwrap(), json.as_bytes()).unwrap();
    request.task.rules.filter.takes(&meta)
}

/// S-14.2: Thanos' own defaults, but for levels above 4, which stay behind there.
#[test]
fn without_flags_every_block_is_copied_and_marked_ones_too() {
    let (request, warnings) = request(&[]);
    let rules = &request.task.rules;
    assert_eq!(rules.purpose, Purpose::Copy);
    assert_eq!(rules.scope, Scope::Marked);
    assert_eq!(rules.verify, Strength::Checksum);
    assert_eq!(rules.publish_order, PublishOrder::Strict);
    assert_eq!(request.task.mode, Mode::Execute);
    assert!(rules.filter.cutoff.is_none() && warnings.is_empty());
    for (resolution_ms, level) in [(0, 1), (300_000, 4), (3_600_000, 5), (0, 9)] {
        assert!(takes(&request, resolution_ms, level));
    }
}

/// S-14.2, S-14.3
#[test]
fn flags_say_what_they_say_to_thanos() {
    for (arguments, raw_of_level_2) in [
        (&["--single-run"] as &[&str], true),
        (&["--resolution=300s"], false),
        (&["--resolution=300s", "--resolution=0s"], true),
        (&["--compaction-min=2", "--compaction-max=2"], true),
        (&["--compaction-min=3"], false),
        (&["--compaction-max=1"], false),
        (&["--compaction-min=0", "--compaction-max=2"], true),
        (&["--compaction=0"], false),
        // It counts in their place.
        (
            &["--compaction=1", "--compaction=2", "--compaction-min=3"],
            true,
        ),
        (&["--compaction=3", "--compaction-min=2"], false),
        (&["--matcher=cluster=eu-1"], true),
        (&["--matcher={cluster=~\"eu-.*\",tenant=\"\"}"], true),
        (&["--matcher=cluster!=eu-1"], false),
        (
            &["--min-time=2025-03-01", "--max-time=2025-03-31T23:59:59Z"],
            true,
        ),
        (&["--max-time=2025-02-28"], false),
        (&["--max-time=-30d"], true),
        (&["--older-than=30d"], true),
        (&["--older-than=300d"], false),
        (
            &[
                "--min-time=0000-01-01T00:00:00Z",
                "--max-time=9999-12-31T23:59:59Z",
            ],
            true,
        ),
        // As in Thanos it is only these, whatever labels, resolutions and levels say.
        (
            &[
                "--id=01J9ZK3M7Q8T5V6W7X8Y9Z0A1B",
                "--matcher=cluster=us-1",
                "--resolution=1h",
                "--compaction=7",
                "--compaction-min=5",
            ],
            true,
        ),
        (
            &["--id=01J9ZK3M7Q8T5V6W7X8Y9Z0A1B", "--max-time=2025-02-28"],
            false,
        ),
        (&["--id=01J9ZK3M7Q8T5V6W7X8Y9Z0A1C"], false),
    ] {
        let (request, _) = request(arguments);
        assert_eq!(takes(&request, 0, 2), raw_of_level_2, "{arguments:?}");
    }
    let scope = |arguments: &[&str]| request(arguments).0.task.rules.scope;
    assert_eq!(scope(&["--ignore-marked-for-deletion"]), Scope::Unmarked);
    assert_eq!(scope(&["--no-ignore-marked-for-deletion"]), Scope::Marked);
    assert_eq!(
        scope(&["--overwrite-existing", "--ignore-marked-for-deletion"]),
        Scope::Overwriting
    );
}

/// S-14.2
#[test]
fn what_has_no_effect_is_told() {
    for (arguments, expected) in [
        (
            &[
                "--http-address=0.0.0.0:10902",
                "--http-grace-period=2m",
                "--http.config=x",
            ] as &[&str],
            vec![
                "--http-address has no effect: there is no HTTP server",
                "--http-grace-period has no effect: there is no HTTP server",
                "--http.config has no effect: there is no HTTP server",
            ],
        ),
        (
            &["--enable-auto-gomemlimit", "--auto-gomemlimit.ratio=0.9"],
            vec![
                "--enable-auto-gomemlimit has no effect: --memory-limit bounds the memory",
                "--auto-gomemlimit.ratio has no effect: --memory-limit bounds the memory",
            ],
        ),
        (
            &["--no-single-run"],
            vec!["--single-run \"false\" has no effect: the run ends once it is done"],
        ),
        (
            &[
                "--id=01J9ZK3M7Q8T5V6W7X8Y9Z0A1B",
                "--matcher=a=b",
                "--compaction-max=2",
            ],
            vec![
                "--matcher does not hold beside --id, as in Thanos",
                "--compaction-max does not hold beside --id, as in Thanos",
            ],
        ),
    ] {
        assert_eq!(request(arguments).1, expected);
    }
}

/// S-14.2
#[test]
fn what_is_wrong_is_refused_in_one_line() {
    for (arguments, expected) in [
        (
            &["--matcher=cluster"] as &[&str],
            "--matcher \"cluster\" has no operator: expected name=\"value\", or !=, =~ or !~",
        ),
        (
            &["--resolution=10m"],
            "--resolution \"10m\": expected 0s, 5m or 1h",
        ),
        (
            &["--compaction-min=3", "--compaction-max=2"],
            "--compaction-min \"3\": expected at most --compaction-max, which is 2",
        ),
        (
            &["--overwrite-existing"],
            "--overwrite-existing \"true\": cannot be used without --ignore-marked-for-deletion: expected both, for marked blocks are no reason to overwrite",
        ),
    ] {
        assert_eq!(refusal(arguments), expected);
    }
}
