//! The loop over the samples of a chunk, the same for all encodings.

use super::bits::{Bits, Ended};
use super::span::{Order, Span, Trouble};
use crate::tsdb::finding::Kind;

/// Why a sample cannot be read.
#[derive(Debug)]
pub(super) enum Failed {
    /// The data ends within it.
    Ended,
    /// One of its values is said to have more than 64 bits.
    TooWide,
}

impl From<Ended> for Failed {
    fn from(_: Ended) -> Self {
        Self::Ended
    }
}

/// Samples one behind the other, each read as a change from the one before.
pub(super) trait Samples<'a> {
    /// What they are read from.
    fn bits(&mut self) -> &mut Bits<'a>;

    /// Reads the first one, and returns its time.
    fn first(&mut self) -> Result<i64, Failed>;

    /// Reads the next one, `number` behind the first, and returns its time.
    fn next(&mut self, number: u64) -> Result<i64, Failed>;
}

/// Reads so many samples, and holds their times to an order.
pub(super) fn span<'a>(
    samples: u64,
    order: Order,
    mut reader: impl Samples<'a>,
) -> Result<Span, Trouble> {
    if samples == 0 {
        return Ok(Span::default());
    }
    let first = reader.first().map_err(|err| trouble(&err, 0, samples))?;
    let (mut second, mut last) = (first, first);
    for number in 1..samples {
        let next = reader.next(number);
        let time = next.map_err(|err| trouble(&err, number, samples))?;
        if !order.holds(time, last) {
            return Err(Trouble::backwards(time, last));
        }
        if number == 1 {
            second = time;
        }
        last = time;
    }
    Ok(Span {
        samples,
        first,
        second,
        last,
    })
}

pub(super) fn trouble(failed: &Failed, read: u64, samples: u64) -> Trouble {
    let number = read + 1;
    match failed {
        Failed::Ended => Trouble::ends_early(read, samples),
        Failed::TooWide => Trouble::new(
            Kind::ChunkUndecodable,
            format!("a value of sample {number} of {samples} is told to have more than 64 bits"),
        ),
    }
}
