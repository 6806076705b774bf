//! When two native histograms count as equal, as they are stored, and how one is shown.

use std::fmt::Write as _;
use std::iter::Peekable;

use super::number::are_equal;
use crate::cutover::Tolerance;
use crate::samples::{Buckets, Histogram, ResetHint, Span};

/// What differs first, in words that follow "the"; `None` where both count as equal. A bucket that a side leaves out is empty there.
///
/// What is known of resets counts as far as it tells a gauge: the rest depends on where chunks begin.
pub(super) fn difference(
    source: &Histogram,
    target: &Histogram,
    tolerance: Tolerance,
) -> Option<String> {
    let is_gauge = |one: &Histogram| one.reset_hint == ResetHint::Gauge;
    if is_gauge(source) != is_gauge(target) {
        return Some("reset hint differs: one side has a gauge".to_owned());
    }
    if source.schema != target.schema {
        let (one, other) = (source.schema, target.schema);
        return Some(format!("schema differs: {one} and {other}"));
    }
    let are_whole = |one: &Histogram| matches!(one.buckets, Buckets::Integers { .. });
    if are_whole(source) != are_whole(target) {
        return Some("kind of counts differs: one side has whole numbers, the other floats".into());
    }
    let holds = |one: f64, other: f64| are_equal(one, other, tolerance);
    if !holds(source.zero_threshold, target.zero_threshold) {
        return Some("zero threshold differs".to_owned());
    }
    let (one, other) = (&source.custom_values, &target.custom_values);
    let mut bounds = one.iter().zip(other);
    if one.len() != other.len() || !bounds.all(|(one, other)| holds(*one, *other)) {
        return Some("bounds of its buckets differ".to_owned());
    }
    let ((count, zero), (other_count, other_zero)) = (counts(source), counts(target));
    if !holds(count, other_count) {
        return Some("count differs".to_owned());
    }
    if !holds(zero, other_zero) {
        return Some("zero bucket differs".to_owned());
    }
    if !holds(source.sum, target.sum) {
        return Some("sum differs".to_owned());
    }
    for (sign, of) in [("positive", positive as fn(_) -> _), ("negative", negative)] {
        let differs = first(of(source), of(target), &holds);
        if let Some(index) = differs {
            return Some(format!("{sign} bucket {index} differs"));
        }
    }
    None
}

/// The first bucket that differs.
fn first(
    source: Vec<(i64, f64)>,
    target: Vec<(i64, f64)>,
    holds: &impl Fn(f64, f64) -> bool,
) -> Option<i64> {
    let (mut source, mut target) = (source.into_iter().peekable(), target.into_iter().peekable());
    loop {
        let index = match (source.peek(), target.peek()) {
            (None, None) => return None,
            (Some((one, _)), Some((other, _))) => *one.min(other),
            (Some((index, _)), None) | (None, Some((index, _))) => *index,
        };
        if !holds(taken(&mut source, index), taken(&mut target, index)) {
            return Some(index);
        }
    }
}

/// What a side has in the bucket.
fn taken(buckets: &mut Peekable<impl Iterator<Item = (i64, f64)>>, index: i64) -> f64 {
    let here = buckets.next_if(|(of, _)| *of == index);
    here.map_or(0.0, |(_, count)| count)
}

/// Of all, and of the zero bucket.
#[expect(
    clippy::cast_precision_loss,
    reason = "whole numbers that large differ by more than their last digit"
)]
fn counts(histogram: &Histogram) -> (f64, f64) {
    match &histogram.buckets {
        Buckets::Integers {
            count, zero_count, ..
        } => (*count as f64, *zero_count as f64),
        Buckets::Floats {
            count, zero_count, ..
        } => (*count, *zero_count),
    }
}

fn positive(histogram: &Histogram) -> Vec<(i64, f64)> {
    let counts = match &histogram.buckets {
        Buckets::Integers { positive, .. } => absolute(positive),
        Buckets::Floats { positive, .. } => positive.clone(),
    };
    buckets(&histogram.positive_spans, counts)
}

fn negative(histogram: &Histogram) -> Vec<(i64, f64)> {
    let counts = match &histogram.buckets {
        Buckets::Integers { negative, .. } => absolute(negative),
        Buckets::Floats { negative, .. } => negative.clone(),
    };
    buckets(&histogram.negative_spans, counts)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "whole numbers that large differ by more than their last digit"
)]
fn absolute(deltas: &[i64]) -> Vec<f64> {
    let mut count = 0_i64;
    let counts = deltas.iter().map(|delta| {
        count = count.wrapping_add(*delta);
        count as f64
    });
    counts.collect()
}

/// Each bucket's index and count, but for empty ones.
fn buckets(spans: &[Span], counts: Vec<f64>) -> Vec<(i64, f64)> {
    let mut index = 0_i64;
    let mut indices = Vec::with_capacity(counts.len());
    for span in spans {
        index = index.saturating_add(i64::from(span.offset));
        for _ in 0..span.length {
            if indices.len() == counts.len() {
                break;
            }
            indices.push(index);
            index = index.saturating_add(1);
        }
    }
    let all = indices.into_iter().zip(counts);
    all.filter(|(_, count)| *count != 0.0).collect()
}

/// No one reads more buckets.
const MOST_SHOWN: usize = 20;

/// `{schema:0, count:3, sum:4.5, zero:1, 1:2}`: each bucket by its index, negative ones with a `-` before their own.
pub(super) fn shown(histogram: &Histogram) -> String {
    let (count, zero) = counts(histogram);
    let mut shown = format!(
        "{{schema:{}, count:{count}, sum:{}, zero:{zero}",
        histogram.schema, histogram.sum
    );
    if matches!(histogram.buckets, Buckets::Floats { .. }) {
        shown.push_str(", floats");
    }
    let positive = positive(histogram).into_iter();
    let negative = negative(histogram).into_iter();
    let all: Vec<(&str, i64, f64)> = positive
        .map(|(index, count)| ("", index, count))
        .chain(negative.map(|(index, count)| ("-", index, count)))
        .collect();
    for (sign, index, count) in all.iter().take(MOST_SHOWN) {
        // Writing to a string never fails.
        let _ = write!(shown, ", {sign}{index}:{count}");
    }
    if all.len() > MOST_SHOWN {
        let _ = write!(shown, ", … {} more", all.len() - MOST_SHOWN);
    }
    shown.push('}');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXACT: Tolerance = Tolerance {
        absolute: 0.0,
        relative: 0.0,
    };

    fn span(offset: i32, length: u32) -> Span {
        Span { offset, length }
    }

    fn whole() -> Histogram {
        Histogram {
            reset_hint: ResetHint::Unknown,
            schema: 3,
            zero_threshold: 0.001,
            sum: 4.5,
            positive_spans: vec![span(0, 2), span(1, 1)],
            negative_spans: vec![span(-1, 1)],
            custom_values: Vec::new(),
            buckets: Buckets::Integers {
                count: 8,
                zero_count: 1,
                positive: vec![1, 1, -1],
                negative: vec![3],
            },
        }
    }

    fn with(change: impl FnOnce(&mut Histogram)) -> Histogram {
        let mut histogram = whole();
        change(&mut histogram);
        histogram
    }

    fn integers(positive: Vec<i64>, negative: Vec<i64>) -> Buckets {
        Buckets::Integers {
            count: 8,
            zero_count: 1,
            positive,
            negative,
        }
    }

    /// S-24.61
    #[test]
    fn histograms_are_equal_where_every_part_of_them_is() {
        let float = Buckets::Floats {
            count: 8.0,
            zero_count: 1.0,
            positive: vec![1.0, 2.0, 1.0],
            negative: vec![3.0],
        };
        for (other, expected) in [
            (whole(), None),
            // How empty buckets are written does not count.
            (
                with(|it| {
                    it.positive_spans = vec![span(0, 4)];
                    it.buckets = integers(vec![1, 1, -2, 1], vec![3]);
                }),
                None,
            ),
            (with(|it| it.reset_hint = ResetHint::Reset), None),
            (
                with(|it| it.reset_hint = ResetHint::Gauge),
                Some("reset hint differs: one side has a gauge"),
            ),
            (with(|it| it.schema = 2), Some("schema differs: 3 and 2")),
            (
                with(|it| it.buckets = float),
                Some("kind of counts differs: one side has whole numbers, the other floats"),
            ),
            (
                with(|it| it.zero_threshold = 0.0),
                Some("zero threshold differs"),
            ),
            (
                with(|it| it.custom_values = vec![1.0]),
                Some("bounds of its buckets differ"),
            ),
            (with(|it| it.sum = 4.6), Some("sum differs")),
            (with(|it| it.sum = f64::NAN), Some("sum differs")),
            (
                with(|it| it.buckets = integers(vec![1, 2, -2], vec![3])),
                Some("positive bucket 1 differs"),
            ),
            (
                with(|it| it.positive_spans = vec![span(0, 3)]),
                Some("positive bucket 2 differs"),
            ),
            (
                with(|it| it.negative_spans = vec![span(-2, 1)]),
                Some("negative bucket -2 differs"),
            ),
            (
                with(|it| it.buckets = integers(vec![1, 1, -1], vec![4])),
                Some("negative bucket -1 differs"),
            ),
        ] {
            let found = difference(&whole(), &other, EXACT);
            assert_eq!(found.as_deref(), expected, "{other:?}");
            let back = difference(&other, &whole(), EXACT);
            assert_eq!(back.is_some(), expected.is_some(), "{other:?}");
        }
    }

    #[test]
    fn spans_that_promise_more_buckets_than_there_are_cost_nothing() {
        let odd = with(|it| it.positive_spans = vec![span(i32::MAX, u32::MAX), span(1, 1)]);
        assert!(difference(&whole(), &odd, EXACT).is_some());
        assert_eq!(
            shown(&whole()),
            "{schema:3, count:8, sum:4.5, zero:1, 0:1, 1:2, 3:1, --1:3}"
        );
    }
}
