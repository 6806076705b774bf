//! MD5 as the service writes it.

use bytes::Bytes;
use md5::{Digest as _, Md5};

/// The MD5 of bytes, as the service writes it.
pub(super) fn md5_of<'a>(pieces: impl IntoIterator<Item = &'a Bytes>) -> String {
    let mut md5 = Md5::new();
    pieces.into_iter().for_each(|piece| md5.update(piece));
    hexadecimal(&md5.finalize())
}

/// Bytes in hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |byte: u8| DIGITS.get(usize::from(byte)).copied().unwrap_or_default();
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|it| char::from(digit(it))).collect()
}
