//! Names and values as they stand in an address.

use std::fmt::Write as _;

/// The text with every byte escaped but those that never mean anything; a slash is escaped too.
pub(in crate::bucket) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(byte.into());
        } else {
            // Writing to a string never fails.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}
