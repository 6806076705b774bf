//! Native histograms, between the messages of remote read and remote write and what is kept.

use super::proto;
use crate::samples::{Buckets, CUSTOM_BUCKETS, Histogram, ResetHint, Span};

/// Reads a histogram. The error says what makes no sense.
pub(super) fn read(raw: proto::Histogram) -> Result<Histogram, String> {
    use proto::histogram::{Count, ZeroCount};

    let (positive_spans, negative_spans) = (spans(&raw.positive_spans), spans(&raw.negative_spans));
    let buckets = match (raw.count, raw.zero_count) {
        (Some(Count::CountFloat(count)), zero_count) => Buckets::Floats {
            count,
            zero_count: match zero_count {
                Some(ZeroCount::ZeroCountFloat(count)) => count,
                None => 0.0,
                Some(ZeroCount::ZeroCountInt(_)) => return Err(MIXED.to_owned()),
            },
            positive: raw.positive_counts,
            negative: raw.negative_counts,
        },
        (count, zero_count) => Buckets::Integers {
            count: match count {
                Some(Count::CountInt(count)) => count,
                _ => 0,
            },
            zero_count: match zero_count {
                Some(ZeroCount::ZeroCountInt(count)) => count,
                None => 0,
                Some(ZeroCount::ZeroCountFloat(_)) => return Err(MIXED.to_owned()),
            },
            positive: raw.positive_deltas,
            negative: raw.negative_deltas,
        },
    };
    let (positive, negative) = match &buckets {
        Buckets::Integers {
            positive, negative, ..
        } => (positive.len(), negative.len()),
        Buckets::Floats {
            positive, negative, ..
        } => (positive.len(), negative.len()),
    };
    fit(&positive_spans, positive)?;
    fit(&negative_spans, negative)?;
    if !(-4..=8).contains(&raw.schema) && raw.schema != CUSTOM_BUCKETS {
        return Err(format!("its schema is {}, which is none", raw.schema));
    }
    if raw.schema == CUSTOM_BUCKETS {
        let has_zero_bucket = raw.zero_threshold != 0.0
            || match &buckets {
                Buckets::Integers { zero_count, .. } => *zero_count != 0,
                Buckets::Floats { zero_count, .. } => *zero_count != 0.0,
            };
        if has_zero_bucket || negative > 0 || !negative_spans.is_empty() {
            return Err("it has bounds, and a zero bucket or negative ones".to_owned());
        }
        if positive_spans.first().is_some_and(|first| first.offset < 0) {
            return Err("its buckets begin before its bounds".to_owned());
        }
        // Prometheus' samples leave the bounds out; its chunks have them.
        let top: i64 = positive_spans.iter().copied().map(reach).sum();
        if usize::try_from(top).is_ok_and(|top| top > raw.custom_values.len() + 1) {
            return Err("its buckets come without their bounds".to_owned());
        }
        let bounds = &raw.custom_values;
        if !bounds.is_sorted_by(|one, next| one < next) || bounds.iter().any(|one| !one.is_finite())
        {
            return Err("its bounds do not ascend".to_owned());
        }
    } else if !raw.custom_values.is_empty() {
        return Err("it has bounds, and a schema that needs none".to_owned());
    }
    let sum = raw.sum.unwrap_or_default();
    count(&buckets, sum)?;
    Ok(Histogram {
        reset_hint: match raw.reset_hint {
            1 => ResetHint::Reset,
            2 => ResetHint::NoReset,
            3 => ResetHint::Gauge,
            _ => ResetHint::Unknown,
        },
        schema: raw.schema,
        zero_threshold: raw.zero_threshold,
        sum,
        positive_spans,
        negative_spans,
        custom_values: raw.custom_values,
        buckets,
    })
}

/// Whether what buckets hold agrees with what all of them do, as Prometheus checks it of what it takes.
fn count(buckets: &Buckets, sum: f64) -> Result<(), String> {
    match buckets {
        Buckets::Floats {
            count,
            zero_count,
            positive,
            negative,
        } => {
            let mut all = positive.iter().chain(negative).chain([count, zero_count]);
            if all.any(|count| *count < 0.0) {
                return Err("a bucket has less than nothing".to_owned());
            }
        }
        Buckets::Integers {
            count,
            zero_count,
            positive,
            negative,
        } => {
            let mut held = Some(*zero_count);
            for deltas in [positive, negative] {
                let mut bucket: i64 = 0;
                for delta in deltas {
                    bucket = bucket.checked_add(*delta).unwrap_or(-1);
                    let bucket = u64::try_from(bucket);
                    let bucket = bucket.map_err(|_| "a bucket has less than nothing".to_owned())?;
                    held = held.and_then(|held| held.checked_add(bucket));
                }
            }
            // Observations that are no numbers are counted, and in no bucket.
            let agrees = |held: u64| held == *count || (sum.is_nan() && held < *count);
            if !held.is_some_and(agrees) {
                return Err(format!(
                    "its count is {count}, and its buckets hold another"
                ));
            }
        }
    }
    Ok(())
}

const MIXED: &str = "it counts in whole numbers and in floats";

fn spans(raw: &[proto::BucketSpan]) -> Vec<Span> {
    let spans = raw.iter().map(|span| Span {
        offset: span.offset,
        length: span.length,
    });
    spans.collect()
}

/// How far a span reaches beyond the one before.
fn reach(span: Span) -> i64 {
    i64::from(span.offset) + i64::from(span.length)
}

/// Whether spans speak of so many buckets.
fn fit(spans: &[Span], buckets: usize) -> Result<(), String> {
    let told: u64 = spans.iter().map(|span| u64::from(span.length)).sum();
    if told != buckets as u64 {
        return Err(format!("it has {buckets} buckets, and spans of {told}"));
    }
    if spans.iter().skip(1).any(|span| span.offset < 0) {
        return Err("its spans overlap".to_owned());
    }
    Ok(())
}

/// The message of a histogram at a time.
pub(super) fn written(histogram: &Histogram, time_ms: i64) -> proto::Histogram {
    use proto::histogram::{Count, ZeroCount};

    let spans = |spans: &[Span]| {
        let spans = spans.iter().map(|span| proto::BucketSpan {
            offset: span.offset,
            length: span.length,
        });
        spans.collect()
    };
    let mut raw = proto::Histogram {
        sum: Some(histogram.sum),
        schema: histogram.schema,
        zero_threshold: histogram.zero_threshold,
        negative_spans: spans(&histogram.negative_spans),
        positive_spans: spans(&histogram.positive_spans),
        reset_hint: histogram.reset_hint as i32,
        timestamp: time_ms,
        custom_values: histogram.custom_values.clone(),
        ..proto::Histogram::default()
    };
    match &histogram.buckets {
        Buckets::Integers {
            count,
            zero_count,
            positive,
            negative,
        } => {
            raw.count = Some(Count::CountInt(*count));
            raw.zero_count = Some(ZeroCount::ZeroCountInt(*zero_count));
            raw.positive_deltas.clone_from(positive);
            raw.negative_deltas.clone_from(negative);
        }
        Buckets::Floats {
            count,
            zero_count,
            positive,
            negative,
        } => {
            raw.count = Some(Count::CountFloat(*count));
            raw.zero_count = Some(ZeroCount::ZeroCountFloat(*zero_count));
            raw.positive_counts.clone_from(positive);
            raw.negative_counts.clone_from(negative);
        }
    }
    raw
}
