//! Histograms of floats: every number as what changes of its bits.

use super::bits::Bits;
use super::layout::{STALE, Start};
use super::samples::{Failed, Samples};
use super::span::Trouble;
use super::xor::Window;
use crate::tsdb::bytes::size;

/// Where the bits of each bucket's last change lie.
#[derive(Default)]
pub(crate) struct Buckets(Vec<Window>);

/// Histograms of floats, behind the layout of their buckets.
pub(super) struct Reader<'a, 'b> {
    bits: Bits<'a>,
    /// Of the count, of the count of zeros, of the sum.
    windows: [Window; 3],
    buckets: &'b mut [Window],
    time: i64,
    delta: i64,
    sum: u64,
}

impl<'a, 'b> Reader<'a, 'b> {
    pub(super) fn new(start: Start<'a>, scratch: &'b mut Buckets) -> Result<Self, Trouble> {
        // Each bucket of the first sample takes 64 bits.
        start.have_room(64)?;
        scratch.0.clear();
        scratch.0.resize(size(start.buckets), Window::default());
        Ok(Self {
            bits: start.bits,
            windows: [Window::default(); 3],
            buckets: &mut scratch.0,
            time: 0,
            delta: 0,
            sum: 0,
        })
    }
}

impl<'a> Samples<'a> for Reader<'a, '_> {
    fn bits(&mut self) -> &mut Bits<'a> {
        &mut self.bits
    }

    fn first(&mut self) -> Result<i64, Failed> {
        let bits = &mut self.bits;
        self.time = bits.varbit_signed()?;
        bits.skip(128)?;
        self.sum = bits.take_64()?;
        for _ in &*self.buckets {
            bits.skip(64)?;
        }
        Ok(self.time)
    }

    fn next(&mut self, _: u64) -> Result<i64, Failed> {
        let bits = &mut self.bits;
        self.delta = self.delta.wrapping_add(bits.varbit_signed()?);
        self.time = self.time.wrapping_add(self.delta);
        let [count, zeros, sum] = &mut self.windows;
        count.skip(bits)?;
        zeros.skip(bits)?;
        self.sum = sum.take(bits, self.sum)?;
        if self.sum != STALE {
            for bucket in &mut *self.buckets {
                bucket.skip(bits)?;
            }
        }
        Ok(self.time)
    }
}
