//! What was found out of a block's objects in both buckets beyond what listings tell.

use std::collections::BTreeMap;

use super::agreement::Strength;
use super::inventory::Object;

/// Which objects of a block were read in both buckets, or asked about, and whether they had the same bytes. It says nothing of later versions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadBack(BTreeMap<Box<str>, Reading>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Reading {
    source: Object,
    target: Object,
    /// How far they are known to be the same; `None` where their bytes differ.
    same: Option<Strength>,
}

impl ReadBack {
    /// Notes that both buckets' versions of an object, as listed, were read, and whether their bytes are `equal`.
    pub fn note(&mut self, source: &Object, target: &Object, equal: bool) {
        self.found(source, target, equal.then_some(Strength::Content));
    }

    /// Keeps what was found out `before` of the object of this name.
    pub fn keep(&mut self, before: &Self, object: &Object) {
        if let Some(reading) = before.0.get(&object.name) {
            self.0.insert(object.name.clone(), reading.clone());
        }
    }

    /// Notes how far both buckets' versions of an object are known to be the same by what was told when it was asked for.
    pub fn note_told(&mut self, source: &Object, target: &Object, same: Strength) {
        self.found(source, target, Some(same));
    }

    fn found(&mut self, source: &Object, target: &Object, same: Option<Strength>) {
        let reading = Reading {
            source: source.clone(),
            target: target.clone(),
            same,
        };
        self.0.insert(source.name.clone(), reading);
    }

    /// How far these versions are the same, `Some(None)` where their bytes differ; `None` where nothing was found out of them.
    #[must_use]
    pub fn of(&self, source: &Object, target: &Object) -> Option<Option<Strength>> {
        let reading = self.0.get(&source.name)?;
        (reading.source == *source && reading.target == *target).then_some(reading.same)
    }

    /// Names of the objects whose bytes differ, sorted.
    pub fn differing(&self) -> impl Iterator<Item = Box<str>> {
        self.0
            .iter()
            .filter(|(_, reading)| reading.same.is_none())
            .map(|(name, _)| name.clone())
    }
}
