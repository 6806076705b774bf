//! The board itself: who works writes on it, who looks on reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::blocks::{BlockKnown, Blocks, as_it_stood};
use super::deed::Deed;
use super::figures::Figures;
use super::known::{Hot, Known, PolicyKnown, RuleKnown};
use super::orders::{Order, OrderEnd, OrderKnown, OrderState, Refusal};
use super::outline::RuleOutline;
use super::state::{InHand, Run, State, unknown};
use crate::audit::{Event, Hearer};
use crate::block::BlockId;
use crate::exit::Exit;
use crate::verb::clocks::Clock;

/// What is known of the process; cheap to clone. Nothing here waits but [`ordered`](Self::ordered).
#[derive(Clone)]
pub struct Board(Arc<Shared>);

struct Shared {
    clock: Clock,
    started: DateTime<Utc>,
    state: Mutex<State>,
    blocks: Mutex<Blocks>,
    ordered: Notify,
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Board").finish_non_exhaustive()
    }
}

impl Board {
    /// Of a process that begins now.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let started = clock();
        Self(Arc::new(Shared {
            clock,
            started,
            state: Mutex::default(),
            blocks: Mutex::default(),
            ordered: Notify::new(),
        }))
    }

    /// A policy is in force, with these rules. What is known of a rule whose outline is the same stays.
    pub fn policy_taken(&self, outlines: Vec<RuleOutline>) {
        let now = self.now();
        let mut state = self.state();
        state.policy = PolicyKnown {
            taken: Some(now),
            refused: None,
        };
        let mut before = std::mem::take(&mut state.rules);
        for outline in outlines {
            let same = before
                .iter()
                .position(|known| known.outline.is_same(&outline));
            let known = match same {
                Some(place) => RuleKnown {
                    outline,
                    ..before.swap_remove(place)
                },
                None => unknown(outline),
            };
            state.rules.push(known);
        }
        // What is known of others is of rules that are gone.
        for known in before {
            state.stood.remove(&known.outline.name);
        }
    }

    /// The policy's file is not taken as it is now.
    pub fn policy_refused(&self, why: String) {
        let now = self.now();
        self.state().policy.refused = Some((now, why));
    }

    /// The policy's file is what it was when the policy in force was taken: somebody took back what was refused.
    pub fn policy_unchanged(&self) {
        self.state().policy.refused = None;
    }

    /// A cycle begins.
    pub fn cycle_begins(&self) {
        let now = self.now();
        let mut state = self.state();
        state.cycles.began = Some(now);
        state.cycles.next = None;
        state.cycle_failed = false;
    }

    /// The cycle has ended, and took so long.
    pub fn cycle_ends(&self, elapsed: Duration) {
        let now = self.now();
        let mut state = self.state();
        let failed = state.cycle_failed;
        let cycles = &mut state.cycles;
        cycles.began = None;
        cycles.ended = Some((now, elapsed));
        if failed {
            cycles.failed += 1;
        } else {
            cycles.succeeded += 1;
            cycles.success = Some(now);
        }
        state.looked |= !failed;
    }

    /// The next cycle begins at that time at the latest.
    pub fn next_cycle(&self, at: DateTime<Utc>) {
        self.state().cycles.next = Some(at);
    }

    /// The rule does nothing now, and why: `outside its hours, until 22:00 Europe/Berlin`.
    pub fn rests(&self, rule: &str, why: String) {
        if let Some(known) = self.state().rule(rule) {
            known.rests = Some(why);
        }
    }

    /// The rule's source holds so many bytes of blocks that are not marked.
    pub fn hot(&self, rule: &str, bytes: u64) {
        let at = self.now();
        if let Some(known) = self.state().rule(rule) {
            known.hot = Some(Hot { bytes, at });
        }
    }

    /// A run begins: what is in hand from now on, until [`run_ends`](Self::run_ends). What it hands back wants to be told what happens to each block.
    #[must_use]
    pub fn run_begins(&self, run: Run) -> Hearer {
        let now = self.now();
        let mut state = self.state();
        if let Some(known) = state.rule(&run.rule) {
            known.rests = None;
        }
        state.running = Some(InHand {
            what: run,
            began: now,
            run: None,
            at_work: BTreeSet::new(),
            blocks: BTreeMap::new(),
        });
        let board = self.clone();
        Arc::new(move |run, at, event| board.hear(run, at, event))
    }

    /// The run in hand has ended.
    pub fn run_ends(&self, figures: Figures) {
        let now = self.now();
        self.state().run_ends(figures, now);
    }

    /// The process is about to end: no order is taken any more.
    pub fn ends(&self) {
        self.state().ending = true;
    }

    /// Takes an order, or finds the same one that has not ended yet. Where the policy has one rule alone, none has to be named.
    pub fn place(
        &self,
        deed: Deed,
        rule: Option<&str>,
        blocks: BTreeSet<BlockId>,
    ) -> Result<OrderKnown, Refusal> {
        let now = self.now();
        let mut state = self.state();
        if state.ending {
            return Err(Refusal::NotNow("the process is about to end"));
        }
        if state.rules.is_empty() {
            return Err(Refusal::NotNow("no policy is in force yet"));
        }
        let rules = state.rules.iter();
        let outlines: Vec<&RuleOutline> = rules.map(|known| &known.outline).collect();
        let meant = match (rule, outlines.as_slice()) {
            (None, [only]) => Some(*only),
            (None, _) => None,
            (Some(rule), outlines) => {
                let mut outlines = outlines.iter().copied();
                outlines.find(|outline| outline.name == rule)
            }
        };
        let Some(outline) = meant.cloned() else {
            let names = outlines.iter().map(|outline| outline.name.clone());
            return Err(Refusal::WhichRule(names.collect()));
        };
        let known = state.orders.place((deed, outline, blocks), now)?;
        self.0.ordered.notify_one();
        Ok(known)
    }

    /// The first order that waits, which is in hand from now on. Its end is that of the run which says that it carries it out, or
    /// [`order_fails`](Self::order_fails). One whose rule has other buckets by now has failed.
    #[must_use]
    pub fn take_order(&self) -> Option<Order> {
        let now = self.now();
        let mut state = self.state();
        loop {
            let (order, outline) = state.orders.take()?;
            let rule = state.rule(&order.rule).map(|known| known.outline.clone());
            // That the policy has no such rule any more, the worker says.
            if rule.is_none_or(|rule| rule.is_same(&outline)) {
                return Some(order);
            }
            let why = "the rule has other buckets than when the order came";
            state.orders.end(&order.id, failed(now, why.to_owned()));
        }
    }

    /// How many orders wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let known = self.state().orders.known();
        let waiting = known
            .iter()
            .filter(|known| known.state == OrderState::Waits);
        waiting.count()
    }

    /// The order cannot be begun, and why.
    pub fn order_fails(&self, id: &str, why: String) {
        let end = failed(self.now(), why);
        self.state().orders.end(id, end);
    }

    /// Waits until an order waits.
    pub async fn ordered(&self) {
        loop {
            let notified = self.0.ordered.notified();
            if self.state().orders.any_waits() {
                return;
            }
            notified.await;
        }
    }

    /// Everything that is known now.
    #[must_use]
    pub fn known(&self) -> Known {
        let now = self.now();
        let state = self.state();
        Known {
            now,
            started: self.0.started,
            policy: state.policy.clone(),
            cycles: state.cycles.clone(),
            rules: state.rules.clone(),
            running: state.running.as_ref().map(InHand::known),
            orders: state.orders.known(),
            orders_ended: state.orders.ended(),
            not_ready: state.not_ready(),
        }
    }

    /// What happened last to the block, or how it stood when a rule's last run ended; `None` where nothing is known of it.
    #[must_use]
    pub fn block(&self, id: BlockId) -> Option<BlockKnown> {
        if let Some(known) = lock(&self.0.blocks).get(id) {
            return Some(known);
        }
        let state = self.state();
        let mut stood = state.rules.iter().filter_map(|known| {
            let stood = state.stood.get(&known.outline.name)?;
            let place = stood.binary_search_by_key(&id, |(id, _)| *id).ok()?;
            let (_, stood) = stood.get(place)?;
            Some(as_it_stood(&known.outline, known.last.as_ref()?, *stood))
        });
        stood.next()
    }

    fn hear(&self, run: &str, at: DateTime<Utc>, event: &Event<'_>) {
        let mut state = self.state();
        let Some(in_hand) = &mut state.running else {
            return;
        };
        if in_hand.run.is_none() {
            in_hand.run = Some(run.to_owned());
        }
        let (rule, deed) = (in_hand.what.rule.clone(), in_hand.what.deed);
        match event {
            Event::Started(subject) => in_hand.at_work.extend(subject.block()),
            Event::Moved(block, outcome) => {
                in_hand.at_work.remove(block);
                let ending = outcome.ending.as_str();
                *in_hand.blocks.entry(ending).or_default() += 1;
            }
            Event::Ended(subject, _) => {
                if let Some(block) = subject.block() {
                    in_hand.at_work.remove(&block);
                }
            }
            Event::Planned { .. } => state.looked = true,
            _ => {}
        }
        let Some(known) = state.rule(&rule) else {
            return;
        };
        known.counters(deed).count(event);
        let outline = known.outline.clone();
        drop(state);
        lock(&self.0.blocks).note((&outline, deed, run), at, event);
    }

    fn now(&self) -> DateTime<Utc> {
        (self.0.clock)()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0.state)
    }
}

/// Every change behind these locks is whole in itself, so that one by somebody who panicked is no worse.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(at: DateTime<Utc>, why: String) -> OrderEnd {
    OrderEnd {
        at,
        exit: Exit::Misused,
        stopped_by: Some(why),
        blocks: BTreeMap::new(),
        left: None,
        attention: Vec::new(),
    }
}
