//! A target that takes remote write and tells what it holds by its export: a real `VictoriaMetrics`.

use std::fs;

use serde_json::{Value, json};

use super::{START_MS, World, found, histograms, minutes, notes, ones};
use crate::support::told::{Sample, Series};
use crate::support::victoria::Victoria;

fn numbers(zone: &'static str, values: &'static [&'static str]) -> Series {
    let series = Series::new("subject", &[("zone", zone)]);
    series.with(minutes(0), |index| {
        Sample::Number(values[index % values.len()])
    })
}

/// A plan from the world's Prometheus to that `VictoriaMetrics`.
fn plan(world: &World, victoria: &Victoria) -> Value {
    let url = |path: &str| format!("{}/api/v1/{path}", victoria.url());
    world.plan(&json!({
        "target": {
            "objstore_config_path": null,
            "write_url": url("write"),
            "export_url": url("export"),
            "query_range_url": url("query_range"),
            "status_url": url("status/buildinfo"),
        },
        "promql_checks": [{"query": "count_over_time(subject{zone=\"a\"}[10m])", "step": "1m"}],
    }))
}

/// S-24.80, S-24.81 with the real thing
#[test]
fn what_was_written_to_victoria_metrics_is_compared_sample_by_sample() {
    let values = ["0.1", "0", "stale", "+Inf", "1e-9", "1234.5678901"];
    let series = || {
        let own = numbers("a", Box::leak(Box::new(values)));
        vec![own, ones("steady", &[], 0)]
    };
    let world = World::of(vec![series()], Vec::new());
    let victoria = Victoria::start();
    let plan = plan(&world, &victoria);
    world.ran("backfill", 0..1, &plan).expect(0);
    victoria.flush();
    let document = world.ran("cutover-check", 0..1, &plan).expect(0).json();
    assert_eq!(found(&document).0, [""; 0], "{document}");
    assert_eq!(document["target_read"], "export");
    assert_eq!(document["capabilities"]["product"], "VictoriaMetrics");
    assert_eq!(document["selectors"][0]["compared_samples"], 120);

    // What others write there is no part of it; what comes to the same series is.
    let at = START_MS / 1000 + 1;
    let text = format!("# TYPE steady gauge\nsteady 2 {at}\n# EOF\n");
    fs::write(world.path("more.om"), text).unwrap();
    for (cluster, code, expected) in [("eu-2", 0, ""), ("eu-1", 3, "steady extra-samples 1")] {
        let mut more = plan.clone();
        more["source"] = json!({"kind": "openmetrics", "paths": ["more.om"]});
        more["target"]["external_labels"] = json!({"cluster": cluster});
        world.ran("backfill", 0..1, &more).expect(0);
        victoria.flush();
        let document = world.ran("verify", 0..1, &plan).expect(code).json();
        let (kinds, shown) = found(&document);
        assert_eq!(kinds.join(", "), expected, "{shown}");
        assert!(notes(&document).contains(&"series-of-others"), "{document}");
    }
    let known = ["--waive=extra-samples"];
    let document = world.ran_with("verify", 0..1, &plan, &known).expect(0);
    let document = document.json();
    assert_eq!(document["verdict"], "yes", "{document}");
    assert_eq!(document["waived"], json!(["extra-samples"]));
    let findings = document["findings"].as_array().unwrap();
    let waived: Vec<&Value> = findings
        .iter()
        .filter(|one| one["waived"] == true)
        .collect();
    assert_eq!(waived.len(), 1, "{document}");
    assert_eq!(waived[0]["kind"], "extra-samples");
}

/// S-24.80 with the real thing
#[test]
fn what_victoria_metrics_changes_is_told_as_it_is() {
    let precise = numbers("a", &["17.000000000000004", "NaN", "-0"]);
    let series = vec![precise, histograms(0, 0), ones("steady", &[], 0)];
    let world = World::of(vec![series], Vec::new());
    let victoria = Victoria::start();
    let plan = plan(&world, &victoria);
    world.ran("backfill", 0..1, &plan).expect(0);
    victoria.flush();
    let document = world.ran("verify", 0..1, &plan).expect(3).json();
    let (kinds, shown) = found(&document);
    let lacking = &document["capabilities"]["abilities"][0];
    assert_eq!(lacking["told"], "no", "{lacking}");
    assert_eq!(
        kinds,
        [
            "capability-lacking 1",
            "subject different-values 80",
            "subject missing-samples 160",
            "subject missing-series 1",
        ],
        "{shown}"
    );

    // Where nothing tells what it holds, it is known all the same that it keeps no native histograms.
    let mut blind = plan.clone();
    blind["target"]
        .as_object_mut()
        .unwrap()
        .remove("export_url");
    let document = world.ran("verify", 0..1, &blind).expect(3).json();
    let (kinds, shown) = found(&document);
    assert_eq!(
        kinds,
        [
            "capability-lacking 1",
            "nothing-compared 1",
            "target-not-read 1"
        ],
        "{shown}"
    );
    let subject = &document["selectors"][0];
    assert_eq!(subject["histograms"], json!({"source": 120, "target": 0}));
}
