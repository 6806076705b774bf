//! Chunks as Prometheus writes them, by the byte in front of them.

use super::float_histogram::{self, Buckets};
use super::histogram::Passed;
use super::layout::start;
use super::samples::span;
use super::since::{Header, Since};
use super::span::{Class, Order, Span, Trouble};
use super::{histogram, xor, xor2};
use crate::samples::Encoding;

/// What is kept from one chunk to the next, so that nothing is allocated for each.
pub(crate) type Scratch = Buckets;

pub(super) const XOR: u8 = Encoding::Xor.number();
pub(super) const HISTOGRAM: u8 = Encoding::Histogram.number();
pub(super) const FLOAT_HISTOGRAM: u8 = Encoding::FloatHistogram.number();
pub(super) const XOR2: u8 = 4;
pub(super) const HISTOGRAM_SINCE: u8 = 5;
pub(super) const FLOAT_HISTOGRAM_SINCE: u8 = 6;

/// Whether a chunk is encoded as Prometheus 3.11 and later do, and Thanos 0.42 cannot read: floats in fewer bits, and histograms with the time since
/// which they count.
pub(crate) const fn is_newer(encoding: u8) -> bool {
    matches!(encoding, XOR2 | HISTOGRAM_SINCE | FLOAT_HISTOGRAM_SINCE)
}

/// Decodes a chunk, of the encoding that the byte in front of it names.
pub(super) fn decode(
    encoding: u8,
    data: &[u8],
    scratch: &mut Scratch,
) -> Result<(Class, Span), Trouble> {
    match encoding {
        XOR => Ok((Class::Float, xor::decode(data, Order::Ascending)?)),
        XOR2 => Ok((Class::Float, xor2::decode(data)?)),
        HISTOGRAM | FLOAT_HISTOGRAM | HISTOGRAM_SINCE | FLOAT_HISTOGRAM_SINCE => {
            Ok((Class::Histogram, histograms(encoding, data, scratch)?))
        }
        other => Err(Trouble::unknown_encoding(other)),
    }
}

fn histograms(encoding: u8, data: &[u8], scratch: &mut Scratch) -> Result<Span, Trouble> {
    let (head, rest) = Head::take(encoding, data)?;
    let (samples, header) = (head.samples, head.since);
    let start = start(rest, samples, |_| {})?;
    let order = Order::Ascending;
    match encoding {
        HISTOGRAM => {
            let counts = Passed(start.buckets);
            span(samples, order, histogram::Reader::new(start, counts))
        }
        HISTOGRAM_SINCE => {
            let counts = Passed(start.buckets);
            let reader = histogram::Reader::new(start, counts);
            span(samples, order, Since { reader, header })
        }
        FLOAT_HISTOGRAM => {
            let reader = float_histogram::Reader::new(start, scratch)?;
            span(samples, order, reader)
        }
        _ => {
            let reader = float_histogram::Reader::new(start, scratch)?;
            span(samples, order, Since { reader, header })
        }
    }
}

/// What a chunk of histograms begins with.
pub(super) struct Head {
    pub(super) samples: u64,
    /// What was known of a reset when it was begun, in the two highest bits.
    pub(super) reset: u8,
    /// Of use in the newer encodings alone.
    pub(super) since: Header,
}

impl Head {
    /// Takes it off the front.
    pub(super) fn take(encoding: u8, data: &[u8]) -> Result<(Self, &[u8]), Trouble> {
        let taken = data.split_first_chunk();
        let (&[high, low, last], rest) = taken.ok_or_else(|| Trouble::ends_early(0, 0))?;
        // The third byte tells of resets, or of times, and the highest bits of resets then.
        let (of_resets, high) = if is_newer(encoding) {
            (high, high & 0x3f)
        } else {
            (last, high)
        };
        let head = Self {
            samples: u64::from(u16::from_be_bytes([high, low])),
            reset: of_resets & 0xc0,
            since: Header::new(last),
        };
        Ok((head, rest))
    }
}
