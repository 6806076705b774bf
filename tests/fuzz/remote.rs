//! What live servers tell, and selectors of series: what is read is sound, and what is said against the rest is plain.

use thanos_bucket::promql::Selector;
use thanos_bucket::remote;
use thanos_bucket::samples::{Buckets, Histogram, Item, Labels, Told, Value};
use thanos_bucket::{Error, Result};

use super::corpus::texts;
use super::promise::{Promise, READ, assert_plain, text_of};

pub const PROMISES: [Promise; 4] = [
    Promise {
        name: "remote-read-frames",
        seeds: || vec![FRAMES.to_vec()],
        tokens: &["\x04\0\0\0\0", "up", "__name__"],
        slowest: READ,
        check: |input| {
            told(remote::read_frames(input));
            told(remote::read_frame(input));
        },
    },
    Promise {
        name: "remote-read-samples",
        seeds: || vec![SAMPLES.to_vec()],
        tokens: &["up", "__name__", "\x0a\x00", "\x22\x00"],
        slowest: READ,
        check: |input| told(remote::read_message(input)),
    },
    Promise {
        name: "export-line",
        seeds: || texts(&LINES),
        tokens: JSON,
        slowest: READ,
        check: |input| told(remote::read_line(input)),
    },
    Promise {
        name: "series-selector",
        seeds: || texts(&SELECTORS),
        tokens: PROMQL,
        slowest: READ,
        check: selector,
    },
];

/// A frame of one series, `up`, with one chunk.
const FRAMES: &[u8] = b"4\x8d\x8f\x99!\x0a2\x0a\x0e\x0a\x08__name__\x12\x02up\x0a\x08\x0a\x03job\x12\x01a\x12\x16\x08\xe8\x07\x10\xe8\x07\x18\x01\x22\x0c\x00\x01\xd0\x0f?\xf0\x00\x00\x00\x00\x00\x00";

/// A series with a number and a native histogram.
const SAMPLES: &[u8] = b"\x0aG\x0aE\x0a\x0e\x0a\x08__name__\x12\x02up\x12\x0c\x09\x00\x00\x00\x00\x00\x00\xf0?\x10\xe8\x07\x22%\x08\x05\x19\x00\x00\x00\x00\x00\x00)@ \x06)\x9d\x97\x8c\xcf\x08\xba[%0\x00Z\x04\x08\x00\x10\x02b\x02\x04\x02x\xd0\x0f";

const LINES: [&str; 2] = [
    r#"{"metric":{"__name__":"up","job":"a"},"values":[1,0.1,null,"Infinity"],"timestamps":[1,2,3,4]}"#,
    r#"{"metric":{"__name__":"x_bucket","vmrange":"1.0e+00...1.1e+00"},"values":[1e300],"timestamps":[1748736000000]}"#,
];

const JSON: &[&str] = &[
    r#""metric":{"#,
    r#""values":["#,
    r#""timestamps":["#,
    r#""-Infinity","#,
    "null,",
    "1e999,",
];

const SELECTORS: [&str; 4] = [
    r#"up{job="a",x!="b",y=~"c.*",z!~'d|e',}"#,
    r#"{"http.requests","service.name"=~`\d+`} # all"#,
    r#"{__name__=~"a:.+"}"#,
    r#"{a="\x41\101\u00e9\U0001F600\n\\"}"#,
];

const PROMQL: &[&str] = &[
    "{",
    "}",
    "=~\"",
    "!~'",
    "!=`",
    "\\xff",
    "\\U0010ffff",
    "(?i:a)",
    "[[:alpha:]]{1,3}",
    "inf{a=\"\"}",
];

fn told(read: Result<Vec<Item>>) {
    let items = match read {
        Ok(items) => items,
        Err(err) => return assert_plain(&err),
    };
    for item in items {
        let Item::Piece(piece) = item else {
            panic!("{item:?}")
        };
        let labels = Labels::of_packed(piece.labels.packed());
        assert_eq!(labels.as_ref(), Some(&piece.labels));
        assert!(!piece.labels.metric().is_empty());
        match piece.told {
            Told::Chunk(chunk) => assert!(chunk.min_time_ms <= chunk.max_time_ms),
            Told::Samples(samples) => {
                assert!(!samples.is_empty());
                for sample in samples {
                    if let Value::Histogram(histogram) = sample.value {
                        sound(&histogram);
                    }
                }
            }
        }
    }
}

fn sound(histogram: &Histogram) {
    let (positive, negative) = match &histogram.buckets {
        Buckets::Integers {
            positive, negative, ..
        } => (positive.len(), negative.len()),
        Buckets::Floats {
            positive, negative, ..
        } => (positive.len(), negative.len()),
    };
    for (spans, buckets) in [
        (&histogram.positive_spans, positive),
        (&histogram.negative_spans, negative),
    ] {
        let spanned: u64 = spans.iter().map(|span| u64::from(span.length)).sum();
        assert_eq!(spanned, buckets as u64);
    }
}

fn selector(input: &[u8]) {
    let read: Result<Selector, Error> = text_of(input).parse();
    match read {
        Ok(selector) => {
            let shown = selector.to_string();
            let again: Selector = shown.parse().unwrap();
            assert_eq!(again, selector, "{shown}");
            // What selects a series without labels selects all.
            assert!(!selector.matches(&Labels::default()), "{shown}");
        }
        Err(err) => assert_plain(&err),
    }
}
