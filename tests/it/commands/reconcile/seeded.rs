//! Each seeded difference is found, and nothing else is.

use serde_json::json;

use super::{World, found, histograms, notes, ones};
use crate::support::seeded::{Seeded, sides};
use crate::support::told::Sample;

/// A difference a day, and days on which nothing is to be found.
fn seeded() -> Vec<Seeded> {
    let one = |day| ones("subject", &[("zone", "a")], day);
    let two = |day| ones("subject", &[("zone", "b")], day);
    let number = Sample::Number;
    vec![
        Seeded {
            what: "nothing",
            hot: vec![one(0), two(0), histograms(0, 0)],
            cold: vec![two(0), histograms(0, 0), one(0)],
            found: &[],
            shown: &[],
        },
        Seeded {
            what: "a series is missing",
            hot: vec![one(1), two(1)],
            cold: vec![one(1)],
            found: &["subject missing-samples 120", "subject missing-series 1"],
            shown: &[
                r#"{"__name__":"subject","zone":"b"}"#,
                "120 samples from 2025-01-07 00:00 to 2025-01-07 01:59",
            ],
        },
        Seeded {
            what: "a series is extra",
            hot: vec![one(2)],
            cold: vec![one(2), two(2)],
            found: &["subject extra-samples 120", "subject extra-series 1"],
            shown: &[r#"{"__name__":"subject","zone":"b"}"#],
        },
        Seeded {
            what: "a value is beyond the tolerance",
            hot: vec![one(3)],
            cold: vec![one(3).changed(60, number("1.01"))],
            found: &["subject different-values 1"],
            shown: &["2025-01-09T01:00:00", "1.01"],
        },
        Seeded {
            what: "a value is within the tolerance",
            hot: vec![one(4)],
            cold: vec![one(4).changed(60, number("1.0001"))],
            found: &[],
            shown: &[],
        },
        Seeded {
            what: "samples are missing",
            hot: vec![one(5)],
            cold: vec![one(5).without(60..70)],
            found: &["subject missing-samples 10"],
            shown: &["2025-01-11T01:00:00"],
        },
        Seeded {
            what: "staleness is lost",
            hot: vec![one(6).changed(60, number("stale"))],
            cold: vec![one(6).changed(60, number("NaN"))],
            found: &["subject different-staleness 1"],
            shown: &["2025-01-12T01:00:00", "the mark of staleness", "NaN"],
        },
        Seeded {
            what: "a bucket of a native histogram",
            hot: vec![histograms(7, 0)],
            cold: vec![histograms(7, 1)],
            found: &["subject different-histograms 1"],
            shown: &["2025-01-13T01:00:00", "count differs"],
        },
        Seeded {
            what: "histograms in place of numbers",
            hot: vec![ones("subject", &[("zone", "h")], 8)],
            cold: vec![histograms(8, 0)],
            found: &["subject different-kinds 120"],
            shown: &["2025-01-14T00:00:00"],
        },
        Seeded {
            what: "a day is missing",
            hot: vec![one(9)],
            cold: vec![],
            found: &["subject missing-samples 120", "subject missing-series 1"],
            shown: &["zone"],
        },
        Seeded {
            what: "nothing on either side",
            hot: vec![],
            cold: vec![],
            found: &["subject empty-selector 1"],
            shown: &["proves nothing"],
        },
        Seeded {
            what: "series that nobody means",
            hot: vec![one(11)],
            cold: vec![one(11), ones("other", &[], 11)],
            found: &[],
            shown: &[],
        },
    ]
}

/// S-24.60, S-24.61 with the real thing
#[test]
fn each_seeded_difference_is_found_and_nothing_else_is() {
    let cases = seeded();
    let [hot, cold] = sides(&cases);
    let world = World::of(hot, cold);
    let plan = world.plan(&json!({"compare": {"max_relative_value_delta": 0.001}}));
    for (case, day) in cases.iter().zip(0..) {
        let code = if case.found.is_empty() { 0 } else { 3 };
        let ran = world.ran("verify", day..day + 1, &plan).expect(code);
        let document = ran.json();
        let (kinds, shown) = found(&document);
        case.expect(&kinds, &shown);
        assert_eq!(document["target_blocks"], 1, "{}", case.what);
        let steady = &document["selectors"][1];
        assert_eq!(steady["compared_samples"], 120, "{steady}");
        let is_beside = notes(&document).contains(&"other-series");
        assert_eq!(is_beside, day == 11);
    }

    // All days together: a series that the target has on another day is not missing.
    let days = i64::try_from(cases.len()).unwrap();
    let ran = world.ran("verify", 0..days, &plan).expect(3);
    let document = ran.json();
    let (kinds, shown) = found(&document);
    assert_eq!(
        kinds,
        [
            "subject different-histograms 1",
            "subject different-kinds 120",
            "subject different-staleness 1",
            "subject different-values 1",
            "subject extra-samples 120",
            "subject missing-samples 250",
        ],
        "{shown}"
    );
    let subject = &document["selectors"][0];
    assert_eq!(subject["series"], json!({"source": 3, "target": 3}));
    assert_eq!(subject["common_series"], 3);
    assert_eq!(subject["histograms"]["source"], 240);
    assert_eq!(document["target_blocks"], days);
    assert_eq!(document["verdict"], "no");
}
