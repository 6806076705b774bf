//! What a server may say to parity checks, and what comes of it.

use serde_json::{Value, json};

use super::{Own, check, counts, found, metadata, path, query, refusal, success, usual, vector};
use crate::support::answering::Answer;
use crate::support::querier;

struct Case {
    what: &'static str,
    own: Own,
    code: i32,
    found: &'static [&'static str],
    /// What the document says.
    says: &'static str,
}

fn case(
    what: &'static str,
    own: Own,
    (code, found): (i32, &'static [&'static str]),
    says: &'static str,
) -> Case {
    Case {
        what,
        own,
        code,
        found,
        says,
    }
}

/// S-21.40, S-21.43, S-21.44
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_a_server_says_is_compared_or_told_as_not_looked_at() {
    let cases = [
        case(
            "nothing of its own",
            |_| None,
            (0, &[]),
            "\"verdict\":\"yes\"",
        ),
        case(
            "other metadata",
            |asked| {
                let other = metadata("counter", "Requests.");
                (path(asked) == "metadata").then(|| success(&other))
            },
            (3, &["difference different-metadata"]),
            "counter: Is it up?",
        ),
        case(
            "other metadata of a family",
            |asked| {
                let other = metadata("gauge", "Requests that came.");
                (path(asked) == "metadata").then(|| success(&other))
            },
            (3, &["difference different-metadata"]),
            "counter: Requests that came.",
        ),
        case(
            "metadata of other metrics, which are not in the range",
            |asked| {
                let mut more = metadata("gauge", "Requests.");
                more["elsewhere"] = json!([{"type": "gauge", "help": "", "unit": ""}]);
                (path(asked) == "metadata").then(|| success(&more))
            },
            (0, &[]),
            "\"verdict\":\"yes\"",
        ),
        case(
            "no metadata",
            |asked| (path(asked) == "metadata").then(|| success(&json!({}))),
            (0, &["note metadata-not-had"]),
            "the target tells none",
        ),
        case(
            "no such question as metadata",
            |asked| (path(asked) == "metadata").then(|| refusal(404, "not_found")),
            (0, &["note metadata-not-had"]),
            "the target tells none",
        ),
        case(
            "metadata refused",
            |asked| (path(asked) == "metadata").then(|| refusal(422, "execution")),
            (3, &["unseen metadata-not-seen"]),
            "ask the target",
        ),
        case(
            "another exemplar",
            |asked| {
                let other = json!([{
                    "seriesLabels": {"__name__": "up", "job": "a"},
                    "exemplars": [{"labels": {"trace_id": "2"}, "value": "1", "timestamp": 1_736_121_601.5}],
                }]);
                (path(asked) == "query_exemplars").then(|| success(&other))
            },
            (3, &["difference different-exemplars"]),
            "trace_id",
        ),
        case(
            "exemplars of no series",
            |asked| (path(asked) == "query_exemplars").then(|| success(&json!([]))),
            (0, &["note exemplars-not-had"]),
            "the target tells none",
        ),
        case(
            "no counts at all",
            |asked| counts(asked).then(|| refusal(422, "execution")),
            (3, &["unseen no-metric-compared", "unseen samples-not-seen"]),
            "said no",
        ),
        case(
            "counts of one metric at a time",
            |asked| {
                let many = query(asked).matches("sum(").count();
                (counts(asked) && many > 1).then(|| refusal(422, "execution"))
            },
            (0, &[]),
            "\"verdict\":\"yes\"",
        ),
        case(
            "a count that is none",
            |asked| counts(asked).then(|| vector(asked, &[(json!({"parity": "s0"}), 0)])),
            (3, &["unseen no-metric-compared", "unseen samples-not-seen"]),
            "no whole number",
        ),
        case(
            "counts of what was not asked",
            |asked| counts(asked).then(|| vector(asked, &[(json!({"parity": "s7"}), 1)])),
            (3, &["unseen no-metric-compared", "unseen samples-not-seen"]),
            "another question",
        ),
        case(
            "no sample",
            |asked| counts(asked).then(|| vector(asked, &[])),
            (
                3,
                &["difference missing-metric", "unseen no-metric-compared"],
            ),
            "30 samples",
        ),
        case(
            "no series",
            |asked| (path(asked) == "series").then(|| success(&json!([]))),
            (3, &["difference missing-series"]),
            "has it",
        ),
        case(
            "a page of HTML for series",
            |asked| (path(asked) == "series").then(|| querier::text(200, "<html>log in</html>")),
            (3, &["unseen series-not-seen"]),
            "log in",
        ),
        case(
            "a label more, of which no sample is in the range",
            |asked| match path(asked) {
                "labels" => Some(success(&json!(["__name__", "job", "zone"]))),
                "query" if query(asked).contains("zone") => Some(vector(asked, &[])),
                _ => None,
            },
            (0, &[]),
            "\"verdict\":\"yes\"",
        ),
        case(
            "a label more",
            |asked| {
                let more = json!(["__name__", "job", "zone"]);
                (path(asked) == "labels").then(|| success(&more))
            },
            (3, &["difference extra-label-name"]),
            "zone",
        ),
        case(
            "another value of a label",
            |asked| (path(asked) == "label/job/values").then(|| success(&json!(["b"]))),
            (
                3,
                &[
                    "difference extra-label-value",
                    "difference missing-label-value",
                ],
            ),
            "{job=\\\"b\\\"}",
        ),
        case(
            "another value of a label, and no answer when it is looked up",
            |asked| match path(asked) {
                "label/job/values" => Some(success(&json!(["b"]))),
                "query" if query(asked).contains("job=\"b\"") => Some(refusal(422, "execution")),
                _ => None,
            },
            (
                3,
                &[
                    "difference missing-label-value",
                    "unseen label-values-not-seen",
                ],
            ),
            "said no",
        ),
        case(
            "series of one day at a time",
            |asked| {
                let time = |name: &str| asked.member(name)?.parse::<f64>().ok();
                let is_long = time("end")? - time("start")? > 86_400.0;
                (path(asked) == "series" && is_long).then(|| refusal(422, "execution"))
            },
            (0, &[]),
            "\"verdict\":\"yes\"",
        ),
        case(
            "no exemplars of any metric",
            |asked| (path(asked) == "query_exemplars").then(|| refusal(422, "execution")),
            (3, &["unseen exemplars-not-seen"]),
            "said no",
        ),
        case(
            "no value of a label",
            |asked| (path(asked) == "label/job/values").then(|| success(&json!([]))),
            (3, &["unseen label-values-not-seen"]),
            "no value of it",
        ),
        case(
            "no list of labels",
            |asked| (path(asked) == "labels").then(|| refusal(400, "bad_data")),
            (3, &["unseen label-names-not-seen"]),
            "said no",
        ),
        case(
            "no list of metrics",
            |asked| (path(asked) == "label/__name__/values").then(|| refusal(404, "not_found")),
            (3, &["unseen metrics-not-seen", "unseen no-metric-compared"]),
            "said no",
        ),
        case(
            "a warning beside counts",
            |asked| {
                counts(asked).then(|| {
                    let mut document: Value =
                        serde_json::from_slice(&usual(asked).unwrap().body).unwrap();
                    document["warnings"] = json!(["a store is away"]);
                    Answer::json(200, &document)
                })
            },
            (3, &["difference warnings"]),
            "a store is away",
        ),
    ];
    for case in cases {
        let (ran, _) = check(case.own);
        assert_eq!(found(&ran), case.found, "{}: {}", case.what, ran.stdout);
        let ran = ran.expect(case.code);
        assert!(
            ran.stdout.contains(case.says),
            "{}: {}",
            case.what,
            ran.stdout
        );
    }
}
