//! How far two listings of one block show that its objects are the same, and which objects must be read to tell.

use super::fingerprint::Likeness;
use super::inventory::{Inventory, Object};

/// How far two listed objects are known to be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// By name and size.
    Size,
    /// By name, size and checksum.
    Checksum,
    /// By every byte.
    Content,
}

impl Strength {
    /// `size`, `checksum` or `content`, as reports spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Strength::Size => "size",
            Strength::Checksum => "checksum",
            Strength::Content => "content",
        }
    }
}

/// How far the two are known to be the same; `None` where their sizes differ. Checksums that differ prove nothing by themselves: parts may have
/// other sizes, and encryption makes other tags.
#[must_use]
pub fn agreement(source: &Object, target: &Object) -> Option<Strength> {
    if source.size_bytes != target.size_bytes {
        return None;
    }
    let likeness = source.fingerprint.likeness(target.fingerprint);
    Some(if likeness == Likeness::Same {
        Strength::Checksum
    } else {
        Strength::Size
    })
}

/// What two listings of a block tell of each of its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tags {
    /// Whether the tags of objects that were put in one request are digests of their content.
    are_digests: bool,
}

impl Tags {
    /// Compares two listings of the same block.
    #[must_use]
    pub fn of(source: &Inventory, target: &Inventory) -> Self {
        Self {
            are_digests: tags_are_digests(source, target),
        }
    }

    /// How far the two are known to be the same; `None` where size or tag shows that their content differs.
    #[must_use]
    pub fn agreement(self, source: &Object, target: &Object) -> Option<Strength> {
        let tells = self.are_digests && is_put_at_once(source) && tags_differ(source, target);
        agreement(source, target).filter(|_| !tells)
    }
}

/// Whether some object that was put in one request has the same tag in both buckets: then the tags of such objects are digests, as a rule. An object
/// whose tags differ has other content, or is an exception, for instance because it alone is encrypted.
#[must_use]
pub fn tags_are_digests(source: &Inventory, target: &Inventory) -> bool {
    pairs(source, target).any(|(one, other)| {
        is_put_at_once(one) && agreement(one, other) == Some(Strength::Checksum)
    })
}

/// Whether its tag can be compared like those of the block's other objects: it was put in one request, and is no mark. Marks are written later, when
/// the bucket may encrypt with another key.
#[must_use]
pub fn is_put_at_once(object: &Object) -> bool {
    let fingerprint = object.fingerprint;
    fingerprint.is_of_the_bytes()
        && fingerprint.parts().is_none()
        && !object.name.ends_with("-mark.json")
}

/// The objects whose tags differ although tags are digests in both buckets: only reading tells whether their content differs too. In the order of
/// [`pairs`].
#[must_use]
pub fn suspects<'a>(source: &'a Inventory, target: &'a Inventory) -> Vec<(&'a Object, &'a Object)> {
    if !tags_are_digests(source, target) {
        return Vec::new();
    }
    let pairs = pairs(source, target);
    pairs
        .filter(|(one, other)| is_put_at_once(one) && tags_differ(one, other))
        .collect()
}

/// Whether two objects of one size have comparable tags, and these are not the same.
#[must_use]
pub fn tags_differ(source: &Object, target: &Object) -> bool {
    source.size_bytes == target.size_bytes
        && source.fingerprint.likeness(target.fingerprint) == Likeness::Differing
}

/// The objects that both have under the same name, the source's first in each pair: data by name, then `meta.json`.
pub fn pairs<'a>(
    source: &'a Inventory,
    target: &'a Inventory,
) -> impl Iterator<Item = (&'a Object, &'a Object)> {
    let objects = source.data().chain(source.meta());
    objects.filter_map(|object| Some((object, target.get(&object.name)?)))
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::num::NonZeroU32;

    use super::super::fingerprint::Fingerprint;
    use super::super::inventory::tests::inventory;
    use super::*;

    /// S-5.6
    #[test]
    fn equal_checksums_prove_content_and_unequal_ones_only_where_they_are_digests() {
        let known = |fingerprint| Object {
            fingerprint,
            ..inventory(&[("index", 3)]).data().next().unwrap().clone()
        };
        let one = Fingerprint::md5([1; 16]);
        let other = Fingerprint::md5([2; 16]);
        let in_parts = |byte| Fingerprint::md5_of_parts([byte; 16], NonZeroU32::new(2).unwrap());
        let (parts, other_parts) = (in_parts(1), in_parts(2));
        for (source, target, expected) in [
            (one, one, Some(Strength::Checksum)),
            (one, other, Some(Strength::Size)),
            (one, parts, Some(Strength::Size)),
            (parts, parts, Some(Strength::Checksum)),
            (parts, other_parts, Some(Strength::Size)),
            (one, Fingerprint::UNKNOWN, Some(Strength::Size)),
        ] {
            let (source, target) = (known(source), known(target));
            assert_eq!(agreement(&source, &target), expected);
            // Where tags are known to be digests, a difference counts.
            let expected = expected.filter(|_| {
                !(is_put_at_once(&source) && is_put_at_once(&target))
                    || source.fingerprint == target.fingerprint
            });
            let tags = Tags { are_digests: true };
            assert_eq!(tags.agreement(&source, &target), expected);
        }
    }
}
