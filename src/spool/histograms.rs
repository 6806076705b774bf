//! Native histograms in bytes, one by one: each is whole, so that they may come in any order and of any layout.

use crate::samples::{Buckets, Histogram, ResetHint, Span};
use crate::tsdb::bytes::{Cursor, put_uvarint, put_varint};

/// In the second byte, for buckets of whole numbers and of floats.
const INTEGERS: u8 = 0;
const FLOATS: u8 = 1;

/// Appends a histogram: its hint in a byte, and all that is bits of its value.
pub(super) fn put(bytes: &mut Vec<u8>, histogram: &Histogram) {
    bytes.push(histogram.reset_hint as u8);
    bytes.push(match histogram.buckets {
        Buckets::Integers { .. } => INTEGERS,
        Buckets::Floats { .. } => FLOATS,
    });
    put_varint(bytes, histogram.schema.into());
    put_float(bytes, histogram.zero_threshold);
    put_float(bytes, histogram.sum);
    for spans in [&histogram.positive_spans, &histogram.negative_spans] {
        put_uvarint(bytes, spans.len() as u64);
        for span in spans {
            put_varint(bytes, span.offset.into());
            put_uvarint(bytes, span.length.into());
        }
    }
    put_floats(bytes, &histogram.custom_values);
    match &histogram.buckets {
        Buckets::Integers {
            count,
            zero_count,
            positive,
            negative,
        } => {
            put_uvarint(bytes, *count);
            put_uvarint(bytes, *zero_count);
            for buckets in [positive, negative] {
                put_uvarint(bytes, buckets.len() as u64);
                for bucket in buckets {
                    put_varint(bytes, *bucket);
                }
            }
        }
        Buckets::Floats {
            count,
            zero_count,
            positive,
            negative,
        } => {
            put_float(bytes, *count);
            put_float(bytes, *zero_count);
            put_floats(bytes, positive);
            put_floats(bytes, negative);
        }
    }
}

fn put_float(bytes: &mut Vec<u8>, value: f64) {
    bytes.extend(value.to_bits().to_be_bytes());
}

fn put_floats(bytes: &mut Vec<u8>, values: &[f64]) {
    put_uvarint(bytes, values.len() as u64);
    for value in values {
        put_float(bytes, *value);
    }
}

/// Takes the next one off the front; `None` where the bytes are none that [`put`] wrote.
pub(super) fn take(cursor: &mut Cursor<'_>) -> Option<Histogram> {
    let reset_hint = match cursor.byte()? {
        0 => ResetHint::Unknown,
        1 => ResetHint::Reset,
        2 => ResetHint::NoReset,
        3 => ResetHint::Gauge,
        _ => return None,
    };
    let kind = cursor.byte()?;
    Some(Histogram {
        reset_hint,
        schema: i32::try_from(cursor.varint()?).ok()?,
        zero_threshold: float(cursor)?,
        sum: float(cursor)?,
        positive_spans: many(cursor, span)?,
        negative_spans: many(cursor, span)?,
        custom_values: many(cursor, float)?,
        buckets: if kind == INTEGERS {
            Buckets::Integers {
                count: cursor.uvarint()?,
                zero_count: cursor.uvarint()?,
                positive: many(cursor, Cursor::varint)?,
                negative: many(cursor, Cursor::varint)?,
            }
        } else {
            Buckets::Floats {
                count: float(cursor)?,
                zero_count: float(cursor)?,
                positive: many(cursor, float)?,
                negative: many(cursor, float)?,
            }
        },
    })
}

fn float(cursor: &mut Cursor<'_>) -> Option<f64> {
    cursor.u64().map(f64::from_bits)
}

fn span(cursor: &mut Cursor<'_>) -> Option<Span> {
    Some(Span {
        offset: i32::try_from(cursor.varint()?).ok()?,
        length: u32::try_from(cursor.uvarint()?).ok()?,
    })
}

fn many<'a, T>(
    cursor: &mut Cursor<'a>,
    each: impl Fn(&mut Cursor<'a>) -> Option<T>,
) -> Option<Vec<T>> {
    // Each takes a byte at least, so no count asks for more memory than there are bytes.
    let count = usize::try_from(cursor.uvarint()?).ok()?;
    if count > cursor.left() {
        return None;
    }
    (0..count).map(|_| each(cursor)).collect()
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::samples::CUSTOM_BUCKETS;

    #[test]
    fn histograms_come_back_as_they_were() {
        let spans = vec![
            Span {
                offset: -7,
                length: 2,
            },
            Span {
                offset: 3,
                length: 1,
            },
        ];
        let integers = Histogram {
            reset_hint: ResetHint::Gauge,
            schema: -4,
            zero_threshold: 0.001,
            sum: -18.5,
            positive_spans: spans.clone(),
            negative_spans: Vec::new(),
            custom_values: Vec::new(),
            buckets: Buckets::Integers {
                count: u64::MAX,
                zero_count: 3,
                positive: vec![i64::MIN, i64::MAX, -1],
                negative: Vec::new(),
            },
        };
        let floats = Histogram {
            reset_hint: ResetHint::NoReset,
            schema: CUSTOM_BUCKETS,
            negative_spans: spans,
            custom_values: vec![0.1, f64::INFINITY],
            buckets: Buckets::Floats {
                count: 1.5,
                zero_count: 0.0,
                positive: vec![0.5, 1.0],
                negative: vec![-0.0],
            },
            ..integers.clone()
        };
        let mut bytes = Vec::new();
        for histogram in [&integers, &floats] {
            put(&mut bytes, histogram);
        }
        let mut cursor = Cursor::new(&bytes);
        assert_eq!(take(&mut cursor), Some(integers));
        assert_eq!(take(&mut cursor), Some(floats));
        assert_eq!(cursor.left(), 0);
        for end in 0..bytes.len() {
            let mut cursor = Cursor::new(bytes.get(..end).unwrap());
            while take(&mut cursor).is_some() {}
        }
    }
}
