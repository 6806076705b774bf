//! The one worker: cycles, orders between them, and the policy that it follows. Nothing else in the process writes to a bucket.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use tokio::time::{Instant, sleep};
use tracing::{error, info, warn};

use super::look::{Looking, SETTLES};
use super::policy::{Loaded, Policy, Print, Rule};
use super::request::{Request, Until};
use crate::block::BlockId;
use crate::board::{Board, Deed, Order, RuleOutline};
use crate::engine::Stop;
use crate::exit::Exit;
use crate::human;
use crate::progress::Progress;
use crate::verb::clocks::Clock;

/// So often it is looked whether the policy has changed.
const LOOKS_EVERY: Duration = Duration::from_secs(5);

/// Stands for a policy that cannot be read.
const UNREADABLE: Print = [0; 32];

/// Who follows the policy.
pub(super) struct Worker<'a> {
    pub(super) request: &'a Request,
    pub(super) board: Board,
    /// Shows the run that goes on to who watches the process.
    pub(super) progress: Arc<Progress>,
    pub(super) clock: Clock,
    pub(super) stop: &'a Stop,
    pub(super) policy: Policy,
    print: Print,
    /// What was found last, and not taken.
    refused: Option<Print>,
    looking: Looking,
    /// By rule: since when it has its buckets, where it had others before or none.
    since: BTreeMap<String, DateTime<Utc>>,
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
        (board, progress): (Board, Arc<Progress>),
        (policy, print): (Policy, Print),
        clock: Clock,
        stop: &'a Stop,
    ) -> Self {
        board.policy_taken(outlines(&policy));
        Self {
            request,
            board,
            progress,
            clock,
            stop,
            policy,
            print,
            refused: None,
            looking: Looking::default(),
            since: BTreeMap::new(),
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
                let asked = self.request.reload.notified().now_or_never();
                self.look(asked.map_or(Look::Regular, |()| Look::Asked))
                    .await;
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
            if let Some(signal) = self.stop.asked() {
                worst = Exit::Stopped(signal);
                break;
            }
            worst = worse(worst, self.follow(place).await);
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
                    let exit = self.carry_out_orders().await;
                    if exit.signal().is_some() {
                        return Waited::Stopped(exit);
                    }
                }
                () = sleep(left.min(self.looks_after())) => self.look(Look::Regular).await,
            }
        }
    }

    /// How long it may be waited before the policy is looked at.
    fn looks_after(&self) -> Duration {
        if self.looking.is_unsettled() {
            SETTLES
        } else {
            LOOKS_EVERY
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
        let (now, is_asked) = (self.now(), why == Look::Asked);
        let looking = self.looking.look(self.request, now);
        let found = tokio::select! {
            biased;
            _ = self.stop.wait() => return,
            found = looking => found,
        };
        let Some(Loaded { print, policy }) = found else {
            let why = "it cannot be read: what it stands on does not answer".to_owned();
            return self.refuse(UNREADABLE, &[why]);
        };
        if print == self.print {
            self.looking.settled();
        } else if !is_asked && !self.looking.has_settled(print) {
            return;
        }
        match policy {
            Ok(_) if print == self.print && !is_asked => self.is_what_it_was(),
            Ok(policy) => self.take(policy, print),
            // What a file of certificates lacks shows in the next cycle.
            Err(_) if print == self.print && !is_asked => {}
            Err(_) if self.refused == Some(print) && !is_asked => {}
            Err(faults) => self.refuse(print, &faults),
        }
    }

    fn take(&mut self, policy: Policy, print: Print) {
        for warning in &policy.warnings {
            warn!("{warning}");
        }
        let now = self.now();
        for rule in &policy.rules {
            let mut before = self.policy.rules.iter();
            let before = before.find(|before| before.name == rule.name);
            let buckets = |rule: &Rule| (rule.source.clone(), rule.target.clone());
            if before.is_none_or(|before| buckets(before) != buckets(rule)) {
                self.since.insert(rule.name.clone(), now);
            }
        }
        self.board.policy_taken(outlines(&policy));
        info!(
            rules = policy.rules.len(),
            "the policy was read, and holds from the next cycle on"
        );
        self.policy = policy;
        self.print = print;
        self.refused = None;
        self.looking.settled();
    }

    /// What is wrong is told once.
    fn refuse(&mut self, print: Print, faults: &[String]) {
        if self.refused == Some(print) && print == UNREADABLE {
            return;
        }
        for fault in faults {
            error!(
                err = fault,
                "the policy is not taken: the one before holds on"
            );
        }
        self.board.policy_refused(faults.join("; "));
        self.refused = Some(print);
        self.looking.settled();
    }

    fn is_what_it_was(&mut self) {
        if self.refused.take().is_some() {
            self.board.policy_unchanged();
            info!("the policy is again the one that holds");
        }
    }

    /// Carries out what others have ordered by now, one after the other; hands back the worst end that one came to.
    async fn carry_out_orders(&mut self) -> Exit {
        let mut worst = Exit::Done;
        // What comes meanwhile waits for the next time, so that nobody keeps cycles from beginning.
        for _ in 0..self.board.waiting() {
            if self.stop.asked().is_some() {
                break;
            }
            let Some(order) = self.board.take_order() else {
                break;
            };
            match self.place_of(&order) {
                Ok(place) => worst = worse(worst, self.carry_out(place, order).await),
                Err(why) => {
                    warn!(order = order.id, err = why, "order refused");
                    self.board.order_fails(&order.id, why);
                }
            }
        }
        worst
    }

    /// The rule that the order is for. Errors: why it is not any more.
    fn place_of(&self, order: &Order) -> Result<usize, String> {
        let mut rules = self.policy.rules.iter();
        let place = rules.position(|rule| rule.name == order.rule);
        let known = self.board.known().orders.into_iter();
        let received = known
            .filter(|known| known.order.id == order.id)
            .map(|known| known.received)
            .next();
        let since = self.since.get(&order.rule);
        match (place, received, since) {
            (None, ..) => Err(format!("the policy has no rule {:?} any more", order.rule)),
            (_, Some(received), Some(since)) if received < *since => Err(format!(
                "rule {:?} has other buckets than when this was ordered: order it again",
                order.rule
            )),
            (Some(place), ..) => Ok(place),
        }
    }

    async fn carry_out(&mut self, place: usize, order: Order) -> Exit {
        let Some(rule) = self.policy.rules.get(place) else {
            return Exit::Done;
        };
        let source = rule.source.clone();
        info!(
            order = order.id,
            deed = order.deed.as_str(),
            rule = rule.name,
            blocks = order.blocks.len(),
            "order begins"
        );
        let Ended { exit, brought_back } = self.one_run(place, Some(&order)).await;
        let kept = self.brought_back.entry(source).or_default();
        kept.retain(|id| !order.blocks.contains(id));
        if order.deed == Deed::Restore && !brought_back.is_empty() {
            let ids: Vec<String> = brought_back.iter().map(ToString::to_string).collect();
            warn!(
                blocks = ids.join("|"),
                "what is brought back is not moved away again by this process; for others, and once it is started again, give the policy a selector that drops these blocks"
            );
            kept.extend(brought_back);
        }
        info!(order = order.id, exit_code = exit.code(), "order ends");
        exit
    }

    /// Tells of orders that were taken, and that nobody carries out.
    pub(super) fn drop_orders(board: &Board) {
        while let Some(order) = board.take_order() {
            let ids: Vec<String> = order.blocks.iter().map(ToString::to_string).collect();
            let why = "the process ended before its turn: order it again".to_owned();
            warn!(
                order = order.id,
                deed = order.deed.as_str(),
                rule = order.rule,
                blocks = ids.join(" "),
                "{why}"
            );
            board.order_fails(&order.id, why);
        }
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
        self.one_run(place, None).await.exit
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }
}

/// How a run ended.
pub(super) struct Ended {
    pub(super) exit: Exit,
    /// What an order to restore has brought back.
    pub(super) brought_back: BTreeSet<BlockId>,
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
