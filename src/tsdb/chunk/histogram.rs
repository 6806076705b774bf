//! Histograms of integers: all but the sum as differences of differences.

use super::bits::{Bits, Ended};
use super::layout::Start;
use super::samples::{Failed, Samples};
use super::window::Window;
use crate::samples::STALE;

/// What becomes of the counts.
pub(super) trait Counts {
    /// Takes those of the first histogram: all observations, and those in the zero bucket.
    fn first(&mut self, bits: &mut Bits<'_>) -> Result<(), Ended>;

    /// Takes those in each of its buckets.
    fn first_buckets(&mut self, bits: &mut Bits<'_>) -> Result<(), Ended>;

    /// Takes those of the next histogram.
    fn next(&mut self, bits: &mut Bits<'_>) -> Result<(), Ended>;

    /// Takes those in each of its buckets.
    fn next_buckets(&mut self, bits: &mut Bits<'_>) -> Result<(), Ended>;
}

/// Counts that are passed over: how many buckets there are.
pub(super) struct Passed(pub(super) u64);

impl Counts for Passed {
    fn first(&mut self, bits: &mut Bits<'_>) -> Result<(), Ended> {
        bits.skip_varbit()?;
        bits.skip_varbit()
    }

    fn first_buckets(&mut self, bits: &mut Bits<'_>) -> Result<(), Ended> {
        for _ in 0..self.0 {
            bits.skip_varbit()?;
        }
        Ok(())
    }

    fn next(&mut self, bits: &mut Bits<'_>) -> Result<(), Ended> {
        self.first(bits)
    }

    fn next_buckets(&mut self, bits: &mut Bits<'_>) -> Result<(), Ended> {
        self.first_buckets(bits)
    }
}

/// Histograms of integers, behind the layout of their buckets.
pub(super) struct Reader<'a, C> {
    bits: Bits<'a>,
    window: Window,
    time: i64,
    delta: i64,
    pub(super) sum: u64,
    pub(super) counts: C,
}

impl<'a, C> Reader<'a, C> {
    pub(super) fn new(start: Start<'a>, counts: C) -> Self {
        Self {
            bits: start.bits,
            window: Window::default(),
            time: 0,
            delta: 0,
            sum: 0,
            counts,
        }
    }
}

impl<'a, C: Counts> Samples<'a> for Reader<'a, C> {
    fn bits(&mut self) -> &mut Bits<'a> {
        &mut self.bits
    }

    fn first(&mut self) -> Result<i64, Failed> {
        let bits = &mut self.bits;
        self.time = bits.varbit_signed()?;
        self.counts.first(bits)?;
        self.sum = bits.take_64()?;
        self.counts.first_buckets(bits)?;
        Ok(self.time)
    }

    fn next(&mut self, _: u64) -> Result<i64, Failed> {
        let bits = &mut self.bits;
        self.delta = self.delta.wrapping_add(bits.varbit_signed()?);
        self.time = self.time.wrapping_add(self.delta);
        self.counts.next(bits)?;
        self.sum = self.window.take(bits, self.sum)?;
        if self.sum != STALE {
            self.counts.next_buckets(bits)?;
        }
        Ok(self.time)
    }
}
