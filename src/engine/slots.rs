//! How many blocks are copied at once: a few at first, one more as each copy ends, and never more than the operator allows.
//!
//! Publishing waits for the first block of a unit. Were all of them begun at once, they would share the bandwidth and all be late.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Blocks copied at once in the beginning.
const AT_FIRST: usize = 4;

/// Room for blocks being copied.
#[derive(Debug)]
pub struct Slots {
    open: Semaphore,
    /// Slots that open as copies end.
    still_closed: AtomicUsize,
}

/// One block's room.
#[derive(Debug)]
pub struct Slot<'a> {
    slots: &'a Slots,
    _permit: Option<SemaphorePermit<'a>>,
}

impl Slots {
    /// Few slots at first, and `concurrency` of them in the end.
    #[must_use]
    pub fn new(concurrency: NonZeroUsize) -> Self {
        let at_first = concurrency.get().min(AT_FIRST);
        Self {
            open: Semaphore::new(at_first),
            still_closed: AtomicUsize::new(concurrency.get() - at_first),
        }
    }

    /// Waits for room; whoever came first gets it first.
    pub async fn take(&self) -> Slot<'_> {
        Slot {
            slots: self,
            // The semaphore is never closed.
            _permit: self.open.acquire().await.ok(),
        }
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

    fn open(concurrency: usize) -> Slots {
        Slots::new(NonZeroUsize::new(concurrency).unwrap_or(NonZeroUsize::MIN))
    }

    /// As many as there is room for now.
    fn take_all(slots: &Slots) -> Vec<Slot<'_>> {
        std::iter::from_fn(|| slots.take().now_or_never()).collect()
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
}
