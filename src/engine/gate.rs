//! Lets the blocks of a unit through in their order, while whatever does not depend on the order goes on beside it.
//!
//! Before they pass, positions that are ready at the same time come together in groups, each of consecutive positions: what is to be looked at right
//! before they pass can be looked at for all of a group at once. While one group passes, the next one forms. Nobody waits for others to be ready but
//! those before it, whose turn comes first anyway.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::group_size::GroupSize;

/// A gate through which positions 0, 1, 2, … pass in that order. Every position must join and pass, even one that has nothing to do.
#[derive(Debug)]
pub struct Gate {
    order: Order,
    state: Mutex<State>,
    /// Wakes all who wait, in the order in which they came.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// All positions before this one have passed.
    passed: usize,
    /// Those behind it that have passed as well.
    passed_early: BTreeSet<usize>,
    /// Those that are in no group yet.
    ready: BTreeSet<usize>,
    /// For each group, the position behind its last one.
    ends: Vec<usize>,
    /// When each group was formed that has not passed yet, by the position behind its last one.
    formed: VecDeque<(usize, Instant)>,
    size: GroupSize,
}

/// Whether the gate keeps an order at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// One position after the other.
    Strict,
    /// Everybody passes at once.
    Open,
}

/// Consecutive positions that were ready at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Group {
    /// The position behind the last one.
    end: usize,
}

/// One position's turn; it has passed when this is dropped.
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
            order,
            state: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Says that a position is ready, and waits until it is in a group of which all before the group before it have passed.
    pub async fn join(&self, position: usize) -> Group {
        self.until(|state| {
            let group = state.joined(position);
            if group.is_some() {
                self.changed.notify_waiters();
            }
            group
        })
        .await
    }

    /// Waits until all earlier positions have passed.
    pub async fn turn(&self, position: usize) -> Turn<'_> {
        self.turn_behind(position, position).await
    }

    /// Waits until all positions before `first` have passed, which comes no later than this one: those from there on pass in any order.
    pub async fn turn_behind(&self, position: usize, first: usize) -> Turn<'_> {
        self.near(first, 1).await;
        Turn {
            gate: self,
            position,
        }
    }

    /// Waits until fewer than `distance` positions are to pass before it.
    pub async fn near(&self, position: usize, distance: usize) {
        self.until(|state| (position < state.passed.saturating_add(distance)).then_some(()))
            .await;
    }

    /// Waits until a whole group has passed.
    pub async fn passed(&self, group: Group) {
        self.until(|state| (state.passed >= group.end).then_some(()))
            .await;
    }

    /// Waits until there is something to return; at once where no order is kept.
    async fn until<T: Default>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        if self.order == Order::Open {
            return T::default();
        }
        loop {
            // Whatever changes from now on is noticed, also before this is awaited.
            let changed = self.changed.notified();
            let found = look(&mut self.state());
            if let Some(found) = found {
                return found;
            }
            changed.await;
        }
    }

    /// Nobody panics while holding the lock; if somebody did, the value would still be whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The group of a position that is ready. One is formed of all that are ready now where no more than one is before it that has not passed.
    fn joined(&mut self, position: usize) -> Option<Group> {
        let grouped = self.ends.last().copied().unwrap_or_default();
        if position >= grouped {
            self.ready.insert(position);
            let mut ends = self.ends.iter().rev().skip(1);
            let last_begins = ends.next().copied().unwrap_or_default();
            if self.passed < last_begins {
                return None;
            }
            let consecutive = (grouped..).take(self.size.get());
            let members = consecutive.take_while(|position| self.ready.remove(position));
            let members = members.count();
            if members == 0 {
                return None;
            }
            let end = grouped + members;
            self.ends.push(end);
            self.formed.push_back((end, Instant::now()));
        }
        let index = self.ends.partition_point(|end| *end <= position);
        self.ends.get(index).map(|end| Group { end: *end })
    }

    fn pass(&mut self, position: usize) {
        self.passed_early.insert(position);
        while self.passed_early.remove(&self.passed) {
            self.passed += 1;
        }
        while let Some((end, formed)) = self.formed.front().copied() {
            if end > self.passed {
                return;
            }
            self.size.learn(formed.elapsed());
            self.formed.pop_front();
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.gate.state().pass(self.position);
        self.gate.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, StreamExt, stream};

    use super::*;
    use crate::at_once::LOOK_AHEAD;

    #[tokio::test]
    async fn positions_pass_in_order_whatever_order_they_arrive_in() {
        let gate = Gate::new(Order::Strict);
        let passed = Mutex::new(Vec::new());
        stream::iter([3_usize, 1, 4, 0, 2])
            .map(async |position| {
                let group = gate.join(position).await;
                let turn = gate.turn(position).await;
                tokio::task::yield_now().await;
                passed
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(position);
                drop(turn);
                gate.passed(group).await;
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
        assert_eq!(gate.near(4, 4).now_or_never(), None);
        drop(gate.turn(0).await);
        gate.near(4, 4).await;
    }

    #[tokio::test]
    async fn those_that_are_ready_make_a_group_while_the_one_before_passes() {
        let gate = Gate::new(Order::Strict);
        let group = |end| Some(Group { end });
        // Nobody waits for others.
        assert_eq!(gate.join(0).now_or_never(), group(1));
        assert_eq!(gate.join(2).now_or_never(), None);
        assert_eq!(gate.join(3).now_or_never(), None);
        assert_eq!(gate.join(1).now_or_never(), group(4));
        assert_eq!(gate.join(2).now_or_never(), group(4));
        assert_eq!(gate.join(5).now_or_never(), None);
        assert_eq!(gate.join(4).now_or_never(), None);
        drop(gate.turn(0).await);
        assert_eq!(gate.join(4).now_or_never(), group(6));
        assert_eq!(gate.join(6).now_or_never(), None);
        for position in [1, 2] {
            drop(gate.turn(position).await);
            assert_eq!(gate.passed(Group { end: 4 }).now_or_never(), None);
        }
        drop(gate.turn(3).await);
        gate.passed(Group { end: 4 }).await;
        assert_eq!(gate.join(6).now_or_never(), group(7));
        assert_eq!(gate.join(0).now_or_never(), group(1));
    }

    #[tokio::test]
    async fn a_group_is_not_larger_than_can_be_fresh() {
        let gate = Gate::new(Order::Strict);
        for position in (1..=LOOK_AHEAD).rev() {
            assert_eq!(gate.join(position).now_or_never(), None);
        }
        let end = LOOK_AHEAD;
        assert_eq!(gate.join(0).now_or_never(), Some(Group { end }));
        assert_eq!(gate.join(end).now_or_never(), Some(Group { end: end + 1 }));
    }

    #[tokio::test]
    async fn positions_of_one_rank_pass_in_any_order() {
        let gate = Gate::new(Order::Strict);
        assert!(gate.turn_behind(2, 2).now_or_never().is_none());
        let last = gate.turn_behind(1, 0).await;
        let first = gate.turn_behind(0, 0).await;
        drop(last);
        assert!(gate.turn_behind(2, 2).now_or_never().is_none());
        drop(first);
        drop(gate.turn_behind(2, 2).await);
        gate.near(3, 1).await;
    }

    #[tokio::test]
    async fn an_open_gate_keeps_nobody_waiting() {
        let gate = Gate::new(Order::Open);
        let group = gate.join(5).await;
        drop(gate.turn(7).await);
        gate.passed(group).await;
    }
}
