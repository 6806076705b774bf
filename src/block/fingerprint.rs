//! What a bucket tells of an object's content without its being read.

use std::num::NonZeroU32;

use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

/// What is known of an object's content. Only those of one form can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Fingerprint {
    /// The MD5 of its bytes.
    Md5([u8; 16]),
    /// The MD5 of the MD5s of the parts in which it was put.
    Md5OfParts {
        /// MD5 of the parts' MD5s, in their order.
        digest: [u8; 16],
        /// How many there are.
        parts: NonZeroU32,
    },
    /// Nothing is known of the content: the bucket's tag only tells versions of the object apart.
    #[default]
    VersionOnly,
}

/// What two fingerprints of objects of one size tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// Equal content.
    Same,
    /// They are of one form, and differ: another content, or the same one with other sizes of parts or another encryption.
    Differing,
    /// Nothing: one is unknown, or they are of different forms.
    Untold,
}

impl Fingerprint {
    /// In how many parts the object was put, where that is known; `None` too where it was put at once.
    #[must_use]
    pub fn parts(self) -> Option<u32> {
        match self {
            Fingerprint::Md5OfParts { parts, .. } => Some(parts.get()),
            Fingerprint::Md5(_) | Fingerprint::VersionOnly => None,
        }
    }

    /// Whether it is a digest of the object's bytes themselves, and so the same in every bucket that got them in one request.
    #[must_use]
    pub fn is_of_the_bytes(self) -> bool {
        matches!(self, Fingerprint::Md5(_))
    }

    /// Whether it is the MD5 of these bytes; then nothing else has it.
    #[must_use]
    pub fn is_of(self, bytes: &[u8]) -> bool {
        matches!(self, Fingerprint::Md5(md5) if md5[..] == Md5::digest(bytes)[..])
    }

    /// Compares it with the fingerprint of another object of the same size.
    #[must_use]
    pub fn likeness(self, other: Self) -> Likeness {
        let is_known = self != Fingerprint::VersionOnly && other != Fingerprint::VersionOnly;
        match (self, other) {
            _ if !is_known => Likeness::Untold,
            _ if self == other => Likeness::Same,
            _ if self.parts() == other.parts() => Likeness::Differing,
            _ => Likeness::Untold,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-5.6
    #[test]
    fn only_fingerprints_of_one_form_are_compared() {
        let whole = |byte| Fingerprint::Md5([byte; 16]);
        let parted = |byte, parts: NonZeroU32| Fingerprint::Md5OfParts {
            digest: [byte; 16],
            parts,
        };
        let one = NonZeroU32::MIN;
        let two = one.saturating_add(1);
        for (here, there, expected) in [
            (whole(1), whole(1), Likeness::Same),
            (whole(1), whole(2), Likeness::Differing),
            (parted(1, two), parted(1, two), Likeness::Same),
            (parted(1, two), parted(2, two), Likeness::Differing),
            (parted(1, two), parted(2, one), Likeness::Untold),
            (whole(1), parted(1, one), Likeness::Untold),
            (whole(1), Fingerprint::VersionOnly, Likeness::Untold),
            (
                Fingerprint::VersionOnly,
                Fingerprint::VersionOnly,
                Likeness::Untold,
            ),
        ] {
            assert_eq!(here.likeness(there), expected, "{here:?} {there:?}");
            assert_eq!(there.likeness(here), expected, "{there:?} {here:?}");
        }
    }
}
