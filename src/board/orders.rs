//! Orders that others give: they wait for the one worker, each is carried out once, and what became of the latest is kept.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, Utc};

use super::attention::Attention;
use super::deed::Deed;
use super::outline::RuleOutline;
use crate::block::{BlockId, RunId};
use crate::exit::Exit;

/// So many orders wait at most.
const WAITING: usize = 16;

/// So many that have ended are remembered.
const REMEMBERED: usize = 32;

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its id, which no other order has.
    pub id: String,
    /// What is to be done.
    pub deed: Deed,
    /// The rule whose buckets and settings it is done with.
    pub rule: String,
    /// To which blocks. There is at least one.
    pub blocks: BTreeSet<BlockId>,
}

/// An order, and what has become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderKnown {
    /// What is asked for.
    pub order: Order,
    /// The rule as it was when the order came.
    pub outline: RuleOutline,
    /// When it came.
    pub received: DateTime<Utc>,
    /// How far it is.
    pub state: OrderState,
}

/// How far an order is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderState {
    /// It waits for its turn.
    Waits,
    /// A run carries it out.
    InHand,
    /// A run has carried it out, or tried to.
    Ended(Box<OrderEnd>),
}

/// What has become of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderEnd {
    /// When its run ended.
    pub at: DateTime<Utc>,
    /// How the run's process would have exited.
    pub exit: Exit,
    /// Why it could not begin or had to stop.
    pub stopped_by: Option<String>,
    /// Blocks, by how the work on them ended.
    pub blocks: BTreeMap<&'static str, u64>,
    /// How many of its blocks are left where they are, where there was a plan.
    pub left: Option<u64>,
    /// The first of what needs a person.
    pub attention: Vec<Attention>,
}

/// Why an order is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no policy yet, or the process is about to end.
    NotNow(&'static str),
    /// The policy has no such rule, or has several and none was named; these it has.
    WhichRule(Vec<String>),
    /// Another order, which has not ended, has to do with one of the blocks.
    Busy(BlockId, String),
    /// Too many wait.
    Full(usize),
}

/// The orders of a process.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// In the order in which they came.
    all: VecDeque<OrderKnown>,
    /// How many have ended, by what they asked for and how their process would have exited.
    ended: BTreeMap<(Deed, u8), u64>,
}

impl Orders {
    /// Takes an order, or finds the same one, which has not ended yet.
    pub(super) fn place(
        &mut self,
        (deed, outline, blocks): (Deed, RuleOutline, BTreeSet<BlockId>),
        now: DateTime<Utc>,
    ) -> Result<OrderKnown, Refusal> {
        let rule = outline.name.clone();
        let open = self.all.iter().filter(|known| known.is_open());
        for known in open {
            let Order { blocks: theirs, .. } = &known.order;
            if (known.order.deed, &known.order.rule, theirs) == (deed, &rule, &blocks) {
                return Ok(known.clone());
            }
            if let Some(block) = theirs.intersection(&blocks).next() {
                return Err(Refusal::Busy(*block, known.order.id.clone()));
            }
        }
        let waiting = self
            .all
            .iter()
            .filter(|known| known.state == OrderState::Waits);
        if waiting.count() >= WAITING {
            return Err(Refusal::Full(WAITING));
        }
        let known = OrderKnown {
            order: Order {
                id: RunId::generate().to_string(),
                deed,
                rule,
                blocks,
            },
            outline,
            received: now,
            state: OrderState::Waits,
        };
        self.all.push_back(known.clone());
        self.forget();
        Ok(known)
    }

    /// The first that waits, which is in hand from now on, and the rule as it was when the order came.
    pub(super) fn take(&mut self) -> Option<(Order, RuleOutline)> {
        let waits = |known: &&mut OrderKnown| known.state == OrderState::Waits;
        let known = self.all.iter_mut().find(waits)?;
        known.state = OrderState::InHand;
        Some((known.order.clone(), known.outline.clone()))
    }

    /// How many have ended, by what they asked for and how their process would have exited.
    pub(super) fn ended(&self) -> BTreeMap<(Deed, u8), u64> {
        self.ended.clone()
    }

    /// Whether one waits.
    pub(super) fn any_waits(&self) -> bool {
        self.all
            .iter()
            .any(|known| known.state == OrderState::Waits)
    }

    /// The order has ended.
    pub(super) fn end(&mut self, id: &str, end: OrderEnd) {
        let known = self.all.iter_mut().find(|known| known.order.id == id);
        if let Some(known) = known {
            let what = (known.order.deed, end.exit.code());
            *self.ended.entry(what).or_default() += 1;
            known.state = OrderState::Ended(Box::new(end));
        }
        self.forget();
    }

    /// The latest first.
    pub(super) fn known(&self) -> Vec<OrderKnown> {
        self.all.iter().rev().cloned().collect()
    }

    /// Forgets the oldest of those that have ended, where there are too many.
    fn forget(&mut self) {
        let ended = self.all.iter().filter(|known| !known.is_open()).count();
        for _ in REMEMBERED..ended {
            if let Some(oldest) = self.all.iter().position(|known| !known.is_open()) {
                self.all.remove(oldest);
            }
        }
    }
}

impl OrderKnown {
    /// Whether it has not ended yet.
    fn is_open(&self) -> bool {
        !self.has_ended()
    }

    /// Whether it has ended, in whatever way.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(self.state, OrderState::Ended(_))
    }

    /// Whether all that it asked for is done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        match &self.state {
            OrderState::Ended(end) => end.exit == Exit::Done && end.left.unwrap_or_default() == 0,
            OrderState::Waits | OrderState::InHand => false,
        }
    }
}
