//! The histograms of a chunk, behind its layout: of whole numbers, all but the sum as differences of differences; of floats, every number as what
//! changes of its bits.

use super::bits::BitWriter;
use super::window::Window;
use crate::samples::{Encoding, is_stale};

/// A histogram, but for its layout.
#[derive(Debug, Clone)]
pub(super) struct Row<K: Kind> {
    pub(super) time_ms: i64,
    pub(super) count: K::Count,
    pub(super) zero_count: K::Count,
    pub(super) sum: f64,
    pub(super) positive: Vec<K::Bucket>,
    pub(super) negative: Vec<K::Bucket>,
}

/// What a bucket is written as.
pub(super) trait Bucket: Copy + Default + PartialOrd {
    /// How many observations it has, given how many the one before has.
    fn count_behind(self, before: Self) -> Self;

    /// What is written of this count behind that of the bucket before.
    fn bucket_behind(self, before: Self) -> Self;
}

/// As a change from the bucket before.
impl Bucket for i64 {
    #[inline]
    fn count_behind(self, before: Self) -> Self {
        before.wrapping_add(self)
    }

    #[inline]
    fn bucket_behind(self, before: Self) -> Self {
        self.wrapping_sub(before)
    }
}

/// As it is.
impl Bucket for f64 {
    #[inline]
    fn count_behind(self, _: Self) -> Self {
        self
    }

    #[inline]
    fn bucket_behind(self, _: Self) -> Self {
        self
    }
}

/// A kind of histograms.
pub(super) trait Kind: Sized + std::fmt::Debug {
    type Count: Copy + Default + PartialOrd + std::fmt::Debug;
    type Bucket: Bucket + std::fmt::Debug;

    const ENCODING: Encoding;
    /// Whether the header says that there was no reset, where that is known of a chunk that begins for another reason.
    const TELLS_NO_RESET: bool;

    /// Writes histograms behind the layout.
    fn write(rows: &[Row<Self>], bits: &mut BitWriter);
}

/// Histograms of whole numbers.
#[derive(Debug)]
pub(super) struct Integers;

impl Kind for Integers {
    type Count = u64;
    type Bucket = i64;

    const ENCODING: Encoding = Encoding::Histogram;
    const TELLS_NO_RESET: bool = true;

    fn write(rows: &[Row<Self>], bits: &mut BitWriter) {
        let Some((first, rest)) = rows.split_first() else {
            return;
        };
        bits.varbit_signed(first.time_ms);
        bits.varbit_unsigned(first.count);
        bits.varbit_unsigned(first.zero_count);
        bits.put(first.sum.to_bits(), 64);
        let buckets = || first.positive.iter().chain(&first.negative);
        buckets().for_each(|bucket| bits.varbit_signed(*bucket));

        let [mut time, mut count, mut zero_count] = [Delta::default(); 3];
        let mut deltas = vec![Delta::default(); buckets().count()];
        let mut window = Window::default();
        let mut before = first;
        for row in rest {
            bits.varbit_signed(time.change(before.time_ms, row.time_ms));
            let numbers = [
                count.change(before.count.cast_signed(), row.count.cast_signed()),
                zero_count.change(
                    before.zero_count.cast_signed(),
                    row.zero_count.cast_signed(),
                ),
            ];
            for change in numbers {
                bits.varbit_signed(if is_stale(row.sum) { 0 } else { change });
            }
            window.write(before.sum.to_bits(), row.sum.to_bits(), bits);
            let old = before.positive.iter().chain(&before.negative);
            let new = row.positive.iter().chain(&row.negative);
            for ((old, new), delta) in old.zip(new).zip(&mut deltas) {
                bits.varbit_signed(delta.change(*old, *new));
            }
            before = row;
        }
    }
}

/// By how much a number changed last.
#[derive(Debug, Clone, Copy, Default)]
struct Delta(i64);

impl Delta {
    /// By how much it changes more than last.
    #[inline]
    fn change(&mut self, before: i64, now: i64) -> i64 {
        let delta = now.wrapping_sub(before);
        delta.wrapping_sub(std::mem::replace(&mut self.0, delta))
    }
}

/// Histograms of floats.
#[derive(Debug)]
pub(super) struct Floats;

impl Kind for Floats {
    type Count = f64;
    type Bucket = f64;

    const ENCODING: Encoding = Encoding::FloatHistogram;
    const TELLS_NO_RESET: bool = false;

    fn write(rows: &[Row<Self>], bits: &mut BitWriter) {
        let Some((first, rest)) = rows.split_first() else {
            return;
        };
        bits.varbit_signed(first.time_ms);
        let numbers = || numbers(first);
        numbers().for_each(|number| bits.put(number.to_bits(), 64));

        let mut time = Delta::default();
        let mut windows = vec![Window::default(); numbers().count()];
        let mut before = first;
        for row in rest {
            bits.varbit_signed(time.change(before.time_ms, row.time_ms));
            let both = self::numbers(before).zip(self::numbers(row));
            for ((old, new), window) in both.zip(&mut windows) {
                window.write(old.to_bits(), new.to_bits(), bits);
            }
            before = row;
        }
    }
}

fn numbers(row: &Row<Floats>) -> impl Iterator<Item = f64> {
    let numbers = [row.count, row.zero_count, row.sum].into_iter();
    numbers.chain(row.positive.iter().chain(&row.negative).copied())
}
