//! Who wants blocks of a bucket listed, so that those near each other that are asked for at the same time are listed together.
//!
//! Such a listing says as much as one of their own: it begins after each of them was asked for, and goes through the names of each from the first
//! to the last. Who asks while a listing nearby is under way waits for its end, with all who ask meanwhile; it is over soon, or they wait no longer.
//! Who asks alone waits for nobody; while others are at work, who asks again waits a moment for them. Where blocks are better listed each by itself,
//! they are.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::futures::Notified;
use tokio::sync::{Notify, oneshot};

use super::nearness::{LARGEST_PAGE, Names, Nearness};
use super::sharing::Sharing;
use crate::block::{BlockId, Object};

/// Who lists blocks of a bucket, and who waits for that.
#[derive(Debug, Default)]
pub(super) struct Together {
    /// Set once the bucket was listed as a whole.
    nearness: OnceLock<Nearness>,
    /// A server's pages were not what was asked for: each block is listed by itself.
    is_given_up: AtomicBool,
    /// A page that began where a block begins has shown that block: not every server begins where it is told.
    is_proven: AtomicBool,
    asked: Mutex<Asked>,
    one_ended: Notify,
    sharing: Mutex<Sharing>,
}

#[derive(Debug, Default)]
struct Asked {
    /// The blocks of each listing that is under way.
    under_way: BTreeMap<u64, Vec<BlockId>>,
    /// Numbers those that are to come.
    next: u64,
    waiting: BTreeMap<BlockId, Vec<oneshot::Sender<Vec<Object>>>>,
}

/// A listing under way, which ends when this is dropped.
pub(super) struct UnderWay<'a> {
    together: &'a Together,
    number: u64,
    /// What it lists, sorted.
    pub(super) blocks: Vec<BlockId>,
    /// Whom it tells: everybody who had asked when it began.
    askers: Vec<(BlockId, oneshot::Sender<Vec<Object>>)>,
}

impl UnderWay<'_> {
    /// Tells those who asked for a block; who has gone by now wants no answer.
    pub(super) fn tell(&mut self, found: &BTreeMap<BlockId, Vec<Object>>) {
        for (block, asker) in self.askers.drain(..) {
            let _ = asker.send(found.get(&block).cloned().unwrap_or_default());
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.together.asked().under_way.remove(&self.number);
        self.together.one_ended.notify_waiters();
    }
}

impl Together {
    /// Tells where blocks lie; what was told first stays.
    pub(super) fn learn(&self, blocks: impl Iterator<Item = (BlockId, Names)>) {
        self.nearness.get_or_init(|| Nearness::new(blocks));
    }

    /// Where blocks lie; `None` where nobody is to wait for others.
    pub(super) fn nearness(&self) -> Option<&Nearness> {
        let is_given_up = self.is_given_up.load(Ordering::Relaxed);
        self.nearness.get().filter(|_| !is_given_up)
    }

    /// A page that began where a block begins has shown it.
    pub(super) fn is_proven_now(&self) {
        self.is_proven.store(true, Ordering::Relaxed);
    }

    /// Whether a block of which such a page shows nothing has nothing. One that had something once is looked for by itself in any case.
    pub(super) fn believes_in_nothing(&self, block: BlockId) -> bool {
        let is_known = |nearness: &Nearness| nearness.knows(block);
        self.is_proven.load(Ordering::Relaxed) && !self.nearness.get().is_some_and(is_known)
    }

    /// From now on each block is listed by itself.
    pub(super) fn give_up(&self) {
        self.is_given_up.store(true, Ordering::Relaxed);
    }

    /// What has been seen of how it pays to list blocks together. Nobody panics while holding the lock; if somebody did, the value would still be whole.
    pub(super) fn sharing(&self) -> MutexGuard<'_, Sharing> {
        self.sharing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notices each listing that ends from now on, also before this is awaited.
    pub(super) fn one_ended(&self) -> Notified<'_> {
        self.one_ended.notified()
    }

    /// Nobody panics while holding the lock; if somebody did, the value would still be whole.
    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a listing of this block and of all near it that somebody waits for; `None` while one nearby is under way.
    pub(super) fn begin(&self, block: BlockId, nearness: &Nearness) -> Option<UnderWay<'_>> {
        let mut asked = self.asked();
        let is_near = |other: &BlockId| nearness.are_near(block, *other);
        if asked.under_way.values().flatten().any(is_near) {
            return None;
        }
        let blocks = asked.around(block, nearness);
        let mut askers = Vec::new();
        for block in &blocks {
            let senders = asked.waiting.remove(block).unwrap_or_default();
            askers.extend(senders.into_iter().map(|sender| (*block, sender)));
        }
        let number = asked.next;
        asked.next += 1;
        asked.under_way.insert(number, blocks.clone());
        Some(UnderWay {
            together: self,
            number,
            blocks,
            askers,
        })
    }

    /// Has the next listing near the block tell what it finds; it may fail, and tell nothing.
    pub(super) fn wait(&self, block: BlockId) -> oneshot::Receiver<Vec<Object>> {
        let (sender, receiver) = oneshot::channel();
        let mut asked = self.asked();
        asked.waiting.entry(block).or_default().push(sender);
        receiver
    }
}

impl Asked {
    /// The block, and those that somebody waits for of which each is near the next: as many as a page holds, sorted.
    fn around(&mut self, block: BlockId, nearness: &Nearness) -> Vec<BlockId> {
        self.waiting.retain(|_, askers| {
            askers.retain(|asker| !asker.is_closed());
            !askers.is_empty()
        });
        let mut around = VecDeque::from([block]);
        let mut extend = |others: &mut dyn Iterator<Item = BlockId>, is_after: bool| {
            let mut last = block;
            for other in others {
                if !nearness.are_near(last, other) {
                    return;
                }
                if is_after {
                    around.push_back(other);
                } else {
                    around.push_front(other);
                }
                if nearness.page(around.make_contiguous()) >= LARGEST_PAGE {
                    around.retain(|kept| *kept != other);
                    return;
                }
                last = other;
            }
        };
        let after = (Bound::Excluded(block), Bound::Unbounded);
        extend(&mut self.waiting.range(after).map(|(id, _)| *id), true);
        extend(
            &mut self.waiting.range(..block).rev().map(|(id, _)| *id),
            false,
        );
        around.into()
    }
}
