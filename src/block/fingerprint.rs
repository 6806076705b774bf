//! What a bucket tells of an object's content without its being read.

use std::num::NonZeroU32;

use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

/// What is known of an object's content: digests of several forms, or none. Only those of one form can be compared.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Fingerprint {
    md5: Option<[u8; 16]>,
    md5_of_parts: Option<([u8; 16], NonZeroU32)>,
    crc32c: Option<u32>,
    crc64nvme: Option<u64>,
}

/// A form of digests that tell an object's bytes whatever parts they were put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// MD5.
    Md5,
    /// CRC-32C (Castagnoli).
    Crc32c,
}

/// What two fingerprints of objects of one size tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// Equal content.
    Same,
    /// Digests of one form differ: another content, or the same one with other sizes of parts or another encryption.
    Differing,
    /// Nothing: no form is known of both.
    Untold,
}

impl Fingerprint {
    /// Nothing is known of the content: a bucket's tag may only tell versions of the object apart.
    pub const UNKNOWN: Self = Self {
        md5: None,
        md5_of_parts: None,
        crc32c: None,
        crc64nvme: None,
    };

    /// The MD5 of its bytes.
    #[must_use]
    pub const fn md5(digest: [u8; 16]) -> Self {
        Self {
            md5: Some(digest),
            ..Self::UNKNOWN
        }
    }

    /// The MD5 of the MD5s of the parts in which it was put, in their order, and how many there are.
    #[must_use]
    pub const fn md5_of_parts(digest: [u8; 16], parts: NonZeroU32) -> Self {
        Self {
            md5_of_parts: Some((digest, parts)),
            ..Self::UNKNOWN
        }
    }

    /// The CRC-32C (Castagnoli) of its bytes.
    #[must_use]
    pub const fn crc32c(checksum: u32) -> Self {
        Self {
            crc32c: Some(checksum),
            ..Self::UNKNOWN
        }
    }

    /// The CRC-64/NVME of its bytes.
    #[must_use]
    pub const fn crc64nvme(checksum: u64) -> Self {
        Self {
            crc64nvme: Some(checksum),
            ..Self::UNKNOWN
        }
    }

    /// What both know together. Where both know one form, this one's counts.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            md5: self.md5.or(other.md5),
            md5_of_parts: self.md5_of_parts.or(other.md5_of_parts),
            crc32c: self.crc32c.or(other.crc32c),
            crc64nvme: self.crc64nvme.or(other.crc64nvme),
        }
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_unknown(self) -> bool {
        self == Self::UNKNOWN
    }

    /// In how many parts the object was put, where that is known; `None` too where it was put at once.
    #[must_use]
    pub fn parts(self) -> Option<u32> {
        self.md5_of_parts.map(|(_, parts)| parts.get())
    }

    /// The MD5 of the object's bytes, where it is known.
    #[must_use]
    pub fn known_md5(self) -> Option<[u8; 16]> {
        self.md5
    }

    /// Whether a digest of the object's bytes themselves is known, which is the same in every bucket, whatever parts it was put in.
    #[must_use]
    pub fn is_of_the_bytes(self) -> bool {
        self.md5.is_some() || self.crc32c.is_some() || self.crc64nvme.is_some()
    }

    /// Whether the digest of that form is known.
    #[must_use]
    pub fn knows(self, form: Form) -> bool {
        match form {
            Form::Md5 => self.md5.is_some(),
            Form::Crc32c => self.crc32c.is_some(),
        }
    }

    /// Whether it holds the MD5 of these bytes; then nothing else has it.
    #[must_use]
    pub fn is_of(self, bytes: &[u8]) -> bool {
        self.md5
            .is_some_and(|md5| md5[..] == Md5::digest(bytes)[..])
    }

    /// The entity tag that S3 makes of an MD5, alone or of parts.
    pub(super) fn tag(self) -> Option<([u8; 16], Option<NonZeroU32>)> {
        let alone = self.md5.map(|digest| (digest, None));
        let of_parts = self.md5_of_parts;
        alone.or(of_parts.map(|(digest, parts)| (digest, Some(parts))))
    }

    /// Compares it with the fingerprint of another object of the same size. Digests of the bytes count before those of parts, which differ where parts
    /// have other sizes; what differs in one of them is not the same, whatever the others say.
    #[must_use]
    pub fn likeness(self, other: Self) -> Likeness {
        let of_bytes = [
            equal(self.md5, other.md5),
            equal(self.crc32c, other.crc32c),
            equal(self.crc64nvme, other.crc64nvme),
        ];
        // Other numbers of parts are other forms.
        let is_comparable = self.parts() == other.parts();
        let of_parts = equal(self.md5_of_parts, other.md5_of_parts).filter(|_| is_comparable);
        let told = |equal: bool| {
            if equal {
                Likeness::Same
            } else {
                Likeness::Differing
            }
        };
        if of_bytes.contains(&Some(false)) {
            Likeness::Differing
        } else if of_bytes.contains(&Some(true)) {
            Likeness::Same
        } else {
            of_parts.map_or(Likeness::Untold, told)
        }
    }
}

fn equal<T: PartialEq>(one: Option<T>, two: Option<T>) -> Option<bool> {
    Some(one? == two?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-5.6
    #[test]
    fn only_digests_of_one_form_are_compared() {
        let whole = |byte| Fingerprint::md5([byte; 16]);
        let parted = |byte, parts: NonZeroU32| Fingerprint::md5_of_parts([byte; 16], parts);
        let crc = Fingerprint::crc32c;
        let one = NonZeroU32::MIN;
        let two = one.saturating_add(1);
        for (here, there, expected) in [
            (whole(1), whole(1), Likeness::Same),
            (whole(1), whole(2), Likeness::Differing),
            (parted(1, two), parted(1, two), Likeness::Same),
            (parted(1, two), parted(2, two), Likeness::Differing),
            (parted(1, two), parted(2, one), Likeness::Untold),
            (whole(1), parted(1, one), Likeness::Untold),
            (whole(1), crc(1), Likeness::Untold),
            (crc(1), crc(1), Likeness::Same),
            (crc(1), crc(2), Likeness::Differing),
            (whole(1).and(crc(1)), crc(1), Likeness::Same),
            (
                Fingerprint::crc64nvme(1),
                Fingerprint::crc64nvme(1),
                Likeness::Same,
            ),
            (
                Fingerprint::crc64nvme(1),
                Fingerprint::crc64nvme(2),
                Likeness::Differing,
            ),
            (Fingerprint::crc64nvme(1), crc(1), Likeness::Untold),
            (
                parted(1, two).and(crc(1)),
                whole(1).and(crc(1)),
                Likeness::Same,
            ),
            (
                parted(1, two).and(crc(1)),
                parted(1, one).and(crc(1)),
                Likeness::Same,
            ),
            // Parts of other sizes.
            (
                parted(1, two).and(crc(1)),
                parted(2, two).and(crc(1)),
                Likeness::Same,
            ),
            (
                parted(1, two).and(crc(1)),
                parted(1, two).and(crc(2)),
                Likeness::Differing,
            ),
            // Two digests that contradict each other prove nothing.
            (
                whole(1).and(crc(1)),
                whole(1).and(crc(2)),
                Likeness::Differing,
            ),
            (whole(1), Fingerprint::UNKNOWN, Likeness::Untold),
            (Fingerprint::UNKNOWN, Fingerprint::UNKNOWN, Likeness::Untold),
        ] {
            assert_eq!(here.likeness(there), expected, "{here:?} {there:?}");
            assert_eq!(there.likeness(here), expected, "{there:?} {here:?}");
        }
    }

    #[test]
    fn what_is_known_adds_up() {
        let md5 = Fingerprint::md5([1; 16]);
        let both = md5.and(Fingerprint::crc32c(7));
        assert_eq!(both.and(Fingerprint::UNKNOWN), both);
        assert_eq!(Fingerprint::UNKNOWN.and(both), both);
        assert_eq!(md5.and(Fingerprint::md5([2; 16])), md5);
        assert!(both.is_of_the_bytes());
        assert!(Fingerprint::UNKNOWN.is_unknown());
    }
}
