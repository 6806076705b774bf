//! What exporters send, and what no exporter should: requests of all shapes that Prometheus takes.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest as Request;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    HistogramDataPoint, Metric, NumberDataPoint, SummaryDataPoint, summary_data_point,
};

use super::requests::{
    Cumulative, Delta, at, attributes, buckets, exponential, float, gauge, histogram, list, map,
    metric, of_resources, request, scaled, service, sum, summary, text, texts, whole, with,
};

/// Each shape, a list of requests in order.
pub fn shapes() -> Vec<(&'static str, Vec<Request>)> {
    let one = |name, unit, data| vec![request(service(name), vec![metric(name, unit, data)])];
    vec![
        ("numbers", vec![request(service("numbers"), numbers())]),
        ("names and units", vec![request(service("names"), names())]),
        (
            "attributes of all kinds",
            one("attributes", "", gauge(all_attributes())),
        ),
        (
            "names of attributes",
            one("label.names", "s", gauge(label_names())),
        ),
        (
            "resources that say more, less and nothing of themselves",
            vec![of_resources(
                resources()
                    .into_iter()
                    .enumerate()
                    .map(|(index, resource)| {
                        let point = with(whole(0, 1), texts(&[("n", &index.to_string())]));
                        (
                            resource,
                            vec![metric("of.resource", "", gauge(vec![point]))],
                        )
                    })
                    .collect(),
            )],
        ),
        (
            "target_info over a long time",
            one(
                "long",
                "",
                gauge(vec![float(0, 1.0), float(7, 2.0), float(59, 3.0)]),
            ),
        ),
        (
            "histograms of explicit bounds",
            one("explicit", "ms", histogram(Cumulative, explicit())),
        ),
        (
            "histograms of exponential buckets",
            one(
                "exponential",
                "By",
                exponential(
                    Cumulative,
                    vec![
                        scaled(0, 3, (-5, &[1, 0, 2]), (0, &[])),
                        scaled(1, 3, (-5, &[1, 0, 2, 0, 0, 0, 0, 1]), (4, &[1, 1])),
                        scaled(2, 3, (-5, &[0, 0, 0, 0, 0, 7, 0, 0, 0, 0]), (4, &[1, 1])),
                        scaled(3, 8, (100, &[1]), (-100, &[3])),
                        scaled(4, -4, (0, &[1]), (0, &[])),
                    ],
                ),
            ),
        ),
        (
            "histograms that are too fine",
            one(
                "fine",
                "By",
                exponential(
                    Cumulative,
                    vec![
                        scaled(0, 9, (0, &[1, 2, 3, 4]), (-3, &[5, 6, 7])),
                        scaled(1, 10, (-7, &[1, 2, 3, 4, 5, 6, 7, 8, 9]), (0, &[1])),
                        scaled(2, 20, (1_234_567, &[9]), (0, &[])),
                        scaled(3, 20, (-1_234_567, &[9, 0, 0, 1]), (0, &[])),
                    ],
                ),
            ),
        ),
        ("summaries", one("quantiles", "s", summary(summaries()))),
        (
            "nothing was recorded",
            vec![request(service("stale"), stale())],
        ),
        ("changes", deltas()),
    ]
}

fn numbers() -> Vec<Metric> {
    let values = [
        0.0,
        -0.0,
        1.5,
        f64::MAX,
        f64::MIN_POSITIVE,
        5e-324,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.1 + 0.2,
    ];
    let floats = || {
        (0..)
            .zip(values)
            .map(|(minute, value)| float(minute, value))
    };
    let wholes = [0, -1, i64::MAX, i64::MIN, 9_007_199_254_740_993];
    let wholes = || {
        (0..)
            .zip(wholes)
            .map(|(minute, value)| whole(minute, value))
    };
    vec![
        metric("floats", "", gauge(floats().collect())),
        metric("wholes", "1", gauge(wholes().collect())),
        metric("grows", "", sum(Cumulative, true, floats().collect())),
        metric("goes", "1", sum(Cumulative, false, wholes().collect())),
        metric(
            "nothing",
            "",
            gauge(vec![NumberDataPoint {
                value: None,
                ..float(0, 1.0)
            }]),
        ),
    ]
}

/// Each name with each unit, as a gauge and as a counter.
fn names() -> Vec<Metric> {
    const NAMES: [&str; 14] = [
        "http.server.duration",
        "a_total",
        "total.of.a",
        "seconds_ratio",
        "bytes.per.second",
        "9lives",
        "__a__b__",
        "a..b",
        "a:b",
        "grün.größe",
        "x_seconds_total",
        "cpu.ratio",
        "_",
        "a per_second",
    ];
    const UNITS: [&str; 19] = [
        "",
        "1",
        "s",
        "ms",
        "By",
        "By/s",
        "{requests}",
        "{requests}/s",
        "m/s",
        "1/s",
        "%",
        "foo bar",
        "_x_",
        "/s",
        "s/",
        "GiBy/d",
        "Cel",
        "per",
        "a/b/c",
    ];
    let mut metrics = Vec::new();
    for (index, name) in NAMES.into_iter().enumerate() {
        for (other, unit) in UNITS.into_iter().enumerate() {
            let told = texts(&[("n", &format!("{index}-{other}"))]);
            let points = |value| vec![with(whole(0, value), told.clone())];
            // No classic name has only underscores.
            let name = if name == "_" { "_x" } else { name };
            metrics.push(metric(name, unit, gauge(points(1))));
            let counted = format!("{name}.c");
            metrics.push(metric(&counted, unit, sum(Cumulative, true, points(2))));
            let counted = format!("s.{name}");
            metrics.push(metric(&counted, unit, sum(Cumulative, false, points(3))));
        }
    }
    metrics
}

fn all_attributes() -> Vec<NumberDataPoint> {
    let values = vec![
        text("text"),
        text("\"<&>\u{2028}\n\\"),
        Value::BoolValue(true),
        Value::IntValue(-42),
        Value::IntValue(i64::MIN),
        Value::DoubleValue(1.0),
        Value::DoubleValue(1e21),
        Value::DoubleValue(-1.5e-7),
        Value::DoubleValue(1e-6),
        Value::DoubleValue(123_456_789.125),
        Value::DoubleValue(f64::NAN),
        Value::DoubleValue(f64::INFINITY),
        Value::BytesValue(vec![0, 255, 1]),
        list(vec![]),
        list(vec![
            text("a\u{1}\u{8}\u{c}\t\r<"),
            Value::IntValue(1),
            Value::DoubleValue(1e-9),
            Value::BoolValue(false),
            Value::BytesValue(vec![1, 2]),
            map(vec![
                ("z", text("1")),
                ("a", list(vec![Value::IntValue(2)])),
            ]),
        ]),
        list(vec![Value::DoubleValue(f64::NAN)]),
        map(vec![]),
        list(vec![Value::BytesValue(vec![]), text("")]),
        Value::BytesValue(vec![]),
        map(vec![("b", text("é")), ("a<", Value::DoubleValue(0.5))]),
        text(""),
    ];
    let values = values.into_iter().enumerate();
    values
        .map(|(index, value)| {
            let number = Value::IntValue(index.try_into().unwrap());
            with(
                whole(0, 1),
                attributes(vec![("n", number), ("value", value)]),
            )
        })
        .collect()
}

fn label_names() -> Vec<NumberDataPoint> {
    const NAMES: [&[(&str, &str)]; 12] = [
        &[("a.b", "1"), ("a_b", "2"), ("a-b", "3")],
        &[("_private", "1"), ("__reserved__", "2"), ("__half", "3")],
        &[("9lives", "1"), ("größe", "2")],
        &[("a..b", "1"), ("a__b", "2")],
        &[("job", "x"), ("instance", "y")],
        &[("le", "z"), ("quantile", "0.5")],
        &[("__name__", "other")],
        &[("host.name", "mine"), ("host_name", "too")],
        &[("otel.scope.name", "mine")],
        &[("e", ""), ("e.", "")],
        &[("a.b", ""), ("a_b", "2")],
        &[("__a..b__", "1"), ("____x____", "2")],
    ];
    let names = NAMES.into_iter().enumerate();
    names
        .map(|(index, pairs)| {
            let number = index.to_string();
            let mut all = vec![("n", &*number)];
            all.extend(pairs);
            with(whole(0, 1), texts(&all))
        })
        .collect()
}

fn resources() -> Vec<Vec<opentelemetry_proto::tonic::common::v1::KeyValue>> {
    let name = ("service.name", "s");
    vec![
        service("whole"),
        texts(&[name]),
        texts(&[name, ("host.name", "h")]),
        texts(&[("service.namespace", "n"), ("host.name", "h")]),
        texts(&[("service.instance.id", "i"), ("host.name", "h")]),
        texts(&[("host.name", "h")]),
        texts(&[]),
        texts(&[name, ("job", "mine"), ("a.b", "1"), ("a_b", "2")]),
        // The same series of `target_info` as another.
        texts(&[("host.name", "h"), name]),
        attributes(vec![
            ("service.name", Value::IntValue(1)),
            ("host.name", list(vec![text("x")])),
        ]),
    ]
}

fn explicit() -> Vec<HistogramDataPoint> {
    let bounds = [-1.0, 0.0, 0.005, 1.0, 1e6, 1e-7, 1e22];
    let sorted = &bounds[..5];
    vec![
        buckets(0, sorted, &[0, 0, 1, 2, 3, 4]),
        buckets(1, sorted, &[1, 0, 1, 2, 3, 4]),
        HistogramDataPoint {
            sum: None,
            ..buckets(2, &[1e-7, 1e22], &[1, 2, 3])
        },
        buckets(3, &[], &[5]),
        buckets(4, &[], &[]),
        HistogramDataPoint {
            attributes: texts(&[("le", "mine"), ("x", "y")]),
            ..buckets(0, sorted, &[0, 0, 1, 0, 0, 0])
        },
    ]
}

fn summaries() -> Vec<SummaryDataPoint> {
    let quantiles = [(0.0, 1.0), (0.5, 2.5), (0.999, f64::NAN), (1.0, 1e9)];
    let quantiles = quantiles.into_iter();
    let quantiles: Vec<_> = quantiles
        .map(|(quantile, value)| summary_data_point::ValueAtQuantile { quantile, value })
        .collect();
    let point = |minute, flags| SummaryDataPoint {
        attributes: texts(&[("a", "b")]),
        time_unix_nano: at(minute),
        count: 7,
        sum: 11.5,
        quantile_values: quantiles.clone(),
        flags,
        ..SummaryDataPoint::default()
    };
    vec![point(0, 0), point(1, 1), point(2, 0)]
}

fn stale() -> Vec<Metric> {
    let number = |minute, flags| NumberDataPoint {
        flags,
        ..float(minute, 1.0)
    };
    let explicit = |minute, flags| HistogramDataPoint {
        flags,
        ..buckets(minute, &[1.0], &[1, 2])
    };
    let scaled = |minute, flags| {
        let mut point = scaled(minute, 2, (0, &[1, 2]), (0, &[]));
        point.flags = flags;
        point
    };
    vec![
        metric(
            "g",
            "",
            gauge(vec![number(0, 0), number(1, 1), number(2, 2)]),
        ),
        metric(
            "s",
            "",
            sum(Cumulative, true, vec![number(0, 1), number(1, 0)]),
        ),
        metric(
            "h",
            "",
            histogram(Cumulative, vec![explicit(0, 0), explicit(1, 1)]),
        ),
        metric(
            "e",
            "",
            exponential(Cumulative, vec![scaled(0, 0), scaled(1, 1), scaled(2, 3)]),
        ),
        metric("e.first", "", exponential(Cumulative, vec![scaled(0, 1)])),
    ]
}

/// What comes as changes, in several requests.
fn deltas() -> Vec<Request> {
    let told = |minute: u64, value| {
        let point = float(minute + 1, value);
        NumberDataPoint {
            start_time_unix_nano: at(minute),
            ..point
        }
    };
    let minutes = |minute: u64| {
        let fine = i32::try_from(minute % 3).unwrap();
        vec![
            metric("d.floats", "", sum(Delta, true, vec![told(minute, 0.1)])),
            metric(
                "d.wholes",
                "1",
                sum(Delta, false, vec![whole(minute + 1, -3)]),
            ),
            metric(
                "d.two",
                "s",
                sum(
                    Delta,
                    true,
                    vec![
                        with(told(minute, 1.0), texts(&[("a", "1"), ("b", "2")])),
                        with(told(minute, 2.0), texts(&[("a", "2")])),
                        with(told(minute, 5.0), texts(&[("b", "2"), ("a", "1")])),
                        // It is late, but in the first request: it counts for nothing.
                        with(whole(minute.max(1), 100), texts(&[("a", "2")])),
                    ],
                ),
            ),
            metric(
                "d.explicit",
                "",
                histogram(
                    Delta,
                    vec![buckets(minute + 1, &[1.0, 2.0], &[1, 0, minute])],
                ),
            ),
            metric(
                "d.bounds",
                "",
                histogram(
                    Delta,
                    vec![buckets(
                        minute + 1,
                        if minute < 3 { &[1.0, 2.0] } else { &[1.0, 3.0] },
                        &[1, 0, minute],
                    )],
                ),
            ),
            metric(
                "d.exponential",
                "",
                exponential(
                    Delta,
                    vec![scaled(
                        minute + 1,
                        5 - fine,
                        (-3 + 2 * fine, &[1, 0, 2, minute]),
                        (fine, &[1]),
                    )],
                ),
            ),
            metric(
                "d.wide",
                "",
                exponential(
                    Delta,
                    vec![scaled(
                        minute + 1,
                        6,
                        (-90 * i32::try_from(minute).unwrap(), &[1, 3]),
                        (0, &[]),
                    )],
                ),
            ),
            metric(
                "c.between",
                "",
                sum(Cumulative, true, vec![told(minute, 7.0)]),
            ),
        ]
    };
    (0..8)
        .map(|minute| request(service("deltas"), minutes(minute)))
        .collect()
}
