//! Histograms of floats: every number as what changes of its bits.

use super::layout::{STALE, Start, start};
use super::span::{Order, Span, Trouble};
use super::xor::{Failed, Window};
use crate::tsdb::bytes::size;
use crate::tsdb::finding::Kind;

/// Where the bits of each bucket's last change lie.
#[derive(Default)]
pub(crate) struct Buckets(Vec<Window>);

/// Decodes a chunk of histograms of floats.
pub(super) fn decode(data: &[u8], scratch: &mut Buckets) -> Result<Span, Trouble> {
    let start = start(data)?;
    if let Some(empty) = start.empty() {
        return Ok(empty);
    }
    if start.buckets > start.bits.left() / 64 {
        let what = format!(
            "histograms of {} buckets in {} bits",
            start.buckets,
            start.bits.left()
        );
        return Err(Trouble::new(Kind::ChunkUndecodable, what));
    }
    scratch.0.clear();
    scratch.0.resize(size(start.buckets), Window::default());
    let samples = start.samples;
    let mut reader = Reader {
        start,
        windows: [Window::default(); 3],
        buckets: &mut scratch.0,
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

struct Reader<'a, 'b> {
    start: Start<'a>,
    /// Of the count, of the count of zeros, of the sum.
    windows: [Window; 3],
    buckets: &'b mut [Window],
    time: i64,
    delta: i64,
    sum: u64,
}

impl Reader<'_, '_> {
    fn first(&mut self) -> Result<i64, Failed> {
        let bits = &mut self.start.bits;
        self.time = bits.varbit_signed()?;
        bits.skip(128)?;
        self.sum = bits.take_64()?;
        for _ in &*self.buckets {
            bits.skip(64)?;
        }
        Ok(self.time)
    }

    fn next(&mut self) -> Result<(), Failed> {
        let bits = &mut self.start.bits;
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
        Ok(())
    }
}
