//! Chunks as Prometheus writes them, by the byte in front of them.

use super::float_histogram::{self, Buckets};
use super::span::{Class, Order, Span, Trouble};
use super::{histogram, xor};
use crate::tsdb::finding::Kind;

/// What is kept from one chunk to the next, so that nothing is allocated for each.
pub(crate) type Scratch = Buckets;

pub(super) const XOR: u8 = 1;
const HISTOGRAM: u8 = 2;
const FLOAT_HISTOGRAM: u8 = 3;
/// XOR in fewer bits, and histograms with the time since which they count: Prometheus 3.11 and later.
const NEWER: [u8; 3] = [4, 5, 6];

/// Decodes a chunk, of the encoding that the byte in front of it names.
pub(super) fn decode(
    encoding: u8,
    data: &[u8],
    scratch: &mut Scratch,
) -> Result<(Class, Span), Trouble> {
    match encoding {
        XOR => Ok((Class::Float, xor::decode(data, Order::Ascending)?)),
        HISTOGRAM => Ok((Class::Histogram, histogram::decode(data)?)),
        FLOAT_HISTOGRAM => Ok((Class::Histogram, float_histogram::decode(data, scratch)?)),
        newer if NEWER.contains(&newer) => Err(Trouble::new(
            Kind::UnreadableByThanos,
            format!("chunk of encoding {newer}, which Prometheus 3.11 and later write"),
        )),
        other => Err(Trouble::new(
            Kind::UnknownEncoding,
            format!("chunk of encoding {other}, which none is known by"),
        )),
    }
}
