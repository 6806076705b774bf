//! Histograms of floats: every number as what changes of its bits.

use super::bits::Bits;
use super::keep::{Keep, Kept, Passed};
use super::layout::Start;
use super::samples::{Failed, Samples};
use super::span::Trouble;
use super::window::Window;
use crate::samples::STALE;
use crate::tsdb::bytes::size;

/// A number of each histogram: what is kept of it, and where the bits of its last change lie.
#[derive(Clone, Default)]
pub(super) struct Number<K> {
    pub(super) keep: K,
    window: Window,
}

impl<K: Keep> Number<K> {
    fn next(&mut self, bits: &mut Bits<'_>) -> Result<(), Failed> {
        bits.refill();
        self.keep.next_filled(bits, &mut self.window)
    }
}

/// The buckets of a chunk whose counts are passed over.
#[derive(Default)]
pub(crate) struct Buckets(Vec<Number<Passed>>);

impl AsMut<Vec<Number<Passed>>> for Buckets {
    fn as_mut(&mut self) -> &mut Vec<Number<Passed>> {
        &mut self.0
    }
}

/// Histograms of floats, behind the layout of their buckets.
pub(super) struct Reader<'a, K, B> {
    bits: Bits<'a>,
    /// All observations, and those in the zero bucket.
    pub(super) counts: [Number<K>; 2],
    sum: Number<Kept>,
    pub(super) buckets: B,
    time: i64,
    delta: i64,
}

impl<'a, K: Keep + Clone + Default, B: AsMut<Vec<Number<K>>>> Reader<'a, K, B> {
    /// Reads into a vector that may have been used for others before.
    pub(super) fn new(start: Start<'a>, mut buckets: B) -> Result<Self, Trouble> {
        // Each bucket of the first sample takes 64 bits.
        start.have_room(64)?;
        let numbers = buckets.as_mut();
        numbers.clear();
        numbers.resize(size(start.buckets), Number::default());
        Ok(Self {
            bits: start.bits,
            counts: [Number::default(), Number::default()],
            sum: Number::default(),
            buckets,
            time: 0,
            delta: 0,
        })
    }
}

impl<K, B> Reader<'_, K, B> {
    pub(super) const fn sum(&self) -> u64 {
        self.sum.keep.value
    }
}

impl<'a, K: Keep, B: AsMut<Vec<Number<K>>>> Samples<'a> for Reader<'a, K, B> {
    fn bits(&mut self) -> &mut Bits<'a> {
        &mut self.bits
    }

    fn first(&mut self) -> Result<i64, Failed> {
        let bits = &mut self.bits;
        self.time = bits.varbit_signed()?;
        for count in &mut self.counts {
            count.keep.first(bits)?;
        }
        self.sum.keep.first(bits)?;
        for bucket in self.buckets.as_mut() {
            bucket.keep.first(bits)?;
        }
        Ok(self.time)
    }

    fn next(&mut self, _: u64) -> Result<i64, Failed> {
        let bits = &mut self.bits;
        self.delta = self.delta.wrapping_add(bits.varbit_signed()?);
        self.time = self.time.wrapping_add(self.delta);
        for count in &mut self.counts {
            count.next(bits)?;
        }
        self.sum.next(bits)?;
        if self.sum.keep.value != STALE {
            for bucket in self.buckets.as_mut() {
                bucket.next(bits)?;
            }
        }
        Ok(self.time)
    }
}
