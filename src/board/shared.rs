//! The board itself: who works writes on it, who looks on reads it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::blocks::{BlockKnown, Blocks};
use super::figures::{Figures, Seen};
use super::known::{
    Counters, CyclesKnown, Ended, Hot, Known, PolicyKnown, RuleKnown, RuleOutline, Running,
};
use super::orders::{Deed, Order, OrderKnown, Orders, Refusal};
use crate::audit::{Event, Hearer};
use crate::block::BlockId;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::verb::clocks::Clock;

/// So many blocks at work are told one by one.
const AT_WORK: usize = 32;

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

#[derive(Default)]
struct State {
    policy: PolicyKnown,
    cycles: CyclesKnown,
    rules: Vec<RuleKnown>,
    running: Option<InHand>,
    orders: Orders,
    /// Whether some rule's buckets were looked at, or none had to be.
    looked: bool,
    /// Whether a rule could not be begun or had to stop in the cycle in hand.
    cycle_failed: bool,
    ending: bool,
}

/// A run that is about to begin.
#[derive(Debug)]
pub struct Run {
    /// The rule that it follows.
    pub rule: String,
    /// What it does.
    pub deed: Deed,
    /// The order that it carries out; `None` for a run of the cycle.
    pub order: Option<String>,
    /// Will be told how far it is.
    pub progress: Arc<Progress>,
}

struct InHand {
    what: Run,
    began: DateTime<Utc>,
    run: Option<String>,
    at_work: BTreeSet<BlockId>,
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
                .position(|known| is_same(&known.outline, &outline));
            let known = match same {
                Some(place) => RuleKnown {
                    outline,
                    ..before.swap_remove(place)
                },
                None => unknown(outline),
            };
            state.rules.push(known);
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
        });
        let board = self.clone();
        Arc::new(move |run, at, event| board.hear(run, at, event))
    }

    /// The run in hand has ended.
    pub fn run_ends(&self, figures: Figures) {
        let now = self.now();
        let mut state = self.state();
        let Some(InHand {
            what, began, run, ..
        }) = state.running.take()
        else {
            return;
        };
        let Figures {
            exit,
            stopped_by,
            seen,
        } = figures;
        if let Some(order) = &what.order {
            state.orders.end(order, now, exit, stopped_by.clone());
        }
        let is_of_cycle = what.order.is_none();
        let has_failed = matches!(exit, Exit::Aborted | Exit::Misused);
        state.cycle_failed |= is_of_cycle && has_failed;
        let Some(known) = state.rule(&what.rule) else {
            return;
        };
        *known
            .counters(what.deed)
            .runs
            .entry(exit.code())
            .or_default() += 1;
        if !is_of_cycle {
            return;
        }
        if matches!(exit, Exit::Done | Exit::Attention) {
            known.success = Some(now);
        }
        known.last = Some(Ended {
            run,
            began,
            at: now,
            exit,
            stopped_by,
        });
        // Where nothing was seen, what was seen before is the best there is.
        if let Some(Seen {
            pending,
            concerns,
            attention,
        }) = seen
        {
            known.pending = Some(pending);
            known.concerns = Some(concerns);
            known.attention = attention;
        }
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
        let names: Vec<String> = rules.map(|known| known.outline.name.clone()).collect();
        let meant = match (rule, names.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(rule), names) => names.iter().find(|name| *name == rule),
        };
        let Some(rule) = meant.cloned() else {
            return Err(Refusal::WhichRule(names));
        };
        let known = state.orders.place((deed, rule, blocks), now)?;
        self.0.ordered.notify_one();
        Ok(known)
    }

    /// The first order that waits, which is in hand from now on. Its end is that of the run which says that it carries it out, or
    /// [`order_fails`](Self::order_fails).
    #[must_use]
    pub fn take_order(&self) -> Option<Order> {
        self.state().orders.take()
    }

    /// The order cannot be begun, and why.
    pub fn order_fails(&self, id: &str, why: String) {
        let now = self.now();
        self.state().orders.end(id, now, Exit::Misused, Some(why));
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
            not_ready: state.not_ready(),
        }
    }

    /// What happened last to the block; `None` where nothing is known of it.
    #[must_use]
    pub fn block(&self, id: BlockId) -> Option<BlockKnown> {
        lock(&self.0.blocks).get(id)
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
            Event::Moved(block, _) => {
                in_hand.at_work.remove(block);
            }
            Event::Ended(subject, _) => {
                if let Some(block) = subject.block() {
                    in_hand.at_work.remove(&block);
                }
            }
            Event::Planned { .. } => state.looked = true,
            _ => {}
        }
        if let Some(known) = state.rule(&rule) {
            known.counters(deed).count(event);
        }
        drop(state);
        lock(&self.0.blocks).note((&rule, deed, run), at, event);
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

/// Whether what is known of the one holds for the other.
fn is_same(one: &RuleOutline, other: &RuleOutline) -> bool {
    let key = |outline: &RuleOutline| {
        let RuleOutline {
            name,
            source,
            target,
            hot_bytes_limit: _,
        } = outline;
        (name.clone(), source.clone(), target.clone())
    };
    key(one) == key(other)
}

fn unknown(outline: RuleOutline) -> RuleKnown {
    RuleKnown {
        outline,
        rests: None,
        hot: None,
        counters: <[Counters; 2]>::default(),
        last: None,
        success: None,
        pending: None,
        concerns: None,
        attention: Vec::new(),
    }
}

impl State {
    fn rule(&mut self, name: &str) -> Option<&mut RuleKnown> {
        let mut rules = self.rules.iter_mut();
        rules.find(|known| known.outline.name == name)
    }

    fn not_ready(&self) -> Option<String> {
        if self.ending {
            return Some("the process is about to end".to_owned());
        }
        if self.policy.taken.is_none() {
            return Some(match &self.policy.refused {
                Some((_, why)) => format!("no policy is in force: {why}"),
                None => "no policy is in force yet".to_owned(),
            });
        }
        if self.looked {
            return None;
        }
        let mut stopped = self.rules.iter().filter_map(|known| known.last.as_ref());
        let why = stopped.find_map(|ended| ended.stopped_by.as_deref());
        Some(match why {
            Some(why) => format!("no rule's buckets could be looked at yet: {why}"),
            None => "no rule's buckets were looked at yet".to_owned(),
        })
    }
}

impl RuleKnown {
    fn counters(&mut self, deed: Deed) -> &mut Counters {
        let [migrate, restore] = &mut self.counters;
        match deed {
            Deed::Migrate => migrate,
            Deed::Restore => restore,
        }
    }
}

impl Counters {
    fn count(&mut self, event: &Event<'_>) {
        match event {
            Event::Moved(_, outcome) => {
                *self.blocks.entry(outcome.ending.as_str()).or_default() += 1;
                self.bytes = self.bytes.saturating_add(outcome.bytes_sent);
                self.objects = self.objects.saturating_add(outcome.objects_put);
            }
            Event::Marked(_) => self.marks += 1,
            Event::Retried { .. } => self.retries += 1,
            _ => {}
        }
    }
}

impl InHand {
    fn known(&self) -> Running {
        Running {
            rule: self.what.rule.clone(),
            deed: self.what.deed,
            order: self.what.order.clone(),
            run: self.run.clone(),
            began: self.began,
            progress: self.what.progress.snapshot(),
            at_work: self.at_work.iter().take(AT_WORK).copied().collect(),
        }
    }
}
