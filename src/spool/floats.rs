//! Numbers at times in few bytes, in whatever order they came: a time as the change of its distance from the one before, a value as what changes of
//! its bits. A number at a regular time takes as many bytes as change of it, and one.

use crate::tsdb::bytes::{Cursor, put_varint};

/// How many counts of bytes there are: none to eight.
const COUNTS: u8 = 9;

/// Set in the first byte where the time is not as far from the one before as that was.
const IRREGULAR: u8 = 0x80;

/// What the next one is told as a change of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Before {
    pub(super) time_ms: i64,
    delta_ms: i64,
    bits: u64,
}

impl Before {
    /// Appends a number.
    #[inline]
    pub(super) fn put(&mut self, bytes: &mut Vec<u8>, time_ms: i64, value: f64) {
        let delta = time_ms.wrapping_sub(self.time_ms);
        let change = delta.wrapping_sub(self.delta_ms);
        let changed = value.to_bits() ^ self.bits;
        let (leading, count) = if changed == 0 {
            (0, 0)
        } else {
            let leading = changed.leading_zeros() / 8;
            (leading, 8 - leading - changed.trailing_zeros() / 8)
        };
        let of_few = |few: u32| u8::try_from(few).unwrap_or_default();
        let first = of_few(leading) * COUNTS + of_few(count);
        if change == 0 {
            bytes.push(first);
        } else {
            bytes.push(first | IRREGULAR);
            put_varint(bytes, change);
        }
        let begin = bytes.len();
        bytes.extend((changed << (8 * leading)).to_be_bytes());
        bytes.truncate(begin + count as usize);
        *self = Self {
            time_ms,
            delta_ms: delta,
            bits: value.to_bits(),
        };
    }

    /// Takes the next one off the front; `None` where the bytes are none that [`Before::put`] wrote.
    #[inline]
    pub(super) fn take(&mut self, cursor: &mut Cursor<'_>) -> Option<(i64, f64)> {
        let first = cursor.byte()?;
        if first & IRREGULAR != 0 {
            self.delta_ms = self.delta_ms.wrapping_add(cursor.varint()?);
        }
        self.time_ms = self.time_ms.wrapping_add(self.delta_ms);
        let (leading, count) = ((first & !IRREGULAR) / COUNTS, (first & !IRREGULAR) % COUNTS);
        let told = cursor.bytes(count.into())?;
        if leading + count > 8 {
            return None;
        }
        let changed = told
            .iter()
            .fold(0, |changed, byte| (changed << 8) | u64::from(*byte));
        let behind = 8 - leading - count;
        self.bits ^= changed.checked_shl(8 * u32::from(behind)).unwrap_or(0);
        Some((self.time_ms, f64::from_bits(self.bits)))
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::samples::STALE;

    #[test]
    fn numbers_come_back_bit_for_bit_whatever_their_order() {
        let samples = [
            (1_700_000_000_000, 0.0),
            (1_700_000_015_000, -0.0),
            (1_700_000_030_000, 1e300),
            (1_700_000_045_000, 1e300),
            (1_700_000_045_000, f64::from_bits(STALE)),
            (0, f64::NAN),
            (i64::MIN, f64::from_bits(1)),
            (i64::MAX, f64::from_bits(u64::MAX)),
            (-1, f64::from_bits(0x00ff_0000_0000_0000)),
            (-1, 0.1),
        ];
        let (mut bytes, mut before) = (Vec::new(), Before::default());
        for (time, value) in samples {
            before.put(&mut bytes, time, value);
        }
        let (mut cursor, mut before) = (Cursor::new(&bytes), Before::default());
        for (time, value) in samples {
            let (read, told) = before.take(&mut cursor).unwrap();
            assert_eq!((read, told.to_bits()), (time, value.to_bits()));
        }
        assert_eq!(cursor.left(), 0);
        for end in 0..bytes.len() {
            let (mut cursor, mut before) =
                (Cursor::new(bytes.get(..end).unwrap()), Before::default());
            while before.take(&mut cursor).is_some() {}
        }
        for first in 0..=u8::MAX {
            let bytes = [first, 1, 2, 3, 4, 5, 6, 7, 8, 9];
            Before::default().take(&mut Cursor::new(&bytes));
        }
    }

    #[test]
    fn a_counter_takes_few_bytes() {
        let (mut bytes, mut before) = (Vec::new(), Before::default());
        for number in 0..1000_i32 {
            let time = 1_700_000_000_000 + i64::from(number) * 15_000;
            before.put(&mut bytes, time, f64::from(number * 7));
        }
        assert!(bytes.len() < 3_100, "{}", bytes.len());
    }
}
