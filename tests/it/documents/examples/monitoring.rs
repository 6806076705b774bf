//! Alert rules and the dashboard in `examples/monitoring`: they are what Prometheus and Grafana take, and ask for figures that there are.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use regex::Regex;

use super::example;
use crate::served::client::{Served, filled};
use crate::support::run::{Ran, repository};
use crate::support::servers::program;

const ALERTS: &str = "monitoring/alerts.yaml";
const DASHBOARD: &str = "monitoring/dashboard.json";

fn promtool(arguments: &[&str]) -> Ran {
    let mut command = Command::new(program("promtool"));
    command
        .args(arguments)
        .current_dir(repository("examples/monitoring"));
    Ran::of(command)
}

/// What Grafana would ask Prometheus for.
fn queries(dashboard: &str) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dashboard.json");
    fs::write(&path, dashboard).unwrap();
    let mut command = Command::new(program("grafana-dashboards"));
    command.arg(path);
    Ran::of(command)
}

/// S-23.51
#[test]
fn each_alert_fires_and_resolves() {
    promtool(&[
        "check",
        "rules",
        "--lint=all",
        "--lint-fatal",
        "alerts.yaml",
    ])
    .expect(0);
    promtool(&["test", "rules", "alerts-test.yaml"]).expect(0);
    let tests = example("monitoring/alerts-test.yaml");
    let alert = Regex::new(r"- alert: (\w+)").unwrap();
    for alert in alert.captures_iter(&example(ALERTS)) {
        let name = format!("alertname: {}\n", &alert[1]);
        let (_, behind) = tests.split_once(&name).unwrap();
        let fires = format!("{name}        exp_alerts:");
        assert!(tests.contains(&fires), "{name} never fires");
        // It is looked at once more after it fired.
        let (_, after) = tests.split_once(&fires).unwrap();
        assert!(
            after.contains(&name) && behind.contains(&name),
            "{name} never resolves"
        );
    }
}

/// S-23.51
#[test]
fn the_dashboard_is_what_grafana_takes_and_asks_what_prometheus_answers() {
    let queries = queries(&example(DASHBOARD)).expect(0).stdout;
    let rules: Vec<String> = queries
        .lines()
        .enumerate()
        .map(|(number, query)| {
            let query = query.replace("$__rate_interval", "5m");
            let query = Regex::new(r"\$\w+").unwrap().replace_all(&query, ".+");
            format!("      - record: query:{number}\n        expr: '{query}'\n")
        })
        .collect();
    let rules = rules.concat();
    assert!(queries.lines().count() > 10);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queries.yaml");
    fs::write(
        &path,
        format!("groups:\n  - name: queries\n    rules:\n{rules}"),
    )
    .unwrap();
    promtool(&["check", "rules", path.to_str().unwrap()]).expect(0);
}

/// What the test above says is worth something.
#[test]
fn a_dashboard_with_a_slip_is_not_taken() {
    let text = example(DASHBOARD);
    for (right, wrong, why) in [
        ("\"gridPos\"", "\"gridpos\"", "unexpected field"),
        ("\"legendFormat\"", "\"legend\"", "unexpected field"),
        ("\"refresh\": \"1m\"", "\"refresh\": 1", "refresh"),
        ("\"expr\": \"sum", "\"exp\": \"sum", "exp"),
    ] {
        assert!(text.contains(right), "{right}");
        let ran = queries(&text.replace(right, wrong)).expect(1);
        assert!(ran.stderr.contains(why), "{right}: {}", ran.stderr);
    }
}

/// S-23.51
#[test]
fn alerts_and_dashboard_ask_for_figures_that_there_are() {
    let metrics = Served::new(&filled()).get("/metrics").body;
    let there: BTreeSet<&str> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    let named = Regex::new(r"thanos_bucket_[a-z_]+").unwrap();
    for name in [ALERTS, DASHBOARD, "monitoring/alerts-test.yaml"] {
        let text = example(name);
        let asked: BTreeSet<&str> = named.find_iter(&text).map(|found| found.as_str()).collect();
        let unknown: Vec<_> = asked.difference(&there).collect();
        assert!(unknown.is_empty(), "{name}: {unknown:?}");
        assert!(asked.len() > 8, "{name}: {asked:?}");
    }
}
