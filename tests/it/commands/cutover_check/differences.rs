//! Each difference is found by its name, and what is alike is a yes.

use serde_json::{Value, json};
use std::fs;

use super::{ALONE, START, Two, findings, querier, up};
use crate::support::answering::Answer;
use crate::support::querier::{Querier, histogram, matrix, numbers};
use crate::support::run::Ran;

/// S-21.1, S-21.2
#[test]
fn two_sides_that_answer_alike_are_a_yes() {
    let both = || {
        querier(&[
            up(&[(10, "1"), (11, "NaN")]),
            numbers(&json!({"job": "b"}), &[(START + 600, "0.1")]),
        ])
    };
    let two = Two::new(both(), both());
    let ran = two.run(&[]).expect(0);
    let document = ran.json();
    assert_eq!(document["verdict"], "yes");
    assert_eq!(document["kind"], "cutover-check");
    assert_eq!(document["queries"][0]["samples"], 3);
    assert_eq!(document["range"]["min_time"], "2025-06-01T00:00:00.000Z");
    // Whatever is asked is asked of both, within the range.
    for querier in [&two.source, &two.target] {
        let [asked] = &querier.asked("query_range")[..] else {
            panic!("{:?}", querier.seen());
        };
        assert_eq!(asked.method, "POST");
        for (name, expected) in [("start", "1748736360"), ("end", "1748771999.999")] {
            assert_eq!(asked.member(name).as_deref(), Some(expected));
        }
        assert_eq!(asked.member("timeout").as_deref(), Some("120000ms"));
        let of_thanos = asked.member("partial_response");
        assert_eq!(of_thanos, None, "only Thanos is told so");
        assert_eq!(asked.header("cache-control"), Some("no-store"));
    }
    let text = Ran::of(two.command(&[ALONE])).expect(0).stdout;
    assert!(text.contains("May the hot blocks go? Yes"), "{text}");
    assert!(text.contains("the buckets were not compared"), "{text}");
}

/// S-21.3: twelve differences, each found by its name.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn each_of_twelve_differences_is_found() {
    let one = || up(&[(10, "1"), (11, "2")]);
    let other = || numbers(&json!({"job": "b"}), &[(START + 600, "5")]);
    let bars = |count| histogram(&json!({"job": "h"}), START + 600, &[(1, "2"), (2, count)]);
    let warned = || {
        let mut answer: Value = serde_json::from_slice(&matrix(&[one()]).body).unwrap();
        answer["warnings"] = json!(["store 10.0.0.1:10901 does not answer"]);
        Answer::json(200, &answer)
    };
    for (name, source, target, expected) in [
        (
            "a missing series",
            matrix(&[one(), other()]),
            matrix(&[one()]),
            vec!["missing-series difference both 1"],
        ),
        (
            "a further series",
            matrix(&[one()]),
            matrix(&[other(), one()]),
            vec!["extra-series difference both 1"],
        ),
        (
            "another label",
            matrix(&[one()]),
            matrix(&[numbers(
                &json!({"__name__": "up", "job": "A"}),
                &[(START + 600, "1"), (START + 660, "2")],
            )]),
            vec![
                "extra-series difference both 1",
                "missing-series difference both 1",
            ],
        ),
        (
            "a value",
            matrix(&[one()]),
            matrix(&[up(&[(10, "1"), (11, "2.1")])]),
            vec!["different-values difference both 1"],
        ),
        (
            "a missing sample",
            matrix(&[one()]),
            matrix(&[up(&[(10, "1")])]),
            vec!["missing-samples difference both 1"],
        ),
        (
            "a further sample",
            matrix(&[one()]),
            matrix(&[up(&[(9, "1"), (10, "1"), (11, "2")])]),
            vec!["extra-samples difference both 1"],
        ),
        (
            "NaN in the place of a number",
            matrix(&[one()]),
            matrix(&[up(&[(10, "NaN"), (11, "2")])]),
            vec!["different-values difference both 1"],
        ),
        (
            "a bucket of a histogram",
            matrix(&[bars("1")]),
            matrix(&[bars("0")]),
            vec!["different-histograms difference both 1"],
        ),
        (
            "a number in the place of a histogram",
            matrix(&[bars("1")]),
            matrix(&[numbers(&json!({"job": "h"}), &[(START + 600, "3")])]),
            vec!["different-kinds difference both 1"],
        ),
        (
            "a series twice",
            matrix(&[one()]),
            matrix(&[one(), one()]),
            vec!["duplicate-series difference target 1"],
        ),
        (
            "a label more",
            matrix(&[other()]),
            matrix(&[numbers(
                &json!({"job": "b", "zone": "x"}),
                &[(START + 600, "5")],
            )]),
            vec![
                "extra-series difference both 1",
                "missing-series difference both 1",
            ],
        ),
        (
            "a warning",
            matrix(&[one()]),
            warned(),
            vec!["warnings difference target 1"],
        ),
    ] {
        let two = Two::new(
            Querier::start().says("up", [source]),
            Querier::start().says("up", [target]),
        );
        let ran = two.run(&[]).expect(3);
        let found: Vec<_> = findings(&ran)
            .into_iter()
            .filter(|one| !one.starts_with("nothing-compared"))
            .collect();
        assert_eq!(found, expected, "{name}: {}", ran.stdout);
        assert_eq!(ran.json()["verdict"], "no", "{name}");
    }
}

/// S-21.4
#[test]
fn the_first_of_a_kind_is_shown_in_full_and_the_rest_are_counted() {
    let many = |value: &str| -> Vec<Value> {
        (0..7)
            .map(|number| {
                numbers(
                    &json!({"pod": format!("p{number}")}),
                    &[(START + 600, value)],
                )
            })
            .collect()
    };
    let two = Two::new(querier(&many("1")), querier(&many("2")));
    let ran = two.run(&[]).expect(3);
    let document = ran.json();
    let all = document["findings"].as_array().unwrap().iter();
    let differs: Vec<_> = all.filter(|one| one["weight"] == "difference").collect();
    assert_eq!(differs.len(), 1, "{}", ran.stdout);
    assert_eq!(differs[0]["count"], 7);
    assert_eq!(
        differs[0]["first"],
        json!({
            "series": {"pod": "p0"}, "time": "2025-06-01T00:10:00.000Z", "time_ms": (START + 600) * 1000,
            "source": "1", "target": "2", "text": null,
        })
    );
    let text = Ran::of(two.command(&[ALONE])).expect(3).stdout;
    for words in [
        "! different-values: 7",
        r#"series   {pod="p0"}"#,
        "time     2025-06-01T00:10:00.000Z",
        "source   1",
        "target   2",
        "May the hot blocks go? No: 7 different-values",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

/// S-21.5
#[test]
fn values_within_the_tolerance_are_equal() {
    let two = Two::new(
        querier(&[up(&[(10, "100")])]),
        querier(&[up(&[(10, "101")])]),
    );
    for (flags, queries, code) in [
        (vec![], "- up\n", 3),
        (vec!["--tolerance.relative=0.01"], "- up\n", 0),
        (vec!["--tolerance.absolute=1"], "- up\n", 0),
        (vec!["--tolerance.absolute=0.9"], "- up\n", 3),
        (vec![], "- {expr: up, tolerance: {absolute: 1}}\n", 0),
        (
            vec!["--tolerance.absolute=1"],
            "- {expr: up, tolerance: {absolute: 0}}\n",
            3,
        ),
    ] {
        fs::write(two.path("queries.yaml"), queries).unwrap();
        two.run(&flags).expect(code);
    }
}

/// S-21.6
#[test]
fn what_is_empty_on_both_sides_proves_nothing() {
    let two = Two::new(Querier::start(), Querier::start());
    let ran = two.run(&[]).expect(3);
    assert_eq!(
        findings(&ran),
        [
            "nothing-compared unseen both 1",
            "empty-query unseen both 1"
        ]
    );
    assert_eq!(ran.json()["verdict"], "not-proven");
    // An alert that does not fire is empty beside what is not.
    let both = || {
        Querier::start()
            .series("up", &[up(&[(10, "1")])])
            .series("up == 0", &[])
    };
    let two = Two::new(both(), both()).asking(
        "groups:\n- name: g\n  rules:\n  - {record: all, expr: up}\n  - {alert: Down, expr: up == 0}\n",
    );
    two.run(&[]).expect(0);
    let two = two.asking("- up\n- up == 0\n");
    two.run(&[]).expect(3);
    two.run(&["--waive=empty-query"]).expect(0);
}
