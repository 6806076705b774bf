//! Requests of OpenTelemetry's exporters, in protobuf and in JSON: each is read whole or refused, and nothing of it is silently lost.

use std::collections::BTreeMap;

use thanos_bucket::payload::Payload;
use thanos_bucket::payload::otlp::{Options, Reader, Strategy};
use thanos_bucket::samples::{Item, Labels, Told};

use super::corpus::texts;
use super::promise::{Promise, READ, assert_plain};

pub const PROMISES: [Promise; 1] = [Promise {
    name: "otlp",
    seeds: || [texts(&REQUESTS), vec![PROTOBUF.to_vec(), with_length()]].concat(),
    tokens: TOKENS,
    // A point whose time is wrong makes a quarter of a million of ones.
    slowest: READ.saturating_mul(4),
    check: otlp,
}];

const REQUESTS: [&str; 4] = [
    r#"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"s"}},{"key":"l","value":{"arrayValue":{"values":[{"intValue":"5"},{"kvlistValue":{"values":[{"key":"k","value":{"bytesValue":"AP8="}}]}}]}}}]},"scopeMetrics":[{"scope":{"name":"n"},"metrics":[{"name":"g","unit":"By/s","gauge":{"dataPoints":[{"timeUnixNano":"2000000000","asInt":"-3"},{"timeUnixNano":"200000000000","asDouble":"NaN","flags":1}]}}]}]}]}"#,
    r#"{"resource_metrics":[{"scope_metrics":[{"metrics":[{"name":"c","sum":{"isMonotonic":true,"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA","dataPoints":[{"startTimeUnixNano":1,"timeUnixNano":2000000,"asDouble":1.5,"exemplars":[{"asInt":7,"traceId":"0102","spanId":"0a"}]},{"timeUnixNano":3000000,"asInt":"2"}]}},{"name":"h","histogram":{"aggregationTemporality":1,"dataPoints":[{"timeUnixNano":2000000,"count":"3","sum":2.5,"bucketCounts":["1","2"],"explicitBounds":[0.5]},{"timeUnixNano":3000000,"count":"1","bucketCounts":["1","0"],"explicitBounds":[0.5]}]}}]}]}]}"#,
    r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"e","exponentialHistogram":{"aggregationTemporality":1,"dataPoints":[{"timeUnixNano":1000000,"count":"4","sum":9,"scale":9,"zeroCount":"1","zeroThreshold":0.1,"positive":{"offset":-2,"bucketCounts":["1","2"]}},{"timeUnixNano":2000000,"count":"6","sum":9,"scale":3,"negative":{"offset":7,"bucketCounts":["1","0","5"]}}]}}]}]}]}"#,
    "\n{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"q\",\"summary\":{\"dataPoints\":[{\"timeUnixNano\":1000000,\"count\":1,\"sum\":1,\"quantileValues\":[{\"quantile\":0.5,\"value\":1}]}]}}]}]}]}\n{}",
];

/// A gauge of one point, and a histogram of exponential buckets of another.
const PROTOBUF: &[u8] = b"\x0a_\x0a\x18\x0a\x16\x0a\x0cservice.name\x12\x06\x0a\x04shop\x12C\x12\x19\x0a\x01g*\x14\x0a\x12\x19\x00\x00\xe2\x96e\xf1\x17\x181\x07\x00\x00\x00\x00\x00\x00\x00\x12&\x0a\x01eR!\x0a\x1d\x19\x00\x00\xe2\x96e\xf1\x17\x18!-\x01\x00\x00\x00\x00\x00\x000\x12B\x07\x08\x02\x12\x03\x01\xac\x02\x10\x01";

/// The same as a collector writes it to a file.
fn with_length() -> Vec<u8> {
    let length = u32::try_from(PROTOBUF.len()).unwrap().to_be_bytes();
    [&length[..], PROTOBUF].concat()
}

const TOKENS: &[&str] = &[
    r#""timeUnixNano":"1","#,
    r#""time_unix_nano":9223372036854775807,"#,
    r#""aggregationTemporality":1"#,
    r#""asDouble":"-Infinity""#,
    r#""bucketCounts":["18446744073709551615","1"]"#,
    r#""explicitBounds":[1,0]"#,
    r#""scale":20"#,
    r#""scale":-2147483648"#,
    r#""offset":2147483647"#,
    r#""zeroThreshold":1e308"#,
    r#""key":"__","#,
    r#""unit":"/{}""#,
    r#""value":{"arrayValue":{"values":["#,
    "null",
    "[[[[[[[[[[[[[[[[",
    "\x0a\x7b",
    "\0\0\0\x04",
];

/// Reads the input twice with one reader, so that what comes as changes adds up, in each kind of translation.
fn otlp(input: &[u8]) {
    let of_all_kinds = Options {
        translation_strategy: Strategy::NoUTF8EscapingWithSuffixes,
        convert_histograms_to_nhcb: true,
        promote_all_resource_attributes: true,
        promote_scope_metadata: true,
        type_and_unit_labels: true,
        ..Options::default()
    };
    for options in [Options::default(), of_all_kinds] {
        let mut reader = Reader::new(options);
        for _ in 0..2 {
            read(&mut reader, input);
        }
    }
}

fn read(reader: &mut Reader, input: &[u8]) {
    let mut payload = Payload {
        body: &mut &*input,
        received_at_ms: Some(0),
        query_params: &BTreeMap::new(),
        place: "input",
    };
    let mut given = 0_usize;
    let read = reader.read(&mut payload, &mut |item| {
        given += 1;
        match item {
            Item::Piece(piece) => {
                assert_eq!(
                    Labels::of_packed(piece.labels.packed()),
                    Some(piece.labels.clone())
                );
                assert!(!piece.labels.metric().is_empty(), "{}", piece.labels);
                let Told::Samples(samples) = piece.told else {
                    panic!("a chunk");
                };
                assert!(!samples.is_empty());
            }
            Item::LeftOut(left_out) => {
                assert!(left_out.count > 0);
                assert_plain(&left_out.example);
            }
            Item::Metadata(_) | Item::Exemplar(_) => {}
            Item::Mark | Item::TakenBack => panic!("{item:?}"),
        }
        Ok(())
    });
    if let Err(why) = read {
        assert_plain(&why);
    }
}
