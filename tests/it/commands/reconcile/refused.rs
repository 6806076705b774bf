//! What does not go together is refused in one line, before anything is asked.

use std::fs;

use serde_json::json;

use crate::support::run::{Ran, binary};

const DAYS: [&str; 2] = ["--start=2025-01-06", "--end=2025-01-07"];

/// S-24.67, S-24.81
#[test]
fn flags_that_do_not_go_together_are_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let plan = json!({
        "source": {"kind": "prometheus", "remote_read_url": "http://127.0.0.1:1/api/v1/read"},
        "target": {"external_labels": {"cluster": "a"}},
        "selectors": ["up"],
    });
    fs::write(path("plan.json"), plan.to_string()).unwrap();
    fs::write(path("file"), "").unwrap();
    let config = format!("--config={}", path("plan.json").display());
    let bucket = "--objstore.config={type: FILESYSTEM, config: {directory: /cold}}";
    let not_a_folder = format!("--artifact-dir={}", path("file").display());
    let with = |more: &[&'static str]| {
        let mut all = vec![config.as_str(), bucket];
        all.extend(DAYS);
        all.extend(more);
        all
    };
    for (arguments, expected) in [
        (vec!["--start=2025-01-06"], "--start: it goes with --config"),
        (
            vec!["--artifact-dir=report"],
            "--artifact-dir: it goes with --config",
        ),
        (
            with(&["--objstore-to.config={type: FILESYSTEM, config: {directory: /b}}"]),
            "--objstore-to.config: it does not go with --config",
        ),
        (
            with(&["--older-than=30d"]),
            "--older-than: it does not go with --config",
        ),
        (with(&["--deep"]), "--deep: it does not go with --config"),
        (
            with(&["--report-file=x"]),
            "--report-file: it does not go with --config",
        ),
        (
            with(&["--waive=extra-series", "--waive=missing-series"]),
            "--waive \"missing-series\": expected capabilities-not-seen, ",
        ),
        (
            vec![&config, bucket, "--start=2025-01-06"],
            "--end is required",
        ),
        (
            vec![&config, bucket, "--start=2025-01-06", "--end=2025-01-06"],
            "--end is no later than --start",
        ),
        (
            vec![&config, DAYS[0], DAYS[1]],
            "--objstore.config or --objstore.config-file is required",
        ),
        (
            vec![&config, bucket, DAYS[0], DAYS[1], &not_a_folder],
            "is no folder",
        ),
        (
            vec!["--config=/nowhere/plan.json", bucket, DAYS[0], DAYS[1]],
            "cannot be read",
        ),
    ] {
        for subcommand in ["verify", "cutover-check"] {
            let mut command = binary();
            command.arg(subcommand).args(&arguments);
            let ran = Ran::of(command).expect(2);
            assert!(
                ran.stderr.contains(expected),
                "{arguments:?}: {}",
                ran.stderr
            );
            assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        }
    }
    let mut command = binary();
    command.args(["verify", "--waive=extra-series", bucket]);
    let ran = Ran::of(command).expect(2);
    assert!(ran.stderr.contains("--waive: it goes with --config"));
    // The ways without a plan are as they were.
    let mut command = binary();
    command.arg("cutover-check");
    let ran = Ran::of(command).expect(2);
    assert!(ran.stderr.contains("--query.source is required"));
}
