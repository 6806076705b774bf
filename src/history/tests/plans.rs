//! Plans, sound ones and wrong ones.

use serde_json::{Value, json};

use super::{formats, targets};

/// A sound plan, with these members set at their paths; `null` takes one away.
pub(super) fn with(changes: &[(&str, Value)]) -> Value {
    let mut plan = json!({
        "source": {"kind": "prometheus", "remote_read_url": "http://prometheus:9090/api/v1/read"},
        "target": {"external_labels": {"cluster": "a"}},
    });
    for (path, value) in changes {
        let (place, name) = path.rsplit_once('/').unwrap();
        let object = plan.pointer_mut(place).unwrap().as_object_mut().unwrap();
        if *value == json!("(none)") {
            object.remove(name);
        } else {
            object.insert(name.to_owned(), value.clone());
        }
    }
    plan
}

pub(super) fn none() -> Value {
    json!("(none)")
}

/// Plans, and how the error begins of those that are none.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn plans() -> Vec<(Value, Option<&'static str>)> {
    let source = |kind: &str, more: &[(&str, Value)]| {
        let mut source = json!({ "kind": kind });
        for (name, value) in more {
            source
                .as_object_mut()
                .unwrap()
                .insert((*name).to_owned(), value.clone());
        }
        with(&[("/source", source)])
    };
    let manifest = ("capture_manifest_path", json!("influx-capture.json"));
    let mut plans = vec![
        (with(&[]), None),
        (
            json!([]),
            Some("the plan: expected an object, found a list"),
        ),
        (
            with(&[("/source", none())]),
            Some("source: it is missing: expected an object with kind"),
        ),
        (
            with(&[("/target", none())]),
            Some("target: it is missing: expected an object"),
        ),
        (
            with(&[("/selector", json!(["up"]))]),
            Some("selector: unknown member: did you mean selectors?"),
        ),
        (with(&[("/$schema", json!("./plan.schema.json"))]), None),
        (
            with(&[("/$schema", json!(1))]),
            Some("$schema: expected a text, found a number"),
        ),
        (
            with(&[("/nonsense", json!(1))]),
            Some("nonsense: unknown member: expected one of $schema, source, target, selectors,"),
        ),
        (
            with(&[("/source/kind", json!("promtheus"))]),
            Some("source.kind: unknown value \"promtheus\": did you mean prometheus?"),
        ),
        (
            with(&[("/source/kind", json!("opentsdb"))]),
            Some("source.kind: unknown value \"opentsdb\": expected one of prometheus,"),
        ),
        (
            with(&[("/source/kind", json!(1))]),
            Some("source.kind: expected a text, found a number"),
        ),
        (
            with(&[("/source/kind", none())]),
            Some("source.kind: it is missing: expected one of"),
        ),
        (
            with(&[("/source/remote_read_url", none())]),
            Some("source.remote_read_url: it is missing: expected a URL such as"),
        ),
        (
            with(&[("/source/remote_read_url", json!(["a"]))]),
            Some("source.remote_read_url: expected a text, found a list"),
        ),
        (
            with(&[("/source/remote_read_url", json!(""))]),
            Some("source.remote_read_url: it is empty"),
        ),
        (
            with(&[("/source/remote_read_url", json!("prometheus:9090"))]),
            Some("source.remote_read_url: expected a URL"),
        ),
        (
            with(&[("/source/remoteReadUrl", json!("http://a"))]),
            Some("source.remoteReadUrl: unknown member: did you mean remote_read_url?"),
        ),
        (
            with(&[("/source/export_url", json!("http://a"))]),
            Some("source.export_url: kind prometheus has no such member: it is of victoriametrics"),
        ),
        (
            with(&[("/source/paths", json!(["a"]))]),
            Some("source.paths: kind prometheus has no such member: it is of openmetrics"),
        ),
        (
            with(&[(
                "/source/query_range_url",
                json!("http://prometheus:9090/prefix/api/v1/query_range"),
            )]),
            None,
        ),
        (
            with(&[("/source/query_range_url", json!("http://prometheus:9090"))]),
            Some("source.query_range_url: expected a URL that ends in /api/v1/query_range"),
        ),
        (
            with(&[(
                "/source/metadata_url",
                json!("http://prometheus:9090/api/v1/query"),
            )]),
            Some("source.metadata_url: expected a URL that ends in /api/v1/metadata"),
        ),
        (
            with(&[(
                "/source/headers",
                json!({"X-Scope-OrgID": "a", "Authorization": "Bearer $(TOKEN)"}),
            )]),
            None,
        ),
        (
            with(&[("/source/headers", json!({"X-Scope-OrgID": 1}))]),
            Some("source.headers.X-Scope-OrgID: expected a text, found a number"),
        ),
        (
            with(&[("/source/headers", json!({"X Scope": "a"}))]),
            Some("source.headers.X Scope: expected the name of a header"),
        ),
        (
            with(&[("/source/headers", json!([]))]),
            Some("source.headers: expected an object, found a list"),
        ),
        (
            source(
                "victoriametrics",
                &[("export_url", json!("http://victoria:8428/api/v1/export"))],
            ),
            None,
        ),
        (
            source("victoriametrics", &[]),
            Some("source.export_url: it is missing"),
        ),
        (
            source("influx_line_protocol", std::slice::from_ref(&manifest)),
            None,
        ),
        (
            source("influx_line_protocol", &[]),
            Some("source.capture_manifest_path: it is missing"),
        ),
        (
            source(
                "influx_line_protocol",
                &[manifest.clone(), ("statsd", json!({}))],
            ),
            Some("source.statsd: kind influx_line_protocol has no such member: it is of statsd"),
        ),
        (
            source(
                "graphite_plaintext",
                &[
                    manifest.clone(),
                    ("graphite_mapping_path", json!("graphite-mapping.yaml")),
                ],
            ),
            None,
        ),
        (
            source("openmetrics", &[("paths", json!(["metrics.om"]))]),
            None,
        ),
        (source("openmetrics", std::slice::from_ref(&manifest)), None),
        (
            source(
                "openmetrics",
                &[manifest.clone(), ("paths", json!(["metrics.om"]))],
            ),
            Some("source.paths: capture_manifest_path is given, too"),
        ),
        (
            source("openmetrics", &[("paths", json!([]))]),
            Some("source.paths: it is empty"),
        ),
        (
            source("openmetrics", &[("paths", json!(["a", 1]))]),
            Some("source.paths[1]: expected a text, found a number"),
        ),
        (
            source("openmetrics", &[]),
            Some("source.paths: it is missing: expected a list with at least one path"),
        ),
        (
            with(&[("/target/external_labels", json!({"a": "$(HOST)"}))]),
            None,
        ),
        (with(&[("/source/remote_read_url", json!("$(READ)"))]), None),
        (
            with(&[("/source/query_range_url", json!("$(QUERY)"))]),
            None,
        ),
        (
            with(&[(
                "/source/remote_read_url",
                json!("prometheus:9090/api/v1/read"),
            )]),
            Some(
                "source.remote_read_url: expected a URL such as http://prometheus:9090/api/v1/read",
            ),
        ),
        (
            with(&[("/target/read_url", json!("http://"))]),
            Some("target.read_url: expected a URL such as http://prometheus:9090/api/v1/read"),
        ),
        (
            with(&[("/source/remote_read_url", json!("http://h/api/v1/read?x=y"))]),
            Some(
                "source.remote_read_url: a query stands in it: expected a URL such as http://prom",
            ),
        ),
        (
            with(&[("/source/metadata_url", json!("ftp://h/api/v1/metadata"))]),
            Some(
                "source.metadata_url: expected a URL such as http://prometheus:9090/api/v1/metadata",
            ),
        ),
        (
            with(&[(
                "/source/remote_read_url",
                json!("HTTP://prometheus:9090/api/v1/read"),
            )]),
            None,
        ),
        (
            with(&[("/batch", json!({"max_points_per_write": 1e3}))]),
            None,
        ),
        (
            source("openmetrics", &[("paths", json!([]))]),
            Some("source.paths: it is empty: expected at least one path"),
        ),
        (
            with(&[("/selectors", json!(["up", "{job=~\"a.*\"}"]))]),
            None,
        ),
        (
            with(&[("/selectors", json!([]))]),
            Some("selectors: expected at least one"),
        ),
        (
            with(&[("/selectors", json!("up"))]),
            Some("selectors: expected a list, found a text"),
        ),
        (
            with(&[("/selectors", json!(["up", 1]))]),
            Some("selectors[1]: expected a text, found a number"),
        ),
        (with(&[("/metadata_metrics", json!(["up"]))]), None),
        (
            with(&[("/metadata_metrics", json!([""]))]),
            Some("metadata_metrics[0]: it is empty"),
        ),
        (
            with(&[("/exemplar_checks", json!([{"query": "up", "limit": 5}]))]),
            None,
        ),
        (
            with(&[("/exemplar_checks", json!([{"limit": 5}]))]),
            Some("exemplar_checks[0].query: it is missing: expected a selector"),
        ),
        (
            with(&[("/exemplar_checks", json!([{"query": "up", "limit": 0}]))]),
            Some("exemplar_checks[0].limit: expected a whole number from 1 to 1000000, found 0"),
        ),
        (
            with(&[("/exemplar_checks", json!([{"query": "up", "limit": 1.5}]))]),
            Some("exemplar_checks[0].limit: expected a whole number"),
        ),
        (
            with(&[(
                "/promql_checks",
                json!([{"query": "up", "step": "30s"}, {"query": "up"}]),
            )]),
            None,
        ),
        (
            with(&[("/promql_checks", json!([{"query": "up", "stepp": "30s"}]))]),
            Some("promql_checks[0].stepp: unknown member: did you mean step?"),
        ),
        (
            with(&[("/promql_checks", json!([{"query": "up", "step": "0s"}]))]),
            Some("promql_checks[0].step: expected a duration"),
        ),
        (
            with(&[(
                "/batch",
                json!({"max_series_per_write": 1, "max_points_per_write": 1, "http_timeout_secs": 1}),
            )]),
            None,
        ),
        (
            with(&[("/batch", json!({"max_series_per_write": -1}))]),
            Some("batch.max_series_per_write: expected a whole number from 1 to 1000000, found -1"),
        ),
        (
            with(&[(
                "/compare",
                json!({"max_absolute_value_delta": 1e-12, "max_relative_value_delta": 0}),
            )]),
            None,
        ),
        (
            with(&[("/compare", json!({"max_relative_value_delta": -0.5}))]),
            Some(
                "compare.max_relative_value_delta: expected a share of at least 0 and less than 1, found -0.5",
            ),
        ),
        (
            with(&[("/compare", json!({"max_relative_value_delta": 1}))]),
            Some(
                "compare.max_relative_value_delta: expected a share of at least 0 and less than 1",
            ),
        ),
        (
            with(&[("/compare", json!({"max_absolute_value_delta": -1}))]),
            Some(
                "compare.max_absolute_value_delta: expected a number that is not below 0, found -1",
            ),
        ),
        (
            with(&[("/metadata_metrics", json!(["up{job=\"api\"}"]))]),
            Some("metadata_metrics[0]: expected a metric's name, and found a selector"),
        ),
        (
            with(&[("/metadata_metrics", json!(["http.server.duration"]))]),
            None,
        ),
        (
            with(&[("/compare", json!(null))]),
            Some("compare: expected an object, found null"),
        ),
    ];
    plans.extend(formats::plans());
    plans.extend(targets::plans());
    plans
}

/// The same of what no schema of JSON can say.
pub(super) fn beyond_the_schema() -> Vec<(Value, Option<&'static str>)> {
    vec![
        (
            with(&[(
                "/target/read_url",
                json!("http://prometheus:9090/api/v1/read/"),
            )]),
            Some(
                "target.read_url: it is source.remote_read_url: expected what answers of the target",
            ),
        ),
        (
            with(&[
                (
                    "/target/read_url",
                    json!("http://prometheus:9090/api/v1/read"),
                ),
                ("/target/headers", json!({"X-Scope-OrgID": "cold"})),
            ]),
            None,
        ),
        (
            with(&[
                ("/source/metadata_url", json!("http://h/api/v1/metadata")),
                ("/target/metadata_url", json!("http://h/api/v1/metadata")),
            ]),
            Some("target.metadata_url: it is source.metadata_url"),
        ),
        (
            with(&[("/target/objstore_config_path", json!("nowhere.yaml"))]),
            Some("target.objstore_config_path: "),
        ),
    ]
}
