//! A table of differences, one of each kind.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use super::*;
use crate::promql::read_data;

/// The answer of a server to a range query with these series.
fn matrix(series: &str) -> Data {
    let document =
        format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{series}]}}}}"#);
    read_data(document.as_bytes()).unwrap().value
}

fn found(source: &Data, target: &Data) -> Vec<String> {
    let tolerance = Tolerance {
        absolute: 0.0,
        relative: 0.01,
    };
    let compared = compare(source, target, tolerance);
    let found = compared.findings.at(None);
    found
        .map(|found| {
            let first = found.first;
            let labels = first.series.map(|series| series.to_string());
            let side = found.side.map(Side::as_str);
            format!(
                "{} {} {} {:?} {:?} {}",
                found.count,
                found.kind,
                labels.or(side.map(str::to_owned)).unwrap_or_default(),
                first.time_ms.unwrap_or_default(),
                first.source,
                first.target.unwrap_or_default(),
            )
        })
        .collect()
}

#[test]
fn each_difference_has_a_name_and_the_first_is_shown() {
    const A: &str = r#"{"metric":{"a":"1"},"values":[[1,"1"],[2,"2"]]}"#;
    const B: &str = r#"{"metric":{"a":"2"},"values":[[1,"3"]]}"#;
    const H: &str = r#"{"metric":{"h":"1"},"histograms":[[1,{"count":"1","sum":"2","buckets":[[0,"1","2","1"]]}]]}"#;
    let both = format!("{A},{B}");
    for (source, target, expected) in [
        (A, A, vec![]),
        (both.as_str(), &format!("{B},{A}"), vec![]),
        (H, H, vec![]),
        (
            &both,
            A,
            vec![r#"1 missing-series {a="2"} 1000 Some("3") "#],
        ),
        (A, &both, vec![r#"1 extra-series {a="2"} 1000 None 3"#]),
        (
            A,
            r#"{"metric":{"a":"1"},"values":[[1,"1"]]}"#,
            vec![r#"1 missing-samples {a="1"} 2000 Some("2") "#],
        ),
        (
            A,
            r#"{"metric":{"a":"1"},"values":[[0,"0"],[1,"1"],[2,"2"]]}"#,
            vec![r#"1 extra-samples {a="1"} 0 None 0"#],
        ),
        (
            A,
            r#"{"metric":{"a":"1"},"values":[[1,"1.005"],[2,"2.5"]]}"#,
            vec![r#"1 different-values {a="1"} 2000 Some("2") 2.5"#],
        ),
        (
            A,
            r#"{"metric":{"a":"1"},"values":[[1,"NaN"],[2,"+Inf"]]}"#,
            vec![r#"2 different-values {a="1"} 1000 Some("1") NaN"#],
        ),
        (
            r#"{"metric":{},"values":[[1,"NaN"],[2,"-Inf"]]}"#,
            r#"{"metric":{},"values":[[1,"NaN"],[2,"-Inf"]]}"#,
            vec![],
        ),
        (
            H,
            r#"{"metric":{"h":"1"},"histograms":[[1,{"count":"1","sum":"2","buckets":[[0,"2","4","1"]]}]]}"#,
            vec![
                r#"1 different-histograms {h="1"} 1000 Some("{count:1, sum:2, (1,2]:1}") {count:1, sum:2, (2,4]:1}"#,
            ],
        ),
        (
            H,
            r#"{"metric":{"h":"1"},"values":[[1,"1"]]}"#,
            vec![r#"1 different-kinds {h="1"} 1000 Some("{count:1, sum:2, (1,2]:1}") 1"#],
        ),
        (
            A,
            &format!("{A},{A}"),
            vec![r#"1 duplicate-series {a="1"} 0 None "#],
        ),
        (
            A,
            r#"{"metric":{"a":"1"},"values":[]}"#,
            vec![r#"1 missing-series {a="1"} 1000 Some("1") "#],
        ),
    ] {
        assert_eq!(
            found(&matrix(source), &matrix(target)),
            expected,
            "{target}"
        );
    }
}

#[test]
fn scalars_and_texts_are_compared_and_types_are_told_apart() {
    let scalar = |time, value| {
        Data::Scalar(Point {
            time_ms: time,
            sample: Sample::Float(value),
        })
    };
    let text = |text: &str| Data::String {
        time_ms: 1,
        text: text.to_owned(),
    };
    for (source, target, expected) in [
        (scalar(1, 2.0), scalar(2, 2.0), None),
        (scalar(1, 2.0), scalar(1, 3.0), Some("different-values")),
        (text("a"), text("a"), None),
        (text("a"), text("b"), Some("different-values")),
        (scalar(1, 1.0), text("1"), Some("different-types")),
        (
            Data::Vector(Vec::new()),
            Data::Matrix(Vec::new()),
            Some("different-types"),
        ),
    ] {
        let compared = compare(&source, &target, Tolerance::USUAL);
        let kinds: Vec<_> = compared.findings.at(None).map(|found| found.kind).collect();
        assert_eq!(kinds.first().copied(), expected, "{source:?} {target:?}");
    }
}

#[test]
fn what_both_sides_have_is_counted() {
    let one = matrix(
        r#"{"metric":{"a":"1"},"values":[[1,"1"],[2,"2"]]},{"metric":{"a":"2"},"values":[[1,"1"]]}"#,
    );
    let compared = compare(&one, &one, Tolerance::USUAL);
    assert_eq!((compared.series, compared.samples), (2, 3));
    let none = compare(&matrix(""), &matrix(""), Tolerance::USUAL);
    assert_eq!(none, Compared::default());
}
