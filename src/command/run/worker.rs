//! The one worker: cycles, orders between them, and the policy that it follows. Nothing else in the process writes to a bucket.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::{Instant, sleep};
use tracing::{error, info, warn};

use super::policy::{Loaded, Policy, Print};
use super::request::{Request, Until};
use crate::block::BlockId;
use crate::board::{Board, Deed, Order, RuleOutline};
use crate::engine::Stop;
use crate::exit::Exit;
use crate::human;
use crate::verb::clocks::Clock;

/// So often it is looked whether the policy has changed.
const LOOKS_EVERY: Duration = Duration::from_secs(5);

/// Who follows the policy.
pub(super) struct Worker<'a> {
    pub(super) request: &'a Request,
    pub(super) board: Board,
    pub(super) clock: Clock,
    pub(super) stop: &'a Stop,
    pub(super) policy: Policy,
    print: Print,
    /// What was found last, and not taken.
    refused: Option<Print>,
    /// Rules that are outside their hours.
    resting: BTreeSet<String>,
    /// By the bucket to which they were brought back: blocks that are not moved away again.
    pub(super) brought_back: BTreeMap<String, BTreeSet<BlockId>>,
}

/// Why waiting came to an end.
enum Waited {
    Due,
    Stopped(Exit),
}

impl<'a> Worker<'a> {
    pub(super) fn new(
        request: &'a Request,
        board: Board,
        (policy, print): (Policy, Print),
        clock: Clock,
        stop: &'a Stop,
    ) -> Self {
        board.policy_taken(outlines(&policy));
        Self {
            request,
            board,
            clock,
            stop,
            policy,
            print,
            refused: None,
            resting: BTreeSet::new(),
            brought_back: BTreeMap::new(),
        }
    }

    /// Works until it is told to end.
    ///
    /// A service that is told so while it waits is done. In the middle of a cycle it ends as a run does that is stopped.
    pub(super) async fn work(mut self) -> Exit {
        let mut is_first = true;
        loop {
            // Where cycles take longer than the interval nobody waits, and nobody looks there.
            if !std::mem::take(&mut is_first) {
                self.look(Look::Regular).await;
            }
            let began = self.now();
            let exit = Box::pin(self.cycle()).await;
            if self.request.until != Until::Stopped || exit.signal().is_some() {
                return exit;
            }
            let chance = (self.request.chance)();
            if let Waited::Stopped(exit) = Box::pin(self.wait(began, chance)).await {
                return exit;
            }
        }
    }

    /// Follows each rule once; hands back the worst end that one came to.
    async fn cycle(&mut self) -> Exit {
        let begun = Instant::now();
        self.board.cycle_begins();
        info!(rules = self.policy.rules.len(), "cycle begins");
        let mut worst = Exit::Done;
        for place in 0..self.policy.rules.len() {
            self.carry_out_orders().await;
            if self.stop.asked().is_none() {
                worst = worse(worst, self.follow(place).await);
            }
            if let Some(signal) = self.stop.asked() {
                worst = Exit::Stopped(signal);
                break;
            }
        }
        let elapsed = begun.elapsed();
        self.board.cycle_ends(elapsed);
        info!(exit_code = worst.code(), ?elapsed, "cycle ends");
        worst
    }

    /// Waits until the cycle after the one that began at `began` is due; meanwhile orders are carried out, and a new policy is taken.
    async fn wait(&mut self, began: DateTime<Utc>, chance: f64) -> Waited {
        let waiting_since = Instant::now();
        let waits_from = self.now();
        loop {
            let due = self.due(began, chance);
            let now = self.now();
            // A clock that is set back does not make the wait longer than it was.
            let left = (due - now).to_std().unwrap_or_default();
            let whole = (due - waits_from).to_std().unwrap_or_default();
            if left.is_zero() || waiting_since.elapsed() >= whole {
                return Waited::Due;
            }
            self.board.next_cycle(due);
            tokio::select! {
                biased;
                _ = self.stop.wait() => return Waited::Stopped(Exit::Done),
                () = self.request.reload.notified() => self.look(Look::Asked).await,
                () = self.board.ordered() => {
                    self.carry_out_orders().await;
                    if let Some(signal) = self.stop.asked() {
                        return Waited::Stopped(Exit::Stopped(signal));
                    }
                }
                () = sleep(left.min(LOOKS_EVERY)) => self.look(Look::Regular).await,
            }
        }
    }

    /// When the next cycle is due: after the interval, or when the hours of a rule begin that rests.
    fn due(&self, began: DateTime<Utc>, chance: f64) -> DateTime<Utc> {
        let now = self.now();
        let resting = self.policy.rules.iter();
        let resting = resting.filter(|rule| self.resting.contains(&rule.name));
        let openings = resting.filter_map(|rule| {
            let hours = rule.hours.as_ref()?;
            Some(hours.open_after(now).unwrap_or(now))
        });
        let regular = self.policy.pace.due(began, chance);
        openings.chain([regular]).min().unwrap_or(regular)
    }

    /// Looks whether the policy has changed, and takes it where nothing is wrong with it.
    async fn look(&mut self, why: Look) {
        let (load, now) = (Arc::clone(&self.request.load), self.now());
        let Ok(loaded) = tokio::task::spawn_blocking(move || load(now)).await else {
            return;
        };
        let Loaded { print, policy } = loaded;
        let is_asked = why == Look::Asked;
        let is_as_before = print == self.print;
        match policy {
            Ok(_) if is_as_before && !is_asked => self.is_what_it_was(),
            Ok(policy) => {
                for warning in &policy.warnings {
                    warn!("{warning}");
                }
                self.board.policy_taken(outlines(&policy));
                info!(
                    rules = policy.rules.len(),
                    "the policy was read, and holds from the next cycle on"
                );
                self.policy = policy;
                self.print = print;
                self.refused = None;
            }
            // What a file of certificates lacks shows in the next cycle.
            Err(_) if is_as_before && !is_asked => self.is_what_it_was(),
            Err(_) if self.refused == Some(print) && !is_asked => {}
            Err(faults) => {
                for fault in &faults {
                    error!(
                        err = fault,
                        "the policy is not taken: the one before holds on"
                    );
                }
                self.board.policy_refused(faults.join("; "));
                self.refused = Some(print);
            }
        }
    }

    fn is_what_it_was(&mut self) {
        if self.refused.take().is_some() {
            self.board.policy_unchanged();
            info!("the policy is again the one that holds");
        }
    }

    /// Carries out what others have ordered, one after the other.
    async fn carry_out_orders(&mut self) {
        while self.stop.asked().is_none()
            && let Some(order) = self.board.take_order()
        {
            let rules = &self.policy.rules;
            let place = rules.iter().position(|rule| rule.name == order.rule);
            match place {
                Some(place) => self.carry_out(place, order).await,
                None => {
                    let why = format!("the policy has no rule {:?} any more", order.rule);
                    warn!(order = order.id, err = why, "order refused");
                    self.board.order_fails(&order.id, why);
                }
            }
        }
    }

    async fn carry_out(&mut self, place: usize, order: Order) {
        let Some(rule) = self.policy.rules.get(place) else {
            return;
        };
        let source = rule.source.clone();
        info!(
            order = order.id,
            deed = order.deed.as_str(),
            rule = rule.name,
            blocks = order.blocks.len(),
            "order begins"
        );
        let kept = self.brought_back.entry(source).or_default();
        match order.deed {
            Deed::Migrate => kept.retain(|id| !order.blocks.contains(id)),
            Deed::Restore => {
                kept.extend(&order.blocks);
                warn!(
                    blocks = order.blocks.len(),
                    "what is brought back is not moved away again by this process; for others, and once it is started again, give the policy a selector that drops these blocks"
                );
            }
        }
        let exit = self.one_run(place, Some(&order)).await;
        info!(order = order.id, exit_code = exit.code(), "order ends");
    }

    /// Follows one rule, unless it is outside its hours.
    async fn follow(&mut self, place: usize) -> Exit {
        let now = self.now();
        let Some(rule) = self.policy.rules.get(place) else {
            return Exit::Done;
        };
        let name = rule.name.clone();
        if let Some(hours) = rule.hours.as_ref().filter(|hours| !hours.are_open(now)) {
            let opens = hours.open_after(now).map(human::rfc3339);
            let until = opens.as_deref().unwrap_or("a later time");
            let why = format!("outside its hours, until {until}");
            if self.resting.insert(name.clone()) {
                info!(rule = name, until, "the rule is outside its hours");
            }
            self.board.rests(&name, why);
            return Exit::Done;
        }
        self.resting.remove(&name);
        self.one_run(place, None).await
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }
}

/// Why the policy is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Somebody asked for it.
    Asked,
    /// It is time to.
    Regular,
}

fn outlines(policy: &Policy) -> Vec<RuleOutline> {
    let rules = policy.rules.iter();
    rules
        .map(|rule| RuleOutline {
            name: rule.name.clone(),
            source: rule.source.clone(),
            target: rule.target.clone(),
            hot_bytes_limit: rule.hot_bytes.map(std::num::NonZeroU64::get),
        })
        .collect()
}

/// The end that says more of what has to be done.
fn worse(one: Exit, other: Exit) -> Exit {
    let rank = |exit: Exit| match exit {
        Exit::Done => 0,
        Exit::Attention => 1,
        Exit::Misused => 2,
        Exit::Aborted => 3,
        Exit::Stopped(_) => 4,
    };
    if rank(other) > rank(one) { other } else { one }
}
