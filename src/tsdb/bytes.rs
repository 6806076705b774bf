//! Numbers and strings as Go writes them, taken from the front of a slice.

/// The longest number of variable length.
pub(crate) const VARINT_BYTES: usize = 10;

/// What is left of a slice. `None` means that it ends too early, or that a number does not fit into 64 bits.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn left(&self) -> usize {
        self.rest.len()
    }

    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        let (bytes, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u32::from_be_bytes(*bytes))
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        let (bytes, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u64::from_be_bytes(*bytes))
    }

    #[inline]
    pub(crate) fn uvarint(&mut self) -> Option<u64> {
        let (&first, rest) = self.rest.split_first()?;
        if first < 0x80 {
            self.rest = rest;
            return Some(u64::from(first));
        }
        self.long_uvarint()
    }

    fn long_uvarint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for (index, &byte) in self.rest.iter().take(VARINT_BYTES).enumerate() {
            let bits = u64::from(byte & 0x7f);
            if index == VARINT_BYTES - 1 && byte > 1 {
                return None;
            }
            value |= bits << (7 * index);
            if byte < 0x80 {
                self.rest = self.rest.get(index + 1..)?;
                return Some(value);
            }
        }
        None
    }

    #[inline]
    pub(crate) fn varint(&mut self) -> Option<i64> {
        self.uvarint().map(unzigzag)
    }

    /// A string behind its length.
    pub(crate) fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.uvarint()?;
        self.bytes(usize::try_from(length).ok()?)
    }
}

/// A signed number whose lowest bit is its sign.
pub(crate) const fn unzigzag(value: u64) -> i64 {
    ((value >> 1) ^ (value & 1).wrapping_neg()).cast_signed()
}

/// A place within a file as an index into memory; one that does not fit lies in no memory.
pub(crate) fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// Puts a number of variable length behind others.
#[inline]
pub(crate) fn put_uvarint(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        let [low, ..] = value.to_le_bytes();
        to.push(low | 0x80);
        value >>= 7;
    }
    let [low, ..] = value.to_le_bytes();
    to.push(low);
}

/// The same for a signed one, whose lowest bit is its sign.
#[inline]
pub(crate) fn put_varint(to: &mut Vec<u8>, value: i64) {
    put_uvarint(to, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails should panic")]

    use super::*;

    #[test]
    fn numbers_are_read_as_go_writes_them() {
        let bytes = [0x01, 0x80, 0x01, 0x03, 0, 0, 1, 0, 2, b'a', b'b'];
        let mut cursor = Cursor::new(&bytes);
        assert_eq!(cursor.uvarint(), Some(1));
        assert_eq!(cursor.uvarint(), Some(128));
        assert_eq!(cursor.varint(), Some(-2));
        assert_eq!(cursor.u32(), Some(256));
        assert_eq!(cursor.string().unwrap(), b"ab");
        assert_eq!(cursor.byte(), None);
    }

    #[test]
    fn numbers_that_fit_into_no_64_bits_are_none() {
        let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(Cursor::new(&most).uvarint(), Some(u64::MAX));
        let more = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
        assert_eq!(Cursor::new(&more).uvarint(), None);
        assert_eq!(Cursor::new(&[0x80; 11]).uvarint(), None);
        assert_eq!(Cursor::new(&[0x80]).uvarint(), None);
        assert_eq!(Cursor::new(&[0xff; 3]).string(), None);
    }
}
