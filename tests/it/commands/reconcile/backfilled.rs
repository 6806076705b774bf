//! What `backfill` has brought is the same as what the source tells, to the last bit.

use serde_json::json;

use super::{World, found, histograms, minutes, ones};
use crate::support::thanos::Querier;
use crate::support::told::{Sample, Series};

/// S-24.60, S-24.65 with the real thing
#[test]
fn a_bucket_that_was_backfilled_holds_what_the_source_tells() {
    let odd = |day| {
        let values = ["0.1", "-0", "NaN", "stale", "+Inf", "1e-300"];
        let series = Series::new("subject", &[("zone", "a"), ("cluster", "eu-1")]);
        series.with(minutes(day), move |index| {
            Sample::Number(values[index % values.len()])
        })
    };
    let hot = (0..3).map(|day| vec![odd(day), histograms(day, 3), ones("steady", &[], day)]);
    let world = World::of(hot.collect(), Vec::new());
    let plan = world.plan(&json!({}));
    world.ran("backfill", 0..3, &plan).expect(0);
    let document = world.ran("verify", 0..3, &plan).expect(0).json();
    assert_eq!(found(&document).0, [""; 0], "{document}");
    let subject = &document["selectors"][0];
    assert_eq!(subject["compared_samples"], 720, "{subject}");
    assert_eq!(subject["histograms"], json!({"source": 360, "target": 360}));

    let querier = Querier::start(&[&world.path("cold.yaml")]);
    let plan = world.plan(&json!({
        "target": {"query_range_url": format!("{}/api/v1/query_range", querier.url())},
        "promql_checks": [
            {"query": "steady", "step": "15s"},
            {"query": "histogram_quantile(0.9, sum(rate(subject{zone=\"h\"}[10m])))"},
        ],
    }));
    let document = world.ran("cutover-check", 0..3, &plan).expect(0).json();
    assert_eq!(document["verdict"], "yes", "{document}");

    // A part of it is not all of it.
    let document = world.ran("verify", 0..4, &plan).expect(0).json();
    assert_eq!(document["target_blocks"], 3, "{document}");
    std::fs::remove_dir_all(world.blocks().first().unwrap()).unwrap();
    let document = world.ran("verify", 0..3, &plan).expect(3).json();
    let (kinds, shown) = found(&document);
    assert_eq!(
        kinds,
        ["steady missing-samples 120", "subject missing-samples 240"],
        "{shown}"
    );
}
