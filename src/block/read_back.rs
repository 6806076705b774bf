//! The results of reading a block's objects in both buckets.

use std::collections::BTreeMap;

use super::inventory::Object;

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
    /// Notes that both buckets' versions of an object, as listed, were read, and whether their bytes are `equal`.
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

    /// Names of the objects whose bytes differ, sorted.
    pub fn differing(&self) -> impl Iterator<Item = Box<str>> {
        self.0
            .iter()
            .filter(|(_, reading)| !reading.equal)
            .map(|(name, _)| name.clone())
    }
}
