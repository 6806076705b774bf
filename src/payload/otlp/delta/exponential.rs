//! Adding histograms of exponential buckets: both become as coarse as the coarser one, and coarser still where buckets would be too many.

use opentelemetry_proto::tonic::metrics::v1::ExponentialHistogramDataPoint;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets as Sent;

use super::super::native::Unfit;

/// So many buckets a sum has at most on each side of zero.
const MOST_BUCKETS: i64 = 160;

/// What counts of a histogram of exponential buckets.
#[derive(Debug, Clone)]
pub(in super::super) struct Exponential {
    scale: i32,
    zero_threshold: f64,
    zero_count: u64,
    count: u64,
    sum: Option<f64>,
    positive: Buckets,
    negative: Buckets,
}

#[derive(Debug, Clone, Default)]
struct Buckets {
    /// The index of the first.
    offset: i64,
    counts: Vec<u64>,
}

impl Exponential {
    /// As the point has it.
    pub(super) fn of(point: &ExponentialHistogramDataPoint) -> Self {
        let threshold = point.zero_threshold;
        let is_told = threshold > 0.0 && threshold.is_finite();
        Self {
            scale: point.scale,
            zero_threshold: if is_told { threshold } else { 0.0 },
            zero_count: point.zero_count,
            count: point.count,
            sum: point.sum,
            positive: Buckets::of(point.positive.as_ref()),
            negative: Buckets::of(point.negative.as_ref()),
        }
    }

    /// Makes the point say it.
    pub(super) fn tell(&self, point: &mut ExponentialHistogramDataPoint) {
        point.scale = self.scale;
        point.zero_threshold = self.zero_threshold;
        point.zero_count = self.zero_count;
        (point.count, point.sum) = (self.count, self.sum);
        point.positive = Some(self.positive.sent());
        point.negative = Some(self.negative.sent());
    }

    pub(super) fn add(&mut self, mut more: Self) -> Result<(), Unfit> {
        let mut sum = self.clone();
        let scale = sum.scale.min(more.scale);
        sum.coarsen(scale);
        more.coarsen(scale);
        let scale = scale
            .min(fitting(scale, &sum.positive, &more.positive))
            .min(fitting(scale, &sum.negative, &more.negative));
        sum.coarsen(scale);
        more.coarsen(scale);
        // Only the lower one is widened: it would creep upwards otherwise, bucket by bucket.
        if sum.zero_threshold < more.zero_threshold {
            sum.widen_zero(more.zero_threshold);
        } else if more.zero_threshold < sum.zero_threshold {
            more.widen_zero(sum.zero_threshold);
        }
        sum.positive.merge(&more.positive)?;
        sum.negative.merge(&more.negative)?;
        sum.count = sum.count.wrapping_add(more.count);
        sum.zero_count = sum.zero_count.wrapping_add(more.zero_count);
        sum.sum = sum.sum.zip(more.sum).map(|(sum, more)| sum + more);
        *self = sum;
        Ok(())
    }

    fn coarsen(&mut self, scale: i32) {
        let steps = self.scale.abs_diff(scale).min(63);
        if steps > 0 {
            self.positive.coarsen(steps);
            self.negative.coarsen(steps);
            self.scale = scale;
        }
    }

    /// Makes the zero bucket reach so far at least, to the end of a bucket.
    fn widen_zero(&mut self, width: f64) {
        let last = index(self.scale, width);
        let fallen = self.positive.cut(last) + u128::from(self.zero_count);
        let fallen = fallen + self.negative.cut(last);
        self.zero_count = u64::try_from(fallen).unwrap_or(u64::MAX);
        self.zero_threshold = upper_bound(self.scale, last);
    }
}

/// The index of the bucket that holds the value, which is above zero.
fn index(scale: i32, value: f64) -> i64 {
    let exact = value.log2() * f64::from(scale).exp2();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is too large saturates"
    )]
    let above = exact.ceil() as i64;
    let index = above.saturating_sub(1);
    // A logarithm of a bound may be rounded up.
    let is_below = upper_bound(scale, index.saturating_sub(1)) >= value;
    if is_below { index - 1 } else { index }
}

fn upper_bound(scale: i32, index: i64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "indices of finite numbers are small"
    )]
    let above = index.saturating_add(1) as f64;
    (above * (-f64::from(scale)).exp2()).exp2()
}

/// The scale at which buckets that hold something are no more than a sum may have.
fn fitting(mut scale: i32, one: &Buckets, other: &Buckets) -> i32 {
    let (mut lower, mut upper) = filled(one, other);
    while upper - lower > MOST_BUCKETS {
        lower /= 2;
        upper /= 2;
        scale = scale.saturating_sub(1);
    }
    scale
}

/// From the first bucket that holds something to behind the last one.
fn filled(one: &Buckets, other: &Buckets) -> (i64, i64) {
    let ends = [one.filled(), other.filled()];
    let ends = ends.iter().flatten();
    let lower = ends.clone().map(|(lower, _)| *lower).min();
    let upper = ends.map(|(_, upper)| *upper).max();
    lower.zip(upper).unwrap_or((one.offset, one.offset))
}

impl Buckets {
    fn of(sent: Option<&Sent>) -> Self {
        sent.map_or_else(Self::default, |sent| Self {
            offset: sent.offset.into(),
            counts: sent.bucket_counts.clone(),
        })
    }

    fn sent(&self) -> Sent {
        Sent {
            // Merging has seen to it that it fits.
            offset: i32::try_from(self.offset).unwrap_or_default(),
            bucket_counts: self.counts.clone(),
        }
    }

    /// From the first that holds something to behind the last one.
    fn filled(&self) -> Option<(i64, i64)> {
        let is_filled = |count: &u64| *count > 0;
        let first = self.counts.iter().position(is_filled)?;
        let last = self.counts.iter().rposition(is_filled)?;
        let at = |index: usize| Some(self.offset + i64::try_from(index).ok()?);
        Some((at(first)?, at(last)? + 1))
    }

    fn at(&self, index: i64) -> u64 {
        let place = usize::try_from(index - self.offset).ok();
        let count = place.and_then(|place| self.counts.get(place));
        count.copied().unwrap_or(0)
    }

    /// Takes `2^steps` neighbours together. There are as many buckets as before, the last of them empty.
    fn coarsen(&mut self, steps: u32) {
        let offset = self.offset >> steps;
        let mut counts = vec![0_u64; self.counts.len()];
        for (index, count) in (self.offset..).zip(&self.counts) {
            let place = usize::try_from((index >> steps) - offset).ok();
            if let Some(held) = place.and_then(|place| counts.get_mut(place)) {
                *held = held.wrapping_add(*count);
            }
        }
        *self = Self { offset, counts };
    }

    /// Cuts off the buckets up to this one, and tells what they held.
    fn cut(&mut self, last: i64) -> u128 {
        let gone = last.saturating_add(1).saturating_sub(self.offset);
        let gone = usize::try_from(gone.max(0)).unwrap_or(usize::MAX);
        let gone = gone.min(self.counts.len());
        let held = self.counts.drain(..gone).map(u128::from).sum();
        self.offset += i64::try_from(gone).unwrap_or(0);
        held
    }

    fn merge(&mut self, more: &Self) -> Result<(), Unfit> {
        if more.counts.is_empty() {
            return Ok(());
        }
        if self.counts.is_empty() {
            self.clone_from(more);
            return Ok(());
        }
        let (lower, upper) = filled(self, more);
        if i32::try_from(lower).is_err() {
            let why = "its buckets lie too far away";
            return Err(("invalid-histogram", why.to_owned()));
        }
        let counts = (lower..upper).map(|index| self.at(index).wrapping_add(more.at(index)));
        *self = Self {
            offset: lower,
            counts: counts.collect(),
        };
        Ok(())
    }
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]
mod tests {
    use super::*;

    /// S-24.25
    #[test]
    fn a_zero_bucket_stays_as_wide_as_the_widest_that_came() {
        for (scale, threshold) in [(5, 0.692), (8, 0.001), (20, 1.7)] {
            let change = |zero_threshold| Exponential {
                scale,
                zero_threshold,
                zero_count: 1,
                count: 162,
                sum: Some(1.0),
                positive: Buckets {
                    offset: index(scale, threshold) - 20,
                    counts: vec![1; 161],
                },
                negative: Buckets::default(),
            };
            let mut sum = change(0.0);
            sum.add(change(threshold)).unwrap();
            let (broad, zero) = (sum.zero_threshold, sum.zero_count);
            let scale = sum.scale;
            assert!((threshold..threshold * 1.1).contains(&broad), "{broad}");
            assert_eq!(index(scale, broad), index(scale, threshold), "{scale}");
            for times in 1..10 {
                sum.add(change(0.0)).unwrap();
                assert_eq!(sum.zero_threshold.to_bits(), broad.to_bits(), "{scale}");
                // Each brings what the first one brought.
                assert_eq!(sum.zero_count, zero + times * (zero - 1), "{scale}");
            }
        }
        for scale in 0..=20 {
            for bound in (1..2000).map(|it| it * 7) {
                let value = upper_bound(scale, bound);
                if value.is_finite() {
                    assert_eq!(index(scale, value), bound, "{scale}");
                }
            }
        }
    }
}
