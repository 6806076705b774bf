//! The checksums that S3 keeps of objects beside their entity tags, whoever computed them. Amazon keeps one of everything that is put.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderMap;

use crate::block::Fingerprint;

const CRC32C: &str = "x-amz-checksum-crc32c";
const CRC64NVME: &str = "x-amz-checksum-crc64nvme";
/// Whether they are of all bytes, or of those of the parts.
const KIND: &str = "x-amz-checksum-type";

/// The headers that tell checksums.
pub(super) const HEADERS: [&str; 3] = [CRC32C, CRC64NVME, KIND];

/// What an answer tells that was asked for checksums. One that is made of those of parts depends on how large they are, and is not believed.
pub(super) fn told_by(headers: &HeaderMap) -> Fingerprint {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let is_of_parts = |value: &str| value.contains('-');
    if text(KIND).is_some_and(|kind| !kind.eq_ignore_ascii_case("FULL_OBJECT")) {
        return Fingerprint::UNKNOWN;
    }
    let decoded = |name: &str| {
        let value = text(name).filter(|value| !is_of_parts(value))?;
        STANDARD.decode(value).ok()
    };
    let crc32c = decoded(CRC32C).and_then(|bytes| Some(u32::from_be_bytes(bytes.try_into().ok()?)));
    let crc64nvme =
        decoded(CRC64NVME).and_then(|bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?)));
    let known = |found: Option<Fingerprint>| found.unwrap_or_default();
    known(crc32c.map(Fingerprint::crc32c)).and(known(crc64nvme.map(Fingerprint::crc64nvme)))
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    /// S-5.6
    #[test]
    fn a_checksum_counts_where_it_is_of_all_bytes() {
        let (crc32c, crc64, kind) = (CRC32C, CRC64NVME, KIND);
        // Of `123456789`, as the algorithms' own documents have it.
        let (known32, known64) = ("4waSgw==", "rosUhgp5mIg=");
        let both =
            Fingerprint::crc32c(0xe306_9283).and(Fingerprint::crc64nvme(0xae8b_1486_0a79_9888));
        for (headers, expected) in [
            (&[(crc32c, known32), (crc64, known64)][..], both),
            (
                &[(crc32c, known32), (crc64, known64), (kind, "FULL_OBJECT")],
                both,
            ),
            (
                &[(crc32c, known32), (kind, "COMPOSITE")],
                Fingerprint::UNKNOWN,
            ),
            (&[(crc32c, "4waSgw==-2")], Fingerprint::UNKNOWN),
            (&[(crc32c, "no base64")], Fingerprint::UNKNOWN),
            (&[(crc64, known32)], Fingerprint::UNKNOWN),
            (&[], Fingerprint::UNKNOWN),
        ] {
            let mut all = HeaderMap::new();
            for (name, value) in headers {
                all.insert(*name, value.parse().unwrap());
            }
            assert_eq!(told_by(&all), expected, "{headers:?}");
        }
    }
}
