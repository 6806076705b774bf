//! When two native histograms count as equal, and how one is shown.

use std::fmt::Write as _;

use super::tolerance::Tolerance;
use crate::promql::{Bounds, Bucket, Histogram};

/// What differs first, in words that follow "the"; `None` where both count as equal. A bucket that a side leaves out is empty there.
pub(super) fn difference(
    source: &Histogram,
    target: &Histogram,
    tolerance: Tolerance,
) -> Option<String> {
    if !tolerance.holds(source.count, target.count) {
        return Some("count differs".to_owned());
    }
    if !tolerance.holds(source.sum, target.sum) {
        return Some("sum differs".to_owned());
    }
    let (mut one, mut other) = (sorted(source), sorted(target));
    let (mut one, mut other) = (one.drain(..).peekable(), other.drain(..).peekable());
    loop {
        let (left, right) = match (one.peek(), other.peek()) {
            (None, None) => return None,
            (Some(left), Some(right)) if is_same(left, right) => (one.next(), other.next()),
            (Some(left), Some(right)) if is_before(left, right) => (one.next(), None),
            (Some(_), None) => (one.next(), None),
            (_, Some(_)) => (None, other.next()),
        };
        let count = |bucket: &Option<Bucket>| bucket.map_or(0.0, |bucket| bucket.count);
        if !tolerance.holds(count(&left), count(&right)) {
            let bucket = left.or(right).map(range).unwrap_or_default();
            return Some(format!("bucket {bucket} differs"));
        }
    }
}

fn sorted(histogram: &Histogram) -> Vec<Bucket> {
    let mut buckets = histogram.buckets.clone();
    buckets.sort_by(|one, other| {
        let lower = one.lower.total_cmp(&other.lower);
        lower.then(one.upper.total_cmp(&other.upper))
    });
    buckets
}

/// Bounds are computed from a schema: their last bits are their own.
fn is_same(one: &Bucket, other: &Bucket) -> bool {
    let tolerance = Tolerance {
        absolute: 0.0,
        relative: 1e-12,
    };
    one.bounds == other.bounds
        && tolerance.holds(one.lower, other.lower)
        && tolerance.holds(one.upper, other.upper)
}

fn is_before(one: &Bucket, other: &Bucket) -> bool {
    (one.lower, one.upper) < (other.lower, other.upper)
}

/// `(0.5,1]`.
fn range(bucket: Bucket) -> String {
    let (open, close) = match bucket.bounds {
        Bounds::OpenLeft => ('(', ']'),
        Bounds::OpenRight => ('[', ')'),
        Bounds::Open => ('(', ')'),
        Bounds::Closed => ('[', ']'),
    };
    format!("{open}{},{}{close}", bucket.lower, bucket.upper)
}

/// As Prometheus shows one: `{count:3, sum:4.5, (0.5,1]:2, (1,2]:1}`.
pub(super) fn shown(histogram: &Histogram) -> String {
    let mut shown = format!("{{count:{}, sum:{}", histogram.count, histogram.sum);
    for bucket in sorted(histogram) {
        // Writing to a string never fails.
        let _ = write!(shown, ", {}:{}", range(bucket), bucket.count);
    }
    shown.push('}');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(count: f64, sum: f64, buckets: &[(f64, f64, f64)]) -> Histogram {
        let buckets = buckets.iter().map(|(lower, upper, count)| Bucket {
            bounds: Bounds::OpenLeft,
            lower: *lower,
            upper: *upper,
            count: *count,
        });
        Histogram {
            count,
            sum,
            buckets: buckets.collect(),
        }
    }

    #[test]
    fn histograms_are_equal_when_count_sum_and_every_bucket_are() {
        let two = [(0.5, 1.0, 2.0), (1.0, 2.0, 1.0)];
        let whole = histogram(3.0, 4.5, &two);
        for (other, expected) in [
            (histogram(3.0, 4.5, &two), None),
            (histogram(3.0, 4.5, &[two[1], two[0]]), None),
            (
                histogram(3.0, 4.5, &[two[0], two[1], (2.0, 4.0, 0.0)]),
                None,
            ),
            (histogram(4.0, 4.5, &two), Some("count differs")),
            (histogram(3.0, 4.6, &two), Some("sum differs")),
            (histogram(3.0, 4.5, &[two[0]]), Some("bucket (1,2] differs")),
            (
                histogram(3.0, 4.5, &[two[0], (1.0, 2.0, 1.5)]),
                Some("bucket (1,2] differs"),
            ),
            (
                histogram(3.0, 4.5, &[(0.25, 0.5, 2.0), two[1]]),
                Some("bucket (0.25,0.5] differs"),
            ),
            (
                histogram(3.0, 4.5, &[two[0], two[1], (2.0, 4.0, 1.0)]),
                Some("bucket (2,4] differs"),
            ),
        ] {
            let found = difference(&whole, &other, Tolerance::USUAL);
            assert_eq!(found.as_deref(), expected, "{other:?}");
            let back = difference(&other, &whole, Tolerance::USUAL);
            assert_eq!(back.is_some(), expected.is_some(), "{other:?}");
        }
        assert_eq!(shown(&whole), "{count:3, sum:4.5, (0.5,1]:2, (1,2]:1}");
        let nan = histogram(0.0, f64::NAN, &[]);
        assert_eq!(difference(&nan, &nan.clone(), Tolerance::USUAL), None);
    }
}
