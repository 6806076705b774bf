//! Histograms as Prometheus' native ones.

use opentelemetry_proto::tonic::metrics::v1::{ExponentialHistogramDataPoint, HistogramDataPoint};

use super::point::Point;
use crate::samples::{Buckets, CUSTOM_BUCKETS, Histogram, ResetHint, STALE, Span};

/// How fine and how coarse native histograms can be.
const FINEST: i32 = 8;
const COARSEST: i32 = -4;

/// How far the zero bucket reaches where the exporter does not say.
const USUAL_ZERO_THRESHOLD: f64 = 1e-128;

/// More empty buckets in a row than these are left out, and a new span begins.
const LONGEST_GAP: i64 = 2;

/// Why there is no native histogram: the kind, and a phrase.
pub(super) type Unfit = (&'static str, String);

/// The histogram of exponential buckets; of one that is too fine neighbours are taken together.
pub(super) fn exponential(point: &ExponentialHistogramDataPoint) -> Result<Histogram, Unfit> {
    if point.scale < COARSEST {
        let why = format!(
            "its scale is {}, and that of a native histogram at least {COARSEST}",
            point.scale
        );
        return Err(("unsupported-scale", why));
    }
    if point.is_stale() {
        return Ok(stale());
    }
    let schema = point.scale.min(FINEST);
    let finer = point.scale - schema;
    let side = |buckets: Option<&_>| {
        let Some(buckets) = buckets else {
            return Ok(Side::default());
        };
        let buckets: &opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets = buckets;
        // OpenTelemetry counts buckets from their lower bound, Prometheus from their upper one.
        Side::of(&buckets.bucket_counts, buckets.offset.into(), finer, 1)
    };
    let (positive, negative) = (
        side(point.positive.as_ref())?,
        side(point.negative.as_ref())?,
    );
    let sum = point.sum.unwrap_or(0.0);
    let in_buckets = [positive.total, negative.total, point.zero_count];
    check_count(&in_buckets, point.count, sum)?;
    let threshold = point.zero_threshold;
    Ok(Histogram {
        reset_hint: ResetHint::Unknown,
        schema,
        zero_threshold: if threshold > 0.0 && threshold.is_finite() {
            threshold
        } else {
            USUAL_ZERO_THRESHOLD
        },
        sum,
        positive_spans: positive.spans,
        negative_spans: negative.spans,
        custom_values: Vec::new(),
        buckets: Buckets::Integers {
            count: point.count,
            zero_count: point.zero_count,
            positive: positive.deltas,
            negative: negative.deltas,
        },
    })
}

/// The histogram of custom buckets that has the bounds of this one.
pub(super) fn custom(point: &HistogramDataPoint) -> Result<Histogram, Unfit> {
    if point.is_stale() {
        return Ok(stale());
    }
    let bounds = &point.explicit_bounds;
    let is_sorted = bounds.is_sorted_by(|one, next| one < next);
    if !is_sorted || bounds.iter().any(|bound| bound.is_nan()) {
        return Err(invalid("its bounds do not ascend"));
    }
    if bounds.last() == Some(&f64::INFINITY) {
        return Err(invalid("its last bound is infinite"));
    }
    if point.bucket_counts.len() > bounds.len() + 1 {
        return Err(invalid("it has more buckets than its bounds make"));
    }
    let empty = point.bucket_counts.iter().take_while(|count| **count == 0);
    let empty = empty.count();
    let counts = point.bucket_counts.get(empty..).unwrap_or_default();
    let offset = i64::try_from(empty).map_err(|_| invalid("it has too many buckets"))?;
    let side = Side::of(counts, offset, 0, 0)?;
    let sum = point.sum.unwrap_or(0.0);
    check_count(&[side.total], point.count, sum)?;
    Ok(Histogram {
        reset_hint: ResetHint::Unknown,
        schema: CUSTOM_BUCKETS,
        zero_threshold: 0.0,
        sum,
        positive_spans: side.spans,
        negative_spans: Vec::new(),
        custom_values: bounds.clone(),
        buckets: Buckets::Integers {
            count: point.count,
            zero_count: 0,
            positive: side.deltas,
            negative: Vec::new(),
        },
    })
}

/// The mark of staleness; what else a histogram says, chunks do not keep of one.
fn stale() -> Histogram {
    Histogram {
        reset_hint: ResetHint::Unknown,
        schema: 0,
        zero_threshold: 0.0,
        sum: f64::from_bits(STALE),
        positive_spans: Vec::new(),
        negative_spans: Vec::new(),
        custom_values: Vec::new(),
        buckets: Buckets::Integers {
            count: 0,
            zero_count: 0,
            positive: Vec::new(),
            negative: Vec::new(),
        },
    }
}

fn invalid(why: &str) -> Unfit {
    ("invalid-histogram", why.to_owned())
}

/// Prometheus stores no histogram whose buckets do not add up. An observation that is no number is in none, and makes the sum none.
fn check_count(in_buckets: &[u64], count: u64, sum: f64) -> Result<(), Unfit> {
    let mut parts = in_buckets.iter();
    let total = parts.try_fold(0_u64, |total, part| total.checked_add(*part));
    let fits = total.is_some_and(|total| total == count || sum.is_nan() && total < count);
    if fits {
        return Ok(());
    }
    Err(invalid(&format!(
        "its buckets hold {} observations, and its count is {count}",
        total.map_or_else(|| "too many".to_owned(), |total| total.to_string()),
    )))
}

/// The buckets on one side of zero.
#[derive(Debug, Default, PartialEq)]
struct Side {
    spans: Vec<Span>,
    deltas: Vec<i64>,
    total: u64,
}

impl Side {
    /// `2^finer` buckets are taken together; the first has the index `offset`, and indices are `shift` more in Prometheus.
    ///
    /// Spans are those that Prometheus makes: they begin at the first bucket and end at the last one, also where these are empty.
    fn of(counts: &[u64], offset: i64, finer: i32, shift: i64) -> Result<Self, Unfit> {
        let finer = u32::try_from(finer).unwrap_or(0).min(63);
        let merged = merged(counts, offset, finer)?;
        let mut side = Self::default();
        let (Some((first, _)), Some((last, _))) = (merged.first(), merged.last()) else {
            return Ok(side);
        };
        let far = |_| invalid("its buckets lie too far away");
        side.spans.push(Span {
            offset: i32::try_from(first + shift).map_err(far)?,
            length: 0,
        });
        i32::try_from(last + shift).map_err(far)?;
        let (mut next, mut before) = (*first, 0);
        let last = *last;
        for (index, count) in merged {
            if count == 0 && index != last {
                continue;
            }
            let count = i64::try_from(count).map_err(|_| invalid("a bucket holds too many"))?;
            let gap = index - next;
            if gap > LONGEST_GAP {
                let offset = i32::try_from(gap).map_err(far)?;
                side.spans.push(Span { offset, length: 0 });
            } else {
                for _ in 0..gap {
                    side.push(-before);
                    before = 0;
                }
            }
            side.push(count - before);
            side.total = side.total.saturating_add(count.unsigned_abs());
            (next, before) = (index + 1, count);
        }
        Ok(side)
    }

    fn push(&mut self, delta: i64) {
        self.deltas.push(delta);
        if let Some(span) = self.spans.last_mut() {
            span.length += 1;
        }
    }
}

/// The buckets by their indices, `2^finer` taken together.
fn merged(counts: &[u64], offset: i64, finer: u32) -> Result<Vec<(i64, u64)>, Unfit> {
    let mut merged: Vec<(i64, u64)> = Vec::new();
    for (index, count) in (offset..).zip(counts) {
        let index = index >> finer;
        match merged.last_mut() {
            Some((last, total)) if *last == index => {
                let sum = total.checked_add(*count);
                *total = sum.ok_or_else(|| invalid("a bucket holds too many"))?;
            }
            _ => merged.push((index, *count)),
        }
    }
    Ok(merged)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    /// S-24.24: Prometheus 3.9 puts the second bucket of the first case one index too low.
    #[test]
    fn buckets_that_are_too_fine_are_taken_together_wherever_empty_ones_lie() {
        let span = |offset, length| Span { offset, length };
        for (counts, offset, finer, spans, deltas) in [
            (
                &[3, 0, 0, 0, 1, 1][..],
                0,
                1,
                vec![span(1, 3)],
                vec![3, -3, 2],
            ),
            (&[1, 2, 3, 4], -1, 1, vec![span(0, 3)], vec![1, 4, -1]),
            (
                &[1, 0, 0, 0, 0, 1, 1],
                3,
                0,
                vec![span(4, 1), span(4, 2)],
                vec![1, 0, 0],
            ),
            (&[1, 0, 0, 1], 3, 0, vec![span(4, 4)], vec![1, -1, 0, 1]),
            (
                &[0, 0, 0, 0, 5],
                0,
                0,
                vec![span(1, 0), span(4, 1)],
                vec![5],
            ),
            (&[5, 0], 0, 0, vec![span(1, 2)], vec![5, -5]),
            (&[5, 6], -1, 40, vec![span(0, 2)], vec![5, 1]),
            (&[], 7, 0, vec![], vec![]),
        ] {
            let side = Side::of(counts, offset, finer, 1).unwrap();
            let total = counts.iter().sum();
            assert_eq!(
                side,
                Side {
                    spans,
                    deltas,
                    total
                },
                "{counts:?}"
            );
        }
        for wrong in [&[u64::MAX][..], &[u64::MAX, 1]] {
            let refused = Side::of(wrong, 0, 1, 1).unwrap_err();
            assert_eq!(refused.0, "invalid-histogram");
        }
    }

    /// S-24.24
    #[test]
    fn the_zero_bucket_reaches_as_far_as_the_exporter_says() {
        for (sent, expected) in [
            (0.0, 1e-128),
            (0.25, 0.25),
            (-1.0, 1e-128),
            (f64::NAN, 1e-128),
            (f64::INFINITY, 1e-128),
        ] {
            let point = ExponentialHistogramDataPoint {
                zero_threshold: sent,
                ..ExponentialHistogramDataPoint::default()
            };
            let made = exponential(&point).unwrap().zero_threshold;
            assert_eq!(made.to_bits(), f64::to_bits(expected), "{sent}");
        }
    }

    /// S-24.24
    #[test]
    fn bounds_that_native_histograms_cannot_have_are_refused() {
        for (bounds, counts) in [
            (&[1.0, 1.0][..], &[0, 0, 0][..]),
            (&[2.0, 1.0], &[0, 0, 0]),
            (&[f64::NAN], &[0, 0]),
            (&[1.0, f64::INFINITY], &[0, 0, 0]),
            (&[1.0], &[0, 0, 1]),
            (&[1.0], &[1, 1]),
        ] {
            let point = HistogramDataPoint {
                explicit_bounds: bounds.to_vec(),
                bucket_counts: counts.to_vec(),
                count: 1,
                ..HistogramDataPoint::default()
            };
            let refused = custom(&point).unwrap_err();
            assert_eq!(refused.0, "invalid-histogram", "{bounds:?}");
        }
    }
}
