//! Histograms of integers: all but the sum as differences of differences.

use super::bits::Bits;
use super::layout::{STALE, Start};
use super::samples::{Failed, Samples};
use super::xor::Window;

/// Histograms of integers, behind the layout of their buckets.
pub(super) struct Reader<'a> {
    bits: Bits<'a>,
    buckets: u64,
    window: Window,
    time: i64,
    delta: i64,
    sum: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(start: Start<'a>) -> Self {
        Self {
            bits: start.bits,
            buckets: start.buckets,
            window: Window::default(),
            time: 0,
            delta: 0,
            sum: 0,
        }
    }

    fn skip_buckets(&mut self) -> Result<(), Failed> {
        for _ in 0..self.buckets {
            self.bits.skip_varbit()?;
        }
        Ok(())
    }
}

impl<'a> Samples<'a> for Reader<'a> {
    fn bits(&mut self) -> &mut Bits<'a> {
        &mut self.bits
    }

    fn first(&mut self) -> Result<i64, Failed> {
        let bits = &mut self.bits;
        self.time = bits.varbit_signed()?;
        bits.skip_varbit()?;
        bits.skip_varbit()?;
        self.sum = bits.take_64()?;
        self.skip_buckets()?;
        Ok(self.time)
    }

    fn next(&mut self, _: u64) -> Result<i64, Failed> {
        let bits = &mut self.bits;
        self.delta = self.delta.wrapping_add(bits.varbit_signed()?);
        self.time = self.time.wrapping_add(self.delta);
        bits.skip_varbit()?;
        bits.skip_varbit()?;
        self.sum = self.window.take(bits, self.sum)?;
        if self.sum != STALE {
            self.skip_buckets()?;
        }
        Ok(self.time)
    }
}
