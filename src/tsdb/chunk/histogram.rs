//! Histograms of integers: all but the sum as differences of differences.

use super::layout::{STALE, Start, start};
use super::span::{Order, Span, Trouble};
use super::xor::{Failed, Window};

/// Decodes a chunk of histograms of integers.
pub(super) fn decode(data: &[u8]) -> Result<Span, Trouble> {
    let start = start(data)?;
    if let Some(empty) = start.empty() {
        return Ok(empty);
    }
    let samples = start.samples;
    let mut reader = Reader {
        start,
        window: Window::default(),
        time: 0,
        delta: 0,
        sum: 0,
    };
    let first = reader.first().map_err(|err| err.trouble(0, samples))?;
    for read in 1..samples {
        let before = reader.time;
        reader.next().map_err(|err| err.trouble(read, samples))?;
        if !Order::Ascending.holds(reader.time, before) {
            return Err(Trouble::backwards(reader.time, before));
        }
    }
    Ok(Span {
        samples,
        first,
        last: reader.time,
    })
}

struct Reader<'a> {
    start: Start<'a>,
    window: Window,
    time: i64,
    delta: i64,
    sum: u64,
}

impl Reader<'_> {
    fn first(&mut self) -> Result<i64, Failed> {
        let bits = &mut self.start.bits;
        self.time = bits.varbit_signed()?;
        bits.skip_varbit()?;
        bits.skip_varbit()?;
        self.sum = bits.take_64()?;
        self.buckets()?;
        Ok(self.time)
    }

    fn next(&mut self) -> Result<(), Failed> {
        let bits = &mut self.start.bits;
        self.delta = self.delta.wrapping_add(bits.varbit_signed()?);
        self.time = self.time.wrapping_add(self.delta);
        bits.skip_varbit()?;
        bits.skip_varbit()?;
        self.sum = self.window.take(bits, self.sum)?;
        if self.sum != STALE {
            self.buckets()?;
        }
        Ok(())
    }

    fn buckets(&mut self) -> Result<(), Failed> {
        for _ in 0..self.start.buckets {
            self.start.bits.skip_varbit()?;
        }
        Ok(())
    }
}
