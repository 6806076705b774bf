//! What is known, as values at one moment.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::attention::Attention;
use super::deed::Deed;
use super::figures::Pending;
use super::orders::OrderKnown;
use super::outline::RuleOutline;
use crate::block::BlockId;
use crate::exit::Exit;
use crate::progress::Snapshot;

/// Everything that is known at one moment, but for single blocks.
#[derive(Debug, Clone)]
pub struct Known {
    /// What time it is.
    pub now: DateTime<Utc>,
    /// When the process began.
    pub started: DateTime<Utc>,
    /// The policy.
    pub policy: PolicyKnown,
    /// The cycles.
    pub cycles: CyclesKnown,
    /// The rules of the policy, in its order.
    pub rules: Vec<RuleKnown>,
    /// The run in hand.
    pub running: Option<Running>,
    /// Orders that wait, are in hand or have ended, the latest first.
    pub orders: Vec<OrderKnown>,
    /// How many orders have ended, by what they asked for and how their process would have exited.
    pub orders_ended: BTreeMap<(Deed, u8), u64>,
    /// Why the process is not ready; `None` where it is.
    pub not_ready: Option<String>,
}

impl Known {
    /// Orders that did not end well, or left blocks, and that no later one has made good: one for the same rule and all of their blocks.
    pub fn orders_to_see_to(&self) -> impl Iterator<Item = &OrderKnown> {
        let each = self.orders.iter().enumerate();
        let open = each.filter(|(place, known)| {
            let later = self.orders.iter().take(*place);
            let order = &known.order;
            let mut better = later.filter(|later| {
                later.is_done()
                    && (later.order.deed, &later.order.rule) == (order.deed, &order.rule)
                    && later.order.blocks.is_superset(&order.blocks)
            });
            known.has_ended() && !known.is_done() && better.next().is_none()
        });
        open.map(|(_, known)| known)
    }
}

/// What is known of the policy.
#[derive(Debug, Clone, Default)]
pub struct PolicyKnown {
    /// When the policy that is in force was taken.
    pub taken: Option<DateTime<Utc>>,
    /// Why the file as it is now is not taken, and since when; `None` where it is.
    pub refused: Option<(DateTime<Utc>, String)>,
}

/// What is known of the cycles.
#[derive(Debug, Clone, Default)]
pub struct CyclesKnown {
    /// How many have ended in which each rule did what it could.
    pub succeeded: u64,
    /// How many have ended in which a rule could not be begun or had to stop.
    pub failed: u64,
    /// When the one in hand began.
    pub began: Option<DateTime<Utc>>,
    /// When the last one ended, and how long it took.
    pub ended: Option<(DateTime<Utc>, Duration)>,
    /// When the last one ended in which each rule did what it could.
    pub success: Option<DateTime<Utc>>,
    /// When the next one begins, at the latest.
    pub next: Option<DateTime<Utc>>,
}

/// What is known of a rule.
#[derive(Debug, Clone)]
pub struct RuleKnown {
    /// What it is.
    pub outline: RuleOutline,
    /// Why it does nothing now; `None` where it may.
    pub rests: Option<String>,
    /// How many bytes its source held when last looked at.
    pub hot: Option<Hot>,
    /// What its runs did since the process began: those of cycles and of orders to migrate, then those of orders to restore.
    pub counters: [Counters; 2],
    /// How its last run ended, of those that a cycle began.
    pub last: Option<Ended>,
    /// When such a run last ended without having to stop.
    pub success: Option<DateTime<Utc>>,
    /// What was left to be moved when the last of them that had a plan ended.
    pub pending: Option<Pending>,
    /// What of it needs a person, by the words of reports; nothing before there was a plan.
    pub concerns: Option<BTreeMap<&'static str, u64>>,
    /// The first of these, and what to do about each.
    pub attention: Vec<Attention>,
}

/// How many bytes of blocks that are not marked a hot bucket holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hot {
    /// So many.
    pub bytes: u64,
    /// When that was seen.
    pub at: DateTime<Utc>,
}

/// What runs did since the process began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Runs, by exit code.
    pub runs: BTreeMap<u8, u64>,
    /// Blocks, by how they ended.
    pub blocks: BTreeMap<&'static str, u64>,
    /// Bytes that were put into the bucket that receives, repeats included.
    pub bytes: u64,
    /// Objects that were put there.
    pub objects: u64,
    /// Deletion marks that were written.
    pub marks: u64,
    /// How often work on a block was begun again.
    pub retries: u64,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Its id, where it came so far.
    pub run: Option<String>,
    /// When it began.
    pub began: DateTime<Utc>,
    /// When it ended.
    pub at: DateTime<Utc>,
    /// How its process would have exited.
    pub exit: Exit,
    /// Why it could not begin or had to stop.
    pub stopped_by: Option<String>,
}

/// A run in hand.
#[derive(Debug, Clone)]
pub struct Running {
    /// The rule that it follows.
    pub rule: String,
    /// What it does.
    pub deed: Deed,
    /// The order that it carries out.
    pub order: Option<String>,
    /// Its id, once it is known.
    pub run: Option<String>,
    /// When it began.
    pub began: DateTime<Utc>,
    /// How far it is.
    pub progress: Snapshot,
    /// Blocks whose work has begun and has not ended, the first of them.
    pub at_work: Vec<BlockId>,
}
