//! Bits, written from the highest of the first byte on.

/// Writes bits through a word of 64.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// What is not yet among the bytes, the first bit highest.
    word: u64,
    used: u32,
}

impl BitWriter {
    /// Begins anew, with these bytes.
    pub(super) fn restart(&mut self, head: &[u8]) {
        self.bytes.clear();
        self.bytes.extend_from_slice(head);
        self.word = 0;
        self.used = 0;
    }

    /// All that was written; bits that fill up the last byte are zeros. Nothing can be written behind it.
    pub(super) fn end(&mut self) -> &mut [u8] {
        let word = self.word.to_be_bytes();
        let left = word.iter().take(self.used.div_ceil(8) as usize);
        self.bytes.extend(left);
        self.word = 0;
        self.used = 0;
        &mut self.bytes
    }

    /// Writes the lowest `count` bits, of which there are 1 to 64.
    #[inline]
    pub(super) fn put(&mut self, value: u64, count: u32) {
        let value = value << (64 - count);
        self.word |= value >> self.used;
        let used = self.used + count;
        if used < 64 {
            self.used = used;
            return;
        }
        self.bytes.extend_from_slice(&self.word.to_be_bytes());
        self.used = used - 64;
        // What had no room, if anything had none.
        self.word = value.checked_shl(count - self.used).unwrap_or(0);
    }

    /// A number of variable length in bytes.
    pub(super) fn uvarint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.put(value & 0x7f | 0x80, 8);
            value >>= 7;
        }
        self.put(value, 8);
    }

    pub(super) fn varint(&mut self, value: i64) {
        self.uvarint((value << 1 ^ value >> 63).cast_unsigned());
    }

    /// A number of the lengths that histograms use.
    #[inline]
    pub(super) fn varbit_unsigned(&mut self, value: u64) {
        let width = 64 - value.leading_zeros();
        self.varbit(value, |bits| width <= bits);
    }

    #[inline]
    pub(super) fn varbit_signed(&mut self, value: i64) {
        self.varbit(value.cast_unsigned(), |bits| is_within(value, bits));
    }

    #[inline]
    fn varbit(&mut self, value: u64, is_within: impl Fn(u32) -> bool) {
        if value == 0 {
            return self.put(0, 1);
        }
        for (ones, bits) in [(1, 3), (2, 6), (3, 9), (4, 12), (5, 18), (6, 25)] {
            if is_within(bits) {
                // So many ones and a zero in front of it.
                let prefix = ((1 << ones) - 1) << (bits + 1);
                return self.put(prefix | value & ((1 << bits) - 1), ones + 1 + bits);
            }
        }
        if is_within(56) {
            return self.put(0xfe << 56 | value & (u64::MAX >> 8), 64);
        }
        self.put(0xff, 8);
        self.put(value, 64);
    }
}

/// Whether so many bits hold a signed number: one more above zero than below it.
#[inline]
pub(super) const fn is_within(value: i64, bits: u32) -> bool {
    let most = 1 << (bits - 1);
    -most < value && value <= most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_lie_in_order_whatever_their_widths() {
        for step in 1..=64 {
            let (mut writer, mut expected) = (BitWriter::default(), Vec::new());
            writer.restart(&[]);
            for index in 0..100_u32 {
                let value = u64::from(index)
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                    .rotate_left(7);
                let count = 1 + (step * (index % 7 + 1)) % 64;
                writer.put(value, count);
                expected.extend((0..count).rev().map(|bit| value >> bit & 1));
            }
            let bytes = writer.end();
            assert_eq!(bytes.len(), expected.len().div_ceil(8));
            expected.resize(bytes.len() * 8, 0);
            let bits = |byte: &u8| {
                (0..8)
                    .rev()
                    .map(|bit| u64::from(byte >> bit & 1))
                    .collect::<Vec<_>>()
            };
            let written: Vec<_> = bytes.iter().flat_map(bits).collect();
            assert_eq!(written, expected);
        }
    }
}
