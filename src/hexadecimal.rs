//! Bytes in hexadecimal digits.

use std::fmt::Write;

/// Two lower-case digits for each byte.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    parted(bytes, "")
}

/// The same with something between bytes, such as the colons of fingerprints.
pub(crate) fn parted(bytes: &[u8], between: &str) -> String {
    let length = bytes.len().saturating_mul(2 + between.len());
    let mut text = String::with_capacity(length);
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 {
            text.push_str(between);
        }
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_two_digits() {
        for (bytes, plain, with_colons) in [
            (&b""[..], "", ""),
            (&[0x0a], "0a", "0a"),
            (&[0xff, 0x00, 0x10], "ff0010", "ff:00:10"),
        ] {
            assert_eq!(hexadecimal(bytes), plain);
            assert_eq!(parted(bytes, ":"), with_colons);
        }
    }
}
