//! What Thanos makes of the samples of a window: count, sum, least, greatest and counter, each a chunk of its own behind its length.
//!
//! See `pkg/compact/downsample/aggr.go` of Thanos. Rules that its writers hold:
//!
//! - The count is there, and its first and last times are the chunk's.
//! - The counter begins with the first raw sample, at the time of that sample, which may lie before the end of the first window; it ends
//!   with the value of the last raw sample, at the time of the last window once more. Deduplication may repeat the last one again.
//! - Of histograms there are count, sum and counter. Where their buckets could not be merged, sum and counter begin later than the count.

use super::plain::{self, Scratch, XOR};
use super::span::{Order, Span, Trouble};
use super::xor;
use crate::tsdb::bytes::{Cursor, size};
use crate::tsdb::finding::Kind;

const NAMES: [&str; 5] = ["count", "sum", "min", "max", "counter"];

/// Decodes a chunk of aggregates.
pub(super) fn decode(data: &[u8], scratch: &mut Scratch) -> Result<Span, Trouble> {
    let mut cursor = Cursor::new(data);
    let mut count: Option<Span> = None;
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
            count = Some(span);
        } else if let Some(count) = count
            && span.samples > 0
        {
            let early = span.first < count.first && name != "counter";
            if early || span.last > count.last {
                let what = format!(
                    "samples from {} to {}, but counts from {} to {}",
                    span.first, span.last, count.first, count.last
                );
                return Err(trouble(Kind::ChunkTimesDiffer, &what));
            }
        }
    }
    if cursor.left() > 0 {
        let what = format!("{} bytes behind the five aggregates", cursor.left());
        return Err(Trouble::new(Kind::ChunkUndecodable, what));
    }
    count.ok_or_else(|| Trouble::new(Kind::ChunkUndecodable, "the aggregate count is missing"))
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
