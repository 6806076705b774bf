//! Chunks as Prometheus writes them, by the byte in front of them.

use super::float_histogram::{self, Buckets};
use super::layout::start;
use super::samples::span;
use super::since::{Header, Since};
use super::span::{Class, Order, Span, Trouble};
use super::{histogram, xor, xor2};
use crate::tsdb::bytes::Cursor;
use crate::tsdb::finding::Kind;

/// What is kept from one chunk to the next, so that nothing is allocated for each.
pub(crate) type Scratch = Buckets;

pub(super) const XOR: u8 = 1;
const HISTOGRAM: u8 = 2;
const FLOAT_HISTOGRAM: u8 = 3;
const XOR2: u8 = 4;
const HISTOGRAM_SINCE: u8 = 5;
const FLOAT_HISTOGRAM_SINCE: u8 = 6;

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
        other => Err(Trouble::new(
            Kind::UnknownEncoding,
            format!("chunk of encoding {other}, which none is known by"),
        )),
    }
}

fn histograms(encoding: u8, data: &[u8], scratch: &mut Scratch) -> Result<Span, Trouble> {
    let mut cursor = Cursor::new(data);
    let header = cursor.bytes(3).and_then(|bytes| bytes.first_chunk());
    let [high, low, last] = *header.ok_or_else(|| Trouble::ends_early(0, 0))?;
    // Whether counters were reset is of no matter here. It has the third byte, or the highest bits where that is about times.
    let high = if is_newer(encoding) {
        high & 0x3f
    } else {
        high
    };
    let samples = u64::from(u16::from_be_bytes([high, low]));
    let start = start(cursor.rest(), samples)?;
    let header = Header::new(last);
    let order = Order::Ascending;
    match encoding {
        HISTOGRAM => span(samples, order, histogram::Reader::new(start)),
        HISTOGRAM_SINCE => {
            let reader = histogram::Reader::new(start);
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
