//! What a block holds, in two digests: enough to tell later whether it is still what somebody has looked at.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::inventory::Inventory;
use super::meta::MetaFile;

/// A SHA-256, in text 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sha256Sum(pub [u8; 32]);

/// What a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    /// Of the bytes of `meta.json`.
    pub meta: Sha256Sum,
    /// Of the names and sizes of its data objects. Marks are not among them: they say what becomes of a block, not what it holds.
    pub objects: Sha256Sum,
}

impl Contents {
    /// Of a block as it is listed, and its `meta.json`.
    #[must_use]
    pub fn of(meta: &MetaFile, objects: &Inventory) -> Self {
        let mut digest = Sha256::new();
        for object in objects.data().filter(|one| !is_mark(&one.name)) {
            digest.update((object.name.len() as u64).to_be_bytes());
            digest.update(object.name.as_bytes());
            digest.update(object.size_bytes.to_be_bytes());
        }
        Self {
            meta: Sha256Sum(meta.digest),
            objects: Sha256Sum(digest.finalize().into()),
        }
    }

    /// What of it is another in `now`, in words; `None` where both are the same.
    #[must_use]
    pub fn changed(&self, now: &Self) -> Option<&'static str> {
        match (self.meta == now.meta, self.objects == now.objects) {
            (true, true) => None,
            (false, true) => Some("meta.json is another"),
            (true, false) => Some("its objects have other names or sizes"),
            (false, false) => {
                Some("meta.json is another, and its objects have other names or sizes")
            }
        }
    }
}

fn is_mark(name: &str) -> bool {
    name.ends_with("-mark.json")
}

impl fmt::Display for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Sha256Sum {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "expected 64 lower-case hexadecimal digits";
        if text.len() != 64 {
            return Err(WRONG);
        }
        let mut sum = [0; 32];
        for (byte, digits) in sum.iter_mut().zip(text.as_bytes().chunks(2)) {
            for digit in digits {
                let value = match digit {
                    b'0'..=b'9' => digit - b'0',
                    b'a'..=b'f' => digit - b'a' + 10,
                    _ => return Err(WRONG),
                };
                *byte = (*byte << 4) | value;
            }
        }
        Ok(Self(sum))
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::block::Object;

    fn objects(names_and_sizes: &[(&str, u64)]) -> Inventory {
        let object = |(name, size_bytes): &(&str, u64)| Object {
            name: (*name).into(),
            size_bytes: *size_bytes,
            modified: None,
            version: None,
            fingerprint: crate::block::Fingerprint::UNKNOWN,
            archived: false,
            file: None,
            left_out: None,
        };
        names_and_sizes.iter().map(object).collect()
    }

    /// S-17.1
    #[test]
    fn every_name_and_size_counts_and_marks_do_not() {
        let digest = |names_and_sizes: &[(&str, u64)]| {
            let meta = MetaFile {
                block: crate::block::BlockMeta::parse(
                    "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B".parse().unwrap(),
                    br#"{"version":1,"ulid":"01J9ZK3M7Q8T5V6W7X8Y9Z0A1B","minTime":0,"maxTime":1}"#,
                )
                .unwrap(),
                digest: [7; 32],
                bytes: None,
            };
            Contents::of(&meta, &objects(names_and_sizes))
        };
        let known = digest(&[("chunks/000001", 5), ("index", 3)]);
        for same in [
            digest(&[("index", 3), ("chunks/000001", 5), ("meta.json", 9)]),
            digest(&[
                ("chunks/000001", 5),
                ("deletion-mark.json", 9),
                ("index", 3),
                ("no-compact-mark.json", 9),
            ]),
        ] {
            assert_eq!(known.changed(&same), None);
        }
        for other in [
            digest(&[("chunks/000001", 5), ("index", 4)]),
            digest(&[("chunks/000002", 5), ("index", 3)]),
            digest(&[("chunks/000001", 5)]),
            digest(&[("chunks/000001", 5), ("index", 3), ("tombstones", 0)]),
        ] {
            let changed = known.changed(&other);
            assert_eq!(changed, Some("its objects have other names or sizes"));
        }
    }

    #[test]
    fn a_sum_is_read_as_it_is_written_and_nothing_else_is() {
        let sum = Sha256Sum(Sha256::digest("a").into());
        let text = sum.to_string();
        assert_eq!(text.parse(), Ok(sum));
        let upper = text.to_uppercase();
        let long = format!("{text}0");
        let wide = "é".repeat(32);
        for wrong in ["", "00", &upper, &long, &wide, &"g".repeat(64)] {
            assert!(wrong.parse::<Sha256Sum>().is_err(), "{wrong}");
        }
    }
}
