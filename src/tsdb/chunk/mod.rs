//! The data of one chunk: how many samples, from when to when, and [their values](Values) for those who want them. To judge a chunk they are passed
//! over, for there is nothing that they could contradict.

mod aggregate;
mod bits;
mod float_histogram;
mod histogram;
mod keep;
mod layout;
mod plain;
mod samples;
mod since;
mod span;
mod values;
mod window;
mod xor;
mod xor2;

pub(crate) use plain::{Scratch, is_newer};
pub(crate) use span::{Class, Span, Trouble};
pub(crate) use values::Values;

/// The encoding of Thanos' five aggregates: the greatest, so that none of Prometheus' comes to be the same.
const AGGREGATE: u8 = 255;

/// Decodes a chunk, of the encoding that the byte in front of it names.
pub(crate) fn decode(
    encoding: u8,
    data: &[u8],
    scratch: &mut Scratch,
) -> Result<(Class, Span), Trouble> {
    if encoding == AGGREGATE {
        return Ok((Class::Aggregate, aggregate::decode(data, scratch)?));
    }
    plain::decode(encoding, data, scratch)
}
