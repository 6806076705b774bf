//! MD5 as the service writes it.

use bytes::Bytes;
use md5::{Digest as _, Md5};

use crate::hexadecimal::hexadecimal;

/// The MD5 of bytes, as the service writes it.
pub(super) fn md5_of<'a>(pieces: impl IntoIterator<Item = &'a Bytes>) -> String {
    let mut md5 = Md5::new();
    pieces.into_iter().for_each(|piece| md5.update(piece));
    hexadecimal(&md5.finalize())
}
