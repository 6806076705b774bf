#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use super::*;
use crate::samples::STALE;

const EXACT: Tolerance = Tolerance {
    absolute: 0.0,
    relative: 0.0,
};

fn labels(pairs: &[(&str, &str)]) -> Labels {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn samples(told: &[(i64, f64)]) -> Vec<Sample> {
    let told = told.iter().map(|(time_ms, value)| Sample {
        time_ms: *time_ms,
        value: Value::Float(*value),
    });
    told.collect()
}

fn of(selectors: &[&str]) -> Comparison {
    let selectors = selectors.iter().map(|one| one.parse().unwrap());
    Comparison::new(selectors.collect(), labels(&[("cluster", "a")]), EXACT)
}

fn kinds(found: &[Found]) -> Vec<(&'static str, u64)> {
    found.iter().map(|one| (one.kind, one.count)).collect()
}

type Told = &'static [(i64, f64)];

/// Both sides, how many samples are compared, and what is found.
type Case = (Told, Told, u64, &'static [(&'static str, u64)]);

/// S-24.60, S-24.61
#[test]
fn each_sample_that_is_not_the_same_on_both_sides_is_counted() {
    const STALENESS: f64 = f64::from_bits(STALE);
    let cases: [Case; 9] = [
        (&[(1, 1.0), (2, 2.0)], &[(1, 1.0), (2, 2.0)], 2, &[]),
        (
            &[(1, 1.0), (2, 2.0)],
            &[(1, 1.0)],
            1,
            &[("missing-samples", 1)],
        ),
        (
            &[(2, 2.0)],
            &[(1, 1.0), (2, 2.0)],
            1,
            &[("extra-samples", 1)],
        ),
        (
            &[(1, 1.0), (3, 3.0)],
            &[(2, 1.0), (3, 3.5)],
            1,
            &[
                ("different-values", 1),
                ("extra-samples", 1),
                ("missing-samples", 1),
            ],
        ),
        (
            &[(1, STALENESS)],
            &[(1, 0.0)],
            1,
            &[("different-staleness", 1)],
        ),
        (&[(1, STALENESS)], &[(1, STALENESS)], 1, &[]),
        (
            &[(1, 1.0), (2, 1.0)],
            &[],
            0,
            &[("missing-samples", 2), ("missing-series", 1)],
        ),
        (
            &[],
            &[(1, 1.0)],
            0,
            &[("extra-samples", 1), ("extra-series", 1)],
        ),
        (&[], &[], 0, &[("empty-selector", 1)]),
    ];
    for (source, target, compared, expected) in cases {
        let mut comparison = of(&["up"]);
        let up = labels(&[("__name__", "up")]);
        comparison.series(&up, &samples(source), &samples(target));
        let (selectors, beside) = comparison.finish();
        let [up] = selectors.as_slice() else {
            panic!("{selectors:?}")
        };
        assert_eq!(kinds(&up.found), expected, "{source:?} {target:?}");
        assert_eq!(up.compared, compared);
        assert_eq!(up.source.samples, source.len() as u64);
        assert_eq!(up.target.samples, target.len() as u64);
        assert!(beside.is_empty());
        assert!(
            up.found
                .iter()
                .all(|one| one.place.as_deref() == Some("up"))
        );
    }
}

/// S-24.60
#[test]
fn a_series_that_the_target_has_at_another_time_lacks_samples_and_is_not_missing() {
    let mut comparison = of(&["up"]);
    let up = labels(&[("__name__", "up")]);
    comparison.series(&up, &samples(&[(1, 1.0)]), &samples(&[(1, 1.0)]));
    comparison.series(&up, &samples(&[(7_200_001, 1.0)]), &[]);
    let (selectors, _) = comparison.finish();
    let up = selectors.first().unwrap();
    assert_eq!(kinds(&up.found), [("missing-samples", 1)]);
    assert_eq!((up.series, up.source.series, up.target.series), (1, 1, 1));
    let example = up.found.first().unwrap().examples.first().unwrap();
    assert_eq!(example.time_ms, Some(7_200_001));
    assert!(example.text.as_deref().unwrap().contains("1 sample from"));
}

/// S-24.60
#[test]
fn each_selector_counts_what_it_means_and_nothing_of_the_source_is_left_out() {
    let mut comparison = of(&["up", r#"{job="b"}"#, r#"{cluster="a", job="c"}"#]);
    let (one, two) = (samples(&[(1, 1.0)]), samples(&[(1, 1.0), (2, 1.0)]));
    for (name, job, source, target) in [
        ("up", "a", &one, &one),
        ("up", "b", &two, &two),
        ("down", "b", &one, &one),
        ("down", "c", &one, &one),
        ("left", "d", &one, &two),
        ("right", "d", &Vec::new(), &one),
    ] {
        let series = labels(&[("__name__", name), ("job", job)]);
        comparison.series(&series, source, target);
    }
    let (selectors, beside) = comparison.finish();
    let summed: Vec<_> = selectors
        .iter()
        .map(|one| (one.selector.as_deref(), one.series, one.compared))
        .collect();
    assert_eq!(
        summed,
        [
            (Some("up"), 2, 3),
            (Some(r#"{job="b"}"#), 2, 3),
            (Some(r#"{cluster="a",job="c"}"#), 1, 1),
            (None, 1, 1),
        ]
    );
    assert_eq!(
        kinds(&selectors.last().unwrap().found),
        [("extra-samples", 1)]
    );
    assert_eq!(kinds(&beside), [("other-series", 1)]);
}
