//! Metadata and exemplars, as servers of both sides tell them, also what no document says.

use serde_json::{Value, json};

use super::{World, found, ones};
use crate::support::answering::Answer;
use crate::support::querier::{Querier, error, success, text};

fn told(kind: &str, help: &str) -> Value {
    json!({"subject": [{"type": kind, "help": help, "unit": ""}]})
}

fn exemplars(cluster: Option<&str>, values: &[(f64, &str)]) -> Value {
    let mut labels = json!({"__name__": "subject", "zone": "a"});
    if let Some(cluster) = cluster {
        labels["cluster"] = json!(cluster);
    }
    let exemplars: Vec<Value> = values
        .iter()
        .map(|(second, value)| {
            let time = 1_736_121_600.0 + second;
            json!({"labels": {"trace_id": "x"}, "value": value, "timestamp": time})
        })
        .collect();
    json!([{"seriesLabels": labels, "exemplars": exemplars}])
}

/// S-24.63, S-24.82
#[test]
fn what_both_sides_tell_beside_samples_is_compared() {
    let samples = || vec![vec![ones("subject", &[("zone", "a")], 0)]];
    let world = World::of(samples(), samples());
    let two = [(1.0, "0.5"), (2.5, "1.5")];
    let same = success(&exemplars(Some("eu-1"), &two));
    let mut of_both = exemplars(Some("eu-1"), &two);
    let of_others = exemplars(Some("eu-2"), &[(3.0, "9")]);
    of_both.as_array_mut().unwrap().push(of_others[0].clone());
    let is = |kind, help| success(&told(kind, help));
    let cases: Vec<(&str, Answer, Answer, Vec<&str>)> = vec![
        ("the same", is("counter", "A"), same.clone(), vec![]),
        (
            "another type",
            is("gauge", "A"),
            same.clone(),
            vec!["different-metadata 1"],
        ),
        (
            "no metadata",
            success(&json!({})),
            same.clone(),
            vec!["different-metadata 1"],
        ),
        (
            "one exemplar less",
            is("counter", "A"),
            success(&exemplars(Some("eu-1"), &two[..1])),
            vec!["different-exemplars 1"],
        ),
        (
            "series of others beside its own",
            is("counter", "A"),
            success(&of_both),
            vec![],
        ),
        (
            "series of others alone",
            is("counter", "A"),
            success(&exemplars(Some("eu-2"), &two)),
            vec!["different-exemplars 2"],
        ),
        (
            "an error",
            error(500, "internal", "no"),
            error(422, "execution", "no"),
            vec!["exemplars-not-seen 1", "metadata-not-seen 1"],
        ),
        (
            "what is no answer",
            text(200, "<html>please log in</html>"),
            Answer::json(200, &json!({"status": "success"})),
            vec!["exemplars-not-seen 1", "metadata-not-seen 1"],
        ),
    ];
    for (what, metadata, exemplars_told, expected) in cases {
        let source = Querier::start()
            .says("metadata", [is("counter", "A")])
            .says("query_exemplars", [success(&exemplars(None, &two))]);
        let target = Querier::start()
            .says("metadata", [metadata])
            .says("query_exemplars", [exemplars_told]);
        let urls = |querier: &Querier| {
            json!({
                "metadata_url": format!("{}/api/v1/metadata", querier.url()),
                "exemplar_url": format!("{}/api/v1/query_exemplars", querier.url()),
            })
        };
        let plan = world.plan(&json!({
            "source": urls(&source),
            "target": urls(&target),
            "selectors": ["subject"],
        }));
        let code = if expected.is_empty() { 0 } else { 3 };
        let document = world.ran("verify", 0..1, &plan).expect(code).json();
        let (kinds, shown) = found(&document);
        assert_eq!(kinds, expected, "{what}: {shown}");
        if expected.is_empty() {
            assert_eq!(document["metadata_compared"], 1);
            assert_eq!(document["exemplars_compared"], 2);
        }
    }
}
