//! Chunks are encoded as Prometheus encodes them, and read as it reads them.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::process::Command;

use serde::Deserialize;
use thanos_bucket::samples::{
    Buckets, Chunk, Encoding, Histogram, ResetHint, STALE, Sample, Span, Value,
};
use thanos_bucket::tsdb::{decode, encode};

use crate::support::servers::program;

/// Samples of a series, and what Prometheus makes of them (tests/servers/tsdb-blocks/encoded.go).
#[derive(Deserialize)]
struct Encoded {
    name: String,
    samples: Vec<ToldSample>,
    chunks: Vec<ToldChunk>,
}

#[derive(Deserialize)]
struct ToldSample {
    at: i64,
    value: Option<Bits>,
    integers: Option<ToldHistogram<u64, i64>>,
    floats: Option<ToldHistogram<Bits, Bits>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToldHistogram<C, B> {
    hint: u8,
    schema: i32,
    zero_threshold: Bits,
    sum: Bits,
    positive_spans: Vec<(i32, u32)>,
    negative_spans: Vec<(i32, u32)>,
    custom_values: Vec<Bits>,
    count: C,
    zero_count: C,
    positive: Vec<B>,
    negative: Vec<B>,
}

#[derive(Deserialize)]
struct ToldChunk {
    encoding: u8,
    min: i64,
    max: i64,
    data: String,
    #[serde(default)]
    samples: Vec<ToldSample>,
}

/// A float as the digits of its bits.
#[derive(Deserialize)]
struct Bits(String);

impl Bits {
    fn float(&self) -> f64 {
        f64::from_bits(u64::from_str_radix(&self.0, 16).unwrap())
    }
}

fn floats(bits: &[Bits]) -> Vec<f64> {
    bits.iter().map(Bits::float).collect()
}

impl<C, B> ToldHistogram<C, B> {
    fn told(&self, buckets: Buckets) -> Value {
        let spans = |told: &[(i32, u32)]| {
            let spans = told.iter();
            spans
                .map(|&(offset, length)| Span { offset, length })
                .collect()
        };
        Value::Histogram(Box::new(Histogram {
            reset_hint: match self.hint {
                0 => ResetHint::Unknown,
                1 => ResetHint::Reset,
                2 => ResetHint::NoReset,
                _ => ResetHint::Gauge,
            },
            schema: self.schema,
            zero_threshold: self.zero_threshold.float(),
            sum: self.sum.float(),
            positive_spans: spans(&self.positive_spans),
            negative_spans: spans(&self.negative_spans),
            custom_values: floats(&self.custom_values),
            buckets,
        }))
    }
}

impl ToldSample {
    fn told(&self) -> Sample {
        let value = match (&self.value, &self.integers, &self.floats) {
            (Some(value), None, None) => Value::Float(value.float()),
            (None, Some(told), None) => told.told(Buckets::Integers {
                count: told.count,
                zero_count: told.zero_count,
                positive: told.positive.clone(),
                negative: told.negative.clone(),
            }),
            (None, None, Some(told)) => told.told(Buckets::Floats {
                count: told.count.float(),
                zero_count: told.zero_count.float(),
                positive: floats(&told.positive),
                negative: floats(&told.negative),
            }),
            _ => panic!("a sample of one kind"),
        };
        Sample {
            time_ms: self.at,
            value,
        }
    }
}

impl ToldChunk {
    fn data(&self) -> Vec<u8> {
        let digits = self.data.as_bytes().chunks(2);
        let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.map(byte).collect()
    }

    fn told(&self) -> Chunk {
        Chunk {
            encoding: Encoding::of_number(self.encoding).unwrap(),
            min_time_ms: self.min,
            max_time_ms: self.max,
            data: self.data().into(),
        }
    }
}

/// Every bit counts, and NaN is unlike itself: what is compared is the text of it, with bits for floats that are none.
fn text(sample: &Sample) -> String {
    match &sample.value {
        Value::Float(value) => format!("{} {:x}", sample.time_ms, value.to_bits()),
        Value::Histogram(histogram) => {
            format!("{sample:?} {:x}", histogram.sum.to_bits())
        }
    }
}

fn read(chunk: &Chunk) -> Vec<String> {
    let samples = decode::samples(chunk.encoding.number(), &chunk.data);
    samples.map(|sample| text(&sample.unwrap())).collect()
}

/// How many chunks there are.
fn check(lines: &str) -> usize {
    let mut count = 0;
    for line in lines.lines() {
        let told: Encoded = serde_json::from_str(line).unwrap();
        let samples: Vec<_> = told.samples.iter().map(ToldSample::told).collect();
        let mut left = samples.iter();
        let mut chunks = encode::chunks(samples.clone());
        for (number, expected) in told.chunks.iter().enumerate() {
            let chunk = chunks.next().unwrap().unwrap();
            assert_eq!(chunk, expected.told(), "{}, chunk {number}", told.name);
            let summary = decode::summary(chunk.encoding.number(), &chunk.data).unwrap();
            assert_eq!(summary.first_ms, chunk.min_time_ms);
            assert_eq!(summary.last_ms, chunk.max_time_ms);
            let many = usize::try_from(summary.samples).unwrap();
            let put: Vec<_> = left.by_ref().take(many).map(text).collect();
            let taken = read(&chunk);
            if chunk.encoding == Encoding::Xor {
                assert_eq!(taken, put, "{}, chunk {number}", told.name);
            } else {
                let expected = expected.samples.iter().map(|sample| text(&sample.told()));
                let expected: Vec<_> = expected.collect();
                assert_eq!(taken, expected, "{}, chunk {number}", told.name);
            }
            count += 1;
        }
        assert!(chunks.next().is_none(), "{}", told.name);
        assert!(left.next().is_none(), "{}", told.name);
    }
    count
}

/// S-24.40
#[test]
fn chunks_are_those_of_prometheus_to_the_last_bit() {
    let golden = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/tsdb-chunks.jsonl"
    );
    assert!(check(&fs::read_to_string(golden).unwrap()) > 60);
}

/// S-24.40
#[test]
fn chunks_of_newer_encodings_are_read_as_prometheus_reads_them() {
    let golden = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/tsdb-newer-chunks.jsonl"
    );
    let mut seen = [0; 7];
    for line in fs::read_to_string(golden).unwrap().lines() {
        let told: Encoded = serde_json::from_str(line).unwrap();
        for (number, chunk) in told.chunks.iter().enumerate() {
            let data = chunk.data();
            let taken: Vec<_> = decode::samples(chunk.encoding, &data)
                .map(|sample| text(&sample.unwrap()))
                .collect();
            let expected: Vec<_> = chunk
                .samples
                .iter()
                .map(|sample| text(&sample.told()))
                .collect();
            assert_eq!(taken, expected, "{}, chunk {number}", told.name);
            let summary = decode::summary(chunk.encoding, &data).unwrap();
            assert_eq!((summary.first_ms, summary.last_ms), (chunk.min, chunk.max));
            seen[usize::from(chunk.encoding)] += 1;
        }
    }
    assert!(seen[4..].iter().all(|seen| *seen > 10), "{seen:?}");
}

#[test]
#[expect(clippy::print_stderr, reason = "tells the seed")]
fn chunks_of_samples_that_are_drawn_are_those_of_prometheus() {
    let seed = 1 + (RandomState::new().hash_one(0) >> 2);
    eprintln!("seed {seed}");
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new(program("tsdb-blocks"))
        .arg(folder.path())
        .args(["chunks", &seed.to_string()])
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let lines = fs::read_to_string(folder.path().join("chunks.jsonl")).unwrap();
    assert!(check(&lines) > 1000);
}

/// S-24.41
#[test]
fn what_no_chunk_can_hold_is_told_and_nothing_is_taken() {
    let float = |time_ms| Sample {
        time_ms,
        value: Value::Float(1.0),
    };
    let histogram = |change: fn(&mut Histogram)| {
        let mut histogram = Histogram {
            reset_hint: ResetHint::Unknown,
            schema: 3,
            zero_threshold: 0.0,
            sum: 1.0,
            positive_spans: vec![Span {
                offset: 0,
                length: 1,
            }],
            negative_spans: Vec::new(),
            custom_values: Vec::new(),
            buckets: Buckets::Integers {
                count: 1,
                zero_count: 0,
                positive: vec![1],
                negative: Vec::new(),
            },
        };
        change(&mut histogram);
        Sample {
            time_ms: 20,
            value: Value::Histogram(Box::new(histogram)),
        }
    };
    for (sample, why) in [
        (float(10), "sample of 10: it follows one of 10"),
        (float(9), "sample of 9: it follows one of 10"),
        (
            histogram(|histogram| histogram.schema = 9),
            "sample of 20: a histogram of schema 9",
        ),
        (
            histogram(|histogram| histogram.positive_spans.clear()),
            "sample of 20: a histogram with 1 positive buckets in spans of 0",
        ),
        (
            histogram(|histogram| histogram.negative_spans = histogram.positive_spans.clone()),
            "sample of 20: a histogram with 0 negative buckets in spans of 1",
        ),
        (
            histogram(|histogram| {
                histogram.positive_spans.push(Span {
                    offset: -1,
                    length: 0,
                });
            }),
            "sample of 20: a histogram whose positive spans go back",
        ),
        (
            histogram(|histogram| {
                histogram.positive_spans.push(Span {
                    offset: i32::MAX,
                    length: 0,
                });
            }),
            "sample of 20: a histogram whose positive spans reach too far",
        ),
    ] {
        let mut encoder = encode::Encoder::default();
        assert_eq!(encoder.take(float(10)), Ok(None));
        assert_eq!(encoder.take(sample.clone()).unwrap_err().to_string(), why);
        let one = encoder.finish().unwrap();
        assert_eq!(decode::summary(1, &one.data).unwrap().samples, 1);
        let mut chunks = encode::chunks([float(10), sample]);
        assert_eq!(chunks.next().unwrap().unwrap_err().to_string(), why);
        assert!(chunks.next().is_none());
    }
    // Of a mark of staleness nothing else counts.
    let stale = histogram(|histogram| {
        histogram.sum = f64::from_bits(STALE);
        histogram.positive_spans.clear();
    });
    assert_eq!(encode::chunks([stale]).flatten().count(), 1);
}
