//! Health, figures, status and the page.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use regex::Regex;
use serde_json::json;
use thanos_bucket::audit::{Event, Subject};
use thanos_bucket::board::{Board, Deed, Figures};
use thanos_bucket::exit::{Exit, Signal};
use thanos_bucket::outcome::{BlockEnding, MarkState};

use super::client::{Served, begin, board, figures, filled, id, noon, outcome, outline};
use crate::support::run::repository;
use crate::support::servers::program;

/// What promtool says of figures; nothing where it has nothing against them.
pub fn judged(metrics: &str) -> String {
    let mut promtool = Command::new(program("promtool"))
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = promtool.stdin.take().unwrap();
    stdin.write_all(metrics.as_bytes()).unwrap();
    drop(stdin);
    let said = promtool.wait_with_output().unwrap();
    let text = [said.stdout, said.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    assert_eq!(said.status.success(), text.is_empty(), "{text}");
    text
}

/// The value of a series, spelled as it stands there.
pub fn value(metrics: &str, series: &str) -> Option<f64> {
    let mut lines = metrics.lines();
    let line = lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
    line.parse().ok()
}

/// S-23.47
#[test]
fn figures_are_what_prometheus_takes_and_what_happened() {
    for board in [filled(), board(), Board::new(Arc::new(noon))] {
        let served = Served::new(&board);
        let answer = served.get("/metrics");
        assert!(
            answer
                .head
                .contains("content-type: text/plain; version=0.0.4")
        );
        assert_eq!(judged(&answer.body), "");
    }
    let served = Served::new(&filled());
    let metrics = served.get("/metrics").body;
    for (series, expected) in [
        ("cycles_total{result=\"success\"}", Some(1.0)),
        ("cycle_last_duration_seconds", Some(75.0)),
        (
            "cycle_last_success_timestamp_seconds",
            Some(1_748_780_100.0),
        ),
        ("config_last_reload_successful", Some(1.0)),
        ("ready", Some(1.0)),
        (
            "blocks_total{ending=\"migrated\",operation=\"migrate\",rule=\"old\"}",
            Some(1.0),
        ),
        (
            "blocks_total{ending=\"failed\",operation=\"migrate\",rule=\"old\"}",
            Some(2.0),
        ),
        (
            "blocks_total{ending=\"conflict\",operation=\"migrate\",rule=\"old\"}",
            Some(0.0),
        ),
        (
            "copied_bytes_total{operation=\"migrate\",rule=\"old\"}",
            Some(3000.0),
        ),
        (
            "deletion_marks_total{operation=\"migrate\",rule=\"old\"}",
            Some(1.0),
        ),
        ("last_run_exit_code{rule=\"old\"}", Some(3.0)),
        ("pending_blocks{rule=\"old\"}", Some(2.0)),
        (
            "oldest_pending_timestamp_seconds{rule=\"old\"}",
            Some(1_748_780_100.0),
        ),
        (
            "needs_attention{concern=\"failed\",rule=\"old\"}",
            Some(2.0),
        ),
        (
            "needs_attention{concern=\"conflict\",rule=\"old\"}",
            Some(0.0),
        ),
        ("hot_bytes{rule=\"old\"}", Some(549_755_813_888.0)),
        ("hot_limit_bytes{rule=\"old\"}", Some(1_099_511_627_776.0)),
        (
            "run_in_progress{operation=\"migrate\",rule=\"old\"}",
            Some(1.0),
        ),
        (
            "run_planned_bytes{operation=\"migrate\",rule=\"old\"}",
            Some(4000.0),
        ),
        (
            "run_planned_bytes{operation=\"restore\",rule=\"old\"}",
            None,
        ),
    ] {
        let series = format!("thanos_bucket_{series}");
        let found = metrics.lines().find_map(|line| {
            // Labels may come in any order.
            let (name, value) = line.rsplit_once(' ')?;
            (sorted(name) == series).then(|| value.parse::<f64>().unwrap())
        });
        assert_eq!(found, expected, "{series}\n{metrics}");
    }
}

/// A series with its labels by name.
fn sorted(series: &str) -> String {
    let Some((name, labels)) = series.split_once('{') else {
        return series.to_owned();
    };
    let labels = labels.trim_end_matches('}');
    let mut labels: Vec<&str> = labels.split(',').collect();
    labels.sort_unstable();
    format!("{name}{{{}}}", labels.join(","))
}

/// S-23.47
#[test]
fn no_label_grows_without_bound() {
    let board = filled();
    let series = |board: &Board| {
        let served = Served::new(board);
        let metrics = served.get("/metrics").body;
        let lines = metrics.lines().filter(|line| !line.starts_with('#'));
        let names = lines.map(|line| line.rsplit_once(' ').unwrap().0.to_owned());
        names.collect::<BTreeSet<_>>()
    };
    let before = series(&board);
    let labels = Regex::new(r#"(\w+)=""#).unwrap();
    let names: BTreeSet<_> = before
        .iter()
        .flat_map(|name| labels.captures_iter(name).map(|found| found[1].to_owned()))
        .collect();
    let known = [
        "concern",
        "ending",
        "exit_code",
        "operation",
        "result",
        "revision",
        "rule",
        "version",
    ];
    assert_eq!(
        names.iter().collect::<Vec<_>>(),
        known.iter().collect::<Vec<_>>()
    );
    for number in 10..60 {
        let tell = begin(&board, Deed::Migrate, None);
        let failed = outcome(BlockEnding::Failed, MarkState::Absent);
        tell("run", noon(), &Event::Moved(id(number), &failed));
        board.run_ends(figures());
    }
    let _ = begin(&board, Deed::Migrate, None);
    assert_eq!(series(&board), before);
    // A rule that is gone is gone from the figures, too.
    board.run_ends(figures());
    board.policy_taken(vec![outline("new", None)]);
    let after = series(&board);
    assert!(
        !after.iter().any(|name| name.contains("rule=\"old\"")),
        "{after:?}"
    );
}

/// S-23.41
#[test]
fn ready_is_who_has_a_policy_and_has_looked_at_a_bucket() {
    let board = Board::new(Arc::new(noon));
    let served = Served::new(&board);
    let ready = || {
        let answer = served.get("/readyz");
        assert_eq!(served.get("/healthz").status, 200);
        (answer.status, answer.body.trim_end().to_owned())
    };
    let not = |why: &str| (503, why.to_owned());
    assert_eq!(ready(), not("no policy is in force yet"));
    board.policy_refused("policy.yaml:3: rules: expected a list".to_owned());
    assert_eq!(
        ready(),
        not("no policy is in force: policy.yaml:3: rules: expected a list")
    );
    board.policy_taken(vec![outline("old", None), outline("other", None)]);
    assert_eq!(ready(), not("no rule's buckets were looked at yet"));
    board.cycle_begins();
    let _ = begin(&board, Deed::Migrate, None);
    board.run_ends(Figures {
        exit: Exit::Aborted,
        stopped_by: Some("list s3://hot: refused".to_owned()),
        seen: None,
    });
    board.cycle_ends(Duration::from_secs(1));
    assert_eq!(
        ready(),
        not("no rule's buckets could be looked at yet: list s3://hot: refused")
    );
    board.cycle_begins();
    let tell = begin(&board, Deed::Migrate, None);
    let planned = Event::Planned {
        blocks: 0,
        size_bytes: 0,
        bytes_to_put: 0,
        excluded: [].into(),
    };
    tell("run", noon(), &planned);
    assert_eq!(ready(), (200, "ok".to_owned()));
    // A policy that is not taken leaves the one that is.
    board.policy_refused("policy.yaml:3: rules: expected a list".to_owned());
    assert_eq!(ready().0, 200);
    let metrics = served.get("/metrics").body;
    let reload = "thanos_bucket_config_last_reload_successful";
    assert_eq!(value(&metrics, reload), Some(0.0));
    board.policy_unchanged();
    assert_eq!(value(&served.get("/metrics").body, reload), Some(1.0));
    board.ends();
    assert_eq!(ready(), not("the process is about to end"));
}

/// S-23.48
#[test]
fn a_cycle_has_failed_where_a_rule_could_not_be_followed() {
    for (exit, expected) in [
        (Exit::Done, (1, 0)),
        (Exit::Attention, (1, 0)),
        (Exit::Stopped(Signal::Terminate), (1, 0)),
        (Exit::Aborted, (0, 1)),
        (Exit::Misused, (0, 1)),
    ] {
        let board = board();
        board.cycle_begins();
        let _ = begin(&board, Deed::Migrate, None);
        let mut first = figures();
        first.exit = exit;
        board.run_ends(first);
        let _ = begin(&board, Deed::Migrate, None);
        board.run_ends(figures());
        board.cycle_ends(Duration::from_secs(1));
        let cycles = board.known().cycles;
        assert_eq!((cycles.succeeded, cycles.failed), expected, "{exit:?}");
    }
}

/// S-23.45
#[test]
fn what_is_known_of_a_block_is_where_it_is_and_what_happened_last() {
    let board = board();
    let served = Served::new(&board);
    let block = || {
        let path = format!("/api/v1/blocks/{}", id(1));
        let answer = served.api("GET", &path, "");
        (answer.status, answer.json())
    };
    assert_eq!(block().0, 404);
    let moved = outcome(BlockEnding::Migrated, MarkState::Written);
    let replicated = outcome(BlockEnding::Replicated, MarkState::Absent);
    let tell = begin(&board, Deed::Migrate, None);
    for (event, expected) in [
        (
            Event::Started(Subject::Block(id(1))),
            ("started", "unknown", "unknown"),
        ),
        (
            Event::Selected {
                of: Subject::Block(id(1)),
                action: "copy",
                detail: None,
                to_put: None,
            },
            ("selected", "live", "unknown"),
        ),
        (Event::Published(id(1)), ("published", "live", "held")),
        (
            Event::Marked(id(1)),
            ("marked", "marked-for-deletion", "held"),
        ),
        (
            Event::Moved(id(1), &moved),
            ("done", "marked-for-deletion", "held"),
        ),
    ] {
        tell("01J9ZK3M7Q8T5V6W7X8Y9Z0A1B", noon(), &event);
        let (status, known) = block();
        let (happened, source, target) = expected;
        assert_eq!(status, 200);
        assert_eq!(known["event"], happened);
        assert_eq!(
            (&known["source"], &known["target"]),
            (&json!(source), &json!(target))
        );
    }
    assert_eq!(block().1["ending"], "migrated");
    assert_eq!(block().1["rule"], "old");
    board.run_ends(figures());
    // What is brought back is read from the rule's target.
    let tell = begin(&board, Deed::Restore, None);
    tell(
        "01J9ZK3M7Q8T5V6W7X8Y9Z0A1C",
        noon(),
        &Event::Moved(id(1), &replicated),
    );
    let known = block().1;
    assert_eq!(
        (&known["operation"], &known["source"]),
        (&json!("restore"), &json!("held"))
    );
}

/// S-23.45
#[test]
fn of_a_block_to_which_nothing_happened_is_known_how_it_stood() {
    let board = filled();
    let served = Served::new(&board);
    let block = |number| {
        let path = format!("/api/v1/blocks/{}", id(number));
        let known = served.api("GET", &path, "").json();
        ["event", "ending", "source", "target"].map(|member| known[member].clone())
    };
    assert_eq!(
        block(5),
        ["excluded", "time-excluded", "live", "unknown"].map(|word| json!(word))
    );
    let marked = [
        "excluded",
        "marked-for-deletion",
        "marked-for-deletion",
        "unknown",
    ];
    assert_eq!(block(6), marked.map(|word| json!(word)));
    // What happened to a block tells more.
    assert_eq!(block(3)[0], "failed");
    assert_eq!(block(99), [(); 4].map(|()| json!(null)));
}

/// S-23.45
#[test]
fn what_is_forgotten_first_is_what_nothing_happened_to_for_longest() {
    let board = board();
    let tell = begin(&board, Deed::Migrate, None);
    let number = |number: u32| -> thanos_bucket::block::BlockId {
        format!("01J9ZK3M7Q8T5V6W7X{number:08}").parse().unwrap()
    };
    let started = |one: u32| {
        tell("run", noon(), &Event::Started(Subject::Block(number(one))));
    };
    for one in 0..10_000 {
        started(one);
    }
    started(0);
    started(10_000);
    assert!(board.block(number(0)).is_some());
    assert!(board.block(number(1)).is_none());
    assert!(board.block(number(10_000)).is_some());
}

/// S-23.49
#[test]
fn the_page_is_what_the_rules_of_html_and_of_accessibility_want() {
    let folder = tempfile::tempdir().unwrap();
    let full = filled();
    full.policy_refused("policy.yaml:3: rules: expected <a> list".to_owned());
    full.place(Deed::Restore, Some("old"), [id(7)].into())
        .unwrap();
    let stopped = board();
    let _ = begin(&stopped, Deed::Migrate, None);
    stopped.run_ends(Figures {
        exit: Exit::Aborted,
        stopped_by: Some("list <i>s3://hot</i>: refused".to_owned()),
        seen: None,
    });
    stopped.rests("old", "outside its hours".to_owned());
    for (name, board) in [
        ("full", full),
        ("stopped", stopped),
        ("empty", Board::new(Arc::new(noon))),
    ] {
        let answer = Served::new(&board).get("/");
        assert!(
            answer
                .head
                .contains("content-type: text/html; charset=utf-8")
        );
        for foreign in [
            "<script", "<i>", "<a>", "<b>", "http:", "https:", "\u{202e}",
        ] {
            assert!(!answer.body.contains(foreign), "{name}: {foreign}");
        }
        let path = folder.path().join(format!("{name}.html"));
        std::fs::write(&path, &answer.body).unwrap();
        let mut command = Command::new(program("html-validate"));
        command
            .arg("--config")
            .arg(repository("tests/pages/html-validate.json"));
        let said = command.arg(&path).output().unwrap();
        let text = String::from_utf8_lossy(&said.stdout);
        assert!(said.status.success(), "{text}");
    }
}

/// S-23.49
#[test]
fn the_page_says_what_needs_a_person_and_what_to_do() {
    let page = Served::new(&filled()).get("/").body;
    for expected in [
        "failed (2): mend the cause, and run it again",
        "read &lt;script&gt;index&lt;/script&gt;",
        "The next cycle begins at 2025-06-01 12:15:00.",
        "<progress aria-label=\"bytes moved\" max=\"4000\" value=\"0\">",
        &id(4).to_string(),
        "something needs a person (3)",
        "2 (2.0 KiB)",
        "512 GiB of 1.0 TiB",
    ] {
        assert!(page.contains(expected), "{expected}\n{page}");
    }
    let page = Served::new(&board()).get("/").body;
    assert!(page.contains("Nothing needs a person."), "{page}");
}
