//! What plans say of the formats of payloads.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use serde_json::{Value, json};

use super::with;

/// What `source.statsd` and `source.otlp` may be, and how the error begins where it may not.
const OPTIONS: [(&str, &str, &str); 29] = [
    ("statsd", "{}", ""),
    (
        "statsd",
        r#"{"observer_type": "summary", "buckets": [0.1, 1], "flush_interval": "10s"}"#,
        "",
    ),
    (
        "statsd",
        "[]",
        "source.statsd: expected an object, found a list",
    ),
    (
        "statsd",
        r#"{"flush_interval": 10}"#,
        "source.statsd.flush_interval: expected a text, found a number",
    ),
    (
        "statsd",
        r#"{"flush_interval": "10"}"#,
        "source.statsd.flush_interval: expected a duration such as 30s or 5m",
    ),
    ("otlp", "{}", ""),
    (
        "otlp",
        r#"{"translation_strategy": "NoTranslation", "promote_resource_attributes": ["a", "b"], "promote_all_resource_attributes": false,
            "ignore_resource_attributes": [], "keep_identifying_resource_attributes": true, "convert_histograms_to_nhcb": true,
            "promote_scope_metadata": true, "label_name_underscore_sanitization": false,
            "label_name_preserve_multiple_underscores": false, "type_and_unit_labels": true,
            "lookback_delta": "1h30m", "delta_max_stale": "0s"}"#,
        "",
    ),
    (
        "otlp",
        r#"{"promote_all_resource_attributes": true, "ignore_resource_attributes": ["a"]}"#,
        "",
    ),
    (
        "statsd",
        r#"{"observer_type": "summry"}"#,
        "source.statsd.observer_type: unknown value \"summry\": did you mean summary?",
    ),
    (
        "statsd",
        r#"{"observer_type": "x"}"#,
        "source.statsd.observer_type: unknown value \"x\": expected one of histogram, summary",
    ),
    (
        "statsd",
        r#"{"observer_type": null}"#,
        "source.statsd.observer_type: expected a text, found null",
    ),
    (
        "statsd",
        r#"{"bucket": [1]}"#,
        "source.statsd.bucket: unknown member: did you mean buckets?",
    ),
    (
        "statsd",
        r#"{"buckets": 1}"#,
        "source.statsd.buckets: expected a list, found a number",
    ),
    (
        "statsd",
        r#"{"buckets": [1, "a"]}"#,
        "source.statsd.buckets[1]: expected a number, found a text",
    ),
    (
        "statsd",
        r#"{"buckets": [1, 1]}"#,
        "source.statsd.buckets[1]: expected a bound above 1, the one before, found 1",
    ),
    (
        "otlp",
        r#"{"a": 1}"#,
        "source.otlp.a: unknown member: expected one of translation_strategy, promote_resource_attributes,",
    ),
    (
        "otlp",
        r#"{"promote_resource_attribute": []}"#,
        "source.otlp.promote_resource_attribute: unknown member: did you mean promote_resource_attributes?",
    ),
    (
        "otlp",
        r#"{"promote_resource_attributes": "a"}"#,
        "source.otlp.promote_resource_attributes: expected a list, found a text",
    ),
    (
        "otlp",
        r#"{"promote_resource_attributes": ["a", 1]}"#,
        "source.otlp.promote_resource_attributes[1]: expected a text, found a number",
    ),
    (
        "otlp",
        r#"{"translation_strategy": "underscoreescapingwithsuffixes"}"#,
        "source.otlp.translation_strategy: unknown value \"underscoreescapingwithsuffixes\": did you mean UnderscoreEscapingWithSuffixes?",
    ),
    (
        "otlp",
        r#"{"translation_strategy": 1}"#,
        "source.otlp.translation_strategy: expected a text, found a number",
    ),
    (
        "otlp",
        r#"{"promote_scope_metadata": "true"}"#,
        "source.otlp.promote_scope_metadata: expected true or false, found a text",
    ),
    (
        "otlp",
        r#"{"type_and_unit_labels": 1}"#,
        "source.otlp.type_and_unit_labels: expected true or false, found a number",
    ),
    (
        "otlp",
        r#"{"lookback_delta": 5}"#,
        "source.otlp.lookback_delta: expected a text, found a number",
    ),
    (
        "otlp",
        r#"{"lookback_delta": "5"}"#,
        "source.otlp.lookback_delta: expected a duration such as 30s or 5m",
    ),
    (
        "otlp",
        r#"{"delta_max_stale": "-5m"}"#,
        "source.otlp.delta_max_stale: expected a duration such as 30s or 5m",
    ),
    (
        "otlp",
        r#"{"promote_all_resource_attributes": true, "promote_resource_attributes": ["a"]}"#,
        "source.otlp.promote_resource_attributes: promote_all_resource_attributes is given, too",
    ),
    (
        "otlp",
        r#"{"ignore_resource_attributes": ["a"]}"#,
        "source.otlp.ignore_resource_attributes: it means nothing without promote_all_resource_attributes",
    ),
    (
        "otlp",
        r#"{"promote_all_resource_attributes": false, "ignore_resource_attributes": ["a"]}"#,
        "source.otlp.ignore_resource_attributes: it means nothing without promote_all_resource_attributes",
    ),
];

/// What no schema of JSON can say.
const BEYOND_THE_SCHEMA: [(&str, &str, &str); 1] = [(
    "statsd",
    r#"{"buckets": [0.5, 2, 1]}"#,
    "source.statsd.buckets[2]: expected a bound above 2, the one before, found 1",
)];

/// What `source.malformed` may be, by kind of source.
const MALFORMED: [(&str, &str, &str); 8] = [
    ("otlp", r#""leave_out""#, ""),
    ("influx_line_protocol", r#""leave_out""#, ""),
    ("statsd", r#""leave_out""#, ""),
    ("graphite_plaintext", r#""refuse""#, ""),
    (
        "openmetrics",
        r#""leave_out""#,
        "source.malformed: kind openmetrics has no such member: it is of otlp, influx_line_protocol, statsd, graphite_plaintext",
    ),
    (
        "statsd",
        r#""leave-out""#,
        r#"source.malformed: unknown value "leave-out": did you mean leave_out?"#,
    ),
    (
        "statsd",
        r#""ignore""#,
        r#"source.malformed: unknown value "ignore": expected one of refuse, leave_out"#,
    ),
    (
        "statsd",
        "true",
        "source.malformed: expected a text, found true or false",
    ),
];

/// A plan of that format, with these options of it.
fn of_format(format: &str, options: &str) -> Value {
    with_member(format, format, options)
}

fn with_member(kind: &str, member: &str, says: &str) -> Value {
    let source = json!({"kind": kind, "capture_manifest_path": "influx-capture.json"});
    let member = format!("/source/{member}");
    let says = serde_json::from_str(says).unwrap();
    with(&[("/source", source), (&member, says)])
}

/// Plans with options of a format, and how the error begins of those that are none.
pub(super) fn plans() -> impl Iterator<Item = (Value, Option<&'static str>)> {
    let of_malformed = MALFORMED.iter().map(|(kind, says, expected)| {
        let expected = Some(*expected).filter(|it| !it.is_empty());
        (with_member(kind, "malformed", says), expected)
    });
    plans_of(&OPTIONS).chain(of_malformed)
}

/// The same of what no schema of JSON can say.
pub(super) fn beyond_the_schema() -> impl Iterator<Item = (Value, Option<&'static str>)> {
    plans_of(&BEYOND_THE_SCHEMA)
}

fn plans_of(
    options: &'static [(&str, &str, &str)],
) -> impl Iterator<Item = (Value, Option<&'static str>)> {
    options.iter().map(|(format, options, expected)| {
        let expected = Some(*expected).filter(|it| !it.is_empty());
        (of_format(format, options), expected)
    })
}
