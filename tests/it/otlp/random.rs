//! Requests as nobody would write them: Prometheus and the reader make the same of them.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::{HistogramDataPoint, Metric, NumberDataPoint};

use super::endpoint::Endpoint;
use super::golden::Form;
use super::ours::{Given, assert_same, options as read_options, shown};
use super::requests::{
    Cumulative, Delta, attributes, buckets, exponential, float, gauge, histogram, list, map,
    metric, request, scaled, sum, text, whole, with,
};
use crate::tsdb::random::Random;

const REQUESTS: u64 = 150;

/// S-24.21
#[test]
#[expect(clippy::print_stderr, reason = "tells the seed")]
fn whatever_is_sent_prometheus_stores_what_is_read_here() {
    let mut random = Random::new();
    eprintln!("THANOS_BUCKET_SEED={}", random.seed());
    for options in [
        "{}",
        r#"{"translation_strategy": "NoUTF8EscapingWithSuffixes", "convert_histograms_to_nhcb": true}"#,
    ] {
        let prometheus = Endpoint::start(options, "");
        let mut payloads = Vec::new();
        for number in 0..REQUESTS {
            let form = [Form::Protobuf, Form::Json][index(&mut random, 2)];
            for one in requests(&mut random, number) {
                let body = form.of(&one);
                let sent = prometheus.send(body.clone(), form.content_type());
                sent.unwrap_or_else(|answer| panic!("{answer}: {one:?}"));
                payloads.push(body);
            }
        }
        let given = Given::of(read_options(options), &payloads).unwrap();
        assert_same(
            &shown(&prometheus.stored()),
            &shown(&given.stored),
            "random",
        );
    }
}

fn index(random: &mut Random, bound: usize) -> usize {
    random.below(bound as u64).try_into().unwrap()
}

fn pick<'a>(random: &mut Random, words: &[&'a str]) -> &'a str {
    words[index(random, words.len())]
}

/// A text of pieces that mean something to a translation.
fn name(random: &mut Random) -> String {
    const PIECES: [&str; 20] = [
        "a",
        "B",
        "_",
        "__",
        ".",
        "..",
        ":",
        "-",
        "9",
        "é",
        " ",
        "total",
        "ratio",
        "seconds",
        "per_second",
        "bytes",
        "/",
        "key",
        "{",
        "milliseconds",
    ];
    let count = 1 + random.below(6);
    (0..count).map(|_| pick(random, &PIECES)).collect()
}

fn unit(random: &mut Random) -> String {
    const PIECES: [&str; 16] = [
        "s", "ms", "By", "1", "/", "{x}", "%", " ", "_", "m", "d", "foo", "GBy", "é", "mo", "w",
    ];
    let count = random.below(4);
    (0..count).map(|_| pick(random, &PIECES)).collect()
}

fn value(random: &mut Random, depth: u32) -> Value {
    let more = |random: &mut Random| {
        let count = random.below(3);
        (0..count)
            .map(|_| value(random, depth + 1))
            .collect::<Vec<_>>()
    };
    match random.below(if depth < 3 { 7 } else { 5 }) {
        0 => text(&name(random)),
        1 => Value::BoolValue(random.below(2) == 0),
        2 => Value::IntValue(random.below(u64::MAX).cast_signed()),
        3 => {
            let any = f64::from_bits(random.below(u64::MAX));
            Value::DoubleValue(if any.is_finite() { any } else { 0.1 })
        }
        4 => Value::BytesValue(
            (0..random.below(5))
                .map(|_| u8::try_from(random.below(256)).unwrap())
                .collect(),
        ),
        5 => list(more(random)),
        _ => {
            let values = more(random);
            let names: Vec<String> = values.iter().map(|_| name(random)).collect();
            let names = names.iter().map(String::as_str);
            map(names.zip(values).collect())
        }
    }
}

/// Attributes, among them one that tells the series from all others.
fn told(random: &mut Random, number: u64) -> Vec<KeyValue> {
    let mut told = attributes(vec![("n", text(&number.to_string()))]);
    for _ in 0..random.below(5) {
        let key = format!("k{}", name(random));
        if told.iter().all(|one| one.key != key) {
            let value = value(random, 0);
            told.extend(attributes(vec![(&*key, value)]));
        }
    }
    told
}

fn any_float(random: &mut Random) -> f64 {
    match random.below(4) {
        0 => f64::from(u32::try_from(random.below(1000)).unwrap()) / 10.0,
        1 => f64::INFINITY,
        2 => -0.0,
        _ => {
            let any = f64::from_bits(random.below(u64::MAX));
            if any.is_nan() { 1.0 } else { any }
        }
    }
}

fn counts(random: &mut Random, most: u64, least_each: u64) -> Vec<u64> {
    let count = random.below(most);
    (0..count)
        .map(|_| least_each + random.below(3) * random.below(4) * random.below(2))
        .collect()
}

/// Requests of one resource, whose points come in the order of time.
fn requests(
    random: &mut Random,
    number: u64,
) -> Vec<opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest> {
    let mut resource = attributes(vec![("service.name", text(&format!("service {number}")))]);
    for key in [
        "service.namespace",
        "service.instance.id",
        "host.name",
        "a.b",
        "a_b",
    ] {
        if random.below(2) == 0 {
            let value = value(random, 0);
            resource.extend(attributes(vec![(key, value)]));
        }
    }
    let name = format!("m{number}{}", name(random));
    let unit = unit(random);
    let told = told(random, number);
    let kind = random.below(6);
    let is_delta = random.below(2) == 0;
    let temporality = if is_delta { Delta } else { Cumulative };
    let bounds: Vec<f64> = (0..u32::try_from(random.below(5)).unwrap())
        .map(|at| f64::from(at) * 1.5 - 2.0)
        .collect();
    let is_monotonic = random.below(2) == 0;
    let is_whole = random.below(2) == 0;
    let mut all = Vec::new();
    for minute in 0..=random.below(4) {
        let flags = u32::from(random.below(8) == 0 && !is_delta);
        let number = if is_whole {
            whole(
                minute,
                random.below(u64::MAX).cast_signed() >> random.below(60),
            )
        } else {
            float(minute, any_float(random))
        };
        let number = with(NumberDataPoint { flags, ..number }, told.clone());
        let data = match kind {
            0 | 1 => gauge(vec![number]),
            2 => sum(temporality, is_monotonic, vec![number]),
            3 => {
                let counts = (0..=bounds.len())
                    .map(|_| random.below(4))
                    .collect::<Vec<_>>();
                let point = buckets(minute, &bounds, &counts);
                let attributes = told.clone();
                histogram(
                    temporality,
                    vec![HistogramDataPoint {
                        attributes,
                        flags,
                        ..point
                    }],
                )
            }
            _ => {
                // Sums of deltas become coarser, and are to stay a native histogram.
                let coarsest = if is_delta { 4 } else { -4 };
                let scale = coarsest + i32::try_from(random.below(14)).unwrap();
                // Where buckets are taken together none is empty: see S-24.24. What adds up deltas in Prometheus panics at empty sides.
                let least = u64::from(scale > 8 || is_delta);
                let (positive, negative) = (counts(random, 20, least), counts(random, 6, least));
                let offset = i32::try_from(random.below(400)).unwrap() - 200;
                let lies = |counts: &[u64], offset| if counts.is_empty() { 0 } else { offset };
                let sides = (lies(&positive, offset), lies(&negative, -offset));
                let mut point = scaled(minute, scale, (sides.0, &positive), (sides.1, &negative));
                (point.attributes, point.flags) = (told.clone(), flags);
                // What deltas add up to may have holes again.
                let temporality = if scale > 8 { Cumulative } else { temporality };
                exponential(temporality, vec![point])
            }
        };
        let one: Metric = metric(&name, &unit, data);
        all.push(request(resource.clone(), vec![one]));
    }
    all
}
