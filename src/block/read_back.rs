//! What is known of the bytes of a block's objects beyond names and sizes: what was read, and what entity tags tell for certain.

use std::collections::BTreeMap;

use super::{Inventory, Likeness, Object, Strength, agreement};

/// Which objects of a block were read in both buckets, and whether they had the same bytes. What was read says nothing of later versions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadBack(BTreeMap<Box<str>, Reading>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Reading {
    source: Object,
    target: Object,
    equal: bool,
}

impl ReadBack {
    /// One object was read, as both listings show it.
    pub fn note(&mut self, source: &Object, target: &Object, equal: bool) {
        let reading = Reading {
            source: source.clone(),
            target: target.clone(),
            equal,
        };
        self.0.insert(source.name.clone(), reading);
    }

    /// Whether these versions had the same bytes; `None` where they were not read.
    #[must_use]
    pub fn of(&self, source: &Object, target: &Object) -> Option<bool> {
        let reading = self.0.get(&source.name)?;
        (reading.source == *source && reading.target == *target).then_some(reading.equal)
    }

    /// Names of those that had not.
    pub fn differing(&self) -> impl Iterator<Item = Box<str>> {
        self.0
            .iter()
            .filter(|(_, reading)| !reading.equal)
            .map(|(name, _)| name.clone())
    }
}

/// Whether both buckets agree on an object of the block that was put at once: then the tags of such objects are digests, as a rule. One whose
/// tags differ is another one, or an exception, such as an object that is encrypted by itself.
#[must_use]
pub fn tags_are_digests(source: &Inventory, target: &Inventory) -> bool {
    pairs(source, target).any(|(one, other)| {
        is_put_at_once(one) && agreement(one, other) == Some(Strength::Checksum)
    })
}

/// Whether its tag is of the same kind as those of the block's other objects: marks come later, when a bucket may have got keys of its own.
#[must_use]
pub fn is_put_at_once(object: &Object) -> bool {
    object.fingerprint.is_of_the_bytes() && !object.name.ends_with("-mark.json")
}

/// The objects whose tags differ although they should tell the content: others, or exceptions. Only reading tells.
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

/// The objects of both, `meta.json` included, that bear the same name.
pub fn pairs<'a>(
    source: &'a Inventory,
    target: &'a Inventory,
) -> impl Iterator<Item = (&'a Object, &'a Object)> {
    let objects = source.data().chain(source.meta());
    objects.filter_map(|object| Some((object, target.get(&object.name)?)))
}
