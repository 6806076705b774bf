//! How many blocks are copied at once: a few at first, one more as each copy ends, and never more than the operator allows.
//!
//! Publishing waits for the first block of a unit. Were all of them begun at once, they would share the bandwidth and all be late. For the same
//! reason those with the smallest numbers go first: what has begun is finished before other units are begun.
//!
//! Those that get room next come near in groups, so that what is to be looked at before they begin can be looked at for many of them at once.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit, oneshot};
use tokio::time::Instant;

use super::group_size::GroupSize;

/// Blocks copied at once in the beginning.
const AT_FIRST: usize = 4;

/// What blocks that are copied at once have to share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rivalry {
    /// This machine's bandwidth.
    ForBandwidth,
    /// Nothing here: a service copies them.
    None,
}

/// Room for blocks being copied.
#[derive(Debug)]
pub struct Slots {
    queue: Mutex<Queue>,
    open: Semaphore,
    /// Slots that open as copies end.
    still_closed: AtomicUsize,
}

/// Who waits to come near.
#[derive(Debug)]
struct Queue {
    /// How many are near.
    near: usize,
    /// How many may be near. Others come near once three in four of these have left.
    places: GroupSize,
    /// By rank, and in the order in which they came.
    waiting: BTreeMap<(usize, u64), oneshot::Sender<()>>,
    /// How many have waited.
    came: u64,
}

/// One who waits to come near.
struct Waiting<'a> {
    slots: &'a Slots,
    key: (usize, u64),
    told: oneshot::Receiver<()>,
}

/// One block's place among those that get room next.
#[derive(Debug)]
pub struct Near<'a> {
    slots: &'a Slots,
    since: Instant,
}

impl<'a> Near<'a> {
    fn now(slots: &'a Slots) -> Self {
        Self {
            slots,
            since: Instant::now(),
        }
    }
}

/// One block's room.
#[derive(Debug)]
pub struct Slot<'a> {
    slots: &'a Slots,
    _permit: Option<SemaphorePermit<'a>>,
}

impl Slots {
    /// Few slots at first, and `concurrency` of them in the end; all of them at once where those who are copied at the same time do not slow each other
    /// down.
    #[must_use]
    pub fn new(concurrency: NonZeroUsize, rivalry: Rivalry) -> Self {
        let at_first = match rivalry {
            Rivalry::ForBandwidth => concurrency.get().min(AT_FIRST),
            Rivalry::None => concurrency.get(),
        };
        Self {
            queue: Mutex::new(Queue {
                near: 0,
                places: GroupSize::default(),
                waiting: BTreeMap::new(),
                came: 0,
            }),
            open: Semaphore::new(at_first),
            still_closed: AtomicUsize::new(concurrency.get() - at_first),
        }
    }

    /// Waits to be among those that get room next: whoever has the lowest rank, and came first.
    pub async fn near(&self, rank: usize) -> Near<'_> {
        let Some(mut waiting) = self.queue().come(self, rank) else {
            return Near::now(self);
        };
        // The sender is dropped with the slots only.
        let _ = (&mut waiting.told).await;
        Near::now(self)
    }

    /// Nobody panics while holding the lock; if somebody did, the value would still be whole.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Takes a free place, or waits for one.
    fn come<'a>(&mut self, slots: &'a Slots, rank: usize) -> Option<Waiting<'a>> {
        if self.waiting.is_empty() && self.near < self.places.get() {
            self.near += 1;
            return None;
        }
        let (sender, told) = oneshot::channel();
        let key = (rank, self.came);
        self.came += 1;
        self.waiting.insert(key, sender);
        Some(Waiting { slots, key, told })
    }

    fn leave(&mut self) {
        self.near -= 1;
        let places = self.places.get();
        if self.near > places / 4 {
            return;
        }
        while self.near < places {
            let Some((_, first)) = self.waiting.pop_first() else {
                return;
            };
            self.near += usize::from(first.send(()).is_ok());
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut queue = self.slots.queue();
        let was_told = queue.waiting.remove(&self.key).is_none();
        // A place that was given to somebody who had gone already.
        if was_told && self.told.try_recv().is_ok() {
            queue.leave();
        }
    }
}

impl<'a> Near<'a> {
    /// Waits for room; whoever came first gets it first.
    pub async fn take(self) -> Slot<'a> {
        let slots = self.slots;
        Slot {
            slots,
            // The semaphore is never closed.
            _permit: slots.open.acquire().await.ok(),
        }
    }
}

impl Drop for Near<'_> {
    fn drop(&mut self) {
        let mut queue = self.slots.queue();
        queue.places.learn(self.since.elapsed());
        queue.leave();
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let fewer = |closed: usize| closed.checked_sub(1);
        let closed = &self.slots.still_closed;
        if closed
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer)
            .is_ok()
        {
            self.slots.open.add_permits(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::at_once::LOOK_AHEAD;

    fn open(concurrency: usize) -> Slots {
        Slots::new(
            NonZeroUsize::new(concurrency).unwrap_or(NonZeroUsize::MIN),
            Rivalry::ForBandwidth,
        )
    }

    /// As many as there is room for now.
    fn take_all(slots: &Slots) -> Vec<Slot<'_>> {
        let take = || {
            let near = slots.near(0).now_or_never()?;
            near.take().now_or_never()
        };
        std::iter::from_fn(take).collect()
    }

    #[test]
    fn each_copy_that_ends_makes_room_for_one_more_until_the_limit() {
        let slots = open(6);
        let mut taken = take_all(&slots);
        assert_eq!(taken.len(), 4);
        for expected in [5, 6, 6, 6] {
            taken.pop();
            taken.extend(take_all(&slots));
            assert_eq!(taken.len(), expected);
        }
    }

    #[test]
    fn a_low_limit_holds_from_the_start() {
        let slots = open(1);
        for _ in 0..3 {
            assert_eq!(take_all(&slots).len(), 1);
        }
    }

    #[test]
    fn those_that_get_room_next_come_near_together() {
        let slots = open(1);
        let come_near = || std::iter::from_fn(|| slots.near(0).now_or_never());
        let mut near: Vec<Near<'_>> = come_near().collect();
        assert_eq!(near.len(), LOOK_AHEAD);
        let mut waiting: Vec<_> = (0..LOOK_AHEAD).map(|_| Box::pin(slots.near(0))).collect();
        let mut come = || {
            let came = waiting.iter_mut().map(FutureExt::now_or_never);
            let came: Vec<Option<Near<'_>>> = came.collect();
            came.into_iter().flatten().collect::<Vec<_>>()
        };
        assert!(come().is_empty());
        near.truncate(LOOK_AHEAD / 4 + 1);
        assert!(slots.queue().waiting.len() == LOOK_AHEAD);
        near.pop();
        assert_eq!(slots.queue().waiting.len(), LOOK_AHEAD / 4);
    }

    #[test]
    fn whoever_is_first_in_the_plan_comes_near_first() {
        let slots = open(1);
        let mut near: Vec<Near<'_>> = std::iter::from_fn(|| slots.near(0).now_or_never()).collect();
        let mut waiting: Vec<_> = [2, 0, 1, 3].map(|rank| Box::pin(slots.near(rank))).into();
        for one in &mut waiting {
            assert!(one.now_or_never().is_none());
        }
        // Who has gone wants no place.
        drop(waiting.pop());
        let ranks = slots
            .queue()
            .waiting
            .keys()
            .map(|(rank, _)| *rank)
            .collect::<Vec<_>>();
        assert_eq!(ranks, [0, 1, 2]);
        near.clear();
        assert!(slots.queue().waiting.is_empty());
        assert_eq!(slots.queue().near, 3);
    }

    #[test]
    fn a_place_that_was_given_to_somebody_who_had_gone_is_free_again() {
        let slots = open(1);
        let mut near: Vec<Near<'_>> = std::iter::from_fn(|| slots.near(0).now_or_never()).collect();
        let mut gone = Box::pin(slots.near(0));
        assert!((&mut gone).now_or_never().is_none());
        near.clear();
        assert_eq!(slots.queue().near, 1);
        drop(gone);
        assert_eq!(slots.queue().near, 0);
    }
}
