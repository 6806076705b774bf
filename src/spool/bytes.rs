//! Numbers of variable length, written as Go writes them; [`Cursor`](crate::tsdb::bytes::Cursor) reads them.

/// Appends a number, seven bits a byte.
#[inline]
pub(super) fn put_uvarint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(lowest(value) | 0x80);
        value >>= 7;
    }
    bytes.push(lowest(value));
}

/// Appends a signed one, its sign as the lowest bit.
#[inline]
pub(super) fn put_varint(bytes: &mut Vec<u8>, value: i64) {
    put_uvarint(bytes, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

const fn lowest(value: u64) -> u8 {
    let [byte, ..] = value.to_le_bytes();
    byte
}
