//! Everything that is known, as it is written on: one value behind one lock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::attention::{Attention, in_words_of_rule};
use super::deed::Deed;
use super::figures::{Figures, Seen, Stood};
use super::known::{Counters, CyclesKnown, Ended, PolicyKnown, RuleKnown, Running};
use super::orders::{OrderEnd, Orders};
use super::outline::RuleOutline;
use crate::audit::Event;
use crate::block::BlockId;
use crate::exit::Exit;
use crate::progress::Progress;

/// So much of what needs a person is kept of each order.
const ATTENTION_OF_ORDER: usize = 5;

/// So many blocks at work are told one by one.
const AT_WORK: usize = 32;

#[derive(Default)]
pub(super) struct State {
    pub(super) policy: PolicyKnown,
    pub(super) cycles: CyclesKnown,
    pub(super) rules: Vec<RuleKnown>,
    pub(super) running: Option<InHand>,
    pub(super) orders: Orders,
    /// How each block of a rule's source stood when its last run of a cycle ended, by the rule's name.
    pub(super) stood: BTreeMap<String, Vec<(BlockId, Stood)>>,
    /// Whether some rule's buckets were looked at, or none had to be.
    pub(super) looked: bool,
    /// Whether a rule could not be begun or had to stop in the cycle in hand.
    pub(super) cycle_failed: bool,
    pub(super) ending: bool,
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

pub(super) struct InHand {
    pub(super) what: Run,
    pub(super) began: DateTime<Utc>,
    pub(super) run: Option<String>,
    pub(super) at_work: BTreeSet<BlockId>,
    /// Blocks, by how the work on them ended.
    pub(super) blocks: BTreeMap<&'static str, u64>,
}

pub(super) fn unknown(outline: RuleOutline) -> RuleKnown {
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
    /// The run in hand has ended.
    pub(super) fn run_ends(&mut self, figures: Figures, now: DateTime<Utc>) {
        let Some(InHand {
            what,
            began,
            run,
            blocks,
            ..
        }) = self.running.take()
        else {
            return;
        };
        let Figures {
            exit,
            stopped_by,
            seen,
        } = figures;
        let outline = self.rule(&what.rule).map(|known| {
            let counters = known.counters(what.deed);
            *counters.runs.entry(exit.code()).or_default() += 1;
            known.outline.clone()
        });
        if let Some(order) = &what.order {
            let attention = seen.as_ref().map(|seen| seen.attention.clone());
            let attention = attention.unwrap_or_default().into_iter().map(|one| {
                let what_to_do = match &outline {
                    Some(outline) => in_words_of_rule(one.what_to_do, what.deed, outline),
                    None => one.what_to_do,
                };
                Attention { what_to_do, ..one }
            });
            let end = OrderEnd {
                at: now,
                exit,
                stopped_by,
                blocks,
                left: seen.as_ref().map(|seen| seen.pending.blocks),
                attention: attention.take(ATTENTION_OF_ORDER).collect(),
            };
            self.orders.end(order, end);
            return;
        }
        self.cycle_failed |= matches!(exit, Exit::Aborted | Exit::Misused);
        let Some(known) = self.rule(&what.rule) else {
            return;
        };
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
            stood,
        }) = seen
        {
            known.pending = Some(pending);
            known.concerns = Some(concerns);
            known.attention = attention;
            self.stood.insert(what.rule, stood);
        }
    }

    pub(super) fn rule(&mut self, name: &str) -> Option<&mut RuleKnown> {
        let mut rules = self.rules.iter_mut();
        rules.find(|known| known.outline.name == name)
    }

    pub(super) fn not_ready(&self) -> Option<String> {
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
    pub(super) fn counters(&mut self, deed: Deed) -> &mut Counters {
        let [migrate, restore] = &mut self.counters;
        match deed {
            Deed::Migrate => migrate,
            Deed::Restore => restore,
        }
    }
}

impl Counters {
    pub(super) fn count(&mut self, event: &Event<'_>) {
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
    pub(super) fn known(&self) -> Running {
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
