//! Lets the blocks of a unit through one at a time, in their order, while whatever does not depend on the order goes on beside it.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// A gate through which positions 0, 1, 2, … pass in that order. Every position must pass, even one that has nothing to do.
#[derive(Debug)]
pub struct Gate {
    passed: AtomicUsize,
    /// Wakes all who wait, in the order in which they came.
    one_passed: Notify,
    order: Order,
}

/// Whether the gate keeps an order at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// One position after the other.
    Strict,
    /// Everybody passes at once.
    Open,
}

/// One position's turn; the next position's begins when this is dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    gate: &'a Gate,
    position: usize,
}

impl Gate {
    /// A gate that no position has passed yet.
    #[must_use]
    pub fn new(order: Order) -> Self {
        Self {
            passed: AtomicUsize::new(0),
            one_passed: Notify::new(),
            order,
        }
    }

    /// Waits until all earlier positions have passed.
    pub async fn turn(&self, position: usize) -> Turn<'_> {
        self.near(position, 1).await;
        Turn {
            gate: self,
            position,
        }
    }

    /// Waits until fewer than `distance` positions are to pass before it.
    pub async fn near(&self, position: usize, distance: usize) {
        if self.order == Order::Open {
            return;
        }
        loop {
            // Whoever passes from now on is noticed, also before this is awaited.
            let one_passed = self.one_passed.notified();
            let passed = self.passed.load(Ordering::SeqCst);
            if position < passed.saturating_add(distance) {
                return;
            }
            one_passed.await;
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let next = self.position.saturating_add(1);
        self.gate.passed.fetch_max(next, Ordering::SeqCst);
        self.gate.one_passed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures::{StreamExt, stream};

    use super::*;

    #[tokio::test]
    async fn positions_pass_in_order_whatever_order_they_arrive_in() {
        let gate = Gate::new(Order::Strict);
        let passed = Mutex::new(Vec::new());
        stream::iter([3_usize, 1, 4, 0, 2])
            .map(async |position| {
                let _turn = gate.turn(position).await;
                tokio::task::yield_now().await;
                passed
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .push(position);
            })
            .buffer_unordered(5)
            .collect::<Vec<()>>()
            .await;
        let passed = passed.into_inner().unwrap_or_default();
        assert_eq!(passed, [0, 1, 2, 3, 4]);
    }

    #[tokio::test]
    async fn only_a_few_positions_are_near() {
        let gate = Gate::new(Order::Strict);
        gate.near(3, 4).await;
        let waits = futures::poll!(Box::pin(gate.near(4, 4)));
        assert!(waits.is_pending());
        drop(gate.turn(0).await);
        gate.near(4, 4).await;
    }
}
