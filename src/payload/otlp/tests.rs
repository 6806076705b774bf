//! What Prometheus cannot be asked: forms of JSON and of files, what is left out and why, exemplars and metadata.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should panic"
)]

mod changes;

use std::collections::BTreeMap;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest as Request;
use prost::Message;

use super::{Options, Reader};
use crate::payload::Payload;
use crate::samples::{Item, Told, Value};

fn read_at(
    reader: &mut Reader,
    body: &[u8],
    received_at_ms: Option<i64>,
) -> Result<Vec<Item>, String> {
    let mut items = Vec::new();
    let mut payload = Payload {
        body: &mut &*body,
        received_at_ms,
        query_params: &BTreeMap::new(),
        place: "capture.json: entry 3",
    };
    let read = reader.read(&mut payload, &mut |item| {
        items.push(item);
        Ok(())
    });
    read.map(|()| items).map_err(|err| format!("{err:#}"))
}

fn read(body: &[u8]) -> Result<Vec<Item>, String> {
    read_at(&mut Reader::new(Options::default()), body, None)
}

/// Samples as `name{labels} value@seconds`, exemplars after `#`, what is left out by kind and count; metadata not.
fn shown(items: &[Item]) -> Vec<String> {
    let shown = items.iter().flat_map(|item| match item {
        Item::Piece(piece) => {
            let Told::Samples(samples) = &piece.told else {
                panic!("a chunk");
            };
            let samples = samples.iter().map(|sample| {
                let value = match &sample.value {
                    Value::Float(value) => value.to_string(),
                    Value::Histogram(histogram) => format!("histogram of {}", histogram.sum),
                };
                format!("{} {value}@{}", piece.labels, sample.time_ms / 1000)
            });
            samples.collect()
        }
        Item::Exemplar(it) => vec![format!(
            "{} # {} {}@{}",
            it.series,
            it.labels,
            it.value,
            it.time_ms / 1000
        )],
        Item::LeftOut(it) => vec![format!("{} {}: {}", it.count, it.kind, it.example)],
        Item::Metadata(_) => vec![],
        Item::Mark | Item::TakenBack => vec![format!("{item:?}")],
    });
    shown.collect()
}

const USUAL: &str = r#"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"s"}},{"key":"b","value":{"bytesValue":"AP8="}},{"key":"l","value":{"arrayValue":{"values":[{"intValue":"5"},{"boolValue":true}]}}},{"key":"m","value":{"kvlistValue":{"values":[{"key":"k","value":{"doubleValue":0.5}}]}}}]},"scopeMetrics":[{"metrics":[
{"name":"g","unit":"1","gauge":{"dataPoints":[{"timeUnixNano":"2000000000","asInt":"-3"}]}},
{"name":"c","sum":{"isMonotonic":true,"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"2000000000","asDouble":1.5,"flags":1,"exemplars":[{"timeUnixNano":"1000000000","asInt":"7","traceId":"0102030405060708090a0b0c0d0e0fff","spanId":"00000000000000AB"}]}]}},
{"name":"h","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"2000000000","count":"3","sum":2.5,"bucketCounts":["1","2"],"explicitBounds":[0.5]}]}},
{"name":"e","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"2000000000","count":"4","sum":9,"scale":-1,"zeroCount":"1","positive":{"offset":-2,"bucketCounts":["1","2"]}}]}},
{"name":"q","summary":{"dataPoints":[{"timeUnixNano":"2000000000","count":"2","sum":3,"quantileValues":[{"quantile":0.5,"value":1}]}]}}
]}]}]}"#;

/// Other ways to write the same.
const FORMS: [(&str, &[(&str, &str)]); 8] = [
    (
        "snake case",
        &[
            ("resourceMetrics", "resource_metrics"),
            ("scopeMetrics", "scope_metrics"),
            ("stringValue", "string_value"),
            ("bytesValue", "bytes_value"),
            ("arrayValue", "array_value"),
            ("kvlistValue", "kvlist_value"),
            ("dataPoints", "data_points"),
            ("timeUnixNano", "time_unix_nano"),
            ("isMonotonic", "is_monotonic"),
            ("aggregationTemporality", "aggregation_temporality"),
            ("asInt", "as_int"),
            ("asDouble", "as_double"),
            ("traceId", "trace_id"),
            ("spanId", "span_id"),
            ("bucketCounts", "bucket_counts"),
            ("explicitBounds", "explicit_bounds"),
            ("exponentialHistogram", "exponential_histogram"),
            ("zeroCount", "zero_count"),
            ("quantileValues", "quantile_values"),
        ],
    ),
    (
        "64 bits as numbers",
        &[
            (r#""2000000000""#, "2000000000"),
            (r#""-3""#, "-3"),
            (r#""7""#, "7"),
            (r#"["1","2"]"#, "[1,2.0]"),
            (r#""count":"3""#, r#""count":3e0"#),
            (r#""intValue":"5""#, r#""intValue":5"#),
        ],
    ),
    (
        "numbers as texts",
        &[
            (r#""asDouble":1.5"#, r#""asDouble":"1.5""#),
            (r#""sum":2.5"#, r#""sum":"2.5""#),
            ("[0.5]", r#"["0.5"]"#),
            (r#""scale":-1"#, r#""scale":"-1""#),
            (r#""flags":1"#, r#""flags":"1""#),
            (r#""doubleValue":0.5"#, r#""doubleValue":"0.5""#),
        ],
    ),
    (
        "names of enumerations",
        &[(
            r#""aggregationTemporality":2"#,
            r#""aggregationTemporality":"AGGREGATION_TEMPORALITY_CUMULATIVE""#,
        )],
    ),
    (
        "what nobody knows",
        &[
            (r#"{"stringValue""#, r#"{"future":{"a":[1]},"stringValue""#),
            (r#"{"name""#, r#"{"unheardOf":[{"x":null}],"name""#),
            (r#"{"timeUnixNano""#, r#"{"timeUnix":"x","timeUnixNano""#),
        ],
    ),
    (
        "null for what is not given",
        &[
            (
                r#"{"timeUnixNano""#,
                r#"{"attributes":null,"startTimeUnixNano":null,"timeUnixNano""#,
            ),
            (r#""asInt""#, r#""asDouble":null,"asInt""#),
            (r#""gauge""#, r#""sum":null,"gauge""#),
            (r#""positive""#, r#""negative":null,"min":null,"positive""#),
            (r#""scopeMetrics""#, r#""schemaUrl":null,"scopeMetrics""#),
        ],
    ),
    (
        "other letters",
        &[("AP8=", "AP8"), ("0e0fff", "0E0FFF"), ("00AB", "00ab")],
    ),
    (
        "space around it",
        &[(r#"{"resourceMetrics""#, "\n \t{ \"resourceMetrics\"")],
    ),
];

/// S-24.20
#[test]
fn json_is_read_however_senders_write_it() {
    let usual = shown(&read(USUAL.as_bytes()).unwrap());
    let expected = [
        "g_ratio{job=\"s\"} -3@2",
        "c_total{job=\"s\"} # {span_id=\"00000000000000ab\", trace_id=\"0102030405060708090a0b0c0d0e0fff\"} 7@1",
        "c_total{job=\"s\"} NaN@2",
        "h_sum{job=\"s\"} 2.5@2",
        "h_count{job=\"s\"} 3@2",
        "h_bucket{job=\"s\", le=\"0.5\"} 1@2",
        "h_bucket{job=\"s\", le=\"+Inf\"} 3@2",
        "e{job=\"s\"} histogram of 9@2",
        "q_sum{job=\"s\"} 3@2",
        "q_count{job=\"s\"} 2@2",
        "q{job=\"s\", quantile=\"0.5\"} 1@2",
        r#"target_info{b="AP8=", job="s", l="[5,true]", m="{\"k\":0.5}"} 1@2"#,
    ];
    assert_eq!(usual, expected);
    for (what, changes) in FORMS {
        let mut text = USUAL.to_owned();
        for (usual, other) in changes {
            assert!(text.contains(usual), "{what}: {usual}");
            text = text.replace(usual, other);
        }
        let items = read(text.as_bytes()).unwrap_or_else(|why| panic!("{what}: {why}"));
        assert_eq!(shown(&items), usual, "{what}");
    }
}

/// The request of [`USUAL`] in protobuf.
fn in_protobuf() -> Vec<u8> {
    let read: super::json::Request = serde_json::from_str(USUAL).unwrap();
    read.0.encode_to_vec()
}

/// S-24.20
#[test]
fn files_of_collectors_are_read_request_by_request() {
    let usual = shown(&read(USUAL.as_bytes()).unwrap());
    let one_line = USUAL.replace('\n', "");
    let protobuf = in_protobuf();
    let length = u32::try_from(protobuf.len()).unwrap().to_be_bytes();
    let with_length = [&length[..], &protobuf].concat();
    let twice = |one: &[u8], between: &str| [one, between.as_bytes(), one].concat();
    for (what, body, times) in [
        ("protobuf", protobuf.clone(), 1),
        ("lines of JSON", twice(one_line.as_bytes(), "\n"), 2),
        (
            "lines of JSON after an empty one",
            format!("\n{one_line}").into(),
            1,
        ),
        (
            "with a mark of byte order",
            format!("\u{feff}{one_line}").into(),
            1,
        ),
        ("lengths", twice(&with_length, ""), 2),
        ("frames of gRPC", twice(&of_grpc(0, &protobuf), ""), 2),
        ("a compressed frame", of_grpc(1, &gzip(&protobuf)), 1),
        ("a list", format!("[{one_line},\n{one_line}]\n").into(), 2),
        ("an empty list", b"[]".to_vec(), 0),
        (
            "names of 2021",
            one_line
                .replace("scopeMetrics", "instrumentationLibraryMetrics")
                .replace("\"scope\"", "\"instrumentationLibrary\"")
                .into(),
            1,
        ),
        ("nothing", vec![], 0),
    ] {
        let items = read(&body).unwrap_or_else(|why| panic!("{what}: {why}"));
        let expected: Vec<String> = (0..times).flat_map(|_| usual.clone()).collect();
        assert_eq!(shown(&items), expected, "{what}");
    }
    // A request in protobuf whose length is that of a brace.
    for length in [b'{', b' '] {
        let mut named: super::json::Request = serde_json::from_str(USUAL).unwrap();
        let resource = &mut named.0.resource_metrics[0];
        (resource.resource, resource.scope_metrics) = (None, Vec::new());
        let missing = usize::from(length) - resource.encoded_len() - 2;
        resource.schema_url = "x".repeat(missing);
        let body = named.0.encode_to_vec();
        assert_eq!(body[..2], [b'\n', length]);
        assert_eq!(
            read(&body).map(|items| shown(&items)),
            Ok(vec![EMPTY.to_owned()])
        );
    }
}

/// S-24.20
#[test]
fn what_is_no_request_is_an_error_that_names_place_and_line() {
    let cut = in_protobuf();
    let wrong = USUAL.replace(r#""asInt":"-3""#, r#""asInt":"three""#);
    for (body, expected) in [
        (
            b"<html>".to_vec(),
            "read capture.json: entry 3: no request of OTLP",
        ),
        (
            cut[..cut.len() - 1].to_vec(),
            "read capture.json: entry 3: no request of OTLP",
        ),
        (
            wrong.into_bytes(),
            "read capture.json: entry 3: line 2: expected a whole number",
        ),
        (
            USUAL.as_bytes()[..600].to_vec(),
            "read capture.json: entry 3: line 3: EOF",
        ),
        (
            b"{\"resourceMetrics\":{}}".to_vec(),
            "read capture.json: entry 3: line 1: invalid type: map, expected a list",
        ),
        (b"{}{".to_vec(), "read capture.json: entry 3: line 1: EOF"),
        (
            b"\n{\"resourceMetrics\":[{]}".to_vec(),
            "read capture.json: entry 3: line 2: key must be a string",
        ),
        (
            b"\0\0\0\x05\x0a".to_vec(),
            "read capture.json: entry 3: message 1 of protobuf is cut off",
        ),
        (
            vec![0, 0, 0],
            "read capture.json: entry 3: message 1 of protobuf is cut off",
        ),
        (
            of_grpc(1, b"\x28\xb5\x2f\xfd"),
            "read capture.json: entry 3: message 1 of protobuf is compressed, and not with gzip",
        ),
        (
            b"\0\0\0\x05\x28\xb5\x2f\xfd\0".to_vec(),
            "read capture.json: entry 3: message 1 of protobuf: it is compressed with zstd, which is not read",
        ),
    ] {
        let why = read(&body).unwrap_err();
        assert!(why.starts_with(expected), "{why}");
        assert!(!why.contains('\n'), "{why}");
    }
}

/// What is told of a resource without metrics.
const EMPTY: &str = "1 no-metrics: a resource in capture.json: entry 3: it holds no metrics";

fn of_grpc(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[flag][..], &length, message].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// S-24.20
#[test]
fn frames_of_grpc_and_lengths_are_told_apart_where_they_begin_alike() {
    // Lengths of 2,570 and of 10: with the tag of a request, frames of both kinds begin with the same six bytes.
    for length in [10, 2570] {
        let mut named: super::json::Request = serde_json::from_str(USUAL).unwrap();
        let resource = &mut named.0.resource_metrics[0];
        (resource.resource, resource.scope_metrics) = (None, Vec::new());
        resource.schema_url = "x".repeat(length - 4);
        let mut message = named.0.encode_to_vec();
        while message.len() > length {
            named.0.resource_metrics[0].schema_url.pop();
            message = named.0.encode_to_vec();
        }
        assert_eq!(message.len(), length);
        let with_length = [&u32::try_from(length).unwrap().to_be_bytes()[..], &message].concat();
        for body in [of_grpc(0, &message), with_length] {
            let items = read(&body).map(|items| shown(&items));
            assert_eq!(items, Ok(vec![EMPTY.to_owned()]), "{:?}", &body[..7]);
        }
    }
}

/// A metric in JSON, in a request of its own.
fn alone(metric: &str) -> String {
    format!(r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{metric}]}}]}}]}}"#)
}

/// S-24.27
#[test]
fn what_prometheus_cannot_hold_is_left_out_point_by_point_and_named() {
    const GOOD: &str = r#"{"timeUnixNano":"1000000000","asInt":"1"}"#;
    let numbers = |points: &str| format!(r#"{{"name":"m","gauge":{{"dataPoints":[{points}]}}}}"#);
    let exponential = |rest: &str| {
        format!(
            r#"{{"name":"m","exponentialHistogram":{{"aggregationTemporality":2,"dataPoints":[{{"timeUnixNano":"1000000000",{rest}}}]}}}}"#
        )
    };
    let in_place = "m in capture.json: entry 3";
    for (metric, expected) in [
        (r#"{"name":"m"}"#.to_owned(), vec![format!("1 no-points: {in_place}: it has no points")]),
        (numbers(""), vec![format!("1 no-points: {in_place}: it has no points")]),
        (
            numbers(&format!(r#"{{"asInt":"1"}},{GOOD},{{"timeUnixNano":"18446744073709551615"}}"#)),
            vec![format!("2 no-time: {in_place}: a point has no time"), "m 1@1".to_owned()],
        ),
        (
            numbers(GOOD).replace(r#""m""#, r#""...""#),
            vec!["1 unnamable-metric: ... in capture.json: entry 3: it has no name that a metric may have".to_owned()],
        ),
        (
            numbers(&format!(r#"{{"timeUnixNano":"1000000000","attributes":[{{"key":"--"}}]}},{GOOD}"#)),
            vec![format!("1 unnamable-label: {in_place}: an attribute of a point makes no name of a label"), "m 1@1".to_owned()],
        ),
        (
            format!(r#"{{"name":"m","sum":{{"dataPoints":[{GOOD},{GOOD}]}}}}"#),
            vec![format!("2 unspecified-temporality: {in_place}: it does not say whether its points are sums or changes")],
        ),
        (
            exponential(r#""scale":-5"#),
            vec![format!("1 unsupported-scale: {in_place}: its scale is -5, and that of a native histogram at least -4")],
        ),
        (
            exponential(r#""count":"3","positive":{"bucketCounts":["1"]},"negative":{"bucketCounts":["1"]}"#),
            vec![format!("1 invalid-histogram: {in_place}: its buckets hold 2 observations, and its count is 3")],
        ),
        (
            exponential(r#""count":"3","sum":"NaN","positive":{"bucketCounts":["1"]}"#),
            vec!["m histogram of NaN@1".to_owned()],
        ),
        (
            exponential(r#""count":"1","positive":{"offset":2147483647,"bucketCounts":["1"]}"#),
            vec![format!("1 invalid-histogram: {in_place}: its buckets lie too far away")],
        ),
        (
            r#"{"name":"m","sum":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"1000000000","asInt":"1","exemplars":[{"timeUnixNano":"1"}]}]}}"#.to_string(),
            vec![format!("1 exemplar-without-value: {in_place}: an exemplar has no value"), "m 1@1".to_owned()],
        ),
    ] {
        let items = read(alone(&metric).as_bytes()).unwrap();
        assert_eq!(shown(&items), expected, "{metric}");
    }
    let traces = r#"{"resourceSpans":[]}"#;
    let expected = "1 no-metrics: a request in capture.json: entry 3: it holds no metrics";
    for empty in [traces.as_bytes().to_vec(), of_grpc(0, &[])] {
        assert_eq!(shown(&read(&empty).unwrap()), [expected]);
    }
}

/// S-24.26
#[test]
fn exemplars_go_to_their_buckets_and_what_a_metric_is_is_told_once() {
    let metric = r#"{"name":"h","unit":"s","description":"d","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"9000000000","count":"3","bucketCounts":["1","1","1"],"explicitBounds":[1,2],
        "exemplars":[{"asDouble":5,"timeUnixNano":"8000000000"},{"asDouble":1,"filteredAttributes":[{"key":"user.id","value":{"intValue":1}}]},{"asDouble":1.5,"traceId":"01","filteredAttributes":[{"key":"long","value":{"stringValue":"LONG"}}]}]}]}}"#;
    let metric = metric.replace("LONG", &"x".repeat(120));
    let mut reader = Reader::new(Options::default());
    let first = read_at(&mut reader, alone(&metric).as_bytes(), None).unwrap();
    let expected = [
        "h_seconds_count 3@9",
        "h_seconds_bucket{le=\"1\"} # {\"user.id\"=\"1\"} 1@9",
        "h_seconds_bucket{le=\"1\"} 1@9",
        "h_seconds_bucket{le=\"2\"} # {trace_id=\"01\"} 1.5@9",
        "h_seconds_bucket{le=\"2\"} 2@9",
        "h_seconds_bucket{le=\"+Inf\"} # {} 5@8",
        "h_seconds_bucket{le=\"+Inf\"} 3@9",
    ];
    assert_eq!(shown(&first), expected);
    let told = |items: &[Item]| -> Vec<String> {
        let told = items.iter().filter_map(|item| match item {
            Item::Metadata(it) => Some(format!(
                "{} {} {:?} {:?}",
                it.family, it.kind, it.help, it.unit
            )),
            _ => None,
        });
        told.collect()
    };
    assert_eq!(told(&first), ["h_seconds histogram \"d\" \"seconds\""]);
    let again = read_at(&mut reader, alone(&metric).as_bytes(), None).unwrap();
    assert_eq!(told(&again), [""; 0]);
    let other = read_at(
        &mut reader,
        alone(&metric.replace("\"d\"", "\"D\"")).as_bytes(),
        None,
    );
    assert_eq!(
        told(&other.unwrap()),
        ["h_seconds histogram \"D\" \"seconds\""]
    );
}

/// S-24.23
#[test]
fn a_point_whose_time_is_wrong_makes_no_millions_of_samples() {
    let body = USUAL.replacen("\"2000000000\"", "\"9000000000000000000\"", 1);
    let items = read(body.as_bytes()).unwrap();
    let shown = shown(&items);
    let targets = shown.iter().filter(|line| line.starts_with("target_info"));
    assert_eq!(targets.count(), 250_002);
    assert!(shown.last().unwrap().ends_with(" 1@9000000000"));
    let cut = shown
        .iter()
        .filter(|line| line.starts_with("1 target-info-between"));
    assert_eq!(cut.count(), 1);
}

/// S-24.21
#[test]
fn a_request_is_the_same_in_both_forms() {
    let decoded = Request::decode(&*in_protobuf()).unwrap();
    let read: super::json::Request = serde_json::from_str(USUAL).unwrap();
    assert_eq!(decoded, read.0);
}
