//! What the tries at one block know of each other.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::block::{Fingerprint, Inventory, Object};
use crate::plan::Put;
use crate::progress::BlockProgress;

/// What the tries at one block have done so far.
#[derive(Debug, Default)]
pub struct Tally {
    /// What went to the target.
    pub sent: Sent,
    /// What is put again although listings agree.
    pub doubt: Doubt,
    /// What was learnt of objects while they went out.
    pub(super) learnt: Learnt,
    /// Bytes that the latest try still had to send when it began.
    left: AtomicU64,
    /// For those who watch.
    pub(super) progress: Arc<BlockProgress>,
}

impl Tally {
    /// The tally of a block for which nothing was done yet; `progress` is told of what will be.
    #[must_use]
    pub fn new(progress: BlockProgress) -> Self {
        Self {
            progress: Arc::new(progress),
            ..Self::default()
        }
    }

    /// The work on the block begins.
    pub fn work_begins(&self) {
        self.progress.begins();
    }

    /// Bytes that the latest try still had to send when it began: fewer than before it is progress.
    pub fn left_bytes(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }

    /// Notes that a try begins that has so many bytes to send.
    pub(super) fn begins(&self, bytes: u64) {
        self.left.store(bytes, Ordering::Relaxed);
        self.progress.to_move(bytes);
    }
}

/// What went to the target, repeats included.
#[derive(Debug, Default)]
pub struct Sent {
    objects: AtomicU64,
    bytes: AtomicU64,
}

impl Sent {
    /// Objects that the target took whole.
    pub fn objects(&self) -> u64 {
        self.objects.load(Ordering::Relaxed)
    }

    /// Bytes that it took.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Counts an object that the target took whole.
    pub fn add_object(&self) {
        self.objects.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts bytes that the target took.
    pub fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Objects of the source, each as it was listed when it was read, with the digests that were found out meanwhile and no others.
#[derive(Debug, Default)]
pub(super) struct Learnt(Mutex<HashMap<Box<str>, Object>>);

impl Learnt {
    /// Notes what was found out of the version that is listed so; nothing may have been.
    pub(super) fn note(&self, listed: &Object, found: Fingerprint) {
        if found.is_unknown() {
            return;
        }
        let object = Object {
            fingerprint: found,
            ..listed.clone()
        };
        self.objects().insert(listed.name.clone(), object);
    }

    /// The inventory, with what was found out of those of its objects that are the same versions still.
    pub(super) fn of(&self, inventory: Inventory) -> Inventory {
        inventory.learning(self.objects().values())
    }

    /// Locks the objects; a poisoned lock is used all the same, for every change of them is a single call.
    fn objects(&self) -> MutexGuard<'_, HashMap<Box<str>, Object>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which objects of the target are put again although its listing agrees with the source's: none, until doubt arises; then all that no listing
/// proves and that were not put since.
#[derive(Debug, Default)]
pub struct Doubt {
    arose: AtomicBool,
    put_since: Mutex<HashSet<Box<str>>>,
}

impl Doubt {
    /// Notes that bytes differ, or may differ, which no listing tells apart: whatever was put before is doubted again.
    pub fn arises(&self) {
        self.put_since().clear();
        self.arose.store(true, Ordering::Relaxed);
    }

    /// What is to be put where `planned` was planned.
    pub(super) fn widen(&self, planned: Put) -> Put {
        if planned == Put::Differing && self.arose.load(Ordering::Relaxed) {
            Put::Unproven
        } else {
            planned
        }
    }

    /// Notes that the object of that name was put.
    pub(super) fn settle(&self, name: &str) {
        self.put_since().insert(name.into());
    }

    /// Whether it was put since doubt last arose.
    pub(super) fn is_settled(&self, name: &str) -> bool {
        self.put_since().contains(name)
    }

    /// Locks the names; a poisoned lock is used all the same, for every change of them is a single call.
    fn put_since(&self) -> MutexGuard<'_, HashSet<Box<str>>> {
        self.put_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_doubt_arises_all_that_no_listing_proves_is_put_once_more() {
        let doubt = Doubt::default();
        doubt.settle("index");
        assert_eq!(doubt.widen(Put::Differing), Put::Differing);
        doubt.arises();
        assert_eq!(doubt.widen(Put::Differing), Put::Unproven);
        assert_eq!(doubt.widen(Put::All), Put::All);
        assert!(!doubt.is_settled("index"));
        doubt.settle("index");
        assert!(doubt.is_settled("index"));
    }
}
