//! What Thanos makes of the samples of a window: count, sum, least, greatest and counter, each a chunk of its own behind its length.
//!
//! See `pkg/compact/downsample/aggr.go` of Thanos. Rules that its writers hold:
//!
//! - The count is there.
//! - The counter begins with the first raw sample, at the time of that sample, which may lie before the end of the first window; it ends
//!   with the value of the last raw sample, at the time of the last window once more. Deduplication may repeat the last one again.
//! - Of histograms there are count, sum and counter. Where their buckets could not be merged, sum and counter begin later than the count.
//! - The chunk is from the first window of any aggregate to the last one. Mostly that is the count's; where a block was made of deduplicated
//!   ones, whose aggregates were taken from several replicas, another may begin sooner or end later.

use super::plain::{self, Scratch, XOR};
use super::span::{Order, Span, Trouble};
use super::xor;
use crate::tsdb::bytes::{Cursor, size};
use crate::tsdb::finding::Kind;

const NAMES: [&str; 5] = ["count", "sum", "min", "max", "counter"];

/// Decodes a chunk of aggregates.
pub(super) fn decode(data: &[u8], scratch: &mut Scratch) -> Result<Span, Trouble> {
    let mut cursor = Cursor::new(data);
    let mut samples = None;
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    for name in NAMES {
        let trouble =
            |kind, what: &str| Trouble::new(kind, format!("the aggregate {name}: {what}"));
        let length = cursor
            .uvarint()
            .ok_or_else(|| trouble(Kind::ChunkUndecodable, "no length"))?;
        if length == 0 {
            continue;
        }
        let part = cursor.byte().zip(cursor.bytes(size(length)));
        let (encoding, part) =
            part.ok_or_else(|| trouble(Kind::ChunkUndecodable, "longer than the chunk"))?;
        let span =
            part_span(name, encoding, part, scratch).map_err(|err| trouble(err.kind, &err.what))?;
        if name == "count" {
            samples = Some(span.samples);
        }
        if span.samples > 0 {
            let is_raw = name == "counter" && encoding == XOR;
            first = first.min(if is_raw { span.second } else { span.first });
            last = last.max(span.last);
        }
    }
    if cursor.left() > 0 {
        let what = format!("{} bytes behind the five aggregates", cursor.left());
        return Err(Trouble::new(Kind::ChunkUndecodable, what));
    }
    let Some(samples) = samples else {
        let what = "the aggregate count is missing";
        return Err(Trouble::new(Kind::ChunkUndecodable, what));
    };
    Ok(Span {
        samples,
        first,
        second: first,
        last,
    })
}

fn part_span(
    name: &str,
    encoding: u8,
    part: &[u8],
    scratch: &mut Scratch,
) -> Result<Span, Trouble> {
    if plain::is_newer(encoding) {
        let what =
            format!("samples of encoding {encoding}, which no version of Thanos writes there");
        return Err(Trouble::new(Kind::UnknownEncoding, what));
    }
    if encoding == XOR && name == "counter" {
        return xor::decode(part, Order::Repeating);
    }
    let (_, span) = plain::decode(encoding, part, scratch)?;
    Ok(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An aggregate behind its length: floats of no change, the first at one time and the next so long after it.
    fn floats(first: u8, later: Option<u8>) -> Vec<u8> {
        // The time is written as a signed number of one byte.
        assert!(first < 64);
        let mut data = vec![0, 1 + u8::from(later.is_some()), first * 2];
        data.extend([0; 8]);
        // The bit that says that the value is as before, and what fills its byte.
        data.extend(later.into_iter().flat_map(|later| [later, 0]));
        let length = u8::try_from(data.len()).unwrap_or_default();
        [&[length, XOR], &*data].concat()
    }

    fn times(parts: &[Vec<u8>; 5]) -> Option<(u64, i64, i64)> {
        let decoded = decode(&parts.concat(), &mut Scratch::default()).ok();
        decoded.map(|span| (span.samples, span.first, span.last))
    }

    #[test]
    fn a_chunk_is_from_the_first_window_of_any_aggregate_to_the_last() {
        let none = || vec![0];
        let count = || floats(40, None);
        let alone = [count(), none(), none(), none(), none()];
        assert_eq!(times(&alone), Some((1, 40, 40)));
        // The counter's first sample is a raw one, which is in no window yet.
        let usual = [count(), none(), none(), none(), floats(10, Some(30))];
        assert_eq!(times(&usual), Some((1, 40, 40)));
        let sooner = [count(), none(), none(), none(), floats(10, Some(15))];
        assert_eq!(times(&sooner), Some((1, 25, 40)));
        let later = [count(), floats(40, Some(9)), none(), none(), none()];
        assert_eq!(times(&later), Some((1, 40, 49)));
        let without = [none(), count(), none(), none(), none()];
        assert_eq!(times(&without), None);
    }
}
