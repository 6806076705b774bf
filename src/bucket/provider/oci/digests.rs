//! The digests of what is put: they go along with it, so that the service finds out what was damaged on its way, and are compared with what it tells
//! of what it has.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::{CrcAlgorithm, Digest as Crc};
use md5::{Digest as _, Md5};
use object_store::PutPayload;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::fault::generic;
use crate::block::Fingerprint;

/// Has the service compute a CRC-32C, keep it with the object, and tell it when it is asked: of all bytes, whatever the parts.
pub(super) const ALGORITHM: (&str, &str) = ("opc-checksum-algorithm", "CRC32C");

/// What is known of the bytes of an object, or of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digests {
    pub(super) md5: [u8; 16],
    crc32c: u32,
}

impl Digests {
    pub(super) fn of(payload: &PutPayload) -> Self {
        let mut md5 = Md5::new();
        let mut crc = Crc::new(CrcAlgorithm::Crc32Iscsi);
        for piece in payload {
            md5.update(piece);
            crc.update(piece);
        }
        Self {
            md5: md5.finalize().into(),
            // Its 32 bits stand in the lower half.
            crc32c: u32::try_from(crc.finalize()).unwrap_or_default(),
        }
    }

    pub(super) fn fingerprint(self) -> Fingerprint {
        Fingerprint::md5(self.md5).and(Fingerprint::crc32c(self.crc32c))
    }

    /// Adds the headers by which the service verifies them.
    pub(super) fn add_to(self, headers: &mut HeaderMap) -> object_store::Result<()> {
        let crc32c = STANDARD.encode(self.crc32c.to_be_bytes());
        insert(headers, "content-md5", &STANDARD.encode(self.md5))?;
        insert(headers, ALGORITHM.0, ALGORITHM.1)?;
        insert(headers, "opc-content-crc32c", &crc32c)
    }
}

/// Sets a header.
pub(super) fn insert(
    headers: &mut HeaderMap,
    name: &'static str,
    value: &str,
) -> object_store::Result<()> {
    let value = HeaderValue::from_str(value).map_err(generic)?;
    headers.insert(HeaderName::from_static(name), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    /// S-3.74
    #[test]
    fn what_is_put_goes_along_with_its_digests() {
        let payload =
            PutPayload::from_iter([&b"1234"[..], b"56789"].map(bytes::Bytes::from_static));
        let mut headers = HeaderMap::new();
        Digests::of(&payload).add_to(&mut headers).unwrap();
        for (name, expected) in [
            ("content-md5", "JfnnlDI7RTiF9RgfG2JNCw=="),
            ("opc-checksum-algorithm", "CRC32C"),
            ("opc-content-crc32c", "4waSgw=="),
        ] {
            assert_eq!(headers.get(name).unwrap(), expected, "{name}");
        }
    }
}
