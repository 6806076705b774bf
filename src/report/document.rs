//! What a plan or a report says, worked out once for both writers. How it is spelled is theirs to know.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use super::concern::{Concern, concerns};
use super::ending::ending;
use super::estimate::requests;
use super::{BlockEnding, Ending, Header, Outcome, Results};
use crate::block::BlockId;
use crate::plan::{self, Mark, NotHeld, Outlook, Plan, Reason, Rules, Selected, SourceBlock};

/// A plan, or with results a report.
pub(super) struct Document<'a> {
    pub(super) header: &'a Header,
    pub(super) results: Option<&'a Results>,
    pub(super) ending: Ending,
    /// Why the whole run had to stop, or would have to.
    pub(super) stopped_by: Option<&'a str>,
    pub(super) warnings: Vec<Warning>,
    /// In the order of the plan.
    pub(super) blocks: Vec<Block<'a>>,
    /// By id.
    pub(super) excluded: Vec<Excluded<'a>>,
    pub(super) marked_not_held: Vec<MarkedNotHeld<'a>>,
    pub(super) absent_ids: &'a [BlockId],
    /// Whether anything can be done before a person has looked at it.
    pub(super) writes: bool,
    pub(super) totals: Totals,
}

/// Something to know that needs nobody.
pub(super) struct Warning {
    pub(super) name: &'static str,
    /// How many selected blocks it concerns.
    pub(super) blocks: u64,
    pub(super) text: &'static str,
}

/// A selected block.
pub(super) struct Block<'a> {
    pub(super) selected: &'a Selected,
    pub(super) outcome: Option<&'a Outcome>,
    pub(super) concern: Option<Concern>,
    /// The whole block.
    pub(super) size: Amount,
    /// What the plan puts into the target: nothing, where the block is held back.
    pub(super) put: Amount,
}

/// A block that is left out.
pub(super) struct Excluded<'a> {
    pub(super) block: &'a SourceBlock,
    pub(super) reason: Reason,
    pub(super) detail: Option<&'a str>,
    pub(super) concern: Option<Concern>,
}

/// A block that is going to be deleted although the target does not hold it, and what saves it.
pub(super) struct MarkedNotHeld<'a> {
    pub(super) block: BlockId,
    pub(super) why: &'a str,
    pub(super) marked_at: Option<DateTime<Utc>>,
    /// Copies the block again, once the flags that name the buckets are added; `None` where its deletion has begun.
    pub(super) command: Option<String>,
    pub(super) what_to_do: &'static str,
}

/// Blocks, their objects and their bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) blocks: u64,
    pub(super) objects: u64,
    pub(super) bytes: u64,
}

/// Sums over the document.
#[derive(Default)]
pub(super) struct Totals {
    pub(super) selected: Amount,
    pub(super) to_put: Amount,
    /// About how many requests the plan costs.
    pub(super) requests_estimate: u64,
    /// What is to be put, by action.
    pub(super) by_action: BTreeMap<&'static str, Amount>,
    pub(super) excluded: BTreeMap<Reason, u64>,
    pub(super) concerns: BTreeMap<Concern, u64>,
    /// What was done, in a report.
    pub(super) done: Option<Done>,
}

/// What a run put into the target.
#[derive(Default)]
pub(super) struct Done {
    pub(super) put: Amount,
    pub(super) by_outcome: BTreeMap<BlockEnding, Amount>,
}

impl<'a> Document<'a> {
    pub(super) fn new(
        header: &'a Header,
        plan: &'a Plan,
        rules: &'a Rules,
        results: Option<&'a Results>,
    ) -> Self {
        let outcome = |position| results.and_then(|results| results.outcomes.get(position));
        let blocks: Vec<Block<'_>> = plan
            .selected
            .iter()
            .enumerate()
            .map(|(position, selected)| Block::new(selected, outcome(position)))
            .collect();
        let excluded: Vec<Excluded<'_>> = plan
            .excluded
            .iter()
            .map(|excluded| Excluded::new(excluded, rules))
            .collect();
        let mut totals = Totals::of(&blocks, &excluded, results.is_some());
        for concern in concerns(plan, rules, results) {
            *totals.concerns.entry(concern).or_default() += 1;
        }
        Self {
            header,
            results,
            ending: ending(plan, rules, results),
            stopped_by: results.map_or(plan.obstacle.as_deref(), |results| {
                results.aborted.as_deref()
            }),
            warnings: warnings(plan),
            blocks,
            excluded,
            marked_not_held: marked_not_held(plan),
            absent_ids: &plan.absent_ids,
            writes: plan.writes(),
            totals,
        }
    }
}

impl<'a> Block<'a> {
    fn new(selected: &'a Selected, outcome: Option<&'a Outcome>) -> Self {
        let objects = &selected.block.objects;
        let held_back = matches!(selected.outlook, Outlook::HeldBack(_));
        Self {
            selected,
            outcome,
            concern: Concern::of_selected(selected, outcome),
            size: Amount {
                blocks: 1,
                objects: objects.block_objects(),
                bytes: objects.block_bytes(),
            },
            put: if held_back || selected.objects_to_put == 0 {
                Amount::default()
            } else {
                Amount {
                    blocks: 1,
                    objects: selected.objects_to_put,
                    bytes: selected.bytes_to_put,
                }
            },
        }
    }
}

impl<'a> Excluded<'a> {
    fn new(excluded: &'a plan::Excluded, rules: &Rules) -> Self {
        Self {
            block: &excluded.block,
            reason: excluded.reason,
            detail: excluded.detail.as_deref(),
            concern: Concern::of_excluded(excluded, rules),
        }
    }
}

impl Amount {
    fn add(&mut self, other: Self) {
        self.blocks += other.blocks;
        self.objects += other.objects;
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

impl Totals {
    fn of(blocks: &[Block<'_>], excluded: &[Excluded<'_>], is_report: bool) -> Self {
        let mut totals = Self::default();
        for block in blocks {
            totals.selected.add(block.size);
            totals.to_put.add(block.put);
            totals.requests_estimate += requests(block.selected);
            let action = block.selected.action.as_str();
            let put = Amount {
                blocks: 1,
                ..block.put
            };
            totals.by_action.entry(action).or_default().add(put);
        }
        for excluded in excluded {
            *totals.excluded.entry(excluded.reason).or_default() += 1;
        }
        if is_report {
            totals.done = Some(Done::of(blocks.iter().filter_map(|block| block.outcome)));
        }
        totals
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
        }
        done
    }
}

fn warnings(plan: &Plan) -> Vec<Warning> {
    let weak = plan.selected.iter().filter(|one| one.weak_inventory);
    let warnings = [
        Warning {
            name: "unfinished-windows",
            blocks: plan.in_unfinished_windows as u64,
            text: "in a window that the cutoff cuts: the source's compactor may come back to it",
        },
        Warning {
            name: "weak-inventory",
            blocks: weak.count() as u64,
            text: "without a file list in meta.json: a lost last segment cannot be seen",
        },
    ];
    let concerning = warnings.into_iter().filter(|warning| warning.blocks > 0);
    concerning.collect()
}

fn marked_not_held(plan: &Plan) -> Vec<MarkedNotHeld<'_>> {
    let blocks: HashMap<BlockId, &SourceBlock> = if plan.not_held.is_empty() {
        HashMap::new()
    } else {
        let blocks = plan.excluded.iter().map(|one| (one.block.id, &*one.block));
        blocks.collect()
    };
    let rescue = |not_held| rescue(not_held, blocks.get(&not_held.block).copied());
    plan.not_held.iter().map(rescue).collect()
}

/// The command filters by nothing but the id: neither a cutoff nor a selector of this run must keep the block from being saved.
fn rescue<'a>(not_held: &'a NotHeld, block: Option<&SourceBlock>) -> MarkedNotHeld<'a> {
    let is_whole = block.is_none_or(|block| !block.has_lost_objects());
    let marked_at = block.and_then(|block| match &block.mark {
        Mark::Present(mark) => DateTime::from_timestamp(mark.deletion_time(), 0),
        Mark::Absent | Mark::Unreadable(_) | Mark::Corrupted(_) => None,
    });
    MarkedNotHeld {
        block: not_held.block,
        why: &not_held.why,
        marked_at,
        command: is_whole.then(|| {
            format!(
                "thanos-bucket migrate --id={} --older-than=0s --exclude-delete-marked=false",
                not_held.block
            )
        }),
        what_to_do: if is_whole {
            "run the command with this run's bucket flags before the source's compactor deletes the block: it copies the block again and leaves the mark"
        } else {
            "its deletion has begun: stop the source's compactor, then bring over by hand what the target lacks, from the source or a backup"
        },
    }
}
