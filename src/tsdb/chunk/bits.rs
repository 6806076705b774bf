//! Bits from the highest of the first byte on.

use super::super::bytes::unzigzag;

/// Reads bits through a word of 64.
pub(super) struct Bits<'a> {
    rest: &'a [u8],
    /// The next bits, the next one highest. What lies below the first `have` of them is of no meaning.
    word: u64,
    have: u32,
}

/// There are not as many bits as asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ended;

impl<'a> Bits<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            word: 0,
            have: 0,
        }
    }

    /// How many bits are left.
    pub(super) const fn left(&self) -> u64 {
        self.rest.len() as u64 * 8 + self.have as u64
    }

    /// Has at least 56 bits in the word, or all that are left.
    #[inline]
    pub(super) fn refill(&mut self) {
        if let Some(head) = self.rest.first_chunk::<8>() {
            self.word |= u64::from_be_bytes(*head) >> self.have;
            let bytes = (63 - self.have) / 8;
            self.rest = self.rest.get(bytes as usize..).unwrap_or_default();
            self.have += bytes * 8;
        } else {
            self.refill_last();
        }
    }

    #[cold]
    fn refill_last(&mut self) {
        // What lies below the bits that count may be a part of a byte that comes again.
        self.word &= !(u64::MAX.checked_shr(self.have).unwrap_or(0));
        while self.have < 56
            && let Some((&byte, rest)) = self.rest.split_first()
        {
            self.word |= u64::from(byte) << (56 - self.have);
            self.have += 8;
            self.rest = rest;
        }
    }

    /// The next bits without taking them; those behind the end are of no meaning.
    #[inline]
    pub(super) const fn word(&self) -> u64 {
        self.word
    }

    /// How many of the next bits are ones, counted up to `most`, which [`Self::refill`] has to have provided.
    #[inline]
    pub(super) fn ones(&self, most: u32) -> u32 {
        self.word.leading_ones().min(most)
    }

    /// Leaves behind bits that are in the word: up to 56 behind a refill.
    #[inline]
    pub(super) fn drop(&mut self, count: u32) -> Result<(), Ended> {
        self.have = self.have.checked_sub(count).ok_or(Ended)?;
        self.word <<= count;
        Ok(())
    }

    /// Takes up to 56 bits.
    #[inline]
    pub(super) fn take(&mut self, count: u32) -> Result<u64, Ended> {
        if self.have < count {
            self.refill();
        }
        let value = (self.word >> 1) >> (63 - count);
        self.drop(count)?;
        Ok(value)
    }

    /// Takes 64 bits.
    pub(super) fn take_64(&mut self) -> Result<u64, Ended> {
        Ok((self.take(32)? << 32) | self.take(32)?)
    }

    /// Leaves any number of bits behind.
    #[inline]
    pub(super) fn skip(&mut self, count: u32) -> Result<(), Ended> {
        if count < self.have {
            self.have -= count;
            self.word <<= count;
            return Ok(());
        }
        self.skip_far(count)
    }

    fn skip_far(&mut self, count: u32) -> Result<(), Ended> {
        let beyond = count - self.have;
        self.word = 0;
        self.have = 0;
        self.rest = self.rest.get((beyond / 8) as usize..).ok_or(Ended)?;
        self.refill();
        self.drop(beyond % 8)
    }

    /// A number of variable length in bytes.
    pub(super) fn uvarint(&mut self) -> Result<u64, Ended> {
        let mut value = 0_u64;
        for index in 0..10 {
            let byte = self.take(8)?;
            value |= (byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Ended)
    }

    pub(super) fn varint(&mut self) -> Result<i64, Ended> {
        self.uvarint().map(unzigzag)
    }

    /// A number of the lengths that histograms use.
    #[inline]
    pub(super) fn varbit_unsigned(&mut self) -> Result<u64, Ended> {
        self.varbit_with(|value, _| value)
    }

    #[inline]
    pub(super) fn varbit_signed(&mut self) -> Result<i64, Ended> {
        self.varbit_with(signed)
    }

    #[inline]
    fn varbit_with<N>(&mut self, number: impl Fn(u64, u32) -> N) -> Result<N, Ended> {
        self.refill();
        let ones = self.ones(8);
        let bits = match ones {
            0 => 0,
            1 => 3,
            2 => 6,
            3 => 9,
            4 => 12,
            5 => 18,
            6 => 25,
            7 => 56,
            _ => 64,
        };
        self.drop(ones + u32::from(ones < 8))?;
        Ok(match bits {
            0 => number(0, 1),
            64 => number(self.take_64()?, 64),
            bits => number(self.take(bits)?, bits),
        })
    }

    /// Leaves such a number behind.
    #[inline]
    pub(super) fn skip_varbit(&mut self) -> Result<(), Ended> {
        self.refill();
        let bits = match self.ones(8) {
            0 => 1,
            1 => 5,
            2 => 9,
            3 => 13,
            4 => 17,
            5 => 24,
            6 => 32,
            7 => 64,
            _ => 72,
        };
        self.skip(bits)
    }
}

/// A number of so many bits, of which the upper half but for its least stands for negative ones.
#[inline]
pub(super) fn signed(value: u64, bits: u32) -> i64 {
    if bits < 64 && value > 1 << (bits - 1) {
        value.wrapping_sub(1 << bits).cast_signed()
    } else {
        value.cast_signed()
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test that fails should panic"
    )]

    use super::*;

    #[test]
    fn bits_come_in_order_to_the_very_last() {
        let bytes: Vec<u8> = (0..40).map(|index: u8| index.wrapping_mul(37)).collect();
        let bit = |index: usize| u64::from(bytes[index / 8] >> (7 - index % 8) & 1);
        for step in [1, 3, 7, 8, 13, 25, 32, 55, 56] {
            let mut bits = Bits::new(&bytes);
            let mut at = 0;
            while at + step <= bytes.len() * 8 {
                let want = (at..at + step).fold(0, |value, index| value << 1 | bit(index));
                assert_eq!(bits.take(u32::try_from(step).unwrap()), Ok(want));
                at += step;
                assert_eq!(bits.left(), (bytes.len() * 8 - at) as u64);
            }
            assert_eq!(bits.take(56), Err(Ended));
        }
    }

    #[test]
    fn bits_that_are_skipped_are_as_if_they_had_been_taken() {
        let bytes: Vec<u8> = (0..40).map(|index: u8| index.wrapping_mul(91)).collect();
        for first in 0..20 {
            for skip in 0..200 {
                let (mut skipped, mut taken) = (Bits::new(&bytes), Bits::new(&bytes));
                assert_eq!(skipped.take(first), taken.take(first));
                assert_eq!(skipped.skip(skip), Ok(()));
                for _ in 0..skip {
                    assert!(taken.take(1).is_ok());
                }
                assert_eq!(skipped.left(), taken.left());
                assert_eq!(skipped.take(56), taken.take(56), "{first} {skip}");
            }
        }
        assert_eq!(Bits::new(&bytes).skip(320), Ok(()));
        assert_eq!(Bits::new(&bytes).skip(321), Err(Ended));
    }

    #[test]
    fn signed_numbers_are_asymmetric_as_their_writer_has_them() {
        assert_eq!(signed(4, 3), 4);
        assert_eq!(signed(5, 3), -3);
        assert_eq!(signed(8192, 14), 8192);
        assert_eq!(signed(8193, 14), -8191);
        assert_eq!(signed(u64::MAX, 64), -1);
    }
}
