//! Bytes in base64, however tools write them.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Reads base64 of either alphabet, with or without padding, in one line or in many.
///
/// Errors: why it is none.
pub(super) fn decoded(text: &str) -> Result<Vec<u8>, base64::DecodeError> {
    const INDIFFERENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, INDIFFERENT);
    const URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, INDIFFERENT);
    if text.contains(|c: char| c.is_ascii_whitespace()) {
        let mut text = text.to_owned();
        text.retain(|c| !c.is_ascii_whitespace());
        return decoded(&text);
    }
    if text.contains(['-', '_']) {
        URL.decode(text)
    } else {
        STANDARD.decode(text)
    }
}
