//! Orders that others give: they wait for the one worker, each is carried out once, and what became of the latest is kept.

use std::collections::{BTreeSet, VecDeque};

use chrono::{DateTime, Utc};

use crate::block::{BlockId, RunId};
use crate::exit::Exit;

/// So many orders wait at most.
const WAITING: usize = 16;

/// So many that have ended are remembered.
const REMEMBERED: usize = 32;

/// What runs do with blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// They are moved from the source to the target.
    Migrate,
    /// They are copied back from the target to the source.
    Restore,
}

impl Deed {
    /// Both.
    pub const ALL: [Self; 2] = [Deed::Migrate, Deed::Restore];

    /// As documents and figures spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Deed::Migrate => "migrate",
            Deed::Restore => "restore",
        }
    }
}

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
    Ended {
        /// When the run ended.
        at: DateTime<Utc>,
        /// How its process would have exited.
        exit: Exit,
        /// Why it could not begin or had to stop.
        stopped_by: Option<String>,
    },
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
}

impl Orders {
    /// Takes an order, or finds the same one, which has not ended yet.
    pub(super) fn place(
        &mut self,
        (deed, rule, blocks): (Deed, String, BTreeSet<BlockId>),
        now: DateTime<Utc>,
    ) -> Result<OrderKnown, Refusal> {
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
            received: now,
            state: OrderState::Waits,
        };
        self.all.push_back(known.clone());
        self.forget();
        Ok(known)
    }

    /// The first that waits, which is in hand from now on.
    pub(super) fn take(&mut self) -> Option<Order> {
        let waits = |known: &&mut OrderKnown| known.state == OrderState::Waits;
        let known = self.all.iter_mut().find(waits)?;
        known.state = OrderState::InHand;
        Some(known.order.clone())
    }

    /// Whether one waits.
    pub(super) fn any_waits(&self) -> bool {
        self.all
            .iter()
            .any(|known| known.state == OrderState::Waits)
    }

    /// The order has ended.
    pub(super) fn end(
        &mut self,
        id: &str,
        at: DateTime<Utc>,
        exit: Exit,
        stopped_by: Option<String>,
    ) {
        let known = self.all.iter_mut().find(|known| known.order.id == id);
        if let Some(known) = known {
            known.state = OrderState::Ended {
                at,
                exit,
                stopped_by,
            };
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
        !matches!(self.state, OrderState::Ended { .. })
    }
}
