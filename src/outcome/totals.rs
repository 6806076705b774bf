//! Sums over a review.

use std::collections::BTreeMap;

use super::block::{BlockEnding, Outcome};
use super::concern::Concern;
use super::requests::{Carrier, requests};
use super::row::{Amount, Block, Excluded};
use crate::plan::{Purpose, Reason};

/// Sums over a review.
#[derive(Default)]
pub(crate) struct Totals {
    pub(crate) selected: Amount,
    pub(crate) to_put: Amount,
    /// About how many requests the plan costs.
    pub(crate) requests_estimate: u64,
    /// What is to be put, by action; blocks that are held back apart.
    pub(crate) by_action: BTreeMap<&'static str, Amount>,
    pub(crate) excluded: BTreeMap<Reason, u64>,
    pub(crate) concerns: BTreeMap<Concern, u64>,
    /// What was done, in a report.
    pub(crate) done: Option<Done>,
}

/// What a run put into the target.
#[derive(Default)]
pub(crate) struct Done {
    pub(crate) put: Amount,
    pub(crate) by_outcome: BTreeMap<BlockEnding, Amount>,
    /// How many blocks were proven in which way.
    pub(crate) by_proof: BTreeMap<&'static str, u64>,
}

impl Totals {
    pub(crate) fn of(
        blocks: &[Block<'_>],
        excluded: &[Excluded<'_>],
        concerns: impl Iterator<Item = Concern>,
        is_report: bool,
        purpose: Purpose,
    ) -> Self {
        let mut totals = Self::default();
        for block in blocks {
            totals.selected.add(block.size);
            totals.to_put.add(block.put);
            totals.requests_estimate += requests(block.selected, purpose, Carrier::Here).sum();
            let put = Amount {
                blocks: 1,
                ..block.put
            };
            totals.by_action.entry(block.planned).or_default().add(put);
        }
        for excluded in excluded {
            *totals.excluded.entry(excluded.reason).or_default() += 1;
        }
        for concern in concerns {
            *totals.concerns.entry(concern).or_default() += 1;
        }
        if is_report {
            totals.done = Some(Done::of(blocks.iter().filter_map(|block| block.outcome)));
        }
        totals
    }

    /// How many need a person.
    pub(crate) fn needing_a_person(&self) -> u64 {
        self.concerns.values().sum()
    }
}

impl Done {
    fn of<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Self {
        let mut done = Self::default();
        for outcome in outcomes {
            let put = |blocks| Amount {
                blocks,
                objects: outcome.objects_put,
                bytes: outcome.bytes_sent,
            };
            done.put.add(put(u64::from(outcome.objects_put > 0)));
            let of_its_kind = done.by_outcome.entry(outcome.ending).or_default();
            of_its_kind.add(put(1));
            if let Some(proof) = outcome.proof {
                *done.by_proof.entry(proof.as_str()).or_default() += 1;
            }
        }
        done
    }
}
