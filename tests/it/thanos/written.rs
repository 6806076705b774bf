//! `backfill` to a server that takes remote write, with real servers on both sides.

use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::backfill::{QUERIES, answers, endings, prometheus};
use crate::support::http;
use crate::support::prometheus::Prometheus;
use crate::support::run::{Ran, binary};
use crate::support::thanos::Querier;
use crate::support::told::{self, Sample, Series};
use crate::support::victoria::Victoria;

/// What `backfill` says, with its staging folder there.
fn backfill(folder: &std::path::Path, staging: &str) -> Ran {
    let mut command = binary();
    command
        .args(["backfill", "--output=json", "--retry.initial-backoff=10ms"])
        .arg(format!("--config={}", folder.join("plan.json").display()))
        .arg(format!("--staging-dir={}", folder.join(staging).display()))
        .args(["--start=2025-01-06", "--end=2025-01-06T12:00:00Z"]);
    Ran::of(command)
}

/// S-24.8
#[test]
fn what_is_written_to_a_server_has_the_same_answers_and_what_it_refuses_is_told() {
    let (source, target) = (prometheus(), Prometheus::receiver());
    let folder = tempfile::tempdir().unwrap();
    let plan = json!({
        "source": {
            "kind": "prometheus",
            "remote_read_url": format!("{}/api/v1/read", source.url()),
        },
        "target": {
            "write_url": format!("{}/api/v1/write", target.url()),
            "external_labels": {"cluster": "eu-1"},
        },
    });
    std::fs::write(folder.path().join("plan.json"), plan.to_string()).unwrap();
    let document = backfill(folder.path(), "staging").expect(0).json();
    assert_eq!(endings(&document)[..5], ["written"; 5], "{document}");
    assert_eq!(document["written_to_server"]["refused"], json!([]));
    for query in QUERIES {
        let expected = answers(&source.url(), query);
        assert_eq!(answers(&target.url(), query), expected, "{query}");
    }

    let again = backfill(folder.path(), "staging").expect(0).json();
    assert_eq!(endings(&again), ["already-there"; 6], "{again}");

    // Who does not know what was sent sends it again, and is told.
    let refused = backfill(folder.path(), "elsewhere").expect(3).json();
    let kinds = refused["written_to_server"]["refused"].as_array().unwrap();
    let kinds: Vec<&Value> = kinds.iter().map(|one| &one["kind"]).collect();
    assert!(!kinds.is_empty(), "{refused}");
    assert!(endings(&refused).contains(&"refused"), "{refused}");
}

/// S-24.3, S-24.8 with the real thing
#[test]
fn what_victoria_metrics_was_written_becomes_blocks() {
    let (source, victoria) = (prometheus(), Victoria::start());
    let folder = tempfile::tempdir().unwrap();
    let plan = |source: Value, target: Value| {
        let plan = json!({"source": source, "target": target, "selectors": ["goes"]});
        std::fs::write(folder.path().join("plan.json"), plan.to_string()).unwrap();
    };
    plan(
        json!({"kind": "prometheus", "remote_read_url": format!("{}/api/v1/read", source.url())}),
        json!({"write_url": format!("{}/api/v1/write", victoria.url())}),
    );
    let sent = backfill(folder.path(), "staging").expect(0).json();
    assert_eq!(sent["totals"]["samples"], 400, "{sent}");
    victoria.flush();

    let bucket = folder.path().join("bucket.yaml");
    let config = format!(
        "type: FILESYSTEM\nconfig: {{directory: '{}'}}",
        folder.path().join("bucket").display()
    );
    std::fs::write(&bucket, config).unwrap();
    plan(
        json!({"kind": "victoriametrics", "export_url": format!("{}/api/v1/export", victoria.url())}),
        json!({"external_labels": {"cluster": "eu-1"}, "objstore_config_path": "bucket.yaml"}),
    );
    let brought = backfill(folder.path(), "staging").expect(0).json();
    assert_eq!(endings(&brought)[..5], ["written"; 5], "{brought}");
    let querier = Querier::start(&[&bucket]);
    let query = "count_over_time(goes[10m])";
    assert_eq!(
        answers(&querier.url(), query),
        answers(&source.url(), query)
    );
}

/// S-24.104 with the real thing
#[test]
fn exemplars_reach_their_series_also_of_a_prometheus_with_external_labels() {
    let arguments = [
        "--web.enable-remote-write-receiver",
        "--enable-feature=exemplar-storage",
    ];
    let external = "global: {external_labels: {replica: a}}";
    let source = Prometheus::start_with(None, external, &arguments);
    let target = Prometheus::receiver();
    let folder = tempfile::tempdir().unwrap();
    let plan = |source: Value, target: &Prometheus| {
        let target = json!({"write_url": format!("{}/api/v1/write", target.url())});
        let plan = json!({"source": source, "target": target});
        std::fs::write(folder.path().join("plan.json"), plan.to_string()).unwrap();
    };
    let mut text = "# TYPE requests counter\n".to_owned();
    for (job, minute) in [("a", 1), ("a", 40), ("b", 3), ("b", 300)] {
        let time = 1_736_121_600 + minute * 60;
        writeln!(
            text,
            "requests_total{{job=\"{job}\"}} {minute} {time} # {{trace_id=\"{job}{minute}\"}} 1 {time}"
        )
        .unwrap();
    }
    std::fs::write(folder.path().join("metrics.om"), text + "# EOF\n").unwrap();
    plan(
        json!({"kind": "openmetrics", "paths": ["metrics.om"]}),
        &source,
    );
    let sent = backfill(folder.path(), "staging").expect(0).json();
    assert_eq!(sent["written_to_server"]["exemplars"], 4, "{sent}");
    plan(
        json!({
            "kind": "prometheus",
            "remote_read_url": format!("{}/api/v1/read", source.url()),
            "exemplar_url": format!("{}/api/v1/query_exemplars", source.url()),
        }),
        &target,
    );
    let sent = backfill(folder.path(), "staging").expect(0).json();
    assert_eq!(sent["written_to_server"]["exemplars"], 4, "{sent}");
    let query = "query=requests_total&start=1736121600&end=1736164800";
    let port = target.url().rsplit(':').next().unwrap().parse().unwrap();
    let asked = http::get(port, &format!("/api/v1/query_exemplars?{query}"));
    let answer: Value = serde_json::from_str(&asked.unwrap().1).unwrap();
    let mut told: Vec<String> = Vec::new();
    for series in answer["data"].as_array().unwrap() {
        assert_eq!(series["seriesLabels"]["replica"], "a", "{answer}");
        for exemplar in series["exemplars"].as_array().unwrap() {
            told.push(exemplar["labels"]["trace_id"].as_str().unwrap().to_owned());
        }
    }
    told.sort();
    assert_eq!(told, ["a1", "a40", "b3", "b300"]);
}

/// S-24.8, S-24.105, S-24.106 with the real things
#[test]
fn samples_of_both_kinds_reach_prometheus_and_thanos_receive_alike() {
    let folder = tempfile::tempdir().unwrap();
    let minutes = (0..600).map(|minute| 1_736_121_600_000 + minute * 60_000);
    let mixed = Series::new("mixed", &[]).with(minutes, |index| match index / 7 % 2 {
        0 => Sample::Number("1"),
        _ => Sample::Histogram(i64::try_from(index).unwrap(), 0),
    });
    told::make(folder.path(), &[("all", vec![mixed])]);
    let source = Prometheus::start(&folder.path().join("all"));
    let target = Prometheus::receiver();
    let (querier, receive) = Querier::of_receive();
    let write = format!("{}/api/v1/write", target.url());
    for (name, write_url, url) in [
        ("prometheus", &write, target.url()),
        ("thanos", &receive, querier.url()),
    ] {
        let read = format!("{}/api/v1/read", source.url());
        let plan = json!({
            "source": {"kind": "prometheus", "remote_read_url": read},
            "target": {"write_url": write_url},
        });
        std::fs::write(folder.path().join("plan.json"), plan.to_string()).unwrap();
        let sent = backfill(folder.path(), name).expect(0).json();
        assert_eq!(sent["totals"]["samples"], 600, "{name}: {sent}");
        let query = "count_over_time(mixed[30m])";
        let values = |url: &str| {
            let series = answers(url, query);
            let values = series.iter().map(|one| one["values"].clone());
            values.collect::<Vec<Value>>()
        };
        // A querier may learn of what its store holds a little later.
        let began = Instant::now();
        while values(&url).is_empty() && began.elapsed() < Duration::from_mins(1) {
            thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(values(&url), values(&source.url()), "{name}");
    }
}
