//! What servers answer beside samples: queries, metadata, exemplars, and what the target says of itself.

use serde_json::{Value, json};

use super::{World, found, histograms, minutes, notes, ones};
use crate::support::prometheus::Prometheus;
use crate::support::thanos::Querier;
use crate::support::told::{Sample, Series};

fn rising(day: i64) -> Series {
    let series = Series::new("subject", &[("zone", "r")]);
    series.with(minutes(day), |index| {
        let value = index * index;
        Sample::Number(Box::leak(format!("{value}.1").into_boxed_str()))
    })
}

/// S-24.65 with the real thing
#[test]
fn a_querier_of_the_bucket_answers_as_the_source_does() {
    let world = World::of(
        vec![vec![rising(0), histograms(0, 0), ones("steady", &[], 0)]],
        vec![vec![rising(0), histograms(0, 0), ones("steady", &[], 0)]],
    );
    let querier = Querier::start(&[&world.path("cold.yaml")]);
    let expressions = [
        "subject{zone=\"r\"}",
        "sum by (zone) (rate(subject{zone=\"r\"}[10m]))",
        "histogram_quantile(0.9, subject{zone=\"h\"})",
    ];
    let checks: Vec<Value> = expressions
        .iter()
        .map(|query| json!({"query": query, "step": "30s"}))
        .collect();
    let of_querier = json!({
        "target": {
            "query_range_url": format!("{}/api/v1/query_range", querier.url()),
            "status_url": format!("{}/api/v1/status/buildinfo", querier.url()),
        },
        "promql_checks": checks,
    });
    let plan = world.plan(&of_querier);
    let document = world.ran("cutover-check", 0..1, &plan).expect(0).json();
    assert_eq!(found(&document).0, [""; 0], "{document}");
    assert_eq!(document["verdict"], "yes");
    assert_eq!(document["capabilities"]["product"], "Thanos");
    let asked = document["queries"].as_array().unwrap();
    assert_eq!(asked.len(), expressions.len());
    for query in asked {
        assert!(query["samples"].as_u64().unwrap() > 100, "{query}");
    }

    // What it has not got, and what it cannot be asked.
    let mut other = of_querier.clone();
    other["promql_checks"] = json!([
        {"query": "up", "step": "30s"},
        {"query": "nonsense(", "step": "30s"},
    ]);
    let plan = world.plan(&other);
    let document = world.ran("cutover-check", 0..1, &plan).expect(3).json();
    let (kinds, shown) = found(&document);
    assert_eq!(
        kinds,
        [
            "nonsense( query-failed 1",
            "nonsense( query-failed 1",
            "up empty-query 1"
        ],
        "{shown}"
    );
    // Nobody answers there.
    let changes = json!({
        "target": {
            "query_range_url": "http://127.0.0.1:1/api/v1/query_range",
            "status_url": "http://127.0.0.1:1/api/v1/status/buildinfo",
        },
        "promql_checks": checks,
    });
    let plan = world.plan(&changes);
    let document = world.ran("cutover-check", 0..1, &plan).expect(3).json();
    let (kinds, shown) = found(&document);
    assert_eq!(
        kinds,
        ["capabilities-not-seen 1", "query-failed 1"],
        "{shown}"
    );
    assert!(shown.contains("127.0.0.1:1"), "{shown}");
}

/// S-24.65 with the real thing
#[test]
fn an_answer_of_the_target_that_is_another_is_found() {
    let changed = rising(0).changed(60, Sample::Number("3600.9"));
    let world = World::of(
        vec![vec![rising(0), ones("steady", &[], 0)]],
        vec![vec![changed, ones("steady", &[], 0)]],
    );
    let querier = Querier::start(&[&world.path("cold.yaml")]);
    let plan = world.plan(&json!({
        "target": {"query_range_url": format!("{}/api/v1/query_range", querier.url())},
        "promql_checks": [{"query": "subject", "step": "1m"}, {"query": "steady"}],
    }));
    let document = world.ran("cutover-check", 0..1, &plan).expect(3).json();
    let (kinds, shown) = found(&document);
    assert_eq!(
        kinds,
        ["subject different-values 1", "subject different-values 1"],
        "{shown}"
    );
    assert!(shown.contains("3600.9"), "{shown}");
}

/// S-24.62, S-24.64, S-24.82 with the real thing
#[test]
fn a_target_that_is_a_server_is_read_by_remote_read_and_lacks_what_it_lacks() {
    let labelled = |day| {
        let labels = [("zone", "a"), ("cluster", "eu-1")];
        vec![
            ones("subject", &labels, day),
            ones("steady", &[("cluster", "eu-1")], day),
        ]
    };
    let plain = |day| {
        vec![
            ones("subject", &[("zone", "a")], day),
            ones("steady", &[], day),
        ]
    };
    let mut cold = labelled(0);
    cold.push(ones("subject", &[("zone", "a"), ("cluster", "eu-2")], 0));
    let world = World::of(vec![plain(0), plain(1)], vec![cold, plain(1)]);
    let target = Prometheus::start(&world.path("cold"));
    let url = |path: &str| format!("{}/api/v1/{path}", target.url());
    let with_checks = world.plan(&json!({"target": {
        "objstore_config_path": null,
        "write_url": url("write"),
        "read_url": url("read"),
        "query_range_url": url("query_range"),
        "status_url": url("status/tsdb"),
        "metadata_url": url("metadata"),
        "exemplar_url": url("query_exemplars"),
    }, "source": {
        "metadata_url": url("metadata"),
        "exemplar_url": url("query_exemplars"),
    }, "exemplar_checks": [{"query": "subject", "limit": 10}],
    "promql_checks": [{"query": "subject", "step": "5m"}]}));
    let document = world
        .ran("cutover-check", 0..1, &with_checks)
        .expect(3)
        .json();
    let (kinds, shown) = found(&document);
    assert_eq!(kinds, ["capability-lacking 1"], "{shown}");
    assert!(shown.contains("exemplar-storage is not set"), "{shown}");
    assert_eq!(document["target_read"], "remote-read");
    let capabilities = &document["capabilities"];
    assert_eq!(capabilities["product"], "Prometheus");
    assert_eq!(capabilities["retention"], "100y");
    let told = capabilities["abilities"].as_array().unwrap().iter();
    let told: Vec<&str> = told.map(|one| one["told"].as_str().unwrap()).collect();
    assert_eq!(told, ["yes", "no", "no", "no"]);
    for note in ["metadata-not-had", "exemplars-not-had"] {
        assert!(notes(&document).contains(&note), "{note}: {document}");
    }
    let of_others = notes(&document).into_iter();
    let of_others = of_others.filter(|note| *note == "series-of-others");
    assert_eq!(
        of_others.count(),
        2,
        "of samples and of a query: {document}"
    );
    assert!(document["queries"][0]["samples"].as_u64() > Some(20));

    // The external labels are not there.
    let mut bare = with_checks.clone();
    bare["exemplar_checks"] = json!([]);
    let document = world.ran("verify", 1..2, &bare).expect(3).json();
    let (kinds, shown) = found(&document);
    assert_eq!(kinds.len(), 1, "{shown}");
    assert!(kinds[0].starts_with("external-labels"), "{kinds:?}");
}
