//! Which words go where.

use crate::support::complaint::assert_names;
use crate::support::folders::{World, tree};
use crate::support::run::{OLD, Ran, binary};

/// S-2.4, S-2.5: what was asked for is on stdout, the log on stderr.
#[test]
fn plans_and_reports_go_to_stdout_and_the_log_to_stderr() {
    let world = World::of_examples();
    for (arguments, kind) in [
        (&[OLD, "--output=json", "--dry-run"] as &[&str], "plan"),
        (&[OLD, "--output=json"], "report"),
    ] {
        let ran = world.migrate(arguments).expect(0);
        let document = ran.json();
        assert_eq!(document["kind"], kind);
        assert_eq!(document["exit_code"], 0);
        for line in ran.stderr.lines() {
            assert!(line.starts_with("ts=20"), "{line}");
            assert_names(line, &[" caller=", " level=", " msg="]);
        }
    }
    let ran = world.migrate(&[OLD, "--log.format=json"]).expect(0);
    for line in ran.stderr.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        for key in ["ts", "caller", "level", "msg"] {
            assert!(line[key].is_string(), "{line}");
        }
    }
    let marked = tree(&world.source);
    let ran = world
        .migrate(&[OLD, "--log.level=error", "--id=01J9ZK3M7Q8T5V6W7X8Y9Z0A1B"])
        .expect(3);
    assert!(ran.stdout.contains("01J9ZK3M7Q8T5V6W7X8Y9Z0A1B"), "{ran:?}");
    assert_eq!(tree(&world.source), marked);
}

#[test]
fn help_and_version_are_results() {
    for (arguments, names) in [
        (&["--help"] as &[&str], ["migrate", "--log.level"]),
        (&["migrate", "--help"], ["Exit codes:", "Examples:"]),
        (&["migrate", "-h"], ["--older-than", "Which blocks"]),
        (&["--version"], ["thanos-bucket", "(commit "]),
    ] {
        let mut command = binary();
        command.args(arguments);
        let ran = Ran::of(command).expect(0);
        assert!(ran.stderr.is_empty(), "{ran:?}");
        assert_names(&ran.stdout, &names);
    }
    let ran = Ran::of(binary()).expect(2);
    assert!(
        ran.stdout.is_empty() && ran.stderr.contains("migrate"),
        "{ran:?}"
    );
}
