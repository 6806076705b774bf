//! Reads the samples of a chunk.

use std::fmt;

use super::chunk::{self, Scratch, Values};
use crate::printable::message;
use crate::samples::Sample;

/// Why a chunk cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecodable(String);

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&message(&self.0))
    }
}

impl std::error::Error for Undecodable {}

/// What a chunk's samples are, but for their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// How many there are.
    pub samples: u64,
    /// The time of the first, in milliseconds since the epoch; 0 where there is none.
    pub first_ms: i64,
    /// The time of the last.
    pub last_ms: i64,
}

/// Reads a chunk to its end, and passes over values: much faster than [`samples`].
///
/// Errors: the bytes are no chunk of this encoding, or a sample is not later than the one before.
pub fn summary(encoding: u8, data: &[u8]) -> Result<Summary, Undecodable> {
    let undecodable = |trouble: chunk::Trouble| Undecodable(trouble.what);
    let (_, span) = chunk::decode(encoding, data, &mut Scratch::default()).map_err(undecodable)?;
    Ok(Summary {
        samples: span.samples,
        first_ms: span.first,
        last_ms: span.last,
    })
}

/// The samples of a chunk, in an encoding that Prometheus has: [`Encoding`](crate::samples::Encoding) has the numbers of those that Thanos reads, and
/// 4, 5 and 6 are those of Prometheus 3.11 and later, whose start times are passed over.
///
/// They are what Prometheus' own iterators give, to the last bit, but for the resolution of histograms beyond schema 8, which nothing writes and which is kept: of the first histogram nothing is known of a reset, of those behind it that there was
/// none. Times are given as they are told, in whatever order. Nothing comes behind an error. A sample takes at most 256 times the memory that the chunk
/// does, whatever its bytes are.
#[must_use]
pub fn samples(encoding: u8, data: &[u8]) -> Samples<'_> {
    Samples(Some(Values::open(encoding, data)))
}

/// The samples of [`samples`].
pub struct Samples<'a>(Option<Result<Values<'a>, chunk::Trouble>>);

impl Iterator for Samples<'_> {
    type Item = Result<Sample, Undecodable>;

    fn next(&mut self) -> Option<Self::Item> {
        let failed = match self.0.as_mut()? {
            Ok(values) => match values.next() {
                Ok(sample) => return sample.map(Ok),
                Err(failed) => failed,
            },
            Err(_) => self.0.take()?.err()?,
        };
        self.0 = None;
        Some(Err(Undecodable(failed.what)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match &self.0 {
            Some(Ok(values)) => values.left(),
            Some(Err(_)) => 1,
            None => 0,
        };
        (0, usize::try_from(left).ok())
    }
}

impl fmt::Debug for Samples<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Samples").finish_non_exhaustive()
    }
}
