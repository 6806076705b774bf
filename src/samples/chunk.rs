//! Samples of one series in one of Prometheus' encodings.

use bytes::Bytes;

/// Samples of one series, encoded as a block has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// How.
    pub encoding: Encoding,
    /// When its first sample was taken, in milliseconds since the epoch, as its bringer says.
    pub min_time_ms: i64,
    /// When its last one was.
    pub max_time_ms: i64,
    /// The encoded samples, without length, encoding and checksum.
    pub data: Bytes,
}

/// An encoding that Thanos reads; its number is what blocks and remote read write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Encoding {
    /// Numbers, each as a change from the one before.
    Xor = 1,
    /// Native histograms of whole numbers.
    Histogram = 2,
    /// Native histograms of floats.
    FloatHistogram = 3,
}

impl Encoding {
    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The encoding of this number; `None` for those that are none of Thanos'.
    #[must_use]
    pub fn of_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Xor),
            2 => Some(Self::Histogram),
            3 => Some(Self::FloatHistogram),
            _ => None,
        }
    }
}
