//! What is read here, and how it is compared with what Prometheus has stored.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use thanos_bucket::environment::Environment;
use thanos_bucket::history::{Origin, Plan};
use thanos_bucket::payload::otlp::{Options, Reader};
use thanos_bucket::payload::{self, Payload, Sink};
use thanos_bucket::samples::{
    Buckets, Exemplar, Item, Labels, LeftOut, Metadata, Sample, Span, Told, Value,
};

use crate::support::run::repository;

/// The options of a plan whose member `source.otlp` is this.
pub fn options(otlp: &str) -> Options {
    let plan = format!(
        r#"{{"source": {{"kind": "otlp", "capture_manifest_path": "otlp-capture.json", "otlp": {otlp}}},
            "target": {{"external_labels": {{"a": "b"}}}}}}"#
    );
    let folder = repository("examples/backfill");
    let plan = Plan::parse(&plan, &folder, &Environment::default(), &mut Vec::new()).unwrap();
    match plan.source.origin {
        Origin::Capture {
            options: payload::Options::Otlp(options),
            ..
        } => options,
        other => panic!("{other:?}"),
    }
}

/// All that payloads give.
#[derive(Debug, Default)]
pub struct Given {
    pub stored: BTreeMap<Labels, BTreeMap<i64, Sample>>,
    pub metadata: Vec<Metadata>,
    pub exemplars: Vec<Exemplar>,
    pub left_out: Vec<LeftOut>,
}

impl Given {
    /// What payloads give, one after another; of samples of one series and time the first one counts.
    pub fn of(options: Options, payloads: &[Vec<u8>]) -> Result<Self, String> {
        let mut given = Self::default();
        let mut reader = Reader::new(options);
        for (number, payload) in payloads.iter().enumerate() {
            let mut payload = Payload {
                body: &mut &payload[..],
                received_at_ms: None,
                query_params: &BTreeMap::new(),
                place: &format!("payload {number}"),
            };
            let mut take = |item| {
                given.take(item);
                Ok(())
            };
            let take: &mut Sink = &mut take;
            let read = reader.read(&mut payload, take);
            read.map_err(|err| format!("{err:#}"))?;
        }
        Ok(given)
    }

    /// Takes what a reader found.
    pub fn take(&mut self, item: Item) {
        match item {
            Item::Piece(piece) => {
                let Told::Samples(samples) = piece.told else {
                    panic!("a chunk from OTLP");
                };
                let held = self.stored.entry(piece.labels).or_default();
                for sample in samples {
                    held.entry(sample.time_ms).or_insert(sample);
                }
            }
            Item::Metadata(metadata) => self.metadata.push(metadata),
            Item::Exemplar(exemplar) => self.exemplars.push(exemplar),
            Item::LeftOut(left_out) => self.left_out.push(left_out),
            Item::Mark | Item::TakenBack => panic!("{item:?}"),
        }
    }

    /// How many were left out, by kind.
    pub fn lost(&self) -> BTreeMap<&'static str, u64> {
        let mut lost = BTreeMap::new();
        for left_out in &self.left_out {
            *lost.entry(left_out.kind).or_default() += left_out.count;
        }
        lost
    }
}

/// One line for each sample, so that differences can be read.
pub fn shown(stored: &BTreeMap<Labels, BTreeMap<i64, Sample>>) -> Vec<String> {
    let mut lines = Vec::new();
    for (labels, samples) in stored {
        for (time, sample) in samples {
            lines.push(format!("{labels:?} {time} {}", value(&sample.value)));
        }
    }
    lines
}

/// Bits of floats; of a histogram what it holds, however its spans are cut, and not what is known of resets, which chunks find by themselves.
fn value(value: &Value) -> String {
    let histogram = match value {
        Value::Float(float) => return format!("{float} {:x}", float.to_bits()),
        Value::Histogram(histogram) => histogram,
    };
    if thanos_bucket::samples::is_stale(histogram.sum) {
        return "stale histogram".to_owned();
    }
    let Buckets::Integers {
        count,
        zero_count,
        positive,
        negative,
    } = &histogram.buckets
    else {
        panic!("a histogram of floats");
    };
    let mut shown = format!(
        "schema {} count {count} sum {:x} zero {zero_count} up to {}",
        histogram.schema,
        histogram.sum.to_bits(),
        histogram.zero_threshold,
    );
    write!(
        shown,
        " + {:?}",
        buckets(&histogram.positive_spans, positive)
    )
    .unwrap();
    write!(
        shown,
        " - {:?}",
        buckets(&histogram.negative_spans, negative)
    )
    .unwrap();
    write!(shown, " custom {:?}", histogram.custom_values).unwrap();
    shown
}

/// The buckets that hold something, by index.
fn buckets(spans: &[Span], deltas: &[i64]) -> BTreeMap<i64, i64> {
    let mut indices = Vec::new();
    let mut next = 0_i64;
    for span in spans {
        next += i64::from(span.offset);
        for _ in 0..span.length {
            indices.push(next);
            next += 1;
        }
    }
    assert_eq!(indices.len(), deltas.len(), "{spans:?} {deltas:?}");
    let mut count = 0;
    let counts = deltas.iter().map(|delta| {
        count += delta;
        count
    });
    let counts = indices.into_iter().zip(counts);
    counts.filter(|(_, count)| *count != 0).collect()
}

/// Fails where the two are not the same, and shows the first differences.
#[track_caller]
pub fn assert_same(theirs: &[String], ours: &[String], what: &str) {
    let mut counts: HashMap<&str, i32> = HashMap::new();
    for line in theirs {
        *counts.entry(line).or_default() += 1;
    }
    for line in ours {
        *counts.entry(line).or_default() -= 1;
    }
    let mut differences: Vec<String> = counts
        .into_iter()
        .filter(|(_, count)| *count != 0)
        .map(|(line, count)| format!("{} {line}", if count > 0 { "Prometheus" } else { "here" }))
        .collect();
    differences.sort_by(|one, other| {
        let after = |line: &str| line.split_once(' ').unwrap().1.to_owned();
        after(one).cmp(&after(other))
    });
    let count = differences.len();
    differences.truncate(40);
    assert!(
        count == 0,
        "{what}: {count} differences\n{}",
        differences.join("\n")
    );
    assert!(!ours.is_empty(), "{what}: nothing was read");
}
