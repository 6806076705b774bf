//! What is told of series: those that no selector means, and those that Thanos could not show.

use serde_json::json;

use super::{Place, START_S, endings, text};
use crate::support::run::Ran;
use crate::support::world::blocks_with;

/// S-24.72
#[test]
fn a_series_with_another_value_of_an_external_label_is_counted_and_its_window_refused() {
    let (first, second) = (START_S + 60, START_S + 7260);
    let text = format!(
        "# TYPE a gauge\na{{cluster=\"eu-1\"}} 1 {first}\na{{cluster=\"us\"}} 1 {first}\na{{cluster=\"us\",b=\"c\"}} 1 {first}\nb{{cluster=\"eu-1\"}} 1 {second}\n# EOF\n"
    );
    let place = Place::of(&text);
    let document = Ran::of(place.backfill(2, &["--output=json"]))
        .expect(3)
        .json();
    assert_eq!(endings(&document), ["refused", "written"], "{document}");
    let detail = document["windows"][0]["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("2 series with another value of the plan's external label cluster, such as a{b=\"c\", cluster=\"us\"}"),
        "{detail}"
    );
    let left_out = &document["left_out"][0];
    assert_eq!(left_out["kind"], "external-label", "{document}");
    assert_eq!(left_out["count"], 2, "{document}");
    assert_eq!(blocks_with(&place.bucket(), "meta.json").len(), 1);

    // Without them it is written.
    let place = Place::with(
        &text,
        &json!({"selectors": ["a{cluster=~\"|eu-1\"}", "b", "none"]}),
    );
    let document = Ran::of(place.backfill(2, &["--output=json"]))
        .expect(0)
        .json();
    assert_eq!(endings(&document), ["written"; 2], "{document}");
    assert_eq!(document["passed_over"], 2, "{document}");
    let warnings = document["warnings"].to_string();
    assert!(
        warnings.contains("the selector none means no series"),
        "{document}"
    );
    assert!(!warnings.contains("eu-1"), "{document}");
}

/// S-24.73
#[test]
fn selectors_that_mean_nothing_are_no_empty_source() {
    let place = Place::with(&text(2, 1), &json!({"selectors": ["b"]}));
    let ran = Ran::of(place.backfill(2, &["--output=text"])).expect(0);
    assert!(
        ran.stdout
            .contains("! the selector b means no series of what the source told"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("passed over"), "{}", ran.stdout);
    assert!(place.bucket().is_empty());
}
